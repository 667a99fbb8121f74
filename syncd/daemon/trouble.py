"""What the machine refuses to one part of the daemon: said when it comes and when it is over, and not between."""

import os

from syncd import logs
from syncd.core.names import shown
from syncd.errors import Fault

log = logs.get()


class Trouble:
    """Nothing, or what a disk, a folder or the ledger refuses at present; `text` is it in a sentence.

    A full disk fails now on this file and now on that: it is one trouble as long as it is of one kind.
    """

    def __init__(self, tries_every: float) -> None:
        self.text = ""
        self._kind: object = None
        self._tries_every = tries_every

    def __bool__(self) -> bool:
        return bool(self.text)

    def met(self, error: Exception) -> bool:
        """It was met, or is still there; whether it is new. What is not the machine's the caller has to say."""
        kind = error.errno if isinstance(error, OSError) else type(error)
        new = not self or kind != self._kind
        text = _sentence(error)
        if new and isinstance(error, OSError | Fault):
            log.error("disk.full", reason=text, tries_every=self._tries_every)
        self.text, self._kind = text, kind
        return new

    def over(self) -> None:
        """What was tried worked."""
        if self:
            log.info("disk.mended", was=self.text)
            self.text = ""


def _sentence(error: Exception) -> str:
    """The kernel's own words, with the file that they are about, where it is known."""
    if isinstance(error, OSError) and error.strerror:
        named = isinstance(error.filename, str | bytes)  # a number where it was reached by a handle
        return f"{error.strerror}: {shown(os.fsdecode(error.filename))}" if named else error.strerror
    return str(error) or type(error).__name__
