"""The plant: the folders, the ledger and the site that a daemon works with, put together from the settings."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from syncd import logs
from syncd.config import Config
from syncd.daemon.orders import Orders
from syncd.daemon.vigil import Vigil
from syncd.disk.drop import Drop
from syncd.disk.ledger import NAME, Ledger, opened
from syncd.disk.lock import Lock
from syncd.disk.mounts import mount_of
from syncd.disk.repository import RUNNING, Repository
from syncd.disk.watch import Watch, means
from syncd.errors import Fault, Problem, SettingsError
from syncd.targets.base import Target

log = logs.get()


@dataclass(frozen=True, slots=True)
class Plant:
    """What stays the same for as long as the daemon lives."""

    repository: Repository
    state: Path
    lock: Lock

    @property
    def ledger_path(self) -> Path:
        """Where the ledger lies."""
        return self.state / NAME

    @property
    def spool(self) -> Path:
        """Where runs keep their plans and results."""
        return self.state / "spool"

    def check(self) -> None:
        """Raise `Fault` while the repository is not there, not mounted perhaps: nothing must be put in its place."""
        if not (self.repository.folder / RUNNING).is_dir():
            raise Fault(
                f"{self.repository.folder} is not the repository that was there: mount it, or bring it back. To begin "
                "with an empty one, restart syncd.",
                folder=str(self.repository.folder),
            )

    def open_ledger(self, now: datetime) -> Ledger:
        """A connection to the ledger; a ruined one is set aside, and said."""
        ledger, aside = opened(self.ledger_path, now)
        if aside:
            log.warning("ledger.lost", set_aside=str(aside), cure="History is lost; files and work are not.")
        return ledger


def build(config: Config) -> Plant:
    """Make the folders that are missing, and take them for this process.

    Raises `Fault` when another syncd has them, or when they can't be made.
    """
    # A broken lease would end the process otherwise (fcntl(2)).
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    repository = Repository(config.repository.folder)
    state = config.state.folder
    try:
        state.mkdir(mode=0o750, parents=True, exist_ok=True)
        repository.folder.mkdir(mode=0o770, parents=True, exist_ok=True)
        if not config.drop.folder.exists():
            config.drop.folder.mkdir(mode=0o770, parents=True)
        lock = Lock(state, [config.drop.folder, repository.folder], f"syncd, process {os.getpid()} ({config.source})")
        repository.make()
        repository.tidy()
    except OSError as error:
        raise Fault(f"{error.filename} can't be made or used: {error.strerror}") from error
    return Plant(repository, state, lock)


def folders_of(config: Config) -> dict[Path, str]:
    """The folders that syncd writes to, each with what it is called."""
    return {
        config.drop.folder: "the drop folder",
        config.repository.folder: "the repository",
        config.state.folder: "the state folder",
    }


def drop_of(config: Config) -> Drop:
    """The drop folder as the settings describe it."""
    drop = config.drop
    return Drop(drop.folder, recursive=drop.recursive, hold_file=drop.hold_file, ignore=drop.ignore)


def vigil_of(config: Config, wake: Callable[[], None]) -> Vigil:
    """When to look, as the settings and the file system have it."""
    drop = config.drop
    if means(drop.folder, drop.watch) == "inotify":
        return Vigil(Watch(drop.folder, hold_file=drop.hold_file, wake=wake), drop.poll_every)
    kind = mount_of(drop.folder).kind
    reason = f"on {kind} the kernel does not tell of what others write" if drop.watch == "auto" else 'watch = "poll"'
    log.info("watch.off", file_system=kind, reason=reason, looks_every=drop.poll_every)
    return Vigil(None, drop.poll_every)


def orders_of(config: Config) -> Orders:
    """What the settings say of the tools."""
    return Orders(
        tools=config.tools,
        encoding=config.csv.encoding,
        separator=config.csv.separator,
        freezes=config.freezes,
    )


def target_of(config: Config) -> Target:
    """The site."""
    return config.target.open(config.state.folder)


def refuse_moves(old: Config, new: Config) -> None:
    """Raise `SettingsError` when settings differ that only a restart can change: files lie where the old ones say."""
    moved = [
        Problem(name, "can't be changed while syncd runs", str(there), "Restart syncd to change it.")
        for name, here, there in (
            ("drop.folder", old.drop.folder, new.drop.folder),
            ("repository.folder", old.repository.folder, new.repository.folder),
            ("state.folder", old.state.folder, new.state.folder),
            ("target.kind", old.target.kind, new.target.kind),
        )
        if here != there
    ]
    if moved:
        raise SettingsError(str(new.source), moved)
