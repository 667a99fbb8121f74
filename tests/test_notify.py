"""The protocol is tested against a real datagram socket, the kind that systemd listens on."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.notify import Notify


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket that listens as systemd does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(os.fspath(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def said(systemd: socket.socket) -> list[str]:
    """The lines of the next message."""
    return systemd.recv(4096).decode().split("\n")


def test_each_message_is_what_systemd_expects(systemd: socket.socket) -> None:
    """Ready, status, watchdog and stopping are the assignments of sd_notify(3)."""
    notify = Notify(systemd.getsockname())
    notify.ready()
    notify.status("3 files wait")
    notify.watchdog()
    notify.stopping()
    assert [said(systemd) for _ in range(4)] == [["READY=1"], ["STATUS=3 files wait"], ["WATCHDOG=1"], ["STOPPING=1"]]


def test_a_reload_carries_the_time_at_which_it_began(systemd: socket.socket) -> None:
    """Type=notify-reload needs CLOCK_MONOTONIC in microseconds, so that an older reload can't be mistaken for this."""
    before = time.monotonic_ns() // 1000
    Notify(systemd.getsockname()).reloading()
    reloading, began = said(systemd)
    assert reloading == "RELOADING=1"
    assert before <= int(began.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000


def test_a_status_can_not_smuggle_in_another_assignment(systemd: socket.socket) -> None:
    """A file's name with a newline stays inside the status, and a byte that is not UTF-8 does not lose it."""
    Notify(systemd.getsockname()).status("runs evil\nMAINPID=1\udcff")
    assert said(systemd) == ["STATUS=runs evil MAINPID=1\\udcff"]


def test_abstract_addresses_work() -> None:
    """An address that begins with @ is a name of Linux's abstract kind, as containers use."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        name = f"syncd-test-{os.getpid()}"
        listening.bind(f"\0{name}")
        listening.settimeout(5)
        Notify(f"@{name}").ready()
        assert said(listening) == ["READY=1"]


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "vsock:2:1234"])
def test_nobody_listening_is_no_trouble(address: str) -> None:
    """Without systemd, or with one that went away, messages are nothing."""
    Notify(address).ready()


def test_a_systemd_that_does_not_read_does_not_stop_the_loop(systemd: socket.socket) -> None:
    """When the socket is full, a message is given up after a moment."""
    notify = Notify(systemd.getsockname())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as crowd:
        crowd.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                crowd.sendto(b"X=1", systemd.getsockname())
    began = time.monotonic()
    notify.watchdog()
    assert time.monotonic() - began < 5


def test_the_environment_says_where_to_and_how_often() -> None:
    """Half of WATCHDOG_USEC, in seconds, as the man page advises."""
    environment = {"NOTIFY_SOCKET": "/run/systemd/notify", "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "17"}
    assert Notify.from_environment(environment, pid=17) == Notify("/run/systemd/notify", 30.0)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "18"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": ""},
    ],
)
def test_a_watchdog_that_is_not_ours_is_not_fed(environment: dict[str, str]) -> None:
    """Unset, meant for another process, or no number: there is no interval."""
    assert Notify.from_environment(environment, pid=17).interval is None
