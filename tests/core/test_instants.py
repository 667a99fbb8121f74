"""Moments counted as instants, whatever clocks show."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.instants import elapsed, later

PARIS = ZoneInfo("Europe/Paris")
BEFORE = datetime(2026, 10, 25, 2, 59, 30, tzinfo=PARIS)
AFTER = datetime(2026, 10, 25, 2, 0, 30, tzinfo=PARIS, fold=1)


def test_time_goes_on_when_clocks_go_back() -> None:
    """From the last half minute of the first hour to the first of the second it is one minute."""
    assert elapsed(BEFORE, AFTER) == 60
    assert later(BEFORE, 60) == AFTER
    assert later(BEFORE, 60).fold == 1


def test_a_clock_that_was_set_back_took_no_time() -> None:
    """Nothing ends before it began."""
    assert elapsed(AFTER, BEFORE) == 0


@given(st.integers(0, 3 * 86_400), st.integers(0, 3 * 86_400))
def test_later_and_elapsed_undo_each_other(start: int, seconds: int) -> None:
    """Over any change of clocks."""
    moment = (datetime(2026, 10, 24, tzinfo=UTC) + timedelta(seconds=start)).astimezone(PARIS)
    assert elapsed(moment, later(moment, seconds)) == seconds
