"""The canary: a hidden file that is gone again at once, made so that a watch has something to tell of."""

import os
import stat as modes
from contextlib import suppress
from itertools import count
from pathlib import Path

from syncd.disk.handles import opened

CANARY = ".syncd-canary-"
"""How the names of canaries begin; like all hidden names they are never taken in."""

_numbers = count(1)


def hatched() -> str:
    """A name that no canary had before."""
    return f"{CANARY}{os.getpid():x}-{next(_numbers):x}-{os.urandom(4).hex()}"


def fly(folder: Path, name: str) -> None:
    """Make a canary in a folder, and remove it. Raises `OSError` when that can't be done."""
    with opened(folder) as root:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        os.close(os.open(name, flags, 0o600, dir_fd=root))
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=root)


def clear(folder: Path) -> None:
    """Remove what an earlier process, that was killed, left of its canaries: empty files of our own alone."""
    with opened(folder) as root, os.scandir(root) as entries:
        for name in [entry.name for entry in entries if entry.name.startswith(CANARY)]:
            with suppress(FileNotFoundError):
                there = os.stat(name, dir_fd=root, follow_symlinks=False)
                if modes.S_ISREG(there.st_mode) and there.st_uid == os.geteuid() and not there.st_size:
                    os.unlink(name, dir_fd=root)
