"""The tryback of a run: the rows that were refused, written so that they can be corrected and dropped again."""

import re
from collections.abc import Iterable, Iterator

from syncd.core.dialect import Dialect, split, well_quoted
from syncd.core.names import shown

TRYBACK_COLUMN = "tryback_reason"
"""The column that a tryback has besides those of its command file."""

PARTLY = "a part of the row was carried out"
"""How the reason begins of a row of which not all was refused."""

_CELLS_READ = re.compile(r"\(cells read: (\d+)\) ")


def tryback(header_raw: str, refused: Iterable[tuple[str, str]], dialect: Dialect) -> Iterator[bytes]:
    """A command file of the refused rows, given as (raw, reason): written as they were read, plus `TRYBACK_COLUMN`.

    It has the encoding, byte order mark, separator and line ends of the file that they come from; what a reason holds
    that the encoding lacks becomes "?". Read again, it gives the same cells: a row shorter than the header is filled up
    to reach the last column, and its reason says with how many cells it was read, so that `as_first_read` can leave the
    others absent. A tryback of a tryback has the new reasons in the old ones' column.
    """

    def encoded(record: str) -> bytes:
        return (record + dialect.newline).encode(dialect.encoding, "replace")

    yield dialect.bom + encoded(_header(header_raw, dialect))
    for raw, reason in refused:
        yield encoded(_with_reason(raw, shown(" ".join(reason.split())), dialect))


def as_first_read(cells: dict[str, str]) -> dict[str, str]:
    """A tryback's cells without those that were only filled up, as far as nobody has filled them in."""
    read = _cells_read(cells.get(TRYBACK_COLUMN, ""))
    if not read:
        return cells
    filled_up = [name for name in cells if name != TRYBACK_COLUMN][read:]
    return {name: cell for name, cell in cells.items() if cell or name not in filled_up}


def _header(header_raw: str, dialect: Dialect) -> str:
    names = split(header_raw, dialect.separator)
    width = len(dialect.header)
    header = header_raw if len(names) == width else _joined(names[:width], dialect)
    return header if TRYBACK_COLUMN in dialect.header else header + dialect.separator + TRYBACK_COLUMN


def _with_reason(raw: str, reason: str, dialect: Dialect) -> str:
    width = len(dialect.header)
    cells = split(raw, dialect.separator)
    played_again = TRYBACK_COLUMN in dialect.header
    misquoted = '"' in raw and not well_quoted(raw, dialect.separator)
    if misquoted and played_again:
        return raw  # where its cells end nobody knows: quoted anew, it would be taken for what it is not
    if misquoted or (len(cells) == width and not played_again):
        return raw + dialect.separator + _quoted(reason)
    if not any(cell.strip() for cell in cells[width:]):
        del cells[width:]
    place, read = width, 0
    if played_again:
        place = dialect.header.index(TRYBACK_COLUMN)
        read = _cells_read("".join(cells[place : place + 1]))
        del cells[place : place + 1]
    if read or len(cells) < place:
        reason = f"(cells read: {read or len(cells)}) {reason}"
    filled_up = [""] * (place - len(cells))
    return _joined([*cells[:place], *filled_up, reason, *cells[place:]], dialect)


def _cells_read(reason: str) -> int:
    short = _CELLS_READ.match(reason.lstrip())
    return int(short[1]) if short else 0


def _joined(cells: Iterable[str], dialect: Dialect) -> str:
    # All in quotes: then no first cell can look like a comment.
    return dialect.separator.join(map(_quoted, cells))


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'
