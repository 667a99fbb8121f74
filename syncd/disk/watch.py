"""The watch: wakes the loop when something happens in the drop folder, and steps aside in a storm."""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Literal

from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

from syncd.disk.canary import CANARY
from syncd.disk.mounts import MOUNTS, mount_of

HEARD = Mask(
    InotifyConstants.IN_CREATE
    | InotifyConstants.IN_MODIFY
    | InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_ATTRIB
    | InotifyConstants.IN_MOVE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_ONLYDIR
    | InotifyConstants.IN_DONT_FOLLOW
)

OVERFLOW = 16_384
"""Events that the kernel's queue holds (inotify(7), max_queued_events)."""

FAREWELL = 5.0
"""Seconds that the thread of a watch has to end."""

_ids = count(1)
_CANARY = os.fsencode(CANARY)


class Watch:
    """Tells that something happened in a folder, or in the sub-folders that it is told to cover, never what.

    `wake` is called from watchdog's thread at most once between two calls of `heard`. The counts let the loop see a
    storm. This uses watchdog's thread on the inotify handle and not its Observer, which holds events back for half a
    second behind each file that is moved out, as every claim does, and loses most of a storm.
    """

    def __init__(self, folder: Path, *, hold_file: str, wake: Callable[[], None]) -> None:
        self._folder = folder
        self._listener = _Listener(os.fsencode(hold_file), wake)
        self._inotify: InotifyFD | None = None
        self._identity = (0, 0)
        self._covered: dict[str, tuple[WatchDescriptor, CallbackId]] = {}

    @property
    def armed(self) -> bool:
        """Whether events are listened to at present."""
        return self._inotify is not None

    def arm(self) -> None:
        """Listen. Raises `OSError` when the folder is gone or the kernel has no watch left (max_user_watches)."""
        self.disarm()
        self._listener.gone()  # of the watches that were disarmed
        self._identity = _identity(self._folder)
        inotify = InotifyFD()
        try:
            self._covered = {"": self._add(inotify, "")}
        finally:
            inotify.start()  # only a running thread can be stopped, and lets go of its handle
            self._inotify = inotify
            if not self._covered:
                self.disarm()

    def cover(self, folders: Iterable[str]) -> bool:
        """Listen in these sub-folders, and in no others; whether one is new, so that things may have happened there
        unheard.

        Raises `OSError` when the kernel has no watch left.
        """
        if self._inotify is None:
            return False
        wanted = {"", *folders}
        self._forget_gone()
        self._forget([path for path in self._covered if path not in wanted])
        new = wanted - self._covered.keys()
        for path in new:
            with suppress(FileNotFoundError, NotADirectoryError):  # the next look will tell
                self._covered[path] = self._add(self._inotify, path)
        return bool(new)

    def _forget_gone(self) -> None:
        if gone := self._listener.gone():
            tops = [path for path, (watch, _) in self._covered.items() if watch in gone]
            # With a folder that was moved went those below it, which are not told.
            self._forget([path for path in self._covered if any(f"{path}/".startswith(f"{top}/") for top in tops)])

    def _forget(self, paths: Iterable[str]) -> None:
        forgotten = [self._covered.pop(path) for path in paths]
        if self._inotify and forgotten:
            self._inotify.remove_callbacks(forgotten)

    def _add(self, inotify: InotifyFD, path: str) -> tuple[WatchDescriptor, CallbackId]:
        # The drop folder itself may be a link, and with "/" at its end is not taken for one.
        place, name = os.fsencode(self._folder) + b"/" + os.fsencode(path), CallbackId(next(_ids))
        return inotify.add_callback(place, HEARD, self._listener, name), name

    def disarm(self) -> None:
        """Stop listening; looking goes on without."""
        if self._inotify is not None:
            self._inotify.stop()
            self._inotify.join(FAREWELL)
            self._inotify = None
        self._covered = {}

    def alive(self) -> bool:
        """Whether the armed watch still watches what now has the folder's name."""
        if self._inotify is None or not self._inotify.is_alive():
            return False
        self._forget_gone()
        if "" not in self._covered:  # a folder that is removed and made again may get the same inode
            return False
        try:
            return _identity(self._folder) == self._identity
        except OSError:
            return False

    def heard(self) -> int:
        """How many events came since the last call; the next one wakes again."""
        return self._listener.heard()

    def expect(self, canary: str) -> None:
        """A canary of this name is about to fly."""
        self._listener.expect(os.fsencode(canary))

    def heard_expected(self) -> float | None:
        """When the canary was heard that was expected last, in seconds of the monotonic clock; `None`: not yet."""
        return self._listener.heard_at


class _Listener:
    """Counts events and wakes once. Never raises: an exception would end watchdog's thread for good."""

    def __init__(self, hold_file: bytes, wake: Callable[[], None]) -> None:
        self._hold_file = hold_file
        self._wake = wake
        self._count = 0
        self._woken = False
        self._canary = b""
        self.heard_at: float | None = None
        self._gone: SimpleQueue[int] = SimpleQueue()

    def on_event(self, event: InotifyEvent) -> None:
        # Nearly all that is moved out is what syncd claims; the hold file may be moved too.
        if event.is_moved_from and event.name != self._hold_file:
            return
        if event.name.startswith(_CANARY) and not self._heard_canary(event.name):
            return
        if event.is_move_self:
            self._gone.put(event.wd)
        self._count += 1
        if not self._woken:
            self._woken = True
            self._wake()

    def _heard_canary(self, name: bytes) -> bool:
        """Whether it is the one that is expected, and this the first that is told of it; its end is no news."""
        if name != self._canary:
            return False
        self._canary, self.heard_at = b"", time.monotonic()
        return True

    def expect(self, canary: bytes) -> None:
        self.heard_at = None
        self._canary = canary

    def on_queue_overflow(self) -> None:
        # So much was lost that it was a storm.
        self._count += OVERFLOW
        self._wake()

    def on_watch_deleted(self, wd: int) -> None:
        self._gone.put(wd)

    def gone(self) -> set[int]:
        """The watches whose folders were removed or moved since the last call."""
        found = set()
        with suppress(Empty):
            while True:
                found.add(self._gone.get_nowait())
        return found

    def heard(self) -> int:
        self._woken = False
        count, self._count = self._count, 0
        return count


def _identity(folder: Path) -> tuple[int, int]:
    stat = folder.stat()
    return stat.st_dev, stat.st_ino


def means(folder: Path, wanted: Literal["auto", "inotify", "poll"], mounts: str = MOUNTS) -> str:
    """How to notice: `inotify`, or `poll` where it was asked for or the folder lies on a network file system."""
    if wanted != "auto":
        return wanted
    return "poll" if mount_of(folder, mounts).network else "inotify"
