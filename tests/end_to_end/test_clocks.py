"""A real daemon whose clock changes with the season, or is set by somebody while it runs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syncd.disk.ledger import Ledger
from syncd.disk.records import RunRecord
from tests.daemon.served import Served
from tests.end_to_end.daemon import PATIENCE
from tests.moved_clock import MovedClock, compiler
from tests.run.workshop import good_users
from tests.waiting import wait_for

PARIS = ZoneInfo("Europe/Paris")
TOOLS = """
[metrics]
file = "syncd.prom"
every = "1s"
[tools.nightly]
kind = "users"
file = "nightly.csv"
timer = "30 2 * * *"
after_run = "keep"
[tools.beat]
kind = "users"
file = "beat.csv"
timer = "every 15m"
after_run = "keep"
[tools.users]
file = "users.csv"
timer = "on arrival"
"""
SHORTLY = timedelta(seconds=2)


@pytest.fixture
def clock(tmp_path: Path) -> MovedClock:
    """A clock that can be set."""
    if not compiler():
        pytest.skip("A clock that a test sets needs a C compiler (Debian: gcc).")
    clock = MovedClock(tmp_path)
    clock.make()
    return clock


@pytest.fixture
def served(clock: MovedClock, tmp_path: Path) -> Iterator[Served]:
    """A daemon that goes by it, and has both files that stay; it is started by the test.

    Its numbers have its loop turn each second, so that it sees soon what was done to the clock.
    """
    served = Served(tmp_path, under=["env", *(f"{name}={value}" for name, value in clock.environment().items())])
    served.settings(TOOLS)
    served.repository.mkdir()
    for name in ("nightly", "beat"):
        (served.repository / f"{name}.csv").write_bytes(good_users(1))
    yield served
    served.kill()


def runs(served: Served, tool: str) -> list[RunRecord]:
    """The runs of a tool that are over, the first first."""
    ledger = Ledger(served.state / "ledger.sqlite")
    try:
        return [run for run in reversed(ledger.runs(tool=tool)) if run.ended]
    finally:
        ledger.close()


def shown(served: Served, tool: str) -> list[str]:
    """When they began, to the minute, on the clock of Paris."""
    return [f"{run.started.astimezone(PARIS):%m-%d %H:%M%z}" for run in runs(served, tool)]


def has_run(served: Served, tool: str, times: int) -> None:
    """Wait until a tool has run so often."""
    wait_for(lambda: len(runs(served, tool)) >= times, PATIENCE, f"{times} runs of {tool}")


def paris(text: str, fold: int = 0) -> datetime:
    """A moment on the clocks of Paris, as an instant to count from."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS, fold=fold).astimezone(UTC)


def sees(served: Served, clock: MovedClock, tool: str, moment: datetime) -> None:
    """Set the clock to shortly before a moment, and wait for the tool's run of it."""
    clock.show(moment - SHORTLY)
    when = f"{moment.astimezone(PARIS):%m-%d %H:%M%z}"
    wait_for(lambda: when in shown(served, tool), PATIENCE, f"a run of {tool} at {when}")


def test_the_night_in_which_clocks_go_back(clock: MovedClock, served: Served) -> None:
    """At the second half past two, which the beat sees, nothing nightly is made again; not after a restart either."""
    clock.show(paris("2026-10-25T01:50"))
    served.start()
    sees(served, clock, "nightly", paris("2026-10-25T02:30"))
    sees(served, clock, "beat", paris("2026-10-25T02:00", fold=1))
    served.stop()
    served.start()
    sees(served, clock, "beat", paris("2026-10-25T02:30", fold=1))
    sees(served, clock, "nightly", paris("2026-10-26T02:30"))
    assert shown(served, "nightly") == ["10-25 02:30+0200", "10-26 02:30+0100"]


def test_the_night_in_which_clocks_go_ahead(clock: MovedClock, served: Served) -> None:
    """What would be made at half past two is made at three, when the beat comes as well, and not again."""
    clock.show(paris("2027-03-28T01:50"))
    served.start()
    for tool in ("nightly", "beat"):
        sees(served, clock, tool, paris("2027-03-28T03:00"))
    sees(served, clock, "beat", paris("2027-03-28T03:15"))
    sees(served, clock, "nightly", paris("2027-03-29T02:30"))
    assert shown(served, "nightly") == ["03-28 03:00+0200", "03-29 02:30+0200"]


def test_a_clock_that_is_set_while_it_runs(clock: MovedClock, served: Served) -> None:
    """Back by an hour, ahead by three days: nothing runs twice, nothing hangs, no archive takes another's place."""
    clock.show(paris("2026-11-22T01:50"))
    served.start()
    sees(served, clock, "nightly", paris("2026-11-22T02:30"))
    for count in range(2, 5):
        clock.show(paris("2026-11-22T01:35"))
        served.drops(good_users(count))
        has_run(served, "users", count - 1)
    sees(served, clock, "beat", paris("2026-11-22T02:15"))
    sees(served, clock, "beat", paris("2026-11-22T02:45"))
    assert shown(served, "nightly") == ["11-22 02:30+0100"]
    clock.show(paris("2026-11-25T02:50"))
    has_run(served, "nightly", 2)
    served.drops(good_users(5))
    has_run(served, "users", 4)
    assert len(runs(served, "nightly")) == 2
    made = runs(served, "users")
    assert all(run.ended and run.ended >= run.started for run in made)
    assert len({run.report for run in made}) == 4
    kept = [file.read_bytes() for file in (served.repository / "archives").glob("*_users*.csv")]
    assert sorted(kept) == sorted(good_users(count) for count in range(2, 6))
    assert all(one["took"] >= 0 for one in served.events("run.ended"))


def test_a_clock_that_goes_ten_years_ahead_takes_no_archive(clock: MovedClock, served: Served) -> None:
    """It warns; and when the clock is right again all goes on as if nothing had been."""
    clock.show(datetime.now(UTC))
    served.start()
    served.drops(good_users(2))
    has_run(served, "users", 1)
    archives = {file.name for file in (served.repository / "archives").iterdir()}
    clock.show(datetime.now(UTC) + timedelta(days=3650))
    served.hears("retention.slowed")
    served.drops(good_users(3))
    has_run(served, "users", 2)
    clock.show(datetime.now(UTC))
    served.drops(good_users(4))
    has_run(served, "users", 3)
    assert archives <= {file.name for file in (served.repository / "archives").iterdir()}
    assert not served.events("retention.pruned")
