"""When tools run."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from syncd.core.agenda import (
    Cron,
    Every,
    OnArrival,
    Standing,
    Timer,
    Timers,
    backoff,
    due,
    next_tick,
    next_ticks,
    on_arrival,
    parse,
    spent,
)
from syncd.core.settings import Settings

PARIS = ZoneInfo("Europe/Paris")
QUARTER = (Every(900.0),)
MINUTE = timedelta(minutes=1)

ZONES = st.sampled_from([UTC, *map(ZoneInfo, ("Europe/Paris", "America/New_York", "Africa/Cairo", "Asia/Kolkata"))])
TIMERS = st.sampled_from(
    [
        Every(10.0),
        Every(900.0),
        Every(86_400.0),
        OnArrival(),
        *map(
            Cron,
            (
                "* * * * *",
                "*/15 * * * *",
                "30 2 * * *",
                "*/20 2 * * *",
                "*/5 0 * * *",
                "0 * * * *",
                "0,30 0-3 * * *",
                "0 */2 * * 0",
                "15 4 1 * *",
            ),
        ),
    ]
)
# The changes of clocks in Paris, New York and Cairo lie within a few weeks of each other.
MOMENTS = st.one_of(
    st.datetimes(datetime(2026, 3, 7), datetime(2026, 4, 26)),  # noqa: DTZ001
    st.datetimes(datetime(2026, 10, 24), datetime(2026, 11, 3)),  # noqa: DTZ001
).map(lambda moment: moment.replace(tzinfo=UTC))


class Table(Settings):
    """A table with timers."""

    timer: Timers = ()


def paris(text: str, fold: int = 0) -> datetime:
    """A moment on the clocks of Paris."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS, fold=fold)


def ticks_of(expression: str, after: datetime, count: int) -> list[str]:
    """The next ticks of a cron expression as the clock shows them, with its distance from UTC."""
    return [f"{tick:%d %H:%M %z}" for tick in next_ticks((Cron(expression),), after, count)]


class TestReading:
    """Timers as people write them."""

    @pytest.mark.parametrize(
        ("text", "timer"),
        [
            ("every 15m", Every(900.0)),
            ("Every 1h 30m", Every(5_400.0)),
            ("on  arrival", OnArrival()),
            ("*/15  * * * *", Cron("*/15 * * * *")),
            ("0 6 * * mon-fri", Cron("0 6 * * mon-fri")),
        ],
    )
    def test_a_timer_is_an_interval_a_cron_expression_or_the_arrival(self, text: str, timer: Timer) -> None:
        """All three are understood."""
        assert parse(text) == timer

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("hourly", "is not a timer"),
            ("every", "is not a timer"),
            ("every now and then", "is not a duration"),
            ("every 9s", "too often: at least 10s"),
            ("61 * * * *", "bad minute"),
            ("* * * * * *", "is not a timer"),
            ("0 0 30 2 *", "bad day-of-month"),
        ],
    )
    def test_what_is_no_timer_says_why(self, text: str, reason: str) -> None:
        """Whoever wrote it learns what is wrong with it."""
        with pytest.raises(ValueError, match=reason):
            parse(text)

    def test_one_timer_a_list_or_none(self) -> None:
        """A setting holds one timer, several, or none at all."""
        assert Table.model_validate({"timer": "every 15m"}).timer == QUARTER
        assert Table.model_validate({"timer": ["on arrival", "every 15m"]}).timer == (OnArrival(), *QUARTER)
        assert Table.model_validate({"timer": ""}).timer == ()
        assert Table(timer=QUARTER).timer == QUARTER

    def test_every_wrong_timer_of_a_list_is_said(self) -> None:
        """All problems come at once."""
        with pytest.raises(ValidationError, match=r'"never" is not a timer.*"every 1s" is too often'):
            Table.model_validate({"timer": ["never", "every 15m", "every 1s"]})

    @given(TIMERS)
    def test_a_timer_is_shown_as_it_is_written(self, timer: Timer) -> None:
        """What people read of a timer they can write."""
        assert parse(str(timer)) == timer

    def test_only_the_arrival_is_on_arrival(self) -> None:
        """A tool with ticks alone waits for them."""
        assert on_arrival((*QUARTER, OnArrival()))
        assert not on_arrival(QUARTER)


class TestTicks:
    """When timers tick."""

    def test_intervals_count_from_the_epoch(self) -> None:
        """It does not matter when syncd was started."""
        assert next_tick(QUARTER, paris("2026-11-22T09:17:43")) == paris("2026-11-22T09:30")
        assert next_tick((Every(86_400.0),), paris("2026-11-22T09:17:43")) == paris("2026-11-23T01:00")

    def test_timers_tick_together(self) -> None:
        """Several timers make one agenda, in which no moment stands twice."""
        timers = (Every(1_800.0), Cron("0,10 * * * *"), OnArrival())
        assert [f"{tick:%H:%M}" for tick in next_ticks(timers, paris("2026-11-22T09:00"), 5)] == [
            "09:10",
            "09:30",
            "10:00",
            "10:10",
            "10:30",
        ]

    def test_without_a_timer_nothing_ticks(self) -> None:
        """A tool that runs by hand or on arrival has no next time."""
        assert next_tick((), paris("2026-11-22T09:00")) is None
        assert next_ticks((OnArrival(),), paris("2026-11-22T09:00"), 10) == []

    @given(st.lists(TIMERS, max_size=3), MOMENTS, ZONES)
    def test_the_next_tick_is_later(self, timers: list[Timer], moment: datetime, zone: ZoneInfo) -> None:
        """Whatever the clocks do, time goes on, and the tick is on the zone's clock."""
        if tick := next_tick(timers, moment.astimezone(zone)):
            assert tick.astimezone(UTC) > moment
            assert tick.tzinfo is zone
            assert tick.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == tick.replace(tzinfo=None)


class TestClockChanges:
    """Debian's rule, in Paris: 2:00 becomes 3:00 on 29 March 2026, and 3:00 becomes 2:00 on 25 October."""

    def test_a_set_time_that_is_skipped_runs_right_after_the_gap(self) -> None:
        """A job at 2:30 runs at 3:00 on the day on which there is no 2:30."""
        assert ticks_of("30 2 * * *", paris("2026-03-28T12:00"), 2) == ["29 03:00 +0200", "30 02:30 +0200"]

    def test_two_set_times_in_the_gap_are_one_run(self) -> None:
        """What would run twice at the same moment runs once."""
        assert ticks_of("0,30 2,3 * * *", paris("2026-03-29T01:00"), 3) == [
            "29 03:00 +0200",
            "29 03:30 +0200",
            "30 02:00 +0200",
        ]

    def test_a_set_time_that_comes_twice_runs_at_the_first(self) -> None:
        """A job at 2:30 runs once on the day that has two, also for who looks between them."""
        assert ticks_of("30 2 * * *", paris("2026-10-24T12:00"), 2) == ["25 02:30 +0200", "26 02:30 +0100"]
        assert ticks_of("30 2 * * *", paris("2026-10-25T02:15", fold=1), 1) == ["26 02:30 +0100"]

    def test_every_hour_is_every_hour_that_the_clock_shows(self) -> None:
        """A job with a wildcard hour has nothing to make up, and runs in both hours of one name."""
        assert ticks_of("30 * * * *", paris("2026-03-29T01:00"), 2) == ["29 01:30 +0100", "29 03:30 +0200"]
        assert ticks_of("30 * * * *", paris("2026-10-25T02:00"), 3) == [
            "25 02:30 +0200",
            "25 02:30 +0100",
            "25 03:30 +0100",
        ]

    def test_wildcard_minutes_of_a_skipped_hour_are_left_out(self) -> None:
        """`*/30 2 * * *` does not run at all on the day without that hour, and four times on the day with two."""
        assert ticks_of("*/30 2 * * *", paris("2026-03-28T12:00"), 1) == ["30 02:00 +0200"]
        assert ticks_of("*/30 2 * * *", paris("2026-10-25T01:00"), 5) == [
            "25 02:00 +0200",
            "25 02:30 +0200",
            "25 02:00 +0100",
            "25 02:30 +0100",
            "26 02:00 +0100",
        ]

    def test_a_midnight_that_is_skipped_is_no_tick_of_its_own(self) -> None:
        """In Cairo 0:00 becomes 1:00 on 24 April 2026: what the clock never shows does not tick."""
        cairo = datetime(2026, 4, 23, 12, 0, tzinfo=ZoneInfo("Africa/Cairo"))
        assert ticks_of("*/30 0 * * *", cairo, 1) == ["25 00:00 +0300"]
        assert ticks_of("0 0 * * *", cairo, 1) == ["24 01:00 +0300"]

    def test_intervals_do_not_notice(self) -> None:
        """A quarter of an hour is a quarter of an hour."""
        ticks = next_ticks(QUARTER, paris("2026-10-25T01:50"), 8)
        instants = [tick.astimezone(UTC) for tick in ticks]
        assert {later - earlier for earlier, later in pairwise(instants)} == {15 * MINUTE}


class TestDue:
    """Which tools should start now."""

    NOW = paris("2026-11-22T09:20")

    def due(self, **standing: object) -> bool:
        """Whether a tool that stands like this is due."""
        return bool(due([Standing("users", **standing)], self.NOW))  # type: ignore[arg-type]  # any field may be given

    def test_nothing_is_due_without_a_file(self) -> None:
        """A tool with nothing to run does not run."""
        past = self.NOW - timedelta(hours=1)
        assert not self.due(timers=(OnArrival(), *QUARTER), ticked=past, blocked_until=past)

    def test_a_file_is_run_on_arrival(self) -> None:
        """A tool that runs on arrival needs no tick."""
        assert self.due(timers=(OnArrival(),), waiting=True)

    def test_a_file_waits_for_its_tick(self) -> None:
        """A tool with a timer runs when the tick has come, and not before."""
        assert self.due(timers=QUARTER, waiting=True, ticked=paris("2026-11-22T09:14:59"))
        assert not self.due(timers=QUARTER, waiting=True, ticked=paris("2026-11-22T09:15"))

    def test_ticks_missed_while_down_are_made_up_once(self) -> None:
        """After a week without syncd there is one run, and noting it spends them all."""
        assert self.due(timers=QUARTER, waiting=True, ticked=self.NOW - timedelta(days=7))
        assert not self.due(timers=QUARTER, waiting=True, ticked=self.NOW)

    def test_a_new_tool_makes_nothing_up(self) -> None:
        """Before the first note there was nothing to miss."""
        assert not self.due(timers=QUARTER, waiting=True)

    def test_a_pause_stops_everything(self) -> None:
        """No timer starts a paused tool."""
        past = self.NOW - timedelta(days=7)
        assert not self.due(timers=(OnArrival(), *QUARTER), ticked=past, waiting=True, paused=True)

    def test_a_backoff_blocks_arrivals_until_it_is_over(self) -> None:
        """A site that could not be reached is left alone for a while, then tried again without a tick."""
        later, past = self.NOW + MINUTE, self.NOW - MINUTE
        assert not self.due(timers=(OnArrival(),), waiting=True, blocked_until=later)
        assert self.due(waiting=True, blocked_until=past)

    def test_a_tick_cuts_a_backoff_short(self) -> None:
        """The next time of the timer is a try of its own."""
        later = self.NOW + timedelta(hours=6)
        assert self.due(timers=QUARTER, waiting=True, ticked=self.NOW - timedelta(hours=1), blocked_until=later)

    def test_the_order_is_that_of_the_settings(self) -> None:
        """Users come before enrolments."""
        names = ["users", "courses", "enrolments"]
        assert due([Standing(name, timers=(OnArrival(),), waiting=True) for name in names], self.NOW) == names

    def test_a_tick_with_nothing_to_run_is_spent(self) -> None:
        """A file that comes after the tick waits for the next one."""
        ticked = self.NOW - timedelta(hours=1)
        idle, busy = Standing("idle", QUARTER, ticked), Standing("busy", QUARTER, ticked, waiting=True)
        resting = Standing("resting", QUARTER, ticked, waiting=True, paused=True)
        assert spent([idle, busy, resting], self.NOW) == ["idle", "resting"]
        assert spent([Standing("noted", QUARTER, self.NOW)], self.NOW) == []

    def test_the_doubled_hour_is_told_apart(self) -> None:
        """A tick in the second 2 o'clock is later than one noted in the first."""
        standing = Standing("users", (Cron("*/30 * * * *"),), paris("2026-10-25T02:45"), waiting=True)
        assert due([standing], paris("2026-10-25T02:10", fold=1)) == ["users"]
        assert due([standing], paris("2026-10-25T02:50")) == []

    def test_a_backoff_doubles_from_a_minute_to_six_hours(self) -> None:
        """A short outage costs little, a long one is not hammered."""
        assert [backoff(failures) for failures in range(11)] == [
            0,
            60,
            120,
            240,
            480,
            960,
            1_920,
            3_840,
            7_680,
            15_360,
            21_600,
        ]
        assert backoff(10_000) == 21_600
