"""Writing whole or not at all, and never over another."""

import ctypes
import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.disk import durable
from syncd.disk.durable import PIECE, copy_bytes, digest, rename_new, sync_folder, write_whole
from tests.killing import killed, with_disk

BIG = bytes(range(256)) * 8192  # 2 MiB


@pytest.fixture(params=["renameat2", "link"])
def _means(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that can rename without replacing, and one that can't (as NFS)."""

    def can_not(*_: object) -> int:
        ctypes.set_errno(errno.EINVAL)
        return -1

    if request.param == "link":
        monkeypatch.setattr(durable, "_renameat2", can_not)


@pytest.mark.usefixtures("_means")
class TestRename:
    """What `rename_new` promises, whatever the file system can."""

    def test_a_name_that_is_free_is_taken(self, tmp_path: Path) -> None:
        """The file has its new name, and the old one no more."""
        (tmp_path / "a").write_bytes(b"rows")
        rename_new(tmp_path / "a", tmp_path / "b")
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b": b"rows"}

    @pytest.mark.parametrize("taken", ["file", "folder", "link", "dangling link"])
    def test_nothing_is_ever_replaced(self, tmp_path: Path, taken: str) -> None:
        """Whatever has the name keeps it, and the source stays."""
        (tmp_path / "a").write_bytes(b"rows")
        match taken:
            case "file":
                (tmp_path / "b").write_bytes(b"other")
            case "folder":
                (tmp_path / "b").mkdir()
            case "link":
                (tmp_path / "b").symlink_to("a")
            case _:
                (tmp_path / "b").symlink_to("nowhere")
        before = (tmp_path / "b").lstat()
        with pytest.raises(FileExistsError):
            rename_new(tmp_path / "a", tmp_path / "b")
        assert (tmp_path / "a").read_bytes() == b"rows"
        assert (tmp_path / "b").lstat() == before

    def test_a_source_that_is_gone_is_an_error(self, tmp_path: Path) -> None:
        """It names both paths."""
        with pytest.raises(FileNotFoundError) as error:
            rename_new(tmp_path / "a", tmp_path / "b")
        assert (error.value.filename, error.value.filename2) == (str(tmp_path / "a"), str(tmp_path / "b"))

    def test_a_link_is_moved_and_not_followed(self, tmp_path: Path) -> None:
        """What is renamed is the name."""
        (tmp_path / "a").symlink_to("nowhere")
        rename_new(tmp_path / "a", tmp_path / "b")
        assert os.readlink(tmp_path / "b") == "nowhere"

    def test_names_are_relative_to_handles(self, tmp_path: Path) -> None:
        """Each name has a folder of its own, and is kept byte for byte."""
        name = "caf\udce9\n.csv"
        (tmp_path / "from").mkdir()
        (tmp_path / "to").mkdir()
        (tmp_path / "from" / name).write_bytes(b"rows")
        source, target = (os.open(tmp_path / folder, os.O_RDONLY) for folder in ("from", "to"))
        try:
            rename_new(name, name, source_folder=source, target_folder=target)
        finally:
            os.close(source)
            os.close(target)
        assert os.listdir(os.fsencode(tmp_path / "to")) == [b"caf\xe9\n.csv"]


def test_from_disk_to_disk_is_an_error(tmp_path: Path) -> None:
    """Nothing is copied in secret: a rename is one step, or none."""
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_dir() or shared_memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second disk")
    (tmp_path / "a").write_bytes(b"rows")
    with pytest.raises(OSError, match="cross-device") as error:
        rename_new(tmp_path / "a", shared_memory / f"syncd-test-{os.getpid()}")
    assert error.value.errno == errno.EXDEV


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    """From its pieces, and nothing is left beside it."""
    write_whole(tmp_path / "report.txt", [b"one ", b"", b"two"], beside=tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"report.txt": b"one two"}


def test_a_file_is_never_written_over_another(tmp_path: Path) -> None:
    """The name's owner keeps it, and the draft goes."""
    (tmp_path / "report.txt").write_bytes(b"older")
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "report.txt", [b"newer"], beside=tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"report.txt": b"older"}


def test_an_error_half_way_leaves_nothing(tmp_path: Path) -> None:
    """A report whose making fails is not there at all."""

    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("the other half can't be made")

    with pytest.raises(RuntimeError):
        write_whole(tmp_path / "report.txt", pieces(), beside=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_kill_half_way_never_leaves_half_a_file(tmp_path: Path) -> None:
    """At each deed: the name is there with all its bytes, or it is not there."""
    target = tmp_path / "report.txt"

    def writing() -> None:
        write_whole(target, [b"x" * 100_000] * 3, beside=tmp_path)

    step = 0
    while killed(writing, step, after=True):
        assert not target.exists() or target.stat().st_size == 300_000
        target.unlink(missing_ok=True)
        step += 1
    assert step > 2 and target.stat().st_size == 300_000


@pytest.mark.root
def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """The error says so, and the draft does not take what is left of the room."""

    def writing() -> None:
        with pytest.raises(OSError, match="No space left"):
            write_whole(tmp_path / "report.txt", [b"x" * 100_000] * 100, beside=tmp_path)
        assert list(tmp_path.iterdir()) == []

    with_disk(tmp_path, "256k", writing)


@pytest.mark.parametrize("name", ["n" * 255, "\u4e2d" * 85, "caf\udce9.txt"])
def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path, name: str) -> None:
    """The draft has a short name of its own, however many bytes each character has."""
    write_whole(tmp_path / name, [b"rows"], beside=tmp_path)
    assert (tmp_path / name).read_bytes() == b"rows"


def test_two_files_at_once_have_two_drafts(tmp_path: Path) -> None:
    """One written while another is being made, of the same name in another folder, does not meet it."""
    (tmp_path / "a").mkdir()

    def pieces() -> Iterator[bytes]:
        yield b"outer"
        write_whole(tmp_path / "a" / "users.csv", [b"inner"], beside=tmp_path)

    write_whole(tmp_path / "users.csv", pieces(), beside=tmp_path)
    assert (tmp_path / "users.csv").read_bytes() == b"outer"
    assert (tmp_path / "a" / "users.csv").read_bytes() == b"inner"


@pytest.mark.parametrize("content", [b"", b"rows", b"x" * PIECE, b"x" * (PIECE + 1), BIG])
@pytest.mark.parametrize("hint", [0, 10**9], ids=["said to be small", "said to be big"])
def test_a_copy_has_the_bytes_and_their_hash(tmp_path: Path, content: bytes, hint: int) -> None:
    """By reading or by the kernel; the size that was told is only a hint."""
    (tmp_path / "a").write_bytes(content)
    with (tmp_path / "a").open("rb") as source, (tmp_path / "b").open("w+b") as target:
        copied = copy_bytes(source.fileno(), target.fileno(), hint)
    assert (tmp_path / "b").read_bytes() == content
    assert (copied.size, copied.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_a_copy_from_disk_to_disk_has_the_bytes(tmp_path: Path) -> None:
    """Where the kernel can't share or copy, they are read and written."""
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_dir():
        pytest.skip("there is no second disk")
    source = shared_memory / f"syncd-test-{os.getpid()}"
    try:
        source.write_bytes(BIG)
        with source.open("rb") as reading, (tmp_path / "b").open("w+b") as target:
            assert copy_bytes(reading.fileno(), target.fileno(), len(BIG)).sha256 == hashlib.sha256(BIG).hexdigest()
        assert (tmp_path / "b").read_bytes() == BIG
    finally:
        source.unlink(missing_ok=True)


@given(st.binary(max_size=1000))
def test_a_digest_is_of_the_whole_file(content: bytes) -> None:
    """Law: wherever the handle stood."""
    handle = os.memfd_create("file")
    try:
        os.write(handle, content)
        assert digest(handle) == digest(handle)
        assert digest(handle).sha256 == hashlib.sha256(content).hexdigest()
    finally:
        os.close(handle)


def test_a_folder_is_synced_by_path_or_by_handle(tmp_path: Path) -> None:
    """A file is no folder, whatever names it."""
    sync_folder(tmp_path)
    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        sync_folder(handle)
    finally:
        os.close(handle)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        sync_folder(tmp_path / "file")
