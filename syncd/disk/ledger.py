"""The ledger: what came, what was run, what was decided, in one SQLite file beside the places of the files."""

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path

from syncd.core.alarms import Alarm
from syncd.core.model import RunState
from syncd.core.names import numbered
from syncd.disk.durable import rename_new
from syncd.disk.records import (
    Arrival,
    Pause,
    RunRecord,
    alarm_of,
    alarm_row,
    arrival_of,
    arrival_row,
    run_of,
    run_row,
    time_of,
)
from syncd.disk.schema import migrate
from syncd.errors import LedgerFault

NAME = "ledger.sqlite"
"""What the ledger is called in the state folder."""

BUSY_TIMEOUT = 10.0
"""How long to wait for another process that has the ledger."""


class Ledger:
    """One connection to the ledger; each thread has its own. Every method raises `LedgerFault` when SQLite can't."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def _open(self) -> None:
        path = self._path
        with translated(path):
            # autocommit: each statement, or each `with self._all():`, is a transaction of its own
            self._db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT, check_same_thread=False)
            try:
                _write_ahead(self._db)
                self._db.execute("PRAGMA synchronous = FULL")
                migrate(self._db)
            except BaseException:
                self._db.close()
                raise
        with suppress(PermissionError):  # another account's ledger has the mode that its owner gave it
            os.chmod(path, 0o640)
        self._identity = identity(path)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def reopen(self) -> None:
        """Go on with the file that has the ledger's name now, or with a fresh one."""
        self.close()
        self._open()

    def lost(self) -> bool:
        """Whether somebody took the file away, or put another in its place, while it was open."""
        try:
            return identity(self._path) != self._identity
        except FileNotFoundError:
            return True

    def check(self) -> None:
        """Read all of it once; raises `LedgerFault` when it is ruined."""
        with self._one() as db:
            (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise sqlite3.DatabaseError(found)

    @contextmanager
    def _all(self) -> Iterator[sqlite3.Connection]:
        with translated(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # SQLite itself rolls back when the disk is full
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _one(self) -> Iterator[sqlite3.Connection]:
        with translated(self._path):
            yield self._db

    # Arrivals

    def note_arrivals(self, arrivals: Iterable[Arrival]) -> None:
        """Note some arrivals, durably and all or none; one that is known already stays as it is."""
        with self._all() as db:
            db.executemany("INSERT OR IGNORE INTO arrivals VALUES (?, ?, ?, ?, ?)", map(arrival_row, arrivals))

    def arrival(self, claim: str, path: str) -> Arrival | None:
        """The arrival by a claim under a name."""
        with self._one() as db:
            row = db.execute(
                "SELECT * FROM arrivals WHERE claim = ? AND path = ?", (claim, os.fsencode(path))
            ).fetchone()
        return arrival_of(row) if row else None

    def arrivals(self, *, sha256: str = "", limit: int = 100) -> list[Arrival]:
        """The newest arrivals, of these bytes alone where a hash is given."""
        with self._one() as db:
            where, values = ("WHERE sha256 = ?", (sha256,)) if sha256 else ("", ())
            rows = db.execute(
                f"SELECT * FROM arrivals {where} ORDER BY arrived DESC LIMIT ?", (*values, limit)
            ).fetchall()
        return [arrival_of(row) for row in rows]

    def last_arrival(self, sha256: str, path: str, *, until: datetime) -> Arrival | None:
        """The last arrival of these bytes until a moment: under this name, or else under another one."""
        with self._one() as db:
            row = db.execute(
                "SELECT * FROM arrivals WHERE sha256 = ? AND arrived <= ? ORDER BY path = ? DESC, arrived DESC LIMIT 1",
                (sha256, until.timestamp(), os.fsencode(path)),
            ).fetchone()
        return arrival_of(row) if row else None

    def arrivals_since(self, moment: datetime, *, path: str = "", limit: int) -> list[Arrival]:
        """The arrivals since a moment, oldest first, under one name alone where it is given; of many the newest."""
        with self._one() as db:
            where, values = ("path = ? AND", (os.fsencode(path),)) if path else ("", ())
            rows = db.execute(
                f"SELECT * FROM arrivals WHERE {where} arrived >= ? ORDER BY arrived DESC LIMIT ?",
                (*values, moment.timestamp(), limit),
            ).fetchall()
        return [arrival_of(row) for row in reversed(rows)]

    def arrived_since(self, moment: datetime) -> tuple[int, int]:
        """How many arrivals there were since a moment, and their bytes."""
        with self._one() as db:
            files, size = db.execute(
                "SELECT COUNT(*), SUM(size) FROM arrivals WHERE arrived >= ?", (moment.timestamp(),)
            ).fetchone()
        return files, size or 0

    def knows(self, sha256: str, path: str) -> bool:
        """Whether these bytes ever arrived under this name."""
        with self._one() as db:
            found = db.execute(
                "SELECT 1 FROM arrivals WHERE sha256 = ? AND path = ?", (sha256, os.fsencode(path))
            ).fetchone()
        return found is not None

    # Runs

    def note_run(self, run: RunRecord) -> None:
        """Note a run as it stands now."""
        with self._all() as db:
            row = run_row(run)
            db.execute(f"INSERT OR REPLACE INTO runs VALUES ({', '.join('?' * len(row))})", row)

    def run(self, run: str) -> RunRecord | None:
        """A run by its id."""
        found = self._runs("WHERE id = ?", run)
        return found[0] if found else None

    def runs(self, *, tool: str = "", limit: int = 50) -> list[RunRecord]:
        """The newest runs, of one tool alone where one is named."""
        if tool:
            return self._runs("WHERE tool = ? ORDER BY started DESC, id DESC LIMIT ?", tool, limit)
        return self._runs("ORDER BY started DESC, id DESC LIMIT ?", limit)

    def runs_since(self, moment: datetime) -> list[RunRecord]:
        """The runs that have ended since a moment, as they stand now, oldest first; simulations are left out."""
        return self._runs("WHERE ended >= ? AND NOT simulated ORDER BY ended, id", moment.timestamp())

    def in_state(self, state: RunState) -> list[RunRecord]:
        """The runs that stand so, oldest first."""
        return self._runs("WHERE state = ? ORDER BY started, id", state)

    def of_bytes(self, sha256: str) -> list[RunRecord]:
        """The runs of a file's bytes, newest first."""
        return self._runs("WHERE sha256 = ? ORDER BY started DESC, id DESC", sha256)

    def change_run(self, run: RunRecord, **changes: object) -> RunRecord:
        """Note a run with some fields changed, and return it."""
        changed = replace(run, **changes)  # type: ignore[arg-type]  # the field's own type is checked by its caller
        self.note_run(changed)
        return changed

    def _runs(self, where: str, *values: object) -> list[RunRecord]:
        with self._one() as db:
            return [run_of(row) for row in db.execute(f"SELECT * FROM runs {where}", values)]

    # Timers and pauses

    def ticked(self) -> dict[str, datetime]:
        """The last tick that was noted for each tool."""
        with self._one() as db:
            return {tool: time_of(ticked) for tool, ticked in db.execute("SELECT tool, ticked FROM ticks")}

    def note_ticks(self, ticks: Mapping[str, datetime]) -> None:
        """Note the last tick of some tools."""
        with self._all() as db:
            db.executemany(
                "INSERT OR REPLACE INTO ticks VALUES (?, ?)", ((tool, at.timestamp()) for tool, at in ticks.items())
            )

    def pauses(self) -> dict[str, Pause]:
        """The tools that are paused, those whose pause has run out too."""
        with self._one() as db:
            rows = db.execute("SELECT tool, until, by FROM pauses").fetchall()
        return {tool: Pause(tool, time_of(until) if until is not None else None, by) for tool, until, by in rows}

    def pause(self, pause: Pause) -> None:
        """Note that a tool is paused."""
        with self._all() as db:
            until = pause.until.timestamp() if pause.until else None
            db.execute("INSERT OR REPLACE INTO pauses VALUES (?, ?, ?)", (pause.tool, until, pause.by))

    def resume(self, tool: str) -> None:
        """Forget a pause."""
        with self._all() as db:
            db.execute("DELETE FROM pauses WHERE tool = ?", (tool,))

    # Alarms

    def alarms(self) -> list[Alarm]:
        """The alarms that were kept, their moments in UTC."""
        with self._one() as db:
            return [alarm_of(row) for row in db.execute("SELECT event, subject, since, said FROM alarms")]

    def keep_alarms(self, alarms: Iterable[Alarm]) -> None:
        """Keep these alarms, and no others."""
        with self._all() as db:
            db.execute("DELETE FROM alarms")
            db.executemany("INSERT INTO alarms VALUES (?, ?, ?, ?)", map(alarm_row, alarms))


def opened(path: Path, now: datetime) -> tuple[Ledger, Path | None]:
    """The ledger, and where a ruined one was set aside: it loses history, never files or work.

    Raises `LedgerFault` when there can't even be a fresh one.
    """
    try:
        ledger = Ledger(path)
        try:
            ledger.check()
        except BaseException:
            ledger.close()
            raise
    except LedgerFault as fault:
        if not _ruined(fault.__cause__):
            raise
        aside = _set_aside(path, f"{path.name}.ruined-{now:%Y%m%d-%H%M%S}")
        return Ledger(path), aside
    return ledger, None


def _ruined(error: BaseException | None) -> bool:
    # Locked, read-only, disk full and the like are operational: they pass, and the ledger is whole.
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)


def _set_aside(path: Path, name: str) -> Path:
    for number in count(1):
        aside = path.with_name(numbered(name, number))
        with suppress(FileExistsError):
            rename_new(path, aside)
            break
    for companion in ("-wal", "-shm"):
        path.with_name(path.name + companion).unlink(missing_ok=True)
    return aside


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """What SQLite raises, as a `LedgerFault`."""
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerFault(f"the ledger {path} can't be used: {error}", folder=str(path.parent)) from error


def _write_ahead(db: sqlite3.Connection) -> None:
    # Where several do so to a fresh file, SQLite does not wait as its time-out says: it tells the others at once.
    end = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)


def identity(path: Path) -> tuple[int, int]:
    """Which file it is, whatever its name."""
    there = os.stat(path)
    return there.st_dev, there.st_ino
