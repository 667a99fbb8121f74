"""The room on the disks: what is free, and that a start waits for as much as it needs."""

import errno
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from syncd.core.alarms import Room
from syncd.daemon.trouble import Trouble
from syncd.notify import Notify

NEEDED = 256 * 1024
"""Bytes without which the ledger can't be opened, nor a lock be taken."""

RETRY = 2.0
"""Seconds between two looks."""


def wait_for_room(folders: Mapping[Path, str], notify: Notify, sleep: Callable[[float], None] = time.sleep) -> None:
    """Return once the disks of all these folders have room; what lacks is said in the log and to systemd.

    Each folder has what it is called. A start that failed would be tried a few times within a minute, and then no more.
    What is not there yet is looked for where it will be made. Whatever else is wrong with a folder, its first use says
    better.
    """
    trouble = Trouble(RETRY, folders)
    while full := next((folder for folder in folders if _full(folder)), None):
        trouble.met(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(full)))
        notify.status(f"waits for room: the disk of {full} is full")
        sleep(RETRY)
    trouble.over()


def room_of(folder: Path) -> Room:
    """What is free on a folder's disk for who is not root; raises `OSError` when the disk does not tell."""
    there = os.statvfs(folder)
    return Room(
        free=there.f_bavail * there.f_frsize,
        size=there.f_blocks * there.f_frsize,
        free_names=there.f_favail,
        names=there.f_files,
    )


def _full(folder: Path) -> bool:
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    try:
        room = room_of(there)
    except OSError:
        return False
    return room.free < NEEDED or (room.names > 0 and room.free_names == 0)
