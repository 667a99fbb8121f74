"""Moments as people write them: `18:00`, `2026-12-24 06:00`, `2h`."""

import re
from datetime import UTC, datetime, timedelta

from syncd.core.durations import parse
from syncd.errors import UsageError

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)


def parse_moment(text: str, now: datetime) -> datetime:
    """The moment ahead that a text means, in the zone of `now`.

    A time of day is its next coming, a date is its midnight, a duration counts from now. Raises `UsageError` for
    what is none of these, and for what is past.
    """
    moment = _from_duration(text, now) or _from_clock(text, now) or _from_date(text, now)
    if moment is None:
        raise UsageError(f'"{text}" is not a time: write 18:00, "2026-12-24 06:00", 2026-12-24 or, as a duration, 2h')
    if moment.astimezone(UTC) <= now.astimezone(UTC):
        raise UsageError(f'"{text}" is past: it is {now:%Y-%m-%d %H:%M} now')
    # By way of UTC a time that the clocks skip becomes one that they show.
    return moment.astimezone(UTC).astimezone(now.tzinfo)


def _from_duration(text: str, now: datetime) -> datetime | None:
    try:
        return now.astimezone(UTC) + timedelta(seconds=parse(text))
    except ValueError:
        return None


def _from_clock(text: str, now: datetime) -> datetime | None:
    if not (found := _CLOCK.fullmatch(text.strip())):
        return None
    hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        today = now.replace(hour=hour, minute=minute, second=second, microsecond=0, fold=0)
    except ValueError:
        return None
    return today if today.astimezone(UTC) > now.astimezone(UTC) else today + timedelta(days=1)


def _from_date(text: str, now: datetime) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
