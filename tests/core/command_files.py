"""Command files as bytes, read in one line."""

import io

import pytest

from syncd.core.model import Row
from syncd.core.rows import Dialect, Encoding, Separator, recognise, rows
from syncd.errors import FileRefused

COLUMNS = ("username", "firstname", "lastname", "email", "idnumber")
MIB = 1 << 20


def dialect_of(file: bytes, encoding: Encoding = "auto", separator: Separator = "auto") -> Dialect:
    """How a file is written."""
    return recognise(io.BytesIO(file), encoding, separator, COLUMNS)


def read(file: bytes, encoding: Encoding = "auto") -> list[Row]:
    """Its rows."""
    return [row for row, _ in rows(io.BytesIO(file), dialect_of(file, encoding))]


def cells(file: bytes, encoding: Encoding = "auto") -> list[dict[str, str]]:
    """The cells of its rows."""
    return [dict(row.cells) for row in read(file, encoding)]


def refusals(file: bytes) -> list[str]:
    """What is wrong with each of its rows, as a code, or ""."""
    return [refusal.code if refusal else "" for _, refusal in rows(io.BytesIO(file), dialect_of(file))]


def refused(file: bytes, encoding: Encoding = "auto") -> tuple[str, int]:
    """Why the whole file is refused, as a code and a line; fails when it isn't, or when no cure is given."""
    with pytest.raises(FileRefused) as refusal:
        read(file, encoding)
    assert refusal.value.cure
    return refusal.value.code, refusal.value.line
