"""By which paths a folder can be reached, as the kernel tells its mounts."""

import os
from pathlib import Path

import pytest

from syncd.disk.places import places

ROOT = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """The drop folder."""
    folder = tmp_path / "moodledata" / "sync"
    folder.mkdir(parents=True)
    return folder


def told(tmp_path: Path, text: str) -> str:
    """A table of mounts."""
    file = tmp_path / "mountinfo"
    file.write_text(text)
    return str(file)


def test_a_folder_has_its_own_path(drop: Path, tmp_path: Path) -> None:
    """Without the links that lead to it, and also where nobody tells of mounts."""
    link = tmp_path / "link"
    link.symlink_to(drop)
    real = os.path.realpath(drop)
    assert places(link, told(tmp_path, ROOT)) == [real]
    assert places(link, told(tmp_path, "")) == [real]
    assert places(link, str(tmp_path / "nothing")) == [real]


def test_a_bind_mount_is_another_path(drop: Path, tmp_path: Path) -> None:
    """Of the folder, or of one above it, in a chroot; those of other folders and disks are not."""
    top, real = os.path.realpath(drop.parent), os.path.realpath(drop)
    table = (
        ROOT
        + f"23 22 8:1 {real} /srv/sftp/erp/in\\040box rw - ext4 /dev/sda1 rw\n"
        + f"24 22 8:1 {top} /srv/sftp/top rw - ext4 /dev/sda1 rw\n"
        + f"25 22 8:1 {real}/below /srv/below rw - ext4 /dev/sda1 rw\n"
        + f"26 22 8:2 {real} /srv/other rw - ext4 /dev/sdb1 rw\n"
    )
    assert places(drop, told(tmp_path, table)) == [real, "/srv/sftp/erp/in box", "/srv/sftp/top/sync"]


def test_a_folder_on_a_disk_of_its_own_is_found_from_there(drop: Path, tmp_path: Path) -> None:
    """What is told of a disk begins at its own root."""
    top, real = os.path.realpath(drop.parent), os.path.realpath(drop)
    table = (
        ROOT
        + f"23 22 8:2 / {top} rw - ext4 /dev/sdb1 rw\n"
        + "24 22 8:2 /sync /srv/sftp/erp/in rw - ext4 /dev/sdb1 rw\n"
        + "25 22 8:1 /sync /srv/other rw - ext4 /dev/sda1 rw\n"
    )
    assert places(drop, told(tmp_path, table)) == [real, "/srv/sftp/erp/in"]
