"""Files that wait for a person, and what becomes of them."""

from collections.abc import Callable

import pytest

from syncd.core.model import RunState
from syncd.daemon.notes import Ended
from syncd.run import MOST_CRASHES
from tests.daemon.desk import TOO_FEW, Desk, held, last_reply
from tests.faulty import from_then_on
from tests.run.workshop import FILE, good_users, users

Office = Callable[..., Desk]


def test_a_held_file_is_left_alone(office: Office) -> None:
    """Ticks and arrivals pass it by, also after a restart."""
    desk = office(users=users(timer=["on arrival", "every 15m"], guard=TOO_FEW))
    held(desk)
    assert desk.runs(hours=1) == []
    desk.restart()
    assert desk.runs(hours=1) == []
    assert not desk.workshop.accounts()


@pytest.mark.parametrize("restarted", [False, True])
def test_a_held_run_is_approved(office: Office, restarted: bool) -> None:
    """It goes on as the same run, and its file is archived."""
    desk = office(users=users(timer="on arrival", guard=TOO_FEW))
    run = held(desk)
    if restarted:
        desk.restart()
    answer = desk.answer("approve", run=run.id)["answer"]
    assert (answer["run"], answer["state"], answer["exit"]) == (run.id, "done", 0)
    assert len(desk.workshop.accounts()) == 2
    assert not desk.workshop.waiting
    assert desk.dispatch.waitlist.all_held() == []


def test_a_held_run_is_rejected(office: Office) -> None:
    """Its file is put aside."""
    desk = office(users=users(timer="on arrival", guard=TOO_FEW))
    run = held(desk)
    assert desk.answer("reject", run=run.id)["answer"]["state"] == "rejected"
    assert not desk.workshop.waiting
    assert list(desk.workshop.files("archives/refused").values()) == [good_users(2)]


def test_nobody_decides_twice(office: Office) -> None:
    """The second of two people is told that it is over, before and after the first one's run has ended."""
    desk = office(users=users(timer="on arrival", guard=TOO_FEW))
    run = held(desk)
    first, second = desk.ask("approve", run=run.id), desk.ask("reject", run=run.id)
    desk.turn()
    assert desk.next_at() == desk.workshop.clock
    desk.runs()
    assert last_reply(first)["answer"]["state"] == "done"
    assert "no longer held" in last_reply(second)["error"]
    assert "is not held: it is done" in desk.answer("approve", run=run.id)["error"]


def test_a_newer_drop_supersedes_a_held_file(office: Office) -> None:
    """The held run is over, and the newer file has its own."""
    desk = office(users=users(timer="on arrival", guard=TOO_FEW))
    run = held(desk)
    desk.drop(good_users(150))
    known = desk.workshop.ledger.run(run.id)
    assert known and known.state is RunState.SUPERSEDED
    assert "is not held: it is superseded" in desk.answer("approve", run=run.id)["error"]
    assert desk.dispatch.waitlist.all_held() == []
    assert len(desk.workshop.accounts()) == 150


def test_an_approval_meets_a_newer_file(office: Office) -> None:
    """It came between the approval and the run: nothing of it is run for that."""
    desk = office(users=users(timer="0 3 * * *", guard=TOO_FEW))
    desk.drop(good_users(2))
    answer = desk.answer("run", tool="users")["answer"]
    request = desk.ask("approve", run=answer["run"])
    desk.drop(good_users(3))
    desk.runs()
    assert "no longer held" in last_reply(request)["error"]
    assert desk.workshop.waiting == {FILE: good_users(3)}
    assert not desk.workshop.accounts()


@pytest.mark.parametrize("content", [None, b"other\n"], ids=["gone", "replaced"])
def test_a_held_file_that_somebody_takes_away_is_held_no_more(office: Office, content: bytes | None) -> None:
    """Removed or replaced in the repository itself: nobody is asked about it any longer."""
    desk = office(users=users(timer="0 3 * * *", guard=TOO_FEW))
    desk.drop(good_users(2))
    run = desk.answer("run", tool="users")["answer"]["run"]
    (desk.workshop.repository.folder / FILE).unlink()
    if content:
        desk.workshop.put(content)
    assert "is stale" in desk.answer("approve", run=run)["error"]
    desk.runs(minutes=2)
    known = desk.workshop.ledger.run(run)
    assert known and known.state is RunState.SUPERSEDED
    assert desk.dispatch.waitlist.all_held() == []


def test_a_held_file_that_is_run_again_by_hand_is_held_once(office: Office) -> None:
    """The older run gives way to the newer one, which alone can be approved."""
    desk = office(users=users(timer="on arrival", guard=TOO_FEW))
    run = held(desk)
    desk.workshop.later(seconds=1)
    answer = desk.answer("run", tool="users", file=FILE)["answer"]
    assert answer["state"] == "held"
    assert answer["run"] != run.id
    assert [one.id for one in desk.dispatch.waitlist.all_held()] == [answer["run"]]
    assert "superseded" in desk.answer("approve", run=run.id)["error"]
    assert desk.answer("approve", run=answer["run"])["answer"]["state"] == "done"


def test_a_held_file_is_what_run_finds(office: Office) -> None:
    """Asked to run, syncd says that the only file is held, and how to decide."""
    desk = office(users=users(timer="on arrival", guard=TOO_FEW))
    run = held(desk)
    answer = desk.answer("run", tool="users")["answer"]
    assert answer["exit"] == 4
    assert f"syncd approve {run.id}" in answer["text"]


def test_a_name_with_marks_of_patterns_can_be_approved(office: Office) -> None:
    """A file's name is no pattern."""
    desk = office(users=users(file="erp/*", timer="on arrival", guard=TOO_FEW))
    desk.drop(good_users(2), "erp/users [1]*.csv")
    (run,) = desk.runs()
    assert desk.answer("approve", run=run.id)["answer"]["state"] == "done"


def dies_in_the_middle(desk: Desk) -> None:
    """Leave a run as a process leaves it that is killed while it sends."""
    site, desk.workshop.site.before = desk.workshop.site.before, from_then_on(0, OSError("as if killed"))
    wanted = desk.dispatch.wanted(desk.workshop.clock)
    desk.dispatch.start(wanted, desk.workshop.clock)
    while not isinstance(desk.notes.get(timeout=30), Ended):
        pass
    desk.workshop.site.before = site
    desk.restart()


def test_a_file_that_ends_the_process_again_and_again_is_held(office: Office) -> None:
    """Three times is no accident: a person looks at it, and the other tools go on. Approved, it is tried again."""
    other = users(file="other.csv", timer="on arrival")
    desk = office(users=users(timer="on arrival"), other=other)
    desk.drop(good_users(2))
    for _ in range(MOST_CRASHES):
        dies_in_the_middle(desk)
    (run,) = desk.runs()
    assert run.state is RunState.HELD
    assert "in the middle of this run" in run.reason
    desk.restart()
    desk.drop(good_users(3), "other.csv")
    assert [one.state for one in desk.runs()] == [RunState.DONE]
    assert desk.answer("approve", run=run.id)["answer"]["state"] == "done"


def test_a_run_that_a_stop_interrupts_is_never_held_for_it(office: Office) -> None:
    """A restart in good order is no crash, however often it comes."""
    desk = office(users=users(timer="on arrival"))
    desk.drop(good_users(2))
    desk.workshop.stopped = True
    for _ in range(MOST_CRASHES + 1):
        assert desk.turn()
        desk.restart()
    desk.workshop.stopped = False
    assert [one.state for one in desk.runs()] == [RunState.DONE]
