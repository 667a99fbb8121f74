"""`[[freeze]]`: the periods in which no run starts, as people write them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syncd.config import load
from syncd.core.freeze import Freeze
from syncd.errors import Problem, SettingsError

PARIS = ZoneInfo("Europe/Paris")

FOLDERS = """
drop.folder = "drop"
repository.folder = "repository"
state.folder = "state"
site.timezone = "ZONE"
[tools.users]
file = "users.csv"
"""


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    """Where the settings of a test are written."""
    return tmp_path / "syncd.toml"


def freezes(toml: Path, *texts: str, zone: str = "Europe/Paris") -> Sequence[Freeze]:
    """The freezes that some tables mean, each written by ana and for a reason."""
    tables = "".join(f'[[freeze]]\nwho = "ana"\nwhy = "the new year"\n{text}\n' for text in texts)
    toml.write_text(FOLDERS.replace("ZONE", zone) + tables)
    return load(toml, {}).freezes


def period(toml: Path, begins: str, until: str, zone: str = "Europe/Paris") -> tuple[str, str]:
    """When a freeze begins and ends on the site's clock, with its distance from UTC."""
    (freeze,) = freezes(toml, f"from = {begins}\nuntil = {until}", zone=zone)
    there = (moment.astimezone(ZoneInfo(zone)) for moment in (freeze.begins, freeze.ends))
    first, last = (f"{moment:%Y-%m-%d %H:%M%z}" for moment in there)
    return first, last


def refused(toml: Path, *texts: str) -> list[Problem]:
    """What is wrong in some tables."""
    with pytest.raises(SettingsError) as refusal:
        freezes(toml, *texts)
    return list(refusal.value.problems)


@pytest.mark.parametrize(
    ("begins", "until"),
    [
        ("2026-12-24 18:00:00", "2027-01-03T06:00:00"),
        ('"2026-12-24 18:00"', '"2027-01-03T06:00"'),
        ("2026-12-24T17:00:00Z", '"2027-01-03 00:00-05:00"'),
    ],
)
def test_a_time_is_meant_on_the_sites_clock(toml: Path, begins: str, until: str) -> None:
    """As TOML has times or as a text; only an offset says otherwise."""
    assert period(toml, begins, until) == ("2026-12-24 18:00+0100", "2027-01-03 06:00+0100")


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_day_is_the_whole_day(toml: Path, quote: str) -> None:
    """The freeze begins with the first and ends with the end of the last, as people mean it."""
    days = [f"{quote}{day}{quote}" for day in ("2026-12-24", "2026-12-24")]
    assert period(toml, *days) == ("2026-12-24 00:00+0100", "2026-12-25 00:00+0100")


def test_a_day_is_as_long_as_its_clock_has_it(toml: Path) -> None:
    """25 hours on the day on which clocks go back, 23 when they go ahead, also where midnight itself is skipped."""
    assert period(toml, "2026-10-25", "2026-10-25") == ("2026-10-25 00:00+0200", "2026-10-26 00:00+0100")
    assert period(toml, "2026-03-29", "2026-03-29") == ("2026-03-29 00:00+0100", "2026-03-30 00:00+0200")
    assert period(toml, "2026-04-24", "2026-04-24", "Africa/Cairo") == (
        "2026-04-24 01:00+0300",
        "2026-04-25 00:00+0300",
    )


def test_of_a_time_that_comes_twice_all_of_it_is_frozen(toml: Path) -> None:
    """It begins with the first and ends with the second."""
    assert period(toml, "2026-10-25 02:30:00", "2026-10-25 02:30:00") == (
        "2026-10-25 02:30+0200",
        "2026-10-25 02:30+0100",
    )


def test_a_time_that_is_skipped_is_the_one_that_the_clock_shows_instead(toml: Path) -> None:
    """Half past two is half past three when clocks go ahead at two."""
    assert period(toml, "2026-03-28", "2026-03-29 02:30:00")[1] == "2026-03-29 03:30+0200"


def test_what_people_are_told_is_kept(toml: Path) -> None:
    """Who, why and which tools; all of them if none is named."""
    first, second = freezes(
        toml,
        'from = 2026-12-24\nuntil = 2026-12-26\ntools = ["users"]',
        "from = 2026-12-25\nuntil = 2026-12-31",
    )
    assert (first.who, first.why, first.tools) == ("ana", "the new year", ("users",))
    assert second.tools == ()
    assert first.ends - first.begins == timedelta(days=3)
    assert first.begins == datetime(2026, 12, 23, 23, tzinfo=UTC)


def test_what_can_not_be_is_said_with_its_place(toml: Path) -> None:
    """All of it at once, in the order of the file."""
    problems = refused(
        toml,
        "from = 2026-12-24\nuntil = 2026-12-23",
        'from = "Christmas"\nuntil = 18:00:00',
        'from = 2026-12-24\nuntil = 2026-12-26\ntools = ["users", "user"]',
        "from = 2026-12-24\nuntl = 2026-12-24",
        "from = 2026-12-24 18:00:00\nuntil = 2026-12-24 18:00:00",
        "from = 0001-01-01\nuntil = 9999-12-31",
    )
    assert [problem.where for problem in problems] == [
        "freeze[0].until",
        "freeze[1].from",
        "freeze[1].until",
        "freeze[2].tools[1]",
        "freeze[3].until",
        "freeze[3].untl",
        "freeze[4].until",
        "freeze[5].from",
        "freeze[5].until",
    ]
    said = {problem.where: str(problem) for problem in problems}
    assert said["freeze[0].until"] == 'freeze[0].until: must be later than from (found: "2026-12-23").'
    assert "such as 2026-12-24 18:00" in said["freeze[1].from"]
    assert "Did you mean users?" in said["freeze[2].tools[1]"]
    assert "When it ends" in said["freeze[3].until"]
    assert "Did you mean until?" in said["freeze[3].untl"]


def test_a_freeze_is_written_with_two_brackets(toml: Path) -> None:
    """With one it would be the only one; that is said rather than misread."""
    toml.write_text(FOLDERS.replace("ZONE", "UTC") + "[freeze]\nfrom = 2026-12-24\n")
    with pytest.raises(SettingsError, match=r"freeze: must be written \[\[freeze\]\]"):
        load(toml, {})
