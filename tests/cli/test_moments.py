"""Moments as people write them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.cli.moments import parse_moment
from syncd.errors import UsageError

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("18:00", "2026-11-22T18:00:00+01:00"),
        ("12:00", "2026-11-23T12:00:00+01:00"),
        ("6:30", "2026-11-23T06:30:00+01:00"),
        ("2026-12-24 06:00", "2026-12-24T06:00:00+01:00"),
        ("2027-07-14", "2027-07-14T00:00:00+02:00"),
        ("2026-11-22T12:00:00+00:00", "2026-11-22T13:00:00+01:00"),
        ("2h", "2026-11-22T14:00:00+01:00"),
        ("1h30m", "2026-11-22T13:30:00+01:00"),
    ],
)
def test_a_moment_is_on_the_clock_of_the_site(text: str, meant: str) -> None:
    """Times of day, dates and durations become moments ahead, in the zone of now."""
    assert parse_moment(text, NOON).isoformat() == meant


@pytest.mark.parametrize("text", ["", "soon", "25:00", "12:60", "2026-13-01", "2026-11-22 11:59", "0s", "-2h"])
def test_what_is_no_moment_ahead_is_refused(text: str) -> None:
    """A text that is no time, and a time that is past, are refused with a sentence."""
    with pytest.raises(UsageError):
        parse_moment(text, NOON)


def test_a_time_that_the_clocks_skip_is_one_that_they_show() -> None:
    """In the night of the change 02:30 does not come, and the moment is shown as the clock will show it."""
    evening = datetime(2027, 3, 27, 20, 0, tzinfo=PARIS)
    assert parse_moment("2:30", evening).isoformat() == "2027-03-28T03:30:00+02:00"


@given(
    st.integers(1_600_000_000, 2_200_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, PARIS)),
    st.times().map(lambda time: f"{time:%H:%M}"),
)
def test_a_time_of_day_comes_within_a_day(now: datetime, text: str) -> None:
    """A time of day is ahead, and at most a day and the hour that clocks may change."""
    ahead = parse_moment(text, now).astimezone(UTC) - now.astimezone(UTC)
    assert timedelta(0) < ahead <= timedelta(hours=25)
