"""The ledger: what it remembers, and what happens when it is ruined, gone, full or from another time."""

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.model import Outcome, RunState
from syncd.disk.ledger import Ledger, opened
from syncd.disk.records import Arrival, Pause, RunRecord
from syncd.disk.schema import MIGRATIONS
from syncd.errors import LedgerFault, NewerLedger
from tests.killing import as_nobody, with_disk

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, UTC)
ARRIVAL = Arrival("18ea-1-0", "erp/users.csv", NOON, 17, "a" * 64)
RUN = RunRecord("20261122-120000-users", "users", "users", "campus", "erp/users.csv", 17, "a" * 64, "timer", NOON)

TICK = timedelta(microseconds=1)

paths = st.binary(min_size=1, max_size=30).map(os.fsdecode)
moments = st.integers(0, 4_000_000_000_000_000).map(lambda micro: datetime(1970, 1, 1, tzinfo=UTC) + micro * TICK)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger lies."""
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    """A fresh one."""
    with closing(Ledger(path)) as ledger:
        yield ledger


@contextmanager
def closing(ledger: Ledger) -> Iterator[Ledger]:
    """Close a ledger in the end."""
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def fresh() -> Iterator[Ledger]:
    """A ledger for one example."""
    with TemporaryDirectory() as folder, closing(Ledger(Path(folder, "ledger.sqlite"))) as ledger:
        yield ledger


def schema(path: Path) -> dict[str, str]:
    """Every table and index, with how it was made."""
    db = sqlite3.connect(path)
    try:
        return dict(db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))
    finally:
        db.close()


# What it remembers


@given(st.lists(st.builds(Arrival, texts, paths, moments, st.integers(0, 2**62), texts), max_size=5))
def test_an_arrival_is_remembered_as_it_was(arrivals: list[Arrival]) -> None:
    """Law: byte for byte, and to the microsecond; of two by one claim under one name, the first counts."""
    first: dict[tuple[str, str], Arrival] = {}
    for arrival in arrivals:
        first.setdefault((arrival.claim, arrival.path), arrival)
    with fresh() as ledger:
        ledger.note_arrivals(arrivals)
        ledger.note_arrivals(arrivals)
        assert {key: ledger.arrival(*key) for key in first} == first
        assert sorted(ledger.arrivals(), key=lambda one: (one.claim, one.path)) == [first[key] for key in sorted(first)]


@given(
    st.builds(
        RunRecord,
        *[texts] * 4,
        path=paths,
        size=st.integers(0, 2**62),
        sha256=texts,
        asked_by=texts,
        started=moments,
        simulated=st.booleans(),
        state=st.sampled_from(RunState),
        ended=st.none() | moments,
        counts=st.dictionaries(st.sampled_from(Outcome), st.integers(0, 10**9)),
        plan=texts,
        reason=texts.filter(str.isprintable),
        report=paths,
        approved_by=texts,
    )
)
def test_a_run_is_remembered_as_it_was(run: RunRecord) -> None:
    """Law: every field comes back as it was noted, and noting it again leaves one run."""
    with fresh() as ledger:
        ledger.note_run(run)
        ledger.note_run(run)
        assert ledger.run(run.id) == run
        assert ledger.runs() == [run]


def test_the_newest_arrivals_come_first(ledger: Ledger) -> None:
    """All of them, or those of some bytes."""
    later = replace(ARRIVAL, claim="b", arrived=NOON + timedelta(hours=1))
    other = replace(ARRIVAL, claim="c", arrived=NOON + timedelta(hours=2), sha256="b" * 64)
    ledger.note_arrivals([ARRIVAL, other, later])
    assert ledger.arrivals() == [other, later, ARRIVAL]
    assert ledger.arrivals(sha256="a" * 64) == [later, ARRIVAL]
    assert ledger.arrivals(sha256="a" * 64, limit=1) == [later]


def test_bytes_are_known_under_their_name_alone(ledger: Ledger) -> None:
    """The same bytes under another name never arrived."""
    ledger.note_arrivals([ARRIVAL])
    assert ledger.knows(ARRIVAL.sha256, ARRIVAL.path)
    assert not ledger.knows(ARRIVAL.sha256, "erp/others.csv")
    assert not ledger.knows("b" * 64, ARRIVAL.path)


def test_arrivals_are_noted_all_or_none(ledger: Ledger) -> None:
    """An error half-way leaves nothing, and the ledger works on."""

    def half() -> Iterator[Arrival]:
        yield ARRIVAL
        raise RuntimeError("the rest can't be had")

    with pytest.raises(RuntimeError):
        ledger.note_arrivals(half())
    assert ledger.arrivals() == []
    ledger.note_arrivals([ARRIVAL])
    assert ledger.arrivals() == [ARRIVAL]


def test_runs_are_found_by_tool_state_and_bytes(ledger: Ledger) -> None:
    """Newest first; those in a state oldest first, as they are to be gone on with."""
    held = replace(RUN, id="b", started=NOON + timedelta(hours=1), state=RunState.HELD)
    other = replace(RUN, id="c", started=NOON + timedelta(hours=2), state=RunState.HELD, tool="cohorts", sha256="b")
    for run in (held, RUN, other):
        ledger.note_run(run)
    assert ledger.runs() == [other, held, RUN]
    assert ledger.runs(tool="users", limit=1) == [held]
    assert ledger.in_state(RunState.HELD) == [held, other]
    assert ledger.of_bytes("a" * 64) == [held, RUN]
    assert ledger.run("nothing") is None


def test_a_run_can_be_changed(ledger: Ledger) -> None:
    """Only in what is said; it is returned as it stands then."""
    ledger.note_run(RUN)
    changed = ledger.change_run(RUN, state=RunState.DONE, ended=NOON)
    assert changed == replace(RUN, state=RunState.DONE, ended=NOON) == ledger.run(RUN.id)


def test_ticks_and_pauses_are_remembered(ledger: Ledger) -> None:
    """The last of each tool counts."""
    ledger.note_ticks({"users": NOON, "cohorts": NOON})
    ledger.note_ticks({"users": NOON + timedelta(hours=1)})
    assert ledger.ticked() == {"users": NOON + timedelta(hours=1), "cohorts": NOON}
    until, for_ever = Pause("users", NOON, "ana"), Pause("cohorts", None, "ben")
    ledger.pause(for_ever)
    ledger.pause(replace(until, by="eva"))
    ledger.pause(until)
    assert ledger.pauses() == {"users": until, "cohorts": for_ever}
    ledger.resume("users")
    ledger.resume("never paused")
    assert ledger.pauses() == {"cohorts": for_ever}


def test_two_connections_see_one_ledger(path: Path) -> None:
    """Each thread has its own, and a process that reads is not in the way of the daemon."""
    with closing(Ledger(path)) as one, closing(Ledger(path)) as other:
        one.note_arrivals([ARRIVAL])
        assert other.arrivals() == [ARRIVAL]
        other.note_run(RUN)
        assert one.runs() == [RUN]


def test_others_may_not_read_it(ledger: Ledger, path: Path) -> None:
    """The group may; the ledger names files and who asked."""
    ledger.note_arrivals([ARRIVAL])
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_reason_is_one_line(ledger: Ledger) -> None:
    """Whatever a program or a name brought into it; noted once more it stays as it is."""
    ledger.note_run(replace(RUN, reason="no such file: a\nb\udce9\\c"))
    run = ledger.run(RUN.id)
    assert run and run.reason == r"no such file: a\nb\xe9\\c"
    assert ledger.change_run(run) == ledger.run(RUN.id) == run


# Other times


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
def test_an_older_ledger_is_brought_up_to_date(path: Path, version: int) -> None:
    """From any version on, from none too: the schema is the same as that of a fresh ledger."""
    db = sqlite3.connect(path)
    for script in MIGRATIONS[:version]:
        db.executescript(script)
    db.execute(f"PRAGMA user_version = {version}")
    db.close()
    with closing(Ledger(path)) as ledger:
        ledger.note_arrivals([ARRIVAL])
    with closing(Ledger(path)) as ledger:
        assert ledger.arrivals() == [ARRIVAL]
    with closing(Ledger(path.with_name("fresh"))):
        assert schema(path) == schema(path.with_name("fresh"))


def test_several_may_make_the_ledger_at_once(tmp_path: Path) -> None:
    """A daemon that starts, and whoever looks meanwhile: each finds the ledger whole, or makes it."""
    for number in range(20):
        path = tmp_path / f"ledger-{number}"
        with ThreadPoolExecutor(8) as pool:
            for ledger in [opening.result() for opening in [pool.submit(Ledger, path) for _ in range(8)]]:
                ledger.close()
        assert schema(path) == schema(tmp_path / "ledger-0")


def test_a_newer_ledger_is_refused_and_left_as_it_is(path: Path) -> None:
    """An older syncd must not write what it does not understand; the sentence says what to do."""
    with closing(Ledger(path)) as ledger:
        ledger.note_arrivals([ARRIVAL])
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    before = path.read_bytes()
    with pytest.raises(NewerLedger, match=r"by a newer syncd .* install that version again, or move the ledger"):
        opened(path, NOON)
    assert path.read_bytes() == before
    assert [other.name for other in path.parent.iterdir() if other.suffix not in {".sqlite-wal", ".sqlite-shm"}] == [
        path.name
    ]


# Trouble


def ruined(path: Path) -> bytes:
    """A ledger whose middle was overwritten, as a broken disk does it."""
    with closing(Ledger(path)) as ledger:
        for number in range(500):
            ledger.note_arrivals([replace(ARRIVAL, claim=f"{number}")])
    content = bytearray(path.read_bytes())
    content[5 * 4096 : -4096] = b"\xff" * (len(content) - 6 * 4096)
    path.write_bytes(content)
    return bytes(content)


@pytest.mark.parametrize("ruin", [b"no database at all, but long enough to be one" * 100, b"\0" * 8192, None])
def test_a_ruined_ledger_is_set_aside(path: Path, ruin: bytes | None) -> None:
    """Under its name and the time; a fresh one takes its place, and nothing of the old journal comes back."""
    if ruin is None:
        ruin = ruined(path)
    path.write_bytes(ruin)
    path.with_name(path.name + "-wal").write_bytes(b"old journal")
    ledger, aside = opened(path, NOON)
    with closing(ledger):
        assert aside == path.with_name("ledger.sqlite.ruined-20261122-120000")
        assert aside.read_bytes() == ruin
        assert ledger.arrivals() == []
        ledger.note_arrivals([ARRIVAL])


def test_a_second_ruin_does_not_replace_the_first(path: Path) -> None:
    """Each is set aside under a name of its own."""
    names = set()
    for content in (b"one" * 1000, b"two" * 1000):
        path.write_bytes(content)
        ledger, aside = opened(path, NOON)
        ledger.close()
        assert aside and aside.read_bytes() == content
        names.add(aside.name)
        path.unlink()
    assert len(names) == 2


def test_a_sound_ledger_is_not_set_aside(path: Path) -> None:
    """Nor is a missing or an empty one: there it begins."""
    path.touch()
    for _ in range(2):
        ledger, aside = opened(path, NOON)
        with closing(ledger):
            assert aside is None
            ledger.note_arrivals([ARRIVAL])
            assert ledger.arrivals() == [ARRIVAL]


def test_a_ledger_in_a_folder_that_is_gone_is_a_fault(tmp_path: Path) -> None:
    """It names the path."""
    with pytest.raises(LedgerFault, match="gone/ledger"):
        Ledger(tmp_path / "gone" / "ledger.sqlite")


@pytest.mark.root
def test_a_ledger_that_may_not_be_written_is_a_fault(public: Path) -> None:
    """That of another account is neither ruined nor set aside, although its folder is everybody's."""
    path = public / "ledger.sqlite"
    Ledger(path).close()
    path.chmod(0o600)

    def opening() -> None:
        with pytest.raises(LedgerFault, match="unable to open"):
            opened(path, NOON)

    as_nobody(opening)
    assert [file.name for file in public.iterdir()] == [path.name]


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_ledger_that_was_taken_away_is_noticed(ledger: Ledger, path: Path, how: str) -> None:
    """SQLite would go on writing to a file that has no name."""
    assert not ledger.lost()
    path.unlink()
    if how == "replaced":
        Ledger(path).close()
    assert ledger.lost()


@pytest.mark.root
def test_a_ledger_on_a_full_disk_works_on_when_there_is_room_again(tmp_path: Path) -> None:
    """Each attempt fails with a sentence and leaves no transaction open; afterwards it is as if nothing had been."""
    filler = tmp_path / "filler"

    def noting() -> None:
        with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
            ledger.note_arrivals([ARRIVAL])
            with pytest.raises(OSError, match="No space"), filler.open("wb", buffering=0) as file:
                while file.write(b"x" * 4096):
                    pass
            many = [replace(ARRIVAL, claim=f"{number}", path="p" * 200) for number in range(500)]
            for _ in range(2):
                with pytest.raises(LedgerFault, match="full"):
                    ledger.note_arrivals(many)
            assert ledger.arrivals() == [ARRIVAL]
            filler.unlink()
            ledger.note_arrivals(many)
            assert len(ledger.arrivals(limit=1000)) == 501
            ledger.check()

    with_disk(tmp_path, "1m", noting)


def test_a_failed_commit_leaves_no_transaction_open(path: Path) -> None:
    """A commit that a reader keeps waiting fails; the next one is a transaction of its own."""
    with closing(Ledger(path)) as ledger:
        ledger.note_arrivals([ARRIVAL])
        ledger._db.execute("PRAGMA journal_mode = DELETE")  # where a commit has to wait for readers
        ledger._db.execute("PRAGMA busy_timeout = 50")
        reader = sqlite3.connect(path, isolation_level=None)
        try:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM arrivals").fetchall()
            for _ in range(2):
                with pytest.raises(LedgerFault, match="locked"):
                    ledger.note_arrivals([replace(ARRIVAL, claim="other")])
        finally:
            reader.close()
        ledger.note_arrivals([replace(ARRIVAL, claim="other")])
        assert len(ledger.arrivals()) == 2
