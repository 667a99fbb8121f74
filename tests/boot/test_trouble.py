"""What comes back by itself, and what waits for a person."""

import pytest

from tests.boot.installed import PATIENCE, Service
from tests.boot.machine import Machine
from tests.run.workshop import good_users
from tests.waiting import wait_for

SLOW = 6_000
EATER = """
[tools.eater]
kind = "command"
file = "eater.csv"
timer = "on arrival"
argv = ["/bin/sh", "-c", "/opt/syncd/bin/python3 -c 'x = bytearray(1 << 30)'", "{file}"]
"""


@pytest.fixture
def limited_memory(host: Machine) -> None:
    """A machine whose systemd may limit memory: not everywhere do we get that control for a group of our own."""
    groups = host.root / "sys/fs/cgroup"
    enabled = groups / "cgroup.subtree_control"
    if not (groups / "memory").is_dir() and "memory" not in (enabled.read_text() if enabled.exists() else ""):
        pytest.skip("This machine lends no control over memory (cgroups(7)).")


def under_way(service: Service) -> None:
    """Start it, and let it be in the midst of a run."""
    service.start()
    service.drops(good_users(SLOW))
    service.hears("run.started")


def restarted(service: Service, times: int = 1) -> bool:
    """Whether systemd has started it again so often, and it is ready."""
    return int(service.shows("NRestarts")) >= times and service.shows("ActiveState") == "active"


def test_killed_in_mid_run_it_comes_back_and_completes_it(service: Service) -> None:
    """kill -9: systemd starts it again, and every row is done once."""
    under_way(service)
    service.machine.does("kill", "-KILL", str(service.pid))
    ended = service.done()
    assert int(ended["created"]) + int(ended.get("unchanged", 0)) == SLOW
    assert service.shows("NRestarts") == "1"


def test_a_loop_that_stands_is_ended_by_the_watchdog(service: Service) -> None:
    """It hangs, whatever its threads do; after WatchdogSec it is started again."""
    service.drop_in("watchdog", "[Service]\nWatchdogSec=2s\n")
    service.start()
    service.machine.does("kill", "-STOP", str(service.pid))
    wait_for(lambda: restarted(service), PATIENCE, "a restart by the watchdog")
    assert any("watchdog" in entry["MESSAGE"].lower() for entry in service.entries())


def test_an_idle_loop_feeds_the_watchdog(service: Service) -> None:
    """Nothing comes and nothing is due, for longer than the watchdog waits."""
    service.drop_in("watchdog", "[Service]\nWatchdogSec=500ms\n")
    service.start()
    first = service.shows("WatchdogTimestampMonotonic")
    wait_for(lambda: int(service.shows("WatchdogTimestampMonotonic")) > int(first) + 1_500_000, PATIENCE, "three beats")
    assert service.shows("NRestarts") == "0"


@pytest.mark.usefixtures("limited_memory")
def test_one_that_eats_too_much_is_ended_and_comes_back(service: Service) -> None:
    """MemoryMax: the machine's memory stays the web site's. Once there is enough, the files that came are run."""
    service.drop_in("starved", "[Service]\nMemoryHigh=infinity\nMemoryMax=12M\nMemorySwapMax=0\n")
    service.machine.does("systemctl", "start", "--no-block", service.unit)
    service.drops(good_users(3))
    wait_for(lambda: int(service.shows("NRestarts")) >= 2, PATIENCE, "an end by the kernel, and a restart")
    assert not service.events("daemon.ready")
    service.drop_in("starved", "")
    assert service.done()["created"] == "3"


@pytest.mark.usefixtures("limited_memory")
def test_a_program_that_eats_too_much_is_ended_alone(service: Service) -> None:
    """Its run is held for a person; syncd itself goes on."""
    service.settings(EATER)
    service.start()
    pid = service.pid
    service.drops("x\n", "eater.csv")
    service.hears("run.held")
    assert (service.pid, service.shows("NRestarts")) == (pid, "0")


def test_wrong_settings_are_not_tried_again_and_again(service: Service) -> None:
    """It fails once, with what is wrong in the journal."""
    service.settings("[tools.users]\n")
    assert service.machine.run("systemctl", "start", service.unit).returncode
    assert (service.shows("ExecMainStatus"), service.shows("NRestarts")) == ("2", "0")
    assert any("can't be used" in entry["MESSAGE"] for entry in service.entries())


def test_what_fails_again_and_again_waits_for_a_person(service: Service) -> None:
    """As often as the unit says, then no more."""
    service.drop_in("very-broken", "[Unit]\nStartLimitIntervalSec=10min\n[Service]\nExecStart=\nExecStart=/bin/false\n")
    service.machine.run("systemctl", "start", service.unit)
    wait_for(lambda: service.shows("SubState") == "failed", PATIENCE)
    assert int(service.shows("NRestarts")) <= 10
