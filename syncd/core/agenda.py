"""When tools run.

A timer is one of three:

* `every 15m`: at the multiples of the interval since the Unix epoch (1970-01-01 00:00 UTC), whatever the zone and
  whenever syncd was started. At least ten seconds.
* a five-field cron expression, read on the site's clock. When clocks change it does what Debian's cron does
  (cron(8)): a job at set times (neither its minute nor its hour begins with `*`) whose time is skipped runs once,
  right after the gap, and one whose time comes twice runs at the first. A job with a wildcard minute or hour follows
  the clock as it shows: nothing is made up for a skipped hour, and an hour that comes twice counts twice.
* `on arrival`: as soon as a file waits.

Moments are aware. They are compared as instants: Python compares two moments of one zone by their wall time alone,
which is wrong in the hour that comes twice.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated

from cronsim import CronSim, CronSimError
from pydantic import PlainValidator

from syncd.core.durations import parse as parse_duration
from syncd.core.durations import written

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SHORTEST = 10.0
FIRST_PAUSE = 60.0
LONGEST_PAUSE = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Every:
    """Ticks at the multiples of an interval since the Unix epoch."""

    seconds: float

    def __str__(self) -> str:
        return f"every {written(self.seconds)}"

    def after(self, moment: datetime) -> datetime | None:
        """The first tick later than a moment."""
        interval = timedelta(seconds=self.seconds)
        return EPOCH + ((moment - EPOCH) // interval + 1) * interval


@dataclass(frozen=True, slots=True)
class Cron:
    """Ticks at the minutes that a five-field cron expression names."""

    expression: str

    @property
    def at_set_times(self) -> bool:
        """Whether neither its minute nor its hour is a wildcard: what then comes twice is made once."""
        minute, hour, *_ = self.expression.split()
        return not minute.startswith("*") and not hour.startswith("*")

    def __str__(self) -> str:
        return self.expression

    def after(self, moment: datetime) -> datetime | None:
        """The first tick later than a moment, on the clock of the moment's zone; None: no more within 50 years."""
        zone, instant = moment.tzinfo, moment.astimezone(UTC)
        candidates = CronSim(self.expression, instant.astimezone(zone))
        for candidate in candidates:
            tick = candidate.astimezone(UTC)
            if tick.astimezone(zone).replace(tzinfo=None) != candidate.replace(tzinfo=None):
                # CronSim stepped to a midnight that the clocks skip: let it walk over the gap instead.
                return self.after((tick - SECOND).astimezone(zone))
            if tick > instant:
                return tick
            # The second time that the clock shows an hour, CronSim offers what it showed the first time.
        return None


@dataclass(frozen=True, slots=True)
class OnArrival:
    """No ticks: the tool runs as soon as a file waits."""

    def __str__(self) -> str:
        return "on arrival"

    def after(self, moment: datetime) -> datetime | None:
        """Never."""
        return None


Timer = Every | Cron | OnArrival


def parse(text: str) -> Timer:
    """The timer that a text means; raises `ValueError` whose text says how timers are written."""
    words = text.split()
    match [word.lower() for word in words]:
        case ["on", "arrival"]:
            return OnArrival()
        case ["every", *rest] if rest:
            return _every("".join(rest))
        case [_, _, _, _, _]:
            return _cron(" ".join(words))
    raise ValueError(
        f'"{text}" is not a timer: write "every 15m", "on arrival" or the five fields of a cron expression, '
        'such as "30 2 * * *"'
    )


def _every(text: str) -> Every:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise ValueError(f'"every {text}" is not a timer: "{text}" {error}') from error
    if seconds < SHORTEST:
        raise ValueError(f'"every {text}" is too often: at least {written(SHORTEST)}')
    return Every(seconds)


def _cron(expression: str) -> Cron:
    try:
        first = next(CronSim(expression, EPOCH), None)
    except CronSimError as error:
        raise ValueError(f'"{expression}" is not a cron expression: {str(error).lower()}') from error
    if first is None:
        raise ValueError(f'"{expression}" never comes')
    return Cron(expression)


def _timers(value: object) -> tuple[Timer, ...]:
    if isinstance(value, str):
        return (parse(value),) if value.strip() else ()
    if not isinstance(value, list | tuple):
        raise ValueError('must be a timer, such as "every 15m", or a list of timers')
    wrong: list[str] = []
    timers = tuple(timer for item in value if (timer := _timer(item, wrong)))
    if wrong:
        raise ValueError("; ".join(wrong))
    return timers


def _timer(item: object, wrong: list[str]) -> Timer | None:
    if isinstance(item, Timer):
        return item
    try:
        return parse(str(item))
    except ValueError as error:
        wrong.append(str(error))
        return None


Timers = Annotated[tuple[Timer, ...], PlainValidator(_timers)]
"""A setting that is one timer or a list of timers; an empty one means only by hand."""


def on_arrival(timers: Sequence[Timer]) -> bool:
    """Whether the tool runs as soon as a file waits."""
    return any(isinstance(timer, OnArrival) for timer in timers)


def next_tick(timers: Sequence[Timer], after: datetime, made: datetime | None = None) -> datetime | None:
    """The first tick of any timer later than `after`, in the zone of `after`, whose clock cron expressions follow.

    `made` is up to when set times have come already, on a clock that was set back since.
    """
    again = max(after.astimezone(UTC), made.astimezone(UTC)).astimezone(after.tzinfo) if made else after
    ticks = [tick for timer in timers if (tick := timer.after(again if _at_set_times(timer) else after))]
    return min(ticks).astimezone(after.tzinfo) if ticks else None


def _at_set_times(timer: Timer) -> bool:
    return isinstance(timer, Cron) and timer.at_set_times


def next_ticks(
    timers: Sequence[Timer],
    after: datetime,
    count: int,
    thaw: Callable[[datetime], datetime] = lambda tick: tick,
) -> list[datetime]:
    """The next ticks of all timers together, at most `count`, in order and each once.

    `thaw(tick)` is when freezes let it be made, at the earliest the tick itself; those of one freeze are one.
    """
    return list(islice(_ticks(timers, after, thaw), count))


def _ticks(timers: Sequence[Timer], after: datetime, thaw: Callable[[datetime], datetime]) -> Iterator[datetime]:
    while tick := next_tick(timers, after):
        after = thaw(tick)
        yield after


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand with one tool.

    `ticked` is the moment up to which ticks are spent: until there is one, no tick counts; `made` is as in `next_tick`.
    `waiting` tells that there is a file to run. In a pause ticks pass, in a freeze they wait for its end.
    `blocked_until` is set from a run that could not reach the site until the next run that could. Of a kept file, which
    waits for ever, leave `on arrival` out of `timers`.
    """

    name: str
    timers: tuple[Timer, ...] = ()
    ticked: datetime | None = None
    made: datetime | None = None
    waiting: bool = False
    paused: bool = False
    frozen: bool = False
    blocked_until: datetime | None = None

    @property
    def rests(self) -> bool:
        """Whether it does not run whatever is due."""
        return self.paused or self.frozen

    def soon(self, timers: Sequence[Timer], now: datetime, within: timedelta) -> bool:
        """Whether the tool, by these of its timers, runs a file as soon as it is there, or within some time."""
        if self.rests or self.blocked_until:
            return False
        tick = next_tick(timers, now)
        return on_arrival(timers) or (tick is not None and tick.astimezone(UTC) <= now.astimezone(UTC) + within)


def due(tools: Sequence[Standing], now: datetime) -> list[str]:
    """The tools that should start now, in the order given.

    A tool is due when a file waits, it is neither paused nor frozen, and a tick came since `ticked`, or the back-off
    from an unreachable site is over, or (without a back-off) it runs on arrival. So a tick cuts a back-off short. What
    a person asks for is not due: it is done at once.
    """
    return [tool.name for tool in tools if tool.waiting and not tool.rests and _wanted(tool, now)]


def spent(tools: Sequence[Standing], now: datetime) -> list[str]:
    """The tools whose tick passed with nothing to run, or in a pause: their `ticked` is to be noted as `now`.

    Otherwise a file that came after the tick would be run before the next one. The tick of a frozen tool with a file
    stays: it is made up, once, when the freeze is over.
    """
    return [tool.name for tool in tools if (tool.paused or not tool.waiting) and _ticked(tool, now)]


def _wanted(tool: Standing, now: datetime) -> bool:
    if _ticked(tool, now):
        return True
    if tool.blocked_until:
        return now.astimezone(UTC) >= tool.blocked_until.astimezone(UTC)
    return on_arrival(tool.timers)


def _ticked(tool: Standing, now: datetime) -> bool:
    if tool.ticked is None:
        return False
    tick = next_tick(tool.timers, tool.ticked.astimezone(now.tzinfo), tool.made)
    return tick is not None and tick.astimezone(UTC) <= now.astimezone(UTC)


def backoff(failures: int) -> float:
    """How many seconds to wait after so many failures in a row: a minute, doubling up to six hours; 0 after none."""
    return min(FIRST_PAUSE * 2 ** min(failures - 1, 16), LONGEST_PAUSE) if failures > 0 else 0.0
