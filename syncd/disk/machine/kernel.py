"""What the kernel tells of its limits and its clock."""

import ctypes
from pathlib import Path

from syncd.core.machine import Clock, Inotify

UNSYNCHRONISED = 0x0040
"""STA_UNSYNC of adjtimex(2)."""

_LIBC = ctypes.CDLL(None, use_errno=True)
_SIZE = 512
"""More than any `struct timex` takes."""


def inotify() -> Inotify:
    """The limits of this user."""
    return Inotify(_number("max_user_watches"), _number("max_user_instances"))


def clock(zone: str) -> Clock:
    """The machine's clock, whose zone the caller knows."""
    return Clock(_synchronised(), zone)


def _number(name: str) -> int:
    try:
        return int(Path(f"/proc/sys/fs/inotify/{name}").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _synchronised() -> bool | None:
    # All zero: nothing is changed. Of struct timex come an int, three longs with their padding, then `status`.
    told = ctypes.create_string_buffer(_SIZE)
    if _LIBC.adjtimex(told) < 0:
        return None
    at = 5 * ctypes.sizeof(ctypes.c_long)
    status = ctypes.c_int.from_buffer(told, at).value
    return not status & UNSYNCHRONISED
