"""How long a lone upload takes from its last byte to the repository, beside its quiet period and one plain copy."""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks._daemon import served, until

SETTLE = 0.2
CONTENT = b"username,firstname,lastname\n" * 40


def main() -> None:
    """Upload lone files one after another; print how much later than `settle` each is in the repository."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--files", type=int, default=200)
    count = arguments.parse_args().files
    with (
        tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder,
        served(Path(folder), settle=SETTLE) as daemon,
    ):
        late, plain = [], []
        for number in range(count):
            name = f"{number:05}.csv"
            began = _uploaded(daemon.drop / name)
            late.append(until((daemon.repository / name).exists, 30) - began - SETTLE)
            plain.append(_copied(daemon.repository / name, Path(folder) / name))
    late.sort()
    median, p99 = statistics.median(late), late[min(len(late) - 1, round(0.99 * len(late)))]
    yardstick = statistics.median(plain)
    print(f"{count} lone uploads, settle = {SETTLE * 1000:.0f} ms")
    print(
        f"{'after settle':28}median {median * 1000:6.1f} ms   99th percentile {p99 * 1000:6.1f} ms   (at most 100, 250)"
    )
    print(f"{'plain copy, fsync, rename':28}median {yardstick * 1000:6.1f} ms")
    print(f"{'ratio, settle included':28}{(SETTLE + median) / (SETTLE + yardstick):.2f}")


def _uploaded(path: Path) -> float:
    with path.open("wb") as file:
        file.write(CONTENT)
        file.flush()
        return time.monotonic()


def _copied(source: Path, target: Path) -> float:
    began = time.monotonic()
    draft = target.with_suffix(".draft")
    with source.open("rb") as reading, draft.open("wb") as writing:
        writing.write(reading.read())
        writing.flush()
        os.fsync(writing.fileno())
    os.rename(draft, target)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
