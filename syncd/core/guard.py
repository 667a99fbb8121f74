"""The limits over which a run is held for a person."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from pydantic import Field, PlainValidator

from syncd.core.model import Outcome
from syncd.core.settings import Settings

FEW = 5
"""What a share always allows: a few rows of a small file are somebody's work, a mass is an accident."""

FEW_CHANGES = 50
"""What a share of changes always allows: each row of a file that brings only what is new changes something."""


@dataclass(frozen=True, slots=True)
class Count:
    """A limit of so many rows, exactly."""

    rows: int

    def of(self, rows: int, few: int = FEW) -> int:
        """How many rows are allowed, whatever the size of the file."""
        return self.rows

    def spoken(self, rows: int, few: int = FEW) -> str:
        """The limit for people."""
        return _rows(self.rows)


@dataclass(frozen=True, slots=True)
class Share:
    """A limit of so many per cent of a file's rows, and never less than a few. 100 % never holds a run."""

    percent: Fraction

    def of(self, rows: int, few: int = FEW) -> int:
        """How many of a file's rows are allowed."""
        return max(few, int(rows * self.percent / 100))

    def spoken(self, rows: int, few: int = FEW) -> str:
        """The limit for people, with what it comes to in a file of so many rows."""
        floor = "never less than " if self.of(rows, few) == few else ""
        return f"{float(self.percent):g} % ({floor}{_rows(self.of(rows, few))})"


def _limit(value: object) -> Count | Share:
    match value:
        case Count() | Share():
            return value
        case int() if value >= 0 and not isinstance(value, bool):
            return Count(value)
        case str() if re.fullmatch(r"\d{1,3}(\.\d{1,6})?\s*%", value.strip(), re.ASCII):
            percent = Fraction(value.strip().removesuffix("%").strip())
            if percent <= 100:
                return Share(percent)
    raise ValueError('must be a number of rows, such as 20, or a share of the file, such as "5%" ("100%": no limit)')


Limit = Annotated[Count | Share, PlainValidator(_limit)]
"""A setting that is a number of rows or a share of the file."""


class Guard(Settings):
    """The limits of a tool; over one of them the run is held and nothing is sent."""

    deletes: Limit = Share(Fraction(5))
    """How many rows may delete or suspend what they name: a share of the file's rows, or a number of rows. What a
    row takes away besides, as the members of a cohort, counts as a row each."""
    changes: Limit = Share(Fraction(50))
    """How many rows may change, suspend or delete something that exists."""
    errors: Limit = Share(Fraction(10))
    """How many rows may be refused."""
    rows_at_least: int = Field(default=1, ge=0)
    """A file with fewer rows is held: it was probably cut off, or the query that wrote it failed."""


_LIMITED = {
    "deletes": (frozenset({Outcome.DELETED, Outcome.SUSPENDED}), "would delete or suspend something"),
    "changes": (
        frozenset({Outcome.UPDATED, Outcome.SUSPENDED, Outcome.DELETED}),
        "would change, suspend or delete something",
    ),
    "errors": (frozenset({Outcome.REJECTED}), "are refused"),
}


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that a plan does not keep: its key, how many rows it allows, how many there are, and that in words."""

    limit: str
    allowed: int
    found: int
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def breaches(
    guard: Guard, rows: int, counts: Mapping[Outcome, int], reach: int = 0, *, corrected: bool = False
) -> tuple[Breach, ...]:
    """Every limit that a plan breaks, in the order of the keys; `rows` is how many rows the file has.

    `reach` is how many things its rows take away besides those that they count for. A `corrected` file is a tryback:
    each of its rows is to change something, or is refused once more, so shares of `changes` and `errors` mean nothing.
    """
    return tuple(_breaches(guard, rows, counts, reach, corrected))


def _breaches(guard: Guard, rows: int, counts: Mapping[Outcome, int], reach: int, corrected: bool) -> Iterator[Breach]:
    for name, (outcomes, deed) in _LIMITED.items():
        limit: Count | Share = getattr(guard, name)
        counted = sum(counts.get(outcome, 0) for outcome in outcomes)
        found = counted + (reach if name == "deletes" else 0)
        if isinstance(limit, Share) and (limit.percent == 100 or (corrected and name != "deletes")):
            continue
        few = FEW_CHANGES if name == "changes" else FEW
        if found > (allowed := limit.of(rows, few)):
            besides = f", {found:,} things in all" if found > counted else ""
            sentence = f"{name}: {counted:,} of {_rows(rows)} {deed}{besides}, the limit is {limit.spoken(rows, few)}"
            yield Breach(name, allowed, found, sentence)
    if rows < guard.rows_at_least:
        expected = f"rows_at_least: the file has {_rows(rows)}, at least {guard.rows_at_least:,} must be there"
        yield Breach("rows_at_least", guard.rows_at_least, rows, expected)


def _rows(number: int) -> str:
    return f"{number:,} {'row' if number == 1 else 'rows'}"
