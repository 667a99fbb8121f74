"""Files that were expected, by a clock that the test sets, and a real ledger."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syncd.config import load
from syncd.core.alarms import Alarm
from syncd.core.model import RunState
from syncd.daemon.arrivals import Arrivals
from syncd.daemon.plant import orders_of
from syncd.disk.ledger import Ledger
from syncd.disk.records import Arrival, RunRecord

PARIS = ZoneInfo("Europe/Paris")
MONDAY = datetime(2026, 11, 2, 6, 5, tzinfo=PARIS)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
SETTINGS = """
[site]
timezone = "Europe/Paris"
[drop]
folder = "drop"
[repository]
folder = "repository"
[state]
folder = "state"
[tools.users]
file = "erp/users.csv"
expected = "06:00"
[tools.groups]
file = "erp/groups*.csv"
"""


class Watchman:
    """Who looks at what came."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.standing: list[Alarm] = []
        self._claims = 0
        self.begins(MONDAY)

    def begins(self, now: datetime, settings: str = SETTINGS) -> None:
        """Start, or start again, at this time."""
        self.arrivals = Arrivals(self.ledger, now, [one for one in self.standing if one.event == "file.small"])
        self.goes_by(settings)

    def goes_by(self, settings: str) -> None:
        """Read these settings."""
        (self.folder / "syncd.toml").write_text(settings)
        config = load(self.folder / "syncd.toml", {})
        self.arrivals.go_by(config, orders_of(config))

    def comes(self, at: datetime, path: str = "erp/users.csv", size: int = 10_000) -> None:
        """A file comes."""
        self._claims += 1
        arrival = Arrival(f"claim-{self._claims}", path, at, size, f"{self._claims:064}")
        self.ledger.note_arrivals([arrival])

    def ran(self, count: int, path: str, sizes: int, before: datetime) -> None:
        """So many files were run."""
        for number in range(count):
            self._claims += 1
            started = before - DAY * (number + 1)
            name, sha256 = path.partition("/")[2].partition("-")[0].removesuffix(".csv"), f"{self._claims:064}"
            run = RunRecord(f"run-{self._claims}", name, name, "campus", path, sizes, sha256, "timer", started)
            self.ledger.note_run(run)

    def looks(self, now: datetime) -> list[str]:
        """What a look finds: of each alarm its event and its day, or its file."""
        self.standing = list(self.arrivals.look(now))
        return [one.file if one.event == "file.small" else f"{one.tool} {one.since:%a %H:%M}" for one in self.standing]


@pytest.fixture
def watchman(tmp_path: Path) -> Iterator[Watchman]:
    """One who looks since Monday, five past six."""
    watchman = Watchman(tmp_path)
    assert watchman.looks(MONDAY) == []
    yield watchman
    watchman.ledger.close()


def test_each_day_needs_a_file(watchman: Watchman) -> None:
    """One that comes ends what was missed."""
    watchman.comes(MONDAY + DAY - 10 * MINUTE)
    assert watchman.looks(MONDAY + DAY) == []
    assert watchman.looks(MONDAY + 2 * DAY - MINUTE) == []
    assert watchman.looks(MONDAY + 2 * DAY) == ["users Wed 06:00"]
    watchman.comes(MONDAY + 2 * DAY)
    assert watchman.looks(MONDAY + 2 * DAY + MINUTE) == []


def test_a_restart_finds_the_same(watchman: Watchman) -> None:
    """At any time."""
    for day in range(1, 5):
        now = MONDAY + DAY * day
        if day != 3:
            watchman.comes(now - 10 * MINUTE)
        found = watchman.looks(now)
        watchman.begins(now)
        assert watchman.looks(now) == found == (["users Thu 06:00"] if day == 3 else [])


def test_an_arrival_that_is_noted_late_counts(watchman: Watchman) -> None:
    """Its moment lies before the last look."""
    assert watchman.looks(MONDAY + DAY) == ["users Tue 06:00"]
    watchman.comes(MONDAY + DAY - 2 * MINUTE)
    assert watchman.looks(MONDAY + DAY + MINUTE) == []


def test_a_clock_that_is_set_back_forgets_nothing(watchman: Watchman) -> None:
    """By a day, and forth again."""
    watchman.comes(MONDAY + DAY - 10 * MINUTE)
    assert watchman.looks(MONDAY + DAY) == []
    assert watchman.looks(MONDAY) == []
    assert watchman.looks(MONDAY + DAY + MINUTE) == []
    assert watchman.looks(MONDAY + 2 * DAY) == ["users Wed 06:00"]


def test_a_clock_that_was_far_ahead_silences_nothing(watchman: Watchman) -> None:
    """What came in the year 2030 is no file of today; and a start then makes nothing expected in 2030 alone."""
    watchman.begins(MONDAY.replace(year=2030))
    watchman.looks(MONDAY.replace(year=2030))
    watchman.comes(MONDAY.replace(year=2030))
    watchman.begins(MONDAY)
    assert watchman.looks(MONDAY) == []
    assert watchman.looks(MONDAY + DAY) == ["users Tue 06:00"]


@pytest.mark.parametrize("day", [datetime(2026, 3, 28, tzinfo=PARIS), datetime(2026, 10, 24, tzinfo=PARIS)])
def test_when_clocks_change_six_is_six(watchman: Watchman, day: datetime) -> None:
    """The night is 23 hours long, or 25."""
    before, after = day.replace(hour=6, minute=5), (day + DAY).replace(hour=6)
    watchman.begins(before)
    assert watchman.looks(before) == []
    assert watchman.looks((after.astimezone(UTC) + 4 * MINUTE).astimezone(PARIS)) == []
    assert watchman.looks((after.astimezone(UTC) + 5 * MINUTE).astimezone(PARIS)) == ["users Sun 06:00"]


def test_other_settings_count_from_now_on(watchman: Watchman) -> None:
    """What was expected by the old ones is over; a tool of another file begins anew."""
    assert watchman.looks(MONDAY + DAY) == ["users Tue 06:00"]
    watchman.goes_by(SETTINGS.replace("06:00", "05:00"))
    assert watchman.looks(MONDAY + DAY + MINUTE) == []
    assert watchman.looks(MONDAY + 2 * DAY) == ["users Wed 05:00"]
    watchman.goes_by(SETTINGS.replace('expected = "06:00"\n', ""))
    assert watchman.looks(MONDAY + 2 * DAY) == []


def test_a_ledger_that_was_lost_is_no_reason_for_an_alarm(watchman: Watchman) -> None:
    """What came is still known; nor is it the end of one."""
    watchman.comes(MONDAY + DAY - 10 * MINUTE)
    assert watchman.looks(MONDAY + DAY - 5 * MINUTE) == []
    (watchman.folder / "ledger.sqlite").rename(watchman.folder / "lost")
    watchman.ledger.reopen()
    watchman.arrivals.forget()
    assert watchman.looks(MONDAY + DAY) == []
    assert watchman.looks(MONDAY + 2 * DAY) == ["users Wed 06:00"]
    (watchman.folder / "ledger.sqlite").rename(watchman.folder / "lost too")
    watchman.ledger.reopen()
    watchman.arrivals.forget()
    assert watchman.looks(MONDAY + 2 * DAY + MINUTE) == ["users Wed 06:00"]


# Small


def test_a_small_file_is_told_until_a_usual_one_comes(watchman: Watchman) -> None:
    """Also by the process after this one; what is of the wrong size for another tool does not matter."""
    watchman.ran(10, "erp/users.csv", 10_000, MONDAY)
    watchman.comes(MONDAY + MINUTE, size=4_000)
    watchman.comes(MONDAY + MINUTE, "erp/groups-1.csv", size=1)
    assert watchman.looks(MONDAY + 2 * MINUTE) == ["erp/users.csv"]
    assert watchman.looks(MONDAY + 30 * MINUTE) == ["erp/users.csv"]
    watchman.begins(MONDAY + 40 * MINUTE)
    assert watchman.looks(MONDAY + 41 * MINUTE) == ["erp/users.csv"]
    watchman.comes(MONDAY + 42 * MINUTE, size=9_000)
    assert watchman.looks(MONDAY + 43 * MINUTE) == []


def test_a_small_file_is_compared_with_those_before_it(watchman: Watchman) -> None:
    """It may have been run already when it is looked at: that it is as small as itself says nothing."""
    watchman.ran(10, "erp/users.csv", 10_000, MONDAY)
    watchman.comes(MONDAY + MINUTE, size=4_000)
    (arrival,) = watchman.ledger.arrivals(limit=1)
    started = MONDAY + 2 * MINUTE
    run = RunRecord("r", "users", "users", "campus", arrival.path, 4_000, arrival.sha256, "timer", started)
    watchman.ledger.note_run(run)
    assert watchman.looks(MONDAY + 3 * MINUTE) == ["erp/users.csv"]


def test_files_that_are_the_same_each_night_tell_what_is_usual(watchman: Watchman) -> None:
    """An export that does not change for weeks; tries of one file that the site kept from its end count for nothing."""
    watchman.ran(10, "erp/users.csv", 10_000, MONDAY)
    same, tried = [replace(run, sha256="5" * 64) for run in watchman.ledger.runs()], RunState.UNREACHABLE
    for run in same:
        watchman.ledger.note_run(run)
        watchman.ledger.note_run(replace(run, id=f"{run.id}-try", size=100, sha256="6" * 64, state=tried))
    watchman.comes(MONDAY + MINUTE, size=1_000)
    assert watchman.looks(MONDAY + 2 * MINUTE) == ["erp/users.csv"]


def test_files_of_a_pattern_are_compared_with_each_other(watchman: Watchman) -> None:
    """Each has a name of its own, with a date perhaps."""
    for number in range(10):
        watchman.ran(1, f"erp/groups-{number}.csv", 10_000, MONDAY - DAY * number)
    watchman.comes(MONDAY + MINUTE, "erp/groups-11.csv", size=4_000)
    assert watchman.looks(MONDAY + 2 * MINUTE) == ["erp/groups-11.csv"]


@pytest.mark.parametrize("key", ['smaller_than = "0%"', 'backlog = "every"', 'smaller_than = "30%"'])
def test_it_can_be_turned_off(watchman: Watchman, key: str) -> None:
    """Or tuned."""
    watchman.begins(MONDAY, SETTINGS.replace('expected = "06:00"', key))
    watchman.ran(10, "erp/users.csv", 10_000, MONDAY)
    watchman.comes(MONDAY + MINUTE, size=4_000)
    assert watchman.looks(MONDAY + 2 * MINUTE) == []
