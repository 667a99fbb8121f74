"""Writing files whole or not at all, and never over another."""

import ctypes
import errno
import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

AT_FDCWD = -100
RENAME_NOREPLACE = 1
FICLONE = 0x40049409
PIECE = 1 << 20

DRAFT = ".draft"
"""How the name of a file that is being written ends; it begins with a dot and the number of the process."""

_renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
_numbers = count()


@dataclass(frozen=True, slots=True)
class Digest:
    """How many bytes there are, and their SHA-256 in hexadecimal."""

    size: int
    sha256: str


@contextmanager
def named(path: str | Path) -> Iterator[None]:
    """Let each `OSError` tell where it was met: what a handle is refused has no name, or one within a folder.

    A whole path that it has already says more, and stays.
    """
    try:
        yield
    except OSError as error:
        if not isinstance(error.filename, str | bytes) or not os.path.isabs(error.filename):
            error.filename = os.fspath(path)
        raise


def rename_new(
    source: str | Path, target: str | Path, *, source_folder: int = AT_FDCWD, target_folder: int = AT_FDCWD
) -> None:
    """Rename in one atomic step, raising `FileExistsError` rather than replace anything (renameat2(2)).

    The folders are directory handles that relative names start from. Raises `OSError` as rename(2) does.
    """
    if _renameat2(source_folder, os.fsencode(source), target_folder, os.fsencode(target), RENAME_NOREPLACE) == 0:
        return
    code = ctypes.get_errno()
    if code != errno.EINVAL:
        raise OSError(code, os.strerror(code), os.fsdecode(source), None, os.fsdecode(target))
    # The file system knows no RENAME_NOREPLACE (NFS, some FUSE): a link refuses to replace as well.
    src = None if source_folder == AT_FDCWD else source_folder
    dst = None if target_folder == AT_FDCWD else target_folder
    os.link(source, target, src_dir_fd=src, dst_dir_fd=dst, follow_symlinks=False)
    os.unlink(source, dir_fd=src)


def sync_folder(folder: str | Path | int) -> None:
    """Make the names in a folder survive a power cut (fsync(2) on the directory)."""
    if isinstance(folder, int):
        os.fsync(folder)
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with named(folder):
            os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(path: Path, pieces: Iterable[bytes], beside: Path) -> None:
    """Write a new file of these bytes: under a hidden name in `beside`, synced, then renamed to `path`.

    Raises `FileExistsError` when the name is taken; a half-written file never has the name.
    """
    draft = beside / f".{os.getpid()}-{next(_numbers)}{DRAFT}"
    try:
        with named(draft), draft.open("wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        rename_new(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def replace_whole(path: Path, content: bytes, *, synced: bool = False) -> None:
    """Put this content in the place of a file's old one, for everybody to read: readers find the one or the other.

    Unless it is `synced`, after a power cut neither may be there.
    """
    draft = path.with_name(f".{path.name}{DRAFT}")  # always the same: a kill leaves one behind, not many
    try:
        with named(draft), draft.open("wb") as file:
            file.write(content)
            if synced:
                file.flush()
                os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def copy_bytes(source: int, target: int, size: int) -> Digest:
    """Copy an open file into an open empty one, sync it, and return what was copied.

    The digest is of the bytes that the copy holds, so it stays true whatever happens to the source. Shares the blocks
    where the file system can (FICLONE, copy_file_range(2)); a small file is read once. `size` is only a hint.
    """
    if size <= PIECE:
        return _copy_by_reading(source, target)
    if not _cloned(source, target):
        _copy_in_kernel(source, target)
    os.fsync(target)
    return digest(target)


def digest(file: int) -> Digest:
    """Size and SHA-256 of an open file, from its beginning, in flat memory; leaves the handle at its end."""
    os.lseek(file, 0, os.SEEK_SET)
    sha256, size = hashlib.sha256(), 0
    while piece := os.read(file, PIECE):
        sha256.update(piece)
        size += len(piece)
    return Digest(size, sha256.hexdigest())


def _copy_by_reading(source: int, target: int) -> Digest:
    sha256, size = hashlib.sha256(), 0
    while piece := os.read(source, PIECE):
        sha256.update(piece)
        size += len(piece)
        written = memoryview(piece)
        while written:
            written = written[os.write(target, written) :]
    os.fsync(target)
    return Digest(size, sha256.hexdigest())


def _cloned(source: int, target: int) -> bool:
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError:
        return False
    return True


def _copy_in_kernel(source: int, target: int) -> None:
    try:
        while os.copy_file_range(source, target, 1 << 30):
            pass
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}:
            raise
        _copy_by_reading(source, target)
