"""Clocks that change, jump or were wrong: nothing runs twice, nothing is forgotten, nothing waits for ever."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.core.instants import elapsed
from syncd.core.model import Outcome, RunState
from syncd.disk.records import RunRecord
from tests.daemon.desk import Desk, last_reply, states
from tests.daemon.test_backoff import Defective
from tests.faulty import AWAY, Fault
from tests.run.workshop import Workshop, good_users, users

Office = Callable[..., Desk]

PARIS = ZoneInfo("Europe/Paris")
BACK = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
"""An hour before 3:00 becomes 2:00."""
AHEAD = datetime(2027, 3, 28, 0, 0, tzinfo=UTC)
"""An hour before 2:00 becomes 3:00."""


def passes(desk: Desk, hours: float = 0, minutes: float = 0) -> list[RunRecord]:
    """Let time pass as the loop would, which wakes up only when the dispatch wants to be asked."""
    made = desk.runs()
    until = desk.workshop.clock.astimezone(UTC) + timedelta(hours=hours, minutes=minutes)
    while desk.workshop.clock.astimezone(UTC) < until:
        wake = desk.next_at()
        assert wake is None or wake > desk.workshop.clock.astimezone(UTC), "it would spin"
        desk.workshop.clock = (min(wake, until) if wake else until).astimezone(PARIS)
        made += desk.runs()
    return made


def shown(runs: list[RunRecord]) -> list[str]:
    """When runs began, on the clock of Paris, with its distance from UTC."""
    return [f"{run.started.astimezone(PARIS):%d %H:%M%z}" for run in runs]


def lapse(desk: Desk, **passes: float) -> Fault:
    """Time that passes while the site works, or goes back."""

    def passing(_function: str, _number: int) -> None:
        desk.workshop.later(**passes)

    return passing


def at(office: Office, moment: datetime, timer: str) -> Desk:
    """The desk of one tool with a permanent file, at a moment: each tick is a run."""
    desk = office(users=users(timer=timer, after_run="keep"))
    desk.workshop.clock = moment.astimezone(PARIS)
    desk.runs()
    desk.drop(good_users(1))
    return desk


def test_an_interval_keeps_its_beat_when_clocks_go_back(office: Office) -> None:
    """In the hour that comes twice there is a run each quarter of an hour, none is lost and none made twice."""
    desk = at(office, BACK, "every 15m")
    assert shown(passes(desk, hours=2)) == [
        *("25 02:15+0200", "25 02:30+0200", "25 02:45+0200"),
        *("25 02:00+0100", "25 02:15+0100", "25 02:30+0100", "25 02:45+0100", "25 03:00+0100"),
    ]


def test_an_interval_keeps_its_beat_when_clocks_go_ahead(office: Office) -> None:
    """A quarter of an hour after 1:45 it is 3:00."""
    desk = at(office, AHEAD, "every 15m")
    assert shown(passes(desk, hours=1, minutes=15))[2:] == ["28 01:45+0100", "28 03:00+0200", "28 03:15+0200"]


@pytest.mark.parametrize(("change", "when"), [(BACK, "25 02:30+0200"), (AHEAD, "28 03:00+0200")])
def test_a_nightly_run_is_made_once_whatever_clocks_do(office: Office, change: datetime, when: str) -> None:
    """In the night with two half past twos, and in the night with none."""
    desk = at(office, change, "30 2 * * *")
    assert shown(passes(desk, hours=20)) == [when]


def test_a_nightly_run_is_made_once_though_syncd_starts_anew_in_between(office: Office) -> None:
    """Between the two hours of one name."""
    desk = at(office, BACK, "30 2 * * *")
    made = passes(desk, hours=1, minutes=10)
    desk.restart()
    assert shown(made + passes(desk, hours=20)) == ["25 02:30+0200"]


@pytest.mark.parametrize("change", [BACK, AHEAD])
def test_a_back_off_is_as_long_as_ever_when_clocks_change(office: Office, change: datetime) -> None:
    """A minute is a minute, also the one in which the clock goes back an hour."""
    desk = office(users=users(timer="on arrival"))
    desk.workshop.clock = (change + timedelta(minutes=59, seconds=30)).astimezone(PARIS)
    desk.workshop.site.away = AWAY
    desk.drop(good_users(2))
    desk.runs()
    assert desk.next_at() == change + timedelta(hours=1, seconds=30)
    desk.workshop.site.away = None
    assert states(desk.runs(seconds=60)) == [RunState.DONE]


def test_a_run_during_which_clocks_change_takes_as_long_as_it_takes(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not an hour less than nothing."""
    desk = office(users=users(timer="on arrival"))
    desk.workshop.clock = (BACK + timedelta(minutes=59)).astimezone(PARIS)
    desk.drop(good_users(1))
    desk.workshop.site.before = lapse(desk, minutes=2)
    (run,) = desk.runs()
    assert run.ended
    assert elapsed(run.started, run.ended) == 120
    assert desk.workshop.report(run)["ended"] == "2026-10-25T02:01:00+01:00"
    assert "took=120" in capsys.readouterr().out


# Set by somebody


@pytest.mark.parametrize("restarted", [False, True])
def test_what_was_made_at_a_set_time_is_not_made_again_when_the_clock_is_set_back(
    office: Office, restarted: bool
) -> None:
    """As cron(8) has it: up to three hours; on the next day it is made as ever."""
    desk = at(office, BACK - timedelta(days=9), "30 2 * * *")
    assert len(passes(desk, hours=1)) == 1
    desk.workshop.later(hours=-1)
    desk.runs()
    if restarted:
        desk.restart()
    assert passes(desk, hours=20) == []
    assert len(passes(desk, hours=5)) == 1


def test_intervals_go_by_the_new_time_when_the_clock_is_set_back(office: Office) -> None:
    """Files don't wait until the clock has come again to where it was."""
    desk = office(users=users(timer="every 15m"))
    passes(desk, hours=2)
    desk.workshop.later(hours=-1)
    desk.drop(good_users(2))
    assert states(passes(desk, minutes=15)) == [RunState.DONE]


def test_a_small_step_back_makes_no_tick_twice(office: Office) -> None:
    """Whoever keeps the clock by the network sees many."""
    desk = at(office, BACK, "every 15m")
    assert len(passes(desk, minutes=15)) == 1
    desk.workshop.later(seconds=-2)
    assert passes(desk, minutes=1) == []


def test_a_clock_that_was_wrong_by_hours_counts_for_nothing(office: Office) -> None:
    """Set back by so much that the time lies hours ahead again, the run is made again then."""
    desk = at(office, BACK - timedelta(days=9), "30 2 * * *")
    assert len(passes(desk, hours=1)) == 1
    desk.workshop.later(hours=-4)
    assert len(passes(desk, hours=4)) == 1


def test_three_days_ahead_are_made_up_once(office: Office) -> None:
    """As if syncd had been down."""
    desk = at(office, BACK, "every 15m")
    desk.runs()
    desk.workshop.later(days=3)
    (run,) = desk.runs()
    assert run.counts == {Outcome.CREATED: 1}
    assert desk.runs(minutes=1) == []


def test_a_back_off_does_not_grow_by_what_the_clock_is_set_back(office: Office) -> None:
    """A minute after it was set back by a day the site is tried again."""
    desk = office(users=users(timer="on arrival"))
    desk.workshop.site.away = AWAY
    desk.drop(good_users(2))
    desk.runs()
    desk.workshop.later(days=-1)
    desk.workshop.site.away = None
    assert desk.runs() == []
    assert states(desk.runs(seconds=60)) == [RunState.DONE]


def test_a_run_that_was_put_off_is_tried_again_though_the_clock_was_set_back(
    office: Office, workshop: Workshop
) -> None:
    """As soon as it would have been."""
    repository = Defective(workshop.repository.folder)
    workshop.place = replace(workshop.place, repository=repository)
    desk = office(users=users(timer="on arrival"))
    desk.drop(good_users(2))
    assert desk.turn() is None
    repository.full = False
    workshop.later(days=-1)
    assert desk.runs() == []
    assert states(desk.runs(seconds=60)) == [RunState.DONE]


def test_no_run_ends_before_it_began(office: Office) -> None:
    """Not even when the clock is set back while it goes on."""
    desk = office(users=users(timer="on arrival"))
    desk.drop(good_users(2))
    desk.workshop.site.before = lapse(desk, hours=-1)
    (run,) = desk.runs()
    assert run.state is RunState.DONE
    assert run.ended == run.started


def test_runs_of_the_same_second_have_names_of_their_own(office: Office) -> None:
    """Their archives and reports too: nothing is overwritten when the clock shows a second again."""
    desk = office(users=users(timer="on arrival"))
    made = []
    for count in (1, 2, 3):
        desk.drop(good_users(count))
        made += desk.runs()
        desk.workshop.clock = made[0].started.astimezone(PARIS)
    assert [run.id.rpartition("-users")[2] for run in made] == ["", "-2", "-3"]
    assert sorted(desk.workshop.files("archives").values()) == sorted(good_users(count) for count in (1, 2, 3))
    assert len({run.report for run in made}) == 3


def test_a_pause_ends_by_the_clock_that_people_see(office: Office) -> None:
    """Whatever was done to it: at six is when it shows six."""
    desk = office(users=users(timer="on arrival"))
    until = desk.workshop.clock + timedelta(hours=2)
    assert "answer" in last_reply(desk.ask("pause", tool="users", until=until.isoformat()))
    desk.drop(good_users(2))
    desk.workshop.later(hours=-1)
    assert passes(desk, hours=2, minutes=59) == []
    assert states(passes(desk, minutes=1)) == [RunState.DONE]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 60), st.booleans()), min_size=1, max_size=10))
def test_a_nightly_run_is_made_once_a_night_however_often_the_clock_is_set_back(
    office: Office, steps: list[tuple[int, int, bool]]
) -> None:
    """A law: by up to an hour each time, with restarts between, and over the change of clocks."""
    desk = at(office, BACK - timedelta(hours=1), "30 2 * * *")
    made: list[RunRecord] = []
    for minutes, back, restarted in steps:
        made += passes(desk, minutes=minutes)
        desk.workshop.later(minutes=-back)
        made += desk.runs()
        if restarted:
            desk.restart()
    nights = [run.started.astimezone(PARIS).date() for run in made]
    assert len(nights) == len(set(nights))
