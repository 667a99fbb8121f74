"""A real daemon whose settings, signals and folders a test has in its hands."""

import os
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from syncd.control import ask
from syncd.disk.ledger import Ledger
from syncd.disk.records import RunRecord
from tests.end_to_end.daemon import PATIENCE, Event, Syncd
from tests.waiting import wait_for

SETTINGS = """\
[site]
name = "campus"
timezone = "Europe/Paris"
[drop]
folder = "drop"
settle = "100ms"
poll_every = "1s"
[repository]
folder = "{repository}"
[state]
folder = "state"
"""
USERS = """
[tools.users]
file = "users.csv"
timer = "on arrival"
"""


@dataclass(slots=True)
class Served(Syncd):
    """A daemon under test that has these tools; it is started by the test."""

    repository_folder: str = "repository"
    open_files: list[IO[bytes]] = field(default_factory=list)

    @property
    def repository(self) -> Path:
        """Where command files go."""
        return self.folder / self.repository_folder

    def settings(self, tools: str = USERS, change: Callable[[str], str] = str) -> None:
        """Write the settings."""
        text = SETTINGS.format(repository=self.repository_folder) + tools
        (self.folder / "syncd.toml").write_text(change(text))

    def drops(self, content: bytes, name: str = "users.csv") -> None:
        """Drop a file, whole at once."""
        draft = self.folder / "draft"
        draft.write_bytes(content)
        draft.rename(self.drop / name)

    def opens(self, name: str = "users.csv") -> IO[bytes]:
        """Begin to write a file in the drop folder, and leave it open."""
        file = (self.drop / name).open("wb", buffering=0)
        self.open_files.append(file)
        file.write(b"username")
        return file

    def signals(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.process
        self.process.send_signal(number)

    def ends(self) -> int:
        """Wait for its end, and return its exit code."""
        assert self.process
        return self.process.wait(PATIENCE)

    def asked(self, verb: str, **arguments: object) -> Any:
        """What it answers."""
        return ask(self.state, verb, arguments)

    def ended(self, times: int = 1, **fields: object) -> Event:
        """Wait for the end of a run."""
        return self.hears("run.ended", times=times, **fields)

    def doing(self, phase: str) -> Mapping[str, Any]:
        """Wait until the run under way is so far."""

        def found() -> Mapping[str, Any]:
            doing = self.status()["doing"] or {}
            return doing if doing.get("phase") == phase else {}

        return wait_for(found, PATIENCE, f"a run that is at {phase}")

    def run_in_ledger(self) -> RunRecord:
        """The newest run, as the ledger has it."""
        ledger = Ledger(self.state / "ledger.sqlite")
        try:
            return ledger.runs(limit=1)[0]
        finally:
            ledger.close()

    def usernames(self) -> set[str]:
        """The accounts that were made."""
        site = self.site()
        try:
            found = site.call("core_user_get_users", {"criteria": [{"key": "email", "value": "%"}]})["users"]
        finally:
            site.close()
        return {user["username"] for user in found if user["id"] > 2}

    def turns(self) -> int:
        """How often its loop went to sleep so far."""
        assert self.process
        status = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/status").read_text()
        return int(status.partition("voluntary_ctxt_switches:")[2].split()[0])

    def cpu(self) -> float:
        """The seconds of processor time that it has used."""
        assert self.process
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Systemd:
    """The socket on which systemd hears its services."""

    def __init__(self, folder: Path) -> None:
        self.address = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.address))
        self._socket.settimeout(PATIENCE)

    def heard(self) -> str:
        """The next message."""
        return self._socket.recv(4096).decode()

    def hears(self, wanted: str) -> list[str]:
        """The messages up to one that begins so."""
        messages = [self.heard()]
        while not messages[-1].startswith(wanted):
            messages.append(self.heard())
        return messages

    def at_once(self) -> list[str]:
        """The messages that are there."""
        messages = []
        self._socket.setblocking(False)
        try:
            while True:
                messages.append(self.heard())
        except BlockingIOError:
            return messages
        finally:
            self._socket.settimeout(PATIENCE)

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()
