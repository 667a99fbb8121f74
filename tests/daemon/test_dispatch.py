"""Which tool runs when, and on which file: a day of a dispatch in a few milliseconds."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from syncd.core.model import Outcome, RunState
from syncd.errors import SiteRefused
from tests.daemon.desk import TOO_FEW, Desk, last_reply, orders, states
from tests.faulty import AWAY
from tests.run.workshop import FILE, NOON, good_users, program, user_row, users, users_file

Office = Callable[..., Desk]


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


def test_what_makes_things_runs_before_what_names_them(office: Office) -> None:
    """Accounts are made before a program that may need them is run, though it stands first in the settings."""
    desk = office(needs=program("/bin/true", file="needs.csv", timer="every 15m"), users=users(timer="every 15m"))
    desk.runs()
    desk.drop(good_users(1), "needs.csv")
    desk.drop(good_users(1))
    assert [run.tool for run in desk.runs(minutes=15)] == ["users", "needs"]


def test_the_settings_can_change_the_order(office: Office) -> None:
    """The lowest number first, of a kind's own and of those that are set."""
    tools = {
        "late": users(file="late.csv", timer="on arrival", order=200),
        "middle": users(file="middle.csv", timer="on arrival"),
        "early": users(file="early.csv", timer="on arrival", order=-1),
    }
    desk = office(**tools)
    for name in tools:
        desk.drop(good_users(1), f"{name}.csv")
    assert [run.tool for run in desk.runs()] == ["early", "middle", "late"]


def test_ties_go_in_the_order_of_the_settings(office: Office) -> None:
    """Of tools that have the same number the first in the file runs first."""
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


def test_a_file_that_goes_away_in_the_last_moment_holds_up_no_other(office: Office) -> None:
    """The dispatch asks to be asked again at once, and the next file has its turn."""
    desk = office(users=users(file="erp/*.csv", timer="every 15m"))
    desk.runs()
    desk.drop(good_users(1), "erp/a.csv")
    desk.workshop.later(seconds=1)
    desk.drop(good_users(2), "erp/b.csv")
    now = desk.workshop.later(minutes=15)
    assert desk.dispatch.wanted(now) == "users"
    (desk.workshop.repository.folder / "erp/a.csv").unlink()
    desk.dispatch.start("users", now)
    assert (desk.dispatch.under_way, desk.next_at()) == (None, now)
    assert [run.path for run in desk.runs()] == ["erp/b.csv"]


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
    assert last_reply(desk.ask("resume", tool="users"))["answer"] == {"tools": ["users"], "resumed": ["users"]}
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
