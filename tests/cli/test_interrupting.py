"""Ctrl-C, while something is under way."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.place import PATIENCE, Place
from tests.end_to_end.daemon import Syncd
from tests.waiting import wait_for

SLOW = """
[tools.slow]
kind = "command"
file = "slow.csv"
argv = ["/bin/sh", "-c", "until test -e {file}.go; do sleep 0.05; done"]
"""


@pytest.fixture
def slow(place: Place) -> Place:
    """A place with a tool whose program ends when a test lets it, and a file for it."""
    program = SLOW.replace("{file}.go", str(place.folder / "go"))
    place.settings.write_text(place.settings.read_text() + program)
    (place.repository / "slow.csv").write_text("x\n")
    return place


@pytest.fixture
def served_slow(slow: Place) -> Iterator[Place]:
    """The same with a daemon."""
    syncd = Syncd(slow.folder)
    try:
        syncd.start()
        yield slow
        assert syncd.stop() == 0
    finally:
        syncd.kill()


@contextmanager
def begun(place: Place) -> Iterator["subprocess.Popen[str]"]:
    """A command line that waits for the slow run; the run is let go at the end, whatever came."""
    with subprocess.Popen(
        [sys.executable, "-m", "syncd", "run", "slow", "-c", str(place.settings)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as asking:
        try:
            yield asking
        finally:
            (place.folder / "go").touch()


def test_a_run_of_the_daemon_goes_on_without_who_asked(served_slow: Place) -> None:
    """Ctrl-C ends the waiting alone: that is said, `status` shows the run, and it comes to its end."""
    with begun(served_slow) as asking:
        wait_for(lambda: served_slow.tells("status")["doing"])
        assert "Running slow on slow.csv" in served_slow.says("status").out
        asking.send_signal(signal.SIGINT)
        _, err = asking.communicate(timeout=PATIENCE)
    assert asking.returncode == 130
    assert "goes on in the daemon" in err
    assert "Traceback" not in err
    (served_slow.folder / "go").touch()
    wait_for(lambda: [run["state"] for run in served_slow.tells("runs")] == ["done"])


def test_two_syncds_never_work_at_once(slow: Place) -> None:
    """While a command does the work alone, another one that would is told who does, with exit code 1."""
    with begun(slow) as asking:
        # Until the ledger is made, `runs` may find it half-way.
        wait_for(lambda: slow.says("runs", "--json").code == 0 and slow.tells("runs"))
        said = slow.says("run", "users")
        (slow.folder / "go").touch()
        asking.communicate(timeout=PATIENCE)
    assert asking.returncode == 0
    assert said.code == 1
    assert "in use by syncd" in said.err
