"""The practice site's tables in SQLite, with the way that Moodle's database compares text."""

import re
import sqlite3
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from syncd.errors import Fault
from syncd.targets.sandbox.profile import ProfileField

GUEST_ID = 1
ADMIN_ID = 2

_VERSION = 5
TABLES = f"""
CREATE TABLE IF NOT EXISTS user (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- Moodle never gives an id twice
    username TEXT NOT NULL UNIQUE,
    idnumber_key TEXT NOT NULL,
    email_key TEXT NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    timemodified INTEGER NOT NULL DEFAULT 0,
    record TEXT NOT NULL                   -- every field of the account as JSON, but no password
);
CREATE INDEX IF NOT EXISTS user_idnumber ON user (idnumber_key);
CREATE UNIQUE INDEX IF NOT EXISTS user_email ON user (email_key) WHERE deleted = 0;
INSERT OR IGNORE INTO user (id, username, idnumber_key, email_key, record) VALUES
    ({GUEST_ID}, 'guest', '', 'root@localhost',
     '{{"firstname": "Guest user", "lastname": " ", "email": "root@localhost", "auth": "manual"}}'),
    ({ADMIN_ID}, 'admin', '', 'admin@sandbox.invalid',
     '{{"firstname": "Admin", "lastname": "User", "email": "admin@sandbox.invalid", "auth": "manual"}}');
"""


@dataclass(frozen=True, slots=True)
class Visit:
    """One call's view of the site: an open transaction, the time in seconds, and the custom profile fields."""

    connection: sqlite3.Connection
    now: int
    profile_fields: Mapping[str, ProfileField]


def connect(path: Path, tables: Sequence[str], patience: float) -> sqlite3.Connection:
    """Open the site, made with its administrator and its guest if it is not there yet.

    `tables` are SQL scripts that make what is not there yet: an older site gets what it lacks. The connection may be
    used by any thread, by one at a time, and waits `patience` seconds for others that write. Raises `Fault` for a site
    of a newer version.
    """
    if not path.exists():
        _make(path, tables, patience)
    connection = _open(path, patience)
    try:
        _ready(connection, path, tables)
    except BaseException:
        connection.close()
        raise
    return connection


def _ready(connection: sqlite3.Connection, path: Path, tables: Sequence[str]) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version < _VERSION:
        _furnish(connection, tables)
    if version > _VERSION:
        raise Fault(f"The practice site {path} has version {version} and this syncd knows {_VERSION}: set it aside.")
    # A practice site may lose its last calls when the power fails; it is never damaged by it.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _make(path: Path, tables: Sequence[str], patience: float) -> None:
    # Made beside and linked into place: of several that do so at once one wins, and nobody sees half a site.
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with closing(_open(beside, patience)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            _furnish(connection, tables)
        with suppress(FileExistsError):
            path.hardlink_to(beside)
    finally:
        beside.unlink(missing_ok=True)


def _furnish(connection: sqlite3.Connection, tables: Sequence[str]) -> None:
    for script in tables:
        connection.executescript(script)
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def _open(path: Path, patience: float) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)


_BEYOND = re.compile("[\U00010000-\U0010ffff]")


def compared(value: str) -> str:
    """What two texts have in common when utf8mb4_unicode_ci takes them for equal: not case, accents, last blanks.

    All signs beyond the first plane are one to it.
    """
    if not value.isascii():
        value = _BEYOND.sub("\ufffd", value)
        decomposed = unicodedata.normalize("NFKD", value.casefold())
        value = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return value.lower().rstrip(" ")
