"""Taking in: from the drop folder to the repository, each file whole, once, and in nobody's way."""

import errno
import os
import resource
import signal
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Timer

import pytest

from syncd.disk.drop import Left
from syncd.disk.intake import Taking
from syncd.disk.repository import Repository
from tests.disk.folders import Folders, sha256
from tests.killing import apart, with_disk
from tests.waiting import wait_for

MANY = 1_000


def put(folders: Folders, path: str, content: bytes = b"rows") -> Path:
    """A finished upload."""
    file = folders.drop / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def taken(taking: Taking) -> dict[str, str]:
    """What came in, by path, each with what became of an older one."""
    return {one.arrival.path: one.older for one in taking.taken}


def left(taking: Taking) -> dict[str, str]:
    """What stayed, by path, each with its obstacle."""
    return {one.sighting.path: one.obstacle for one in taking.left}


def test_a_file_comes_to_the_repository(folders: Folders) -> None:
    """Under its name, in its folder, with its hash in the ledger, and nothing of it stays in the drop folder."""
    put(folders, "erp/2026/users.csv", b"rows")
    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    with folders.intake(now=lambda: now) as intake:
        taking = folders.take_in(intake)
    (arrival,) = folders.arrivals()
    assert [one.arrival for one in taking.taken] == [arrival]
    assert (arrival.path, arrival.arrived, arrival.size, arrival.sha256) == (
        "erp/2026/users.csv",
        now,
        4,
        sha256(b"rows"),
    )
    assert folders.waiting() == {"erp/2026/users.csv": b"rows"}
    assert folders.dropped() == {} and folders.leftovers() == []


@pytest.mark.parametrize(
    "name",
    ["blocks.csv", "clock.zip", "-rf", "two words'\".csv", "new\nline.csv", "caf\udce9.csv", "n" * 251 + ".csv"],
)
def test_a_name_is_kept_byte_for_byte(folders: Folders, name: str) -> None:
    """In the repository, in the archives as far as it fits, and in the ledger."""
    for content in (b"one", b"two"):
        put(folders, f"sub/{name}", content)
        folders.take_in_all()
    assert folders.waiting() == {f"sub/{name}": b"two"}
    assert {arrival.path for arrival in folders.arrivals()} == {f"sub/{name}"}
    folders.assert_each_in_one_place(Counter([b"one", b"two"]))


def test_an_empty_file_is_taken(folders: Folders) -> None:
    """It is for its tool to refuse it, with a report."""
    put(folders, "users.csv", b"")
    folders.take_in_all()
    assert folders.waiting() == {"users.csv": b""}
    assert folders.arrivals()[0].sha256 == sha256(b"")


def test_a_newer_file_supersedes_a_waiting_one(folders: Folders) -> None:
    """It is told where the older one is now."""
    put(folders, "users.csv", b"older")
    folders.take_in_all()
    put(folders, "users.csv", b"newer")
    with folders.intake() as intake:
        (older,) = taken(folders.take_in(intake)).values()
    assert folders.kept() == {"users.csv": b"newer", older: b"older"}
    assert older.startswith("archives/superseded/")


def test_deltas_queue(folders: Folders) -> None:
    """Where all are to be run, none takes another's place."""
    with folders.intake(queues=lambda _path: True) as intake:
        found = []
        for content in (b"one", b"two", b"three"):
            put(folders, "deltas.csv", content)
            found.append(taken(folders.take_in(intake))["deltas.csv"])
    assert found == ["", "queued", "queued"]
    assert folders.waiting() == {"deltas.csv": b"one"}
    assert [file.size for file in Repository(folders.repository).queued("deltas.csv")] == [3, 5]


def test_files_keep_the_order_in_which_they_were_finished(folders: Folders) -> None:
    """Those of one round too: their times in the repository are their senders', not that of the claim."""
    names = ["c.csv", "a.csv", "b.csv"]
    for name in names:
        finished = put(folders, name).stat().st_ctime_ns
        # A file system's clock is as coarse as a hundredth of a second.
        wait_for(partial(_ticked, folders.top / "clock", finished))
    folders.take_in_all()
    assert [file.path for file in Repository(folders.repository).waiting()] == names


def _ticked(clock: Path, moment: int) -> bool:
    clock.write_bytes(b"")
    return clock.stat().st_ctime_ns > moment


def test_a_name_that_is_a_folder_stays_where_it_is(folders: Folders) -> None:
    """Also one whose folder's name is a file; what has no such trouble is taken."""
    (folders.repository / "users.csv").mkdir()
    (folders.repository / "erp").write_bytes(b"by hand")
    for path in ("users.csv", "erp/users.csv", "other.csv"):
        put(folders, path)
    with folders.intake() as intake:
        taking = folders.take_in(intake)
    assert left(taking) == {"users.csv": "name-taken", "erp/users.csv": "name-taken"}
    assert taken(taking) == {"other.csv": ""}
    assert sorted(folders.dropped()) == ["erp/users.csv", "users.csv"]


def test_two_files_of_one_round_that_can_not_both_have_their_names_are_kept(folders: Folders) -> None:
    """A claimed file and a folder of its name: the one that comes second goes to the archives, and nothing stands."""
    for content, path in ((b"file", "erp"), (b"below", "erp/users.csv")):
        claim = folders.drop / ".syncd" / f"claim-of-{content.decode()}"
        (claim / path).parent.mkdir(parents=True)
        (claim / path).write_bytes(content)
    with folders.intake() as intake:
        folders.take_in(intake)
        folders.take_in(intake)
    folders.assert_each_in_one_place(Counter([b"file", b"below"]))
    assert folders.claimed() == []


def test_a_file_that_moved_has_to_settle_again(folders: Folders) -> None:
    """It is neither taken nor lost."""
    file = put(folders, "users.csv", b"half")
    drop = folders.looking()
    sightings = drop.look()
    file.write_bytes(b"half and half")
    with folders.intake() as intake:
        taking = intake.take_in(sightings, [])
        assert (taken(taking), left(taking)) == ({}, {"users.csv": ""})
        assert taken(folders.take_in(intake)) == {"users.csv": ""}
    folders.assert_each_in_one_place(Counter([b"half and half"]))


def test_what_is_written_to_a_claimed_file_arrives_too(folders: Folders) -> None:
    """The repository has the bytes that were there when it was copied; what came later is another arrival."""
    put(folders, "users.csv", b"rows")
    late: list[int] = []

    def now() -> datetime:
        # Between the copy and the end of the round: just when the sender goes on.
        if not late:
            (claimed,) = (folders.drop / ".syncd").rglob("users.csv")
            late.append(claimed.write_bytes(b"rows and more"))
        return datetime.now(UTC)

    with folders.intake(now=now) as intake:
        assert taken(folders.take_in(intake)) == {"users.csv": ""}
        assert folders.waiting() == {"users.csv": b"rows"}
        (older,) = taken(folders.take_in(intake)).values()
    assert folders.kept() == {"users.csv": b"rows and more", older: b"rows"}
    folders.assert_each_in_one_place(Counter([b"rows", b"rows and more"]))


def test_the_same_bytes_again_are_another_arrival(folders: Folders) -> None:
    """Whether they are to be run again is not for the intake to say."""
    for _ in range(2):
        put(folders, "users.csv", b"rows")
        folders.take_in_all()
    assert len(folders.arrivals()) == 2


def test_two_names_of_one_file_are_two_arrivals(folders: Folders) -> None:
    """A client that was killed between the link and the unlink of a rename leaves both."""
    file = put(folders, "users.csv", b"rows")
    os.link(file, folders.drop / "users-2.csv")
    folders.take_in_all()
    assert folders.waiting() == {"users.csv": b"rows", "users-2.csv": b"rows"}
    assert len(folders.arrivals()) == 2


def test_the_repository_may_lie_on_another_disk(tmp_path: Path) -> None:
    """Nothing is renamed from one to the other."""
    if not Path("/dev/shm").is_dir() or Path("/dev/shm").stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second disk")
    with TemporaryDirectory(dir="/dev/shm") as other:
        folders = Folders(tmp_path / "syncd", elsewhere=Path(other, "repository")).make()
        for path, content in {"users.csv": b"rows", "erp/big.csv": b"rows" * 500_000}.items():
            put(folders, path, content)
        folders.take_in_all()
        assert folders.waiting() == {"users.csv": b"rows", "erp/big.csv": b"rows" * 500_000}
        folders.assert_ledger_is_true()


def test_a_round_under_way_never_shows_half_a_file(folders: Folders) -> None:
    """Whenever somebody looks at the repository, what waits there is whole."""
    content = b"row\n" * 1_000_000
    for number in range(4):
        put(folders, f"users{number}.csv", content)
    seen = []

    def queues(_path: str) -> bool:
        seen.append(set(folders.waiting().values()))
        return False

    with folders.intake(queues=queues) as intake:
        folders.take_in(intake)
    assert len(seen) == 4
    assert set().union(*seen) <= {content}


# Trouble


@pytest.mark.root
def test_a_full_disk_loses_nothing_and_mends_itself(tmp_path: Path) -> None:
    """The round fails; as soon as there is room again, the next one takes in everything."""
    top = tmp_path / "syncd"
    other = tmp_path / "other"
    other.mkdir()

    def taking_in() -> None:
        folders = Folders(top, elsewhere=other / "repository").make()
        filler = other / "filler"
        filler.write_bytes(b"x" * 3_000_000)
        contents = [bytes([65 + number]) * 300_000 for number in range(5)]
        for number, content in enumerate(contents):
            put(folders, f"users{number}.csv", content)
        with folders.intake() as intake:
            for _ in range(3):
                with pytest.raises(OSError, match="No space left"):
                    folders.take_in(intake)
            assert folders.waiting() == {} and folders.arrivals() == []
            filler.unlink()
            for _ in range(2):
                folders.take_in(intake)
        folders.assert_each_in_one_place(Counter(contents))
        assert len(folders.waiting()) == 5 and folders.leftovers() == []

    with_disk(other, "4m", taking_in)


def test_a_file_that_the_disk_can_not_hold_is_given_back(folders: Folders) -> None:
    """It stays in the drop folder with its reason, and the others are taken."""
    put(folders, "big.csv", b"x" * 300_000)
    put(folders, "huge.csv", b"x" * 3_000_000)
    put(folders, "small.csv", b"rows")

    def taking_in() -> None:
        # The limit stands for that of a file system; the ledger stays below it.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, 250_000))
        with folders.intake() as intake:
            taking = folders.take_in(intake)
        assert taken(taking) == {"small.csv": ""}
        assert left(taking) == {"big.csv": "unstorable", "huge.csv": "unstorable"}
        assert sorted(taking.left, key=lambda one: one.sighting.path) == [
            Left(sighting, "unstorable")
            for sighting in sorted(folders.looking().look(), key=lambda sighting: sighting.path)
        ]

    apart(taking_in)
    assert sorted(folders.dropped()) == ["big.csv", "huge.csv"]
    assert folders.leftovers() == []


def test_a_copy_that_fails_waits_for_the_others(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """None goes on with a handle that was closed, into a place to which the next round copies."""
    put(folders, "a.csv", b"fails at once")
    put(folders, "b.csv", b"takes its time")
    copied = Event()
    fsync = os.fsync

    def syncing(file: int) -> None:
        name = os.path.basename(os.readlink(f"/proc/self/fd/{file}"))
        if name == "a.csv":
            raise OSError(errno.EIO, "the disk is broken")
        if name == "b.csv":
            Timer(0.2, copied.set).start()
            copied.wait(20)
        fsync(file)

    sightings = sorted(folders.looking().look(), key=lambda one: one.path)
    with folders.intake() as intake:
        with monkeypatch.context() as patch, pytest.raises(OSError, match="the disk is broken"):
            patch.setattr(os, "fsync", syncing)
            intake.take_in(sightings, [])
        assert copied.is_set()
        for _ in range(2):
            folders.take_in(intake)
    folders.assert_each_in_one_place(Counter([b"fails at once", b"takes its time"]))


def test_a_lost_ledger_loses_no_file(folders: Folders) -> None:
    """History is gone; what was claimed or staged at that moment still arrives, once."""
    put(folders, "users.csv", b"rows")
    with folders.intake(now=_crash) as intake, pytest.raises(RuntimeError):
        folders.take_in(intake)
    for name in ("", "-wal", "-shm"):
        folders.ledger.with_name(folders.ledger.name + name).unlink(missing_ok=True)
    folders.take_in_all()
    folders.assert_each_in_one_place(Counter([b"rows"]))


def _crash() -> datetime:
    raise RuntimeError("the process ends here")


def test_a_drop_folder_that_is_gone_for_a_while_is_taken_up_again(folders: Folders) -> None:
    """Unmounted and mounted again: the round fails, the next one goes on."""
    put(folders, "users.csv", b"rows")
    sightings = folders.looking().look()
    with folders.intake() as intake:
        folders.drop.rename(folders.top / "away")
        with pytest.raises(FileNotFoundError):
            intake.take_in(sightings, [])
        (folders.top / "away").rename(folders.drop)
        folders.take_in(intake)
    folders.assert_each_in_one_place(Counter([b"rows"]))


@pytest.mark.parametrize("moment", ["claimed", "noted"])
def test_an_error_of_the_round_is_mended_by_the_next_one(folders: Folders, moment: str) -> None:
    """Without a new start: the intake knows that a round was broken off."""
    put(folders, "users.csv", b"rows")
    errors = iter([RuntimeError("once")])

    def fail() -> None:
        for error in errors:
            raise error

    def now() -> datetime:
        if moment == "claimed":
            fail()
        return datetime.now(UTC)

    def queues(_path: str) -> bool:
        if moment == "noted":
            fail()
        return False

    with folders.intake(now=now, queues=queues) as intake:
        with pytest.raises(RuntimeError):
            folders.take_in(intake)
        for _ in range(2):
            folders.take_in(intake)
    folders.assert_each_in_one_place(Counter([b"rows"]))
    assert folders.waiting() == {"users.csv": b"rows"}
    assert folders.leftovers() == []


# In the long run


def test_a_thousand_files_leave_no_handle_open(folders: Folders) -> None:
    """Nor do those that moved, of which each round leaves one to the next."""
    with folders.intake() as intake:
        handles, count = [], 0
        for number in range(MANY // 50):
            for one in range(50):
                put(folders, f"folder{one % 7}/users{number}-{one}.csv")
            sightings = folders.looking().look()
            put(folders, f"folder0/users{number}-0.csv", b"changed")
            count += len(intake.take_in(sightings, []).taken)
            handles.append(len(os.listdir("/proc/self/fd")))
    assert count == MANY - 1
    assert max(handles[1:]) <= handles[0]


def test_a_tryback_comes_in_as_the_command_file_that_it_is(folders: Folders) -> None:
    """It can be dropped as it is, and is run like the file whose rows it holds."""
    put(folders, "erp/users_tryback_20261123-024118.csv", b"corrected")
    folders.take_in_all()
    assert folders.waiting() == {"erp/users.csv": b"corrected"}
    assert [arrival.path for arrival in folders.arrivals()] == ["erp/users.csv"]


def test_a_tryback_takes_nobodys_place(folders: Folders) -> None:
    """A few rows must not supersede the file of all of them: they queue behind it."""
    put(folders, "users.csv", b"all")
    put(folders, "users_tryback_20261123-024118.csv", b"some")
    folders.take_in_all()
    folders.take_in_all()
    assert folders.waiting() == {"users.csv": b"all"}
    assert [file.size for file in Repository(folders.repository).queued("users.csv")] == [4]
