"""How systemd starts this syncd, and what its sandbox lets it write."""

import os
import shutil
import subprocess
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress
from pathlib import Path

from syncd.core.machine import Account, Unit
from syncd.core.machine.system import closed_by
from syncd.disk.machine.accounts import account_of, named, of_process, ourselves, user_name

PROPERTIES = (
    "LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload", "MainPID", "User", "Group", "SupplementaryGroups",
    "ReadWritePaths", "BindPaths", "ProtectSystem", "ProtectHome", "StateDirectory", "RuntimeDirectory",
    "RequiresMountsFor", "ExecStart",
)  # fmt: skip

CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""The variable by which systemd tells a service where its credentials are (systemd.exec(5))."""


class Service:
    """The unit that serves these settings, as systemd tells."""

    def __init__(self, name: str, shown: Mapping[str, str]) -> None:
        self.name = name
        self._shown = shown

    @property
    def pid(self) -> int:
        """Its main process; 0 while it does not run."""
        return int(self._shown["MainPID"] or 0)

    def account(self) -> Account | None:
        """The account of its process, or that of its unit; `None` where there is no such user."""
        if self.pid and (account := of_process(self.pid, f"process {self.pid} of {self.name}")):
            return account
        user = self._shown["User"] or "root"
        groups = [self._shown["Group"], *self._shown["SupplementaryGroups"].split()]
        return named(user, groups, f"the user of {self.name}")

    def lend_credentials(self, environment: MutableMapping[str, str]) -> None:
        """Let root find what systemd has given to the running service, where the environment names nothing."""
        folder = f"/run/credentials/{self.name}"
        if CREDENTIALS not in environment and os.access(folder, os.X_OK):
            environment[CREDENTIALS] = folder

    def makes(self, folder: Path) -> bool:
        """Whether systemd makes this folder before the start."""
        return str(folder) in self._own()

    def seen(self, folders: Sequence[Path]) -> Unit:
        """It, with those of the folders that it may not write."""
        return Unit(
            name=self.name,
            active=self._shown["ActiveState"] in {"active", "activating", "reloading"},
            enabled=self._shown["UnitFileState"] not in {"disabled"},
            stale=self._shown["NeedDaemonReload"] == "yes",
            user=self._shown["User"] or "root",
            user_known=self.account() is not None,
            closed=self._closed(folders),
            mounts=tuple(self._shown["RequiresMountsFor"].split()),
            journal_kept=Path("/var/log/journal").is_dir(),
        )

    def _closed(self, folders: Sequence[Path]) -> tuple[str, ...]:
        if self.pid and os.geteuid() == 0:
            return tuple(str(folder) for folder in folders if folder.is_dir() and self._shut_in(folder))
        strict, home = self._shown["ProtectSystem"] == "strict", self._shown["ProtectHome"] not in {"", "no"}
        writes = [*_paths(self._shown["ReadWritePaths"]), *_paths(self._shown["BindPaths"]), *self._own()]
        return closed_by(writes, [str(folder.resolve()) for folder in folders], strict=strict, home=home)

    def _shut_in(self, folder: Path) -> bool:
        """Whether the process sees a folder read-only, or not at all, from where it is."""
        try:
            return bool(os.statvfs(f"/proc/{self.pid}/root{folder.resolve()}").f_flag & os.ST_RDONLY)
        except OSError:
            return self.running()

    def running(self) -> bool:
        """Whether its process is still there."""
        return Path(f"/proc/{self.pid}").is_dir()

    def _own(self) -> list[str]:
        state = [f"/var/lib/{name}" for name in self._shown["StateDirectory"].split()]
        return state + [f"/run/{name}" for name in self._shown["RuntimeDirectory"].split()]


def service_of(settings: Path) -> Service | None:
    """The unit that serves these settings: `syncd`, or the instance of that name; `None` where there is none."""
    if not Path("/run/systemd/system").is_dir() or not shutil.which("systemctl"):
        return None
    place = settings.resolve()
    for name in ("syncd.service", f"syncd@{place.stem}.service"):
        shown = _asked(name)
        if shown.get("LoadState") == "loaded" and f" {place} " in f"{shown['ExecStart']} ".replace(";", " "):
            return Service(name, {**dict.fromkeys(PROPERTIES, ""), **shown})
    return None


def account_without(state: Path, repository: Path) -> Account:
    """Who syncd is where no unit tells: we, or for root whoever owns what it writes."""
    if os.geteuid() != 0:
        return ourselves("whoever calls this")
    for folder in (state, repository):
        if folder.is_dir():
            owner = folder.stat().st_uid
            return account_of(owner, f"{user_name(owner)} owns {folder}")
    return ourselves("whoever calls this")


def _asked(unit: str) -> dict[str, str]:
    asked = ["systemctl", "show", "--no-pager", f"--property={','.join(PROPERTIES)}", unit]
    with suppress(OSError, subprocess.TimeoutExpired):
        told = subprocess.run(asked, capture_output=True, text=True, errors="surrogateescape", timeout=10, check=False)
        return {name: value for name, _, value in (line.partition("=") for line in told.stdout.splitlines())}
    return {}


def _paths(shown: str) -> list[str]:
    """The paths of a list, without the "-" and "+" before them, and of BindPaths= those that the service sees."""
    return [path.lstrip("-+").split(":")[-2 if path.count(":") > 1 else -1] for path in shown.split()]
