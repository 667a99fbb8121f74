"""Freezes: no run starts in one, files wait, and what was due is run once afterwards."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.core.agenda import next_tick, on_arrival
from syncd.core.freeze import frozen, thaw
from syncd.core.model import RunState
from syncd.disk.records import RunRecord
from tests.daemon.desk import TOO_FEW, Desk, held, last_reply, orders, states
from tests.daemon.test_backoff import interrupted
from tests.run.workshop import FILE, NOON, good_users, users

Office = Callable[..., Desk]
HOUR = timedelta(hours=1)


def test_no_run_starts_in_a_freeze(office: Office) -> None:
    """Files wait for its end, to which the dispatch looks ahead; then they are run at once."""
    desk = office(users=users(timer="on arrival"))
    desk.freeze(NOON, NOON + 2 * HOUR)
    desk.drop(good_users(2))
    assert desk.runs(hours=1, minutes=59, seconds=59) == []
    assert desk.next_at() == NOON + 2 * HOUR
    assert states(desk.runs(seconds=1)) == [RunState.DONE]


def test_what_ticked_in_a_freeze_is_made_up_once(office: Office) -> None:
    """However many ticks there were; a file that comes afterwards waits for its own."""
    desk = office(users=users(timer="every 15m"))
    desk.runs()
    desk.freeze(NOON + HOUR, NOON + 50 * HOUR)
    desk.drop(good_users(2), FILE)
    assert states(desk.runs(minutes=15)) == [RunState.DONE]
    desk.runs(minutes=46)
    desk.drop(good_users(3))
    for _ in range(48):
        assert desk.runs(hours=1) == []
    (run,) = desk.runs(hours=1)
    assert (run.state, run.asked_by) == (RunState.DONE, "timer")
    desk.drop(good_users(4))
    assert desk.runs(minutes=13) == []


def test_a_tick_of_a_freeze_with_nothing_to_run_is_spent(office: Office) -> None:
    """As ever: a file that comes after it waits for the next."""
    desk = office(users=users(timer="0 13 * * *"))
    desk.runs()
    desk.freeze(NOON, NOON + 4 * HOUR)
    desk.runs(hours=2)
    desk.drop(good_users(2))
    assert desk.runs(hours=3) == []
    assert states(desk.runs_at(23)) == []
    assert len(desk.runs(hours=14)) == 1


def test_a_file_put_there_by_hand_before_a_tick_of_a_freeze_is_run_afterwards(office: Office) -> None:
    """The tick looks for it, as without a freeze."""
    desk = office(users=users(timer="0 13 * * *"))
    desk.freeze(NOON, NOON + 2 * HOUR)
    desk.runs(minutes=59, seconds=30)
    desk.workshop.put(good_users(2))
    assert desk.runs(seconds=30) == []
    assert states(desk.runs(hours=1)) == [RunState.DONE]


def test_a_long_freeze_is_no_hard_work(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a tick that waits for its end the repository is looked at once a minute, as ever, not at each turn."""
    desk = office(users=users(timer="0 13 * * *"))
    desk.freeze(NOON, NOON + 2 * HOUR)
    desk.drop(good_users(2))
    desk.runs(hours=1)
    monkeypatch.setattr(desk.dispatch.waitlist, "refresh", lambda: pytest.fail("it looked"))
    for _ in range(59):
        desk.runs(seconds=1)
    assert desk.next_at() == NOON + 2 * HOUR


def test_a_freeze_of_some_tools_leaves_the_others_alone(office: Office) -> None:
    """What is not named runs, and does not wait for what is."""
    desk = office(
        one=users(file="one.csv", timer="on arrival"), two=users(file="two.csv", timer="on arrival", order=99)
    )
    desk.freeze(NOON, NOON + HOUR, "one")
    for name in ("one", "two"):
        desk.drop(good_users(2), f"{name}.csv")
    assert [run.tool for run in desk.runs()] == ["two"]
    assert desk.dispatch.go_before("two", desk.workshop.clock, HOUR) == []
    assert [run.tool for run in desk.runs(hours=1)] == ["one"]


def test_a_run_under_way_goes_on_to_its_end(office: Office) -> None:
    """And the next file of its tick waits for the end of the freeze, without another tick."""
    desk = office(users=users(file="erp/*.csv", timer="0 13 * * *"))
    desk.runs()
    for name in "ab":
        desk.workshop.later(seconds=1)
        desk.drop(good_users(2), f"erp/{name}.csv")
    begins = desk.workshop.clock.replace(hour=13, minute=0, second=1)
    desk.freeze(begins, begins + HOUR)
    desk.workshop.clock = now = begins - timedelta(seconds=1)
    desk.dispatch.start(desk.dispatch.wanted(now), now)
    desk.workshop.later(minutes=1)
    run = desk.ends()
    assert run and run.path == "erp/a.csv"
    assert desk.runs() == []
    assert [run.path for run in desk.runs(hours=1)] == ["erp/b.csv"]


def test_a_freeze_that_begins_between_the_wish_and_the_start_counts(office: Office) -> None:
    """Whoever was wanted a moment ago is not started."""
    desk = office(users=users(timer="on arrival"))
    desk.freeze(NOON + timedelta(seconds=1), NOON + HOUR)
    desk.drop(good_users(2))
    assert desk.dispatch.wanted(NOON) == "users"
    desk.dispatch.start("users", NOON + timedelta(seconds=1))
    assert not desk.dispatch.under_way
    assert desk.runs(minutes=1) == []


def test_a_run_that_a_process_left_half_done_waits_too(office: Office) -> None:
    """A restart in a freeze writes nothing to the site; afterwards that run goes first."""
    desk = office(users=users(timer="on arrival"))
    desk.drop(good_users(2))
    run = interrupted(desk)
    desk.freeze(NOON, NOON + HOUR)
    desk.restart()
    assert desk.runs() == []
    assert desk.next_at() == NOON + HOUR
    assert [one.id for one in desk.runs(hours=1)] == [run.id]


def test_a_run_by_hand_is_refused(office: Office) -> None:
    """With who wants it so, why, and until when; a simulation changes nothing, and is made."""
    desk = office(users=users())
    desk.freeze(NOON, NOON + HOUR)
    desk.freeze(NOON + HOUR, NOON + 30 * HOUR)
    desk.drop(good_users(2))
    reply = last_reply(desk.ask("run", tool="users"))
    assert reply["exit"] == 7
    assert "users is frozen until 2026-11-23 18:00: change of years (ana)" in reply["error"]
    assert desk.answer("run", tool="users", simulate=True)["answer"]["state"] == "done"
    assert not desk.workshop.accounts()


def test_a_run_that_was_asked_for_before_is_refused_when_it_comes_to_its_turn(office: Office) -> None:
    """The person who waits for it learns why."""
    desk = office(users=users())
    desk.drop(good_users(2))
    request = desk.ask("run", tool="users")
    desk.freeze(NOON, NOON + HOUR)
    assert desk.runs() == []
    assert last_reply(request)["exit"] == 7


@pytest.mark.parametrize("restarted", [False, True])
def test_an_approval_in_a_freeze_is_kept_for_its_end(office: Office, restarted: bool) -> None:
    """The person is told so, and it is carried out as theirs, also after a restart."""
    desk = office(users=users(timer="on arrival", guard=TOO_FEW))
    run = held(desk)
    desk.freeze(NOON, NOON + HOUR)
    answer = desk.answer("approve", run=run.id)["answer"]
    assert answer["exit"] == 0
    assert "approved. It is made when the freeze is over: users is frozen until 2026-11-22 13:00" in answer["text"]
    if restarted:
        desk.restart()
    assert desk.dispatch.waitlist.undecided() == []
    assert desk.runs(minutes=59) == []
    (made,) = desk.runs(minutes=1)
    assert (made.id, made.state, made.approved_by) == (run.id, RunState.DONE, "ana")
    assert desk.runs(hours=1) == []


def test_an_approval_is_taken_back_by_rejecting(office: Office) -> None:
    """At once: that sends nothing."""
    desk = office(users=users(timer="on arrival", guard=TOO_FEW))
    run = held(desk)
    desk.freeze(NOON, NOON + HOUR)
    desk.answer("approve", run=run.id)
    assert desk.answer("reject", run=run.id)["answer"]["state"] == "rejected"
    assert desk.runs(hours=2) == []
    assert not desk.workshop.accounts()
    assert desk.workshop.ledger.run(run.id).approved_by == ""  # type: ignore[union-attr]  # it was answered


def test_what_was_approved_in_a_freeze_and_changed_is_held_again(office: Office) -> None:
    """The approval was of other bytes, and nobody is asked twice for the same."""
    desk = office(users=users(timer="on arrival", guard=TOO_FEW))
    run = held(desk)
    desk.freeze(NOON, NOON + HOUR)
    desk.answer("approve", run=run.id)
    desk.drop(good_users(3))
    (made,) = desk.runs(hours=1)
    assert (made.state, made.approved_by) == (RunState.HELD, "")
    assert made.id != run.id
    assert desk.runs(hours=1) == []


def test_each_freeze_is_said_once(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """When it begins and when it ends, with who and why."""
    desk = office(users=users())
    desk.freeze(NOON + HOUR, NOON + 2 * HOUR)
    for _ in range(20):
        desk.runs(minutes=10)
    said = capsys.readouterr().out
    assert said.count("freeze.began") == 1
    assert said.count("freeze.ended") == 1
    assert said.count("change of years") == 2


def test_a_freeze_that_is_taken_out_of_the_settings_is_over(office: Office) -> None:
    """A reload is enough to end it, as it is to begin one."""
    desk = office(users=users(timer="on arrival"))
    desk.freeze(NOON, NOON + HOUR)
    desk.drop(good_users(2))
    assert desk.runs() == []
    desk.dispatch.reorder(orders(desk.tools), desk.place)
    assert len(desk.runs()) == 1


WAYS = st.sampled_from(["on arrival", "every 15m", "0 13 * * *", "*/20 * * * *"])
DROPS = st.lists(st.integers(0, 600), min_size=1, max_size=6)
PERIODS = st.lists(st.tuples(st.integers(0, 600), st.integers(1, 240)), max_size=4)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(timer=WAYS, drops=DROPS, periods=PERIODS)
def test_whatever_is_due_in_a_freeze_is_run_once_at_its_end(
    office: Office, timer: str, drops: list[int], periods: list[tuple[int, int]]
) -> None:
    """A law: no run starts in a freeze, and each file is run once, at the latest when its first tick has thawed."""
    desk = office(users=users(file="erp/*.csv", timer=timer))
    start = desk.workshop.clock
    for begins, lasts in periods:
        desk.freeze(start + timedelta(minutes=begins), start + timedelta(minutes=begins + lasts))
    made, dropped = desk.runs(), {}
    for number, minutes in enumerate(sorted(drops)):
        made += passes(desk, start + timedelta(minutes=minutes))
        path = f"erp/{start:%d%H%M%S}-{number}.csv"
        dropped[path] = desk.workshop.clock
        desk.drop(good_users(1), path)
    made += passes(desk, start + timedelta(hours=64))
    assert sorted(run.path for run in made) == sorted(dropped)
    for run in made:
        came, timers = dropped[run.path], desk.tools["users"].timer
        tick = came if on_arrival(timers) else next_tick(timers, came)
        assert tick
        assert run.started.astimezone(UTC) <= thaw(desk.freezes, "users", tick).astimezone(UTC)
        assert not frozen(desk.freezes, "users", run.started)


def passes(desk: Desk, until: datetime) -> list[RunRecord]:
    """Let time pass as the loop would, which wakes up only when the dispatch wants to be asked."""
    made = desk.runs()
    while desk.workshop.clock < until:
        wake = desk.next_at()
        assert wake is None or wake > desk.workshop.clock.astimezone(UTC), "it would spin"
        desk.workshop.clock = min(wake.astimezone(until.tzinfo), until) if wake else until
        made += desk.runs()
    return made
