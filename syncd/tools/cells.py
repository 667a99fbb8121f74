"""What the cells of a command file may hold, and how their text becomes what Moodle stores."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import TypeVar

from syncd.core.model import Refusal

Reader = Callable[[str], str]
"""Takes a cell and returns the value that Moodle is to store; raises `Unfit`."""

YES_OR_NO = {
    **dict.fromkeys(("1", "yes", "true", "y", "on"), True),
    **dict.fromkeys(("0", "no", "false", "n", "off"), False),
}


class Unfit(Exception):
    """A row can't be carried out; `refusal` says why. What reads a cell leaves the place to its caller."""

    def __init__(self, code: str, reason: str, column: str = "", value: str = "", cure: str = "") -> None:
        self.refusal = Refusal(code, reason, column, value, cure)
        super().__init__(reason)


_TAG = re.compile(r"<(?!\s)")


Found = TypeVar("Found")


def at(column: str, find: Callable[[], Found]) -> Found:
    """What is found by the cell of a column; where it is refused, the refusal names the column."""
    try:
        return find()
    except Unfit as unfit:
        told = unfit.refusal
        raise Unfit(told.code, told.reason, column, told.value, told.cure) from unfit


def raw(longest: int) -> Reader:
    """Any text, of at most so many characters."""

    def read(cell: str) -> str:
        value = cell.strip()
        if len(value) > longest:
            raise too_long(value, longest)
        return value

    return read


def text(longest: int, *, filled: bool = False) -> Reader:
    """Text without tags, of at most so many characters: Moodle refuses a whole batch for what begins one."""

    def read(cell: str) -> str:
        value = cell.strip()
        if len(value) > longest:
            raise too_long(value, longest)
        if _TAG.search(value):
            reason = "the cell holds what looks like a tag, and Moodle takes none here"
            raise Unfit("value-wrong", reason, cure="Remove the <, or write a blank behind it.")
        if filled and not value:
            raise empty()
        return value

    return read


def name(longest: int, shape: str, example: str) -> Reader:
    """One of Moodle's own names, of a shape that no other value may have."""
    matches = re.compile(shape).fullmatch
    short = raw(longest)

    def read(cell: str) -> str:
        value = short(cell)
        if value and not matches(value):
            raise Unfit("value-wrong", "the cell holds characters that Moodle takes in no such name", cure=example)
        return value

    return read


def one_of(*values: str) -> Reader:
    """One of a few values, or nothing."""
    allowed = {"", *values}
    expected = " or ".join(values)

    def read(cell: str) -> str:
        value = cell.strip()
        if value not in allowed:
            raise Unfit("value-wrong", f"the cell must hold {expected}", cure=f"Write {expected}, or leave it empty.")
        return value

    return read


def yes_or_no(cell: str) -> str:
    """One of `YES_OR_NO`, or nothing."""
    value = cell.strip().lower()
    if value and value not in YES_OR_NO:
        raise Unfit("value-wrong", "the cell says neither yes nor no", cure="Write 1 or 0, or leave it empty.")
    return value


_FORMS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S")

_FORMS_TAKEN = "Write it as 2026-09-01 08:00, as 20260901, or as seconds since 1970."

FIRST_SECONDS = 100_000_000
"""The least number that is taken for seconds since 1970: a moment of 1973."""
FIRST_YEAR, LAST_YEAR = "1900", "2199"
"""The years in which eight digits are a date."""


def moment(cell: str) -> datetime | None:
    """A moment as ISO 8601 or eight digits, seconds since 1970, or day/month/year; None for nothing or 0.

    One that tells no zone is on the site's clock: `unix` says when that is.
    """
    value = cell.strip()
    if value in {"", "0"}:
        return None
    try:
        if re.fullmatch(r"-?\d{1,11}", value, re.ASCII):
            return _of_number(value)
        if value[:4].isdecimal() and "-" in value:
            return datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError) as error:
        raise _no_moment() from error
    for form in _FORMS:
        try:
            return datetime.strptime(value, form)  # noqa: DTZ007  # the zone is the site's
        except ValueError:
            continue
    raise _no_moment()


def _of_number(value: str) -> datetime:
    if len(value) == 8 and FIRST_YEAR <= value[:4] <= LAST_YEAR:
        with suppress(ValueError):
            return datetime.strptime(value, "%Y%m%d")  # noqa: DTZ007  # the zone is the site's
    if int(value) < FIRST_SECONDS:
        # What a spreadsheet has for 2026-09-01 is 46266: taken for seconds it would be a moment of 1970.
        raise Unfit(
            "value-wrong",
            "the cell holds a number that is no date: perhaps the number that a spreadsheet has for a day",
            cure=_FORMS_TAKEN,
        )
    return datetime.fromtimestamp(int(value), UTC)


def unix(moment: datetime | None, zone: tzinfo) -> int:
    """Seconds since 1970, as Moodle stores moments; 0 for none. A moment without a zone is one of `zone`."""
    if moment is None:
        return 0
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())


def _no_moment() -> Unfit:
    return Unfit(
        "value-wrong",
        "the cell holds no date that can be understood",
        cure=_FORMS_TAKEN,
    )


def number(cell: str) -> str:
    """A whole number, or nothing."""
    value = cell.strip()
    if value and not re.fullmatch(r"-?\d{1,10}", value, re.ASCII):
        raise Unfit("value-wrong", "the cell holds no whole number", cure="Write a number, or leave it empty.")
    return str(int(value)) if value else ""


def empty() -> Unfit:
    """Why a row is refused that leaves a cell empty which must be filled."""
    return Unfit("value-missing", "the cell is empty, and must be filled", cure="Fill the cell.")


def torn() -> Unfit:
    """Why a row is refused one of whose cells has several lines, which it can't have."""
    reason = "the cell goes on over several lines: a quotation mark that was never closed may have swallowed other rows"
    return Unfit("value-wrong", reason, cure="Close the quotation mark, and look at the rows after this one.")


def too_long(value: str, longest: int) -> Unfit:
    """Why a row is refused that holds more than Moodle stores."""
    return Unfit(
        "value-long", f"the cell has {len(value)} characters, Moodle stores {longest}", cure="Shorten the text."
    )
