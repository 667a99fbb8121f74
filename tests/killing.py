"""Work in a process of its own, and its end at one of the deeds by which it changes a disk."""

import builtins
import ctypes
import fcntl
import io
import os
import signal
import sqlite3
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from syncd.disk import durable

Deed = Callable[..., Any]

NOBODY = 65534
"""An account that owns nothing."""

_MAY_NOT = 77
_CLONE_NEWNS, _MS_REC, _MS_PRIVATE = 0x20000, 1 << 14, 1 << 18

OF_OS = (
    "chmod",
    "copy_file_range",
    "fchmod",
    "fsync",
    "ftruncate",
    "link",
    "mkdir",
    "pwrite",
    "remove",
    "rename",
    "replace",
    "rmdir",
    "unlink",
    "utime",
    "write",
)


@contextmanager
def ending(step: int, end: Callable[[], None], *, after: bool) -> Iterator[None]:
    """Call `end` before, or after, deed number `step` from 0, and before each one that comes later."""
    numbers = count()
    undo: list[tuple[Any, str, Any]] = []

    def counted(deed: Deed, matters: Deed = lambda *_, **__: True, lose: Deed = lambda _: None) -> Deed:
        def counting(*arguments: Any, **options: Any) -> Any:
            number = next(numbers) if matters(*arguments, **options) else -1
            if number > step or (number == step and not after):
                end()
            result = deed(*arguments, **options)
            if number == step and after:
                lose(result)
                end()
            return result

        return counting

    def replace(place: Any, name: str, deed: Any) -> None:
        undo.append((place, name, getattr(place, name)))
        setattr(place, name, deed)

    class Counting(sqlite3.Connection):
        execute = counted(sqlite3.Connection.execute, _changes)
        executemany = counted(sqlite3.Connection.executemany)
        executescript = counted(sqlite3.Connection.executescript)

    connect = sqlite3.connect
    try:
        for name in OF_OS:
            replace(os, name, counted(getattr(os, name)))
        # A handle that nobody gets to know is closed: when a process ends, none stays open.
        replace(os, "open", counted(os.open, _creates, os.close))
        replace(io, "open", counted(io.open, _writes, io.IOBase.close))
        replace(builtins, "open", counted(builtins.open, _writes, io.IOBase.close))
        replace(fcntl, "ioctl", counted(fcntl.ioctl))
        replace(durable, "_renameat2", counted(durable._renameat2))
        replace(sqlite3, "connect", lambda *arguments, **options: connect(*arguments, factory=Counting, **options))
        yield
    finally:
        for place, name, deed in reversed(undo):
            setattr(place, name, deed)


def _creates(_path: object, flags: int, *_: object, **__: object) -> bool:
    return bool(flags & os.O_CREAT)


def _writes(_path: object, mode: str = "r", *_: object, **__: object) -> bool:
    return not set(mode).isdisjoint("wax+")


def _changes(_connection: object, statement: str, *_: object) -> bool:
    return not statement.startswith(("SELECT", "PRAGMA"))


def killed(work: Callable[[], None], step: int, *, after: bool) -> bool:
    """Do some work in a process that kills itself at this deed; whether the work is so long."""

    def end() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def mortal() -> None:
        with ending(step, end, after=after):
            work()

    status = _done_apart(mortal)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    assert status == 0, f"the work failed at deed {step}; see what it wrote"
    return False


def apart(work: Callable[[], None]) -> None:
    """Do some work in a process of its own, whose threads and handles go with it."""
    assert _done_apart(work) == 0, "the work failed; see what it wrote"


def as_nobody(work: Callable[[], None]) -> None:
    """Do some work in a process that may do nothing but what everybody may; only root can."""

    def humbly() -> None:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        work()

    apart(humbly)


def with_disk(folder: Path, size: str, work: Callable[[], None]) -> None:
    """Do some work in a process for which `folder` is an empty disk of this size; only root can, and not everywhere."""
    libc = ctypes.CDLL(None, use_errno=True)

    def mounted() -> None:
        if (
            libc.unshare(_CLONE_NEWNS)
            or libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None)
            or libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, f"size={size},mode=777".encode())
        ):
            os._exit(_MAY_NOT)
        work()

    status = _done_apart(mounted)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == _MAY_NOT:
        pytest.skip("this machine does not let us mount a disk")
    assert status == 0, "the work failed; see what it wrote"


def _done_apart(work: Callable[[], None]) -> int:
    sys.stdout.flush()
    with warnings.catch_warnings():
        # From 3.12 on forking beside threads warns: the child may meet a lock that nobody holds any more. None of
        # those threads is syncd's.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)
