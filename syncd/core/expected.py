"""By when a file is expected to have come, such as `06:00 Mon-Fri`, and whether it has.

Times are read on the site's clock: each comes once on each of its days. One that the clocks skip comes as much later
as they skip, of one that comes twice the first counts. Moments are aware, and compared as instants.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Annotated

from pydantic import PlainValidator

from syncd.core.instants import later

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ALL_DAYS = frozenset(range(7))

MOST = 30
"""How many expectations are looked back to: whether one was missed depends on those before it."""

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Expected:
    """A time of the day, on some days of the week (Monday is 0), by which a file has come."""

    hour: int
    minute: int
    days: frozenset[int] = ALL_DAYS

    def __str__(self) -> str:
        days = "" if self.days == ALL_DAYS else f" {_shown(sorted(self.days))}"
        return f"{self.hour:02}:{self.minute:02}{days}"

    def on(self, day: date, zone: tzinfo | None) -> datetime | None:
        """The moment of a day, if it is one of its days."""
        if day.weekday() not in self.days:
            return None
        return datetime.combine(day, time(self.hour, self.minute), zone).astimezone(UTC).astimezone(zone)


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days, the last one too, on which nothing is expected."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}/{self.last}"

    def span(self, zone: tzinfo | None) -> "Span":
        """The same from midnight to midnight."""
        begins, ends = (datetime.combine(day, time(), zone) for day in (self.first, self.last + _ONE_DAY))
        return Span(begins, ends)


@dataclass(frozen=True, slots=True)
class Span:
    """The time from a moment up to another one, and not including it."""

    begins: datetime
    ends: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies in it."""
        return self.begins.astimezone(UTC) <= moment.astimezone(UTC) < self.ends.astimezone(UTC)


# As people write them


def parse(text: str) -> Expected:
    """The time that a text means; raises `ValueError` whose text says how it is written."""
    clock, _, days = text.strip().partition(" ")
    if not (found := _CLOCK.fullmatch(clock)):
        raise ValueError(f'"{text}" is not a time: write "06:00", "06:00 Mon-Fri" or "06:00 Mon,Wed,Fri"')
    return Expected(int(found[1]), int(found[2]), _days(days.replace(" ", "")))


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(",") if text else ():
        first, dash, last = part.partition("-")
        begins, ends = _day(first), _day(last if dash else first)
        found |= {(begins + step) % 7 for step in range((ends - begins) % 7 + 1)}
    return frozenset(found) or ALL_DAYS


def _shown(days: Sequence[int]) -> str:
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{DAYS[days[0]]}-{DAYS[days[-1]]}"
    return ",".join(DAYS[day] for day in days)


def _day(name: str) -> int:
    for number, day in enumerate(DAYS):
        if name.capitalize() == day:
            return number
    raise ValueError(f'"{name}" is not a day: write "Mon", "Mon-Fri" or "Mon,Wed,Fri"')


def parse_holiday(text: str) -> Holiday:
    """The days that a text means: `2027-05-01`, or `2026-12-24/2027-01-03`. Raises `ValueError`."""
    first, slash, last = text.strip().partition("/")
    try:
        days = Holiday(date.fromisoformat(first), date.fromisoformat(last if slash else first))
        days.last + _ONE_DAY
    except (ValueError, OverflowError) as error:
        raise ValueError(f'"{text}" is not a day: write "2027-05-01", or "2026-12-24/2027-01-03"') from error
    if days.last < days.first:
        raise ValueError(f'"{text}" ends before it begins')
    return days


def _expected(value: object) -> tuple[Expected, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple):
        raise ValueError('must be a time, such as "06:00 Mon-Fri", or a list of times')
    return tuple(text if isinstance(text, Expected) else parse(str(text)) for text in texts if text)


def _holidays(value: object) -> tuple[Holiday, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError('must be a list of days, such as ["2026-12-24/2027-01-03", "2027-05-01"]')
    return tuple(text if isinstance(text, Holiday) else parse_holiday(str(text)) for text in value)


Times = Annotated[tuple[Expected, ...], PlainValidator(_expected)]
"""A setting that is one such time or a list of them."""

Holidays = Annotated[tuple[Holiday, ...], PlainValidator(_holidays)]
"""A setting that is a list of days and of periods of days."""


# Whether it has come


def latest(times: Sequence[Expected], until: datetime, count: int) -> list[datetime]:
    """The last so many moments of some times, up to one and including it, in order."""
    found: set[datetime] = set()
    for days in range(8 * count + 2 if times else 0):
        day = until.date() + (1 - days) * _ONE_DAY  # clocks that skip may bring a time of the next day before now
        moments = (one.on(day, until.tzinfo) for one in times)
        found |= {
            moment.astimezone(UTC) for moment in moments if moment and moment.astimezone(UTC) <= until.astimezone(UTC)
        }
        if len(found) >= count + len(times):  # those of a day may not be in order with those of the day before
            break
    return [moment.astimezone(until.tzinfo) for moment in sorted(found)[-count:]]


def missed(
    times: Sequence[Expected],
    arrivals: Iterable[datetime],
    now: datetime,
    *,
    known: datetime,
    grace: timedelta = timedelta(),
    excused: Sequence[Span] = (),
) -> datetime | None:
    """The first of the expected moments since which no file has come; `None` where all is well.

    A file is for the first expected moment after it. One that comes late is for the moment that it missed, if it comes
    within half the time until the next, so it can't stand for that one too; whenever a file comes, nothing is missed
    any more. What was expected before `known`, or in an excused span, is not missed; nor is what is late by less than
    `grace`.
    """
    moments = latest(times, later(now, -grace.total_seconds()), MOST)
    came = sorted(moment.astimezone(UTC) for moment in arrivals)
    first, late = None, False
    for since, until in _windows(moments):
        inside = came[bisect_right(came, since) : len(came) if until is None else bisect_right(came, until)]
        if inside:
            first = None
        if until is None:
            break
        if late and inside and inside[0] - since < (until - since) / 2:
            inside = inside[1:]
        late = not inside and until > known.astimezone(UTC) and not any(span.holds(until) for span in excused)
        if late:
            first = first or until
    return first.astimezone(now.tzinfo) if first else None


def _windows(moments: Sequence[datetime]) -> Iterator[tuple[datetime, datetime | None]]:
    instants = [moment.astimezone(UTC) for moment in moments]
    yield from pairwise(instants)
    yield from ((last, None) for last in instants[-1:])
