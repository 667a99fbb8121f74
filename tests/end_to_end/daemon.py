"""A real syncd as a process of its own, on folders of its own."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncd.control import NotRunning, ask
from syncd.errors import Fault
from syncd.targets.base import Target
from syncd.targets.sandbox import SandboxSettings
from tests.waiting import wait_for

PATIENCE = 90.0

SETTINGS = """\
[site]
name = "campus"
timezone = "Europe/Paris"

[drop]
folder = "drop"
settle = "{settle}"

[repository]
folder = "repository"

[state]
folder = "state"

[tools.users]
file = "erp/users.csv"
timer = "on arrival"
"""

Event = Mapping[str, Any]


@dataclass(slots=True)
class Syncd:
    """A daemon under test: `folder` holds its settings, its log and its three folders."""

    folder: Path
    process: "subprocess.Popen[bytes] | None" = None
    under: Sequence[str] = ()
    """The words of a program that becomes the daemon, such as `unshare`."""

    @property
    def drop(self) -> Path:
        """Where uploads arrive."""
        return self.folder / "drop"

    @property
    def repository(self) -> Path:
        """Where they go."""
        return self.folder / "repository"

    @property
    def state(self) -> Path:
        """What syncd remembers, and the practice site."""
        return self.folder / "state"

    @property
    def log(self) -> Path:
        """The log, a JSON object on each line."""
        return self.folder / "log"

    def start(self, *options: str) -> None:
        """Start it and wait until it answers."""
        self.launch(*options)
        wait_for(self._answers, PATIENCE, f"a daemon that answers; its log: {self.log.read_text()}")

    def launch(self, *options: str) -> None:
        """Start it, and wait for nothing."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.under, sys.executable, "-m", "syncd", "serve", "-c", str(self.folder / "syncd.toml"), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.log.read_text()
        try:
            return bool(self.status()["daemon"]["pid"] == self.process.pid)
        except (NotRunning, Fault):  # not yet, or it has just ended: its log tells
            return False

    def stop(self) -> int:
        """End it as systemd does, and return its exit code."""
        assert self.process
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End it as a power cut does, if it still runs."""
        if self.process:
            self.process.kill()
            self.process.wait(PATIENCE)

    # What it says

    def status(self) -> Mapping[str, Any]:
        """What `syncd status` shows."""
        answer: Mapping[str, Any] = ask(self.state, "status", {})
        return answer

    def events(self, event: str, **fields: object) -> list[Event]:
        """The events of a name, so far, whose fields have these values."""
        lines = self.log.read_text().split("\n")[:-1]  # the last may be half a line
        logged = [json.loads(line) for line in lines if line.startswith("{")]
        return [one for one in logged if one["event"] == event and fields.items() <= one.items()]

    def hears(self, event: str, *, times: int = 1, **fields: object) -> Event:
        """Wait until an event has come so many times, and return the last one."""

        def enough() -> Sequence[Event]:
            found = self.events(event, **fields)
            return found if len(found) >= times else []

        try:
            return wait_for(enough, PATIENCE, f"{event} {fields}")[-1]
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log.read_text()}") from None

    # What it does

    def why_dropped(self, file: str) -> str:
        """Why a file is still in the drop folder, as `syncd status` has it; "" when it is not there."""
        return next((str(one["why"]) for one in self.status()["drop"]["files"] if one["file"] == file), "")

    def waiting(self) -> dict[str, bytes]:
        """Every file that waits in the repository, by its name, with its bytes."""
        return {
            path: file.read_bytes()
            for file in self.repository.rglob("*")
            if file.is_file()
            and (path := str(file.relative_to(self.repository))).split("/")[0] not in {"archives", "reports"}
            and not path.startswith(".")
        }

    def report(self, ended: Event) -> dict[str, Any]:
        """The report, for programs, of the run that `ended` is about."""
        report: dict[str, Any] = json.loads(self.report_text(ended, ".json"))
        return report

    def report_text(self, ended: Event, suffix: str = ".txt") -> str:
        """One of the three reports of the run that `ended` is about."""
        name = str(ended["report"]).removesuffix(".txt") + suffix
        return (self.repository / name).read_text(encoding="utf-8")

    def site(self) -> Target:
        """The practice site that it works on."""
        return SandboxSettings().open(self.state)
