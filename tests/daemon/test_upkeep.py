"""Each night what has reached its age goes, and no clock takes more than that."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.config import Repository as Ages
from syncd.core.retention import PACE
from syncd.daemon.notes import Note, Pruned
from syncd.daemon.upkeep import Upkeep
from syncd.disk.ledger import Ledger
from syncd.disk.repository import Repository

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 7, 22, 12, 0, tzinfo=PARIS)
DAY = timedelta(days=1)
KEEP = 30


class Nights:
    """An upkeep on a real repository, with an archive of each of the last days."""

    def __init__(self, folder: Path) -> None:
        self.repository = Repository(folder / "repository")
        self.repository.make()
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.ages = Ages(folder=folder, keep_archives=KEEP * 86_400.0, keep_reports=KEEP * 86_400.0)
        self.notes: SimpleQueue[Note] = SimpleQueue()
        self.upkeep = Upkeep(self.repository, self.ledger, self.notes.put)

    def archives(self, days: int) -> None:
        """Put an archive there for each of so many days before noon."""
        for day in range(days):
            born = NOON - day * DAY
            (self.repository.folder / "archives" / f"{born:%Y%m%d-%H%M%S}_users.csv").touch()

    @property
    def kept(self) -> int:
        """How many archives there are."""
        return sum(1 for _ in (self.repository.folder / "archives").glob("*.csv"))

    def night(self, now: datetime) -> None:
        """Let it be this time, and what is done then be done."""
        before = self.ledger.ticked()
        self.upkeep.turn(now.astimezone(PARIS), self.ages)
        self.upkeep.close()
        while not self.notes.empty():
            note = self.notes.get()
            assert isinstance(note, Pruned)
            assert not note.error
            self.upkeep.pruned(note)
        self.changed = self.ledger.ticked() != before
        self.again()

    def again(self) -> None:
        """End, and start with what the ledger tells."""
        self.upkeep.close()
        self.upkeep = Upkeep(self.repository, self.ledger, self.notes.put)

    def close(self) -> None:
        """Let go of everything."""
        self.upkeep.close()
        self.ledger.close()


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Nights]:
    """Archives of forty days, and a first night that takes none."""
    nights = Nights(tmp_path)
    nights.archives(40)
    nights.night(NOON)
    assert nights.kept == 40
    yield nights
    nights.close()


def test_each_night_what_has_reached_its_age_goes(nights: Nights) -> None:
    """And nothing else; a second look in the same night finds nothing to do."""
    nights.night(NOON + DAY)
    assert nights.kept == KEEP
    nights.night(NOON + DAY + timedelta(hours=1))
    assert not nights.changed
    nights.night(NOON + 2 * DAY)
    assert nights.kept == KEEP - 1


def test_a_clock_that_is_years_ahead_does_not_take_all(nights: Nights, capsys: pytest.CaptureFixture[str]) -> None:
    """A night takes two days more than the one before, and says once that something is wrong."""
    nights.night(NOON + DAY)
    nights.night(NOON + 3650 * DAY)
    assert nights.kept == KEEP - 2
    nights.night(NOON + 3651 * DAY)
    assert nights.kept == KEEP - 4
    assert capsys.readouterr().out.count("retention.slowed") == 1


def test_a_clock_that_was_set_right_again_counts(nights: Nights) -> None:
    """Its nights come as ever, and no archive goes before its age."""
    nights.night(NOON + 3650 * DAY)
    kept = nights.kept
    nights.night(NOON + DAY)
    nights.night(NOON + 2 * DAY)
    assert nights.kept == min(kept, KEEP - 1)
    nights.night(NOON + 5 * DAY)
    assert nights.kept == KEEP - 3
    nights.night(NOON + 6 * DAY)
    assert nights.kept == KEEP - 5


def test_after_weeks_without_syncd_it_catches_up(nights: Nights) -> None:
    """Night by night, until all is gone that is too old."""
    for day in range(20, 40):
        nights.night(NOON + day * DAY)
    assert nights.kept == 0
    nights.archives(1)
    nights.night(NOON + 40 * DAY)
    assert nights.kept == 0


def test_a_shorter_keeping_counts_at_once(nights: Nights) -> None:
    """It is the administrator's word, and no clock's."""
    nights.ages = nights.ages.model_copy(update={"keep_archives": 10 * 86_400.0})
    nights.night(NOON + DAY)
    assert nights.kept == 10


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-5000, 5000), max_size=8))
def test_no_clock_takes_more_than_the_nights_do(tmp_path_factory: pytest.TempPathFactory, days: list[int]) -> None:
    """A law: whatever it shows, each night takes no more than two days of archives that are not too old."""
    nights = Nights(tmp_path_factory.mktemp("nights"))
    nights.archives(60)
    nights.night(NOON)
    for day in days:
        nights.night(NOON + day * DAY)
    assert nights.kept >= min(60, KEEP - PACE // DAY * len(days))
    nights.close()
