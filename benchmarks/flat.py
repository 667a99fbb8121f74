"""Whether a run takes flat memory, and what a row costs syncd itself: ever longer files, on a site that forgets."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from syncd import logs
from syncd.core.functions import FUNCTIONS, SITE_INFO
from syncd.core.model import RunState
from syncd.disk.ledger import Ledger
from syncd.disk.repository import Repository
from syncd.run import Job, Place, carry_out
from syncd.tools.users import UsersTool

FILE = "users.csv"
USERS = UsersTool.model_validate({"file": FILE, "guard": {"deletes": "100%", "changes": "100%", "errors": 0}})
LOOKUP = "core_user_get_users_by_field"
FLAT = 1.5
"""How much more memory the longest file may take than the shortest."""


class Forgetful:
    """A site that answers at once and keeps nothing: it has all accounts that are asked for, or none."""

    def __init__(self, *, has_all: bool) -> None:
        self._has_all = has_all
        self._functions = [{"name": name} for name in {*UsersTool.functions, LOOKUP, *FUNCTIONS}]
        self._functions = [one for one in self._functions if not one["name"].startswith("local_syncd_")]

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Answer."""
        if function == SITE_INFO:
            return {"userid": 2, "functions": self._functions}
        if function == LOOKUP:
            values = parameters["values"] if self._has_all and parameters["field"] == "idnumber" else []
            return [account(int(value[2:])) for value in values]
        return [{"id": number} for number, _ in enumerate(parameters["users"], start=5)]

    def close(self) -> None:
        """Nothing is open."""


def main() -> None:
    """Run files of each length, each in a process of its own, and print a line for each."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, nargs="+", default=[1_000, 30_000, 1_000_000])
    arguments.add_argument("--measure", nargs=2, metavar=("WAY", "ROWS"), help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.measure:
        way, rows = chosen.measure
        logs.configure(logs.Mode.JSON, level="warning")
        print(json.dumps(_measured_here(int(rows), has_all=way == "unchanged")))
        return
    print(f"{'':32}{'seconds':>9}{'rows/s':>10}{'us/row':>8}{'peak MiB':>10}{'x memory':>10}")
    for way in ("created", "unchanged"):
        first = 0.0
        for rows in chosen.rows:
            command = [sys.executable, "-m", "benchmarks.flat", "--measure", way, str(rows)]
            measure = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            first = first or measure["peak"]
            print(
                f"{f'{rows:,} {way}':32}{measure['seconds']:9.2f}{rows / measure['seconds']:10,.0f}"
                f"{measure['cpu'] / rows * 1e6:8.0f}{measure['peak']:10.1f}{measure['peak'] / first:10.2f}"
                f"   (at most {FLAT})"
            )


def account(number: int) -> dict[str, Any]:
    """An account as Moodle tells of it."""
    return {
        "id": number + 5,
        "username": f"user{number:07}",
        "firstname": "José",
        "lastname": f"García {number}",
        "fullname": f"José García {number}",
        "email": f"user{number:07}@example.org",
        "idnumber": f"ID{number:08}",
        "auth": "manual",
        "suspended": False,
        "city": "Paris",
        "country": "FR",
        "department": "Faculty of Sciences",
        "customfields": [],
        "preferences": [],
    }


def _write(file: Path, rows: int) -> None:
    columns = ("username", "firstname", "lastname", "email", "idnumber", "city", "country", "department")
    with file.open("w", encoding="utf-8", newline="") as text:
        print(*columns, sep=",", file=text)
        for number in range(rows):
            told = account(number)
            print(*(told[column] for column in columns), sep=",", file=text)


def _measured_here(rows: int, *, has_all: bool) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:
        top = Path(folder)
        repository = Repository(top / "repository")
        repository.make()
        _write(repository.folder / FILE, rows)
        ledger = Ledger(top / "ledger.sqlite")
        file = repository.begin("run", FILE, copy=False)
        assert file
        place = Place(
            repository=repository,
            ledger=ledger,
            target=Forgetful(has_all=has_all),
            connections=4,
            site="bench",
            spool=top / "spool",
            now=lambda: datetime.now(UTC),
        )
        job = Job(id="run", tool_name="users", tool=USERS, file=file, asked_by="ana", started=place.now())
        began, cpu = time.perf_counter(), time.process_time()
        record = carry_out(job, place)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        ledger.close()
        if record.state is not RunState.DONE or sum(record.counts.values()) != rows:
            raise SystemExit(f"the run did not go well: {record}")
    return {"seconds": seconds, "cpu": cpu, "peak": _peak()}


def _peak() -> float:
    # Not ru_maxrss: that of a child begins with what its parent had.
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


if __name__ == "__main__":
    main()
