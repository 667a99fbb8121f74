"""The queues: files that wait, in the order in which they came, behind one of their name."""

import os
from pathlib import Path

from syncd.disk.durable import rename_new
from syncd.disk.handles import remove_empty

_MIDDLE = 10**12
"""The first number of a queue: there is room for ever on both sides."""


class Queues:
    """A folder with a queue for each path that has one: `folder/erp/users.csv/000001000000000001`.

    Numbers, not times, keep the order: clocks are set back.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, path: str) -> list[Path]:
        """The files that are queued under a name, in their order."""
        queue = self.folder / path
        try:  # besides there may be folders, with the queues of paths below this one
            return [queue / name for name in sorted(os.listdir(queue)) if name.isdecimal()]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def paths(self) -> set[str]:
        """The paths that have a queue."""
        folders = (folder for folder, _, names in os.walk(self.folder) if names)
        return {os.path.relpath(folder, self.folder) for folder in folders}

    def add(self, file: Path, path: str, *, first: bool = False) -> None:
        """Let a file wait behind all others of its name, or before them; raises `FileNotFoundError` if it is gone."""
        taken = [int(queued.name) for queued in self.of(path)] or [_MIDDLE]
        number, step = (min(taken), -1) if first else (max(taken), 1)
        while True:
            number += step
            target = self.folder / path / f"{number:018d}"
            target.parent.mkdir(mode=0o770, parents=True, exist_ok=True)
            try:
                return rename_new(file, target)
            except FileExistsError:
                continue
            except FileNotFoundError:
                if not os.path.lexists(file):
                    raise  # else the queue came to its end meanwhile, and its folder went

    def advance(self, path: str, target: Path) -> bool:
        """Let the first of a queue have the name `target`; whether there was one, and the name was free."""
        try:
            rename_new(self.of(path)[0], target)
        except (IndexError, FileExistsError, FileNotFoundError):
            return False
        remove_empty(self.folder, path)
        return True
