"""A course's fields as the parameters of Moodle's functions."""

from collections.abc import Mapping
from typing import Any

from syncd.core.model import Act
from syncd.tools.courses.columns import OPTIONS, TEXTS, UNSEEN

OWN = ""
"""The name of the course that the row itself is about, where it is only to be made."""


def item(fields: Mapping[str, str], custom: Mapping[str, str], *, own_end: bool = False) -> dict[str, Any]:
    """Fields as keys of an item. `own_end`: the course ends when it is told to, and not with its last week."""
    made: dict[str, Any] = {}
    options: list[dict[str, str]] = []
    for column, value in fields.items():
        if column in OPTIONS:
            options.append({"name": column, "value": value})
        else:
            made[UNSEEN.get(column, column)] = value if column in TEXTS else int(value)
    if own_end:
        options.append({"name": "automaticenddate", "value": "0"})
    if options:
        made["courseformatoptions"] = options
    if custom:
        made["customfields"] = [{"shortname": name, "value": value} for name, value in custom.items()]
    return made


def upon(course: int, function: str, key: str, item: Mapping[str, Any], gives: str = "") -> Act:
    """An act upon a course, by its id or by the one that it will get."""
    if course:
        return Act(function, {key: course, **item}, gives=gives)
    return Act(function, item, gives=gives, takes={key: OWN})


def with_end(fields: Mapping[str, str], effective: Mapping[str, str]) -> dict[str, str]:
    """Fields with the beginning beside the end: Moodle checks dates by what a call holds alone."""
    if "enddate" in fields and int(fields["enddate"]) and "startdate" not in fields:
        return {**fields, "startdate": effective.get("startdate", "0")}
    return dict(fields)


def is_by_weeks(effective: Mapping[str, str]) -> bool:
    """Whether a course ends with its last week, unless it is told otherwise."""
    return effective.get("format") == "weeks"
