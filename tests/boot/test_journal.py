"""What the journal of a machine has of the service: priorities, explanations, and a burst in full."""

from collections.abc import Iterator

import pytest

from tests.boot.installed import Service
from tests.boot.machine import Machine

MANY = 300


@pytest.fixture
def grudging_journal(host: Machine) -> Iterator[None]:
    """A journal that drops what a service logs beyond a few lines in an hour, if its unit does not say otherwise."""
    limit = "/run/systemd/journald.conf.d/limit.conf"
    host.writes(limit, "[Journal]\nRateLimitIntervalSec=1h\nRateLimitBurst=5\n")
    host.does("systemctl", "restart", "systemd-journald")
    yield
    host.does("rm", limit)
    host.does("systemctl", "restart", "systemd-journald")


def test_the_journal_explains_what_happened(service: Service) -> None:
    """`journalctl -x` says below each entry of syncd what it means, and names the run in what to do."""
    service.start()
    service.drops("this is no file of users\n")
    run = service.hears("run.ended")["run"]
    explained = service.machine.does(
        "journalctl", "-q", "-x", "-t", "syncd", f"SYNCD_RUN={run}", "SYNCD_EVENT=run.ended"
    )
    assert "░░ Subject: A run is over\n" in explained
    assert f'░░ "syncd report {run}" tells what became of each row' in explained


def test_priorities_are_those_of_syslog(service: Service) -> None:
    """A start is a notice, an arrival is for information, and a refused file is a warning."""
    service.start()
    service.drops("this is no file of users\n")
    service.hears("run.ended")
    priorities = {entry["SYNCD_EVENT"]: entry["PRIORITY"] for entry in service.entries() if "SYNCD_EVENT" in entry}
    assert {event: priorities[event] for event in ("daemon.ready", "file.arrived", "run.ended")} == {
        "daemon.ready": "5",
        "file.arrived": "6",
        "run.ended": "4",
    }


@pytest.mark.usefixtures("grudging_journal")
def test_a_burst_is_logged_in_full(service: Service) -> None:
    """The unit keeps the journal's limit away: each of many files has its line."""
    service.start()
    make = f'cd "$0" && for n in $(seq {MANY}); do echo "$n" >".$n" && chown erp:sftp ".$n" && mv ".$n" "$n.csv"; done'
    service.machine.does("sh", "-c", make, service.drop)
    service.hears("file.arrived", MANY)
    assert {event["file"] for event in service.events("file.arrived")} == {f"{n}.csv" for n in range(1, MANY + 1)}
