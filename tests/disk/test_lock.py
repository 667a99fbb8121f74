"""One syncd for each state folder, drop folder and repository."""

import os
from pathlib import Path

import pytest

from syncd.disk.lock import Lock
from syncd.errors import Fault
from tests.killing import apart, killed


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """Two state folders, and a drop folder."""
    found = {name: tmp_path / name for name in ("state", "other-state", "drop")}
    for path in found.values():
        path.mkdir()
    return found


def test_the_second_one_is_told_who_has_the_state_folder(places: dict[str, Path]) -> None:
    """By the first one's own words, and what to do."""
    lock = Lock(places["state"], [places["drop"]], "syncd, process 17 (campus.toml)")
    with pytest.raises(Fault, match=r"is in use by syncd, process 17 \(campus\.toml\)\. .*stop that one"):
        Lock(places["state"], [places["drop"]], "syncd, process 18")
    lock.release()


def test_the_second_one_is_told_across_processes(places: dict[str, Path]) -> None:
    """The kernel keeps the lock, not the process that asks."""
    lock = Lock(places["state"], [], "the first")

    def asking() -> None:
        with pytest.raises(Fault, match="the first"):
            Lock(places["state"], [], "the second")

    apart(asking)
    lock.release()


def test_a_folder_is_in_use_although_the_state_folder_is_not(places: dict[str, Path]) -> None:
    """Nobody is named, least of all an earlier holder of the own state folder; and that one is free again."""
    Lock(places["other-state"], [], "an earlier holder").release()
    lock = Lock(places["state"], [places["drop"]], "the first")
    with pytest.raises(Fault, match="drop is in use by a syncd with another state folder"):
        Lock(places["other-state"], [places["drop"]], "the second")
    Lock(places["other-state"], [], "the third").release()
    lock.release()


def test_a_released_lock_can_be_taken(places: dict[str, Path]) -> None:
    """And a shorter name of a holder leaves nothing of a longer one."""
    Lock(places["state"], [places["drop"]], "a holder with a long name").release()
    lock = Lock(places["state"], [places["drop"]], "short")
    with pytest.raises(Fault, match=r"in use by short\."):
        Lock(places["state"], [], "another")
    lock.release()


def test_a_lock_ends_with_its_process(places: dict[str, Path]) -> None:
    """However it ends: no lock is ever left behind, nor anything of its holder that matters."""

    def locking() -> None:
        Lock(places["state"], [places["drop"]], "the dead")

    for step in range(4):
        killed(locking, step, after=True)
        Lock(places["state"], [places["drop"]], "the living").release()


def test_a_lock_that_is_a_link_is_not_followed(places: dict[str, Path], tmp_path: Path) -> None:
    """What it leads to would be emptied."""
    precious = tmp_path / "precious"
    precious.write_text("rows")
    (places["state"] / "lock").symlink_to(precious)
    with pytest.raises(OSError, match="symbolic links"):
        Lock(places["state"], [], "somebody")
    assert precious.read_text() == "rows"


def test_a_folder_that_is_gone_leaves_no_lock(places: dict[str, Path], tmp_path: Path) -> None:
    """What failed half-way holds nothing."""
    with pytest.raises(FileNotFoundError):
        Lock(places["state"], [tmp_path / "gone"], "the first")
    Lock(places["state"], [], "the second").release()


def test_programs_do_not_inherit_the_lock(places: dict[str, Path]) -> None:
    """A program that a run started, and that outlives syncd, keeps nobody out."""
    before = set(os.listdir("/proc/self/fd"))
    lock = Lock(places["state"], [places["drop"]], "the first")
    handles = [int(name) for name in os.listdir("/proc/self/fd") if name not in before]
    assert not any(os.get_inheritable(handle) for handle in handles if os.path.exists(f"/proc/self/fd/{handle}"))
    lock.release()
