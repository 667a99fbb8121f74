"""The ledger's tables, and how an older ledger comes to have them."""

import sqlite3
from collections.abc import Iterator

from syncd.errors import NewerLedger

MIGRATIONS = (
    """
    CREATE TABLE arrivals (
        claim TEXT NOT NULL,      -- the claim that it came by; a file put by hand has one of its own
        path BLOB NOT NULL,       -- relative to the drop folder, byte for byte
        arrived REAL NOT NULL,    -- seconds since 1970, as all times here
        size INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        PRIMARY KEY (claim, path)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX arrivals_by_hash ON arrivals (sha256);
    CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        tool TEXT NOT NULL,
        kind TEXT NOT NULL,
        site TEXT NOT NULL,
        path BLOB NOT NULL,       -- relative to the repository
        size INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        asked_by TEXT NOT NULL,   -- 'timer', 'arrival' or who asked
        simulated INTEGER NOT NULL,
        state TEXT NOT NULL,
        started REAL NOT NULL,
        ended REAL,
        counts TEXT NOT NULL,     -- JSON: rows by outcome
        plan TEXT NOT NULL,       -- digest of what the plan would send
        reason TEXT NOT NULL,     -- why it was held, refused or failed
        report BLOB NOT NULL,     -- the report's file name in reports/, byte for byte
        approved_by TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX runs_by_tool ON runs (tool, started);
    CREATE INDEX runs_by_start ON runs (started);
    CREATE INDEX runs_by_hash ON runs (sha256);
    CREATE INDEX runs_by_state ON runs (state);
    CREATE TABLE ticks (tool TEXT PRIMARY KEY, ticked REAL NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE pauses (tool TEXT PRIMARY KEY, until REAL, by TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """,
    """
    ALTER TABLE runs ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;  -- processes that died in the middle of it
    """,
    """
    CREATE INDEX arrivals_by_time ON arrivals (arrived);
    CREATE INDEX arrivals_by_path ON arrivals (path, arrived);
    CREATE TABLE alarms (
        event TEXT NOT NULL,
        subject BLOB NOT NULL,    -- what it is about: a tool, a run, a folder
        since REAL NOT NULL,
        said TEXT NOT NULL,       -- JSON: what people were told
        PRIMARY KEY (event, subject)
    ) STRICT, WITHOUT ROWID;
    """,
)
"""One script for each version of the schema; a script that has been released is never changed."""


def migrate(db: sqlite3.Connection) -> None:
    """Give the ledger the tables of this version; raises `NewerLedger` for one that a newer syncd wrote."""
    if version_of(db) == len(MIGRATIONS):
        return
    # Whoever comes second waits here, and then looks again what is left to do.
    db.execute("BEGIN IMMEDIATE")
    try:
        version = version_of(db)
        if version > len(MIGRATIONS):
            raise NewerLedger(
                f"the ledger was written by a newer syncd (schema {version}, this one knows {len(MIGRATIONS)}); "
                "install that version again, or move the ledger away: it holds history only"
            )
        for script in MIGRATIONS[version:]:
            for statement in _statements(script):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def version_of(db: sqlite3.Connection) -> int:
    """The schema's version; a fresh file has 0."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: sqlite3's executescript would end the transaction that they are in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
