"""The report of a run row by row: a CSV file that is safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from syncd.core.model import Refusal, Result

COLUMNS = ("line", "outcome", "subject", "column", "code", "value", "reason", "cure", "notes")

_NO_REFUSAL = Refusal("", "")
# OWASP, "CSV Injection": what makes a spreadsheet take a cell for a formula, in full width too.
_FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def rows_csv(results: Iterable[Result]) -> Iterator[str]:
    """The header, then one record for each row, comma-separated, each ended by CRLF as in RFC 4180.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    yield _record(COLUMNS)
    for result in results:
        yield _record(map(_safe, _cells(result)))


def _record(cells: Iterable[str]) -> str:
    record = StringIO()
    csv.writer(record).writerow(cells)
    return record.getvalue()


def _cells(result: Result) -> tuple[str, ...]:
    refusal = result.refusal or _NO_REFUSAL
    return (
        str(result.line),
        result.outcome.value,
        result.subject,
        refusal.column,
        refusal.code,
        refusal.value,
        refusal.reason,
        refusal.cure,
        "; ".join(result.notes),
    )


def _safe(cell: str) -> str:
    sound = cell.encode("utf-8", "backslashreplace").decode()
    return f"'{sound}" if sound.startswith(_FORMULA_MARKS) else sound
