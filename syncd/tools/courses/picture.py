"""A course as the rows so far will have left it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from syncd.tools.courses.columns import DATES, FIELDS, OPTIONS, TEXTS
from syncd.tools.lookups.categories import Category
from syncd.tools.lookups.courses import Course


@dataclass(slots=True, eq=False)
class Picture:
    """A course; `id` is 0 while it is only to be made. `fields` are by the columns of the file, as text."""

    id: int
    fields: dict[str, str]
    category: int = 0
    """The category where it lies; 0: one that is only to be made, or where `home` says."""
    home: Category | None = None
    """The category that rows of this file put it into."""
    sections: dict[int, tuple[str, str]] = field(default_factory=dict)
    """The names and summaries of its sections."""
    methods: dict[str, bool] = field(default_factory=dict)
    """The enrolment methods, and whether each is open."""
    teachers: set[tuple[int, int]] = field(default_factory=set)
    """Users and the roles that rows of this file gave them."""
    custom: dict[str, str] = field(default_factory=dict)
    """What its custom fields store."""
    copied: set[int] = field(default_factory=set)
    """Templates that rows of this file brought in."""
    deleted: bool = False


def pictured(course: Course, more: Mapping[str, Any]) -> Picture:
    """A course of the site, by what its look-up told and what else was asked for."""
    told = {**course.told, **more}
    fields = {name: _text(told[name], name) for name in (*FIELDS, *DATES) if name in told}
    for option in told.get("courseformatoptions", ()):
        if option["name"] in OPTIONS:
            fields[option["name"]] = str(option["value"])
    return Picture(
        course.id,
        fields | {"shortname": course.shortname, "idnumber": course.idnumber},
        int(told.get("categoryid", 0)),
        methods=dict.fromkeys(told.get("enrollmentmethods", ()), True),
        custom={str(one["shortname"]): _stored(one.get("valueraw")) for one in told.get("customfields", ())},
    )


def _text(value: object, name: str) -> str:
    if value is None:
        return ""
    return str(value) if name in TEXTS else str(int(str(value) or 0))


def _stored(value: object) -> str:
    return "" if value is None else str(value)
