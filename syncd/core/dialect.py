"""How a command file is written: its encoding, its separator, its header and its line ends."""

import csv
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import BinaryIO, Literal

from syncd.core.encoding import Encoding, Survey
from syncd.core.lines import RECORD_LENGTH, lines, passed_over
from syncd.errors import FileRefused

Separator = Literal["auto", ",", ";", "tab", ":"]
"""What stands between cells; `auto` finds out from the header."""

MOST_COLUMNS = 1_000
"""Columns that a file may have: the widest, with a hundred courses for each user, has some 700."""

_SEPARATORS = (",", ";", "\t", ":")

# The csv module takes cells of at most 128 KiB, a limit of the whole process; records are limited before it sees them.
csv.field_size_limit(max(csv.field_size_limit(), 4 * RECORD_LENGTH))


@dataclass(frozen=True, slots=True)
class Dialect:
    """All that must be known of a command file to read its rows.

    `encoding` is a Python codec, `bom` the byte order mark that stands before the text. `header` holds the column
    names, stripped and in lower case, without empty ones at the end; `header_raw` is the header as read, which stands
    on line `header_line`; of a file that has none, `header_line` is 0 and `header_raw` what its header would be.
    `newline` is the first line end. `cut_off_possible` tells that the file does not end with a line end: its last row
    may be a part of what was meant.
    """

    encoding: str
    bom: bytes
    separator: str
    header: tuple[str, ...]
    header_raw: str
    header_line: int
    newline: str
    cut_off_possible: bool


def recognise(
    file: BinaryIO,
    encoding: Encoding,
    separator: Separator,
    columns: Collection[str],
    positional: Sequence[str] = (),
) -> Dialect:
    """Find out how a file is written, reading it once from here to its end, in flat memory.

    `columns` are the names that a header may have; they decide between separators. A file whose first row has none of
    them needs no header if there are `positional` names for its columns, in their order; unless a separator is set,
    `;` stands between its cells. Raises `FileRefused` with the codes
    `empty`, `not-text`, `encoding`, `cut-off` (inside a character), `quote-open`, `column-twice` or `column-unknown`.
    """
    survey = Survey(file, encoding)
    text = survey.text()
    at, line = next(((at, line) for at, line in enumerate(lines(text), start=1) if not passed_over(line)), (0, ""))
    for _ in text:
        pass
    codec = survey.verdict()
    if not at:
        raise FileRefused("empty", "the file has no header and no row", cure="Upload the file again, with its rows.")
    header_raw = survey.reread(line.rstrip("\r\n"))
    newline = line[len(line.rstrip("\r\n")) :] or "\n"
    if positional and not _is_header(header_raw, columns):
        mark = {"auto": ";", "tab": "\t"}.get(separator, separator)
        names = tuple(positional)
        return Dialect(codec, survey.bom, mark, names, mark.join(names), 0, newline, not survey.ends_in_line_end)
    mark = _sniffed(header_raw, columns) if separator == "auto" else "\t" if separator == "tab" else separator
    return Dialect(
        encoding=codec,
        bom=survey.bom,
        separator=mark,
        header=_checked(header_raw, mark, at, columns),
        header_raw=header_raw,
        header_line=at,
        newline=newline,
        cut_off_possible=not survey.ends_in_line_end,
    )


def split(record: str, separator: str) -> list[str]:
    """The cells of one record, as written between the separators, without their quotes."""
    return next(csv.reader(StringIO(record, newline=""), delimiter=separator, skipinitialspace=True), [])


def well_quoted(raw: str, separator: str) -> bool:
    """Whether nothing but blanks follows a closing quotation mark in its cell; a lenient reader glues it on."""
    blanks = " \t".replace(separator, "")
    tight = re.sub(f'"[{blanks}]+(?=[{separator}\r\n]|\\Z)', '"', raw)
    try:
        for _ in csv.reader(StringIO(tight, newline=""), delimiter=separator, skipinitialspace=True, strict=True):
            pass
    except csv.Error:
        return False
    return True


def _is_header(line: str, columns: Collection[str]) -> bool:
    return any(name in columns for separator in _SEPARATORS for name in _names(line, separator, columns))


def _sniffed(header: str, columns: Collection[str]) -> str:
    def fitness(separator: str) -> tuple[int, int]:
        names = _names(header, separator, columns)
        return len(set(names) & set(columns)), len(names)

    return max(_SEPARATORS, key=fitness)


def _names(header: str, separator: str, columns: Collection[str]) -> list[str]:
    """The names in a header: known ones in small letters, others (`profile_field_Year`) as they are written."""
    names = [name.strip() for name in split(header, separator)]
    return [name.lower() if name.lower() in columns else name for name in names]


def _checked(header: str, separator: str, at: int, columns: Collection[str]) -> tuple[str, ...]:
    # No name is shown: where the header was forgotten, the first row stands here, and perhaps a password in it.
    names = _names(header, separator, columns)
    while names and not names[-1]:
        names.pop()
    if _quote_open(header, separator):
        raise FileRefused(
            "quote-open",
            "a quotation mark is opened in the header and not closed there",
            line=at,
            cure="Close the quotation mark, or remove it.",
        )
    if len(names) > MOST_COLUMNS:
        raise FileRefused(
            "columns-many",
            f"the header has {len(names):,} columns; {MOST_COLUMNS:,} are the most that a file may have",
            line=at,
            cure="Make sure that it is a CSV file, and that its header ends with a line end.",
        )
    if not names:
        raise FileRefused("column-unknown", "no column of the header has a name", line=at)
    if "" in names:
        raise FileRefused(
            "column-unknown",
            f"column {names.index('') + 1} of the header has no name",
            line=at,
            cure="Name the column, or remove it from all rows.",
        )
    if len(set(names)) < len(names):
        first: dict[str, int] = {}
        again = next(place for place, name in enumerate(names) if first.setdefault(name, place) < place)
        raise FileRefused(
            "column-twice",
            f"columns {names.index(names[again]) + 1} and {again + 1} of the header have the same name",
            line=at,
            cure="Remove or rename one of them; if the file has no header, write one.",
        )
    return tuple(names)


def _quote_open(header: str, separator: str) -> bool:
    # A reader asks for a second line only when the first one ends inside quotes.
    reader = csv.reader([header, ""], delimiter=separator, skipinitialspace=True)
    next(reader)
    return reader.line_num > 1
