"""The room that a start needs: on a full disk it waits."""

import errno
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

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


def _full(folder: Path) -> bool:
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    try:
        found = os.statvfs(there)
    except OSError:
        return False
    # A file system that counts no inodes says that it has none.
    return found.f_bavail * found.f_frsize < NEEDED or (found.f_files > 0 and found.f_favail == 0)
