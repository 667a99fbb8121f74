"""How fast a large command file is read and checked, and in how much memory, beside plain `csv.DictReader`."""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from syncd.core.rows import recognise, rows
from syncd.run.reading import read
from syncd.tools.users import UsersTool

COLUMNS = ("username", "firstname", "lastname", "email", "idnumber", "city", "country", "department")


@dataclass(frozen=True, slots=True)
class Measure:
    """What a way of reading cost, in a process of its own."""

    rows: int
    seconds: float
    peak: float
    """MiB of resident memory."""


def main() -> None:
    """Write a file, read it in each way, and print a line for each."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--measure", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.measure:
        way, file = chosen.measure
        print(json.dumps(_measured_here(WAYS[way], Path(file))))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "users.csv"
        _write(file, chosen.rows)
        print(f"{chosen.rows:,} rows, {len(COLUMNS)} columns, {file.stat().st_size / 1e6:,.1f} MB")
        measures = {way: _measured(way, file) for way in WAYS}
    yardstick = measures["csv.DictReader"]
    print(f"{'':28}{'seconds':>9}{'rows/s':>12}{'peak MiB':>10}{'x time':>8}{'x memory':>10}")
    for way, measure in measures.items():
        print(
            f"{way:28}{measure.seconds:9.2f}{measure.rows / measure.seconds:12,.0f}{measure.peak:10.1f}"
            f"{measure.seconds / yardstick.seconds:8.2f}{measure.peak / yardstick.peak:10.2f}"
        )


def _dict_reader(file: Path) -> int:
    with file.open(encoding="utf-8", newline="") as text:
        return sum(1 for _ in csv.DictReader(text, delimiter=";"))


def _recognised(file: Path) -> int:
    with file.open("rb") as stream:
        dialect = recognise(stream, "auto", "auto", COLUMNS)
        stream.seek(0)
        return sum(1 for _ in rows(stream, dialect))


def _checked(file: Path) -> int:
    """What a run does before it asks the site: the whole of its first step."""
    with file.open("rb") as stream:
        return read(stream, UsersTool(file=file.name), "auto", "auto", lambda _rows: None).rows


WAYS: dict[str, Callable[[Path], int]] = {
    "csv.DictReader": _dict_reader,
    "recognised and read": _recognised,
    "read and checked by a run": _checked,
}


def _write(file: Path, count: int) -> None:
    with file.open("w", encoding="utf-8", newline="") as text:
        print(*COLUMNS, sep=";", file=text)
        for n in range(count):
            print(
                f"user{n:07};José {n};García-López {n};user{n}@example.org;ID{n:08};Paris;FR;Faculty of Sciences",
                file=text,
            )


def _measured(way: str, file: Path) -> Measure:
    command = [sys.executable, "-m", "benchmarks.rows", "--measure", way, str(file)]
    return Measure(**json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def _measured_here(way: Callable[[Path], int], file: Path) -> dict[str, float]:
    began = time.perf_counter()
    count = way(file)
    return {"rows": count, "seconds": time.perf_counter() - began, "peak": _peak()}


def _peak() -> float:
    # Not ru_maxrss: that of a child begins with what its parent had.
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


if __name__ == "__main__":
    main()
