"""Durations as people write them."""

from pathlib import Path
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from syncd.core.durations import LONGEST, Seconds, at_least, parse, spoken, written
from syncd.core.settings import Settings, Written

MILLISECONDS = st.integers(0, int(LONGEST * 1000))


class Pace(Settings):
    """A table with a duration."""

    every: Seconds = 1.0
    rest: Annotated[Seconds, at_least(60)] = 60.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("6h", 21_600),
        ("30d", 2_592_000),
        ("500ms", 0.5),
        ("1h30m", 5_400),
        ("1.5h", 5_400),
        (" 1 h 30 m ", 5_400),
        ("0s", 0),
    ],
)
def test_a_number_with_its_unit_is_a_duration(text: str, seconds: float) -> None:
    """Each unit is understood, alone and after a longer one."""
    assert parse(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "5 weeks", "-5m", "5M", "30m1h", "5m5m", "m", "٣s", "1e3s", "1h-30m"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    """Whoever wrote something else is told how durations are written."""
    with pytest.raises(ValueError, match="such as 90s, 5m, 6h, 30d, 500ms or 1h30m"):
        parse(text)


def test_a_duration_past_a_century_is_refused() -> None:
    """A duration that would lead out of the calendar never gets that far."""
    with pytest.raises(ValueError, match="a century"):
        parse("40000d")


@given(MILLISECONDS)
def test_what_is_written_is_understood(milliseconds: int) -> None:
    """The text form of a duration means that duration."""
    assert parse(written(milliseconds / 1000)) == milliseconds / 1000


@given(MILLISECONDS)
def test_what_is_spoken_differs_only_in_its_looks(milliseconds: int) -> None:
    """What people read is what the settings would say."""
    assert spoken(milliseconds / 1000).replace("min", "m").replace(" ", "") == written(milliseconds / 1000)


def test_people_read_hours_and_minutes() -> None:
    """A duration is said in the units that people use."""
    assert spoken(5_400) == "1 h 30 min"
    assert spoken(0) == "0 s"


def test_a_bare_number_is_seconds_for_programs_and_a_mistake_in_a_file() -> None:
    """Whoever wrote 365 in a file did not mean seconds."""
    assert Pace(every=0.5).every == 0.5
    with pytest.raises(ValidationError, match="with a unit"):
        Pace.model_validate({"every": 365}, context=Written(Path("/")))


@pytest.mark.parametrize("value", [True, None, -1.0, float("nan"), float("inf")])
def test_what_is_no_duration_is_refused_from_programs_too(value: object) -> None:
    """A duration is a number from nought to a century, whoever says it."""
    with pytest.raises(ValidationError):
        Pace.model_validate({"every": value})


def test_a_duration_can_have_a_least_length() -> None:
    """A duration that must not be shorter says how long it must be."""
    with pytest.raises(ValidationError, match="at least 1m"):
        Pace.model_validate({"rest": "59s"})
