"""How a command file is written: encodings, separators and headers."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.rows import Encoding
from syncd.errors import FileRefused
from tests.core.command_files import MIB, cells, dialect_of, read, refused


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (b"", "utf-8"),
        (b"", "windows-1252"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
def test_each_encoding_is_recognised(mark: bytes, codec: str) -> None:
    """Whatever the encoding, the same text gives the same cells."""
    file = mark + "username;firstname\r\nhélène;Ünal – €\r\n".encode(codec)
    assert dialect_of(file).encoding == codec
    assert cells(file) == [{"username": "hélène", "firstname": "Ünal – €"}]


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252", "utf-16"])
def test_a_set_encoding_is_obeyed(encoding: Encoding) -> None:
    """A setting decides how bytes are read, with a byte order mark or without."""
    assert cells("username;firstname\nx;é\n".encode(encoding), encoding)[0]["firstname"] == "é"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_read_when_it_is_set(codec: str) -> None:
    """The header's first byte tells the two orders of UTF-16 apart."""
    assert cells("username;firstname\nx;é\n".encode(codec), "utf-16")[0]["firstname"] == "é"


def test_a_byte_that_windows_1252_lacks_makes_it_latin_1() -> None:
    """Bytes that are neither UTF-8 nor windows-1252 are read as ISO-8859-1, which has them all."""
    file = b"username;firstname\nx;\xe9\x81\n"
    assert dialect_of(file).encoding == "iso-8859-1"


def test_a_byte_broken_in_utf_8_is_named_by_its_line() -> None:
    """Text that is UTF-8 elsewhere is refused at the byte that isn't, before or after it."""
    assert refused("username;firstname\nx;é\n".encode() + b"y;\xe9\n") == ("encoding", 3)
    assert refused(b"username;firstname\ny;\xe9\n" + "x;é\n".encode()) == ("encoding", 2)
    assert refused(b"username;firstname\ny;\xe9\n", "utf-8") == ("encoding", 2)
    assert refused(codecs.BOM_UTF8 + b"username;firstname\nx;\xe9\n") == ("encoding", 2)
    assert refused(b"username;firstname\nx;\x81\n", "windows-1252") == ("encoding", 2)
    assert refused(codecs.BOM_UTF16_LE + "username;x\na;b\n".encode("utf-16-le") + b"\x00\xdcx\x00") == ("encoding", 3)


def test_a_mark_that_contradicts_the_setting_is_refused() -> None:
    """A byte order mark is never read as text."""
    assert refused(codecs.BOM_UTF8 + b"username\nx\n", "iso-8859-1") == ("encoding", 1)
    assert refused("username\nx\n".encode("utf-16"), "utf-8") == ("encoding", 1)


def test_a_file_that_ends_inside_a_character_is_cut_off() -> None:
    """Half a character at the very end is an upload that broke off."""
    assert refused("username;firstname\né;é".encode()[:-1]) == ("cut-off", 2)
    assert refused(codecs.BOM_UTF16_BE + "username;firstname\nx;y".encode("utf-16-be")[:-1]) == ("cut-off", 2)


def test_a_lone_latin_1_letter_at_the_very_end_is_text() -> None:
    """Without other UTF-8, a last byte that could begin a character is a windows-1252 letter."""
    assert cells(b"username;firstname\nx;Andr\xe9") == [{"username": "x", "firstname": "André"}]


def test_nul_bytes_are_no_text() -> None:
    """A binary file is refused at the line of its first NUL byte."""
    assert refused(b"username;firstname\nx;y\nx;\0\n") == ("not-text", 3)


def test_a_header_in_windows_1252_keeps_its_letters() -> None:
    """The header is decoded as the whole file is."""
    assert dialect_of(b"username;pr\xe9nom\nx;y\n").header == ("username", "prénom")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), st.integers(0, 10))
def test_any_text_survives_each_unicode_encoding(value: str, before: int) -> None:
    """Law: a quoted value comes back as it was written, stripped, wherever it lies in the file."""
    row = '"' + value.replace('"', '""') + '"'
    file = "username;firstname\n" + "x;é\n" * before + f"x;{row}\n"
    for codec, mark in (("utf-8", b""), ("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE)):
        found = cells(mark + file.encode(codec))[before]["firstname"]
        assert found == value.strip().replace("&#44;", ";").replace("&#44", ";")


@pytest.mark.parametrize("shift", range(-3, 3))
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_nothing_is_torn_where_a_piece_ends(shift: int, newline: str) -> None:
    """Characters and line ends that lie across two reads of the file come out whole."""
    header = f"username;firstname{newline}x;"
    file = header + "a" * (MIB - len(header) - 1 + shift) + f"é{newline}é;é{newline}"
    first, second = read(file.encode())
    assert first.cells["firstname"].endswith("aé")
    assert (second.line, second.raw) == (3, "é;é")


# Separators and headers


@pytest.mark.parametrize("separator", [",", ";", "\t", ":"])
def test_each_separator_is_sniffed(separator: str) -> None:
    """The separator is found from the header, and splits the rows."""
    file = separator.join(("username", "firstname", "lastname")) + "\n" + separator.join("abc") + "\n"
    assert dialect_of(file.encode()).separator == separator
    assert cells(file.encode()) == [{"username": "a", "firstname": "b", "lastname": "c"}]


def test_known_names_outweigh_the_number_of_cells() -> None:
    """The separator that finds more of the known columns is right, though another makes more cells."""
    assert dialect_of(b"username;firstname;a,b,c,d\n").separator == ";"


def test_a_separator_in_quotes_does_not_count() -> None:
    """Only what stands outside quotes is sniffed."""
    assert dialect_of(b'"x;y;z",username\n').header == ("x;y;z", "username")


def test_a_single_column_needs_no_separator() -> None:
    """A list of user names is a file of one column."""
    assert dialect_of(b"username\nx\n").separator == ","


def test_a_set_separator_is_obeyed() -> None:
    """What is set is not sniffed."""
    assert dialect_of(b"a,b\tc\n", separator="tab").header == ("a,b", "c")


def test_names_are_stripped_and_in_lower_case() -> None:
    """Spelling a column name with capitals or blanks makes no difference; empty columns at the end are dropped."""
    assert dialect_of(b'  UserName ; "FirstName" ;;\n').header == ("username", "firstname")


def test_a_header_that_misleads_is_refused() -> None:
    """A column twice, a column without a name and an open quote are refused at the header's line."""
    assert refused(b"# list\nusername;email;email\nx;y;z\n") == ("column-twice", 2)
    assert refused(b"username;;email\n") == ("column-unknown", 1)
    assert refused(b'username;"email\nx;y\n') == ("quote-open", 1)


@pytest.mark.parametrize("file", [b"", b"\n\r\n", b"# nobody\n", b"  # nobody", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_a_file_without_a_header_is_empty(file: bytes) -> None:
    """No bytes, or only blanks and comments, are refused as empty."""
    assert refused(file) == ("empty", 0)


def test_a_header_without_rows_is_no_error_here() -> None:
    """Whether a file may have no row is for its reader to say."""
    assert read(b"username;firstname\n") == []


def test_the_case_of_other_columns_is_kept() -> None:
    """Moodle's own short names tell small letters from capitals."""
    assert dialect_of(b"USERNAME;Profile_X\n").header == ("username", "Profile_X")


@pytest.mark.parametrize("file", [b"ana;Ana;Sesame1*;Sesame1*\n", b"ana;;Sesame1*;x\n", b'ana;Sesame1*;"x\n'])
def test_a_forgotten_header_tells_no_password(file: bytes) -> None:
    """Where the header should be stands the first row, and what is said of it goes into logs and reports."""
    with pytest.raises(FileRefused) as refusal:
        read(file)
    assert "Sesame1" not in repr(vars(refusal.value)) + str(refusal.value)


def test_a_header_of_very_many_columns_is_refused_at_once() -> None:
    """It is no command file; looking for doubles in it must not take longer than reading it."""
    names = ";".join(f"c{number}" for number in range(200_000))
    assert refused(f"{names};c1\n".encode()) == ("columns-many", 1)
