"""When the drop folder is looked at: woken by a real watch, at times that the test tells."""

from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from syncd.daemon.vigil import BREATH, CALM, REST, STORM, STORM_LOOK, Vigil
from syncd.disk.watch import Watch
from tests.waiting import wait_for

POLL = 30.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to watch."""
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@pytest.fixture
def wakes() -> SimpleQueue[None]:
    """Each time that the watch wakes the loop."""
    return SimpleQueue()


@pytest.fixture
def watch(folder: Path, wakes: SimpleQueue[None]) -> Iterator[Watch]:
    """The kernel's watch on it."""
    watch = Watch(folder, hold_file="alock.txt", wake=lambda: wakes.put(None))
    yield watch
    watch.disarm()


@pytest.fixture
def vigil(watch: Watch) -> Vigil:
    """A vigil that has looked once, at 100 s."""
    vigil = Vigil(watch, POLL)
    vigil.arm()
    look(vigil, 100.0)
    return vigil


def look(vigil: Vigil, at: float, *, changed: bool = False, took: float = 0.0) -> None:
    """A look."""
    vigil.looks(at)
    vigil.looked(at, at + took, changed=changed)


def files(folder: Path, count: int) -> None:
    """Make so many files."""
    for number in range(count):
        (folder / f"{number}").touch()


def heard(vigil: Vigil, wakes: SimpleQueue[None], at: float) -> None:
    """Wait until the watch wakes, and tell the vigil."""
    wakes.get(timeout=10)
    vigil.again(at)


def test_without_news_it_looks_when_the_time_is_up(vigil: Vigil) -> None:
    """Whatever the watch says or does not say."""
    assert not vigil.wants_look(100.0 + POLL - 0.001)
    assert vigil.wants_look(100.0 + POLL)


def test_news_is_looked_at_at_once(folder: Path, vigil: Vigil, wakes: SimpleQueue[None]) -> None:
    """As soon as a breath has passed since the last look."""
    files(folder, 1)
    heard(vigil, wakes, at=110.0)
    assert vigil.wants_look(110.0)


def test_news_in_quick_succession_is_one_look(folder: Path, vigil: Vigil, wakes: SimpleQueue[None]) -> None:
    """The watch wakes once between two looks, and looks keep their distance."""
    files(folder, 1)
    heard(vigil, wakes, at=110.0)
    files(folder, 50)
    look(vigil, 110.0)
    files(folder, 100)
    heard(vigil, wakes, at=110.01)
    assert vigil.next_look() == pytest.approx(110.0 + BREATH)
    assert wakes.empty()


def test_a_folder_that_is_slow_to_look_at_is_looked_at_less(vigil: Vigil) -> None:
    """At most a fifth of the time goes into looking."""
    look(vigil, 110.0, took=1.0)
    vigil.again(111.0)
    assert vigil.next_look() == pytest.approx(111.0 + REST)


def test_a_storm_switches_to_looking_and_back(folder: Path, watch: Watch, vigil: Vigil) -> None:
    """In a storm nothing is listened to; once it was calm the watch is armed again, and one more look is due."""
    files(folder, STORM)

    def storm() -> bool:
        look(vigil, 110.0, changed=True)
        return vigil.means == "storm"

    wait_for(storm)
    assert not watch.armed
    at = 110.0
    for _ in range(20):
        assert vigil.next_look() == pytest.approx(at + STORM_LOOK)
        at += STORM_LOOK
        look(vigil, at, changed=True)
    while at + STORM_LOOK < 115.0 + CALM:
        at += STORM_LOOK
        look(vigil, at)
        assert vigil.means == "storm"
    look(vigil, at + STORM_LOOK)
    assert vigil.means == "inotify"
    assert watch.armed
    assert vigil.wants_look(at + STORM_LOOK)


def test_events_spread_over_time_are_no_storm(folder: Path, vigil: Vigil) -> None:
    """A thousand in ten seconds are heard one by one."""
    for second in range(10):
        files(folder, STORM // 20)
        look(vigil, 110.0 + second)
        for file in folder.iterdir():
            file.unlink()
    assert vigil.means == "inotify"


def replaced(folder: Path) -> None:
    """Another folder takes the name."""
    folder.rename(folder.with_name("former"))
    folder.mkdir()


def remade(folder: Path) -> None:
    """The folder is removed and made again."""
    folder.rmdir()
    folder.mkdir()


@pytest.mark.parametrize("happens", [replaced, remade])
def test_a_folder_that_was_replaced_is_watched_again(
    folder: Path, watch: Watch, vigil: Vigil, wakes: SimpleQueue[None], happens: Callable[[Path], None]
) -> None:
    """The next look finds that the watch watches nothing, and arms it anew."""
    happens(folder)
    wait_for(lambda: not watch.alive())
    look(vigil, 130.0)
    assert vigil.means == "inotify"
    while not wakes.empty():
        wakes.get()
    look(vigil, 131.0)
    (folder / "new.csv").touch()
    heard(vigil, wakes, at=140.0)
    assert vigil.wants_look(140.0)


def test_of_a_folder_that_is_gone_no_watch_is_missed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The clock alone decides then, and who looks says why; it is armed again when there is a folder."""
    gone = tmp_path / "gone"
    vigil = Vigil(Watch(gone, hold_file="", wake=lambda: None), POLL)
    vigil.arm()
    for at in range(5):
        look(vigil, at * POLL)
    assert capsys.readouterr().out.count("watch.lost") == 0
    assert not vigil.lost
    assert vigil.means == "poll"
    gone.mkdir()
    look(vigil, 200.0)
    assert vigil.means == "inotify"
    vigil.close()


def test_without_a_watch_the_clock_decides(vigil: Vigil) -> None:
    """On a network file system, which tells of nothing."""
    blind = Vigil(None, POLL)
    blind.arm()
    look(blind, 100.0)
    assert (blind.means, blind.next_look()) == ("poll", 100.0 + POLL)
    blind.close()
