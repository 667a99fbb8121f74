"""The daemon as a process whose log is shown as it comes, as at a terminal."""

import os
import pty
import select
import subprocess
import sys
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from syncd.control import NotRunning, ask

PATIENCE = 45.0
"""Seconds for whatever is waited for."""

T = TypeVar("T")


class Failed(Exception):
    """The demo can't go on; the text is a sentence that says why."""


class Daemon:
    """syncd with these settings, for as long as the context lasts; `state` is its state folder."""

    def __init__(self, settings: Path, state: Path, *, colours: bool) -> None:
        self._settings = settings
        self._state = state
        self._environment = os.environ if colours else {**os.environ, "NO_COLOR": "1"}

    def __enter__(self) -> Self:
        self._log, terminal = pty.openpty()
        tty.setraw(terminal)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "syncd", "serve", "-c", str(self._settings)],
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            env=self._environment,
        )
        os.close(terminal)
        try:
            self.show_until(self._answers, "an answer of the daemon")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def show_until(self, answer: Callable[[], T | None], what: str) -> T:
        """Show the log until there is an answer, and return it; raises `Failed` when `what` does not come."""
        end = time.monotonic() + PATIENCE
        while (found := answer()) is None:
            if not self._show(0.1):
                raise Failed("the daemon ended; its reason stands above.")
            if time.monotonic() > end:
                raise Failed(f"{what} did not come within {PATIENCE:.0f} s; the log above may say why.")
        self._show(0)
        return found

    def _answers(self) -> bool | None:
        try:
            return ask(self._state, "status", {})["daemon"]["pid"] == self._process.pid or None
        except NotRunning:
            return None

    def _show(self, seconds: float) -> bool:
        """Show what the daemon says, waiting so long for it; False when it will say nothing any more."""
        if not select.select([self._log], [], [], seconds)[0]:
            return True
        try:
            said = os.read(self._log, 1 << 16)
        except OSError:  # Linux says so (EIO) when nobody has the other end of the terminal any more
            return False
        sys.stdout.flush()
        sys.stdout.buffer.write(said)
        sys.stdout.buffer.flush()
        return True

    def _end(self) -> None:
        self._process.terminate()
        end = time.monotonic() + PATIENCE
        try:
            while self._show(0.1) and time.monotonic() < end:
                pass
        finally:  # also when nobody looks on any more
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            self._process.kill()
            self._process.wait()
            os.close(self._log)
