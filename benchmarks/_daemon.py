"""A real daemon on folders of its own, to be measured."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SETTINGS = """
[drop]
folder = "drop"
settle = "{settle}s"
[repository]
folder = "repository"
[state]
folder = "state"
[tools.users]
file = "never/there.csv"
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A daemon that serves `top/drop` into `top/repository`."""

    top: Path
    process: "subprocess.Popen[bytes]"
    ready: float
    """Seconds from its start until it said that it was ready."""

    @property
    def drop(self) -> Path:
        """Its drop folder."""
        return self.top / "drop"

    @property
    def repository(self) -> Path:
        """Its repository."""
        return self.top / "repository"

    def cpu(self) -> float:
        """Seconds of processor time that it has used (proc(5))."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, which: str) -> float:
        """MiB: `VmRSS` now, `VmHWM` at most so far."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(which)) / 1024


@contextmanager
def served(top: Path, *, settle: float) -> Iterator[Served]:
    """Start a daemon below `top`, wait until it is ready, and stop it at the end."""
    top.mkdir(parents=True, exist_ok=True)
    settings = top / "syncd.toml"
    settings.write_text(SETTINGS.format(settle=settle))
    log = top / "log"
    with log.open("wb") as stderr:
        began = time.monotonic()
        process = subprocess.Popen([sys.executable, "-m", "syncd", "serve", "-c", str(settings)], stderr=stderr)
        try:
            until(lambda: b"daemon.ready" in log.read_bytes(), 60)
            yield Served(top, process, time.monotonic() - began)
        finally:
            process.terminate()
            process.wait(60)


def until(condition: Callable[[], object], deadline: float, pause: float = 0.001) -> float:
    """Wait until a condition holds, and return when it did (monotonic); raises `TimeoutError`."""
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the daemon did not do in time what was to be measured")
        time.sleep(pause)
    return time.monotonic()
