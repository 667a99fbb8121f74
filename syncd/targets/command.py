"""Running a program to its end, in bounded time and memory."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fcntl import F_GETPIPE_SZ, fcntl
from pathlib import Path
from typing import IO, Self

from syncd.errors import Fault

GRACE = 10.0
"""How many seconds a program has between being asked to end and being ended."""

MOST_OUTPUT = 1 << 30
"""Bytes of an output that is kept whole: no program may fill the disk."""

_INHERITED = ("PATH", "LANG", "HOME", "TZ")
_TURN = 0.1
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended.

    `exit_code` is minus the signal's number when a signal ended it. `output` is what it wrote to either stream, in the
    order in which it came; `truncated` tells that the middle of it was left out. `stopped` is true when syncd ended the
    program because it must stop, `timed_out` when it did so because the time was up. `lost` is why not all of the
    output could be kept whole, where it was to be.
    """

    exit_code: int
    output: str
    truncated: bool
    timed_out: bool
    stopped: bool
    seconds: float
    lost: str = ""


def run_command(
    argv: Sequence[str],
    *,
    folder: Path | None,
    environment: Mapping[str, str],
    timeout: float,
    stop: Callable[[], bool],
    output_limit: int,
    whole: IO[bytes] | None = None,
    grace: float = GRACE,
) -> Finished:
    """Run a program until it ends, `timeout` seconds have passed, or `stop()` turns true.

    The program gets no input, no terminal, no file of ours, and of our environment only PATH, LANG, HOME and TZ. What
    it left running in its own session ends with it: a later run must not meet it. The `whole` output is written there,
    up to `MOST_OUTPUT`, and as far as the disk has room: a full one is no reason to break a program off. Raises `Fault`
    when the program can't be started, or can't be ended.
    """
    began = time.monotonic()
    timed_out = stopped = False
    with _Program(argv, folder, environment, _Kept(output_limit, whole), grace) as program:
        while program.goes_on():
            timed_out = time.monotonic() - began >= timeout
            stopped = not timed_out and stop()
            if timed_out or stopped:
                program.ask_to_end()
                break
    return Finished(
        exit_code=program.exit_code,
        output=program.kept.text(),
        truncated=program.kept.left_out > 0,
        timed_out=timed_out,
        stopped=stopped,
        seconds=time.monotonic() - began,
        lost=program.kept.lost,
    )


class _Program:
    """A program in a session of its own; leaving the `with` block ends whatever is left of it."""

    def __init__(
        self, argv: Sequence[str], folder: Path | None, environment: Mapping[str, str], kept: "_Kept", grace: float
    ) -> None:
        self.kept = kept
        self._name = argv[0]
        self._grace = grace
        self._process = _start(argv, folder, environment)
        self._output = self._process.stdout.fileno() if self._process.stdout else -1
        os.set_blocking(self._output, False)
        self._life = os.pidfd_open(self._process.pid)
        self._events = selectors.DefaultSelector()
        self._events.register(self._output, selectors.EVENT_READ)
        self._events.register(self._life, selectors.EVENT_READ)

    @property
    def exit_code(self) -> int:
        """How the program ended; it has, once the `with` block is left."""
        return self._process.returncode

    def goes_on(self) -> bool:
        """Take in what the program writes, for a moment; whether it is still there after that."""
        # Its children may hold the pipe open for as long as they like: the end is the process's, not the pipe's.
        ready = {key.fd for key, _ in self._events.select(_TURN)}
        if self._output in ready and not self._read(_CHUNK):
            self._events.unregister(self._output)
        return self._life not in ready

    def ask_to_end(self) -> None:
        """Ask the program and its children to end, and give them time for it."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + self._grace
        while self.goes_on() and time.monotonic() < deadline:
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Before the process is reaped: until then, its number can't be another group's.
        self._signal(signal.SIGKILL)
        try:
            self._process.wait(self._grace)
            self._read(fcntl(self._output, F_GETPIPE_SZ))  # more was not written before the end
        except subprocess.TimeoutExpired as error:
            raise Fault(f"The program {self._name} can't be ended: look at process {self._process.pid}.") from error
        finally:
            self._events.close()
            os.close(self._life)
            if self._process.stdout:
                self._process.stdout.close()

    def _signal(self, number: signal.Signals) -> None:
        # Nobody is left in the group, or a program that took another user's rights.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _read(self, most: int) -> bool:
        """Take in what is there, up to `most` bytes; whether more may come."""
        while most > 0:
            try:
                chunk = os.read(self._output, min(most, _CHUNK))
            except BlockingIOError:
                return True
            if not chunk:
                return False
            self.kept.add(chunk)
            most -= len(chunk)
        return True


def _start(argv: Sequence[str], folder: Path | None, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    try:
        return subprocess.Popen(
            argv,
            cwd=folder,
            env=inherited | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            start_new_session=True,
        )
    except OSError as error:
        if folder is not None and error.filename in (folder, str(folder)):
            raise Fault(f"The folder {folder} for the program {argv[0]} can't be used: {error.strerror}.") from error
        raise Fault(f"The program {argv[0]} can't be started: {error.strerror}.") from error


class _Kept:
    """The beginning and the end of an output, `limit` bytes in all."""

    def __init__(self, limit: int, whole: IO[bytes] | None) -> None:
        self.left_out = 0
        self.lost = ""
        self._whole = whole
        self._room = MOST_OUTPUT
        self._head = bytearray()
        self._tail = bytearray()
        self._head_limit = limit // 2
        self._tail_limit = limit - limit // 2

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        if self._whole and not self.lost:
            self._keep_whole(self._whole, chunk[: self._room])
        room = self._head_limit - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        if (surplus := len(self._tail) - self._tail_limit) > 0:
            del self._tail[:surplus]
            self.left_out += surplus

    def _keep_whole(self, whole: IO[bytes], chunk: bytes) -> None:
        try:
            left = memoryview(chunk)
            while left:
                left = left[whole.write(left) :]
        except OSError as error:
            self.lost = error.strerror or str(error)
        self._room -= len(chunk)

    def text(self) -> str:
        """What was kept, as text; what is not UTF-8 shows as U+FFFD."""
        gap = f"\n… {self.left_out} bytes left out …\n".encode() if self.left_out else b""
        return (bytes(self._head) + gap + bytes(self._tail)).decode(errors="replace")
