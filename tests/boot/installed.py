"""syncd installed on a machine, as an administrator would: from the project, with its units."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli

from tests.boot.machine import Machine
from tests.end_to_end.daemon import Event
from tests.waiting import wait_for

PROJECT = Path(__file__).parents[2]
UNITS = PROJECT / "packaging/systemd"
PYTHON = "/usr/bin/python3"
PATIENCE = 30.0

SETTINGS = """\
[site]
name = "{name}"
timezone = "Europe/Paris"
[drop]
folder = "{drop}"
settle = "300ms"
poll_every = "1s"
[repository]
folder = "{repository}"
[state]
folder = "{state}"
{target}
[tools.users]
file = "users.csv"
timer = "on arrival"
"""
DROP_IN = """\
[Unit]
StartLimitIntervalSec=0
[Service]
ReadWritePaths={drop}
SupplementaryGroups=sftp
RestartSec=100ms
"""


def lacking(machine: Machine) -> str:
    """Why syncd can't be installed there, in a sentence; "" when it can."""
    asked = machine.run(PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if asked.stdout.strip() == here:
        return ""
    return f"The tests run with Python {here}; a service needs that at {PYTHON}: {asked.stdout}{asked.stderr}"


def install(machine: Machine) -> None:
    """Install the program, units, user and folders."""
    subprocess.run([sys.executable, PROJECT / "packaging/bundle.py", machine.root], check=True)
    for folder, patterns in tomli.loads((PROJECT / "pyproject.toml").read_text())["tool"]["setuptools"][
        "data-files"
    ].items():
        for file in (file for pattern in patterns for file in PROJECT.glob(pattern)):
            machine.writes(f"/opt/syncd/{folder}/{file.name}", file.read_bytes())
    for unit in UNITS.glob("*.service"):
        machine.writes(f"/etc/systemd/system/{unit.name}", unit.read_text())
    machine.writes("/usr/lib/sysusers.d/syncd.conf", (UNITS / "syncd.sysusers").read_text())
    machine.writes("/usr/lib/tmpfiles.d/syncd.conf", (UNITS / "syncd.tmpfiles").read_text())
    machine.writes("/usr/local/lib/systemd/catalog/syncd.catalog", (UNITS / "syncd.catalog").read_text())
    machine.does("journalctl", "--update-catalog")
    machine.writes("/etc/sysusers.d/senders.conf", "g sftp -\nm syncd sftp\n")
    machine.does("systemd-sysusers")
    machine.does("systemd-tmpfiles", "--create", "syncd.conf")


@dataclass(slots=True)
class Service:
    """One instance of syncd on a machine: `name` is the unit's, "" for the one without."""

    machine: Machine
    name: str = ""
    _cursor: str = ""

    @property
    def unit(self) -> str:
        """Its unit."""
        return f"syncd@{self.name}.service" if self.name else "syncd.service"

    @property
    def drop(self) -> str:
        """Its drop folder, in the chroot of the sender `erp`."""
        return f"/srv/sftp/erp/{self.name or 'sync'}"

    @property
    def repository(self) -> str:
        """Its repository."""
        return f"/srv/syncd/{self.name or 'repository'}"

    @property
    def state(self) -> str:
        """Its state folder."""
        return f"/var/lib/syncd/{self.name}".rstrip("/")

    def path(self, inside: str) -> Path:
        """A file of the machine, as seen from here."""
        return self.machine.root / inside.lstrip("/")

    def settings(self, more: str = "", target: str = "") -> None:
        """Write its settings."""
        folders = {"drop": self.drop, "repository": self.repository, "state": self.state}
        text = SETTINGS.format(name=self.name or "campus", target=target, **folders)
        self.machine.writes(f"/etc/syncd/{self.name or 'syncd'}.toml", text + more)

    def drop_in(self, name: str, text: str) -> None:
        """Write a drop-in for its unit, and let systemd know."""
        self.machine.writes(f"/etc/systemd/system/{self.unit}.d/{name}.conf", text)
        self.machine.does("systemctl", "daemon-reload")

    @property
    def prepared(self) -> bool:
        """Whether it has what differs from machine to machine."""
        return self.path(f"/etc/systemd/system/{self.unit}.d/site.conf").exists()

    def prepare(self) -> None:
        """Make what differs from machine to machine: drop folder, settings, drop-in."""
        drop = f"install -d -o erp -g sftp -m 2770 {self.drop}"
        self.machine.does("sh", "-ec", f"{drop}; install -d -o syncd -g syncd -m 0750 {self.repository}")
        self.settings()
        self.drop_in("site", DROP_IN.format(drop=self.drop))

    def reset(self) -> None:
        """Stop it, and bring it back to how it was made, with nothing remembered and nothing waiting."""
        folders = f"/etc/systemd/system/{self.unit}.d {self.drop} {self.repository} {self.state}"
        stop = f"systemctl stop {self.unit}; systemctl reset-failed {self.unit}"
        self.machine.does("sh", "-c", f"{stop}; rm -rf {folders}")
        self.prepare()
        self.mark()

    def mark(self) -> None:
        """What was logged until now is no longer told."""
        self._cursor = self._journal("-n1", "--show-cursor", "-o", "cat").rpartition("-- cursor: ")[2].strip()

    def start(self) -> None:
        """Start it; returns when it is ready."""
        self.machine.does("systemctl", "start", self.unit)

    def stop(self) -> None:
        """Stop it; returns when it has ended."""
        self.machine.does("systemctl", "stop", self.unit)

    def shows(self, name: str) -> str:
        """One of its properties."""
        return self.machine.does("systemctl", "show", "-P", name, self.unit).strip()

    @property
    def pid(self) -> int:
        """Its main process, by its number on the machine; 0 when there is none."""
        return int(self.shows("MainPID"))

    def drops(self, content: str | bytes, name: str = "users.csv") -> None:
        """Drop a file, whole at once, as its sender's."""
        draft = f"{self.drop}/.draft"
        self.machine.writes(draft, content, 0o660)
        self.machine.does("chown", "erp:sftp", draft)
        self.machine.does("mv", draft, f"{self.drop}/{name}")

    def entries(self) -> list[Mapping[str, Any]]:
        """The journal's entries of the unit."""
        after = ["--after-cursor", self._cursor] if self._cursor else []
        return [json.loads(line) for line in self._journal("-u", self.unit, "-o", "json", *after).splitlines()]

    def events(self, name: str) -> list[Event]:
        """What syncd itself logged of this kind, as its fields without their prefix in small letters."""
        return [event for event in map(_event, self.entries()) if event["event"] == name]

    def hears(self, name: str, count: int = 1) -> Event:
        """The last of so many events of this kind, once they are there."""
        wait_for(lambda: len(self.events(name)) >= count, PATIENCE, f"{self.unit} logged {name} {count} times")
        return self.events(name)[-1]

    def done(self, count: int = 1) -> Event:
        """The last of so many runs that were done, once they are."""
        wait_for(lambda: len(self.all_done()) >= count, PATIENCE, f"{self.unit} has done {count} runs")
        return self.all_done()[-1]

    def all_done(self) -> list[Event]:
        """The runs that were done, so far."""
        return [event for event in self.events("run.ended") if event["state"] == "done"]

    def report(self, ended: Event) -> str:
        """The report of a run that ended, as people read it."""
        return self.path(f"{self.repository}/{ended['report']}").read_text()

    def syncd(self, *arguments: str) -> str:
        """Call its command line, as root; what it wrote."""
        settings = f"/etc/syncd/{self.name or 'syncd'}.toml"
        return self.machine.does("/opt/syncd/bin/syncd", *arguments, "-c", settings)

    def _journal(self, *arguments: str) -> str:
        return self.machine.does("journalctl", "-q", "--no-pager", *arguments)


def _event(entry: Mapping[str, Any]) -> Event:
    fields = {key.removeprefix("SYNCD_").lower(): value for key, value in entry.items() if key.startswith("SYNCD_")}
    return {"event": "", **fields, "message": entry.get("MESSAGE", ""), "unit": entry.get("_SYSTEMD_UNIT", "")}
