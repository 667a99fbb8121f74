"""When files are taken from the drop folder, with a clock that the test moves and rounds that it lets end."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue

import pytest

from syncd import config
from syncd.core.settle import Sighting
from syncd.core.sftp_log import Line
from syncd.daemon import status
from syncd.daemon.notes import Note, TookIn
from syncd.daemon.reception import PAUSE, RETRY, Reception
from syncd.daemon.sshd_word import SshdWord
from syncd.daemon.vigil import Vigil
from syncd.disk.drop import Drop
from syncd.disk.intake import Intake, Taking
from syncd.disk.journal import Heard
from tests.run.workshop import NOON, Workshop
from tests.waiting import wait_for

SETTLE = 10.0


class MoodyIntake(Intake):
    """An intake that meets an error as long as there is one."""

    error: Exception | None = None
    deed: Callable[[], object] | None = None
    """What happens once, as a round begins."""

    def take_in(self, fresh: Sequence[Sighting], claimed: Sequence[Sighting]) -> Taking:
        """Take in, or fail half-way: what is claimed stays claimed."""
        if deed := self.deed:
            self.deed = None
            deed()
        if self.error and (fresh or claimed):
            for sighting in fresh:
                claims = self._drop.folder / ".syncd" / "1-1-1"
                claims.mkdir(parents=True, exist_ok=True)
                (self._drop.folder / sighting.path).rename(claims / sighting.path)
            raise self.error
        return super().take_in(fresh, claimed)


class Hall:
    """A reception, and the mailbox for its notes."""

    def __init__(self, workshop: Workshop, settle: float = SETTLE, sshd: SshdWord | None = None) -> None:
        self.folder = workshop.folder / "drop"
        self.folder.mkdir(exist_ok=True)
        self.repository = workshop.repository
        self.notes: SimpleQueue[Note] = SimpleQueue()
        drop = Drop(self.folder, recursive=True, hold_file="alock.txt", ignore=[])
        self.intake = MoodyIntake(
            drop, workshop.repository, workshop.open_ledger(), queues=lambda _: False, now=lambda: NOON
        )
        self.reception = Reception(
            drop,
            self.intake,
            Vigil(None, 30.0),
            sshd=sshd,
            settle=settle,
            stuck_after=3600.0,
            forgive_every=30.0,
            post=self.notes.put,
        )

    def turn(self, now: float, *, look: bool = True) -> bool:
        """A turn of the loop, with a look; lets a round that begins come to its end, and tells whether one did."""
        if look:
            self.reception.look(now)
        self.reception.turn(now)
        if not self.reception.busy:
            return False
        note = self.notes.get(timeout=10)
        assert isinstance(note, TookIn)
        self.reception.took_in(note, now)
        return True

    def waiting(self) -> list[str]:
        """What is in the repository."""
        return [file.path for file in self.repository.waiting()]


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """The folders."""
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.close()


@pytest.fixture
def hall(workshop: Workshop) -> Iterator[Hall]:
    """A reception that waits ten seconds until a file has settled."""
    hall = Hall(workshop)
    yield hall
    hall.reception.close()


def test_a_file_is_taken_once_it_has_settled(hall: Hall) -> None:
    """That is when the reception asks to be called again, and not before."""
    (hall.folder / "users.csv").write_bytes(b"x")
    assert not hall.turn(100.0)
    assert hall.reception.next_at(100.0) == 100.0 + SETTLE
    assert not hall.turn(109.9)
    assert hall.turn(110.0)
    assert hall.waiting() == ["users.csv"]


def test_a_hold_file_that_comes_in_the_last_moment_holds(hall: Hall) -> None:
    """Between the look and the round: nothing is taken, and the reception does not ask to be called at once."""
    (hall.folder / "users.csv").write_bytes(b"x")
    hall.turn(100.0)
    (hall.folder / "alock.txt").touch()
    assert not hall.turn(115.0, look=False)
    assert hall.reception.next_at(115.0) > 115.0
    (hall.folder / "alock.txt").unlink()
    assert hall.turn(120.0)


def test_a_drop_folder_that_becomes_a_file_does_not_spin(hall: Hall) -> None:
    """What has settled can't be taken, and is not tried without end."""
    (hall.folder / "users.csv").write_bytes(b"x")
    hall.turn(100.0)
    hall.folder.rename(hall.folder.with_name("away"))
    hall.folder.touch()
    assert not hall.turn(115.0, look=False)
    assert not hall.turn(hall.reception.next_at(115.0))
    assert hall.reception.next_at(116.0) >= 116.0 + RETRY - 1


def test_a_full_disk_is_one_trouble_until_it_is_mended(hall: Hall, capsys: pytest.CaptureFixture[str]) -> None:
    """Although each try takes longer to settle than the next one waits for, and each error names another file."""
    (hall.folder / "users.csv").write_bytes(b"x")
    hall.turn(100.0)
    for now in range(110, 200):
        hall.intake.error = OSError(28, "No space left on device", f"file {now}")
        hall.turn(float(now))
        assert now < 110 or hall.reception.trouble
        assert hall.reception.next_at(float(now)) > now
    hall.intake.error = None
    for now in range(200, 220):
        hall.turn(float(now))
    assert hall.waiting() == ["users.csv"]
    assert not hall.reception.trouble
    said = capsys.readouterr().out
    assert (said.count("disk.full"), said.count("disk.mended")) == (1, 1)


def test_trouble_without_anything_to_take_ends_by_itself(hall: Hall) -> None:
    """What was to be taken went away: an empty round finds that all is well."""
    (hall.folder / "users.csv").write_bytes(b"x")
    hall.turn(100.0)
    hall.intake.error = OSError(28, "No space left on device")
    hall.turn(110.0)
    (claimed,) = (hall.folder / ".syncd").rglob("users.csv")
    claimed.unlink()
    assert not hall.turn(110.0 + RETRY - 0.1)
    assert hall.turn(110.0 + RETRY)
    assert not hall.reception.trouble


def test_a_defect_is_said_once_with_its_traceback(hall: Hall, capsys: pytest.CaptureFixture[str]) -> None:
    """It is tried again all the same."""
    hall.intake.error = LookupError("defect")
    (hall.folder / "users.csv").write_bytes(b"x")
    rounds = sum(hall.turn(float(now)) for now in range(100, 200))
    assert rounds > 3
    assert capsys.readouterr().out.count("intake.failed") == 1
    hall.intake.error = None
    hall.turn(210.0)
    assert hall.waiting() == ["users.csv"]


def test_a_file_that_is_kept_open_is_tried_again_after_a_pause(workshop: Workshop) -> None:
    """Even where nothing has to settle."""
    hall = Hall(workshop, settle=0.0)
    with (hall.folder / "users.csv").open("wb"):
        assert hall.turn(100.0)
        assert hall.reception.next_at(100.0) > 100.0
        assert not hall.turn(100.5)
        assert hall.reception.next_at(100.5) > 100.5
    assert hall.turn(100.0 + PAUSE)
    assert hall.waiting() == ["users.csv"]
    hall.reception.close()


def test_a_reception_that_rests_begins_nothing(hall: Hall) -> None:
    """Another one goes on where it ended."""
    (hall.folder / "users.csv").write_bytes(b"x")
    hall.turn(100.0)
    hall.reception.rest()
    assert not hall.turn(115.0)
    assert hall.reception.next_at(115.0) > 115.0


def test_what_is_on_its_way_is_expected(hall: Hall) -> None:
    """A run of its tool waits for it; one of another tool does not, nor for what has not settled."""
    (hall.folder / "users.csv").write_bytes(b"x")
    hall.turn(0.0)

    def expects(name: str, *, patiently: bool = False) -> bool:
        return hall.reception.expecting(lambda path: path == name, patiently=patiently)

    assert expects("users.csv")  # by the monotonic clock it settled long ago
    assert not expects("other.csv")
    (hall.folder / "alock.txt").touch()
    hall.reception.look(1.0)
    assert not expects("users.csv", patiently=True)


@pytest.mark.parametrize("same", [True, False])
def test_an_upload_is_as_old_after_a_restart(
    workshop: Workshop, same: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else it would never be stuck where syncd is restarted often. Other bytes of its name begin anew."""
    hall = Hall(workshop)
    (file := hall.folder / "users.csv").write_bytes(b"x")
    hall.reception.look(0.0)
    kept = list(hall.reception.under_way(3000.0, datetime.now().astimezone()))
    assert [one.file for one in kept] == ["users.csv"]
    hall.reception.close()
    if not same:
        (hall.folder / "draft").write_bytes(b"y")
        (hall.folder / "draft").rename(file)
    again = Hall(workshop)
    again.reception.remember(kept)
    again.reception.look(10.0)
    assert "upload.stuck" not in capsys.readouterr().out
    again.reception.look(620.0)
    again.reception.look(630.0)
    again.reception.close()
    assert capsys.readouterr().out.count("upload.stuck") == same


class Heeding:
    """A reception that hears sshd, in whose log the test writes."""

    def __init__(self, workshop: Workshop) -> None:
        (journal := workshop.folder / "journal").mkdir()
        self.sshd = SshdWord(workshop.folder / "drop", workshop.folder, lambda _: None, journal=journal)
        self.sshd.go_by("on")
        self.hall = Hall(workshop, sshd=self.sshd)
        self.file = self.hall.folder / "users.csv"
        self._says()

    def _says(self, *texts: str) -> None:
        now = self.file.stat().st_ctime_ns if self.file.exists() else 0
        self.sshd.heard(Heard(tuple(Line("b:1", 7, now, text) for text in texts), "c", "b", all=True))

    def uploads(self, end: str) -> None:
        """An upload that ends like this; "": not yet."""
        self.file.write_bytes(b"123")
        self._says('open "/drop/users.csv" flags WRITE,CREATE,TRUNCATE mode 0644')
        if end:
            self._says(f'{end} "/drop/users.csv" bytes read 0 written 3')


@pytest.fixture
def heeding(workshop: Workshop) -> Iterator[Heeding]:
    """A reception that hears sshd, and would wait for ten seconds."""
    heeding = Heeding(workshop)
    yield heeding
    heeding.hall.reception.close()
    heeding.sshd.close()


def test_what_sshd_calls_closed_is_taken_at_once(heeding: Heeding) -> None:
    """Without a wait."""
    heeding.uploads("close")
    assert heeding.hall.turn(100.0)
    assert heeding.hall.waiting() == ["users.csv"]


@pytest.mark.parametrize(
    ("end", "reason"),
    [("", "its upload is still going on"), ("forced close", "its connection broke off")],
)
def test_what_sshd_does_not_call_closed_is_kept_and_said(
    heeding: Heeding, end: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """For ever, if need be; once that it broke off, once that it is stuck. Nothing waits for what broke off."""
    heeding.uploads(end)
    for now in (100.0, 120.0, 3700.0, 9000.0):
        assert not heeding.hall.turn(now)
        assert heeding.hall.reception.next_at(now) > now
    assert heeding.hall.reception.expecting(lambda _: True, patiently=True) == (not end)
    said = capsys.readouterr().out
    assert said.count("upload.broken") == (1 if end else 0)
    assert said.count("upload.stuck") == 1
    assert reason in said


def test_what_is_closed_but_kept_open_is_tried_again_after_a_pause(heeding: Heeding) -> None:
    """Somebody else may write to it: the loop must not spin."""
    heeding.uploads("close")
    with heeding.file.open("ab"):
        assert heeding.hall.turn(100.0)
        assert not heeding.hall.waiting()
        assert not heeding.hall.turn(100.5)
        assert heeding.hall.reception.next_at(100.5) > 100.5
    assert heeding.hall.turn(100.0 + PAUSE)
    assert heeding.hall.waiting() == ["users.csv"]


def test_a_drop_folder_that_goes_away_in_a_round_is_gone_and_no_full_disk(
    hall: Hall, capsys: pytest.CaptureFixture[str]
) -> None:
    """One word of it, and what was half-way comes to its end once the folder is back."""
    (hall.folder / "users.csv").write_bytes(b"x")
    hall.turn(100.0)
    away = hall.folder.with_name("away")
    hall.intake.deed = lambda: hall.folder.rename(away)
    assert hall.turn(110.0)
    assert not any(hall.turn(float(now)) for now in range(111, 130))
    said = capsys.readouterr().out
    assert (said.count("drop.gone"), said.count("disk.full")) == (1, 0)
    away.rename(hall.folder)
    for now in range(130, 150):
        hall.turn(float(now))
    assert hall.waiting() == ["users.csv"]
    said = capsys.readouterr().out
    assert (said.count("drop.back"), said.count("disk.mended")) == (1, 0)


def test_a_drop_folder_that_was_replaced_in_a_round_is_no_full_disk(
    hall: Hall, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the time that the round has failed, another one is there: it is tried again, and not without end."""

    def replaced() -> None:
        raise FileNotFoundError(2, "No such file or directory", str(hall.folder))

    hall.intake.deed = replaced
    hall.reception.recover()
    note = hall.notes.get(timeout=10)
    assert isinstance(note, TookIn)
    hall.reception.took_in(note, 100.0)
    assert not hall.turn(100.5)
    assert hall.turn(100.0 + RETRY)
    assert not hall.turn(110.0)
    assert "disk.full" not in capsys.readouterr().out


def test_what_waits_for_a_disk_need_not_settle_again(hall: Hall) -> None:
    """The claim of syncd moves its ctime; each try has it in hand: neither is its sender's doing."""
    (hall.folder / "users.csv").write_bytes(b"x")
    hall.turn(100.0)
    hall.intake.error = OSError(28, "No space left on device", str(hall.repository.folder))
    assert hall.turn(110.0)
    tries = [now for now in range(111, 131) if hall.turn(float(now))]
    assert len(tries) == 20 / RETRY
    assert [upload.since for upload in hall.reception.claims.values()] == [100.0]
    assert list(hall.reception.alarms(100.0 + 4000.0, NOON)) == []  # nobody need ask the sender
    hall.intake.error = None
    assert hall.turn(133.0)
    assert hall.waiting() == ["users.csv"]


def test_what_waits_for_a_disk_and_is_written_to_settles_again(hall: Hall) -> None:
    """Its sender may have the file open all the while."""
    (hall.folder / "users.csv").write_bytes(b"x")
    hall.turn(100.0)
    hall.intake.error = OSError(28, "No space left on device", str(hall.repository.folder))
    assert hall.turn(110.0)
    (claimed,) = (hall.folder / ".syncd").rglob("users.csv")
    claimed.write_bytes(b"longer")
    hall.intake.error = None
    assert not hall.turn(113.0)
    assert not hall.turn(122.9)
    assert hall.turn(123.0)


def test_the_status_says_that_a_file_waits_for_the_disk(hall: Hall) -> None:
    """Neither for its sender, nor for a moment."""
    (hall.folder / "users.csv").write_bytes(b"x")
    hall.turn(100.0)
    hall.intake.error = OSError(28, "No space left on device", str(hall.repository.folder))
    assert hall.turn(110.0)
    settings = config.Drop(folder=hall.folder, settle=SETTLE)
    for now in (110.0, 111.5, 112.5, 130.0):
        hall.turn(now)
        (one,) = status.dropped(hall.reception, settings, now, sshd="")["files"]
        assert one["file"] == "users.csv"
        assert one["why"].startswith("the disk is in trouble: ")
        assert "No space left on device" in one["why"]


@pytest.mark.parametrize("end", ["", "forced close"])
def test_what_sshd_keeps_is_as_old_as_its_last_byte(
    heeding: Heeding, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may have been there for long when syncd starts: the file tells since when nobody has written it."""
    heeding.uploads(end)
    wait_for(lambda: time.time() - heeding.file.stat().st_ctime > 1.1, 5)
    heeding.hall.reception.look(100.0)
    heeding.hall.reception.look(100.0 + 3599.0)
    heeding.hall.reception.look(100.0 + 3599.1)
    assert capsys.readouterr().out.count("upload.stuck") == 1
