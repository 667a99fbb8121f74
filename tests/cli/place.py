"""An installation of syncd on folders of its own, and its command line as a process."""

import json
import os
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

from syncd.cli.main import carry_out

PROJECT = Path(__file__).parents[2]
PATIENCE = 90.0
LOOKING = frozenset({"check", "status", "agenda", "doctor", "runs", "report", "files", "courses"})

SETTINGS = """\
[site]
name = "campus"
timezone = "Europe/Paris"

[drop]
folder = "drop"
settle = "100ms"

[repository]
folder = "repository"

[state]
folder = "state"

[tools.users]
file = "erp/users.csv"
timer = ["{timer}"]

[tools.partners]
kind = "users"
file = "erp/partners*.csv"
backlog = "every"
"""

HEADER = "username,firstname,lastname,email,deleted\n"


def users(number: int, *, deleted: bool = False, email: bool = True) -> str:
    """A users file of so many rows."""
    rows = (f"u{n},U,L,{f'u{n}@example.org' if email else ''},{int(deleted)}\n" for n in range(number))
    return HEADER + "".join(rows)


@dataclass(frozen=True, slots=True)
class Said:
    """What a command line said, and its exit code."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Place:
    """Settings and folders below `folder`; no daemon runs there unless a test starts one."""

    folder: Path

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.folder / "syncd.toml"

    @property
    def repository(self) -> Path:
        """Where command files wait."""
        return self.folder / "repository"

    @property
    def erp(self) -> Path:
        """Where the files of both tools wait; it is made at need."""
        folder = self.repository / "erp"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def says(self, *arguments: str) -> Said:
        """Carry out a command line about this place, with pipes for its output.

        A verb that may set signals and logs up for itself has a process of its own, the others have not: a process
        takes longer to start than they take to end.
        """
        whole = (*arguments, "-c", str(self.settings))
        return self._carries_out_here(*whole) if arguments[0] in LOOKING else self.carries_out(*whole)

    def _carries_out_here(self, *arguments: str) -> Said:
        out_bytes, err_bytes = BytesIO(), BytesIO()
        out, err = (TextIOWrapper(each, encoding="utf-8", write_through=True) for each in (out_bytes, err_bytes))
        with chdir(self.folder), redirect_stdout(out), redirect_stderr(err):
            code = carry_out(arguments)
        return _said(code, out_bytes.getvalue(), err_bytes.getvalue())

    def carries_out(self, *arguments: str, **environment: str) -> Said:
        """Carry out a command line as it stands, in this place's folder, in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "syncd", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        return _said(done.returncode, done.stdout, done.stderr)

    def tells(self, *arguments: str) -> Any:
        """The JSON document that a command line prints."""
        said = self.says(*arguments, "--json")
        assert said.code == 0, said.err
        return json.loads(said.out)

    def holds_a_run(self) -> str:
        """Bring about a held run of the tool users, and return its name."""
        (self.erp / "users.csv").write_text(users(40))
        assert self.says("run", "users").code == 0
        (self.erp / "users.csv").write_text(users(40, deleted=True))
        assert self.says("run", "users").code == 4
        (held,) = self.tells("status")["held"]
        return str(held["run"])


def _said(code: int, out: bytes, err: bytes) -> Said:
    said = Said(code, out.decode(), err.decode())
    assert "Traceback" not in said.err, said.err
    assert "\x1b" not in said.out + said.err
    return said
