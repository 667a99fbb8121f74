"""Files and folders of a tree that others may change at any moment."""

import os
import stat as modes
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from syncd.disk.durable import Digest, copy_bytes, digest, named, rename_new


def plain(file: Path) -> os.stat_result | None:
    """A plain file as it stands; `None` for anything else, and for what nobody lets us see."""
    try:
        there = os.lstat(file)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    return there if modes.S_ISREG(there.st_mode) else None


def is_folder(file: Path) -> bool:
    """Whether there is a folder of this name; a link to one is none."""
    try:
        return modes.S_ISDIR(os.lstat(file).st_mode)
    except FileNotFoundError:
        return False


def digest_of(file: Path) -> Digest:
    """Size and hash of a file; raises `OSError` when it is a link or can't be read."""
    with _reading(file) as handle:
        return digest(handle)


def head(file: Path, size: int) -> bytes:
    """The first bytes of a file; raises `OSError` when it is a link or can't be read."""
    with _reading(file) as handle:
        return os.read(handle, size)


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file, no link followed; the copy has its name only once it is whole.

    Raises `OSError` as the disk does, and `FileExistsError` when the name is taken.
    """
    with _reading(source) as reading:
        # Under a hidden name until it is whole: a copy found at start-up is one that can be run.
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=".")
        try:
            with named(target):
                os.fchmod(handle, 0o640)
                copy_bytes(reading, handle, os.fstat(reading).st_size)
            rename_new(draft, target)
        except BaseException:
            os.unlink(draft)  # on a full disk every byte counts
            raise
        finally:
            os.close(handle)


@contextmanager
def _reading(file: Path) -> Iterator[int]:
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


def files_below(top: Path) -> list[str]:
    """The files below a folder that are not hidden, relative to it; none when it does not exist."""
    return [
        os.path.relpath(os.path.join(folder, name), top)
        for folder, _, names in os.walk(top)
        for name in sorted(names)
        if not name.startswith(".")
    ]


def remove_empty_tree(top: Path) -> None:
    """Remove the folders below one, and itself, that hold no file."""
    for folder, _, _ in os.walk(top, topdown=False):
        with suppress(OSError):
            os.rmdir(folder)
