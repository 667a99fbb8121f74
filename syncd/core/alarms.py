"""Alarms: what stands that a person should know of, though nothing is wrong with any one file or run."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from statistics import median
from typing import Annotated

from pydantic import PlainValidator

from syncd.core import sizes
from syncd.core.durations import spoken

DATED = frozenset({"file.late", "file.small", "run.waiting", "disk.filling"})
"""Those that a clock tells: one that began in the future is not over yet."""

UNDER_WAY = "upload.under_way"
"""No alarm: how the ledger keeps since when an upload is there, so that its age outlives a restart."""

SAID = frozenset({"drop.gone", "site.unreachable", "upload.stuck", "watch.deaf", "watch.lost", "canary.failed"})
"""Those whose event is logged by the part of syncd that meets them."""

ENDS_SAID = frozenset({"drop.gone", "site.unreachable", "watch.deaf", "canary.failed"})
"""Of these, those whose end has an event of its own, too."""

FEW = 8
"""Files, and runs, without which nobody knows what is usual."""

TINY = 1_000
"""Bytes below which a usual size tells nothing: a few rows more or less are half of it."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What stands since when; `event` is its name in the log, and with `subject` tells it from all others.

    `what` says in a sentence what was expected and what was found, `cure` what to do.
    """

    event: str
    subject: str
    since: datetime
    what: str
    cure: str
    tool: str = ""
    file: str = ""
    run: str = ""

    @property
    def key(self) -> Key:
        """By what it is told from the others."""
        return self.event, self.subject


@dataclass(frozen=True, slots=True)
class Change:
    """What a look made of the alarms: those that stand now, and of these the new ones; those that are over."""

    standing: Mapping[Key, Alarm]
    raised: tuple[Alarm, ...]
    over: tuple[Alarm, ...]


def changed(before: Mapping[Key, Alarm], found: Iterable[Alarm], now: datetime) -> Change:
    """What becomes of the alarms that stood when these are found.

    One that stands goes on standing since when it did. One that began in the future, as the clock was set back, stays
    until that is over: nobody can tell yet.
    """
    standing: dict[Key, Alarm] = {}
    for alarm in found:
        old = before.get(alarm.key)
        standing[alarm.key] = replace(alarm, since=old.since) if old else alarm
    for key, old in before.items():
        if key not in standing and old.event in DATED and old.since.astimezone(UTC) > now.astimezone(UTC):
            standing[key] = old
    raised = tuple(alarm for key, alarm in standing.items() if key not in before)
    return Change(standing, raised, tuple(old for key, old in before.items() if key not in standing))


# Sizes and times


def far_below(size: int, usual: Sequence[int], share: Fraction) -> float | None:
    """The usual size in bytes, if a file is smaller than that share of it; else None.

    `usual` are sizes of earlier files of its kind. Where sizes differ much, as those of files that hold only changes, a
    file is remarkable that is smaller than each of them, too.
    """
    if len(usual) < FEW or (middle := median(usual)) < TINY or size >= min(usual):
        return None
    return middle if size < middle * share else None


def expected_seconds(size: int, like: Sequence[tuple[int, float]]) -> float | None:
    """How long a run of a file of so many bytes takes, by runs like it (size, seconds); None: nobody can tell yet.

    It is the middle of what they took, or of what they took for each byte, whichever is longer.
    """
    if len(like) < FEW:
        return None
    return max(median(took for _, took in like), size * median(took / max(1, bytes_) for bytes_, took in like))


# Room on a disk


@dataclass(frozen=True, slots=True)
class Room:
    """What is free of a disk, in bytes and in names (inodes); `names` is 0 where there is no such limit."""

    free: int
    size: int
    free_names: int = 0
    names: int = 0


@dataclass(frozen=True, slots=True)
class Reserve:
    """How much of a disk must be free: a share in per cent, or a number of bytes, in which case 1 % of the names."""

    percent: Fraction = Fraction(1)
    bytes: int = 0

    def __str__(self) -> str:
        return sizes.spoken(self.bytes) if self.bytes else f"{float(self.percent):g} %"

    def lacks(self, room: Room) -> str:
        """What there is too little of: `space` or `inodes`; "" where there is enough."""
        if not (self.bytes or self.percent):
            return ""
        if room.free < (self.bytes or room.size * self.percent / 100):
            return "space"
        return "inodes" if room.free_names < room.names * self.percent / 100 else ""

    def eased(self) -> "Reserve":
        """A tenth more: so much must be free for the alarm to be over, else it might come and go all the time."""
        return Reserve(self.percent * 11 / 10, self.bytes * 11 // 10)


_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([KMGT]?)B?", re.ASCII | re.IGNORECASE)
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%", re.ASCII)


def share(text: str) -> Fraction:
    """The per cent that a text means, such as `5%`. Raises `ValueError`."""
    found = _SHARE.fullmatch(text.strip())
    if found and (percent := Fraction(found[1])) <= 100:
        return percent
    raise ValueError('must be a share, such as "50%"; "0%" is none')


def _share(value: object) -> Fraction:
    return value if isinstance(value, Fraction) else share(str(value))


def _reserve(value: object) -> Reserve:
    if isinstance(value, Reserve):
        return value
    if isinstance(value, str) and (found := _SIZE.fullmatch(value.strip())) and (found[2] or found[1] == "0"):
        return Reserve(Fraction(1 if float(found[1]) else 0), int(Fraction(found[1]) * _UNITS[found[2].upper()]))
    try:
        return Reserve(share(str(value)))
    except ValueError as error:
        raise ValueError('must be a share of the disk, such as "5%", or a size, such as "10G"; "0%": never') from error


Share = Annotated[Fraction, PlainValidator(_share)]
"""A setting that is a share, in per cent."""

Free = Annotated[Reserve, PlainValidator(_reserve)]
"""A setting that tells how much of a disk must be free."""


# What they say


def late(tool: str, file: str, expected: datetime) -> Alarm:
    """No file came."""
    return Alarm(
        event="file.late",
        subject=tool,
        since=expected,
        what=f"{file} was expected by {expected:%a %Y-%m-%d %H:%M}, and has not come",
        cure="Ask the sender what became of it; it is taken in whenever it comes. Days on which none is expected: "
        "holidays in [site].",
        tool=tool,
        file=file,
    )


def small(tool: str, file: str, size: int, usual: float, came: datetime) -> Alarm:
    """A file came that is much smaller than those before it."""
    return Alarm(
        event="file.small",
        subject=file,
        since=came,
        what=f"{file} came with {size:,} bytes, where {usual:,.0f} are usual",
        cure="Ask the sender whether it is whole. What its run would delete or change is held by the tool's guard. If "
        "files of all sizes are usual, set smaller_than for this tool.",
        tool=tool,
        file=file,
    )


def slow(tool: str, file: str, run: str, since: datetime, took: float, usual: float) -> Alarm:
    """A run takes longer than those before it did."""
    return Alarm(
        event="run.slow",
        subject=run,
        since=since,
        what=f"the run on {file} has taken {_rough(took)} so far; about {_rough(usual)} is usual",
        cure="syncd status tells how far it is. If it stands still, look at the site: its load, its database.",
        tool=tool,
        file=file,
        run=run,
    )


def _rough(seconds: float) -> str:
    """A duration in whole seconds; below ten of them finer, so that it differs from its multiples."""
    return spoken(round(seconds)) if seconds >= 10 else f"{max(0.01, round(seconds, 2 if seconds < 1 else 1)):g} s"


def waiting(tool: str, file: str, run: str, held: datetime, after: float) -> Alarm:
    """A run has been held for too long."""
    return Alarm(
        event="run.waiting",
        subject=run,
        since=held,
        what=f"the run on {file} has waited for a person's word for more than {spoken(after)}",
        cure=f"Read syncd report {run}, then say syncd approve {run} or syncd reject {run}.",
        tool=tool,
        file=file,
        run=run,
    )


def filling(folder: str, lacks: str, room: Room, wanted: Reserve, now: datetime) -> Alarm:
    """A disk has too little room."""
    if lacks == "inodes":
        found = f"{room.free_names:,} of {room.names:,} inodes are free"
    else:
        found = f"{sizes.spoken(room.free)} of {sizes.spoken(room.size)} are free"
    return Alarm(
        event="disk.filling",
        subject=folder,
        since=now,
        what=f"on the disk of {folder} {found}, less than {wanted}",
        cure="Make room, or keep archives and reports for less long: keep_archives, keep_reports in [repository].",
        file=folder,
    )
