"""Whatever breaks a run off at its end, the next start brings it to the same end."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.core.model import Outcome, RunState
from syncd.disk.ledger import Ledger
from syncd.disk.records import Arrival, RunRecord
from syncd.disk.repository import InRun, Repository
from syncd.run import Job, Place, carry_out
from tests.faulty import AWAY
from tests.run.workshop import FILE, Workshop, good_users, user_row, users, users_file

MIXED = users_file([user_row(0), user_row(1, email="nonsense"), user_row(2)])
REFUSED = b"username,nonsense\nana,1\n"
TOO_FEW = {"rows_at_least": 100}


class Crash(BaseException):
    """The power goes."""


class Fuse:
    """Lets so many deeds be done, then the power goes; every deed counts twice: before it, and after."""

    def __init__(self, deeds: int) -> None:
        self._left = deeds

    def __call__(self) -> None:
        """Before a deed, and after it."""
        if not self._left:
            raise Crash
        self._left -= 1


class BrittleRepository(Repository):
    """A repository that may end in the middle of anything a run does to it."""

    def __init__(self, folder: Path, fuse: Fuse) -> None:
        super().__init__(folder)
        self._fuse = fuse

    def write(self, path: str, pieces: Iterable[bytes]) -> None:
        """Write a report or a tryback."""
        self._fuse()
        super().write(path, pieces)
        self._fuse()

    def archive(self, file: InRun, archive: str) -> None:
        """Archive."""
        self._fuse()
        super().archive(file, archive)
        self._fuse()

    def give_back(self, file: InRun, *, queue: bool, stamp: str) -> str:
        """Give back."""
        self._fuse()
        superseded = super().give_back(file, queue=queue, stamp=stamp)
        self._fuse()
        return superseded

    def forget(self, run: str) -> None:
        """Forget."""
        self._fuse()
        super().forget(run)
        self._fuse()


class BrittleLedger(Ledger):
    """A ledger that may end before or after a run is noted."""

    fuse: Callable[[], None] = staticmethod(lambda: None)

    def note_run(self, run: RunRecord) -> None:
        """Note a run."""
        self.fuse()
        super().note_run(run)
        self.fuse()


def brittle(workshop: Workshop, deeds: int) -> Place:
    """The place of a workshop in which the power goes after so many deeds."""
    fuse = Fuse(deeds)
    ledger = BrittleLedger(workshop.state / "ledger.sqlite")
    ledger.fuse = fuse
    return replace(workshop.place, repository=BrittleRepository(workshop.repository.folder, fuse), ledger=ledger)


def crashed(job: Job, place: Place) -> bool:
    """Make a run, and tell whether the power went."""
    try:
        carry_out(job, place)
    except Crash:
        return True
    finally:
        place.ledger.close()
    return False


def crashes(workshop: Workshop, content: bytes, check: Callable[[str], None], **settings: object) -> int:
    """Break off a run of these bytes after each of its deeds, bring it to its end, and check it."""
    for deeds in range(100):
        workshop.later(seconds=10)
        workshop.put(content)
        job = workshop.job(users(**settings))
        more = crashed(job, brittle(workshop, deeds))
        workshop.later(seconds=1)
        workshop.repository.tidy()
        workshop.resume(users(**settings))
        assert not workshop.repository.running()
        assert not list((workshop.repository.folder / ".running").iterdir())
        check(job.id)
        workshop.place.repository.folder.joinpath(FILE).unlink(missing_ok=True)
        if not more:
            return deeds
    raise AssertionError("the run has no end")


def test_a_run_that_is_done_ends_as_done_wherever_it_is_broken_off(workshop: Workshop) -> None:
    """Its bytes lie in the archives once, under the name that its report tells; nobody is made twice."""
    seen: set[str] = set()

    def check(run: str) -> None:
        record = workshop.ledger.run(run)
        assert record and record.state is RunState.DONE
        report = workshop.report(record)
        new = workshop.files("archives").keys() - seen
        assert {f"archives/{name}" for name in new} == {report["archive"]}
        seen.update(new)
        assert (workshop.repository.folder / report["tryback"]).exists()
        assert FILE not in workshop.waiting
        assert workshop.usernames() == {"user0", "user2"}

    assert crashes(workshop, MIXED, check, guard={"errors": "100%"}) > 10


def test_a_refused_file_is_put_aside_once_wherever_its_run_is_broken_off(workshop: Workshop) -> None:
    """Its bytes lie in archives/refused, with a report."""
    seen: set[str] = set()

    def check(run: str) -> None:
        record = workshop.ledger.run(run)
        assert record and record.state is RunState.REFUSED
        new = workshop.files("archives/refused").keys() - seen
        assert {f"archives/refused/{name}" for name in new} == {workshop.report(record)["archive"]}
        seen.update(new)
        assert FILE not in workshop.waiting

    crashes(workshop, REFUSED, check)


def test_a_held_file_waits_wherever_its_run_is_broken_off(workshop: Workshop) -> None:
    """It is the same file, under its name, and the ledger says that it is held."""

    def check(run: str) -> None:
        record = workshop.ledger.run(run)
        assert record and record.state is RunState.HELD
        assert workshop.waiting == {FILE: MIXED}
        assert not workshop.accounts()

    crashes(workshop, MIXED, check, guard=TOO_FEW)


def test_a_file_of_an_unreachable_site_waits_wherever_its_run_is_broken_off(workshop: Workshop) -> None:
    """Nothing is lost by two troubles at once."""
    workshop.site.away = AWAY

    def check(run: str) -> None:
        assert workshop.waiting == {FILE: MIXED}

    crashes(workshop, MIXED, check)


# What comes meanwhile


def test_the_report_tells_of_the_arrival_that_was_run(workshop: Workshop) -> None:
    """The same bytes may come again while it runs, and under another name before."""
    content, start = good_users(2), workshop.clock
    size, sha256 = len(content), hashlib.sha256(content).hexdigest()
    moments = {FILE: start - timedelta(minutes=3), "erp/others.csv": start - timedelta(minutes=2)}
    workshop.ledger.note_arrivals(
        [Arrival(f"claim{n}", path, at, size, sha256) for n, (path, at) in enumerate(moments.items())]
        + [Arrival("again", FILE, start + timedelta(seconds=1), size, sha256)]
    )
    workshop.put(content)
    job = workshop.job(users())
    workshop.later(seconds=5)
    report = workshop.report(carry_out(job, workshop.place))
    assert report["file"]["arrived"] == moments[FILE].isoformat()


def arriving(workshop: Workshop, content: bytes) -> Place:
    """A place in which a newer file takes the name while the run goes on."""

    def told(phase: str, _rows: int, _total: int) -> None:
        if phase == "read":
            workshop.put(content)

    return replace(workshop.place, progress=told)


def test_a_held_file_gives_way_to_one_that_came_meanwhile(workshop: Workshop) -> None:
    """It is superseded, not lost; nobody is asked about a file that is not there any more."""
    workshop.put(MIXED)
    run = carry_out(workshop.job(users(guard=TOO_FEW)), arriving(workshop, good_users(5)))
    assert run.state is RunState.SUPERSEDED
    assert workshop.ledger.in_state(RunState.HELD) == []
    assert workshop.waiting == {FILE: good_users(5)}
    assert list(workshop.files("archives/superseded").values()) == [MIXED]


def test_with_a_backlog_of_every_file_the_older_one_comes_first_again(workshop: Workshop) -> None:
    """The file that came meanwhile queues behind the one that is given back."""
    workshop.site.away = AWAY
    workshop.put(MIXED)
    carry_out(workshop.job(users(backlog="every")), arriving(workshop, good_users(5)))
    assert workshop.waiting == {FILE: MIXED}
    assert [file.size for file in workshop.repository.queued(FILE)] == [len(good_users(5))]


# Files that stay


def test_a_permanent_file_is_archived_as_a_copy(workshop: Workshop) -> None:
    """It waits for the next tick as it was."""
    tool = users(after_run="keep")
    assert workshop.make(tool, MIXED).state is RunState.DONE
    assert workshop.waiting[FILE] == MIXED
    assert workshop.files("archives") == {"20261122-120001_users.csv": MIXED}
    assert workshop.make(tool).counts == {Outcome.UNCHANGED: 2, Outcome.REJECTED: 1}


def test_a_permanent_file_has_one_tryback_for_the_same_refusals(workshop: Workshop) -> None:
    """It is run at each tick: otherwise its refused rows would pile up for ever."""
    tool = users(after_run="keep")
    for _ in range(3):
        assert workshop.make(tool, MIXED).counts[Outcome.REJECTED] == 1
    assert len([name for name in workshop.files("erp") if "_tryback_" in name]) == 1


def test_a_permanent_file_that_can_not_be_understood_is_put_aside(workshop: Workshop) -> None:
    """It would be refused for ever."""
    workshop.make(users(after_run="keep"), REFUSED)
    assert not workshop.waiting
    assert list(workshop.files("archives/refused").values()) == [REFUSED]


def test_a_newer_permanent_file_is_not_put_aside_for_the_old_one(workshop: Workshop) -> None:
    """It came while the old one was read: nobody has looked at it yet."""
    workshop.put(REFUSED)
    job = workshop.job(users(after_run="keep"))
    workshop.put(good_users(5))
    assert carry_out(job, workshop.place).state is RunState.REFUSED
    assert workshop.waiting == {FILE: good_users(5)}


@pytest.mark.parametrize("content", [REFUSED, MIXED])
def test_an_archived_file_that_is_run_again_stays_in_the_archives(workshop: Workshop, content: bytes) -> None:
    """Whatever becomes of the run, history is not rewritten."""
    workshop.put(content, "archives/old.csv")
    workshop.make(users(), path="archives/old.csv", copy=True, asked_by="ana")
    assert workshop.files("archives")["old.csv"] == content


def test_a_simulated_refusal_leaves_the_file(workshop: Workshop) -> None:
    """Nothing is put aside for a rehearsal."""
    assert workshop.make(users(), REFUSED, simulated=True).state is RunState.REFUSED
    assert workshop.waiting == {FILE: REFUSED}
    assert not workshop.files("archives")
