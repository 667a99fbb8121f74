"""The ledger for who only looks: it needs no right to write it, and leaves nothing behind."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from syncd.disk.ledger import BUSY_TIMEOUT, Ledger, identity, translated
from syncd.disk.schema import MIGRATIONS, migrate, version_of

TRIES = 50
BREATH = 0.02
MOVES_ON = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY})
"""What SQLite answers, with the right to read alone, while the last writer goes or the first one comes."""


class Onlooker(Ledger):
    """A ledger that can be read; all that would change it fails.

    Raises `PermissionError` for who may not read it, and `FileNotFoundError` where there is none.
    """

    def _open(self) -> None:
        with open(self._path, "rb"):  # SQLite tells neither from a file that is damaged
            pass
        with translated(self._path):
            self._db = _settled(lambda: _seen(self._path))
            self._db.execute("PRAGMA query_only = ON")
        self._identity = identity(self._path)


def _seen(path: Path) -> sqlite3.Connection | None:
    """A connection to what the ledger holds now; None: it moved meanwhile."""
    # In WAL mode readers need the writer's files -wal and -shm beside it. Without a writer there are none, and SQLite
    # would make them; but then nobody changes the file either, and it can be taken as it is.
    if not path.with_name(f"{path.name}-wal").exists():
        return _copied(path, "immutable=1")
    db = _read(path, "mode=ro")
    try:
        if version_of(db) >= len(MIGRATIONS):
            migrate(db)  # changes nothing: it refuses what a newer syncd wrote
            return db
    except BaseException:
        db.close()
        raise
    db.close()
    return _copied(path, "mode=ro")


def _copied(path: Path, way: str) -> sqlite3.Connection | None:
    """What the file holds, in memory, as this syncd knows it; None: it was written meanwhile."""
    before = _state(path)
    with closing(_read(path, way)) as db:
        copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        try:
            db.backup(copy)
            if way == "immutable=1" and _state(path) != before:
                copy.close()
                return None
            migrate(copy)
        except BaseException:
            copy.close()
            raise
    return copy


def _read(path: Path, way: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?{way}"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT, check_same_thread=False)


def _state(path: Path) -> tuple[int, int, int, bool]:
    there = os.stat(path)
    return there.st_ino, there.st_size, there.st_mtime_ns, path.with_name(f"{path.name}-wal").exists()


def _settled(look: Callable[[], sqlite3.Connection | None]) -> sqlite3.Connection:
    why = "it is written all the time"
    for _ in range(TRIES):
        try:
            if found := look():
                return found
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in MOVES_ON:
                raise
            why = str(error)
        time.sleep(BREATH)
    raise sqlite3.OperationalError(why)
