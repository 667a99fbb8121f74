"""Which events people are told of, and when: many become one message, and quiet hours are kept.

An event of the log is a `Happening`. Those that are wanted are gathered in groups, by event and tool, until a message
is due. Every wanted happening is counted in exactly one message.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from fnmatch import fnmatchcase

JOINED = timedelta(seconds=3)
"""How long the first event waits for others of the same cause."""

EXAMPLES = 5
"""So many of a group are told with their fields; the others are counted."""

KEPT = 100
"""So many of a group are gathered with their fields, as each may be over before it is told."""

NAMES = ("file", "folder", "tool", "run")
"""The fields of which the first that is there says what an event is about."""

LEVELS = {"info": 0, "warning": 1, "error": 2, "critical": 2}
"""How grave the levels of the log are."""

WORDS = ("warning", "error")
"""What may stand for all events of a level and above."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of the log: its fields as text, and the event whose trouble is over with it, if one is."""

    event: str
    level: str
    moment: datetime
    fields: Mapping[str, str]
    ends: str = ""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Which events people want to hear of: words for levels, names of events, or patterns such as `run.*`."""

    about: tuple[str, ...] = ("warning",)
    not_about: tuple[str, ...] = ()
    urgent: tuple[str, ...] = ("error",)

    def wanted(self, event: str, level: str) -> bool:
        """Whether an event of this level is to be told."""
        return _meant(self.about, event, level) and not _meant(self.not_about, event, level)

    def pressing(self, event: str, level: str) -> bool:
        """Whether it is told in quiet hours, too."""
        return _meant(self.urgent, event, level)


def _meant(entries: Iterable[str], event: str, level: str) -> bool:
    return any(
        LEVELS.get(level, 0) >= LEVELS[entry] if entry in WORDS else fnmatchcase(event, entry) for entry in entries
    )


@dataclass(frozen=True, slots=True)
class Group:
    """Happenings of one event, and of one tool if it is about one: how many, from when to when, and the first few.

    Where there are `overs`, all of them are over, at these moments, one for each example: then `count` counts their
    ends, too.
    """

    event: str
    level: str
    tool: str
    count: int
    first: datetime
    last: datetime
    examples: tuple[Mapping[str, str], ...]
    urgent: bool = False
    overs: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Gathered:
    """What waits to be told, in the order in which it began.

    `sent` is when the last message was made; `told` are the events that were ever gathered: their ends are wanted, too.
    """

    groups: tuple[Group, ...] = ()
    sent: datetime | None = None
    told: frozenset[str] = frozenset()


def gather(gathered: Gathered, happenings: Iterable[Happening], wishes: Wishes) -> Gathered:
    """What waits once these have happened; what began and ended meanwhile stands apart from what stands."""
    groups = {(group.event, group.tool, bool(group.overs)): group for group in gathered.groups}
    told = set(gathered.told)
    for one in happenings:
        if not (wishes.wanted(one.event, one.level) or one.ends in told):
            continue
        told.add(one.event)
        if _fold(groups, one):
            continue
        key = (one.event, one.fields.get("tool", ""), False)
        groups[key] = _joined(groups.get(key), one, urgent=wishes.pressing(one.event, one.level))
    return replace(gathered, groups=tuple(groups.values()), told=frozenset(told))


def _fold(groups: dict[tuple[str, str, bool], Group], end: Happening) -> bool:
    """Let what is over stand apart; whether it was gathered, and is not told yet."""
    for key, group in groups.items():
        if group.event != end.ends or group.overs:
            continue
        number = next((n for n, example in enumerate(group.examples) if _about_the_same(example, end.fields)), None)
        if number is None:
            continue
        before = groups.get((*key[:2], True))
        first = min(before.first, group.first) if before else group.first
        over = before or Group(group.event, end.level, group.tool, 0, first, end.moment, ())
        if len(over.examples) < KEPT:
            over = replace(over, examples=(*over.examples, group.examples[number]), overs=(*over.overs, end.moment))
        groups[*key[:2], True] = replace(
            over, count=over.count + 2, first=first, last=end.moment, urgent=over.urgent or group.urgent
        )
        groups[key] = replace(
            group, count=group.count - 1, examples=group.examples[:number] + group.examples[number + 1 :]
        )
        if not groups[key].count:
            del groups[key]
        return True
    return False


def _about_the_same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return all(one[name] == other[name] for name in NAMES if name in one and name in other)


def _joined(group: Group | None, one: Happening, *, urgent: bool) -> Group:
    if group is None:
        tool = one.fields.get("tool", "")
        return Group(one.event, one.level, tool, 1, one.moment, one.moment, (one.fields,), urgent)
    examples = group.examples if len(group.examples) == KEPT else (*group.examples, one.fields)
    return replace(
        group,
        level=max(group.level, one.level, key=lambda level: LEVELS.get(level, 0)),
        count=group.count + 1,
        last=one.moment,
        examples=examples,
        urgent=group.urgent or urgent,
    )


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of each day in which only urgent things are told; they may last over midnight."""

    begins: time
    ends: time

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M}"

    def until(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """When the quiet hours end in which a moment lies; `None` when it lies in none.

        They last from one instant to another: an hour that the clock shows twice does not begin them again.
        """
        day = moment.astimezone(zone).date()
        for start in (day - timedelta(days=1), day):
            end = start + timedelta(days=1) if self.ends <= self.begins else start
            over = _instant(end, self.ends, zone)
            if _instant(start, self.begins, zone) <= moment < over:
                return over
        return None


def _instant(day: date, clock: time, zone: tzinfo) -> datetime:
    """When a clock shows a time; one that it skips is taken for as long after the leap as it lies behind its start."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When messages are made: never sooner after the last than `pause`, and in quiet hours only urgent ones."""

    zone: tzinfo
    pause: timedelta = timedelta()
    quiet: Quiet | None = None


def due_at(gathered: Gathered, rhythm: Rhythm, now: datetime) -> datetime | None:
    """When the next message is due, at `now` or later; `None` when nothing waits."""
    if not gathered.groups:
        return None
    first = min(now, *(group.first for group in gathered.groups))  # the clock may have been set back since
    moments = [now, first + JOINED]
    if gathered.sent:
        moments.append(min(now, gathered.sent) + rhythm.pause)
    moment = max(moments)
    if any(group.urgent for group in gathered.groups):
        return moment
    return _quiet(rhythm, moment) or moment


def take(gathered: Gathered, rhythm: Rhythm, now: datetime) -> tuple[tuple[Group, ...], Gathered]:
    """What the message that is due says, and what waits on: in quiet hours, all that is not urgent."""
    if (due := due_at(gathered, rhythm, now)) is None or due > now:
        return (), gathered
    quiet = _quiet(rhythm, now) is not None
    told = tuple(group for group in gathered.groups if group.urgent or not quiet)
    waits = tuple(group for group in gathered.groups if group not in told)
    return told, replace(gathered, groups=waits, sent=now)


def _quiet(rhythm: Rhythm, moment: datetime) -> datetime | None:
    return rhythm.quiet.until(moment, rhythm.zone) if rhythm.quiet else None
