"""The drop folder: looking at it, and claiming what is finished, through directory handles alone."""

import errno
import fcntl
import os
import stat as modes
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from syncd.core.patterns import any_of
from syncd.core.settle import Sighting
from syncd.disk.durable import named, rename_new
from syncd.disk.handles import opened, parents, remove_empty, walked
from syncd.errors import Fault

CLAIMS = ".syncd"
"""The hidden folder, inside the drop folder's own file system, that claimed files are renamed into."""

RESERVED = frozenset({"archives", "reports"})

DEEPEST, LONGEST = 32, 768
"""How many folders may lie in one another, and bytes in the path of one: more would not fit into the repository's own
paths (PATH_MAX), and whoever looks must come to an end."""

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_numbers = count()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A file that nobody else can take any more, open for reading: `path` as it was dropped, by the claim `claim`.

    The inode is still the sender's, who may have it open and go on writing.
    """

    claim: str
    path: str
    file: int
    seen: Sighting
    finished: int
    """When its sender was done with it, by this machine's clock, in nanoseconds; the claim itself moves its ctime."""

    def moved(self) -> bool:
        """Whether somebody changed the file since it was claimed, or has it open for writing now."""
        return not _sighting(self.path, os.fstat(self.file)).same(self.seen) or written_to(self.file)


@dataclass(frozen=True, slots=True)
class Left:
    """A file that could not be claimed: the obstacle, or "" when it only has to settle again."""

    sighting: Sighting
    obstacle: str


class Drop:
    """The drop folder. Every method raises `OSError` when the folder itself can't be used."""

    def __init__(self, folder: Path, *, recursive: bool, hold_file: str, ignore: Sequence[str]) -> None:
        self.folder = folder
        self._recursive = recursive
        self._hold_file = hold_file
        self._ignore = any_of(list(ignore))
        self.folders: list[str] = []
        """The sub-folders that the last look went into."""

    def held_since(self) -> float | None:
        """When the sender's hold file was last touched, in seconds since 1970; `None` while there is none."""
        if not self._hold_file:
            return None
        try:
            return os.lstat(self.folder / self._hold_file).st_ctime
        except FileNotFoundError:
            return None

    def look(self) -> list[Sighting]:
        """Everything in the folder that is not to be ignored; what can't be taken has its obstacle."""
        self.folders = []
        with named(self.folder), opened(self.folder) as root:
            return list(self._look(root, "", top=True))

    def look_at_claims(self) -> list[Sighting]:
        """What is claimed and not yet in the repository; its path begins with the claim."""
        with suppress(FileNotFoundError), named(self.folder), self._claims() as claims:
            return [_sighting(path, stat) for _, found in walked(claims) for path, stat in found.items()]
        return []

    def _look(self, folder: int, prefix: str, *, top: bool = False) -> Iterator[Sighting]:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name[0] in "._" or (self._ignore and self._ignore.match(name)) or (top and name == self._hold_file):
                    continue
                path = prefix + name
                with suppress(FileNotFoundError):  # it went away between the two looks
                    if top and name in RESERVED:
                        yield _sighting(path, entry.stat(follow_symlinks=False), "reserved")
                    elif entry.is_dir(follow_symlinks=False):
                        if self._recursive:
                            yield from self._look_into(folder, name, path)
                    else:
                        yield _sighting(path, entry.stat(follow_symlinks=False))

    def _look_into(self, folder: int, name: str, path: str) -> Iterator[Sighting]:
        if path.count("/") >= DEEPEST or len(os.fsencode(path)) > LONGEST:
            yield _sighting(path, os.stat(name, dir_fd=folder, follow_symlinks=False), "too-deep")
            return
        try:
            with opened(folder, name) as inner:
                self.folders.append(path)
                yield from self._look(inner, path + "/")
        except PermissionError:
            yield _sighting(path, os.stat(name, dir_fd=folder, follow_symlinks=False), "closed-folder")
        except OSError as error:
            if error.errno not in {errno.ENOTDIR, errno.ELOOP}:  # swapped for something else: the next look will tell
                raise

    # Claiming

    def claim(self, sightings: Iterable[Sighting], stack: ExitStack) -> list[Claimed | Left]:
        """Take files away from their senders, into one new claim; those that went away are passed over.

        `stack` closes the handles. A file that changed since it was seen, or that somebody has open for writing, is
        left to settle again. The claim survives a power cut: else a file that is in the repository already might come
        back under its old name, as a new one.
        """
        found = []
        with named(self.folder), opened(self.folder) as root, self._claims(make=True) as claims:
            claim = _new_claim()
            os.mkdir(claim, 0o700, dir_fd=claims)
            with opened(claims, claim) as top:
                folders = {""}
                for sighting in sightings:
                    folders |= set(parents(sighting.path))
                    with suppress(FileNotFoundError):  # it went away: nothing to claim
                        found.append(_claim(sighting, root, top, claim, stack))
                for path in sorted(folders, reverse=True):
                    _sync_or_remove(top, path)
            os.fsync(claims)
            remove_empty(claims, claim)
        return found

    def reopen(self, sightings: Iterable[Sighting], stack: ExitStack) -> list[Claimed]:
        """Open files that were claimed before, as `look_at_claims` saw them.

        What turns out to be no file that can be read is put back under its own name, where that is free.
        """
        found = []
        with named(self.folder), self._claims(make=True) as claims:
            for sighting in sightings:
                claim, _, path = sighting.path.partition("/")
                with suppress(FileNotFoundError):
                    try:
                        file = _plain_file(claims, sighting.path, stack)
                    except OSError as error:
                        if error.errno not in _UNREADABLE:
                            raise
                        self._put_back(claims, claim, path)
                    else:
                        ours = _sighting(path, os.fstat(file))
                        found.append(Claimed(claim, path, file, ours, ours.changed))
        return found

    def give_back(self, one: Claimed) -> Sighting | None:
        """Put a claimed file back under its own name; how it looks there, or `None` where the name is taken."""
        with named(self.folder), self._claims(make=True) as claims:
            return _sighting(one.path, os.fstat(one.file)) if self._put_back(claims, one.claim, one.path) else None

    def _put_back(self, claims: int, claim: str, path: str) -> bool:
        parent, _, name = path.rpartition("/")
        held = f"{claim}/{parent}".rstrip("/")
        try:
            with opened(self.folder) as root, opened(claims, held) as source, opened(root, parent) as target:
                rename_new(name, name, source_folder=source, target_folder=target)
        except OSError as error:
            # A newer one has the name, or the sender made the folder something else: this one stays claimed.
            if error.errno not in {errno.EEXIST, errno.ENOENT, *_UNREADABLE}:
                raise
            return False
        remove_empty(claims, held)
        return True

    def release(self, claimed: Iterable[Claimed]) -> None:
        """Remove claimed files whose bytes are in the repository.

        One that was written to since is another arrival: it goes to a claim of its own, to settle there.
        """
        changed, emptied = [], set()
        with named(self.folder), self._claims(make=True) as claims:
            for one in claimed:
                if one.moved():
                    changed.append(one)
                    continue
                parent, _, name = f"{one.claim}/{one.path}".rpartition("/")
                with suppress(FileNotFoundError), opened(claims, parent) as folder:
                    os.unlink(name, dir_fd=folder)
                emptied.add(parent)
            for parent in emptied:
                remove_empty(claims, parent)
        self.claim_again(changed)

    def claim_again(self, claimed: Iterable[Claimed]) -> None:
        """Move claimed files to claims of their own, as files that have yet to be taken in."""
        with named(self.folder), self._claims(make=True) as claims:
            for one in claimed:
                parent, _, name = one.path.rpartition("/")
                old, new = (f"{claim}/{parent}".rstrip("/") for claim in (one.claim, _new_claim()))
                with opened(claims, old) as source, opened(claims, new, make=True) as target:
                    rename_new(name, name, source_folder=source, target_folder=target)
                remove_empty(claims, old)

    def clear_claims(self) -> None:
        """Remove the folders of claims that hold nothing any more."""
        with suppress(FileNotFoundError), named(self.folder), self._claims() as claims:
            for path, _ in reversed(list(walked(claims))):
                remove_empty(claims, path)

    @contextmanager
    def _claims(self, *, make: bool = False) -> Iterator[int]:
        """A handle on the claims folder; raises `Fault` when it is not a real folder of ours."""
        with ExitStack() as stack:
            root = stack.enter_context(opened(self.folder))
            if make:
                with suppress(FileExistsError):
                    os.mkdir(CLAIMS, 0o700, dir_fd=root)
            try:
                claims = stack.enter_context(opened(root, CLAIMS))
            except OSError as error:
                if error.errno in _UNREADABLE:
                    raise _not_ours(self.folder / CLAIMS) from error
                raise
            there = os.fstat(claims)
            if there.st_uid != os.geteuid():
                raise _not_ours(self.folder / CLAIMS)
            if modes.S_IMODE(there.st_mode) & 0o077:
                os.fchmod(claims, 0o700)
            yield claims


def _new_claim() -> str:
    return f"{time.time_ns():x}-{os.getpid():x}-{next(_numbers):x}"


def written_to(file: int) -> bool:
    """Whether somebody has the file open for writing, as far as the kernel tells us.

    A read lease is refused while there is a writer (fcntl(2), F_SETLEASE); only the file's owner, or CAP_LEASE, may
    ask. The daemon ignores SIGIO, which a broken lease sends.
    """
    try:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


_UNREADABLE = {
    errno.EACCES: "unreadable",
    errno.EPERM: "unreadable",
    # Swapped for a link or a pipe, or one of its folders was: the next look will tell.
    errno.ELOOP: "",
    errno.ENXIO: "",
    errno.ENOTDIR: "",
}
"""Errors in opening one file, each with its obstacle. Any other is the disk's."""

_UNMOVABLE = {errno.EACCES: "unmovable", errno.EPERM: "unmovable", errno.EXDEV: "other-disk"}
"""Errors in renaming one file, each with its obstacle. Any other is the disk's."""


def _claim(sighting: Sighting, root: int, top: int, claim: str, stack: ExitStack) -> Claimed | Left:
    parent, _, name = sighting.path.rpartition("/")
    with ExitStack() as ours:
        try:
            source = ours.enter_context(opened(root, parent))
            file = _plain_file(source, name, ours)
        except OSError as error:
            if error.errno in _UNREADABLE:
                return Left(sighting, _UNREADABLE[error.errno])
            raise
        if not _sighting(sighting.path, os.fstat(file)).same(sighting) or written_to(file):
            return Left(sighting, "")
        target = ours.enter_context(opened(top, parent, make=True))
        try:
            rename_new(name, name, source_folder=source, target_folder=target)
        except OSError as error:
            if error.errno in _UNMOVABLE:
                return Left(sighting, _UNMOVABLE[error.errno])
            raise
        there = os.stat(name, dir_fd=target, follow_symlinks=False)
        now = os.fstat(file)
        if (there.st_dev, there.st_ino) != (now.st_dev, now.st_ino):  # swapped in the last moment
            with suppress(FileExistsError):
                rename_new(name, name, source_folder=target, target_folder=source)
            return Left(sighting, "")
        if (now.st_size, now.st_mtime_ns) != (sighting.size, sighting.modified):
            return Left(sighting, "")  # written to in the last moment: it settles where it is
        kept = os.dup(file)
        stack.callback(os.close, kept)
        return Claimed(claim, sighting.path, kept, _sighting(sighting.path, now), sighting.changed)


def _sighting(path: str, stat: os.stat_result, obstacle: str = "") -> Sighting:
    return Sighting(
        path,
        stat.st_dev,
        stat.st_ino,
        stat.st_size,
        stat.st_ctime_ns,
        stat.st_mtime_ns,
        obstacle or _obstacle(stat.st_mode),
    )


def _obstacle(mode: int) -> str:
    match modes.S_IFMT(mode):
        case modes.S_IFREG:
            return ""
        case modes.S_IFLNK:
            return "link"
        case modes.S_IFIFO:
            return "fifo"
        case modes.S_IFSOCK:
            return "socket"
        case _:
            return "device"


def _not_ours(path: Path) -> Fault:
    return Fault(
        f"{path} is not a folder of the user that syncd runs as. Somebody else made it: look what it is, "
        "and move it away; syncd makes its own.",
        folder=str(path.parent),
    )


def _plain_file(top: int, path: str, stack: ExitStack) -> int:
    """Open a plain file for reading; raises `OSError` (ENXIO) for anything else."""
    parent, _, name = path.rpartition("/")
    with opened(top, parent) as folder:
        file = os.open(name, _FILE, dir_fd=folder)
    stack.callback(os.close, file)
    if not modes.S_ISREG(os.fstat(file).st_mode):
        raise OSError(errno.ENXIO, "not a plain file", path)
    return file


def _sync_or_remove(top: int, path: str) -> None:
    """Make the names in a folder survive a power cut; without any, it goes."""
    remove_empty(top, path)
    with suppress(FileNotFoundError), opened(top, path) as folder:
        os.fsync(folder)
