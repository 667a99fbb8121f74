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
        self._state = state
        self._handles = [os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)]
        self._take(self._handles[0], state)
        for folder in folders:
            self._handles.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            self._take(self._handles[-1], folder)
        os.ftruncate(self._handles[0], 0)
        os.pwrite(self._handles[0], holder.encode(), 0)

    def _take(self, handle: int, folder: Path) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            who = os.pread(self._handles[0], 200, 0).decode(errors="replace").strip() or "another syncd"
            self.release()
            raise Fault(
                f"{folder} is in use by {who}. Two syncds must not share a folder: stop that one, or give this one "
                "folders of its own."
            ) from error
        except OSError:
            # Not every network file system locks folders; the state folder's lock is what must hold.
            if folder != self._state:
                return
            raise

    def release(self) -> None:
        """Let the next one have the folders."""
        for handle in self._handles:
            os.close(handle)
        self._handles = []
