"""What is said of a disk, or a folder, that refuses: which one, why, and what to do about that."""

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from syncd.daemon.trouble import Trouble
from syncd.disk.drop import Drop
from syncd.disk.ledger import Ledger
from syncd.disk.repository import Repository
from syncd.disk.reserved import ReservedNote
from syncd.disk.spool import Spool
from syncd.errors import LedgerFault


def refused(code: int, file: str | int | None = None) -> OSError:
    """What the kernel says."""
    return OSError(code, os.strerror(code), file)


def trouble() -> Trouble:
    """Of a syncd with two folders."""
    return Trouble(2.0, {Path("/srv/drop"): "the drop folder", Path("/srv/repository"): "the repository"})


def test_a_full_disk_is_named_by_the_folder(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever file below it met it; its end names it, too."""
    met = trouble()
    assert met.met(refused(errno.ENOSPC, "/srv/repository/.incoming/x/users.csv"))
    assert met.text == "nothing can be written to the repository /srv/repository: No space left on device"
    said = capsys.readouterr().out
    assert "folder=/srv/repository" in said
    assert "Make room there" in said
    met.over()
    assert "folder=/srv/repository" in capsys.readouterr().out


def test_two_folders_are_two_troubles() -> None:
    """Which one is full matters; which file of it met it does not."""
    met = trouble()
    assert met.met(refused(errno.ENOSPC, "/srv/repository/a"))
    assert not met.met(refused(errno.ENOSPC, "/srv/repository/b"))
    assert met.met(refused(errno.ENOSPC, "/srv/drop"))


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.EROFS, errno.ENOENT, errno.EMFILE])
def test_nobody_is_told_to_make_room_where_that_is_no_help(code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The advice is that of the error."""
    trouble().met(refused(code, "/srv/drop/.syncd"))
    said = capsys.readouterr().out
    assert "Make room" not in said
    assert "cure=" in said
    assert "the drop folder /srv/drop" in said


def test_an_error_without_a_name_tells_where_it_may_be() -> None:
    """Nobody need guess which folders syncd has."""
    met = trouble()
    met.met(refused(errno.ENOSPC))
    assert "the drop folder /srv/drop, the repository /srv/repository" in met.text


# Met


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A folder on a full disk, with names to spare."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(folder)], check=False).returncode:
        pytest.skip("no disk can be mounted here")
    Repository(folder).make()
    Ledger(folder / "ledger.sqlite").close()
    with (folder / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 12))
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _stage(full: Path) -> None:
    source = full.parent / "users.csv"
    source.write_bytes(b"x" * 9000)
    with source.open("rb") as file:
        Repository(full).staging.stage("claim", "users.csv", file.fileno(), 9000, 0)


def _begin(full: Path) -> None:
    Repository(full).begin("run", "filler", copy=True)


def _report(full: Path) -> None:
    Repository(full).write("reports/report.txt", [b"x" * 9000])


def _spool(full: Path) -> None:
    with Spool(full / "spool", "run").writing_results() as write:
        os.write(os.open(full / "more", os.O_WRONLY | os.O_CREAT), bytes(9000))
        write([])


def _reserve(full: Path) -> None:
    ReservedNote(full / "note").reserve(9000)


@pytest.mark.root
@pytest.mark.parametrize("deed", [_stage, _begin, _report, _spool, _reserve])
def test_each_deed_on_a_full_disk_tells_where_it_met_it(full: Path, deed: Callable[[Path], None]) -> None:
    """The kernel names no file where it is written to by a handle."""
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as raised:
        deed(full)
    assert str(raised.value.filename).startswith(str(full))


@pytest.mark.root
def test_a_ledger_on_a_full_disk_tells_its_folder(full: Path) -> None:
    """By its own words, and for who tells of it."""
    with pytest.raises(LedgerFault, match=str(full)) as raised:
        Ledger(full / "new.sqlite")
    assert raised.value.folder == str(full)


@pytest.mark.root
def test_a_claim_without_a_name_to_spare_names_the_drop_folder(tmp_path: Path) -> None:
    """A name within the folder of claims means nothing to people."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=3", "none", str(tmp_path)], check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        (tmp_path / "users.csv").write_bytes(b"x")
        drop = Drop(tmp_path, recursive=True, hold_file="", ignore=[])
        with ExitStack() as stack, pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as raised:
            drop.claim(drop.look(), stack)
        assert raised.value.filename == str(tmp_path)
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)
