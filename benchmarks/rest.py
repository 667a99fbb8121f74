"""What syncd costs while nothing happens, and how soon it is ready with a long history."""

import argparse
import hashlib
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks._daemon import served
from syncd.core.model import RunState
from syncd.disk.ledger import Ledger
from syncd.disk.records import Arrival, RunRecord


def main() -> None:
    """Fill a ledger and a repository, start a daemon on them, and let it rest."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--ledger-rows", type=int, default=100_000)
    arguments.add_argument("--files", type=int, default=10_000)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:
        with served(Path(folder) / "empty", settle=1) as daemon:
            fresh = daemon.ready
        top = Path(folder) / "full"
        _remember(top / "state", chosen.ledger_rows)
        _fill(top / "repository", chosen.files)
        with served(top, settle=1) as daemon:
            ready = daemon.ready
            time.sleep(2)  # what start-up leaves to do is over
            before, began = daemon.cpu(), time.monotonic()
            time.sleep(chosen.seconds)
            share = (daemon.cpu() - before) / (time.monotonic() - began)
            resident = daemon.memory("VmRSS")
    print(f"{'ready, nothing there':44}{fresh:8.2f} s")
    print(f"{'ready, ' + f'{chosen.ledger_rows:,} rows and {chosen.files:,} files':44}{ready:8.2f} s   (at most 1)")
    print(f"{'ratio':44}{ready / fresh:8.2f}")
    print(f"{f'processor while idle for {chosen.seconds:.0f} s':44}{share:8.3%}     (below 0.2 % of a core)")
    print(f"{'resident memory':44}{resident:8.1f} MiB (below 60)")


def _remember(state: Path, rows: int) -> None:
    state.mkdir(parents=True)
    ledger = Ledger(state / "ledger.sqlite")
    start = datetime.now(UTC) - timedelta(days=365)
    hashes = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(rows)]
    moments = [start + timedelta(seconds=number) for number in range(rows)]
    arrivals = zip(moments, hashes, strict=True)
    ledger.note_arrivals(Arrival(f"c{at.timestamp()}", "erp/users.csv", at, 1024, sha) for at, sha in arrivals)
    for number in range(0, rows, 100):
        at = moments[number]
        ledger.note_run(
            RunRecord(
                id=f"{at:%Y%m%d-%H%M%S}-users",
                tool="users",
                kind="users",
                site="campus",
                path="erp/users.csv",
                size=1024,
                sha256=hashes[number],
                asked_by="timer",
                started=at,
                state=RunState.DONE,
                ended=at,
            )
        )
    ledger.close()


def _fill(repository: Path, files: int) -> None:
    archives = repository / "archives"
    archives.mkdir(parents=True)
    for number in range(files):
        folder = archives if number % 2 else repository
        (folder / f"20260101-000000_{number:06}.csv").write_bytes(b"x")


if __name__ == "__main__":
    main()
