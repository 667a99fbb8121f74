"""Deferred rows lie as they were read, below a mark that says so."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.deferral import HEAD, LONGEST, Deferral, deferral_of, deferred
from syncd.core.rows import recognise, rows

AT = datetime(2026, 11, 22, 9, 17, 43, 17, tzinfo=UTC)
DEFERRAL = Deferral("20261122-091743-enrolments", AT, frozenset({"user", "course"}))
COLUMNS = frozenset({"username", "course"})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_the_mark_is_found_in_every_encoding(encoding: str, newline: str) -> None:
    """The file that is written says which run deferred its rows, and for want of what; its rows are those given."""
    file = BytesIO(f"username;course{newline}é;A{newline}b;B{newline}".encode(encoding))
    dialect = recognise(file, "auto", "auto", COLUMNS)
    file.seek(0)
    raw = [row.raw for row, _ in rows(file, dialect)]
    written = b"".join(deferred(dialect.header_raw, raw[:1], dialect, DEFERRAL))
    assert deferral_of(written[:HEAD]) == DEFERRAL
    again = BytesIO(written)
    found = recognise(again, "auto", "auto", COLUMNS)
    again.seek(0)
    assert [dict(row.cells) for row, _ in rows(again, found)] == [{"username": "é", "course": "A"}]


@pytest.mark.parametrize("head", [b"", b"username\n", b"# deferred by night shift\n", b"username\n# deferred by x"])
def test_other_files_have_no_mark(head: bytes) -> None:
    """Nor has one whose comments merely speak of it."""
    assert deferral_of(head) is None


@given(st.binary(max_size=200))
def test_any_bytes_can_be_asked(head: bytes) -> None:
    """Law: what a sender wrote never fails."""
    deferral_of(b"# deferred by r at " + head)
    deferral_of(b"# deferred by r at 2026-11-22 for want of " + head)


def test_deferred_rows_wait_for_a_day_at_most() -> None:
    """Even where the file that they wait for is never run; and not for ever when the clock is set back."""
    assert not DEFERRAL.over(AT + timedelta(hours=24))
    assert DEFERRAL.over(AT + LONGEST)
    assert DEFERRAL.over(AT - LONGEST)


def test_only_what_is_lacked_counts() -> None:
    """In a fixed order, so that a sentence about it does not change."""
    assert DEFERRAL.of({"user": "a", "course": "b", "cohort": "c"}) == ["course", "user"]
