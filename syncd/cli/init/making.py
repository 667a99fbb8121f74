"""Making the pieces of a set-up. What is there already stays as it is, and is told."""

import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from syncd.cli.init.pieces import File, Folder, Link, Piece, Program
from syncd.cli.init.place import Place
from syncd.errors import Fault

PATIENCE = 120.0
KEPT = "kept"


def make(place: Place, pieces: Iterable[Piece]) -> None:
    """Make each piece and say so. Raises `Fault` at the first that can't be made: call it again when that is mended."""
    with _umask(0o077 if place.here else 0o022):
        for piece in pieces:
            try:
                done = _made(place, piece)
            except OSError as error:
                raise Fault(f"{error.filename or described(piece)} can't be made: {error.strerror}") from error
            click.echo(f"{done:5} {_as_it_is(place, piece) if done == KEPT else described(piece)}")


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def show(place: Place, pieces: Iterable[Piece]) -> None:
    """Say what would be made, each file with its text, also where another is there."""
    for piece in pieces:
        state = _state(place, piece)
        click.echo(f"{state:10} {described(piece)}")
        if isinstance(piece, File) and state in {"would make", "differs"}:
            text = "(the token)\n" if piece.secret else piece.text
            click.echo("".join(f"    {line}".rstrip() + "\n" for line in text.splitlines()))


def _state(place: Place, piece: Piece) -> str:
    match piece:
        case Program():
            return "would run"
        case File(path) | Folder(path) | Link(path):
            if not os.path.lexists(place.inside(path)):
                return "would make"
            return "differs" if isinstance(piece, File) and not _same(place.inside(path), piece) else "is there"


def _same(path: Path, piece: File) -> bool:
    try:
        return piece.secret or path.read_text(encoding="utf-8", errors="replace") == piece.text
    except OSError:
        return False


def _as_it_is(place: Place, piece: Piece) -> str:
    """What was there before, and stays."""
    match piece:
        case File(path, secret=False):
            return f"{path}, which is other than what syncd init --dry-run shows"
        case Folder(path):
            there = os.stat(place.inside(path))
            return f"{path} ({there.st_uid}:{there.st_gid} {there.st_mode & 0o7777:04o})"
        case File(path) | Link(path):
            return path
        case Program():
            return described(piece)


def described(piece: Piece) -> str:
    """A piece in one line."""
    match piece:
        case File(path, _, mode):
            return f"{path} ({mode:04o})"
        case Folder(path, mode, owner, group):
            return f"{path} ({owner}:{group} {mode:04o})" if owner else path
        case Link(path, to):
            return f"{path} -> {to}"
        case Program(argv):
            return " ".join(argv)


def _made(place: Place, piece: Piece) -> str:
    match piece:
        case File(path):
            return _write(place.inside(path), piece)
        case Folder(path):
            return _make_folder(place, place.inside(path), piece)
        case Link(path, to):
            return _link(place.inside(path), to)
        case Program(argv):
            _run(argv)
            return "ran"


def _write(path: Path, piece: File) -> str:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return "same" if not piece.secret and _same(path, piece) else KEPT
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(piece.text)
            file.flush()
            os.fsync(handle)
            os.fchmod(handle, piece.mode)
    except BaseException:
        path.unlink()
        raise
    return "wrote"


def _make_folder(place: Place, path: Path, piece: Folder) -> str:
    if path.is_dir():
        return KEPT
    if os.path.lexists(path):
        raise Fault(f"{path} is there and is no folder")
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if not piece.owner:
        path.mkdir(piece.mode)
        return "made"
    user, group = place.user(piece.owner), place.group(piece.group)
    if user is None or group is None:
        missing = f"account {piece.owner}" if user is None else f"group {piece.group}"
        raise Fault(f"there is no {missing} for {path}, though it should have been made")
    path.mkdir(0o700)
    # The folder above may be a sender's, who can put a link in this one's place at any moment.
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchown(handle, user, group)
        os.fchmod(handle, piece.mode)  # after fchown, which takes the setgid bit away
    finally:
        os.close(handle)
    return "made"


def _link(path: Path, to: str) -> str:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if os.path.lexists(path):
        with suppress(OSError):
            return "same" if os.readlink(path) == to else KEPT
        return KEPT
    path.symlink_to(to)
    return "made"


def _run(argv: tuple[str, ...]) -> None:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False)
    except FileNotFoundError as error:
        raise Fault(f"{argv[0]} is not there: it comes with systemd") from error
    except subprocess.TimeoutExpired as error:
        raise Fault(f"{' '.join(argv)} did not end within {PATIENCE:.0f} s") from error
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise Fault(f"{' '.join(argv)} ended with {done.returncode}: {said}")
