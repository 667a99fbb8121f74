"""Reading a command file: every row checked as far as that goes without the site, in flat memory."""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from syncd.core.model import Refusal, Row
from syncd.core.rows import Encoding, Separator
from syncd.core.table import Table
from syncd.errors import FileRefused
from syncd.tools.base import RowTool, Wish

Checked = tuple[Row, Wish | Refusal]

BEAT = 1_000
"""Rows between two calls of a beat."""


NO_LINE_END = "no line end follows the last row: if its sender writes one, the file was cut off there"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the whole of a file came to: how it is read, how many rows it has, and which subjects come again.

    `cut_off` is set when the file ends inside its last row.
    """

    table: Table
    rows: int
    rejected: int
    notes: tuple[str, ...]
    repeated: frozenset[int]
    cut_off: Refusal | None

    def again(self, subject: str) -> bool:
        """Whether more than one row is about this subject. (Once in 2^64, wrongly yes: that costs time only.)"""
        return hash(subject) in self.repeated


def read(
    file: BinaryIO, tool: RowTool, encoding: Encoding, separator: Separator, beat: Callable[[int], None]
) -> Reading:
    """Read and check a whole command file; raises `FileRefused` when it can't be understood.

    `beat(rows)` is called now and then; what it raises ends the reading.
    """
    table = tool.table(file, encoding, separator)
    notes = tuple(tool.check_header(table.header, table.header_line))
    count = rejected = 0
    cut_off = None
    subjects = _Subjects()
    for _row, checked in check(file, tool, table):
        count += 1
        if isinstance(checked, Refusal):
            rejected += 1
            if checked.code == "cut-off":
                cut_off = checked
        else:
            subjects.note(checked.subject)
        if not count % BEAT:
            beat(count)
    if not count:
        raise FileRefused("empty", "the file has no row", cure="Upload the file again with its rows.")
    beat(count)
    notes += table.notes
    if table.cut_off_possible and not cut_off:
        notes += (NO_LINE_END,)
    return Reading(table, count, rejected, notes, subjects.repeated(), cut_off)


def check(file: BinaryIO, tool: RowTool, table: Table) -> Iterator[Checked]:
    """Every row with what it wishes, or why it is refused, in file order from the beginning."""
    secret = tool.secret.intersection(table.header)
    for row, refusal in table.rows(file):
        if secret and not refusal and len(row.cells) < len(table.header):
            refusal = _slipped(row, table)
        yield row, refusal or tool.check(row)


def _slipped(row: Row, table: Table) -> Refusal:
    """Where a cell is forgotten, the others slip: a password would be taken for something that is kept and shown."""
    return Refusal(
        "too-few-cells",
        f"the row has {len(row.cells)} of {len(table.header)} cells: a password may have slipped into another column",
        cure="Write all cells of the row, the empty ones too.",
    )


class _Subjects:
    """The subjects of a file, of which it is to be known which come again: hashes, so that a million are 8 MB.

    They lie in many heaps, since only one at a time is sorted: that takes five times the memory.
    """

    def __init__(self) -> None:
        self._heaps = [array("q") for _ in range(256)]

    def note(self, subject: str) -> None:
        """One more row is about this."""
        hashed = hash(subject)
        self._heaps[hashed & 255].append(hashed)

    def repeated(self) -> frozenset[int]:
        """The hashes of those that were noted more than once."""
        return frozenset(one for heap in self._heaps for one, other in pairwise(sorted(heap)) if one == other)
