"""What the machine refuses to one part of the daemon: said when it comes and when it is over, and not between."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from syncd import logs
from syncd.core.names import shown
from syncd.errors import Fault, LedgerFault

log = logs.get()

ROOM = (
    "Make room there, on its disk: df shows how much is left, df -i the same of names, quota what an account may use."
)

RIGHTS = "Give syncd's account the right to read and write there; ReadWritePaths= of the unit may lack the folder."

CURES = {
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.EFBIG: "A file may not be as large as this on that disk, or for this account (ulimit -f).",
    errno.EROFS: "Its disk can only be read: dmesg tells why. If it is sound, ReadWritePaths= lacks the folder.",
    errno.EIO: "Its disk has an error: look into dmesg, and have the disk looked at.",
    errno.ENOENT: "Something there was taken away, or is not mounted: bring it back.",
    errno.EACCES: RIGHTS,
    errno.EPERM: RIGHTS,
}
"""What to do about the errors of a folder."""

ANY_CURE = "Look at the folder and at its disk: df and dmesg tell more."

UNWRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
"""What keeps syncd from writing alone."""


class Trouble:
    """Nothing, or what a disk, a folder or the ledger refuses at present; `text` is it in a sentence.

    A full disk fails now on this file and now on that: it is one trouble as long as it is of one kind, in one of the
    `folders`, each of which has what it is called: "the repository".
    """

    def __init__(self, tries_every: float, folders: Mapping[Path, str] | None = None) -> None:
        self.text = ""
        self._folder = ""
        self._kind: object = None
        self._tries_every = tries_every
        self._folders = {str(folder): name for folder, name in (folders or {}).items()}

    def __bool__(self) -> bool:
        return bool(self.text)

    def met(self, error: Exception) -> bool:
        """It was met, or is still there; whether it is new. What is not the machine's the caller has to say."""
        folder = self._folder_of(error)
        kind = (error.errno if isinstance(error, OSError) else type(error), folder if folder in self._folders else "")
        new = not self or kind != self._kind
        text = self._sentence(error, folder)
        if new and isinstance(error, OSError | Fault):
            cure = _cure(error)
            log.error("disk.full", folder=folder or None, reason=text, cure=cure, tries_every=self._tries_every)
        self.text, self._kind, self._folder = text, kind, folder
        return new

    def over(self) -> None:
        """What was tried worked."""
        if self:
            log.info("disk.mended", folder=self._folder or None, was=self.text)
            self.text = ""

    def _folder_of(self, error: Exception) -> str:
        """The folder of syncd that an error is about."""
        found = _file(error) if isinstance(error, OSError) else getattr(error, "folder", "")
        holding = [folder for folder in self._folders if Path(found).is_relative_to(folder)]
        return max(holding, key=len, default=found)

    def _sentence(self, error: Exception, folder: str) -> str:
        """The kernel's own words, with the folder that they are about, and the file where that tells more."""
        if not isinstance(error, OSError) or not error.strerror:
            return str(error) or type(error).__name__
        name = f"{self._folders[folder]} {folder}" if folder in self._folders else folder or self._some_folder()
        if error.errno in UNWRITTEN:
            return f"nothing can be written to {shown(name)}: {error.strerror}"
        file = _file(error).removeprefix(folder).lstrip("/")
        return f"{shown(name)} can't be used: {error.strerror}{f' ({shown(file)})' if file else ''}"

    def _some_folder(self) -> str:
        named = (f"{name} {folder}" for folder, name in self._folders.items())
        return f"one of syncd's folders ({', '.join(named)})" if self._folders else "one of syncd's folders"


def _file(error: OSError) -> str:
    """The file or folder that an error is about; a number stands there where it was reached by a handle."""
    return os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""


def _cure(error: Exception) -> str | None:
    if isinstance(error, OSError):
        return CURES.get(error.errno or 0, ANY_CURE)
    if isinstance(error, LedgerFault):
        return ROOM if str(error).endswith("disk is full") else ANY_CURE
    return None  # the sentence has it
