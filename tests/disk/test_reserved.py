"""A note whose room was taken before: written whole or not at all, on a full disk too."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.disk.reserved import ReservedNote
from tests.killing import with_disk

ROOM = 4_096
lines = st.binary(max_size=ROOM - 1).filter(lambda line: not set(line) & {0, ord("\n")})


@given(lines)
def test_what_was_noted_comes_back(line: bytes) -> None:
    """As often as it is read, by whoever."""
    with TemporaryDirectory() as folder:
        ReservedNote(Path(folder, "note")).reserve(ROOM)
        ReservedNote(Path(folder, "note")).write(line)
        assert [ReservedNote(Path(folder, "note")).read() for _ in range(2)] == [line, line]


@given(lines, st.integers(0, ROOM), st.integers(0, ROOM))
def test_a_note_that_was_written_in_part_is_none(line: bytes, first: int, last: int) -> None:
    """A power cut may leave any bytes of it unwritten: they are those of the room that was taken."""
    with TemporaryDirectory() as folder:
        note = ReservedNote(Path(folder, "note"))
        note.reserve(ROOM)
        note.write(line)
        with note.path.open("r+b") as file:
            file.seek(first)
            file.write(bytes(max(0, min(last, ROOM) - first)))
        missing = first < last and first <= len(line)
        assert note.read() == (None if missing else line)


def test_nothing_is_noted_before_it_is(tmp_path: Path) -> None:
    """Neither without a file, nor with room alone; and room that is taken again holds nothing of before."""
    note = ReservedNote(tmp_path / "note")
    assert note.read() is None
    note.reserve(ROOM)
    assert note.read() is None
    note.write(b"over")
    note.reserve(ROOM)
    assert note.read() is None
    note.forget()
    note.forget()
    assert not list(tmp_path.iterdir())


def test_it_is_for_the_eyes_of_syncd_alone(tmp_path: Path) -> None:
    """What programs write may name people."""
    note = ReservedNote(tmp_path / "note")
    note.reserve(ROOM)
    assert note.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.root
def test_a_full_disk_takes_a_note_whose_room_was_taken(tmp_path: Path) -> None:
    """And where there is no room to take, nothing is left behind."""

    def noting() -> None:
        note = ReservedNote(tmp_path / "note")
        note.reserve(100_000)
        with pytest.raises(OSError, match="No space"), (tmp_path / "filler").open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        note.write(b"x" * 90_000)
        assert note.read() == b"x" * 90_000
        with pytest.raises(OSError, match="No space"):
            ReservedNote(tmp_path / "another").reserve(100_000)
        assert sorted(file.name for file in tmp_path.iterdir()) == ["filler", "note"]

    with_disk(tmp_path, "1m", noting)
