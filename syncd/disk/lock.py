"""One syncd for each state folder, drop folder and repository."""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from syncd.errors import Fault


class Lock:
    """Held from `__init__` to `release`, or to the end of the process, however it ends (flock(2))."""

    def __init__(self, state: Path, folders: Sequence[Path], holder: str) -> None:
        """Raises `Fault` that says who holds the lock. `holder` is what the others will be told."""
        self._handles: list[int] = []
        try:
            self._take_state(state, holder)
            for folder in folders:
                self._take_folder(folder)
        except BaseException:
            self.release()
            raise

    def _take_state(self, state: Path, holder: str) -> None:
        handle = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        self._handles.append(handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            who = os.pread(handle, 200, 0).decode(errors="replace").strip()
            raise _in_use(state, who or "another syncd") from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, holder.encode(), 0)

    def _take_folder(self, folder: Path) -> None:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._handles.append(handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _in_use(folder, "a syncd with another state folder") from error
        except OSError:
            # Not every network file system locks folders; the state folder's lock is what must hold.
            return

    def release(self) -> None:
        """Let the next one have the folders."""
        for handle in self._handles:
            os.close(handle)
        self._handles = []


def _in_use(folder: Path, who: str) -> Fault:
    return Fault(
        f"{folder} is in use by {who}. Two syncds must not share a folder: stop that one, or give this one folders of "
        "its own."
    )
