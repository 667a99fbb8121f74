"""Which archives and reports are old enough to go."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

PRUNED = frozenset({"archives", "reports"})
"""The only folders of the repository in which anything is ever removed for its age."""

PACE = timedelta(days=2)
"""How much older archives and reports can get from one night to the next, whatever the clock says."""

_STAMP = re.compile(r"\d{8}-\d{6}(?=_)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the repository: its path there, and when it was last modified."""

    path: str
    modified: datetime


def aged(last: datetime, now: datetime) -> datetime:
    """The moment from which ages are counted in a night, from that of the night before, both aware.

    It is now; but a clock that goes years ahead must not take everything with it. After a long time without syncd,
    what is too old goes in the nights that follow.
    """
    return min(now, last + PACE)


def expired(entries: Iterable[Entry], now: datetime, keep: float) -> list[Entry]:
    """The archives and reports that are older than `keep` seconds, in the order given.

    A file's age counts from the stamp at the start of its name, which is the time of the site (the zone of `now`), or
    else from its modification. What lies outside `archives/` and `reports/` is never among them.
    """
    oldest = now.astimezone(UTC) - timedelta(seconds=keep)
    return [entry for entry in entries if _prunable(entry.path) and _born(entry, now).astimezone(UTC) < oldest]


def _prunable(path: str) -> bool:
    folder, *rest = path.split("/")
    return folder in PRUNED and bool(rest) and not {"", ".", ".."} & set(rest)


def _born(entry: Entry, now: datetime) -> datetime:
    if not (stamp := _STAMP.match(PurePosixPath(entry.path).name)):
        return entry.modified
    try:
        # Of the two times that a doubled hour gives, the later: rather keep an hour too long.
        return datetime.strptime(stamp[0], "%Y%m%d-%H%M%S").replace(tzinfo=now.tzinfo, fold=1)
    except ValueError:
        return entry.modified
