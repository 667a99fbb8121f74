"""How a command file's bytes become rows."""

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.model import Row
from syncd.core.rows import RECORD_LENGTH, RECORD_LINES, rows
from syncd.core.table import CsvTable
from syncd.errors import FileRefused
from tests.core.command_files import MIB, cells, dialect_of, read, refusals, refused


def test_comments_and_blank_lines_are_passed_over_everywhere() -> None:
    """Lines that begin with one of the comment marks, blanks or not before it, are no rows."""
    file = b"# one\n\nusername;email\n\n(a;b\n[a;b\n-a;b\n/a;b\n  #a;b\n \t \n  x;y\nz;#z\n;;\n"
    assert [(row.line, row.cells["username"]) for row in read(file)] == [(11, "x"), (12, "z")]


def test_lines_passed_over_that_may_be_rows_are_told() -> None:
    """A short name that begins with a hyphen is lost without quotation marks: the report says where; # is no doubt."""
    file = b'-- export\nusername;email\n# x\n\n-a;b\n;;\n (a;b\n"-c";d\n' + b"/x;y\n" * 12
    table = CsvTable(dialect_of(file))
    for _ in range(2):
        assert [row.cells["username"] for row, _ in table.rows(io.BytesIO(file))] == ["-c"]
        (note,) = table.notes
        lines = "5, 7, 9, 10, 11, 12, 13, 14, 15, 16 and 4 more"
        assert note.startswith(f"14 lines were passed over as comments: lines {lines};")


def test_a_leading_tab_is_a_cell_where_tabs_separate() -> None:
    """In a tab-separated file a line that begins with a tab has an empty first cell."""
    assert cells(b"username\temail\n\t#x\n") == [{"username": "", "email": "#x"}]


def test_comment_marks_inside_a_quoted_cell_are_data() -> None:
    """A comment can only stand where a record begins."""
    assert cells(b'username;email\n"#x\n#y";z\n') == [{"username": "#x\n#y", "email": "z"}]


def test_raw_is_the_record_as_it_was_read() -> None:
    """Blanks, quotes and line ends inside a record are kept; only its own line end is not."""
    (row,) = read(b'username;email\r\n  "a\r\nb" ; c  \r\n')
    assert row == Row(2, {"username": "a\r\nb", "email": "c"}, '  "a\r\nb" ; c  ')


def test_the_escape_of_the_plugin_becomes_the_separator() -> None:
    """`&#44` and `&#44;` stand for the separator, whichever it is."""
    assert cells(b"username,email\na&#44b,c&#44;d\n") == [{"username": "a,b", "email": "c,d"}]
    assert cells(b'username;email\na&#44b;"c&#44;d"\n') == [{"username": "a;b", "email": "c;d"}]


def test_a_column_that_a_row_does_not_reach_is_absent() -> None:
    """A short row says nothing of its missing columns; an empty cell says empty."""
    assert cells(b"username;email;idnumber\nx;\n") == [{"username": "x", "email": ""}]
    file = b"username;email\na;b\na\na;\n"
    assert [row.short for row, _ in rows(io.BytesIO(file), dialect_of(file))] == [False, True, False]


def test_one_column_is_said_in_the_singular() -> None:
    """A refusal is a plain sentence."""
    file = b"username;\na;b\n"
    ((_, refusal),) = rows(io.BytesIO(file), dialect_of(file))
    assert refusal
    assert refusal.reason == "the row has 2 cells, but the header has 1 column"


def test_surplus_cells_are_refused_only_where_they_hold_something() -> None:
    """Separators at the end of a row do no harm; a value that belongs to no column does, and is not repeated."""
    file = b"username;email\na;b;;\na;b;c\na;b\n"
    assert refusals(file) == ["", "too-many-cells", ""]
    assert all(not refusal.value for _, refusal in rows(io.BytesIO(file), dialect_of(file)) if refusal)


def test_a_last_row_that_breaks_off_is_said() -> None:
    """A short last row without a line end is cut off; with one, it is only short."""
    assert refusals(b"username;email\na;b\nc") == ["", "cut-off"]
    assert refusals(b"username;email\na;b\nc\n") == ["", ""]
    assert refusals(b"username;email\na\nc;d") == ["", ""]


def test_an_open_quote_is_named_by_the_line_on_which_it_opens() -> None:
    """Not the record's first line, nor the file's last: the one that must be mended."""
    assert refused(b'username;email\na;b\n"c\nd";"e\nf;g\n') == ("quote-open", 4)
    assert refused(b'username;email\n"a') == ("quote-open", 2)
    assert refused(b'username;email\r\nx;y\r\na;"b\r\n\r\n') == ("quote-open", 3)


def test_a_forgotten_quote_does_not_fill_the_memory() -> None:
    """A record ends at a number of lines or characters, long before the file does."""
    file = b'username;email\na;"b\n'
    assert refused(file + b"c;d\n" * RECORD_LINES) == ("quote-open", 2)
    assert refused(file + b"c" * (RECORD_LENGTH // 2) + b"\n" + b"d" * RECORD_LENGTH + b"\n") == ("quote-open", 2)
    assert refused(b"username;email\nx;y\n" + b"c" * (RECORD_LENGTH + 2 * MIB)) == ("not-text", 3)
    assert refused(b"#" + b"c" * (RECORD_LENGTH + 2 * MIB)) == ("not-text", 1)


def test_cells_may_be_long() -> None:
    """Neither the plugin's 1,023 bytes nor the csv module's 128 KiB limit a cell."""
    long = "x" * (2 * MIB)
    assert cells(f"username;email\n{long};y\n".encode()) == [{"username": long, "email": "y"}]


def test_bytes_that_changed_since_they_were_recognised_are_refused() -> None:
    """Bytes that no longer are what they were are not guessed at."""
    dialect = dialect_of("username;email\né;y\n".encode())
    with pytest.raises(FileRefused) as refusal:
        list(rows(io.BytesIO(b"username;email\n\xe9;y\n"), dialect))
    assert refusal.value.code == "replaced"


# A first cell that is not blank, so that no record is passed over.
CELL = st.text(st.sampled_from('ab é;,"\n\r\x0b\u2028#'), max_size=6)
RECORDS = st.lists(
    st.tuples(CELL.map(lambda cell: f"x{cell}"), st.lists(CELL, min_size=0, max_size=2)).map(
        lambda record: [record[0], *record[1]]
    ),
    max_size=8,
)


def written(records: list[list[str]], newline: str) -> Iterator[tuple[int, str]]:
    """Each record's first line and text, with a comment and a blank line before it."""
    line = 1
    for record in records:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=";", lineterminator=newline, quoting=csv.QUOTE_ALL).writerow(record)
        comment = f"# comment{newline}{newline}"
        yield line + 2 + 1, comment + text.getvalue()
        line += sum(1 for _ in io.StringIO(comment + text.getvalue(), newline=""))


@given(RECORDS, st.sampled_from(["\n", "\r\n", "\r"]))
def test_every_record_is_read_once_with_its_line_and_cells(records: list[list[str]], newline: str) -> None:
    """Law: the rows are the records, in order, each on the line where it stands, whatever its cells hold."""
    pieces = list(written(records, newline))
    header = ("username", "email", "idnumber")
    file = (";".join(header) + newline + "".join(text for _, text in pieces)).encode()
    found = read(file)
    assert [row.line for row in found] == [line for line, _ in pieces]
    assert [row.cells for row in found] == [
        dict(zip(header, map(str.strip, record), strict=False)) for record in records
    ]
    assert "".join(f"# comment{newline}{newline}{row.raw}{newline}" for row in found) == "".join(
        text for _, text in pieces
    )


@given(st.text(st.sampled_from('ab;"# \n'), max_size=40))
def test_line_ends_of_each_kind_mean_the_same(body: str) -> None:
    """Law: whatever a file holds, LF, CR and CRLF give the same rows on the same lines, or the same refusal."""

    def seen(newline: str) -> object:
        try:
            file = ("username;email\n" + body).replace("\n", newline).encode()
            return [
                (row.line, {name: cell.replace(newline, "\n") for name, cell in row.cells.items()})
                for row in read(file)
            ]
        except FileRefused as refusal:
            return refusal.code, refusal.line

    assert seen("\n") == seen("\r\n") == seen("\r")


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Law: no byte sequence does anything but give rows or a refusal."""
    for file in (body, b"username;email\n" + body):
        try:
            read(file)
        except FileRefused as refusal:
            assert refusal.code


def test_text_after_a_closing_quote_refuses_its_row() -> None:
    """A lenient reader would glue it on; within one line, the next row is still known."""
    file = b'username;email\n"a"x;b\nc;"d" \ne;12" wide\n'
    assert refusals(file) == ["quote-wrong", "", ""]
    assert cells(file)[1:] == [{"username": "c", "email": "d"}, {"username": "e", "email": '12" wide'}]


def test_stray_quotes_never_merge_rows() -> None:
    """Two of them would make one row of several, and give one account what is said of another."""
    assert refused(b'username;firstname;email\nzz;"A;zz@x.org\nzy;"Z";zy@x.org\n') == ("quote-wrong", 2)


def test_blanks_around_a_cell_are_removed_also_inside_quotation_marks() -> None:
    """Kinds never see them, and nobody is told; blanks within a cell stay."""
    (row,) = read(b'username;password;city\n  ana ;" Se same "; \n')
    assert row.cells == {"username": "ana", "password": "Se same", "city": ""}
