"""The drop folder: looking at it, and claiming what is finished, through directory handles alone."""

import errno
import fcntl
import os
import stat as modes
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from syncd.core.patterns import any_of
from syncd.core.settle import Sighting
from syncd.disk.durable import rename_new
from syncd.errors import Fault

CLAIMS = ".syncd"
"""The hidden folder, inside the drop folder's own file system, that claimed files are renamed into."""

RESERVED = frozenset({"archives", "reports"})

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
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
        root = os.open(self.folder, _FOLDER)
        self.folders = []
        try:
            return list(self._look(root, "", top=True))
        finally:
            os.close(root)

    def look_at_claims(self) -> list[Sighting]:
        """What is claimed and not yet in the repository; its path begins with the claim."""
        try:
            claims = self._open_claims()
        except FileNotFoundError:
            return []
        try:
            return list(_walk(claims, ""))
        finally:
            os.close(claims)

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
        try:
            inner = os.open(name, _FOLDER, dir_fd=folder)
        except PermissionError:
            yield _sighting(path, os.stat(name, dir_fd=folder, follow_symlinks=False), "closed-folder")
            return
        except OSError as error:
            if error.errno in {errno.ENOTDIR, errno.ELOOP}:  # swapped for something else: the next look will tell
                return
            raise
        self.folders.append(path)
        try:
            yield from self._look(inner, path + "/")
        finally:
            os.close(inner)

    # Claiming

    def claim(self, sightings: Iterable[Sighting], stack: ExitStack) -> Iterator[Claimed | Left]:
        """Take files away from their senders, into one new claim; those that went away are passed over.

        `stack` closes the handles. A file that changed since it was seen, or that somebody has open for writing, is
        left to settle again.
        """
        root = _handle(stack, os.open(self.folder, _FOLDER))
        claims = _handle(stack, self._open_claims(make=True))
        claim = _new_claim()
        os.mkdir(claim, 0o700, dir_fd=claims)
        top = _handle(stack, os.open(claim, _FOLDER, dir_fd=claims))
        sources, targets = {"": root}, {"": top}
        try:
            for sighting in sightings:
                parent, _, name = sighting.path.rpartition("/")
                with suppress(FileNotFoundError):  # it went away: nothing to claim
                    source = _descend(stack, sources, parent, make=False)
                    target = _descend(stack, targets, parent, make=True)
                    claimed = _claim(sighting, name, source, target, claim)
                    if isinstance(claimed, Claimed):
                        stack.callback(os.close, claimed.file)
                    yield claimed
        finally:
            for path in targets:
                _remove_empty(claims, f"{claim}/{path}".rstrip("/"))

    def reopen(self, sightings: Iterable[Sighting], stack: ExitStack) -> Iterator[Claimed]:
        """Open files that were claimed before, as `look_at_claims` saw them."""
        claims = _handle(stack, self._open_claims(make=True))
        folders = {"": claims}
        for sighting in sightings:
            parent, _, name = sighting.path.rpartition("/")
            claim, _, path = sighting.path.partition("/")
            try:
                folder = _descend(stack, folders, parent, make=False)
                file = _handle(stack, os.open(name, _FILE, dir_fd=folder))
            except FileNotFoundError:
                continue
            yield Claimed(claim, path, file, _sighting(path, os.fstat(file)))

    def release(self, claimed: Iterable[Claimed]) -> None:
        """Remove claimed files whose bytes are in the repository.

        One that was written to since is another arrival: it goes to a claim of its own, to settle there.
        """
        changed = []
        with ExitStack() as stack:
            claims = _handle(stack, self._open_claims(make=True))
            folders = {"": claims}
            emptied = set()
            for one in claimed:
                if one.moved():
                    changed.append(one)
                    continue
                parent, _, name = f"{one.claim}/{one.path}".rpartition("/")
                os.unlink(name, dir_fd=_descend(stack, folders, parent, make=False))
                emptied.add(parent)
            for parent in emptied:
                _remove_empty(claims, parent)
        self.claim_again(changed)

    def claim_again(self, claimed: Iterable[Claimed]) -> None:
        """Move claimed files to claims of their own, as files that have yet to be taken in."""
        with ExitStack() as stack:
            claims = _handle(stack, self._open_claims(make=True))
            folders = {"": claims}
            for one in claimed:
                parent, _, name = one.path.rpartition("/")
                source = _descend(stack, folders, f"{one.claim}/{parent}".rstrip("/"), make=False)
                target = _descend(stack, folders, f"{_new_claim()}/{parent}".rstrip("/"), make=True)
                rename_new(name, name, source_folder=source, target_folder=target)

    def clear_claims(self) -> None:
        """Remove the folders of claims that hold nothing any more."""
        with suppress(FileNotFoundError):
            claims = self._open_claims()
            try:
                for path in [path for path, _, _ in _folders(claims)]:
                    _remove_empty(claims, path)
            finally:
                os.close(claims)

    def _open_claims(self, *, make: bool = False) -> int:
        """The claims folder; raises `Fault` when it is not a real folder of ours."""
        path = self.folder / CLAIMS
        if make:
            with suppress(FileExistsError):
                os.mkdir(path, 0o700)
        try:
            claims = os.open(path, _FOLDER)
        except NotADirectoryError as error:
            raise _not_ours(path) from error
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise _not_ours(path) from error
            raise
        there = os.fstat(claims)
        if there.st_uid != os.geteuid():
            os.close(claims)
            raise _not_ours(path)
        if modes.S_IMODE(there.st_mode) & 0o077:
            os.fchmod(claims, 0o700)
        return claims


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


def _claim(sighting: Sighting, name: str, source: int, target: int, claim: str) -> Claimed | Left:
    try:
        file = os.open(name, _FILE, dir_fd=source)
    except PermissionError:
        return Left(sighting, "unreadable")
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:  # swapped for a link or a pipe: the next look will tell
            return Left(sighting, "")
        raise
    try:
        if not _sighting(sighting.path, os.fstat(file)).same(sighting) or written_to(file):
            os.close(file)
            return Left(sighting, "")
        rename_new(name, name, source_folder=source, target_folder=target)
    except OSError as error:
        os.close(file)
        if error.errno in {errno.EACCES, errno.EPERM}:
            return Left(sighting, "unmovable")
        raise
    there = os.stat(name, dir_fd=target, follow_symlinks=False)
    ours = os.fstat(file)
    if (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino):  # swapped in the last moment
        os.close(file)
        with suppress(FileExistsError):
            rename_new(name, name, source_folder=target, target_folder=source)
        return Left(sighting, "")
    return Claimed(claim, sighting.path, file, _sighting(sighting.path, ours))


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
        "and move it away; syncd makes its own."
    )


def _handle(stack: ExitStack, handle: int) -> int:
    stack.callback(os.close, handle)
    return handle


def _descend(stack: ExitStack, known: dict[str, int], path: str, *, make: bool) -> int:
    """A handle on a folder below another, following no link on the way; handles are kept in `known` by their path."""
    if path not in known:
        parent, _, name = path.rpartition("/")
        above = _descend(stack, known, parent, make=make)
        if make:
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=above)
        known[path] = _handle(stack, os.open(name, _FOLDER, dir_fd=above))
    return known[path]


def _walk(folder: int, prefix: str) -> Iterator[Sighting]:
    for path, handle, files in _folders(folder):
        for name in files:
            with suppress(FileNotFoundError):
                stat = os.stat(name, dir_fd=handle, follow_symlinks=False)
                yield _sighting(f"{path}/{name}" if path else name, stat)


def _folders(top: int) -> Iterator[tuple[str, int, list[str]]]:
    """The folders below one, deepest first, each with its path, a handle and the names of its files."""
    for path, _, files, handle in os.fwalk(".", topdown=False, follow_symlinks=False, dir_fd=top):
        yield path.removeprefix(".").removeprefix("/"), handle, files


def _remove_empty(top: int, path: str) -> None:
    """Remove a folder and those above it, as long as they are empty."""
    while path:
        try:
            os.rmdir(path, dir_fd=top)
        except OSError as error:
            if error.errno in {errno.ENOTEMPTY, errno.ENOENT, errno.EEXIST}:
                return
            raise
        path = path.rpartition("/")[0]
