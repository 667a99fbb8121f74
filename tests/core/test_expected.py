"""By when a file is expected, on every clock, and whether it has come."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import TypeAdapter, ValidationError

from syncd.core.expected import Expected, Holidays, Span, Times, latest, missed, parse, parse_holiday

PARIS = ZoneInfo("Europe/Paris")
ZONES = some.sampled_from([UTC, PARIS, ZoneInfo("America/Sao_Paulo"), ZoneInfo("Australia/Lord_Howe")])
SIX = (parse("06:00 Mon-Fri"),)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

days = some.frozensets(some.integers(0, 6), min_size=1)
times = some.builds(Expected, some.integers(0, 23), some.integers(0, 59), days)
instants = some.integers(1_704_067_200, 1_861_920_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of November 2026, in Paris; the 2nd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=PARIS)


def since(*arrivals: datetime, now: datetime, known: datetime = LONG_AGO, **more: object) -> datetime | None:
    """What is missed of a file that is expected at six on working days."""
    before = [at(1, 5) - timedelta(days=day) for day in range(2, 60)]  # so far, all was well
    return missed(SIX, [*before, *arrivals], now, known=known, **more)  # type: ignore[arg-type]  # handed on


def weekdays(*days: int) -> list[datetime]:
    """A file at half past five on these days."""
    return [at(day, 5, 30) for day in days]


class TestWriting:
    """As people write them."""

    @pytest.mark.parametrize(
        ("text", "means"),
        [
            ("06:00", "06:00"),
            (" 6:05  Mon-Fri", "06:05 Mon-Fri"),
            ("23:59 sat,Sun", "23:59 Sat,Sun"),
            ("06:00 Sat-Mon", "06:00 Mon,Sat,Sun"),
            ("06:00 Mon, Wed-Fri", "06:00 Mon,Wed,Thu,Fri"),
            ("06:00 Mon-Sun", "06:00"),
        ],
    )
    def test_times_are_read(self, text: str, means: str) -> None:
        """With days in any form, also over the end of the week."""
        assert str(parse(text)) == means

    @given(times)
    def test_what_is_shown_is_read_as_the_same(self, one: Expected) -> None:
        """Reading and showing are each other's reverse."""
        assert parse(str(one)) == one

    @pytest.mark.parametrize("text", ["", "6", "24:00", "06:60", "06:00 Montag", "06:00 Mon-", "06:00 ,", "06:00Mon"])
    def test_nonsense_is_refused_in_words(self, text: str) -> None:
        """With how it is written."""
        with pytest.raises(ValueError, match="write "):
            parse(text)

    @pytest.mark.parametrize("text", ["2026-02-30", "heute", "2026-12-24/", "9999-12-31", "2027-01-03/2026-12-24"])
    def test_days_that_are_none_are_refused(self, text: str) -> None:
        """And a period that ends before it begins."""
        with pytest.raises(ValueError, match=r"is not a day|ends before"):
            parse_holiday(text)

    def test_one_or_a_list(self) -> None:
        """A setting is either; nothing is nothing."""
        setting = TypeAdapter[tuple[Expected, ...]](Times)
        assert setting.validate_python("06:00") == (Expected(6, 0),)
        assert setting.validate_python(["06:00", "13:00 Sun"]) == (Expected(6, 0), Expected(13, 0, frozenset({6})))
        assert setting.validate_python("") == ()
        for wrong in (6, {"at": "06:00"}, ["06:00", "x"]):
            with pytest.raises(ValidationError):
                setting.validate_python(wrong)
        with pytest.raises(ValidationError):
            TypeAdapter(Holidays).validate_python("2027-05-01")


class TestMoments:
    """When it is expected."""

    @given(some.lists(times, min_size=1, max_size=3), instants, ZONES, some.integers(1, 12))
    def test_moments_are_in_order_and_the_last_ones(
        self, many: list[Expected], now: datetime, zone: ZoneInfo, count: int
    ) -> None:
        """So many as were asked for, none later than now, and none left out between them and now."""
        found = latest(many, now.astimezone(zone), count)
        assert len(found) == count
        instants = [moment.astimezone(UTC) for moment in found]
        assert instants == sorted(set(instants))
        assert instants[-1] <= now
        more = latest(many, now.astimezone(zone), count + 3)
        assert more[3:] == found

    @given(times, some.dates(date(2024, 1, 1), date(2028, 12, 31)), ZONES)
    def test_each_of_its_days_has_one(self, one: Expected, day: date, zone: ZoneInfo) -> None:
        """Whatever the clocks do; on their own time, or as much later as they skip."""
        moment = one.on(day, zone)
        assert (moment is not None) == (day.weekday() in one.days)
        if moment:
            wanted = datetime.combine(day, time(one.hour, one.minute))
            assert timedelta() <= moment.replace(tzinfo=None) - wanted <= HOUR

    def test_a_time_that_the_clocks_skip_or_show_twice(self) -> None:
        """The last Sundays of March and October."""
        night = parse("02:30")
        spring, autumn = night.on(date(2026, 3, 29), PARIS), night.on(date(2026, 10, 25), PARIS)
        assert spring == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
        assert autumn
        assert autumn.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    def test_nothing_is_expected_of_nobody(self) -> None:
        """Without times there are no moments."""
        assert latest((), at(2, 6), 5) == []
        assert missed((), [], at(2, 6), known=LONG_AGO) is None


class TestMissed:
    """Whether it has come."""

    def test_what_came_in_time_is_not_missed(self) -> None:
        """Since the time before: over a weekend, that is Friday's."""
        assert since(*weekdays(2, 3), now=at(3, 6)) is None
        assert since(*weekdays(2), at(1, 20), now=at(2, 6)) is None

    def test_what_has_not_come_is_missed_from_its_time_on(self) -> None:
        """Not before; what is late by less than the grace is not missed yet."""
        assert since(*weekdays(2), now=at(3, 5, 59)) is None
        assert since(*weekdays(2), now=at(3, 6)) == at(3, 6)
        assert since(*weekdays(2), now=at(3, 6, 4), grace=timedelta(minutes=5)) is None
        assert since(*weekdays(2), now=at(3, 6, 5), grace=timedelta(minutes=5)) == at(3, 6)

    def test_a_late_file_ends_it(self) -> None:
        """As soon as it comes."""
        assert since(*weekdays(2), at(3, 6, 20), now=at(3, 6, 20)) is None

    def test_a_late_file_does_not_stand_for_the_next_one(self) -> None:
        """Tuesday's came at twenty past six: Wednesday's is missed all the same."""
        assert since(*weekdays(2), at(3, 6, 20), now=at(4, 6)) == at(4, 6)
        assert since(*weekdays(2), at(3, 6, 20), *weekdays(4), now=at(4, 6)) is None

    def test_what_is_late_by_most_of_a_day_is_the_next_one_early(self) -> None:
        """Nobody could tell, and no alarm is better than a false one."""
        assert since(*weekdays(2), at(3, 23), now=at(4, 6)) is None

    def test_a_file_that_is_late_each_day_is_missed_each_day(self) -> None:
        """As it should be here by six, and is not."""
        late = [at(day, 6, 30) for day in (3, 4, 5, 6)]
        assert [since(*weekdays(2), *late[: day - 3], now=at(day, 6)) for day in (3, 4, 5, 6)] == [
            at(day, 6) for day in (3, 4, 5, 6)
        ]

    def test_a_grace_is_counted_in_instants(self) -> None:
        """At four minutes past the hour that was skipped, what was expected at three is not late by five."""
        now = datetime(2026, 3, 29, 3, 4, tzinfo=PARIS)
        five = timedelta(minutes=5)
        day_before = datetime(2026, 3, 28, 2, 0, tzinfo=PARIS)
        assert missed((parse("03:00"),), [day_before], now, known=now - timedelta(hours=12), grace=five) is None
        late = datetime(2026, 3, 29, 3, 5, tzinfo=PARIS)
        found = missed((parse("03:00"),), [day_before], late, known=now - timedelta(hours=12), grace=five)
        assert found == datetime(2026, 3, 29, 3, 0, tzinfo=PARIS)

    def test_several_in_a_row_are_one(self) -> None:
        """It stands since the first."""
        assert since(*weekdays(2), now=at(5, 12)) == at(3, 6)

    def test_what_is_excused_is_not_missed(self) -> None:
        """A holiday is whole days on the site's clock; what was missed before it stays missed."""
        holiday = parse_holiday("2026-11-03/2026-11-04").span(PARIS)
        assert since(*weekdays(2), now=at(4, 12), excused=[holiday]) is None
        assert since(*weekdays(2), now=at(5, 6), excused=[holiday]) == at(5, 6)
        assert since(now=at(3, 12), excused=[holiday]) == at(2, 6)

    def test_a_holiday_is_from_midnight_to_midnight(self) -> None:
        """Also where a day has 25 hours."""
        span = parse_holiday("2026-10-25").span(PARIS)
        assert span.ends.astimezone(UTC) - span.begins.astimezone(UTC) == 25 * HOUR
        assert span.holds(span.begins)
        assert not span.holds(span.ends)

    def test_what_was_expected_before_anybody_said_so_is_not_missed(self) -> None:
        """Settings count from when they are in force."""
        assert since(now=at(3, 12), known=at(3, 7)) is None
        assert since(now=at(4, 6), known=at(3, 7)) == at(4, 6)

    @given(
        some.lists(times, min_size=1, max_size=2),
        some.lists(instants, max_size=40),
        instants,
        ZONES,
        some.timedeltas(timedelta(), 4 * HOUR),
    )
    def test_laws(
        self, many: list[Expected], arrivals: list[datetime], now: datetime, zone: ZoneInfo, grace: timedelta
    ) -> None:
        """It is one of the expected moments, and nothing came since; what comes now ends it, and so does an excuse."""
        here = now.astimezone(zone)
        arrivals = [moment for moment in arrivals if moment <= now]
        found = missed(many, arrivals, here, known=LONG_AGO, grace=grace)
        if found is None:
            return
        assert found in latest(many, here - grace, 30)
        assert not [moment for moment in arrivals if moment > found.astimezone(UTC)]
        assert missed(many, [*arrivals, now], here, known=LONG_AGO, grace=grace) is None
        assert missed(many, arrivals, here, known=here, grace=grace) is None
        always = Span(LONG_AGO, here + HOUR)
        assert missed(many, arrivals, here, known=LONG_AGO, grace=grace, excused=[always]) is None

    @given(some.lists(instants, max_size=40), instants)
    def test_the_order_of_arrivals_does_not_matter(self, arrivals: list[datetime], now: datetime) -> None:
        """Nor whether one is told twice."""
        found = missed(SIX, arrivals, now, known=LONG_AGO)
        assert missed(SIX, [*reversed(arrivals), *arrivals[:3]], now, known=LONG_AGO) in {found, None}
        assert missed(SIX, reversed(arrivals), now, known=LONG_AGO) == found
