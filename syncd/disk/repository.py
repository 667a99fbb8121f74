"""The repository: command files that wait, run and queue, and what runs leave behind."""

import os
import shutil
import stat as modes
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from syncd.core.names import archive_name, is_tryback, numbered
from syncd.core.patterns import is_pattern, matches
from syncd.disk.durable import DRAFT, rename_new, sync_folder, write_whole
from syncd.disk.handles import parents
from syncd.disk.queues import Queues
from syncd.disk.staging import Staging
from syncd.disk.tree import copy_whole, files_below, is_folder, plain, remove_empty_tree
from syncd.errors import Fault, UsageError

RESERVED = ("archives", "reports")
ARCHIVES, REFUSED, SUPERSEDED, REPORTS = "archives", "archives/refused", "archives/superseded", "reports"
INCOMING, RUNNING, QUEUE = ".incoming", ".running", ".queue"

_COPY, _MOVED, _DEFERRED, _WORK = "copy", "moved", "deferred", "work"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A plain file of the repository that is no tryback: `path` within it, bytes, and mtime in nanoseconds.

    For a file that was dropped mtime is when its sender finished it, by this machine's clock.
    """

    path: str
    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class InRun:
    """A file that a run works on: `file` is where it lies now, `path` where it waited.

    `moved` tells whether it is the waiting file itself (it must be archived or given back) or a copy.
    """

    run: str
    path: str
    file: Path
    moved: bool


class Repository:
    """The tree of command files. One syncd alone works in it; people and other programs may put and move files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.staging = Staging(folder / INCOMING)
        self._queues = Queues(folder / QUEUE)

    def make(self) -> None:
        """Make the folders that a repository has; raises `OSError` when that can't be."""
        for name in (ARCHIVES, REFUSED, SUPERSEDED, REPORTS, INCOMING, RUNNING, QUEUE):
            (self.folder / name).mkdir(mode=0o770, parents=True, exist_ok=True)

    def tidy(self) -> None:
        """Remove what a crash leaves and nobody will ask for: drafts, and empty folders. For when no run is under way.

        Raises `Fault` when a folder of syncd lies on another disk: then nothing could be moved there in one step.
        """
        disk = os.stat(self.folder).st_dev
        for name in (ARCHIVES, REFUSED, SUPERSEDED, REPORTS, INCOMING, RUNNING, QUEUE):
            if os.stat(self.folder / name).st_dev != disk:
                raise Fault(
                    f"{self.folder / name} lies on another disk than {self.folder}: files are moved there in one step, "
                    "and that can't be done from disk to disk. Put the whole repository onto one disk."
                )
        for draft in (self.folder / INCOMING).glob(f".*{DRAFT}"):
            if not Path("/proc", draft.name.removeprefix(".").split("-")[0]).exists():
                draft.unlink(missing_ok=True)
        for run in set(os.listdir(self.folder / RUNNING)) - {one.run for one in self.running()}:
            self.forget(run)
        for claim in os.listdir(self.folder / INCOMING):
            self.staging.clear(claim)

    def inside(self, path: str, *, writable: bool) -> Path:
        """The file or folder of this name; raises `UsageError` for one that is outside, hidden, or syncd's own."""
        parts = [part for part in path.split("/") if part not in {"", "."}]
        if ".." in parts or any(part.startswith(".") for part in parts):
            raise UsageError(f"{path} is not a name within the repository: no part may be '..' or begin with a dot.")
        if writable and (not parts or parts[0] in RESERVED):
            raise UsageError(
                f"{path or 'the repository itself'} can't be changed: archives/ and reports/ belong to syncd; "
                "what is in them goes by its age (keep_archives, keep_reports)."
            )
        whole = self.folder.joinpath(*parts)
        if parts and not whole.parent.resolve().is_relative_to(self.folder.resolve()):
            raise UsageError(f"{path} leads out of the repository through a link.")
        return whole

    # Waiting files

    def waiting(self, pattern: str = "") -> list[Waiting]:
        """The files that wait, oldest first: those that a path or pattern means, or all of them."""
        if pattern and not is_pattern(pattern):
            one = plain(self.folder / pattern)
            return [Waiting(pattern, one.st_size, one.st_mtime_ns)] if one and self._within(pattern) else []
        found = [file for file in self._walk(self.folder, "") if not pattern or matches(pattern, file.path)]
        return sorted(found, key=lambda file: (file.modified, file.path))

    def _walk(self, folder: Path, prefix: str) -> Iterator[Waiting]:
        try:
            entries = list(os.scandir(folder))
        except (FileNotFoundError, PermissionError):  # somebody's private folder is no reason to stand still
            return
        for entry in entries:
            path = prefix + entry.name
            if entry.name.startswith(".") or path in RESERVED:
                continue
            with suppress(FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(folder / entry.name, path + "/") if self._within(path + "/") else ()
                elif entry.is_file(follow_symlinks=False) and not is_tryback(entry.name):
                    there = entry.stat(follow_symlinks=False)
                    yield Waiting(path, there.st_size, there.st_mtime_ns)

    def queued(self, path: str) -> list[Waiting]:
        """The files that wait behind one of this name, in their order."""
        found = (plain(file) for file in self._queues.of(path))
        return [Waiting(path, there.st_size, there.st_mtime_ns) for there in found if there]

    # Taking in

    def can_take(self, path: str) -> bool:
        """Whether a file can be placed under this name: no folder has it, and only folders lead to it."""
        return self._within(path) and not is_folder(self.folder / path)

    def _within(self, path: str) -> bool:
        """Whether what leads to a path are folders of the repository's own disk, or can be made; links lead out."""
        leading = parents(path)
        disk = os.stat(self.folder).st_dev if leading else 0
        for parent in leading:
            try:
                there = os.lstat(self.folder / parent)
            except FileNotFoundError:
                return not any(self._queues.of(one) for one in leading)
            if not modes.S_ISDIR(there.st_mode) or there.st_dev != disk:
                return False
        return True

    def place(self, claim: str, path: str, *, queue: bool, stamp: str) -> str:
        """Give a staged file its name, and return what became of an older one.

        "" (there was none), `queued` (this one waits behind it), or the name in `archives/superseded/` that the older
        one has now. A file whose name has become something else since `can_take` goes to `archives/refused/`.
        """
        staged, target = self.staging.file(claim, path), self.folder / path
        if not self.can_take(path):
            return self._set_aside(staged, REFUSED, stamp)
        target.parent.mkdir(mode=0o770, parents=True, exist_ok=True)
        if queue and self._queues.of(path):
            return self._queue(staged, path)
        superseded = ""
        while True:
            try:
                rename_new(staged, target)
                return superseded
            except FileExistsError:
                if queue:
                    return self._queue(staged, path)
                superseded = self._set_aside(target, SUPERSEDED, stamp) or superseded

    def sync_placed(self, paths: Iterable[str]) -> None:
        """Make the names of placed files survive a power cut."""
        queues = [f"{QUEUE}/{path}/" for path in paths if self._queues.of(path)]
        leading = {parent for path in [*paths, *queues] for parent in parents(path)}
        for folder in {"", SUPERSEDED} | leading:
            with suppress(FileNotFoundError, NotADirectoryError):  # moved away, or advanced, in the meantime
                sync_folder(self.folder / folder)

    def _queue(self, staged: Path, path: str) -> str:
        self._queues.add(staged, path)
        return "queued"

    def advance(self) -> list[str]:
        """Let the next one of each queue take its place, where that is free; returns the paths."""
        in_run = {run.path for run in self.running() if run.moved}
        free = [path for path in sorted(self._queues.paths() - in_run) if self.can_take(path)]
        for path in free:
            (self.folder / path).parent.mkdir(mode=0o770, parents=True, exist_ok=True)
        return [path for path in free if self._queues.advance(path, self.folder / path)]

    # Running

    def begin(self, run: str, path: str, *, copy: bool) -> InRun | None:
        """Hand a file to a run: out of the waiting place, or a copy of it. `None` when it is no longer there."""
        target = self.folder / RUNNING / run / (_COPY if copy else _MOVED) / path
        target.parent.mkdir(mode=0o770, parents=True, exist_ok=True)
        source = self.folder / path
        try:
            if not plain(source):
                raise FileNotFoundError
            if copy:
                copy_whole(source, target)
            else:
                rename_new(source, target)
        except FileNotFoundError:
            remove_empty_tree(self.folder / RUNNING / run)
            return None
        return InRun(run, path, target, moved=not copy)

    def workplace(self, run: str) -> Path:
        """A folder for what a run makes for itself, beside its file; whatever is left in it goes with the next call."""
        place = self.folder / RUNNING / run / _WORK
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o770)
        return place

    def running(self) -> list[InRun]:
        """The files that runs work on, or were working on when syncd was stopped."""
        top = self.folder / RUNNING
        return [
            InRun(run, path, top / run / how / path, moved=how == _MOVED)
            for run in (sorted(os.listdir(top)) if top.is_dir() else [])
            for how in (_MOVED, _COPY)
            for path in files_below(top / run / how)
        ]

    def give_back(self, file: InRun, *, queue: bool, stamp: str) -> str:
        """Let a file wait again as if it had never run; returns its new name if a newer one superseded it."""
        superseded = self._give_back(file.file, file.path, queue, stamp) if file.moved else ""
        self.forget(file.run)
        return superseded

    def _give_back(self, file: Path, path: str, queue: bool, stamp: str) -> str:
        target = self.folder / path
        while self.can_take(path):
            target.parent.mkdir(mode=0o770, parents=True, exist_ok=True)
            try:
                rename_new(file, target)
                return ""
            except FileExistsError:
                if not queue:
                    break
                with suppress(FileNotFoundError):  # the newer one went away again
                    self._queues.add(target, path, first=True)
        return self._set_aside(file, SUPERSEDED, stamp)

    def defer(self, file: InRun, pieces: Iterable[bytes]) -> None:
        """Write what of a run's file is to wait once more, out of sight, and in the place of what was written before.

        It counts as modified just after that file, so that of several files it has its turn when that had it.
        """
        target = self._deferred(file)
        target.unlink(missing_ok=True)
        target.parent.mkdir(mode=0o770, parents=True, exist_ok=True)
        write_whole(target, pieces, beside=self.folder / INCOMING)
        modified = os.lstat(file.file).st_mtime_ns + 1
        os.utime(target, ns=(modified, modified))

    def place_deferred(self, file: InRun, *, queue: bool, stamp: str) -> None:
        """Let what was deferred wait where its file did, in one atomic step; a newer file supersedes it.

        Once more, or where nothing was deferred, it does nothing.
        """
        deferred = self._deferred(file)
        if os.path.lexists(deferred) and not self._give_back(deferred, file.path, queue, stamp):
            sync_folder((self.folder / file.path).parent)

    def undefer(self, file: InRun) -> None:
        """Forget what was to wait once more."""
        self._deferred(file).unlink(missing_ok=True)

    def _deferred(self, file: InRun) -> Path:
        return self.folder / RUNNING / file.run / _DEFERRED / file.path

    def archive(self, file: InRun, archive: str) -> None:
        """Put a file that was run where it stays: one atomic step, the last of its run.

        `archive` is a name that `free` gave.
        """
        rename_new(file.file, self.folder / archive)
        sync_folder((self.folder / archive).parent)
        self.forget(file.run)

    def refuse(self, path: str, stamp: str) -> str:
        """Put a waiting file aside as refused; returns its new name, or "" when it is no longer there."""
        return self._set_aside(self.folder / path, REFUSED, stamp)

    def forget(self, run: str) -> None:
        """Remove a run's folder, and what was made for it."""
        for made in (_COPY, _DEFERRED):
            shutil.rmtree(self.folder / RUNNING / run / made, ignore_errors=True)
        remove_empty_tree(self.folder / RUNNING / run)

    def _set_aside(self, file: Path, folder: str, stamp: str) -> str:
        for candidate in _names(f"{folder}/{archive_name(stamp, file.name)}"):
            try:
                rename_new(file, self.folder / candidate)
            except FileExistsError:
                continue
            except FileNotFoundError:
                return ""
            sync_folder(self.folder / folder)
            return candidate
        raise AssertionError

    # What runs leave

    def free(self, names: Iterable[str]) -> int:
        """The least number that all of these paths can have together: 1 when none of them is taken."""
        names = tuple(names)
        return next(n for n in count(1) if not any(os.path.lexists(self.folder / numbered(name, n)) for name in names))

    def write(self, path: str, pieces: Iterable[bytes]) -> None:
        """Write a new file, whole or not at all; raises `FileExistsError` when the name is taken."""
        (self.folder / path).parent.mkdir(mode=0o770, parents=True, exist_ok=True)
        write_whole(self.folder / path, pieces, beside=self.folder / INCOMING)

    def leftovers(self, folder: str) -> list[tuple[str, float]]:
        """The files below `archives` or `reports` with their mtime, for retention."""
        found = {f"{folder}/{path}": plain(self.folder / folder / path) for path in files_below(self.folder / folder)}
        return [(path, there.st_mtime) for path, there in found.items() if there]

    def prune(self, paths: Iterable[str]) -> int:
        """Delete archives and reports; returns how many. Never anything else."""
        count = 0
        for path in paths:
            if path.split("/")[0] not in RESERVED or ".." in path.split("/"):
                raise Fault(f"{path} is no archive and no report: retention does not touch it")
            with suppress(FileNotFoundError):
                (self.folder / path).unlink()
                count += 1
        return count


def _names(name: str) -> Iterator[str]:
    return (numbered(name, n) for n in count(1))
