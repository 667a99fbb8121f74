"""The tryback of a run: the rows that were refused, written so that they can be corrected and dropped again."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.rows import TRYBACK_COLUMN, Encoding, rows, tryback
from syncd.errors import FileRefused
from tests.core.command_files import cells, dialect_of, refusals


def played_again(file: bytes, reason: str = "no", encoding: Encoding = "auto") -> bytes:
    """The tryback of a file all of whose rows were refused."""
    dialect = dialect_of(file, encoding)
    refused_rows = ((row.raw, reason) for row, _ in rows(io.BytesIO(file), dialect))
    return b"".join(tryback(dialect.header_raw, refused_rows, dialect))


def test_a_tryback_is_its_file_with_a_reason_in_the_last_column() -> None:
    """Rows stand as they were read, under the header as it was read, and the reason is quoted."""
    file = b'# list\r\nUserName; email\r\n a ;"b;\r\nc"\r\n'
    assert played_again(file, 'say "please"\nnext') == (
        b'UserName; email;tryback_reason\r\n a ;"b;\r\nc";"say ""please"" next"\r\n'
    )


@pytest.mark.parametrize("codec", ["utf-16", "utf-8-sig", "windows-1252"])
def test_a_tryback_is_encoded_as_its_file(codec: str) -> None:
    """Encoding and byte order mark are those of the file that was dropped."""
    file = "username;email\né;b\n".encode(codec)
    assert played_again(file).decode(codec) == 'username;email;tryback_reason\né;b;"no"\n'


def test_what_an_encoding_lacks_becomes_a_question_mark() -> None:
    """A reason never keeps a tryback from being written."""
    assert played_again(b"username;email\n\xe9;b\n", "≠").endswith(b'\n\xe9;b;"?"\n')


def test_a_tryback_of_a_tryback_has_one_column_of_reasons() -> None:
    """The new reason takes the old one's place."""
    twice = played_again(played_again(b"username;email\na;b\n", "old"), "new")
    assert cells(twice) == [{"username": "a", "email": "b", TRYBACK_COLUMN: "new"}]


def test_a_cell_filled_in_by_hand_is_no_longer_absent() -> None:
    """A short row can be completed in its tryback, beside cells that stay absent."""
    again = played_again(b"username;email;idnumber\na\n")
    assert cells(again) == [{"username": "a", TRYBACK_COLUMN: "(cells read: 1) no"}]
    (row,) = cells(again.replace(b'"a";""', b'"a";"b"'))
    assert row == {"username": "a", "email": "b", TRYBACK_COLUMN: "(cells read: 1) no"}


def test_a_row_with_too_many_cells_stays_one_in_its_tryback() -> None:
    """Nothing that was read is lost, and the row is refused again until it is mended."""
    again = played_again(played_again(b"username;email\na;b;c\n"))
    assert refusals(again) == ["too-many-cells"]
    assert b'"c"' in again


def test_empty_columns_at_the_end_do_not_stand_before_the_reason() -> None:
    """A header with separators at its end gives a tryback that can be read."""
    assert cells(played_again(b"username;email;;\na;b;;\n")) == [{"username": "a", "email": "b", TRYBACK_COLUMN: "no"}]


LINE = st.text(st.sampled_from('ab é;"#&4\t'), max_size=12)


@given(st.lists(LINE, max_size=6), st.text(max_size=10), st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_tryback_read_again_gives_the_same_cells(body: list[str], reason: str, newline: str) -> None:
    """Law: however a file is quoted and whatever the reason, its tryback's tryback has the same cells in each row."""
    file = newline.join(["username;email;idnumber", *body, ""]).encode()
    try:
        before = cells(file)
    except FileRefused:
        return
    again = cells(played_again(played_again(file, reason), f"again {reason}"), "utf-8")
    assert [{name: cell for name, cell in row.items() if name != TRYBACK_COLUMN} for row in again] == before
