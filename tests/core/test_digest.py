"""What the daily summary says."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from syncd.core.digest import MOST, Day, Named, Ran, digest
from syncd.core.model import Outcome, RunState

PARIS = ZoneInfo("Europe/Paris")
QUIET = Day(
    since=datetime(2026, 11, 24, 7, 0, tzinfo=PARIS),
    until=datetime(2026, 11, 25, 7, 0, tzinfo=PARIS),
    tools=("users", "courses"),
)
BUSY = replace(
    QUIET,
    files=3,
    size=4_200_000,
    runs=[
        Ran("users", RunState.DONE, {Outcome.CREATED: 12, Outcome.UNCHANGED: 3_000, Outcome.REJECTED: 2}),
        Ran("users", RunState.DONE, {Outcome.CREATED: 1}),
        Ran("courses", RunState.HELD, {Outcome.DELETED: 320, Outcome.REJECTED: 9}),
    ],
)


def told(day: Day) -> tuple[str, str]:
    """Subject and text."""
    letter = digest(day, site="campus", ending="syncd on moodle1")
    return letter.subject, letter.text


def test_a_day_without_anything_is_told_too() -> None:
    """Who misses the summary knows that something is wrong."""
    subject, text = told(QUIET)
    assert subject == "[campus] all is well (no files came, no runs)"
    assert "From 24 November 2026, 07:00 to 25 November 2026, 07:00." in text
    assert "All is well" in text
    assert "    users    none\n    courses  none" in text


def test_runs_are_told_by_tool_with_their_rows() -> None:
    """What a held run would do does not count: it was not done."""
    subject, text = told(BUSY)
    assert subject == "[campus] 2 rows refused (3 files came, 3 runs)"
    assert "3 files came, 4.2 MB." in text
    assert "    users    2 done\n             rows: 13 created, 3,000 unchanged, 2 rejected" in text
    assert "    courses  1 held\n" in text
    assert "320" not in text


def test_a_tool_that_left_the_settings_is_told_with_its_runs() -> None:
    """It ran that day."""
    _, text = told(replace(QUIET, runs=[Ran("former", RunState.DONE, {})]))
    assert "    former   1 done" in text


@pytest.mark.parametrize(
    ("day", "noted"),
    [
        (replace(QUIET, held=[Named("run", "why")]), "1 run held"),
        (replace(QUIET, refused=[Named("a", "b"), Named("c", "d")]), "2 files not taken in"),
        (replace(QUIET, alarms=[Named("file.late", "users.csv has not come", "Ask the sender.")]), "1 alarm"),
        (replace(QUIET, troubles=["the disk is full"]), "1 trouble"),
        (replace(QUIET, runs=[Ran("users", RunState.REFUSED, {})]), "1 file refused"),
        (replace(QUIET, runs=[Ran("users", RunState.UNREACHABLE, {})]), "1 run failed"),
    ],
)
def test_what_is_not_well_stands_in_the_subject(day: Day, noted: str) -> None:
    """And then nobody says that all is well."""
    subject, text = told(day)
    assert subject.startswith(f"[campus] {noted} (")
    assert "All is well" not in text


def test_each_thing_is_named_with_what_to_do() -> None:
    """Up to so many; the others are counted."""
    _, text = told(replace(QUIET, refused=[Named(f"{n}.csv", "It is a link.", "Upload the file.") for n in range(25)]))
    assert "    0.csv\n        It is a link.\n        Upload the file.\n" in text
    assert f"    and {25 - MOST} more" in text
