"""The watch, on real folders and the kernel's own events: it wakes, it counts, and it knows when it is deaf."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, active_count

import pytest

from syncd.disk.watch import OVERFLOW, Watch, means
from tests.waiting import wait_for


class Sleeper:
    """Whoever is to be woken."""

    def __init__(self, folder: Path) -> None:
        self.wakes = 0
        self.may_go_on = Event()
        self.may_go_on.set()
        self.watch = Watch(folder, hold_file="alock.txt", wake=self._wake)

    def _wake(self) -> None:
        self.wakes += 1
        self.may_go_on.wait(20)

    def hears(self) -> int:
        """Wait until something was heard, and tell how much."""
        return wait_for(self.watch.heard, what="an event")

    def hears_so_many(self, events: int) -> None:
        """Wait until so many events were heard: they come in their order, and none is left of those before."""
        count = 0

        def heard() -> bool:
            nonlocal count
            count += self.watch.heard()
            return count >= events

        wait_for(heard, what=f"{events} events")
        assert count == events


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """A drop folder with a claims folder and a sub-folder."""
    folder = tmp_path / "drop"
    for name in (".syncd", "erp"):
        (folder / name).mkdir(parents=True)
    (folder / "users.csv").write_bytes(b"rows")
    return folder


@pytest.fixture
def sleeper(drop: Path) -> Iterator[Sleeper]:
    """Somebody who has armed a watch, and whom nothing has woken yet."""
    sleeper = Sleeper(drop)
    sleeper.watch.arm()
    assert sleeper.watch.cover(["erp"])
    yield sleeper
    sleeper.watch.disarm()


def linked(folder: Path) -> None:
    """OpenSSH's rename of the third protocol version: link, then unlink."""
    os.link(folder / "users.csv", folder / "linked.csv")


SOUNDS: dict[str, Callable[[Path], object]] = {
    "created": lambda folder: (folder / "new.csv").touch(),
    "written": lambda folder: (folder / "users.csv").write_bytes(b"other rows"),
    "truncated": lambda folder: os.truncate(folder / "users.csv", 0),
    "renamed": lambda folder: os.rename(folder / "users.csv", folder / "renamed.csv"),
    "moved in": lambda folder: os.rename(_elsewhere(folder), folder / "moved.csv"),
    "linked": linked,
    "made readable": lambda folder: (folder / "users.csv").chmod(0o640),
    "removed": lambda folder: (folder / "users.csv").unlink(),
    "a folder": lambda folder: (folder / "sub").mkdir(),
    "a link": lambda folder: (folder / "link.csv").symlink_to("nowhere"),
    "in a sub-folder": lambda folder: (folder / "erp" / "users.csv").touch(),
    "not UTF-8": lambda folder: (folder / "caf\udce9.csv").touch(),
}


def _elsewhere(folder: Path) -> Path:
    file = folder.parent / "elsewhere.csv"
    file.touch()
    return file


@pytest.mark.parametrize("sound", SOUNDS)
def test_whatever_happens_wakes(drop: Path, sleeper: Sleeper, sound: str) -> None:
    """Each way in which a client leaves a file, or changes one."""
    SOUNDS[sound](drop)
    assert sleeper.hears() >= 1
    assert sleeper.wakes >= 1


def test_reading_wakes_nobody(drop: Path, sleeper: Sleeper) -> None:
    """Looking is no news, or every look would ask for the next."""
    (drop / "users.csv").read_bytes()
    os.listdir(drop)
    (drop / "folder").mkdir()
    sleeper.hears_so_many(1)


def test_claiming_wakes_nobody(drop: Path, sleeper: Sleeper) -> None:
    """What syncd itself moves into its hidden folder, and does there, is not heard."""
    (drop / ".syncd" / "claim").mkdir()
    os.rename(drop / "users.csv", drop / ".syncd" / "claim" / "users.csv")
    (drop / ".syncd" / "claim" / "users.csv").unlink()
    (drop / ".syncd" / "claim").rmdir()
    (drop / "folder").mkdir()
    sleeper.hears_so_many(1)


def test_a_hold_file_that_is_moved_away_wakes(drop: Path, sleeper: Sleeper) -> None:
    """What it held is to be taken now."""
    (drop / "alock.txt").mkdir()
    sleeper.hears_so_many(1)
    os.rename(drop / "alock.txt", drop.parent / "elsewhere.txt")
    sleeper.hears_so_many(1)


def test_a_sleeper_is_woken_once(drop: Path, sleeper: Sleeper) -> None:
    """Until he has heard: a thousand events are one piece of news, and are counted."""
    for number in range(1_000):
        (drop / f"folder{number}").mkdir()
    count = wait_for(lambda: sleeper.watch._listener._count >= 1_000 and sleeper.watch._listener._count)
    assert sleeper.wakes == 1
    assert sleeper.watch.heard() == count == 1_000
    (drop / "one-more").mkdir()
    sleeper.hears_so_many(1)
    assert sleeper.wakes == 2


def test_a_queue_that_overflows_is_a_storm(drop: Path, sleeper: Sleeper) -> None:
    """What the kernel threw away counts as well: nobody may think that it was quiet."""
    sleeper.may_go_on.clear()
    for number in range(OVERFLOW):
        os.mkdir(drop / "folder")
        os.rmdir(drop / "folder")
        if number == 0:
            wait_for(lambda: sleeper.wakes)
    sleeper.may_go_on.set()
    wait_for(lambda: sleeper.watch._listener._count > OVERFLOW + 1_000)
    assert sleeper.wakes >= 2


def test_a_new_folder_is_covered_once(drop: Path, sleeper: Sleeper) -> None:
    """`cover` tells that it was new: what happened in it before went unheard."""
    (drop / "new").mkdir()
    assert sleeper.watch.cover(["erp", "new"])
    assert not sleeper.watch.cover(["erp", "new"])
    wait_for(lambda: sleeper.watch.heard() == 0)
    (drop / "new" / "users.csv").touch()
    assert sleeper.hears() >= 1


@pytest.mark.parametrize("how", ["removed", "renamed", "moved away", "renamed above"])
def test_a_folder_that_was_made_anew_is_covered_anew(drop: Path, sleeper: Sleeper, how: str) -> None:
    """Another one of the name, although the looks before and after saw the same."""
    (drop / "erp" / "sub").mkdir()
    sleeper.watch.cover(["erp", "erp/sub"])
    match how:
        case "removed":
            (drop / "erp" / "sub").rmdir()
        case "renamed":
            (drop / "erp" / "sub").rename(drop / "erp" / "other")
        case "moved away":
            (drop / "erp" / "sub").rename(drop.parent / "other")
        case _:
            (drop / "erp").rename(drop / "other")
            (drop / "erp").mkdir()
    (drop / "erp" / "sub").mkdir()
    wait_for(lambda: sleeper.watch.cover(["erp", "erp/sub"]), what="the new folder to be covered")
    wait_for(lambda: sleeper.watch.heard() == 0)
    (drop / "erp" / "sub" / "users.csv").touch()
    assert sleeper.hears() >= 1


def test_a_folder_that_went_and_came_again_is_covered_again(drop: Path, sleeper: Sleeper) -> None:
    """A look that did not see it is enough to forget it, whatever the kernel may say of it."""
    (drop / "erp").rename(drop / "other")
    sleeper.watch.cover(["other"])
    (drop / "erp").mkdir()
    assert sleeper.watch.cover(["erp", "other"])


def test_folders_that_are_gone_or_links_are_passed_over(drop: Path, sleeper: Sleeper) -> None:
    """The next look will tell what they are."""
    (drop / "link").symlink_to(drop.parent)
    sleeper.watch.cover(["erp", "link", "gone"])
    (drop.parent / "outside").touch()
    (drop / "folder").mkdir()
    sleeper.hears_so_many(2)  # the link, and the folder


def test_the_drop_folder_itself_may_be_a_link(drop: Path, tmp_path: Path) -> None:
    """That one is the administrator's."""
    (tmp_path / "link").symlink_to("drop")
    sleeper = Sleeper(tmp_path / "link")
    sleeper.watch.arm()
    try:
        (drop / "folder").mkdir()
        assert sleeper.hears() == 1
        assert sleeper.watch.alive()
    finally:
        sleeper.watch.disarm()


@pytest.mark.parametrize("how", ["removed", "replaced", "renamed"])
def test_a_watch_on_a_folder_that_went_is_not_alive(drop: Path, sleeper: Sleeper, how: str) -> None:
    """It would hear nothing more, or what happens to another folder; armed again, it hears."""
    assert sleeper.watch.alive()
    if how == "renamed":
        drop.rename(drop.with_name("other"))
    else:
        for path in sorted(drop.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        drop.rmdir()
    if how != "removed":
        drop.mkdir()
    wait_for(lambda: not sleeper.watch.alive())
    drop.mkdir(exist_ok=True)
    sleeper.watch.arm()
    assert sleeper.watch.alive()
    wait_for(lambda: sleeper.watch.heard() == 0)
    (drop / "users.csv").touch()
    assert sleeper.hears() >= 1


def test_a_watch_that_is_not_armed_is_silent(drop: Path) -> None:
    """It can be disarmed as often as one likes, and leaves no thread."""
    threads = active_count()
    sleeper = Sleeper(drop)
    assert not sleeper.watch.armed and not sleeper.watch.alive()
    assert not sleeper.watch.cover(["erp"])
    sleeper.watch.arm()
    assert sleeper.watch.armed and active_count() == threads + 1
    sleeper.watch.disarm()
    sleeper.watch.disarm()
    assert not sleeper.watch.armed and active_count() == threads
    (drop / "folder").mkdir()
    assert sleeper.wakes == 0


def test_a_folder_that_is_gone_can_not_be_watched(tmp_path: Path) -> None:
    """And the attempt leaves nothing behind."""
    threads = active_count()
    sleeper = Sleeper(tmp_path / "gone")
    with pytest.raises(FileNotFoundError):
        sleeper.watch.arm()
    assert not sleeper.watch.armed and active_count() == threads


def test_a_storm_of_arming_leaves_nothing_behind(drop: Path) -> None:
    """Each storm disarms and arms again: no handle and no thread may stay."""
    sleeper = Sleeper(drop)
    sleeper.watch.arm()
    threads, handles = active_count(), len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        sleeper.watch.arm()
        sleeper.watch.cover(["erp"])
    assert (active_count(), len(os.listdir("/proc/self/fd"))) == (threads, handles)
    sleeper.watch.disarm()


# What to listen with


def mountinfo(tmp_path: Path, kind: str) -> str:
    """What the kernel would say if `tmp_path` lay on a file system of this kind."""
    device = os.stat(tmp_path).st_dev
    text = (
        "21 1 0:5 / /dev rw,nosuid - devtmpfs udev rw\n"
        f"36 35 {os.major(device)}:{os.minor(device)} / /srv/drop\\040folder rw shared:7 master:1 - {kind} x rw\n"
        "37 35 9999:9999 / /caf\udce9 rw - nfs4 server:/x rw\n"
    )
    file = tmp_path / "mountinfo"
    file.write_text(text, errors="surrogateescape")
    return str(file)


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "ceph", "virtiofs"])
def test_on_a_network_file_system_only_looking_helps(tmp_path: Path, kind: str) -> None:
    """inotify sees nothing of what other machines do."""
    assert means(tmp_path, "auto", mountinfo(tmp_path, kind)) == "poll"


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "fuseblk", "zfs"])
def test_on_the_machines_own_disks_the_kernel_tells(tmp_path: Path, kind: str) -> None:
    """Whatever else may be mounted."""
    assert means(tmp_path, "auto", mountinfo(tmp_path, kind)) == "inotify"


def test_the_settings_have_the_last_word(tmp_path: Path) -> None:
    """What is asked for is done."""
    assert means(tmp_path, "inotify", mountinfo(tmp_path, "nfs4")) == "inotify"
    assert means(tmp_path, "poll", mountinfo(tmp_path, "ext4")) == "poll"


def test_a_disk_that_the_kernel_does_not_name_is_listened_to(tmp_path: Path) -> None:
    """A sub-volume has a number that is nowhere in the list."""
    (tmp_path / "mountinfo").write_text("21 1 0:5 / /dev rw,nosuid - devtmpfs udev rw\n")
    assert means(tmp_path, "auto", str(tmp_path / "mountinfo")) == "inotify"
    assert means(tmp_path, "auto") in {"inotify", "poll"}
