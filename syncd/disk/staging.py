"""Copies on their way into the repository, out of everybody's sight until they are placed."""

import os
from collections.abc import Iterable
from pathlib import Path

from syncd.disk.durable import Digest, copy_bytes, named, sync_folder
from syncd.disk.handles import parents
from syncd.disk.tree import files_below, remove_empty_tree


class Staging:
    """A folder with one for each claim, whose files lie as they will in the repository: `CLAIM/erp/users.csv`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, claim: str, path: str) -> Path:
        """Where a copy lies."""
        return self.folder / claim / path

    def stage(self, claim: str, path: str, source: int, size: int, modified: int) -> Digest:
        """Copy an open file in, so that it survives a power cut."""
        staged = self.file(claim, path)
        staged.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = os.open(staged, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
        try:
            with named(staged):
                copied = copy_bytes(source, target, size)
                os.utime(target, ns=(modified, modified))
        finally:
            os.close(target)
        return copied

    def unstage(self, claim: str, path: str) -> None:
        """Forget a staged copy."""
        self.file(claim, path).unlink(missing_ok=True)

    def staged(self) -> list[tuple[str, str]]:
        """The claims and paths that are staged and not placed, as a crash leaves them."""
        claims = os.listdir(self.folder) if self.folder.is_dir() else []
        return [(claim, path) for claim in claims for path in files_below(self.folder / claim)]

    def sync(self, claim: str, paths: Iterable[str]) -> None:
        """Make the names of staged files survive a power cut."""
        top = self.folder / claim
        for folder in {top / parent for path in paths for parent in parents(path)} | {top, top.parent}:
            sync_folder(folder)

    def clear(self, claim: str) -> None:
        """Remove what is left of a claim's staging folder once nothing is in it."""
        remove_empty_tree(self.folder / claim)
