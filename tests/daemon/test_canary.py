"""Canaries that fly in real folders, at times that the test tells, for a watch that hears or does not."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from syncd.daemon.canary import AGAIN, FIRST, PATIENCE, Canary
from syncd.daemon.vigil import STORM, Vigil
from syncd.disk.watch import Watch
from tests.daemon.served import Served
from tests.end_to_end.daemon import PATIENCE as DEADLINE
from tests.run.workshop import good_users
from tests.waiting import wait_for

EVERY = 3600.0
ALARMS = '[alarms]\nevery = "1s"\nfree_below = "0%"\n'


class Aviary:
    """A canary, the vigil that it tries out, and a watch whose thread the test can hold up."""

    def __init__(self, folder: Path) -> None:
        self.now = self.began = time.monotonic()
        self.wakes = 0
        self.may_hear = Event()
        self.may_hear.set()
        self.dies = False
        self.watch = Watch(folder, hold_file="", wake=self._wake)
        self.vigil = Vigil(self.watch, 30.0)
        self.vigil.arm()
        self.canary = Canary(folder, self.vigil, EVERY, lambda: self.now)
        self.look()

    def _wake(self) -> None:
        self.wakes += 1
        self.may_hear.wait(20)
        if self.dies:
            raise RuntimeError("the end of a thread")

    def look(self) -> None:
        """The loop looks."""
        self.vigil.looks(self.now)
        self.vigil.looked(self.now, self.now, changed=False)

    def turns(self) -> bool:
        """A turn of the loop; whether a canary is out afterwards."""
        self.canary.turn(self.now)
        return self.canary.next_at() == pytest.approx(self.now + PATIENCE)

    def flies(self) -> None:
        """Let it be time for a canary."""
        self.now = self.canary.next_at()
        assert self.turns()

    def is_heard(self) -> None:
        """Wait until the watch has told of it, and let the loop turn."""
        wait_for(lambda: self.watch.heard_expected() is not None, what="a canary that is heard")
        self.canary.turn(self.now)

    def is_not_heard(self) -> None:
        """Let its time pass."""
        self.now = self.canary.next_at()
        self.canary.turn(self.now)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The drop folder."""
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@pytest.fixture
def aviary(folder: Path) -> Iterator[Aviary]:
    """A canary whose watch is armed."""
    aviary = Aviary(folder)
    yield aviary
    aviary.may_hear.set()
    aviary.watch.disarm()


def deaf(folder: Path, aviary: Aviary) -> None:
    """From now on the folder that is watched is not the one that has its name."""
    folder.rename(folder.with_name("former"))
    folder.mkdir()


def test_a_canary_is_heard_and_wakes_the_loop(folder: Path, aviary: Aviary) -> None:
    """Soon after the start, then each hour; what it told is how long that took, and nothing is left."""
    assert aviary.canary.next_at() == aviary.began + FIRST
    assert not aviary.turns()
    aviary.flies()
    aviary.is_heard()
    assert aviary.wakes == 1
    assert aviary.canary.delay is not None
    assert aviary.canary.next_at() == aviary.now + EVERY
    assert list(folder.iterdir()) == []


def test_a_canary_is_one_event(aviary: Aviary) -> None:
    """Its end does not wake again, and a thousand are no storm of three thousand."""
    aviary.flies()
    aviary.is_heard()
    assert aviary.watch.heard() == 1
    wait_for(lambda: aviary.wakes == 1)
    assert aviary.watch.heard() == 0


def test_a_watch_that_is_deaf_is_armed_anew(folder: Path, aviary: Aviary, capsys: pytest.CaptureFixture[str]) -> None:
    """Another folder took the name: the second canary is heard, at once, and no alarm is raised."""
    deaf(folder, aviary)
    aviary.flies()
    aviary.is_not_heard()
    aviary.is_heard()
    assert not aviary.vigil.deaf
    assert aviary.vigil.wants_look(aviary.now)
    said = capsys.readouterr().out
    assert "a canary was not heard" in said
    assert "watch.deaf" not in said


def test_a_thread_that_hangs_is_replaced(aviary: Aviary, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch's thread stands still in the middle of an event: another one hears."""
    monkeypatch.setattr("syncd.disk.watch.FAREWELL", 0.1)
    aviary.may_hear.clear()
    aviary.flies()
    wait_for(lambda: aviary.wakes == 1)
    aviary.look()
    aviary.watch.expect("one that it is too busy to hear")
    aviary.is_not_heard()
    aviary.may_hear.set()
    aviary.is_heard()
    assert not aviary.vigil.deaf


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_replaced(folder: Path, aviary: Aviary) -> None:
    """Without waiting for the next look, which may be far away."""
    aviary.dies = True
    (folder / "users.csv").touch()
    wait_for(lambda: not aviary.watch.alive(), what="the end of the watch's thread")
    aviary.dies = False
    aviary.flies()
    aviary.is_not_heard()
    aviary.is_heard()
    assert aviary.watch.alive()
    assert not aviary.vigil.deaf


def test_what_stays_deaf_is_said_once_and_so_is_its_end(
    aviary: Aviary, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two canaries that nobody told of, whatever was tried; every ten minutes another, until one is heard."""
    original, aviary.watch.expect = aviary.watch.expect, lambda canary: original("another")  # type: ignore[method-assign]  # a kernel that does not tell
    aviary.flies()
    aviary.is_not_heard()
    assert not aviary.vigil.deaf
    aviary.is_not_heard()
    assert aviary.vigil.means == "poll"
    for _ in range(3):
        aviary.flies()
        aviary.is_not_heard()
        assert aviary.canary.next_at() == aviary.now - PATIENCE + AGAIN
    aviary.watch.expect = original  # type: ignore[method-assign]  # it tells again
    aviary.flies()
    aviary.is_heard()
    assert aviary.vigil.means == "inotify"
    said = capsys.readouterr().out
    assert (said.count("watch.deaf"), said.count("watch.back")) == (1, 1)


def test_one_flies_soon_after_a_look_armed_the_watch_anew(folder: Path, aviary: Aviary) -> None:
    """The folder that has the name now may be one into which syncd can't write."""
    aviary.flies()
    aviary.is_heard()
    deaf(folder, aviary)
    wait_for(lambda: not aviary.watch.alive())
    aviary.look()
    aviary.turns()
    assert aviary.canary.next_at() == aviary.now + FIRST


def test_none_flies_in_a_storm(folder: Path, aviary: Aviary) -> None:
    """Nothing listens then, and that is known."""
    for number in range(STORM):
        (folder / f"{number}").touch()

    def storm() -> bool:
        aviary.vigil.looks(aviary.now)
        return aviary.vigil.means == "storm"

    wait_for(storm)
    aviary.now = aviary.canary.next_at()
    assert not aviary.turns()


def test_a_storm_that_breaks_out_is_no_deafness(folder: Path, aviary: Aviary) -> None:
    """The canary that was out then tells nothing."""
    aviary.flies()
    aviary.watch.disarm()
    aviary.watch.expect("another")
    aviary.now += PATIENCE
    aviary.canary.turn(aviary.now)
    assert not aviary.vigil.deaf
    assert aviary.canary.next_at() > aviary.now


def test_where_only_looking_counts_none_flies(folder: Path) -> None:
    """On a network file system, or where the settings want none."""
    blind = Canary(folder, Vigil(None, 30.0), EVERY, lambda: 0.0)
    listening = Vigil(Watch(folder, hold_file="", wake=lambda: None), 30.0)
    off = Canary(folder, listening, 0.0, lambda: 0.0)
    listening.arm()
    for canary in (blind, off):
        canary.turn(1.0)
        assert canary.next_at() == float("inf")
    listening.close()


def test_a_folder_that_can_not_be_written_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody knows then whether the watch works; it is not called deaf."""
    folder = Path("/sys/kernel")  # nobody may make a file there, root neither
    vigil = Vigil(Watch(folder, hold_file="", wake=lambda: None), 30.0)
    vigil.arm()
    canary = Canary(folder, vigil, EVERY, lambda: 0.0)
    for _ in range(3):
        canary.turn(canary.next_at())
    vigil.close()
    assert canary.failed
    assert not vigil.deaf
    assert capsys.readouterr().out.count("canary.failed") == 1


def test_a_folder_that_is_gone_is_no_matter_of_the_canary(
    folder: Path, aviary: Aviary, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reception says that."""
    folder.rename(folder.with_name("away"))
    aviary.now = aviary.canary.next_at()
    assert not aviary.turns()
    assert not aviary.canary.failed
    assert "canary" not in capsys.readouterr().out


# A real daemon


def listening(served: Served) -> None:
    """Start a daemon that looks by itself only each hour, and has heard a canary."""
    served.settings(change=lambda text: text.replace('"1s"', '"1h"\ncanary_every = "1s"'))
    served.start()
    wait_for(lambda: served.status()["drop"]["canary"], DEADLINE, "a canary that is heard")


def test_what_a_crash_left_is_gone_soon_after_the_start(served: Served) -> None:
    """And `status` tells how long the kernel took for a canary."""
    served.drop.mkdir()
    (served.drop / ".syncd-canary-1-1-00000000").touch()
    listening(served)
    assert not list(served.drop.glob(".syncd-canary-1-1*"))
    assert served.status()["drop"]["canary"]["delay"] < PATIENCE
    assert served.status()["drop"]["watch"] == "inotify"


def test_a_drop_folder_that_was_replaced_is_listened_to_again(served: Served) -> None:
    """Long before the next look is due, and without an alarm."""
    listening(served)
    served.drop.rename(served.folder / "former")
    served.drop.mkdir()
    served.hears("watch.armed")
    served.drops(good_users(1))
    served.ended(state="done")
    assert served.events("watch.deaf") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_drop_folder_that_was_mounted_over_is_listened_to_again(served: Served) -> None:
    """In a mount namespace of the daemon's own."""
    served.under = ["unshare", "--mount", "--propagation", "private"]
    listening(served)
    assert served.process
    inside = ["nsenter", "-t", str(served.process.pid), "-m"]
    subprocess.run([*inside, "mount", "-t", "tmpfs", "none", str(served.drop)], check=True)
    served.hears("watch.armed")
    (served.folder / "ready").write_bytes(good_users(1))
    subprocess.run([*inside, "cp", str(served.folder / "ready"), str(served.drop / "users.csv")], check=True)
    served.ended(state="done")
    assert served.events("watch.deaf") == []


@pytest.mark.skipif(subprocess.call(["unshare", "--user", "true"]) != 0, reason="user namespaces are forbidden here")
def test_a_kernel_without_watches_is_said_and_asked_again(served: Served) -> None:
    """The limit is that of a user namespace: then the watch is lost, which is no deafness; files come all the same."""
    served.settings(change=lambda text: text.replace('"1s"', '"1s"\ncanary_every = "1s"') + ALARMS)
    none = 'echo 0 > /proc/sys/user/max_inotify_watches && exec "$@"'
    served.under = ["unshare", "--user", "--map-root-user", "sh", "-c", none, "sh"]
    served.start()
    served.hears("watch.lost")
    wait_for(lambda: [one["alarm"] for one in served.status()["alarms"]] == ["watch.lost"], DEADLINE)
    served.drops(good_users(1))
    served.ended(state="done")
    assert served.process
    enough = Path(f"/proc/{served.process.pid}/root/proc/sys/user/max_inotify_watches")
    inside = ["nsenter", "-t", str(served.process.pid), "-U", "--preserve-credentials"]
    subprocess.run([*inside, "sh", "-c", f"echo 100 > {enough}"], check=True)
    served.hears("alarm.over", alarm="watch.lost")
    assert served.events("watch.deaf") == []
