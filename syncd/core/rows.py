"""How a command file's bytes become rows."""

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import BinaryIO

from syncd.core.dialect import Dialect, Separator, recognise, split, well_quoted
from syncd.core.encoding import Encoding, decoded
from syncd.core.lines import COMMENT_MARKS, DOUBTFUL_MARKS, RECORD_LENGTH, LineNumbers, line_ends, lines, passed_over
from syncd.core.model import Refusal, Row
from syncd.core.tryback import TRYBACK_COLUMN, as_first_read, tryback
from syncd.errors import FileRefused

__all__ = [
    "RECORD_LENGTH",
    "RECORD_LINES",
    "TRYBACK_COLUMN",
    "Dialect",
    "Encoding",
    "Separator",
    "recognise",
    "rows",
    "tryback",
]

RECORD_LINES = 1_000
"""Lines that one record may have: beyond that, a quotation mark has been forgotten, not a text been written."""

_ESCAPED_SEPARATOR = "&#44"
_PERHAPS_PASSED_OVER = frozenset(COMMENT_MARKS + " \t\r\n")


def rows(file: BinaryIO, dialect: Dialect, comments: LineNumbers | None = None) -> Iterator[tuple[Row, Refusal | None]]:
    """Every row of a command file, in file order, read from its first byte in flat memory; beside it, what is wrong.

    Blank lines, comments and rows of blank cells are passed over. Cells are stripped, and `&#44` or `&#44;` in them
    becomes the separator. A row that has filled cells beyond the header comes with the refusal `too-many-cells`. A last
    row that is shorter than the header and lacks its line end comes with `cut-off`: the file must not be run unseen.
    A row of one line whose quotes go wrong comes with `quote-wrong`; if it is of several, nobody knows where rows end:
    then `FileRefused` is raised with it. So it is with `quote-open` or `not-text` at the record that passes
    `RECORD_LENGTH` or `RECORD_LINES`. `comments` notes, as they are met, the lines below the header that are passed
    over and may have been meant as rows.
    """
    header, separator, width = dialect.header, dialect.separator, len(dialect.header)
    played_again = TRYBACK_COLUMN in header
    physical = islice(lines(decoded(file, dialect.encoding, dialect.bom)), dialect.header_line, None)
    record = _Record(separator, LineNumbers() if comments is None else comments)
    fed = record.fed(physical, dialect.header_line + 1)
    for written in csv.reader(fed, delimiter=separator, skipinitialspace=True):
        raw = record.taken()
        if '"' in raw and not well_quoted(raw, separator):
            yield _misquoted(raw, record.line)
            continue
        values = [cell.strip() for cell in written]
        if not any(values):
            continue
        if _ESCAPED_SEPARATOR in raw:
            values = [_unescaped(value, separator) for value in values]
        cells = dict(zip(header, values, strict=False))
        if played_again:
            cells = as_first_read(cells)
        row = Row(record.line, cells, raw.rstrip("\r\n"), len(values) < width)
        yield row, None if len(values) == width else _misfit(values, width, whole=raw[-1] in "\r\n")


class _Record:
    """The record that a csv.reader is putting together: the line on which it begins, and its lines so far."""

    __slots__ = ("_blanks", "_comments", "_length", "_lines", "_separator", "line")

    def __init__(self, separator: str, comments: LineNumbers) -> None:
        self.line = 0
        self._lines: list[str] = []
        self._length = 0
        self._separator = separator
        self._comments = comments
        self._blanks = " \t".replace(separator, "")

    def fed(self, physical: Iterable[str], first: int) -> Iterator[str]:
        """Hand out the lines from line `first` on; those where no record begins are left out."""
        for number, line in enumerate(physical, start=first):
            if self._lines:
                self._length += len(line)
                if len(self._lines) == RECORD_LINES or self._length > RECORD_LENGTH:
                    raise self._quote_open()
            elif line[0] in _PERHAPS_PASSED_OVER and passed_over(line, self._blanks):
                if line.lstrip(self._blanks).startswith(DOUBTFUL_MARKS):
                    self._comments.note(number)
                continue
            else:
                self.line = number
                self._length = len(line)
            self._lines.append(line)
            yield line
        if self._lines:
            raise self._quote_open()

    def taken(self) -> str:
        """The record as read, which is complete now."""
        raw = "".join(self._lines)
        self._lines.clear()
        return raw

    def _quote_open(self) -> FileRefused:
        raw = "".join(self._lines)
        last_cell = split(raw, self._separator)[-1]
        opened = self.line + line_ends(raw) - line_ends(last_cell)
        return FileRefused(
            "quote-open",
            "a quotation mark is opened and not closed before the file ends, or within a row's length",
            line=opened,
            cure='Close it, or write it twice ("") inside a quoted cell.',
        )


def _misquoted(raw: str, line: int) -> tuple[Row, Refusal]:
    reason = "text follows a closing quotation mark in the same cell"
    cure = 'Write a quotation mark inside a quoted cell twice (""), and quote the whole cell or none of it.'
    record = raw.rstrip("\r\n")
    if lines := line_ends(record):
        raise FileRefused("quote-wrong", f"{reason}; the cell may begin {lines} lines before", line=line, cure=cure)
    return Row(line, {}, record), Refusal("quote-wrong", reason, cure=cure)


def _unescaped(value: str, separator: str) -> str:
    return value.replace(_ESCAPED_SEPARATOR + ";", separator).replace(_ESCAPED_SEPARATOR, separator)


def _misfit(values: list[str], width: int, *, whole: bool) -> Refusal | None:
    if len(values) < width and not whole:
        return Refusal(
            "cut-off",
            f"the file ends inside its last row: {len(values)} of {width} cells, and no line end",
            cure="Upload the file again, whole; if the row is meant so, end it with a line end.",
        )
    # What is found there is not shown: cells that have slipped may hold a password.
    if any(values[width:]):
        return Refusal(
            "too-many-cells",
            f"the row has {len(values)} cells, but the header has {width} column{'' if width == 1 else 's'}",
            cure="Put cells that hold the separator in quotation marks.",
        )
    return None
