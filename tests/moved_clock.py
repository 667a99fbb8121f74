"""A clock that a test sets, for a process of its own; it goes on as clocks do, and what counts time is left alone."""

import os
import shutil
import struct
import subprocess
import sysconfig
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

SOURCE = Path(__file__).with_name("moved_clock.c")


def compiler() -> str:
    """The C compiler, which building systemd-python takes as well; "" where there is none."""
    return shutil.which(str(sysconfig.get_config_var("CC") or "cc").split()[0]) or shutil.which("cc") or ""


@dataclass(frozen=True, slots=True)
class MovedClock:
    """`folder` is where the processes that go by it find it; it shows the real time until it is set."""

    folder: Path

    @property
    def library(self) -> Path:
        """What is loaded into the process."""
        return self.folder / "moved_clock.so"

    @property
    def file(self) -> Path:
        """By how many seconds it is moved."""
        return self.folder / "moved"

    def make(self) -> None:
        """Compile it."""
        build = [compiler(), "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(self.library), str(SOURCE)]
        subprocess.run(build, check=True)
        self._move(0)

    def environment(self, seen_in: Path | None = None) -> Mapping[str, str]:
        """What a process must have in its environment, that sees the folder there."""
        there = seen_in or self.folder
        return {"LD_PRELOAD": str(there / self.library.name), "MOVED_CLOCK": str(there / self.file.name)}

    def show(self, moment: datetime) -> None:
        """Set it."""
        self._move(round(moment.timestamp() - time.time()))

    def now(self) -> datetime:
        """What it shows."""
        (moved,) = struct.unpack("q", self.file.read_bytes())
        return datetime.fromtimestamp(time.time() + moved, UTC)

    def _move(self, seconds: int) -> None:
        # In place: the process has mapped these very bytes.
        file = os.open(self.file, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.write(file, struct.pack("q", seconds))
        finally:
            os.close(file)
