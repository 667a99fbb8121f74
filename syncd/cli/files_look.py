"""`syncd files ls`, `tree` and `get`: looking into the repository."""

from __future__ import annotations

import os
import stat as modes
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syncd.cli.bar import busy
from syncd.cli.completing import repository_paths
from syncd.cli.installation import Installation
from syncd.cli.output import document, minute, table
from syncd.cli.verb import Verb
from syncd.core.names import is_tryback, shown
from syncd.errors import UsageError

if TYPE_CHECKING:
    from syncd.config import Config

PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in the repository: `path` within it, `kind` one of file, folder, link, other."""

    path: str
    kind: str
    size: int
    modified: datetime

    @property
    def name(self) -> str:
        """The last part; a folder's ends with a slash."""
        return Path(self.path).name + ("/" if self.kind == "folder" else "")


@click.command("ls", cls=Verb)
@click.argument("path", default="", shell_complete=repository_paths)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def ls(installation: Installation, path: str, as_json: bool) -> None:
    """List a folder: size, time, the tool that a file is for, how many wait behind it.

    \b
    Examples:
      syncd files ls
      syncd files ls archives
    """
    config = installation.load()
    there = existing(config, path)
    zone = config.site.timezone
    entries = list(_entries(config, there, zone)) if there.is_dir() else [_entry(config, there, zone)]
    described = [_described(entry, config) for entry in entries]
    if as_json:
        document([{**one, "modified": one["modified"].isoformat(timespec="seconds")} for one in described])
        return
    table(
        ["name", "bytes", "modified", "tool", "queued"],
        [
            [
                entry.name,
                f"{one['bytes']:,}" if one["kind"] == "file" else "",
                minute(entry.modified),
                one["tool"],
                f"{one['queued'] or ''}",
            ]
            for entry, one in zip(entries, described, strict=True)
        ],
    )


def existing(config: Config, path: str) -> Path:
    """The file or folder of this name; raises `UsageError` when it is none, or a link."""
    from syncd.disk.repository import Repository

    there = Repository(config.repository.folder).inside(path, writable=False)
    if there.is_symlink():
        raise UsageError(f"{shown(path)} is a link; syncd follows none.")
    if not there.exists():
        raise UsageError(f"there is no {shown(path) or 'repository yet'}; syncd files tree shows what there is.")
    return there


def _entries(config: Config, folder: Path, zone: tzinfo) -> Iterator[Entry]:
    """What is in a folder, folders first."""
    found = [_entry(config, folder / name, zone) for name in os.listdir(folder) if not name.startswith(".")]
    yield from sorted(found, key=lambda entry: (entry.kind != "folder", entry.path))


def _entry(config: Config, path: Path, zone: tzinfo) -> Entry:
    there = os.lstat(path)
    kinds = {modes.S_IFREG: "file", modes.S_IFDIR: "folder", modes.S_IFLNK: "link"}
    return Entry(
        str(path.relative_to(config.repository.folder)),
        kinds.get(modes.S_IFMT(there.st_mode), "other"),
        there.st_size,
        datetime.fromtimestamp(there.st_mtime, zone),
    )


def _described(entry: Entry, config: Config) -> dict[str, Any]:
    from syncd.daemon.plant import orders_of
    from syncd.disk.repository import Repository

    waits = entry.kind == "file" and not is_tryback(entry.path)
    return {
        "path": entry.path,
        "kind": entry.kind,
        "bytes": entry.size,
        "modified": entry.modified,
        "tool": orders_of(config).tool_of(entry.path) if waits else "",
        "queued": len(Repository(config.repository.folder).queued(entry.path)) if waits else 0,
    }


@click.command("tree", cls=Verb)
@click.argument("path", default="", shell_complete=repository_paths)
@click.pass_obj
def tree(installation: Installation, path: str) -> None:
    """Draw a folder and all that is below it.

    \b
    Example:
      syncd files tree erp
    """
    config = installation.load()
    top = existing(config, path)
    click.echo(shown(path or str(top)))
    for line in _branches(config, top):
        click.echo(line)


def _branches(config: Config, folder: Path) -> Iterator[str]:
    entries = list(_entries(config, folder, config.site.timezone)) if folder.is_dir() else []
    for entry in entries:
        last = entry is entries[-1]
        yield ("└── " if last else "├── ") + shown(entry.name)
        if entry.kind == "folder":
            yield from (("    " if last else "│   ") + line for line in _branches(config, folder / entry.name))


@click.command("get", cls=Verb)
@click.argument("path", shell_complete=repository_paths)
@click.argument("local", default=".", type=click.Path(path_type=Path))
@click.pass_obj
def get(installation: Installation, path: str, local: Path) -> None:
    """Copy a file out of the repository, here or to LOCAL; `-` is standard output.

    A file that is there already is not overwritten.

    \b
    Examples:
      syncd files get archives/20261122-091743_users.csv
      syncd files get erp/users.csv - | head
    """
    there = existing(installation.load(), path)
    if not there.is_file():
        raise UsageError(f"{shown(path)} is a folder; files are got one at a time.")
    if local == Path("-"):
        _pour(there)
        return
    target = local / there.name if local.is_dir() else local
    from syncd.disk.durable import write_whole

    try:
        with busy(f"Copying {shown(path)}"):
            write_whole(target, _pieces(there), beside=target.parent)
    except FileExistsError as error:
        raise UsageError(f"{shown(str(target))} is there already, and nothing is overwritten.") from error
    click.echo(f"{shown(path)} is now {shown(str(target))}")


def _pour(file: Path) -> None:
    for piece in _pieces(file):
        sys.stdout.buffer.write(piece)


def _pieces(path: Path) -> Iterator[bytes]:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        yield from iter(lambda: file.read(PIECE), b"")
