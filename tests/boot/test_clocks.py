"""The service as it was installed, on a machine whose clock changes with the season or is set."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.boot.installed import PATIENCE, Service
from tests.moved_clock import MovedClock, compiler
from tests.run.workshop import good_users
from tests.waiting import wait_for

PARIS = ZoneInfo("Europe/Paris")
THERE = Path("/opt/clock")
NIGHTLY = """
[metrics]
file = "/run/syncd/syncd.prom"
every = "1s"
[tools.nightly]
kind = "users"
file = "nightly.csv"
timer = ["30 2 * * *", "0 4 * * *"]
after_run = "keep"
"""


@pytest.fixture
def clock(service: Service) -> MovedClock:
    """The clock that the service goes by, whose numbers have its loop turn, and look at it, each second."""
    if not compiler():
        pytest.skip("A clock that a test sets needs a C compiler (Debian: gcc).")
    folder = service.path(str(THERE))
    folder.mkdir(exist_ok=True)
    clock = MovedClock(folder)
    clock.make()
    lines = (f"Environment={name}={value}" for name, value in clock.environment(THERE).items())
    service.drop_in("clock", "\n".join(["[Service]", "RuntimeDirectory=syncd", *lines, ""]))
    service.settings(NIGHTLY)
    return clock


def nightly(service: Service) -> list[str]:
    """The names of the nightly runs that were done, which begin with the time on the site's clock."""
    return [str(event["run"]) for event in service.all_done() if event["tool"] == "nightly"]


def test_a_nightly_run_is_made_once_in_the_night_in_which_clocks_go_back(clock: MovedClock, service: Service) -> None:
    """With the unit, its sandbox and the journal; the watchdog, which counts time, is not disturbed by any of it."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=PARIS).astimezone(UTC)
    clock.show(first - timedelta(minutes=10))
    service.start()
    service.drops(good_users(2), "nightly.csv")
    service.hears("file.arrived")
    clock.show(first - timedelta(seconds=1))
    wait_for(lambda: nightly(service), PATIENCE, "the run at the first half past two")
    clock.show(first + timedelta(hours=1, seconds=-1))
    service.drops(good_users(3))
    service.done(2)
    clock.show(first + timedelta(hours=2, minutes=30, seconds=-1))
    wait_for(lambda: len(nightly(service)) == 2, PATIENCE, "the run at four")
    assert [run.partition("-nightly")[0][:13] for run in nightly(service)] == ["20261025-0230", "20261025-0400"]
    clock.show(datetime.now(UTC))
    service.drops(good_users(4))
    service.done(4)
    assert service.shows("NRestarts") == "0"
