"""What fails is left alone longer and longer, keeps nothing else from running, and is made good later."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from syncd.core.model import Outcome, RunState
from syncd.disk.records import RunRecord
from syncd.disk.repository import Repository
from syncd.errors import SiteRefused
from tests.daemon.desk import TOO_FEW, Desk, held, states
from tests.faulty import AWAY
from tests.run.workshop import FILE, Workshop, good_users, program, users

Office = Callable[..., Desk]


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
        assert desk.dispatch.trouble.text.startswith("nothing can be written to reports/")
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
    assert desk.runs() == []
    assert desk.next_at() == workshop.clock + timedelta(seconds=60)
    repository.full = False
    desk.drop(good_users(2), "two.csv")
    assert [run.tool for run in desk.runs()] == ["two"]
    assert [run.tool for run in desk.runs(seconds=60)] == ["one"]


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
