"""`syncd files put`, `mkdir`, `mv` and `rm`: changing the repository."""

from __future__ import annotations

import os
import shutil
import stat as modes
import time
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncd.cli.bar import busy
from syncd.cli.completing import repository_paths
from syncd.cli.history import history
from syncd.cli.installation import Installation
from syncd.cli.owner import act_as_owner
from syncd.cli.verb import Verb
from syncd.core.names import shown, stamp
from syncd.errors import Fault, UsageError

if TYPE_CHECKING:
    from syncd.config import Config
    from syncd.disk.repository import Repository, Waiting


@click.command("put", cls=Verb)
@click.argument("local", nargs=-1, required=True, type=click.Path())
@click.argument("destination", shell_complete=repository_paths)
@click.pass_obj
def put(installation: Installation, local: tuple[str, ...], destination: str) -> None:
    """Copy files into the repository, as if they had been dropped.

    DESTINATION is a folder (erp/) or the file's name there. Where one of that name waits, the newer takes its place
    and the older goes to archives/superseded/, or it queues behind it, as the tool's backlog says. One that waits for a
    person's word stays: decide its run first.

    \b
    Examples:
      syncd files put users.csv erp/
      syncd files put export-2026-11-22.csv erp/users.csv
    """
    config = installation.load()
    with ExitStack() as stack:
        sources = [(path, _opened(path, stack)) for path in local]
        repository = ours(config)
        targets = [_target(repository, path, destination, many=len(local) > 1) for path in local]
        _refuse_to_supersede(config, repository, targets)
        for (path, source), target in zip(sources, targets, strict=True):
            with busy(f"Copying {shown(path)}"):
                older = _place(config, repository, source, target)
            click.echo(_placed(config, path, target, older))
    _nudge(config)


def _opened(path: str, stack: ExitStack) -> int:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    stack.callback(os.close, handle)
    if not modes.S_ISREG(os.fstat(handle).st_mode):
        raise UsageError(f"{shown(path)} is not a file.")
    return handle


def ours(config: Config) -> Repository:
    """The repository, ready to be written; where root acts, what is made there belongs to the daemon's user."""
    from syncd.disk.repository import Repository

    repository = Repository(config.repository.folder)
    act_as_owner(config)
    repository.make()
    return repository


def _target(repository: Repository, local: str, destination: str, *, many: bool) -> str:
    is_folder = many or destination.endswith("/") or repository.inside(destination, writable=False).is_dir()
    whole = f"{destination}/{os.path.basename(local)}" if is_folder else destination
    path = str(repository.inside(whole, writable=True).relative_to(repository.folder))
    if not repository.can_take(path):
        raise UsageError(f"{shown(path)} can't be put: a folder has its name, or a file the name of its folder.")
    return path


def _place(config: Config, repository: Repository, source: int, path: str) -> str:
    from syncd.daemon.plant import orders_of

    now = datetime.now(config.site.timezone)
    claim = f"put-{time.time_ns():x}-{os.getpid():x}"
    try:
        repository.staging.stage(claim, path, source, os.fstat(source).st_size, time.time_ns())
        repository.staging.sync(claim, [path])
        older = repository.place(claim, path, queue=orders_of(config).queues(path), stamp=stamp(now))
    except FileNotFoundError as error:
        # The daemon repairs at its start what an earlier one left half-done, and took our copy for that.
        raise Fault(f"{shown(path)} was not put: syncd was just starting. Put it again.") from error
    finally:
        repository.staging.clear(claim)
    repository.sync_placed([path])
    return older


def _placed(config: Config, local: str, path: str, older: str) -> str:
    from syncd.daemon.plant import orders_of

    tool = orders_of(config).tool_of(path)
    meant = f"for the tool {tool}" if tool else "but no tool is configured for this name"
    if older == "queued":
        return f"{shown(local)} is now in the queue behind {shown(path)}, {meant}"
    ending = f"; the older one is now {shown(older)}" if older else ""
    return f"{shown(local)} is now {shown(path)}, {meant}{ending}"


def _nudge(config: Config) -> None:
    from syncd.cli.asking import nudge

    nudge(config)


@click.command("mkdir", cls=Verb)
@click.argument("path", shell_complete=repository_paths)
@click.pass_obj
def mkdir(installation: Installation, path: str) -> None:
    """Make a folder, and those above it.

    \b
    Example:
      syncd files mkdir erp/2026
    """
    repository = ours(installation.load())
    folder = repository.inside(path, writable=True)
    try:
        folder.mkdir(mode=0o770, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(f"{shown(path)} can't be made: a file has its name, or that of a folder above.") from error


@click.command("mv", cls=Verb)
@click.argument("source", metavar="FROM", shell_complete=repository_paths)
@click.argument("target", metavar="TO", shell_complete=repository_paths)
@click.pass_obj
def mv(installation: Installation, source: str, target: str) -> None:
    """Rename a file or folder, or move it into a folder; nothing is overwritten.

    \b
    Examples:
      syncd files mv erp/users_tryback_20261122-091743.csv erp/users.csv
      syncd files mv erp/old.csv attic/
    """
    from syncd.disk.durable import rename_new, sync_folder

    config = installation.load()
    repository = ours(config)
    here, there = _there(repository, source), repository.inside(target, writable=False)
    if target.endswith("/") or there.is_dir():
        target = f"{target}/{here.name}"
    there = repository.inside(target, writable=True)
    _refuse_in_use(config, repository, [here])
    try:
        rename_new(here, there)
    except FileExistsError as error:
        raise UsageError(f"{shown(target)} is there already, and nothing is overwritten.") from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"there is no folder for {shown(target)}; syncd files mkdir makes one.") from error
    for folder in {here.parent, there.parent}:
        sync_folder(folder)
    _nudge(config)


@click.command("rm", cls=Verb)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, shell_complete=repository_paths)
@click.option("-r", "--recursive", is_flag=True, help="Remove folders with all that is in them.")
@click.pass_obj
def rm(installation: Installation, paths: tuple[str, ...], recursive: bool) -> None:
    """Remove files and empty folders, for good.

    A file that a run works on, or that waits for a person's word, is not removed: reject its run first.

    \b
    Examples:
      syncd files rm erp/users.csv
      syncd files rm -r attic
    """
    from syncd.disk.durable import sync_folder

    config = installation.load()
    repository = ours(config)
    doomed = [_there(repository, path) for path in paths]
    for path in doomed:
        if path.is_dir() and not path.is_symlink() and not recursive and os.listdir(path):
            raise UsageError(f"{shown(path.name)} is a folder and not empty; with -r it goes with all that is in it.")
    _refuse_in_use(config, repository, doomed)
    for path in doomed:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
        sync_folder(path.parent)
    _nudge(config)


def _there(repository: Repository, path: str) -> Path:
    there = repository.inside(path, writable=True)
    if not os.path.lexists(there):
        raise UsageError(f"there is no {shown(path)}; syncd files tree shows what there is.")
    return there


def _refuse_to_supersede(config: Config, repository: Repository, targets: Iterable[str]) -> None:
    """Raise `UsageError` when a file would take the place of one that waits for a person's word."""
    from syncd.daemon.plant import orders_of

    orders = orders_of(config)
    doomed = {target for target in targets if not orders.queues(target)}
    _refuse_held(config, repository, [file for file in repository.waiting() if file.path in doomed])


def _refuse_in_use(config: Config, repository: Repository, paths: Iterable[Path]) -> None:
    """Raise `UsageError` when a run works on one of these files, or waits with one for a person's word."""
    touched = [
        file
        for file in repository.waiting()
        if any((repository.folder / file.path).is_relative_to(path) for path in paths)
    ]
    running = {file.path: file.run for file in repository.running()}
    for file in touched:
        if run := running.get(file.path):
            raise UsageError(f"the run {run} works on {shown(file.path)}; wait until it has ended.")
    _refuse_held(config, repository, touched)


def _refuse_held(config: Config, repository: Repository, files: Iterable[Waiting]) -> None:
    from syncd.cli.unattended import waits_with
    from syncd.core.model import RunState

    with history(config.state.folder) as ledger:
        held = {run.path: run for run in ledger.in_state(RunState.HELD)} if ledger else {}
    for file in files:
        if (hold := held.get(file.path)) and not hold.simulated and waits_with(hold, file, repository):
            raise UsageError(
                f"the run {hold.id} waits with {shown(file.path)} for a person's word; "
                f"decide first: syncd reject {hold.id}, or syncd approve {hold.id}."
            )
