"""Which tool runs when, on which file, and what becomes of it: a day of a dispatch in a few milliseconds."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from syncd.control import Request
from syncd.core.model import Outcome, RunState
from syncd.disk.ledger import RunRecord
from syncd.disk.repository import Repository
from syncd.errors import SiteRefused
from syncd.tools.base import Tool
from tests.daemon.desk import Desk, last_reply, orders
from tests.faulty import AWAY
from tests.run.workshop import FILE, NOON, Workshop, good_users, program, user_row, users, users_file

Office = Callable[..., Desk]
TOO_FEW = {"rows_at_least": 100}


@pytest.fixture
def workshop(tmp_path: Any) -> Iterator[Workshop]:
    """A place where runs can be made."""
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.close()


@pytest.fixture
def office(workshop: Workshop) -> Iterator[Office]:
    """Makes the desk of these tools."""
    desks: list[Desk] = []

    def make(**tools: Tool) -> Desk:
        desks.append(Desk(workshop, tools))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()


def states(runs: list[RunRecord]) -> list[RunState]:
    """How runs ended."""
    return [run.state for run in runs]


# Timers


def test_a_file_is_run_at_the_next_tick(office: Office) -> None:
    """Not before it, and once."""
    desk = office(users=users(timer="every 15m"))
    desk.runs()
    desk.drop(good_users(2))
    assert desk.runs(minutes=14, seconds=59) == []
    assert states(desk.runs(seconds=1)) == [RunState.DONE]
    assert desk.runs(minutes=15) == []


def test_a_file_that_comes_after_its_tick_waits_for_the_next(office: Office) -> None:
    """A tick that found nothing is spent."""
    desk = office(users=users(timer="0 13 * * *"))
    desk.runs()
    assert desk.runs_at(13) == []
    desk.drop(good_users(2))
    assert desk.runs_at(23) == []


def test_on_arrival_is_at_once(office: Office) -> None:
    """Whatever the clock shows."""
    desk = office(users=users(timer="on arrival"))
    assert desk.runs() == []
    desk.drop(good_users(2))
    (run,) = desk.runs(seconds=1)
    assert (run.state, run.asked_by) == (RunState.DONE, "arrival")


def test_a_tick_that_was_missed_is_made_up_once(office: Office) -> None:
    """However many passed while syncd was down."""
    desk = office(users=users(timer="every 15m"))
    desk.runs()
    desk.drop(good_users(2))
    desk.workshop.later(hours=50)
    desk.restart()
    (run,) = desk.runs()
    assert (run.state, run.asked_by) == (RunState.DONE, "timer")
    desk.drop(good_users(3))
    assert desk.runs(minutes=1) == []


def test_a_new_tool_waits_for_its_first_tick(office: Office) -> None:
    """Nothing was missed before it was there."""
    desk = office(users=users(timer="0 3 * * *"))
    desk.drop(good_users(2))
    assert desk.runs(minutes=1) == []
    assert states(desk.runs(hours=15)) == [RunState.DONE]


def test_ties_go_in_the_order_of_the_settings(office: Office) -> None:
    """Users come before what needs them."""
    tools = {name: users(file=f"{name}.csv", timer="every 15m") for name in ("first", "second", "third")}
    desk = office(**tools)
    desk.runs()
    for name in ("third", "first", "second"):
        desk.drop(good_users(1), f"{name}.csv")
    assert [run.tool for run in desk.runs(minutes=15)] == ["first", "second", "third"]


def test_one_run_at_a_time(office: Office) -> None:
    """While a run is under way nothing else is wanted, and nothing is waited for but its end."""
    desk = office(one=users(file="one.csv", timer="on arrival"), two=users(file="two.csv", timer="on arrival"))
    desk.drop(good_users(1), "one.csv")
    desk.drop(good_users(1), "two.csv")
    now = desk.workshop.clock
    desk.dispatch.start(desk.dispatch.wanted(now), now)
    assert desk.dispatch.under_way
    assert (desk.dispatch.wanted(now), desk.next_at()) == ("", None)


def test_a_clock_that_was_wrong_does_not_stop_the_timers(office: Office) -> None:
    """It ran a year ahead when ticks were noted; set right, ticks come as they should."""
    desk = office(users=users(timer="every 15m"))
    desk.workshop.clock = NOON + timedelta(days=365)
    desk.runs()
    desk.workshop.clock = NOON
    desk.restart()
    desk.runs()
    desk.drop(good_users(2))
    assert states(desk.runs(minutes=15)) == [RunState.DONE]


# Which files


def test_the_oldest_file_of_a_pattern_comes_first(office: Office) -> None:
    """All of them have their turn in one tick, in the order in which they came, each as a run of its own."""
    desk = office(users=users(file="erp/*.csv", timer="every 15m"))
    desk.runs()
    for number, name in enumerate(("c", "a", "b")):
        desk.workshop.later(seconds=1)
        desk.drop(good_users(number + 1), f"erp/{name}.csv")
    assert [run.path for run in desk.runs(minutes=15)] == ["erp/c.csv", "erp/a.csv", "erp/b.csv"]
    assert desk.runs() == []


def test_a_tryback_is_never_picked_up_by_a_pattern(office: Office) -> None:
    """It waits for a person to correct it; named by a person, it runs."""
    desk = office(users=users(file="erp/*.csv", timer=["on arrival", "every 15m"]))
    desk.drop(users_file([user_row(0, email="nonsense")]))
    desk.runs()
    (tryback,) = desk.workshop.waiting
    assert "_tryback_" in tryback
    assert desk.runs(hours=2) == []
    answer = desk.answer("run", tool="users", file=tryback)["answer"]
    assert (answer["state"], answer["exit"]) == ("done", 3)


def test_the_newer_file_takes_the_place_of_the_older(office: Office) -> None:
    """The older one is kept in the archives, and is not run."""
    desk = office(users=users(timer="every 15m"))
    desk.runs()
    desk.drop(good_users(1))
    desk.drop(good_users(2))
    assert [run.counts for run in desk.runs(minutes=15)] == [{Outcome.CREATED: 2}]
    assert list(desk.workshop.files("archives/superseded").values()) == [good_users(1)]


def test_with_a_backlog_of_every_file_all_are_run_in_order(office: Office) -> None:
    """Deltas: none of them may be left out."""
    desk = office(users=users(timer="every 15m", backlog="every"))
    desk.runs()
    for count in (3, 1, 2):
        desk.drop(good_users(count))
    made = desk.runs(minutes=15)
    assert [run.size for run in made] == [len(good_users(count)) for count in (3, 1, 2)]
    assert not desk.workshop.waiting


def test_a_file_put_there_by_hand_is_found(office: Office) -> None:
    """Within a minute, with nothing that tells of it."""
    desk = office(users=users(timer="on arrival"))
    assert desk.runs() == []
    desk.workshop.put(good_users(1))
    assert desk.runs(seconds=59) == []
    assert states(desk.runs(seconds=1)) == [RunState.DONE]


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read")
def test_a_file_that_may_not_be_read_is_left_where_it_is(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """It keeps no other tool from running, is said once, and runs once it may be read."""
    desk = office(one=users(file="one.csv", timer="on arrival"), two=users(file="two.csv", timer="on arrival"))
    closed = desk.workshop.put(good_users(1), "one.csv")
    closed.chmod(0o600)
    desk.drop(good_users(2), "two.csv")
    nobody = 65534
    for path in [desk.workshop.folder, *desk.workshop.folder.rglob("*")]:
        if path != closed:
            os.chown(path, nobody, nobody)
    for folder in desk.workshop.folder.parents:
        if folder.stat().st_uid == 0 and not folder.stat().st_mode & 1:
            folder.chmod(0o711)
    os.seteuid(nobody)
    try:
        assert [run.tool for run in desk.runs()] == ["two"]
        assert desk.runs(minutes=5) == []
    finally:
        os.seteuid(0)
    assert capsys.readouterr().out.count("file.unreadable") == 1
    assert [run.tool for run in desk.runs(minutes=5)] == ["one"]


# Permanent files


def test_a_permanent_file_runs_at_each_tick(office: Office) -> None:
    """Once at each, and stays."""
    desk = office(users=users(timer="every 15m", after_run="keep"))
    desk.runs()
    desk.drop(good_users(2))
    assert [run.counts for run in desk.runs(minutes=15)] == [{Outcome.CREATED: 2}]
    assert [run.counts for run in desk.runs(minutes=15)] == [{Outcome.UNCHANGED: 2}]
    assert desk.workshop.waiting == {FILE: good_users(2)}


def test_a_permanent_file_is_an_arrival_once(office: Office) -> None:
    """It does not run again and again because it is still there, not even after a restart; a new one does."""
    desk = office(users=users(timer=["on arrival", "0 3 * * *"], after_run="keep"))
    desk.drop(good_users(2))
    assert states(desk.runs()) == [RunState.DONE]
    assert desk.runs(minutes=30) == []
    desk.restart()
    assert desk.runs(minutes=30) == []
    desk.drop(good_users(3))
    assert [run.counts for run in desk.runs()] == [{Outcome.CREATED: 1, Outcome.UNCHANGED: 2}]
    assert states(desk.runs_at(23)) == []
    assert states(desk.runs(hours=4)) == [RunState.DONE]


# Back-off


def test_an_unreachable_site_is_left_alone_longer_and_longer(office: Office) -> None:
    """A minute, doubling up to six hours; the file waits all the while, and is run when the site is back."""
    desk = office(users=users(timer="on arrival"))
    desk.workshop.site.away = AWAY
    desk.drop(good_users(2))
    assert states(desk.runs()) == [RunState.UNREACHABLE]
    waits = []
    for _ in range(12):
        wake = desk.next_at()
        assert wake
        waits.append((wake - desk.workshop.clock).total_seconds())
        assert desk.runs(seconds=waits[-1] - 1) == []
        assert states(desk.runs(seconds=1)) == [RunState.UNREACHABLE]
    assert waits == [60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600, 21600, 21600]
    desk.workshop.site.away = None
    assert states(desk.runs(hours=6)) == [RunState.DONE]


def test_a_tick_cuts_the_back_off_short(office: Office) -> None:
    """And does not start it anew."""
    desk = office(users=users(timer="every 15m"))
    desk.runs()
    desk.workshop.site.away = AWAY
    desk.drop(good_users(2))
    assert len(desk.runs(minutes=15)) == 1
    for minutes in (1, 2, 4):
        assert states(desk.runs(minutes=minutes)) == [RunState.UNREACHABLE]
    assert desk.runs(minutes=7) == []
    assert states(desk.runs(minutes=1)) == [RunState.UNREACHABLE]


def test_a_person_cuts_the_back_off_short(office: Office) -> None:
    """Asked to run, it tries at once."""
    desk = office(users=users(timer="on arrival"))
    desk.workshop.site.away = AWAY
    desk.drop(good_users(2))
    desk.runs()
    desk.workshop.site.away = None
    assert desk.answer("run", tool="users")["answer"]["state"] == "done"


def test_a_site_that_is_back_is_back_for_all_tools(office: Office) -> None:
    """One that reached it ends the back-off of the others."""
    desk = office(one=users(file="one.csv", timer="on arrival"), two=users(file="two.csv", timer="on arrival"))
    desk.workshop.site.away = AWAY
    desk.drop(good_users(1), "one.csv")
    desk.drop(good_users(2), "two.csv")
    assert len(desk.runs()) == 1
    desk.workshop.site.away = None
    assert desk.runs(seconds=59) == []
    assert [run.tool for run in desk.runs(seconds=1)] == ["one", "two"]


def test_programs_go_on_while_the_site_is_away(office: Office) -> None:
    """They have nothing to do with it."""
    echo = program(sys.executable, "-c", "pass", file="echo.csv", timer="on arrival")
    desk = office(users=users(timer="on arrival"), echo=echo)
    desk.workshop.site.away = AWAY
    desk.drop(good_users(2))
    desk.runs()
    desk.drop(b"x\n", "echo.csv")
    assert [run.tool for run in desk.runs()] == ["echo"]


def test_a_tool_that_failed_is_left_alone_and_the_others_go_on(office: Office) -> None:
    """A right that is missing keeps its own tool back, with the same patience."""
    desk = office(users=users(timer="on arrival"), others=users(file="others.csv", timer="on arrival"))
    desk.workshop.site.away = SiteRefused("no right")
    desk.drop(good_users(2))
    assert states(desk.runs()) == [RunState.FAILED]
    desk.workshop.site.away = None
    desk.drop(good_users(3), "others.csv")
    assert [run.tool for run in desk.runs()] == ["others"]
    assert [run.tool for run in desk.runs(minutes=1)] == ["users"]


# Trouble


class Full(Repository):
    """A repository whose disk is full as long as `full` is set."""

    full = True

    def write(self, path: str, pieces: Any) -> None:
        """Write, if there is room."""
        if self.full:
            raise OSError(28, "No space left on device", path)
        super().write(path, pieces)


def test_a_full_disk_breaks_a_run_off_and_it_ends_well_later(
    office: Office, workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    """Said once, tried again each half minute, mended by itself; nothing is done twice."""
    repository = Full(workshop.repository.folder)
    workshop.place = replace(workshop.place, repository=repository)
    desk = office(users=users(timer="on arrival"))
    desk.drop(good_users(2))
    for _ in range(5):
        assert desk.turn() is None
        assert desk.dispatch.wanted(workshop.clock) == ""
        assert desk.next_at() == workshop.clock + timedelta(seconds=30)
        workshop.later(seconds=30)
    repository.full = False
    (run,) = desk.runs()
    assert (run.state, run.counts) == (RunState.DONE, {Outcome.UNCHANGED: 2})
    said = capsys.readouterr().out
    assert (said.count("disk.full"), said.count("disk.mended")) == (1, 1)


class Defective(Full):
    """A repository with a defect where reports are written."""

    def write(self, path: str, pieces: Any) -> None:
        """Fail, as long as `full` is set."""
        if self.full:
            raise LookupError("a defect")
        Repository.write(self, path, pieces)


def test_a_defect_at_the_end_of_a_run_holds_up_no_other_tool(office: Office, workshop: Workshop) -> None:
    """The run that can't be concluded is put off, longer and longer; its file stays with it."""
    repository = Defective(workshop.repository.folder)
    workshop.place = replace(workshop.place, repository=repository)
    desk = office(one=users(file="one.csv", timer="on arrival"), two=users(file="two.csv", timer="on arrival"))
    desk.drop(good_users(1), "one.csv")
    assert desk.turn() is None
    assert desk.next_at() == workshop.clock + timedelta(seconds=60)
    repository.full = False
    desk.drop(good_users(2), "two.csv")
    assert [run.tool for run in desk.runs()] == ["two"]
    assert [run.tool for run in desk.runs(seconds=60)] == ["one"]


# Held files


def held(desk: Desk, count: int = 2) -> RunRecord:
    """A file that is held."""
    desk.drop(good_users(count))
    (run,) = desk.runs()
    assert run.state is RunState.HELD
    return run


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


# What people ask


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


# Pauses


def test_a_paused_tool_lets_its_ticks_pass(office: Office) -> None:
    """Its files wait; resumed, it waits for the next tick. A restart changes nothing."""
    desk = office(users=users(timer="every 15m"))
    desk.runs()
    desk.ask("pause", tool="users")
    desk.drop(good_users(2))
    assert desk.runs(minutes=15) == []
    desk.restart()
    assert desk.runs(minutes=15) == []
    assert last_reply(desk.ask("resume", tool="users"))["answer"] == {"tool": "users", "was_paused": True}
    assert desk.runs() == []
    assert states(desk.runs(minutes=15)) == [RunState.DONE]


def test_a_pause_ends_by_itself(office: Office) -> None:
    """At its end time, to which the dispatch looks ahead."""
    desk = office(users=users(timer="on arrival"))
    until = desk.workshop.clock + timedelta(hours=2)
    desk.ask("pause", tool="users", until=until.isoformat())
    desk.drop(good_users(2))
    assert desk.runs(minutes=119) == []
    assert desk.next_at() == until
    assert states(desk.runs(minutes=1)) == [RunState.DONE]


def test_a_person_can_run_a_paused_tool(office: Office) -> None:
    """A pause stops timers, not people."""
    desk = office(users=users(timer="on arrival"))
    desk.ask("pause", tool="users")
    desk.drop(good_users(2))
    assert desk.answer("run", tool="users")["answer"]["state"] == "done"


# Settings that change


def test_a_tool_that_goes_leaves_its_files(office: Office) -> None:
    """What was asked of it is answered, and its files wait for another tool."""
    desk = office(users=users(timer="0 3 * * *"), others=users(file="others.csv"))
    desk.drop(good_users(2))
    request = desk.ask("run", tool="users")
    desk.dispatch.reorder(orders({"others": desk.tools["others"]}), desk.place)
    assert desk.runs() == []
    assert "no longer in the settings" in last_reply(request)["error"]
    assert desk.workshop.waiting == {FILE: good_users(2)}
    desk.dispatch.reorder(orders({"news": users(timer="on arrival")}), desk.place)
    assert [run.tool for run in desk.runs()] == ["news"]


# Starting again


def interrupted(desk: Desk, tool: str = "users") -> RunRecord:
    """A run that was stopped while it read."""
    desk.workshop.stopped = True
    run = desk.turn()
    desk.workshop.stopped = False
    assert run and (run.state, run.tool) == (RunState.INTERRUPTED, tool)
    return run


def test_an_interrupted_run_goes_first_at_the_next_start(office: Office) -> None:
    """Before any timer, and although its tool is paused: it is half done."""
    desk = office(first=users(file="first.csv", timer="on arrival"), users=users(timer="on arrival"))
    desk.drop(good_users(2))
    run = interrupted(desk)
    desk.drop(good_users(1), "first.csv")
    desk.ask("pause", tool="users")
    desk.restart()
    assert next(one.id for one in desk.runs()) == run.id
    assert len(desk.workshop.accounts()) == 2


def test_an_interrupted_run_of_a_tool_that_is_gone_gives_its_file_back(office: Office) -> None:
    """It waits, and the run is over."""
    desk = office(users=users(timer="on arrival"))
    desk.drop(good_users(2))
    run = interrupted(desk)
    desk.restart({"others": users(file="others.csv")})
    assert desk.runs() == []
    assert desk.workshop.waiting == {FILE: good_users(2)}
    known = desk.workshop.ledger.run(run.id)
    assert known and known.state is RunState.SUPERSEDED


def test_an_interrupted_simulation_is_forgotten(office: Office) -> None:
    """It becomes no real run, not even when the ledger does not know it."""
    desk = office(users=users(timer="0 3 * * *"))
    desk.drop(good_users(2))
    desk.ask("run", tool="users", simulate=True)
    interrupted(desk)
    desk.restart()
    assert desk.runs() == []
    desk.workshop.repository.begin("unknown", FILE, copy=True)
    desk.restart()
    assert desk.runs() == []
    assert not desk.workshop.accounts()
    assert desk.workshop.waiting == {FILE: good_users(2)}


def test_a_program_that_may_have_met_a_file_is_held_even_if_the_ledger_forgot(office: Office) -> None:
    """The file is found in a run that nobody knows: the ledger was lost."""
    desk = office(users=program("/nowhere", timer="on arrival"))
    desk.drop(good_users(2))
    desk.workshop.repository.begin("unknown", FILE, copy=False)
    desk.restart()
    assert states(desk.runs()) == [RunState.HELD]


def test_a_fresh_ledger_learns_what_this_process_knows(office: Office) -> None:
    """Pauses, ticks and held runs are noted once more, so that a restart finds them."""
    desk = office(users=users(timer=["on arrival", "every 15m"], guard=TOO_FEW), others=users(file="others.csv"))
    run = held(desk)
    desk.ask("pause", tool="others")
    for file in desk.workshop.state.glob("ledger.sqlite*"):
        file.unlink()
    desk.dispatch._ledger.reopen()
    desk.dispatch.renew()
    desk.restart()
    assert desk.runs(minutes=15) == []
    assert desk.dispatch.timetable.pauses.keys() == {"others"}
    assert [one.id for one in desk.dispatch.waitlist.all_held()] == [run.id]


# Rest


@pytest.mark.parametrize("state", ["paused", "held", "away", "failed", "paused and away", "idle", "many ticks"])
def test_the_dispatch_never_asks_to_be_asked_at_once_again(office: Office, state: str) -> None:
    """Whatever the state, what it waits for lies ahead: a loop that trusted it would not spin."""
    guard = TOO_FEW if state == "held" else {}
    desk = office(users=users(timer=["on arrival", "every 15m"], guard=guard))
    desk.runs()
    if "away" in state or state == "failed":
        desk.workshop.site.away = AWAY if "away" in state else SiteRefused("no")
    if state != "idle":
        desk.drop(good_users(2))
    if state == "paused":
        desk.ask("pause", tool="users")
    desk.runs()
    if state == "paused and away":
        desk.ask("pause", tool="users")
    for step in range(200):
        desk.runs(seconds=step)
        assert desk.dispatch.wanted(desk.workshop.clock) == ""
        wake = desk.next_at()
        assert wake is None or wake > desk.workshop.clock


def test_what_is_wanted_and_not_yet_started_does_not_spin(office: Office) -> None:
    """A tool that is due and waits for a file on its way: the tick that made it due lies behind."""
    desk = office(users=users(timer="every 15m"))
    desk.runs()
    desk.drop(good_users(2))
    now: datetime = desk.workshop.later(minutes=15)
    assert desk.dispatch.wanted(now) == "users"
    wake = desk.next_at()
    assert wake is None or wake > now
