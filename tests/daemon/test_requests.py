"""What people ask of the daemon, and what they are answered."""

from collections.abc import Callable
from typing import Any

import pytest

from syncd.control import Request
from syncd.core.model import Outcome, RunState
from tests.daemon.desk import TOO_FEW, Desk, held, last_reply, states
from tests.run.workshop import FILE, good_users, users

Office = Callable[..., Desk]


def test_simulate_leaves_the_file_and_the_site(office: Office) -> None:
    """The file is run at its tick as if nothing had been."""
    desk = office(users=users(timer="every 15m"))
    desk.runs()
    desk.drop(good_users(2))
    answer = desk.answer("run", tool="users", simulate=True)["answer"]
    assert (answer["state"], answer["counts"]) == ("done", {"created": 2})
    assert not desk.workshop.accounts()
    assert [run.counts for run in desk.runs(minutes=15)] == [{Outcome.CREATED: 2}]


def test_a_held_file_can_be_simulated(office: Office) -> None:
    """It stays held."""
    desk = office(users=users(timer="on arrival", guard=TOO_FEW))
    run = held(desk)
    assert desk.answer("run", tool="users", file=FILE, simulate=True)["answer"]["exit"] == 4
    assert [one.id for one in desk.dispatch.waitlist.all_held()] == [run.id]


def test_an_archived_file_can_be_run_again(office: Office) -> None:
    """A copy of it is run."""
    desk = office(users=users(timer="on arrival"))
    desk.drop(good_users(2))
    desk.runs()
    (name,) = desk.workshop.files("archives")
    answer = desk.answer("run", tool="users", file=f"archives/{name}")["answer"]
    assert answer["counts"] == {"unchanged": 2}
    assert desk.workshop.files("archives")[name] == good_users(2)


@pytest.mark.parametrize(
    ("verb", "arguments", "sentence"),
    [
        ("run", {"tool": "nobody"}, "there is no tool nobody in the settings; there are: users"),
        ("run", {}, "there is no tool  in the settings"),
        ("run", {"tool": "users", "file": "nothing.csv"}, "nothing.csv is not a file of the repository"),
        ("run", {"tool": "users", "file": "../state/ledger.sqlite"}, "not a name within the repository"),
        ("run", {"tool": "users", "file": "a\0b"}, ""),
        ("run", {"tool": ["users"]}, "there is no tool"),
        ("approve", {"run": "nothing"}, "there is no run nothing"),
        ("approve", {"run": None}, "there is no run"),
        ("approve", {"run": "\ud800"}, "there is no run"),
        ("pause", {"tool": "users", "until": "tomorrow"}, "is not a time as ISO 8601 writes it"),
        ("pause", {"tool": "users", "until": "2026-12-24T06:00:00"}, "does not say in which zone"),
        ("pause", {"tool": "users", "until": 7}, "is not a time"),
        ("dance", {"verb": "x", "event": "y", "by": "z"}, "dance is nothing that this daemon can do"),
        ("status\n", {}, "nothing that this daemon can do"),
    ],
)
def test_what_makes_no_sense_is_refused(office: Office, verb: str, arguments: dict[str, Any], sentence: str) -> None:
    """With a sentence; whatever is typed, the loop goes on."""
    desk = office(users=users(timer="on arrival"))
    assert sentence in last_reply(desk.carry_out(Request(verb, arguments, "ana")))["error"]
    desk.drop(good_users(1))
    assert states(desk.runs()) == [RunState.DONE]


def test_a_request_that_meets_a_defect_is_refused(office: Office) -> None:
    """Whoever asked is told; the daemon goes on."""
    desk = office(users=users(timer="on arrival"))
    desk.dispatch.timetable.pause = None  # type: ignore[assignment,method-assign]  # a defect
    assert "met a defect of syncd" in last_reply(desk.ask("pause", tool="users"))["error"]


def test_whoever_waits_for_a_run_that_will_not_begin_is_told(office: Office) -> None:
    """When syncd is to stop, a run that was asked for and has not begun keeps nobody waiting."""
    desk = office(users=users(timer="0 3 * * *"))
    desk.drop(good_users(2))
    request = desk.ask("run", tool="users")
    desk.dispatch.turn_away("syncd is stopping")
    assert last_reply(request) == {"error": "syncd is stopping", "exit": 1}
    assert desk.runs() == []
