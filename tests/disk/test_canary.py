"""The file that a watch is tried out with."""

import os
from pathlib import Path

import pytest

from syncd.disk.canary import CANARY, clear, fly, hatched
from syncd.disk.drop import Drop


def test_a_canary_leaves_nothing_behind(tmp_path: Path) -> None:
    """It is made and removed in one go, and no two have one name."""
    names = {hatched() for _ in range(100)}
    for name in names:
        fly(tmp_path, name)
    assert len(names) == 100
    assert list(tmp_path.iterdir()) == []


def test_a_canary_that_a_crash_left_is_never_taken_in(tmp_path: Path) -> None:
    """Its name is hidden."""
    (tmp_path / hatched()).touch()
    assert Drop(tmp_path, recursive=True, hold_file="", ignore=[]).look() == []


def test_what_a_crash_left_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    """Files with something in them, links and folders are not canaries, whatever they are called."""
    (tmp_path / hatched()).touch()
    kept = {f"{CANARY}full", f"{CANARY}link", f"{CANARY}folder", ".hidden", "users.csv"}
    (tmp_path / f"{CANARY}full").write_text("x")
    (tmp_path / f"{CANARY}link").symlink_to("users.csv")
    (tmp_path / f"{CANARY}folder").mkdir()
    (tmp_path / ".hidden").touch()
    (tmp_path / "users.csv").touch()
    clear(tmp_path)
    assert {entry.name for entry in tmp_path.iterdir()} == kept


def test_a_canary_takes_the_place_of_nothing(tmp_path: Path) -> None:
    """Whoever guesses its name keeps what is there."""
    name = hatched()
    (tmp_path / name).write_text("mine")
    with pytest.raises(FileExistsError):
        fly(tmp_path, name)
    assert (tmp_path / name).read_text() == "mine"
    assert os.listdir(tmp_path) == [name]
