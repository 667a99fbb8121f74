"""When no run starts because the settings say so."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.freeze import Freeze, frozen, next_change, thaw

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 10, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

MOMENTS = st.integers(0, 48 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))
ZONES = st.sampled_from([UTC, PARIS])


@st.composite
def freezes(draw: st.DrawFn) -> list[Freeze]:
    """Some freezes within two days, over the night in which Paris sets its clocks back."""
    spans = draw(st.lists(st.tuples(MOMENTS, st.integers(1, 24 * 60), st.sampled_from([(), ("a",), ("a", "b")]))))
    zone = draw(ZONES)
    return [
        Freeze(
            begins=begins.astimezone(zone),
            ends=(begins + timedelta(minutes=minutes)).astimezone(zone),
            who="ana",
            why="",
            tools=tools,
        )
        for begins, minutes, tools in spans
    ]


def freeze(begins: int, ends: int, *tools: str) -> Freeze:
    """A freeze between two hours after noon."""
    return Freeze(begins=NOON + begins * HOUR, ends=NOON + ends * HOUR, who="ana", why="", tools=tools)


def test_a_freeze_holds_from_its_beginning_up_to_its_end() -> None:
    """At the very moment at which it ends, runs start again."""
    one = freeze(1, 2)
    assert [one.holds(NOON + minutes * HOUR / 60) for minutes in (59, 60, 119, 120)] == [False, True, True, False]


def test_a_freeze_without_tools_means_all() -> None:
    """Named ones alone are meant otherwise."""
    assert freeze(0, 1).means("users")
    assert freeze(0, 1, "users").means("users")
    assert not freeze(0, 1, "courses").means("users")


def test_of_freezes_that_overlap_the_last_end_counts() -> None:
    """One runs into the next: nothing starts between them."""
    several = [freeze(0, 5), freeze(0, 3), freeze(4, 8), freeze(8, 9), freeze(10, 11)]
    assert frozen(several, "users", NOON) is several[0]
    assert thaw(several, "users", NOON) == NOON + 9 * HOUR


@given(freezes(), MOMENTS, ZONES)
def test_what_is_due_in_a_freeze_is_due_at_its_end(several: list[Freeze], moment: datetime, zone: ZoneInfo) -> None:
    """At the thaw nothing is frozen any more, at every moment before it something was."""
    there = thaw(several, "a", moment.astimezone(zone))
    assert there.tzinfo is zone
    assert not frozen(several, "a", there)
    assert there.astimezone(UTC) >= moment
    minutes = int((there.astimezone(UTC) - moment) / timedelta(minutes=1))
    assert all(frozen(several, "a", moment + timedelta(minutes=minute)) for minute in range(0, minutes, 7))


@given(freezes(), MOMENTS, ZONES)
def test_nothing_changes_before_the_next_change(several: list[Freeze], moment: datetime, zone: ZoneInfo) -> None:
    """Who looks again then misses no beginning and no end."""
    change = next_change(several, moment.astimezone(zone))
    until = change or moment + timedelta(days=5)
    assert until > moment
    holding = [one.holds(moment) for one in several]
    assert holding == [one.holds(until - timedelta(microseconds=1)) for one in several]
