"""kill -9 at each deed of taking in: whatever happens, the next start brings everything to its end."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.disk.folders import Folders
from tests.killing import apart, killed

BIG = b"big;" * (400 * 1024)  # copied by the kernel, not by reading
DROPPED = {
    "users.csv": b"the newer users",
    "deltas.csv": b"the second delta",
    "cohorts_tryback_20261122-091743.csv": b"some cohorts",
    "erp/2026/bl\udce4nk \n.csv": b"deep down",
    "big.csv": BIG,
    "empty.csv": b"",
}
WAITING = {"users.csv": b"the older users", "deltas.csv": b"the first delta", "cohorts.csv": b"all cohorts"}
EVERYTHING = Counter([*DROPPED.values(), *WAITING.values()])


def queues(path: str) -> bool:
    """Deltas wait in order; of the others the newest counts."""
    return path == "deltas.csv"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Folders in which files wait, and others lie ready to be taken in."""
    folders = Folders(tmp_path_factory.mktemp("template")).make()
    for files in (WAITING, DROPPED):
        for path, content in files.items():
            (folders.drop / path).parent.mkdir(parents=True, exist_ok=True)
            (folders.drop / path).write_bytes(content)
        if files is WAITING:
            apart(lambda: folders.take_in_all(queues=queues))
    return folders


@contextmanager
def copied(template: Folders, top: Path) -> Iterator[Folders]:
    """The same folders once more, for one death."""
    shutil.copytree(template.top, top)
    yield Folders(top)
    shutil.rmtree(top)


def a_round(folders: Folders) -> Callable[[], None]:
    """What a process does that is going to be killed."""

    def work() -> None:
        with folders.intake(queues=queues) as intake:
            folders.take_in(intake)

    return work


def a_restart(folders: Folders) -> Callable[[], None]:
    """What the next process does."""
    return lambda: folders.take_in_all(queues=queues)


def assert_all_is_well(folders: Folders) -> None:
    """Everything is in the repository, once, under its name, and nothing of the work is left lying about."""
    folders.assert_each_in_one_place(EVERYTHING)
    kept = folders.kept()
    assert kept.pop("users.csv") == DROPPED["users.csv"]
    assert kept.pop("deltas.csv") == WAITING["deltas.csv"]
    assert kept.pop("cohorts.csv") == WAITING["cohorts.csv"]
    for path in ("erp/2026/bl\udce4nk \n.csv", "big.csv", "empty.csv"):
        assert kept.pop(path) == DROPPED[path]
    assert {os.path.dirname(path): content for path, content in kept.items()} == {
        "archives/superseded": WAITING["users.csv"],
        ".queue/deltas.csv": DROPPED["deltas.csv"],
        ".queue/cohorts.csv": DROPPED["cohorts_tryback_20261122-091743.csv"],
    }
    assert folders.leftovers() == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_at_any_deed_of_taking_in_is_mended_by_the_next_start(
    template: Folders, tmp_path: Path, after: bool
) -> None:
    """Killed before or after each deed, one restart leaves each byte sequence in one place and in the ledger once."""
    for step in count():
        with copied(template, tmp_path / str(step)) as folders:
            died = killed(a_round(folders), step, after=after)
            apart(a_restart(folders))
            assert_all_is_well(folders)
        if not died:
            break
    assert step > 40


def test_a_kill_in_the_recovery_from_a_kill_is_mended_too(template: Folders, tmp_path: Path) -> None:
    """Killed again while it mends what the first kill broke, the third start still brings everything to its end."""
    for first in range(4, 60, 8):
        for second in range(0, 60, 7):
            with copied(template, tmp_path / f"{first}-{second}") as folders:
                killed(a_round(folders), first, after=True)
                died = killed(a_restart(folders), second, after=True)
                apart(a_restart(folders))
                assert_all_is_well(folders)
            if not died:
                break
