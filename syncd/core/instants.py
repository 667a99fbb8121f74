"""Moments counted as instants: of two moments of one zone Python goes by what its clock shows, changes left out."""

from datetime import UTC, datetime, timedelta


def elapsed(since: datetime, now: datetime) -> float:
    """The seconds from one moment to another; none when the clock was set back between them."""
    return max(0.0, (now.astimezone(UTC) - since.astimezone(UTC)).total_seconds())


def later(moment: datetime, seconds: float) -> datetime:
    """The moment that comes so many seconds after another, in the same zone."""
    return (moment.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(moment.tzinfo)
