"""Durations as people write them: `90s`, `5m`, `6h`, `30d`, `500ms`, `1h30m`."""

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from syncd.core.settings import Written

MILLISECONDS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
"""The units, longest first, and how long each is."""

LONGEST = 36_525 * 86_400.0
"""A century: past it, moments leave the calendar, and nobody meant it."""

_WRITTEN = re.compile(r"\s*".join(rf"(?:(\d{{1,15}}(?:\.\d{{1,3}})?)\s*{unit})?" for unit in MILLISECONDS), re.ASCII)


def parse(text: str) -> float:
    """The seconds that a text means: numbers with units, longest unit first.

    Raises `ValueError` whose text says how durations are written.
    """
    numbers = found.groups() if (found := _WRITTEN.fullmatch(text.strip())) else ()
    if not any(numbers):
        raise ValueError("is not a duration: write a number with its unit, such as 90s, 5m, 6h, 30d, 500ms or 1h30m")
    parts = zip(numbers, MILLISECONDS.values(), strict=True)
    return _bounded(sum(round(float(number) * unit) for number, unit in parts if number) / 1000)


def written(seconds: float) -> str:
    """A duration as the settings write it, to the millisecond: `1h30m`. `parse` takes it back."""
    return "".join(f"{number}{unit}" for number, unit in _parts(seconds)) or "0s"


def spoken(seconds: float) -> str:
    """A duration for people, to the millisecond: `1 h 30 min`."""
    return " ".join(f"{number} {'min' if unit == 'm' else unit}" for number, unit in _parts(seconds)) or "0 s"


def _parts(seconds: float) -> Iterator[tuple[int, str]]:
    rest = round(seconds * 1000)
    for unit, length in MILLISECONDS.items():
        number, rest = divmod(rest, length)
        if number:
            yield number, unit


def _bounded(seconds: float) -> float:
    if not 0 <= seconds <= LONGEST:
        raise ValueError("is out of reach: a duration lies between 0s and 36525d (a century)")
    return seconds


def _seconds(value: object, info: ValidationInfo) -> float:
    if isinstance(value, str):
        return parse(value)
    # A person's bare number is refused: whoever wrote keep_archives = 365 did not mean seconds.
    if isinstance(value, bool) or not isinstance(value, int | float) or isinstance(info.context, Written):
        raise ValueError('must be a text with a unit, such as "90s", "5m", "6h", "30d", "500ms" or "1h30m"')
    return _bounded(float(value))


Seconds = Annotated[float, BeforeValidator(_seconds)]
"""A setting that is a duration: in the file a text as `parse` takes it, in programs a number of seconds."""


def at_least(shortest: float) -> AfterValidator:
    """What `Annotated[Seconds, at_least(1)]` adds: shorter durations are refused."""

    def check(seconds: float) -> float:
        if seconds < shortest:
            raise ValueError(f"is too short: at least {written(shortest)}")
        return seconds

    return AfterValidator(check)
