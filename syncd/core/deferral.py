"""Rows that wait, once, for what another file may bring."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from syncd.core.dialect import Dialect

HEAD = 4096
"""Bytes at the beginning of a file in which its mark stands, if it has one."""

LONGEST = timedelta(hours=25)
"""How long deferred rows wait: for a run of the next night, even of the night that has an hour more."""

_MARK = re.compile(rb"# deferred by (\S{1,300}) at (\S{1,40}) for want of ([a-z, -]{1,200})[\r\n]")
_ENCODING_MARKS = b"\xef\xbb\xbf\xff\xfe\x00"


@dataclass(frozen=True, slots=True)
class Deferral:
    """What the mark of a file says: which run deferred its rows, when, and what kinds of things they lacked."""

    run: str
    at: datetime
    things: frozenset[str]

    def over(self, now: datetime) -> bool:
        """Whether the rows have waited for long enough; so they have when the clock was set back."""
        return not self.at - LONGEST < now < self.at + LONGEST

    def of(self, brought: Iterable[str]) -> list[str]:
        """Those of the things lacked that are among those brought, in a fixed order."""
        return sorted(self.things.intersection(brought))


def deferred(header_raw: str, rows: Iterable[str], dialect: Dialect, deferral: Deferral) -> Iterator[bytes]:
    """A command file of these rows, as they were read, below a comment that is the mark of their deferral.

    It has the encoding, byte order mark, separator and line ends of the file that they come from.
    """
    want = ", ".join(sorted(deferral.things))
    mark = f"# deferred by {deferral.run} at {deferral.at.isoformat()} for want of {want}"

    def encoded(record: str) -> bytes:
        return (record + dialect.newline).encode(dialect.encoding)

    yield dialect.bom + encoded(mark)
    yield encoded(header_raw)
    yield from map(encoded, rows)


def deferral_of(head: bytes) -> Deferral | None:
    """The deferral of the file that begins with these bytes; None for a file whose rows have still to be deferred."""
    # The mark is ASCII: as UTF-16 it has a zero byte beside each character.
    found = _MARK.match(head.translate(None, _ENCODING_MARKS))
    if not found:
        return None
    run, at, things = (part.decode("ascii", "replace") for part in found.groups())
    try:
        return Deferral(run, datetime.fromisoformat(at).astimezone(UTC), frozenset(things.split(", ")))
    except (ValueError, OverflowError):
        return None
