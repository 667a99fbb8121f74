"""The ledger for who only looks: what it sees, and that it changes nothing."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncd.disk.ledger import Ledger
from syncd.disk.onlooker import Onlooker
from syncd.disk.records import RunRecord
from syncd.disk.schema import MIGRATIONS
from syncd.errors import LedgerFault

NOON = datetime(2026, 11, 22, 12, 0, 0, 0, UTC)
RUN = RunRecord("20261122-120000-users", "users", "users", "campus", "erp/users.csv", 17, "a" * 64, "timer", NOON)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger that nobody has open, with one run."""
    path = tmp_path / "a ledger?#%41.sqlite"
    with closing(Ledger(path)) as ledger:
        ledger.note_run(RUN)
    return path


def seen(path: Path) -> list[RunRecord]:
    """The runs that an onlooker sees."""
    with closing(Onlooker(path)) as ledger:
        return ledger.runs()


def test_a_ledger_that_nobody_writes_is_left_as_it_is(path: Path) -> None:
    """Its bytes stay, and no file appears beside it."""
    before = path.read_bytes()
    assert seen(path) == [RUN]
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_what_was_just_noted_is_seen(path: Path) -> None:
    """While it is written, what is not yet in the file itself is seen too."""
    with closing(Ledger(path)) as ledger, closing(Onlooker(path)) as onlooker:
        for number in range(3):
            ledger.note_run(replace(RUN, id=f"run-{number}"))
            assert len(onlooker.runs()) == number + 2


@pytest.mark.parametrize("written", [False, True])
def test_an_onlooker_can_change_nothing(path: Path, written: bool) -> None:
    """Neither while somebody writes the ledger nor while nobody does."""
    writer = Ledger(path) if written else None
    with closing(Onlooker(path)) as onlooker, pytest.raises(LedgerFault, match="readonly"):
        onlooker.note_run(RUN)
    if writer:
        writer.close()


@pytest.mark.parametrize("open_elsewhere", [False, True])
def test_an_older_ledger_is_read_and_stays_old(path: Path, open_elsewhere: bool) -> None:
    """After an update of the program, while the daemon of before still runs: that one writes it as it knows it."""
    path.unlink()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(MIGRATIONS[0] + "PRAGMA user_version = 1")
        db.execute(
            f"INSERT INTO runs VALUES ({', '.join('?' * 17)})",
            ("r", "t", "k", "s", b"p", 1, "h", "timer", 0, "done", 1.5, 2.5, "{}", "", "", b"", ""),
        )
        if open_elsewhere:
            assert [run.id for run in seen(path)] == ["r"]
    assert [run.id for run in seen(path)] == ["r"]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)


@pytest.mark.parametrize("open_elsewhere", [False, True])
def test_a_newer_ledger_is_refused(path: Path, open_elsewhere: bool) -> None:
    """What this syncd can't know is not guessed at."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        if not open_elsewhere:
            db.close()
        with pytest.raises(LedgerFault, match="by a newer syncd"):
            Onlooker(path)


def test_a_ruined_ledger_is_said(path: Path) -> None:
    """What is no ledger is a fault with a sentence, and not a wait."""
    path.write_bytes(b"this is no ledger" * 100)
    with pytest.raises(LedgerFault, match="not a database"):
        Onlooker(path)


def test_no_ledger_is_no_fault_of_the_ledger(path: Path) -> None:
    """Whoever asks knows best what it means that there is none."""
    path.unlink()
    with pytest.raises(FileNotFoundError):
        Onlooker(path)
