"""A note whose room on the disk is taken before it is needed: a full disk can't keep it from being written."""

import os
from pathlib import Path

from syncd.disk.durable import named, sync_folder

_END = b"\n"


class ReservedNote:
    """One line in a file of its own, mode 0600. What was written in part counts as not written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def reserve(self, room: int) -> None:
        """Take so many bytes of the disk, and forget what was noted before; raises `OSError` when there are fewer."""
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with named(self.path):
                os.posix_fallocate(handle, 0, room)  # where blocks are copied on writing, those taken so are not
        except OSError:
            self.forget()  # on a full disk every byte counts
            raise
        finally:
            os.close(handle)

    def write(self, line: bytes) -> None:
        """Note a line, without its end, so that it survives a power cut."""
        handle = os.open(self.path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            with named(self.path):
                os.pwrite(handle, line + _END, 0)
                os.fsync(handle)
        finally:
            os.close(handle)
        sync_folder(self.path.parent)

    def read(self) -> bytes | None:
        """What was noted, `None` when nothing was."""
        try:
            line, end, _ = self.path.read_bytes().partition(_END)
        except FileNotFoundError:
            return None
        return line if end and b"\0" not in line else None

    def forget(self) -> None:
        """Give the room back."""
        self.path.unlink(missing_ok=True)
