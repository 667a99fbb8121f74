"""The journal, read for what sshd says in it of SFTP, from a thread of its own."""

import os
import select
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

from systemd import journal

from syncd.core.sftp_log import Line

PLACES = ("/var/log/journal", "/run/log/journal")
"""Where the journal lies, kept or not (systemd-journald.service(8))."""

SPEAKERS = ("internal-sftp", "sftp-server")
"""As what sshd logs SFTP."""

PROGRAMS = frozenset({"sshd", "sshd-session", "sftp-server"})
SUPPRESSED = "a596d6fe7bfa4994828e72309e95d61e"
"""The MESSAGE_ID by which journald says that it swallowed lines of somebody who logged too much."""

BATCH = 500
"""Entries that are read before somebody is told, or asked whether it is enough."""

MOST_SESSIONS = 4_096
"""Sessions that are known by their program: whoever has said nothing for the longest is forgotten."""

RETRY = 60.0
"""Seconds until a journal that can't be read is tried again."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Lines were swallowed here."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Some of what sshd logged, in its order, up to `cursor`. `boot` is the present one, as far as the journal tells.

    `all`: so far, this is all. `unreadable`: why the journal can't be read.
    """

    lines: tuple[Line | Lost, ...] = ()
    cursor: str = ""
    boot: str = ""
    all: bool = False
    unreadable: str = ""


class Journal:
    """Tells what sshd logged and logs: first what came after a cursor, or a moment, then what comes.

    `tell` is called in a thread of its own. Lines count whose sender the kernel names as a program of OpenSSH; which
    account it worked for is the kernel's word too.
    """

    def __init__(self, tell: Callable[[Heard], None], *, folder: Path | None = None) -> None:
        """`folder`: a journal of one's own, instead of the machine's."""
        self._tell = tell
        self._folder = folder
        self._stop, self._stopped = os.pipe2(os.O_CLOEXEC)
        self._poked = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._thread: Thread | None = None
        self._cursor = ""

    def start(self, cursor: str, since: float) -> None:
        """Begin after the entry `cursor`; without one, at `since`, in seconds since 1970."""
        self._cursor = cursor
        self._thread = Thread(target=self._run, args=(since,), name="journal", daemon=True)
        self._thread.start()

    def read_now(self) -> None:
        """Read what is there: journald tells of it only some tenths of a second later."""
        os.eventfd_write(self._poked, 1)

    def close(self) -> None:
        """Read no more."""
        os.close(self._stopped)
        if self._thread:
            self._thread.join(timeout=5)
        else:
            self._let_go()

    def _let_go(self) -> None:
        os.close(self._stop)
        os.close(self._poked)

    def _run(self, since: float) -> None:
        try:
            self._keep_following(since)
        finally:
            self._let_go()  # here alone nobody still waits for them

    def _keep_following(self, since: float) -> None:
        said = ""
        while True:
            try:
                self._follow(since)
            except OSError as error:
                why = error.strerror or str(error)
            except Exception as error:  # whatever it was, uploads must not wait for it
                why = repr(error)
            else:
                return
            if why != said:
                self._tell(Heard(unreadable=why))
                said = why
            if self._ends(RETRY):
                return

    def _ends(self, patience: float = 0.0) -> bool:
        """Whether nobody wants to hear any more."""
        return bool(select.select([self._stop], [], [], patience)[0])

    def _follow(self, since: float) -> None:
        """Read until it is enough. Raises `OSError` when the journal can't be read."""
        if not self._folder:
            _check()
        with journal.Reader(path=str(self._folder)) if self._folder else journal.Reader() as reader:
            boot = _latest_boot(reader)
            for speaker in SPEAKERS:
                reader.add_match(SYSLOG_IDENTIFIER=speaker)
            reader.add_disjunction()
            reader.add_match(MESSAGE_ID=SUPPRESSED)
            poll = select.poll()
            poll.register(reader.fileno(), reader.get_events())  # watches from here on: nothing is missed
            poll.register(self._stop, select.POLLIN)
            poll.register(self._poked, select.POLLIN)
            _begin(reader, self._cursor, since)
            sessions: OrderedDict[str, str] = OrderedDict()
            told = False
            while True:
                for heard in _batches(reader, sessions, boot, self._cursor):
                    if heard.lines or not told:
                        self._cursor = heard.cursor
                        self._tell(heard)
                        told = told or heard.all
                    if self._ends():
                        return
                timeout = reader.get_timeout_ms()
                awake = [file for file, _ in poll.poll(timeout if timeout >= 0 else None)]
                if self._stop in awake:
                    return
                if self._poked in awake:
                    os.eventfd_read(self._poked)
                reader.process()


def _check() -> None:
    """Raise `OSError` where there is no journal, or libsystemd would show an empty one for lack of rights."""
    found = [folder / "system.journal" for place in PLACES for folder in Path(place).glob("*")]
    if not found:
        raise OSError(0, f"there is no journal of the system in {' or '.join(PLACES)}")
    if not any(os.access(file, os.R_OK) for file in found):
        raise OSError(0, "syncd may not read the journal of the system: that takes the group systemd-journal")


def _latest_boot(reader: Any) -> str:
    reader.seek_tail()
    entry = reader.get_previous()
    return str(entry["_BOOT_ID"].hex) if "_BOOT_ID" in entry else ""


def _begin(reader: Any, cursor: str, since: float) -> None:
    if cursor:
        with suppress(OSError, ValueError):  # no cursor at all: whoever wrote it there did not get it from here
            reader.seek_cursor(cursor)
            return
    reader.seek_realtime(since)


def _batches(reader: Any, sessions: OrderedDict[str, str], boot: str, known: str) -> Iterator[Heard]:
    """What there is to be read after the entry `known`, the last of it marked."""
    lines: list[Line | Lost] = []
    cursor = known
    for number in count(1):
        if not (entry := reader.get_next()):
            break
        if entry["__CURSOR"] == known:
            continue
        cursor = entry["__CURSOR"]
        if line := _line(entry, sessions):
            lines.append(line)
        if number % BATCH == 0:
            yield Heard(tuple(lines), cursor, boot)
            lines = []
    yield Heard(tuple(lines), cursor, boot, all=True)


def _line(entry: Mapping[str, Any], sessions: OrderedDict[str, str]) -> Line | Lost | None:
    if str(entry.get("MESSAGE_ID", "")).replace("-", "") == SUPPRESSED:
        return Lost() if entry.get("_TRANSPORT") == "driver" else None
    text = entry.get("MESSAGE")
    if not isinstance(text, str) or not {"_BOOT_ID", "_PID", "_UID"} <= entry.keys():
        return None
    session = f"{entry['_BOOT_ID'].hex}:{entry['_PID']}"
    program = Path(str(entry.get("_EXE", "")))
    if entry.get("_EXE") and not (program.name in PROGRAMS and program.is_relative_to("/usr")):
        return None
    user = int(entry["_UID"])
    if entry.get("_EXE"):
        sessions[session] = str(user)
        sessions.move_to_end(session)
        if len(sessions) > MOST_SESSIONS:
            sessions.popitem(last=False)
    elif sessions.get(session) != str(user):  # journald looks the program up: of one that ends, it may come too late
        return None
    at = entry.get("_SOURCE_REALTIME_TIMESTAMP") or entry["__REALTIME_TIMESTAMP"]
    return Line(session, user, int(at.timestamp() * 1_000_000) * 1000, text)
