"""What the machine breaks is said once, and work goes on by itself when it is mended; nothing is lost."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from syncd.control import Refused
from syncd.core.model import RunState
from tests.daemon.served import USERS, Served
from tests.end_to_end.daemon import PATIENCE
from tests.run.workshop import good_users
from tests.waiting import wait_for

BY_HAND = USERS.replace("on arrival", "0 3 1 1 *")


def said(served: Served, *events: str) -> list[int]:
    """How often each of these events was logged."""
    return [len(served.events(event)) for event in events]


# Folders


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_drop_folder_that_comes_back_is_served_again(served: Served, how: str) -> None:
    """Removed and made again, or another one put in its place: said once at most, and uploads are taken as before."""
    served.start()
    served.drop.rename(served.folder / "former")
    if how == "removed":
        served.hears("drop.gone")
        assert served.status()["drop"]["gone"]
    served.drop.mkdir()
    served.drops(good_users(2))
    assert served.ended()["created"] == 2
    assert said(served, "drop.gone", "drop.back") in ([1, 1], [0, 0])
    assert not served.status()["drop"]["gone"]
    assert said(served, "disk.full") == [0]
    assert served.stop() == 0


def test_nothing_is_put_where_the_repository_was(served: Served) -> None:
    """It is not mounted any more: uploads stay where they are until it is, and no second repository is begun."""
    served.start()
    away = served.folder / "away"
    served.repository.rename(away)
    served.repository.mkdir()
    served.drops(good_users(2))
    served.hears("disk.full")
    assert "is not the repository that was there" in served.status()["trouble"][0]
    assert list(served.repository.iterdir()) == []
    assert (served.drop / "users.csv").exists()
    served.repository.rmdir()
    away.rename(served.repository)
    assert served.ended()["created"] == 2
    assert said(served, "disk.full", "disk.mended") == [1, 1]


# Disks


@pytest.fixture
def small_disk(served: Served) -> Iterator[Path]:
    """A repository on a disk of its own, of 1 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    served.repository.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(served.repository)], check=False)
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    yield served.repository
    served.kill()
    subprocess.run(["umount", "--lazy", str(served.repository)], check=True)


@pytest.mark.root
def test_a_full_disk_is_said_once_and_loses_nothing(served: Served, small_disk: Path) -> None:
    """Uploads wait until there is room, and are run then; what was taken before stays whole."""
    served.start()
    served.drops(good_users(2))
    served.ended()
    filler = small_disk / "archives" / "filler"
    with filler.open("wb") as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
            file.flush()
    served.drops(good_users(300), "users.csv")
    served.hears("disk.full")
    (trouble, *_) = wait_for(lambda: served.status()["trouble"], what="the trouble in the status")
    assert f"the repository {small_disk}" in trouble
    assert {event["folder"] for event in served.events("disk.full")} == {str(small_disk)}
    files = served.status()["drop"]["files"]
    assert all("No space left on device" in one["why"] for one in files), files
    filler.unlink()
    ended = served.ended(times=2)
    assert (ended["created"], ended["unchanged"]) == (298, 2)
    assert len(served.usernames()) == 300
    assert list(served.drop.glob("*.csv")) == []
    assert said(served, "disk.full") in ([1], [2])  # of the intake, and of the run
    assert served.stop() == 0


@pytest.mark.root
def test_a_start_on_a_full_disk_waits_for_room(served: Served, small_disk: Path) -> None:
    """systemd would give up after some starts that fail; the upload is run once there is room."""
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 12))
    served.launch()
    served.hears("disk.full")
    served.drop.mkdir(exist_ok=True)
    served.drops(good_users(2))
    assert said(served, "daemon.started") == [0]
    filler.unlink()
    assert served.ended()["created"] == 2
    assert said(served, "disk.full", "disk.mended") == [1, 1]
    assert served.stop() == 0


@pytest.mark.root
def test_a_disk_that_can_only_be_read_is_said_once(served: Served, small_disk: Path) -> None:
    """Remounted to be written to, it goes on."""
    served.start()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    served.drops(good_users(2))
    served.hears("disk.full")
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert served.ended()["created"] == 2
    assert said(served, "disk.full", "disk.mended") == [1, 1]


# The ledger

Ruin = Callable[[Path], None]


def removed(ledger: Path) -> None:
    """Somebody deletes it."""
    for file in ledger.parent.glob("ledger.sqlite*"):
        file.unlink()


def overwritten(ledger: Path) -> None:
    """Something writes into it."""
    ledger.write_bytes(b"this is no ledger" * 1000)


def cut(ledger: Path) -> None:
    """Its end is lost."""
    os.truncate(ledger, 4096 + 100)


def emptied(ledger: Path) -> None:
    """All of it is lost."""
    removed(ledger)
    ledger.touch()


@pytest.mark.parametrize("ruin", [removed, overwritten, cut, emptied])
def test_a_ledger_that_is_ruined_between_two_starts_loses_history_only(served: Served, ruin: Ruin) -> None:
    """A fresh one is begun, with a warning where a ruined one was set aside; files and work are there."""
    served.settings(BY_HAND)
    served.start()
    served.drops(good_users(2))
    served.hears("file.arrived")
    assert served.stop() == 0
    ruin(served.state / "ledger.sqlite")
    served.settings()
    served.start()
    assert served.ended()["created"] == 2
    aside = list(served.state.glob("ledger.sqlite.ruined-*"))
    assert len(aside) == len(served.events("ledger.lost")) == (1 if ruin in {overwritten, cut} else 0)


def insisted(served: Served, verb: str, **arguments: object) -> Any:
    """What is answered once the trouble is over."""

    def answered() -> Any:
        with suppress(Refused):
            return served.asked(verb, **arguments)

    return wait_for(answered, PATIENCE)


@pytest.mark.parametrize("ruin", [removed, overwritten, emptied])
def test_a_ledger_that_is_ruined_while_it_is_used_is_replaced(served: Served, ruin: Ruin) -> None:
    """With a warning; pauses and held files are not forgotten, and work goes on."""
    others = '[tools.others]\nkind = "users"\nfile = "others.csv"\n'
    served.settings(USERS + "guard = { rows_at_least = 3 }\n" + others)
    served.start()
    served.drops(good_users(2))
    held = served.hears("run.held")["run"]
    served.asked("pause", tool="others")
    ruin(served.state / "ledger.sqlite")
    insisted(served, "pause", tool="others")
    assert insisted(served, "approve", run=held)["state"] == "done"
    served.drops(good_users(5))
    assert served.ended(times=2)["created"] == 3
    assert ruin is overwritten or len(served.events("ledger.lost")) == 1
    assert served.run_in_ledger().state is RunState.DONE
    assert served.stop() == 0
    served.start()
    assert [tool["tool"] for tool in served.status()["tools"] if tool["paused"]] == ["others"]


def test_a_state_folder_that_is_gone_is_said_once_and_survived(served: Served) -> None:
    """Brought back, it is used as before."""
    served.start()
    away = served.folder / "away"
    served.state.rename(away)
    served.drops(good_users(2))
    served.hears("disk.full")
    shutil.move(away, served.state)
    assert served.ended()["created"] == 2
    assert said(served, "disk.full")[0] <= 2  # of the loop, and of the intake
