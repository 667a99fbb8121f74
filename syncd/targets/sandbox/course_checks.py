"""What Moodle checks before it stores a course on the practice site."""

from collections.abc import Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters

_LENGTHS = {"fullname": 1333, "shortname": 255, "idnumber": 100}
_FORMATS = frozenset({0, 1, 2, 4})


def check_names(course: Mapping[str, Any]) -> None:
    """Refuse a course whose names would be empty."""
    for name in ("fullname", "shortname"):
        if not course.get(name, "unsaid").strip():
            raise ItemRefused("errorinvalidparam", f'The param "{name}" is invalid.')


def check_language(language: str) -> None:
    """Refuse a language that no pack is for."""
    # A practice site has every language pack; that a course forces none can't be said in words.
    try:
        parameters.language(language or "-")
    except ItemRefused as refused:
        raise ItemRefused("errorinvalidparam", 'The param "lang" is invalid.') from refused


def check_format(course: Mapping[str, Any]) -> None:
    """Refuse a text format that Moodle has not."""
    if course.get("summaryformat", 1) not in _FORMATS:
        raise ItemRefused("formatnotsupported", "webservice/formatnotsupported")


def check_dates(course: Mapping[str, Any]) -> None:
    """Refuse dates that don't go together, by what the call holds alone."""
    start, end = course.get("startdate", 0), course.get("enddate", 0)
    if start and end and end < start:
        raise ItemRefused("enddatebeforestartdate", "The course end date must be after the start date.")
    if end and not start:
        raise ItemRefused("nostartdatenoenddate", "A course end date can only be set if a start date is also set.")


def check_lengths(course: Mapping[str, Any]) -> None:
    """Refuse what the database can't store."""
    if any(len(course[name]) > longest for name, longest in _LENGTHS.items() if name in course):
        raise ItemRefused("dmlwriteexception", "Error writing to database")
