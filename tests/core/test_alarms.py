"""Alarms: which are raised, which are over, and what is usual."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import TypeAdapter, ValidationError

from syncd.core.alarms import (
    DATED,
    FEW,
    Alarm,
    Free,
    Key,
    Reserve,
    Room,
    Share,
    changed,
    expected_seconds,
    far_below,
    filling,
    late,
    slow,
    small,
    waiting,
)

NOW = datetime(2026, 11, 3, 6, 5, tzinfo=UTC)
EVENTS = ["file.late", "file.small", "run.slow", "disk.filling", "upload.stuck"]
moments = some.integers(-(10**7), 10**7).map(lambda seconds: NOW + timedelta(seconds=seconds))


def alarm(event: str = "file.late", subject: str = "users", since: datetime = NOW) -> Alarm:
    """An alarm."""
    return Alarm(event=event, subject=subject, since=since, what="what", cure="cure")


alarms = some.lists(
    some.builds(alarm, some.sampled_from(EVENTS), some.sampled_from("abc"), moments),
    max_size=8,
    unique_by=lambda one: one.key,
)


class TestChanging:
    """Raised once, over once."""

    @given(alarms, alarms, moments)
    def test_laws(self, before: list[Alarm], found: list[Alarm], now: datetime) -> None:
        """What is found stands; what is new is raised; all else is over, but for what began in the future."""
        old: dict[Key, Alarm] = {one.key: one for one in before}
        change = changed(old, found, now)
        raised, over = {one.key for one in change.raised}, {one.key for one in change.over}
        assert {one.key for one in found} <= change.standing.keys()
        assert raised == change.standing.keys() - old.keys()
        assert over == old.keys() - change.standing.keys()
        assert all(change.standing[key].since == old[key].since for key in change.standing.keys() & old.keys())
        kept = change.standing.keys() - {one.key for one in found}
        assert all(old[key].since > now and key[0] in DATED for key in kept)

    @given(alarms, moments)
    def test_found_again_nothing_is_said(self, found: list[Alarm], now: datetime) -> None:
        """However often one looks."""
        first = changed({}, found, now)
        again = changed(first.standing, found, now)
        assert (again.raised, again.over, again.standing) == ((), (), first.standing)

    def test_a_clock_that_was_set_back_ends_no_alarm(self) -> None:
        """It began an hour ahead of what the clock shows now: it stays, and is not raised again then."""
        standing = changed({}, [alarm()], NOW).standing
        back = changed(standing, [], NOW - timedelta(hours=1))
        assert not back.over
        again = changed(back.standing, [alarm()], NOW + timedelta(minutes=5))
        assert not again.raised


class TestSizes:
    """How small is remarkable."""

    def test_a_file_of_less_than_half_is(self) -> None:
        """The middle of those before it is what is usual."""
        assert far_below(4_000, [10_000] * FEW, Fraction(1, 2)) == 10_000
        assert far_below(5_000, [10_000] * FEW, Fraction(1, 2)) is None

    def test_nobody_knows_by_a_few(self) -> None:
        """Silent until there are enough."""
        assert far_below(1, [10_000] * (FEW - 1), Fraction(1, 2)) is None

    def test_sizes_that_differ_much_make_it_rare(self) -> None:
        """One that is as small as another was lately is nothing new: so is the second small one in a row."""
        sizes = [100, 50_000, 2_000, 80_000, 30_000, 90_000, 20_000, 70_000]
        assert far_below(150, sizes, Fraction(1, 2)) is None
        assert far_below(50, sizes, Fraction(1, 2)) is not None
        assert far_below(50, [50, *sizes], Fraction(1, 2)) is None

    def test_small_files_tell_nothing(self) -> None:
        """A file of three rows has none of them missing."""
        assert far_below(30, [300] * FEW, Fraction(1, 2)) is None

    @given(some.integers(0, 10**9), some.lists(some.integers(0, 10**9), max_size=30))
    def test_none_is_remarkable_where_it_is_off(self, size: int, usual: list[int]) -> None:
        """A share of nothing."""
        assert far_below(size, usual, Fraction(0)) is None


class TestTimes:
    """How long a run takes."""

    def test_a_larger_file_takes_longer(self) -> None:
        """By what each byte took, and never less than the usual run."""
        like = [(1_000, 10.0)] * FEW
        assert expected_seconds(5_000, like) == 50.0
        assert expected_seconds(10, like) == 10.0

    def test_nobody_knows_by_a_few(self) -> None:
        """Silent until there are enough; empty files divide by nothing."""
        assert expected_seconds(1, [(1, 1.0)] * (FEW - 1)) is None
        assert expected_seconds(7, [(0, 1.0)] * FEW) == 7.0


class TestRoom:
    """What must be free."""

    @pytest.mark.parametrize(
        ("text", "reserve"),
        [
            ("5%", Reserve(Fraction(5))),
            ("2.5 %", Reserve(Fraction(5, 2))),
            ("10G", Reserve(bytes=10**10)),
            ("1.5 gb", Reserve(bytes=1_500_000_000)),
            ("500M", Reserve(bytes=500_000_000)),
            ("0%", Reserve(Fraction(0))),
        ],
    )
    def test_shares_and_sizes_are_read(self, text: str, reserve: Reserve) -> None:
        """As people write them."""
        setting = TypeAdapter[Reserve](Free)
        assert setting.validate_python(text) == reserve
        assert setting.validate_python(reserve) == reserve

    @pytest.mark.parametrize("text", ["", "5", "101%", "-1%", "10X", "many"])
    def test_nonsense_is_refused(self, text: str) -> None:
        """A bare number too: of what?"""
        with pytest.raises(ValidationError, match="must be"):
            TypeAdapter(Free).validate_python(text)
        with pytest.raises(ValidationError, match="must be"):
            TypeAdapter(Share).validate_python(text)

    def test_too_little_room_or_too_few_names(self) -> None:
        """Where a disk has no limit of names, they are never too few."""
        assert Reserve(Fraction(5)).lacks(Room(4, 100, 50, 100)) == "space"
        assert Reserve(Fraction(5)).lacks(Room(5, 100, 4, 100)) == "inodes"
        assert Reserve(Fraction(5)).lacks(Room(5, 100)) == ""
        assert Reserve(bytes=10).lacks(Room(9, 10**6, 50, 100)) == "space"
        assert Reserve(Fraction(0)).lacks(Room(0, 100, 0, 100)) == ""

    def test_it_is_over_a_little_later_than_it_began(self) -> None:
        """Or it would come and go."""
        wanted = Reserve(Fraction(10))
        assert wanted.eased().lacks(Room(105, 1000)) == "space"
        assert wanted.lacks(Room(105, 1000)) == ""
        assert wanted.eased().lacks(Room(110, 1000)) == ""


def test_each_alarm_says_what_was_expected_and_what_to_do() -> None:
    """In sentences that a person reads aloud."""
    room = Room(3 * 10**9, 10**11, 10, 1000)
    said = {
        one.event: f"{one.what}. {one.cure}"
        for one in (
            late("users", "erp/users.csv", NOW),
            small("users", "erp/users.csv", 100, 51_200.5, NOW),
            slow("users", "erp/users.csv", "RUN", NOW, 1860.2, 59.7),
            waiting("users", "erp/users.csv", "RUN", NOW, 14_400.0),
            filling("/srv/repository", "space", room, Reserve(Fraction(5)), NOW),
        )
    }
    assert said["file.late"].startswith("erp/users.csv was expected by Tue 2026-11-03 06:05, and has not come. Ask the")
    assert "came with 100 bytes, where 51,200 are usual" in said["file.small"]
    assert "has taken 31 min so far; about 1 min is usual" in said["run.slow"]
    assert "for more than 4 h. Read syncd report RUN" in said["run.waiting"]
    assert "3 GB of 100 GB are free, less than 5 %" in said["disk.filling"]
    assert "10 of 1,000 inodes" in filling("/srv", "inodes", room, Reserve(bytes=5), NOW).what


def test_a_short_run_is_said_to_take_several_times_what_is_usual() -> None:
    """Not 1 s where about 1 s is usual."""
    assert "has taken 1.1 s so far; about 0.05 s is usual" in slow("users", "users.csv", "RUN", NOW, 1.1, 0.05).what
    assert "has taken 12 s so far; about 3.9 s is usual" in slow("users", "users.csv", "RUN", NOW, 12.04, 3.94).what
