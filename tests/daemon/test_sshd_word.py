"""sshd's word in the reception: what is kept, what is taken at once, and what a restart knows."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from syncd.core.settle import Said, Sighting
from syncd.core.sftp_log import Line
from syncd.daemon.notes import Note, Overheard
from syncd.daemon.sshd_word import GONE_FOR, MISS_EVERY, NAME, SshdWord
from syncd.disk.drop import Drop
from syncd.disk.journal import Heard, Lost
from tests.waiting import wait_for


class Ear:
    """sshd's word about one drop folder, from an empty journal; the test says what sshd logs."""

    def __init__(self, folder: Path) -> None:
        self.state, self.journal, self.drop = folder / "state", folder / "journal", folder / "sync"
        for each in (self.state, self.journal, self.drop):
            each.mkdir(exist_ok=True)
        self.notes: SimpleQueue[Note] = SimpleQueue()
        self.word = SshdWord(self.drop, self.state, self.notes.put, journal=self.journal)
        self._logged = 0

    def hears(self, *texts: str, now: int) -> None:
        """sshd logs some lines."""
        self._logged += 1
        lines = tuple(Line("boot:1", 7, now, text) for text in texts)
        self.word.heard(Heard(lines, f"cursor {self._logged}", "boot", all=True))

    def says(self, name: str = "users.csv") -> Said:
        """What it says of a file, in one look."""
        self.word.looking()
        said = self.word.says(self.sees(name))
        self.word.looked(coming=True)
        return said

    def sees(self, name: str) -> Sighting:
        """A file."""
        (one,) = (each for each in Drop(self.drop, recursive=True, hold_file="", ignore=[]).look() if each.path == name)
        return one


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    """Who listens."""
    ear = Ear(tmp_path)
    yield ear
    ear.word.close()


def upload(ear: Ear, end: str) -> None:
    """An upload that ends like this."""
    file = ear.drop / "users.csv"
    file.write_bytes(b"123")
    now = file.stat().st_mtime_ns
    ear.hears('open "/sync/users.csv" flags WRITE,CREATE,TRUNCATE mode 0644', now=now)
    ear.hears(f'{end} "/sync/users.csv" bytes read 0 written 3', now=now)


def test_nothing_is_taken_before_the_journal_was_read(ear: Ear) -> None:
    """An upload may have broken off while nobody listened. An empty journal is soon read."""
    (ear.drop / "users.csv").touch()
    ear.word.go_by("auto")
    assert ear.says() is Said.UNREAD
    note = ear.notes.get(timeout=10)
    assert isinstance(note, Overheard) and note.heard.all
    ear.word.heard(note.heard)
    assert ear.says() is Said.NOTHING
    assert ear.word.state == "nothing heard so far"


@pytest.mark.parametrize(("end", "said"), [("close", Said.WHOLE), ("forced close", Said.BROKEN)])
def test_what_sshd_says_is_heard(ear: Ear, end: str, said: Said) -> None:
    """As it ended."""
    ear.word.go_by("on")
    upload(ear, end)
    assert ear.says() is said
    assert ear.word.state == "heard"


def test_what_broke_off_is_known_after_a_kill(ear: Ear, tmp_path: Path) -> None:
    """It is kept at once, with how far the journal was read; who comes after it knows the file again."""
    ear.word.go_by("auto")
    upload(ear, "forced close")
    ear.says()
    assert b"cursor 2" in (ear.state / NAME).read_bytes()
    later = Ear(tmp_path)
    later.word.go_by("auto")
    later.hears(now=0)
    assert later.says() is Said.BROKEN
    assert later.word.state == "heard"
    (later.drop / "users.csv").write_bytes(b"a person made it whole")
    assert later.says() is Said.NOTHING
    later.word.close()


def test_what_is_open_is_known_after_a_power_loss(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is kept within a second, as the journal's last minutes may be lost; not for each upload anew."""
    ear.word.go_by("auto")
    file = ear.drop / "users.csv"
    file.touch()
    ear.hears(now=0)
    ear.says()
    clock = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: clock)
    for number, after in enumerate((1.5, 0.5, 0.6)):
        clock += after
        ear.hears(f'open "/sync/{number}" flags WRITE,CREATE mode 0644', now=file.stat().st_ctime_ns)
        ear.says()
        kept = (ear.state / NAME).read_bytes()
        assert (f'"{number}"'.encode() in kept) is (number != 1)
    clock += 30
    ear.hears(*(f'close "/sync/{number}" bytes read 0 written 5' for number in range(3)), now=file.stat().st_ctime_ns)
    ear.says()
    assert (ear.state / NAME).read_bytes() == kept


def test_what_a_killed_sshd_left_open_is_broken(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is gone for longer than its last lines could take. In a container that can't be seen."""
    ear.word.go_by("auto")
    with subprocess.Popen(["sleep", "60"]) as sshd:
        file = ear.drop / "users.csv"
        file.touch()
        at, text = file.stat().st_ctime_ns, 'open "/sync/users.csv" flags WRITE,CREATE,TRUNCATE mode 0644'
        ear.word.heard(Heard((Line(f"boot:{sshd.pid}", 7, at, text),), "cursor", "boot", all=True))
        clock = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: clock)
        monkeypatch.setenv("SYSTEMD_EXEC_PID", str(os.getpid()))
        for _ in range(2):
            clock += 11
            assert ear.says() is Said.OPEN
            assert ear.word.again() == MISS_EVERY
        sshd.kill()
    monkeypatch.setenv("SYSTEMD_EXEC_PID", "1")
    for _ in range(2):
        clock += 11
        assert ear.says() is Said.OPEN
    monkeypatch.setenv("SYSTEMD_EXEC_PID", str(os.getpid()))
    assert ear.says() is Said.OPEN
    clock += GONE_FOR - 1
    assert ear.says() is Said.OPEN
    assert ear.word.again() == 1
    clock += 2
    assert ear.says() is Said.BROKEN
    assert ear.word.again() is None


@pytest.mark.parametrize("ruin", [b"", b"{", b"[]", b'{"cursor": "x", "heard": true, "words": [{}]}', b"\xff"])
def test_a_ruined_memory_is_no_trouble(ear: Ear, ruin: bytes) -> None:
    """The journal is read back as at the first time."""
    (ear.state / NAME).write_bytes(ruin)
    ear.word.go_by("auto")
    upload(ear, "forced close")
    assert ear.says() is Said.BROKEN


def test_lost_lines_leave_it_to_settle(ear: Ear) -> None:
    """What seemed to be open may have been closed."""
    ear.word.go_by("auto")
    file = ear.drop / "users.csv"
    file.touch()
    ear.hears('open "/sync/users.csv" flags WRITE,CREATE,TRUNCATE mode 0644', now=file.stat().st_ctime_ns)
    assert ear.says() is Said.OPEN
    ear.word.heard(Heard((Lost(),), "cursor", "boot", all=True))
    assert ear.says() is Said.NOTHING


def test_an_unreadable_journal_is_said_where_it_is_wanted(ear: Ear, capsys: pytest.CaptureFixture[str]) -> None:
    """And keeps nothing; that it can be read again is said too. With `auto` only the status tells."""
    (ear.drop / "users.csv").touch()
    for wanted, times in (("auto", 0), ("on", 1)):
        ear.word.go_by(wanted)  # type: ignore[arg-type]
        ear.word.heard(Heard(unreadable="nobody may"))
        assert ear.says() is Said.NOTHING
        assert ear.word.state == "not readable: nobody may"
        ear.hears(now=0)
        said = capsys.readouterr().out
        assert (said.count("sshd.unheard"), said.count("sshd.heard")) == (times, times)


def test_off_hears_nothing(ear: Ear) -> None:
    """What was known is forgotten, in memory; switched on again it is known again."""
    ear.word.go_by("on")
    upload(ear, "forced close")
    assert ear.says() is Said.BROKEN
    ear.word.go_by("off")
    assert ear.says() is Said.NOTHING
    assert ear.word.state == "off"
    ear.word.go_by("auto")
    wait_for(lambda: not ear.notes.empty(), 10, "the journal was read")
    ear.hears(now=0)
    assert ear.says() is Said.BROKEN
