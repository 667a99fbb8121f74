"""Which events people are told of, and when."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.notices import (
    JOINED,
    KEPT,
    Gathered,
    Group,
    Happening,
    Quiet,
    Rhythm,
    Wishes,
    due_at,
    gather,
    take,
)

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 11, 25, 11, 0, tzinfo=UTC)
NIGHT = Quiet(time(22), time(6))
SELDOM = Rhythm(PARIS, timedelta(minutes=10))
NIGHTLY = Rhythm(PARIS, timedelta(minutes=10), NIGHT)


def happened(event: str = "run.held", level: str = "warning", at: datetime = NOON, **fields: str) -> Happening:
    """An event."""
    ends = {"drop.back": "drop.gone"}.get(event, "")
    return Happening(event, level, at, fields, ends)


def minutes(number: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=number)


class TestWishes:
    """What is told."""

    def test_warnings_and_errors_are_told_unless_settings_say_otherwise(self) -> None:
        """And errors are urgent."""
        wishes = Wishes()
        assert wishes.wanted("run.held", "warning")
        assert wishes.wanted("run.failed", "error")
        assert not wishes.wanted("run.ended", "info")
        assert wishes.pressing("run.failed", "error")
        assert not wishes.pressing("run.held", "warning")

    def test_patterns_add_and_take_away(self) -> None:
        """What is not to be told goes first."""
        wishes = Wishes(("error", "run.*"), ("run.started",))
        assert wishes.wanted("run.ended", "info")
        assert not wishes.wanted("run.started", "info")
        assert not wishes.wanted("rows.refused", "warning")

    def test_the_end_of_what_was_told_is_told(self) -> None:
        """Whoever knows of trouble hears that it is over; of other trouble nobody knows."""
        over = happened("drop.back", "info")
        assert gather(Gathered(), [over], Wishes()).groups == ()
        told = gather(Gathered(), [happened("drop.gone", "error"), over], Wishes())
        (group,) = told.groups
        assert (group.event, group.overs) == ("drop.gone", (NOON,))

    def test_an_end_is_remembered_over_messages(self) -> None:
        """Its trouble may have been told an hour before."""
        gathered = gather(Gathered(), [happened("drop.gone", "error")], Wishes())
        _, gathered = take(gathered, SELDOM, NOON + minutes(1))
        later = happened("drop.back", "info", NOON + minutes(60))
        assert [group.event for group in gather(gathered, [later], Wishes()).groups] == ["drop.back"]


class TestGathering:
    """Many become one."""

    def test_a_storm_is_one_group_with_a_few_examples(self) -> None:
        """All are counted, the first are shown."""
        storm = [happened("file.refused", at=NOON + minutes(n), file=f"{n}.csv") for n in range(1000)]
        (group,) = gather(Gathered(), storm, Wishes()).groups
        assert (group.count, group.first, group.last) == (1000, NOON, NOON + minutes(999))
        assert [example["file"] for example in group.examples] == [f"{n}.csv" for n in range(KEPT)]

    def test_what_is_over_stands_apart_from_what_stands(self) -> None:
        """Of two that are alike, the one that its end names."""
        late = [happened("file.late", at=NOON + minutes(n), tool="users", file=f"{n}.csv") for n in range(3)]
        over = Happening(
            "alarm.over",
            "info",
            NOON + minutes(9),
            {"alarm": "file.late", "tool": "users", "file": "1.csv"},
            "file.late",
        )
        stands, was = gather(Gathered(), [*late, over], Wishes()).groups
        assert (stands.count, [example["file"] for example in stands.examples]) == (2, ["0.csv", "2.csv"])
        assert (was.count, was.overs, was.examples[0]["file"]) == (2, (NOON + minutes(9),), "1.csv")

    def test_what_begins_again_stands(self) -> None:
        """However often it was over."""
        gone, back = happened("drop.gone", "error", folder="/srv"), happened("drop.back", "info", folder="/srv")
        was, stands = gather(Gathered(), [gone, back, gone, back, gone], Wishes()).groups
        assert (was.count, len(was.overs), stands.count, stands.overs) == (4, 2, 1, ())

    def test_each_tool_has_its_own(self) -> None:
        """Another tool's run is another matter."""
        both = gather(Gathered(), [happened(tool="users"), happened(tool="courses"), happened(tool="users")], Wishes())
        assert [(group.tool, group.count) for group in both.groups] == [("users", 2), ("courses", 1)]


class TestTiming:
    """When it is told."""

    def test_the_first_is_told_at_once(self) -> None:
        """But for the few seconds in which what belongs to it comes, too."""
        assert due_at(gather(Gathered(), [happened()], Wishes()), SELDOM, NOON) == NOON + JOINED

    def test_the_next_waits(self) -> None:
        """Until some minutes have passed since the last message."""
        told, gathered = take(gather(Gathered(), [happened()], Wishes()), SELDOM, NOON + JOINED)
        assert [group.count for group in told] == [1]
        gathered = gather(gathered, [happened(at=NOON + minutes(1)), happened(at=NOON + minutes(2))], Wishes())
        assert due_at(gathered, SELDOM, NOON + minutes(2)) == NOON + JOINED + minutes(10)
        assert take(gathered, SELDOM, NOON + minutes(9)) == ((), gathered)
        told, _ = take(gathered, SELDOM, NOON + minutes(11))
        assert [group.count for group in told] == [2]

    def test_nothing_is_due_when_nothing_happened(self) -> None:
        """No message for nothing."""
        assert due_at(Gathered(), SELDOM, NOON) is None

    def test_a_clock_that_was_set_back_makes_nothing_wait_for_ever(self) -> None:
        """What happened in the future is told all the same."""
        gathered = Gathered(gather(Gathered(), [happened()], Wishes()).groups, sent=NOON)
        before = NOON - timedelta(days=365)
        due = due_at(gathered, SELDOM, before)
        assert due and due <= before + minutes(10)

    def test_the_quiet_hours_end_before_it_is_told(self) -> None:
        """In Paris at six, which is five in November by UTC."""
        late = datetime(2026, 11, 25, 23, 0, tzinfo=UTC)
        gathered = gather(Gathered(), [happened(at=late), happened(at=late + minutes(90))], Wishes())
        end = datetime(2026, 11, 26, 5, 0, tzinfo=UTC)
        assert due_at(gathered, NIGHTLY, late + minutes(90)) == end
        assert take(gathered, NIGHTLY, end - minutes(1)) == ((), gathered)
        told, rest = take(gathered, NIGHTLY, end)
        assert ([group.count for group in told], rest.groups) == ([2], ())

    def test_what_is_urgent_does_not_wait_for_the_morning(self) -> None:
        """Alone: the rest does."""
        late = datetime(2026, 11, 25, 23, 0, tzinfo=UTC)
        both = [happened(at=late), happened("disk.full", "error", late)]
        told, rest = take(gather(Gathered(), both, Wishes()), NIGHTLY, late + minutes(1))
        assert [group.event for group in told] == ["disk.full"]
        assert [group.event for group in rest.groups] == ["run.held"]
        assert due_at(rest, NIGHTLY, late + minutes(1)) == datetime(2026, 11, 26, 5, 0, tzinfo=UTC)


class TestQuietHours:
    """Which moments lie in them."""

    @pytest.mark.parametrize(
        ("clock", "end"),
        [
            ("2026-11-25 21:59", None),
            ("2026-11-25 22:00", "2026-11-26 06:00"),
            ("2026-11-26 05:59", "2026-11-26 06:00"),
            ("2026-11-26 06:00", None),
        ],
    )
    def test_they_last_over_midnight(self, clock: str, end: str | None) -> None:
        """From their first minute on, and not in their last."""
        moment = datetime.fromisoformat(clock).replace(tzinfo=PARIS).astimezone(UTC)
        until = NIGHT.until(moment, PARIS)
        assert until == (datetime.fromisoformat(end).replace(tzinfo=PARIS) if end else None)

    def test_they_may_lie_within_a_day(self) -> None:
        """A siesta."""
        siesta = Quiet(time(13), time(15))
        assert siesta.until(datetime(2026, 7, 1, 12, 0, tzinfo=UTC), PARIS) == datetime(2026, 7, 1, 13, 0, tzinfo=UTC)
        assert siesta.until(datetime(2026, 7, 1, 13, 0, tzinfo=UTC), PARIS) is None

    def test_the_night_in_autumn_is_an_hour_longer(self) -> None:
        """On 25 October 2026 the clocks of Paris show the hour from two to three twice: nine hours."""
        begins = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)
        assert NIGHT.until(begins, PARIS) == begins + timedelta(hours=9)

    def test_an_hour_that_comes_twice_is_quiet_once(self) -> None:
        """Quiet until half past two ends at the first half past two, and does not begin again at the second two."""
        short = Quiet(time(22), time(2, 30))
        first = datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
        assert short.until(first, PARIS) == first + minutes(15)
        assert short.until(first + minutes(60), PARIS) is None

    def test_an_end_that_the_clock_skips_comes_all_the_same(self) -> None:
        """On 29 March 2026 there is no half past two."""
        short = Quiet(time(22), time(2, 30))
        assert short.until(datetime(2026, 3, 29, 0, 0, tzinfo=UTC), PARIS) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
        assert short.until(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), PARIS) is None


EVENTS = st.sampled_from(
    [
        ("run.held", "warning"),
        ("disk.full", "error"),
        ("run.ended", "info"),
        ("drop.gone", "error"),
        ("drop.back", "info"),
    ]
)
LIVES = st.lists(st.tuples(st.integers(0, 12 * 60), st.lists(EVENTS, max_size=4)), max_size=40)
RHYTHMS = st.builds(
    Rhythm,
    st.sampled_from([PARIS, ZoneInfo("Asia/Kathmandu"), UTC]),
    st.integers(0, 120).map(minutes),
    st.none() | st.just(NIGHT) | st.just(Quiet(time(1), time(23, 59))),
)


@given(life=LIVES, rhythm=RHYTHMS)
def test_every_wanted_event_is_in_exactly_one_message(
    life: list[tuple[int, list[tuple[str, str]]]], rhythm: Rhythm
) -> None:
    """Whatever happens when: nothing is told twice, nothing is forgotten, and what waits is told in the end."""
    now, gathered, wanted = datetime(2026, 3, 28, tzinfo=UTC), Gathered(), 0
    messages: list[tuple[Group, ...]] = []
    seen: set[str] = set()
    for pause, events in life:
        now += minutes(pause)
        happenings = [happened(event, level, now) for event, level in events]
        for one in happenings:
            if one.level != "info" or one.ends in seen:
                wanted += 1
                seen.add(one.event)
        gathered = gather(gathered, happenings, Wishes())
        told, gathered = take(gathered, rhythm, now)
        messages += [told] if told else []
    while (due := due_at(gathered, rhythm, now)) is not None:
        now = due
        told, gathered = take(gathered, rhythm, now)
        assert told  # what is due is told
        messages.append(told)
    assert sum(group.count for told in messages for group in told) == wanted
    assert gathered.groups == ()
