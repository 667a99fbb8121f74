"""Alarms of a real daemon: raised once, shown while they stand, and their end said once, also across restarts."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.core.model import RunState
from syncd.disk.ledger import Ledger
from syncd.disk.records import Arrival, RunRecord
from tests.daemon.served import USERS, Served, Systemd
from tests.daemon.test_loop import program
from tests.end_to_end.daemon import PATIENCE
from tests.run.workshop import good_users
from tests.waiting import wait_for

OFTEN = '[alarms]\nevery = "1s"\ngrace = "0s"\nfree_below = "0%"\n'
EXPECTED = USERS + 'expected = "00:00"\n'
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def ledger_of(served: Served) -> Iterator[Ledger]:
    """The ledger, before the daemon starts."""
    served.state.mkdir(exist_ok=True)
    ledger = Ledger(served.state / "ledger.sqlite")
    try:
        yield ledger
    finally:
        ledger.close()


def expecting(served: Served, more: str = "") -> None:
    """Start a daemon whose file was expected at midnight; it has known that for long."""
    served.settings(EXPECTED + OFTEN + more)
    with ledger_of(served) as ledger:
        ledger.note_ticks({"(expected users: 00:00)": LONG_AGO})
    served.start()


def ran(ledger: Ledger, count: int, *, size: int, took: float, tool: str = "users") -> None:
    """Note so many runs of today, of different bytes."""
    now = datetime.now(UTC)
    for number in range(count):
        started = now - timedelta(hours=1, minutes=number)
        ledger.note_run(
            RunRecord(
                id=f"20260101-0000{number:02}-{tool}",
                tool=tool,
                kind="users",
                site="campus",
                path=f"{tool}.csv",
                size=size + number,
                sha256=f"{number:064}",
                asked_by="timer",
                started=started,
                state=RunState.DONE,
                ended=started + timedelta(seconds=took),
            )
        )


def alarms(served: Served) -> dict[str, dict[str, Any]]:
    """Those that stand, by their events."""
    return {alarm["alarm"]: alarm for alarm in served.status()["alarms"]}


def stands(served: Served, event: str) -> dict[str, Any]:
    """Wait until an alarm stands."""
    return wait_for(lambda: alarms(served).get(event, {}), PATIENCE, f"the alarm {event}")


def test_a_file_that_has_not_come_is_an_alarm_until_it_does(served: Served) -> None:
    """With since when, in the log and in the status."""
    expecting(served)
    said = served.hears("file.late")
    assert (said["tool"], said["file"], said["level"]) == ("users", "users.csv", "warning")
    assert said["since"].endswith("00:00+01:00") or said["since"].endswith("00:00+02:00")
    shown = stands(served, "file.late")
    assert shown["since"] == said["since"]
    assert shown["what"] == said["reason"]
    assert shown["cure"].startswith("Ask the sender")
    served.drops(good_users(1))
    assert served.hears("alarm.over", alarm="file.late", tool="users")["since"] == said["since"]
    assert alarms(served) == {}
    assert len(served.events("file.late")) == 1


def test_a_restart_says_nothing_twice(served: Served) -> None:
    """What stood goes on standing since when it did; its end is said by the process that finds it."""
    expecting(served)
    served.hears("file.late")
    served.stop()
    served.start()
    since = alarms(served)["file.late"]["since"]
    assert since == served.events("file.late")[0]["since"]
    served.stop()
    with ledger_of(served) as ledger:  # a file came while nobody said so
        ledger.note_arrivals([Arrival("claim", "users.csv", datetime.now(UTC), 10, "0" * 64)])
    served.start()
    served.hears("alarm.over", alarm="file.late")
    assert len(served.events("file.late")) == 1


def test_what_came_before_the_start_counts(served: Served) -> None:
    """The ledger knows it."""
    with ledger_of(served) as ledger:
        ledger.note_arrivals([Arrival("claim", "users.csv", datetime.now(UTC), 10, "0" * 64)])
    expecting(served, f"[tools.groups]\nfile = '{'groups.csv'}'\nexpected = '00:00'\n")
    with ledger_of(served) as ledger:
        wait_for(lambda: "(expected groups: 00:00)" in ledger.ticked(), PATIENCE, "a look")
    assert served.events("file.late") == []


def test_what_was_not_expected_before_is_not_missed(served: Served) -> None:
    """A fresh installation begins without an alarm, and so does a new setting; a look was made all the same."""
    served.settings(EXPECTED + OFTEN.replace("0%", "100%"))
    served.start()
    served.hears("disk.filling")
    assert alarms(served).keys() == {"disk.filling"}


def test_days_on_which_nothing_is_expected(served: Served) -> None:
    """Holidays of the site, read again by a reload: the alarm is over."""
    expecting(served)
    served.hears("file.late")
    free = 'timezone = "Europe/Paris"\nholidays = ["2026-01-01/2099-12-31"]'
    served.settings(EXPECTED + OFTEN, lambda text: text.replace('timezone = "Europe/Paris"', free))
    served.signals(signal.SIGHUP)
    served.hears("alarm.over", alarm="file.late")


def test_a_freeze_excuses_too(served: Served) -> None:
    """Of this tool; not of others."""
    freeze = "[[freeze]]\nfrom = 2026-01-01\nuntil = 2099-01-01\nwho = 'ana'\nwhy = 'x'\ntools = ['users']\n"
    groups = "[tools.groups]\nfile = 'groups.csv'\nexpected = '00:00'\n"
    with ledger_of(served) as ledger:
        ledger.note_ticks({"(expected groups: 00:00)": LONG_AGO})
    expecting(served, groups + freeze)
    served.hears("file.late", tool="groups")
    assert len(served.events("file.late")) == 1


def test_a_file_that_is_much_smaller_than_usual(served: Served) -> None:
    """It is run all the same; the next usual one ends the alarm, and so would a setting."""
    served.settings(USERS + OFTEN)
    usual = good_users(400)
    with ledger_of(served) as ledger:
        ran(ledger, 10, size=len(usual), took=1.0)
    served.start()
    served.drops(good_users(20))
    said = served.hears("file.small")
    assert (said["tool"], said["file"]) == ("users", "users.csv")
    assert f"{len(good_users(20)):,} bytes" in said["reason"]
    served.ended(state="done")
    served.drops(usual)
    served.hears("alarm.over", alarm="file.small")
    assert len(served.events("file.small")) == 1


def test_no_size_is_remarkable_where_files_hold_changes(served: Served) -> None:
    """With a backlog of every file; a look was made all the same."""
    served.settings(USERS + 'backlog = "every"\n' + OFTEN.replace("0%", "100%"))
    with ledger_of(served) as ledger:
        ran(ledger, 10, size=100_000, took=1.0)
    served.start()
    served.drops(good_users(1))
    served.ended(state="done")
    served.hears("disk.filling")
    assert not served.events("file.small")


def test_a_run_that_is_slower_than_usual_is_said_while_it_goes_on(served: Served) -> None:
    """Its end is said when it ends, however it does."""
    until = f"import os, time\nwhile not os.path.exists('{served.folder}/go'): time.sleep(0.05)"
    served.settings(program(until) + OFTEN + 'slow_at_least = "1s"\nslower_than = 2\n')
    with ledger_of(served) as ledger:
        ran(ledger, 10, size=2, took=0.1, tool="program")
    served.start()
    served.drops(b"x\n", "program.csv")
    said = served.hears("run.slow")
    assert said["tool"] == "program"
    assert served.status()["doing"]["run"] == said["run"]
    assert stands(served, "run.slow")["run"] == said["run"]
    (served.folder / "go").touch()
    served.hears("alarm.over", alarm="run.slow", run=said["run"])


def test_a_held_run_that_waits_is_said_again(served: Served) -> None:
    """Once; a person's word ends it."""
    served.settings(USERS + "guard = { rows_at_least = 9 }\n" + OFTEN + 'held_after = "1s"\n')
    served.start()
    served.drops(good_users(2))
    run = served.hears("run.held")["run"]
    assert served.hears("run.waiting")["run"] == run
    assert f"syncd approve {run}" in stands(served, "run.waiting")["cure"]
    served.asked("reject", run=run)
    served.hears("alarm.over", alarm="run.waiting", run=run)
    assert len(served.events("run.waiting")) == 1


def test_a_disk_that_fills_up(served: Served) -> None:
    """All three folders are on one disk, which is named once; no disk is wholly free."""
    served.settings(USERS + OFTEN.replace("0%", "100%"))
    served.start()
    said = served.hears("disk.filling")
    assert said["file"] == str(served.repository)
    assert "B are free, less than 100 %" in said["reason"]
    served.settings(USERS + OFTEN)
    served.signals(signal.SIGHUP)
    served.hears("alarm.over", alarm="disk.filling")
    assert len(served.events("disk.filling")) == 1


def test_what_others_say_is_listed_and_not_said_twice(served: Served) -> None:
    """An upload that is stuck, a drop folder that is gone, a site that is away."""
    served.settings(
        USERS + OFTEN, lambda text: text.replace('poll_every = "1s"', 'poll_every = "1s"\nstuck_after = "1s"')
    )
    (served.state / "sandbox.sqlite").mkdir(parents=True)
    served.start()
    served.drops(good_users(2))
    served.ended(state="unreachable")
    upload = served.opens("other.csv")
    served.hears("upload.stuck")
    assert stands(served, "upload.stuck")["file"] == "other.csv"
    assert stands(served, "site.unreachable")
    upload.close()
    served.hears("alarm.over", alarm="upload.stuck")
    served.drop.rename(served.folder / "away")
    served.hears("drop.gone")
    assert stands(served, "drop.gone")
    (served.folder / "away").rename(served.drop)
    served.hears("drop.back")
    wait_for(lambda: "drop.gone" not in alarms(served), PATIENCE)
    assert [one["alarm"] for one in served.events("alarm.over")] == ["upload.stuck"]
    assert len(served.events("drop.gone")) == 1
    assert not served.events("watch.lost")


def killed(served: Served) -> None:
    """Lose power, and start again."""
    served.kill()
    served.start()


def test_a_stuck_upload_is_said_once_over_restarts(served: Served) -> None:
    """It is as old as it was; and its end is said though it went away while syncd was down."""
    stuck = 'poll_every = "1s"\nstuck_after = "1s"'
    served.settings(USERS + OFTEN, lambda text: text.replace('poll_every = "1s"', stuck))
    served.start()
    upload = served.opens("other.csv")
    served.hears("upload.stuck")
    since = stands(served, "upload.stuck")["since"]
    served.signals(signal.SIGHUP)
    served.hears("settings.reloaded")
    killed(served)
    assert stands(served, "upload.stuck")["since"] == since
    served.kill()
    upload.close()
    (served.drop / "other.csv").unlink()
    served.start()
    assert served.hears("alarm.over", alarm="upload.stuck", file="other.csv")["since"] == since
    assert len(served.events("upload.stuck")) == 1


def test_a_slow_run_is_said_once_over_a_kill(served: Served) -> None:
    """It goes on; its end is said when it ends."""
    until = f"import os, time\nwhile not os.path.exists('{served.folder}/go'): time.sleep(0.05)"
    served.settings(program(until) + OFTEN + 'slow_at_least = "1s"\nslower_than = 2\n')
    with ledger_of(served) as ledger:
        ran(ledger, 10, size=2, took=0.1, tool="program")
    served.start()
    served.drops(b"x\n", "program.csv")
    run = served.hears("run.slow")["run"]
    killed(served)
    stands(served, "run.slow")
    (served.folder / "go").touch()
    served.hears("alarm.over", alarm="run.slow", run=run)
    assert len(served.events("run.slow")) == 1


def test_a_site_that_is_away_is_said_once_over_tries_and_a_kill(served: Served) -> None:
    """One warning of each kind is enough; that it is back is said by the process that finds it."""
    served.settings(USERS + OFTEN)
    (served.state / "sandbox.sqlite").mkdir(parents=True)
    served.start()
    served.drops(good_users(2))
    served.ended(state="unreachable", level="warning")
    assert stands(served, "site.unreachable")["what"] == "the site could not be reached; files wait"
    killed(served)
    assert stands(served, "site.unreachable")
    for times in (1, 2):
        if len(served.events("run.ended", level="info")) < times:
            served.asked("run", tool="users")
        served.ended(times=times, state="unreachable", level="info")
    assert len(served.events("run.ended", level="warning")) == 1
    (served.state / "sandbox.sqlite").rmdir()
    served.asked("run", tool="users")
    served.hears("site.back")
    wait_for(lambda: "site.unreachable" not in alarms(served), PATIENCE)
    assert len(served.events("site.unreachable")) == 1


def test_a_drop_folder_that_is_gone_is_back_after_a_kill(served: Served) -> None:
    """As the start makes it."""
    served.settings(USERS + OFTEN)
    served.start()
    shutil.rmtree(served.drop)
    served.hears("drop.gone")
    stands(served, "drop.gone")
    killed(served)
    served.hears("drop.back")
    assert len(served.events("drop.gone")) == 1
    assert not served.events("watch.lost")


def test_alarms_are_counted(served: Served) -> None:
    """And so is how late the kernel tells of the drop folder."""
    metrics = '[metrics]\nfile = "syncd.prom"\nevery = "1s"\n'
    often = 'poll_every = "1s"\ncanary_every = "1s"'
    served.settings(
        USERS + OFTEN.replace("0%", "100%") + metrics, lambda text: text.replace('poll_every = "1s"', often)
    )
    served.start()
    file = served.folder / "syncd.prom"

    def numbers() -> bool:
        text = file.read_text() if file.exists() else ""
        return 'alarm="disk.filling",site="campus",tool=""} 1.0' in text and "syncd_watch_delay_seconds{" in text

    wait_for(numbers, PATIENCE, "numbers of alarms")


def test_a_fresh_ledger_is_told_what_stands(served: Served) -> None:
    """It was taken away; the next process knows all the same."""
    served.settings(USERS + OFTEN.replace("0%", "100%"))
    served.start()
    served.hears("disk.filling")
    for file in served.state.glob("ledger.sqlite*"):
        file.unlink()
    served.asked("status")
    wait_for(lambda: kept(served.state / "ledger.sqlite"), PATIENCE, "an alarm in the fresh ledger")
    served.stop()
    served.start()
    assert alarms(served).keys() == {"disk.filling"}
    assert len(served.events("disk.filling")) == 1


def kept(path: Path) -> bool:
    """Whether a ledger has an alarm."""
    if not path.exists():
        return False
    ledger = Ledger(path)
    try:
        return bool(ledger.alarms())
    finally:
        ledger.close()


@pytest.mark.parametrize("text", ['expected = "06:00 Mo"', 'smaller_than = "half"', "expected = 6"])
def test_settings_that_mean_nothing_are_refused(served: Served, text: str) -> None:
    """With how they are written."""
    served.settings(USERS + text + "\n")
    with pytest.raises(AssertionError, match=r"must be|write"):
        served.start()


def test_the_status_screen_shows_them(served: Served) -> None:
    """In a table of its own, with what to do; also when no daemon runs, as they stood then."""
    expecting(served)
    stands(served, "file.late")
    screen = [sys.executable, "-m", "syncd", "status", "-c", str(served.folder / "syncd.toml")]
    for _ in ("running", "stopped"):
        shown = subprocess.run(screen, capture_output=True, text=True, check=True).stdout
        _, _, table = shown.partition("\nAlarms\n")
        head, line, *_ = table.splitlines()
        assert head.split() == ["since", "alarm", "what", "to", "do"]
        assert "file.late" in line
        assert "users.csv was expected by" in line
        assert "Ask the sender" in line
        served.stop()


def test_systemd_shows_that_there_are_some(served: Served, systemd: Systemd) -> None:
    """In the line that `systemctl status` has."""
    served.settings(USERS + OFTEN.replace("0%", "100%"))
    served.start()
    assert systemd.hears("STATUS=waiting for files; 1 alarm: syncd status")
