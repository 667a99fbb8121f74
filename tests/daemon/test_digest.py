"""When the daily summary is due, and what the ledger gives to it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syncd.core.agenda import Cron
from syncd.core.model import Outcome, RunState
from syncd.daemon.digest import TICK, Digest
from syncd.disk.ledger import Ledger
from syncd.disk.records import Arrival, RunRecord
from tests.daemon.served import USERS, Served
from tests.daemon.test_notices import MAIL, hears
from tests.notices.sinks import Post

PARIS = ZoneInfo("Europe/Paris")
SEVEN = Cron("0 7 * * *")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=PARIS)
WELL: dict[str, Any] = {"tools": [], "held": [], "drop": {"files": []}, "alarms": [], "trouble": [], "waiting": []}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger."""
    ledger = Ledger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


@pytest.fixture
def post() -> Iterator[Post]:
    """A mail server, not open yet."""
    post = Post()
    yield post
    post.close()


def test_the_first_is_sent_after_a_whole_day(ledger: Ledger) -> None:
    """Not when it is turned on: nothing is known of the time before."""
    digest = Digest(ledger)
    assert digest.turn(NOON, SEVEN, lambda: WELL) is None
    assert digest.turn(NOON + timedelta(hours=18), SEVEN, lambda: WELL) is None
    day = digest.turn(NOON + timedelta(hours=19), SEVEN, lambda: WELL)
    assert day
    assert (day.since, day.until) == (NOON, NOON + timedelta(hours=19))
    assert digest.turn(NOON + timedelta(hours=20), SEVEN, lambda: WELL) is None


def test_one_that_was_missed_is_sent_once(ledger: Ledger) -> None:
    """After days without syncd there is one summary of them all."""
    ledger.note_ticks({TICK: NOON})
    digest = Digest(ledger)
    day = digest.turn(NOON + timedelta(days=5), SEVEN, lambda: WELL)
    assert day and day.since == NOON
    assert Digest(ledger).turn(NOON + timedelta(days=5, hours=1), SEVEN, lambda: WELL) is None


def test_a_clock_that_was_set_back_does_not_silence_it_for_ever(ledger: Ledger) -> None:
    """It begins anew."""
    ledger.note_ticks({TICK: NOON + timedelta(days=3650)})
    digest = Digest(ledger)
    assert digest.turn(NOON, SEVEN, lambda: WELL) is None
    assert digest.turn(NOON + timedelta(days=1), SEVEN, lambda: WELL)


def test_without_a_time_there_is_none(ledger: Ledger) -> None:
    """And nothing is noted."""
    assert Digest(ledger).turn(NOON, None, lambda: WELL) is None
    assert ledger.ticked() == {}


@pytest.mark.parametrize("day", [datetime(2026, 3, 28, 7, 0, tzinfo=PARIS), datetime(2026, 10, 24, 7, 0, tzinfo=PARIS)])
def test_seven_is_seven_whatever_the_clock_does_in_between(ledger: Ledger, day: datetime) -> None:
    """On the mornings after the clocks were changed, too: once."""
    ledger.note_ticks({TICK: day})
    digest, sent = Digest(ledger), []
    moment = day.astimezone(UTC)
    for _ in range(30 * 60):
        moment += timedelta(minutes=1)
        if digest.turn(moment.astimezone(PARIS), SEVEN, lambda: WELL):
            sent.append(moment.astimezone(PARIS))
    assert [f"{one:%H:%M}" for one in sent] == ["07:00"]


def run(name: str, ended: datetime, state: RunState = RunState.DONE, *, simulated: bool = False) -> RunRecord:
    """A run in the ledger."""
    return RunRecord(
        name,
        "users",
        "users",
        "campus",
        "u.csv",
        1,
        "ab",
        "timer",
        ended,
        simulated,
        state,
        ended,
        {Outcome.CREATED: 2},
    )


def test_it_counts_what_came_and_ended_since_the_last(ledger: Ledger) -> None:
    """Not what was before, and no simulation."""
    for hour in (-1, 1, 2):
        ledger.note_arrivals([Arrival(f"claim{hour}", "u.csv", NOON + timedelta(hours=hour), 100, "ab")])
        ledger.note_run(run(f"run{hour}", NOON + timedelta(hours=hour)))
    ledger.note_run(run("simulated", NOON + timedelta(hours=3), simulated=True))
    ledger.note_run(run("held", NOON + timedelta(hours=4), RunState.HELD))
    stands = WELL | {
        "tools": [{"tool": "users"}],
        "held": [{"run": "held", "file": "u.csv", "reason": "deletes"}],
        "drop": {
            "files": [{"file": "a", "why": "a link", "cure": "none"}, {"file": "b", "why": "it changed just now"}]
        },
        "waiting": [{"file": "u.csv", "why": "held: deletes (…)"}, {"file": "c.csv", "why": "no tool"}],
    }
    day = Digest(ledger).day(NOON, NOON + timedelta(hours=19), stands)
    assert (day.files, day.size) == (2, 200)
    assert [one.state for one in day.runs] == [RunState.DONE, RunState.DONE, RunState.HELD]
    assert [one.name for one in day.held] == ["held"]
    assert [one.name for one in day.refused] == ["a"]
    assert [one.name for one in day.waiting] == ["c.csv"]


def test_a_daemon_sends_what_fell_into_the_night_when_it_starts(served: Served, post: Post) -> None:
    """To the people of the summary, and to nobody else."""
    text = MAIL.format(port=post.open()) + 'digest = "07:00"\ndigest_to = ["head@example.org"]\n'
    served.settings(USERS + text)
    served.state.mkdir()
    ledger = Ledger(served.state / "ledger.sqlite")
    ledger.note_ticks({TICK: datetime.now(UTC) - timedelta(days=2)})
    ledger.close()
    served.start()
    hears(post)
    served.stop()
    assert post.subjects == ["[campus] all is well (no files came, no runs)"]
    assert post.recipients == [["head@example.org"]]
