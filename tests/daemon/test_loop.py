"""A real daemon: its signals, its settings, its neighbours, and how little it does when there is nothing to do."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pytest

from syncd.control import NotRunning, Refused
from syncd.core.model import RunState
from tests.daemon.served import USERS, Served, Systemd
from tests.end_to_end.daemon import PATIENCE
from tests.run.workshop import good_users
from tests.waiting import wait_for

BATCHES = 8_000


def program(code: str, timer: str = "on arrival", **keys: str) -> str:
    """The settings of a tool whose program is a few lines of Python."""
    more = "".join(f"{key} = {value}\n" for key, value in keys.items())
    argv = f"['{sys.executable}', '-c', '''{code}''', '{{file}}']"
    return f"[tools.program]\nkind = 'command'\nfile = 'program.csv'\ntimer = '{timer}'\nargv = {argv}\n{more}"


SLEEPING = program(
    "import sys, time; open(sys.argv[1].partition('/repository/')[0] + '/started', 'w'); time.sleep(600)"
)


BRIEF = """
[tools.brief]
kind = "command"
file = "brief.csv"
timer = "on arrival"
argv = ["sleep", "2"]
"""


def sleeping(served: Served, *options: str) -> None:
    """Start a daemon that runs a program that sleeps."""
    served.settings(SLEEPING)
    served.start(*options)
    served.drops(b"x\n", "program.csv")
    wait_for((served.folder / "started").exists, PATIENCE)


# Signals


def test_a_run_is_stopped_at_a_batch_and_goes_on_at_the_next_start(served: Served) -> None:
    """SIGTERM: the batches under way end, the rest waits; the next start completes it, and nobody is made twice."""
    served.start()
    served.drops(good_users(BATCHES))
    served.doing("apply")
    assert served.stop() == 0
    assert served.run_in_ledger().state is RunState.INTERRUPTED
    done = len(served.usernames())
    assert 0 < done < BATCHES
    served.start()
    ended = served.ended(state="done")
    assert (ended["unchanged"], ended["created"]) == (done, BATCHES - done)
    assert len(served.usernames()) == BATCHES
    assert not served.waiting()


def test_a_program_under_way_is_waited_for_and_a_second_signal_hurries(served: Served) -> None:
    """One SIGTERM lets it be; the second ends it, and its file is held at the next start."""
    sleeping(served)
    served.signals(signal.SIGTERM)
    with pytest.raises((Refused, NotRunning)):
        wait_for(lambda: served.asked("run", tool="program"), 5)
    assert served.process and served.process.poll() is None
    served.signals(signal.SIGTERM)
    assert served.ends() == 0
    assert served.run_in_ledger().state is RunState.INTERRUPTED
    served.start()
    assert "interrupted" in served.hears("run.held")["reason"]
    assert served.waiting().keys() == {"program.csv"}


def test_a_program_under_way_is_asked_to_end_a_while_after_the_signal(served: Served) -> None:
    """systemd sends one SIGTERM, then nothing until it kills: the run is noted as broken off before that."""
    sleeping(served, "--hurry-after", "300ms")
    assert served.stop() == 0
    assert served.run_in_ledger().state is RunState.INTERRUPTED


def test_a_program_that_a_crash_interrupted_is_held(served: Served) -> None:
    """kill -9: nobody knows how far it came."""
    sleeping(served)
    served.kill()
    served.start()
    assert "interrupted" in served.hears("run.held")["reason"]


def test_an_idle_daemon_stops_at_once(served: Served) -> None:
    """Ctrl-C as well."""
    served.start()
    began = time.monotonic()
    served.signals(signal.SIGINT)
    assert served.ends() == 0
    assert time.monotonic() - began < 2
    assert served.events("daemon.stopped")


# Settings


def test_who_asks_for_a_reload_hears_what_came_of_it(served: Served) -> None:
    """Good settings are told by their tools, bad ones by what is wrong, with the exit code of settings."""
    served.start()
    assert served.asked("reload") == {"tools": ["users"]}
    served.settings(change=lambda text: text.replace('"drop"', '"elsewhere"'))
    with pytest.raises(Refused, match=r"old ones stay:\n  drop\.folder: ") as refused:
        served.asked("reload")
    assert refused.value.exit_code == 2
    assert served.hears("settings.refused", level="error")["problems"]


def test_good_settings_take_the_place_of_the_old_ones(served: Served) -> None:
    """A new tool runs, and a drop folder is looked at in its new way, without a restart."""
    served.start()
    more = '[tools.others]\nkind = "users"\nfile = "others.csv"\ntimer = "on arrival"\n'
    served.settings(USERS + more, lambda text: text.replace('settle = "100ms"', 'settle = "50ms"\nignore = ["x.csv"]'))
    served.signals(signal.SIGHUP)
    assert served.hears("settings.reloaded")["tools"] == ["users", "others"]
    served.drops(b"ignored", "x.csv")
    served.drops(good_users(2), "others.csv")
    assert served.ended()["tool"] == "others"
    assert (served.drop / "x.csv").exists()
    assert served.stop() == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("users.csv", ""),
        lambda text: text.replace('"drop"', '"elsewhere"'),
        lambda text: text.replace('"repository"', '"elsewhere"'),
        lambda text: text.replace('"state"', '"elsewhere"'),
        lambda text: text + "[",
    ],
    ids=["wrong", "drop", "repository", "state", "torn"],
)
def test_bad_settings_are_refused_and_the_old_ones_stay(served: Served, change: Callable[[str], str]) -> None:
    """Loudly; folders can't be moved without a restart."""
    served.start()
    served.settings(change=change)
    served.signals(signal.SIGHUP)
    assert served.hears("settings.refused", level="error")["problems"]
    served.drops(good_users(2))
    assert served.ended()["created"] == 2


def test_a_run_under_way_keeps_its_settings(served: Served) -> None:
    """A reload in the middle neither stops it nor changes what it does."""
    served.start()
    served.drops(good_users(BATCHES))
    served.doing("apply")
    served.settings(USERS + "guard = { rows_at_least = 100_000 }\n")
    served.signals(signal.SIGHUP)
    served.hears("settings.reloaded")
    assert served.ended()["created"] == BATCHES
    served.drops(good_users(3))
    assert served.hears("run.held")["state"] == "held"
    assert served.stop() == 0


# Neighbours


@pytest.mark.parametrize("shared", ["state", "drop", "repository"])
def test_two_daemons_never_share_a_folder(served: Served, tmp_path: Path, shared: str) -> None:
    """The second says who holds it, and ends; the first works on."""
    served.start()
    other = tmp_path / "other"
    other.mkdir()
    second = Served(other)
    second.settings(change=lambda text: text.replace(f'"{shared}"', f'"{tmp_path / shared}"'))
    argv = [sys.executable, "-m", "syncd", "serve", "-c", str(other / "syncd.toml")]
    found = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert found.returncode == 1
    assert f"{tmp_path / shared} is in use by" in found.stderr
    assert "Traceback" not in found.stderr
    if shared == "state":
        assert served.process and f"process {served.process.pid}" in found.stderr
    served.drops(good_users(2))
    assert served.ended()["created"] == 2


# systemd


def test_systemd_is_told(served: Served, systemd: Systemd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ready, what it does, that it lives, that it reloads, and that it stops."""
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    served.start()
    assert systemd.hears("READY=1") == ["READY=1"]
    assert "STATUS=waiting for files" in systemd.hears("STATUS=")
    began = time.monotonic()
    for _ in range(10):
        systemd.hears("WATCHDOG=1")
    assert time.monotonic() - began < 4
    served.signals(signal.SIGHUP)
    assert systemd.hears("RELOADING=1")[-1].split("\n")[1].startswith("MONOTONIC_USEC=")
    systemd.hears("READY=1")
    served.drops(good_users(3))
    systemd.hears("STATUS=running users on users.csv")
    served.signals(signal.SIGTERM)
    systemd.hears("STOPPING=1")
    assert served.ends() == 0


def test_systemd_hears_the_watchdog_while_a_run_is_long_and_while_it_stops(
    served: Served, systemd: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop turns whatever the threads do."""
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    sleeping(served)
    systemd.at_once()
    for _ in range(3):
        systemd.hears("WATCHDOG=1")
    served.signals(signal.SIGTERM)
    systemd.hears("STOPPING=1")
    for _ in range(3):
        systemd.hears("WATCHDOG=1")


# Rest


def idle(served: Served) -> None:
    """Nothing is there."""
    served.start()


def paused(served: Served) -> None:
    """A file waits for a tool that is paused."""
    served.start()
    served.asked("pause", tool="users")
    served.drops(good_users(2))
    served.hears("file.arrived")


def held(served: Served) -> None:
    """A file waits for a person."""
    served.settings(USERS + "guard = { rows_at_least = 9 }\n")
    served.start()
    served.drops(good_users(2))
    served.hears("run.held")


def held_by_its_sender(served: Served) -> None:
    """The hold file lies beside a file."""
    served.drop.mkdir()
    (served.drop / "alock.txt").touch()
    served.start()
    served.drops(good_users(2))
    wait_for(lambda: served.why_dropped("users.csv"))


def blocked(served: Served) -> None:
    """A file waits for a site that does not answer, and its tool is paused as well."""
    (served.state / "sandbox.sqlite").mkdir(parents=True)
    served.start()
    served.drops(good_users(2))
    served.ended(state="unreachable")
    served.asked("pause", tool="users")


def without_a_drop_folder(served: Served) -> None:
    """Nobody can look."""
    served.start()
    served.drops(b"x", "nobody's.csv")
    served.drop.rename(served.folder / "away")
    served.hears("drop.gone")


def with_a_file_for_a_drop_folder(served: Served) -> None:
    """What has its name is no folder."""
    served.start()
    served.drop.rename(served.folder / "away")
    served.drop.touch()
    served.hears("drop.gone")


def without_a_repository(served: Served) -> None:
    """Nothing can be taken in."""
    served.start()
    served.repository.rename(served.folder / "away")
    served.drops(good_users(2))
    served.hears("disk.full")


def open_for_writing(served: Served) -> None:
    """A sender keeps a file open and does nothing; there is no time to settle."""
    served.settings(change=lambda text: text.replace('"100ms"', '"0s"'))
    served.start()
    served.opens("users.csv")
    wait_for(lambda: served.why_dropped("users.csv"))


def with_a_link(served: Served) -> None:
    """Something lies there that is never taken."""
    served.start()
    (served.drop / "users.csv").symlink_to("/etc/passwd")
    served.hears("file.refused")


def under_way(served: Served) -> None:
    """A program takes its time."""
    sleeping(served)


def stopping(served: Served) -> None:
    """It is to end, and a program takes its time."""
    sleeping(served)
    served.signals(signal.SIGTERM)


STATES = [
    idle,
    paused,
    held,
    held_by_its_sender,
    blocked,
    without_a_drop_folder,
    with_a_file_for_a_drop_folder,
    without_a_repository,
    open_for_writing,
    with_a_link,
    under_way,
    stopping,
]

WATCHED, MOST_TURNS, MOST_CPU = 1.5, 30, 0.15


@pytest.fixture
def all_served(tmp_path: Path) -> Iterator[dict[str, Served]]:
    """A daemon for each of the states, by its name, and in it."""
    daemons = {state: Served(tmp_path / state.__name__) for state in STATES}
    for one in daemons.values():
        one.folder.mkdir()
        one.settings()
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda state: state(daemons[state]), STATES))
        yield {state.__name__: one for state, one in daemons.items()}
    finally:
        for one in daemons.values():
            one.kill()
            for file in one.open_files:
                file.close()


def test_the_loop_rests_in_every_state(all_served: dict[str, Served]) -> None:
    """It turns a few times in a while, and uses next to no processor."""
    time.sleep(1.0)  # what was begun comes to rest
    before = {state: (one.turns(), one.cpu()) for state, one in all_served.items()}
    time.sleep(WATCHED)
    used = {
        state: (one.turns() - before[state][0], round(one.cpu() - before[state][1], 2))
        for state, one in all_served.items()
    }
    assert {state: found for state, found in used.items() if found > (MOST_TURNS, 0) or found[1] > MOST_CPU} == {}


# Memory


def test_memory_is_flat(tmp_path: Path) -> None:
    """200,000 rows are read, planned and applied in less than 150 MB."""
    (tmp_path / "users.csv").write_bytes(good_users(200_000))
    program = "tests.daemon.flat_memory"
    found = subprocess.run(
        [sys.executable, "-m", program, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert found.returncode == 0, found.stderr
    created, kilobytes = map(int, found.stdout.split())
    assert created == 200_000
    assert kilobytes < 150_000


def test_a_request_that_finds_nothing_holds_up_no_other(served: Served) -> None:
    """What became due while a run was under way begins when it ends, also behind requests that come to nothing."""
    served.settings(USERS + BRIEF)
    served.start()
    served.drops(b"x\n", "brief.csv")
    served.hears("run.started", tool="brief")
    asking = [Thread(target=lambda: served.asked("run", tool="users")) for _ in range(3)]
    for one in asking:
        one.start()
    served.hears("request.received", times=3)
    served.drops(b"y\n", "brief.csv")
    served.hears("run.ended", times=2, tool="brief")
    for one in asking:
        one.join(PATIENCE)
        assert not one.is_alive()
