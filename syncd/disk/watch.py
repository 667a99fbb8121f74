"""The watch: wakes the loop when something happens in the drop folder, and steps aside in a storm."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

NETWORK = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "ceph", "glusterfs", "fuse.glusterfs", "lustre", "afs", "virtiofs")
"""File systems on which inotify(7) sees only what this machine does."""


class Watch:
    """Tells that something happened below a folder, never what.

    `wake` is called from watchdog's thread at most once between two calls of `heard`. The counts let the loop see a
    storm. An armed watch says nothing about a folder that was replaced or mounted over: ask `alive`.
    """

    def __init__(self, folder: Path, *, recursive: bool, deaf_to: str, wake: Callable[[], None]) -> None:
        self._folder = folder
        self._recursive = recursive
        self._handler = _Listener(os.fsencode(folder / deaf_to), wake)
        self._observer: BaseObserver | None = None
        self._identity = (0, 0)

    @property
    def armed(self) -> bool:
        """Whether events are listened to at present."""
        return self._observer is not None

    def arm(self) -> None:
        """Listen. Raises `OSError` when the folder is gone or the kernel has no watch left (max_user_watches)."""
        self.disarm()
        observer = Observer()
        observer.schedule(self._handler, str(self._folder), recursive=self._recursive)
        self._identity = _identity(self._folder)
        observer.start()
        self._observer = observer

    def disarm(self) -> None:
        """Stop listening; looking goes on without."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(timeout=5)
            self._observer = None

    def alive(self) -> bool:
        """Whether the armed watch still watches what now has the folder's name."""
        if self._observer is None or not self._observer.is_alive():
            return False
        try:
            return _identity(self._folder) == self._identity and all(
                emitter.is_alive() for emitter in self._observer.emitters
            )
        except OSError:
            return False

    def heard(self) -> int:
        """How many events came since the last call; the next one wakes again."""
        return self._handler.heard()


class _Listener(FileSystemEventHandler):
    """Counts events and wakes once. Never raises: an exception would end watchdog's thread for good."""

    def __init__(self, deaf_to: bytes, wake: Callable[[], None]) -> None:
        self._deaf_to = os.fsdecode(deaf_to)
        self._wake = wake
        self._count = 0
        self._woken = False

    def on_any_event(self, event: FileSystemEvent) -> None:
        # What syncd itself does to claimed files, and readers, are no news.
        if event.event_type in {"opened", "closed_no_write"} or os.fsdecode(event.src_path).startswith(self._deaf_to):
            return
        self._count += 1
        if not self._woken:
            self._woken = True
            self._wake()

    def heard(self) -> int:
        self._woken = False
        count, self._count = self._count, 0
        return count


def _identity(folder: Path) -> tuple[int, int]:
    stat = folder.stat()
    return stat.st_dev, stat.st_ino


def means(folder: Path, wanted: Literal["auto", "inotify", "poll"], mounts: str = "/proc/self/mountinfo") -> str:
    """How to notice: `inotify`, or `poll` where it was asked for or the folder lies on a network file system."""
    if wanted != "auto":
        return wanted
    return "poll" if _file_system(folder, mounts).startswith(NETWORK) else "inotify"


def _file_system(folder: Path, mounts: str) -> str:
    device = os.stat(folder).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    with open(mounts, encoding="utf-8", errors="surrogateescape") as lines:
        # proc(5): "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
        kinds = {fields[2]: fields[fields.index("-") + 1] for fields in map(str.split, lines) if "-" in fields}
    return kinds.get(number, "")
