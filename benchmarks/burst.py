"""How fast many files at once come into the repository, durable, beside a plain loop; and in how much memory."""

import argparse
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks._daemon import Served, served, until

SETTLE = 0.5
CONTENT = b"x" * 1024


def main() -> None:
    """Drop files as fast as the disk takes them; print rates, ratio, losses and memory."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--files", type=int, nargs="+", default=[10_000, 100_000])
    print(f"{'files':>9}{'plain loop/s':>14}{'syncd/s':>10}{'ratio':>8}{'lost':>6}{'peak MiB':>10}")
    for count in arguments.parse_args().files:
        with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:
            top = Path(folder)
            plain = _plain(top, count)
            with served(top / "syncd", settle=SETTLE) as daemon:
                rate, lost = _taken_in(daemon, count)
                peak = daemon.memory("VmHWM")
        print(f"{count:9,}{plain:14,.0f}{rate:10,.0f}{rate / plain:8.2f}{lost:6}{peak:10.1f}")


def _plain(top: Path, count: int) -> float:
    """Files a second of a loop that copies, fsyncs and renames, with 8 threads."""
    source, target = top / "source", top / "target"
    source.mkdir()
    target.mkdir()
    _drop(source, count)

    def copy(name: str) -> None:
        with open(source / name, "rb") as reading, open(target / f"{name}.tmp", "wb") as writing:
            writing.write(reading.read())
            writing.flush()
            os.fsync(writing.fileno())
        os.rename(target / f"{name}.tmp", target / name)

    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(copy, os.listdir(source)))
    return count / (time.monotonic() - began)


def _taken_in(daemon: Served, count: int) -> tuple[float, int]:
    """Files a second from the moment at which the last one had settled, and how many never came.

    What was taken in while the others were still dropped does not count for the rate.
    """
    _drop(daemon.drop, count)
    dropped = time.monotonic()
    left = len(_files(daemon.drop))
    until(lambda: not _files(daemon.drop), 60 + count / 200, pause=0.05)
    until(lambda: not _files(daemon.drop / ".syncd"), 60)
    ended = time.monotonic()
    lost = count - len([name for name in os.listdir(daemon.repository) if name.endswith(".csv")])
    return left / max(ended - dropped - SETTLE, 0.001), lost


def _files(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []


def _drop(folder: Path, count: int) -> None:
    for number in range(count):
        with open(folder / f"{number:06}.csv", "wb") as file:
            file.write(CONTENT)


if __name__ == "__main__":
    main()
