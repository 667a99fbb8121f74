"""What an account can do in a folder, tried for real, with hidden files that are gone again."""

import ctypes
import errno
import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

from syncd.core.machine import Trial

MOST = 200_000
"""Names in the drop folder that are looked at."""

_LIBC = ctypes.CDLL(None, use_errno=True)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_MAKE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
IN_CREATE, IN_CLOEXEC = 0x100, 0o2000000


def scratch_name() -> str:
    """A name that no look takes for an upload, and that nobody else has."""
    return f".syncd-doctor-{token_hex(6)}"


def try_folder(path: str, *, listen: bool = False) -> Mapping[str, Any]:
    """Look, make, rename, remove; `listen` asks for a watch as well."""
    refused: dict[str, str] = {}
    told: dict[str, Any] = {"refused": refused, "closed_above": _closed_above(path)}
    if told["closed_above"]:
        return told
    name = scratch_name()
    with _noting(refused, "look"):
        os.listdir(path)
    with _noting(refused, "write"):
        file = os.open(f"{path}/{name}", _MAKE, 0o600)
        try:
            told["skew"] = _skew(file)
            told["lease"] = _lease(file)
        finally:
            os.close(file)
        moved = f"{path}/{name}-moved"
        with _noting(refused, "rename"):
            os.rename(f"{path}/{name}", moved)
        with _noting(refused, "remove"), suppress(FileNotFoundError):
            os.unlink(moved)
        with suppress(OSError):
            os.unlink(f"{path}/{name}")
    if listen:
        told["inotify"] = _inotify(path)
    return told


def trial(told: Mapping[str, Any] | None) -> Trial:
    """What came back of `try_folder`, as a value."""
    return Trial(**told) if told is not None else Trial(answered=False)


def look_through(top: str) -> Mapping[str, Any]:
    """What of the drop folder's contents is closed to us."""
    closed: list[str] = []
    unreadable: list[str] = []
    seen = folders = 0
    for path, inner, files in os.walk(top):
        inner[:] = [name for name in inner if not _passed_over(name)]
        for name in inner:
            place = os.path.join(path, name)
            if not os.path.islink(place) and not os.access(place, os.R_OK | os.W_OK | os.X_OK):
                closed.append(os.path.relpath(place, top))
        for name in files:
            place = os.path.join(path, name)
            if not _passed_over(name) and not os.path.islink(place) and not os.access(place, os.R_OK):
                unreadable.append(os.path.relpath(place, top))
        folders += len(inner)
        seen += len(inner) + len(files)
        if seen > MOST:
            break
    return {"folders": folders, "closed": sorted(closed), "unreadable": sorted(unreadable), "whole": seen <= MOST}


def give(folder: int, name: str) -> Mapping[str, Any]:
    """As a sender does: make a file and a folder in the drop folder, of which we have a handle."""
    refused: dict[str, str] = {}
    with _noting(refused, "write"):
        file = os.open(name, _MAKE, 0o666, dir_fd=folder)
        os.write(file, b"syncd doctor\n")
        os.close(file)
    with _noting(refused, "make a folder"):
        os.mkdir(f"{name}-folder", 0o777, dir_fd=folder)
        os.close(os.open(f"{name}-folder/{name}", _MAKE, 0o666, dir_fd=folder))
    return refused


def take(top: str, name: str) -> Mapping[str, Any]:
    """As syncd does: read what a sender made, and take it out; out of its folder, too."""
    refused: dict[str, str] = {}
    for place in (f"{top}/{name}", f"{top}/{name}-folder/{name}"):
        with _noting(refused, "read"):
            os.close(os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC))
        with _noting(refused, "take"):
            os.rename(place, f"{top}/{name}-taken")
            os.unlink(f"{top}/{name}-taken")
    return refused


def clear(folder: int, name: str) -> None:
    """Remove what may be left of a trial, as root."""
    for left in (name, f"{name}-taken", f"{name}-folder/{name}"):
        with suppress(OSError):
            os.unlink(left, dir_fd=folder)
    with suppress(OSError):
        os.rmdir(f"{name}-folder", dir_fd=folder)


@contextmanager
def _noting(refused: dict[str, str], deed: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        refused.setdefault(deed, error.strerror or str(error))


def _closed_above(path: str) -> str:
    """The first folder on the way that we may not enter."""
    for above in [*reversed(Path(path).parents)]:
        if os.path.isdir(above) and not os.access(above, os.X_OK):
            return str(above)
    return ""


def _skew(file: int) -> float:
    """By how much the clock that stamps files is ahead of ours."""
    before = time.time()
    os.write(file, b"syncd doctor\n")
    os.fsync(file)
    stamped, after = os.fstat(file).st_mtime, time.time()
    # The kernel stamps by the last tick, some milliseconds ago.
    return min(stamped - before, 0.0) + max(stamped - after, 0.0)


def _lease(file: int) -> bool:
    """Whether a lease is refused while the file is open for writing, as it is now (fcntl(2))."""
    try:
        reader = os.open(f"/proc/self/fd/{file}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.fcntl(reader, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(reader)
    return False


def _inotify(path: str) -> str:
    """Why the kernel gives no watch; "" when it does."""
    listener = _LIBC.inotify_init1(IN_CLOEXEC)
    if listener < 0:
        return os.strerror(ctypes.get_errno())
    try:
        if _LIBC.inotify_add_watch(listener, os.fsencode(path), IN_CREATE) < 0:
            return os.strerror(ctypes.get_errno())
    finally:
        os.close(listener)
    return ""


def _passed_over(name: str) -> bool:
    return name[0] in "._"
