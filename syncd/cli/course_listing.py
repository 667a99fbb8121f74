"""The site's courses, as far as it tells of them, and those of them that somebody means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from syncd.core.functions import SITE_INFO
from syncd.errors import SiteRefused, UsageError
from syncd.tools.cells import Unfit
from syncd.tools.lookups.categories import SHOWN, Categories, Category, path_of
from syncd.tools.lookups.courses import COMPANION

if TYPE_CHECKING:
    from syncd.targets.base import Target

CORE = "core_course_get_courses"
ENROLLED = "core_enrol_get_enrolled_users"
CALL = 500
"""Categories whose courses are asked for in one call."""

FIELDS = ("shortname", "idnumber", "fullname", "categoryid", "visible", "timecreated")
COUNTS = {"enrolled": "enrolments", "activities": "modules", "last_access": "lastaccess"}
"""What the companion alone tells of many courses, by our name for it and its own."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A course of the site; None stands for what the site does not tell. Moments are seconds since 1970.

    `last_access` is 0 where nobody has ever been in it.
    """

    id: int
    shortname: str
    idnumber: str
    fullname: str
    category: str
    categoryid: int
    visible: bool
    created: int
    enrolled: int | None = None
    activities: int | None = None
    last_access: int | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which courses are meant: those that fit whatever is set."""

    category: str = ""
    pattern: str = ""
    empty: bool = False
    made_before: int | None = None
    never_used: bool = False

    @property
    def of_all(self) -> bool:
        """Whether nothing is set, so that every course of the site is meant."""
        return self == Selection()


def listing(target: Target, selection: Selection, side_by_side: Callable[..., Iterable[Any]]) -> list[Listed]:
    """The courses that are meant, by where they lie and their short names.

    `side_by_side` is a `map` that may make several calls at once. Raises `UsageError` for a category that is not there,
    and `SiteRefused` when the site can't tell what the selection depends on.
    """
    functions = {one["name"] for one in target.call(SITE_INFO, {})["functions"]}
    if selection.never_used and COMPANION not in functions:
        raise SiteRefused(
            "without the companion plugin nothing tells whether a course was ever used: install local_syncd "
            "(docs/MOODLE.md), or leave out --never-used"
        )
    categories = Categories()
    for call, take in categories.questions():
        take(target.call(call.function, call.parameters))
    below = _meant(categories, selection.category) if selection.category else None
    told = _told(target, categories) if COMPANION in functions else target.call(CORE, {})
    courses = [
        course
        for course in (_listed(one, categories) for one in told)
        if course.categoryid and (below is None or course.categoryid in below) and _fits(course, selection)
    ]
    if selection.empty and COMPANION not in functions:
        courses = _without_people(target, courses, side_by_side)
    return sorted(courses, key=lambda course: (course.category, course.shortname))


def _meant(categories: Categories, value: str) -> set[int]:
    """The ids of a category, named by its id, idnumber or path, and of all below it."""
    for find in (_by_id, Categories.by_idnumber, _by_path):
        try:
            category = find(categories, value)
        except Unfit:
            continue
        return {category.id, *(one.id for one in category.all_below())}
    raise UsageError(f"the site has no category with the id, the idnumber or the path {value}")


def _by_id(categories: Categories, value: str) -> Category:
    if not (value.isascii() and value.isdecimal()):
        raise Unfit("category-missing", "this is no id")
    return categories.by_id(value)


def _by_path(categories: Categories, value: str) -> Category:
    return categories.by_path(path_of(value, SHOWN.strip()))


def _told(target: Target, categories: Categories) -> Iterator[Mapping[str, Any]]:
    ids = [str(category.id) for category in categories.top.all_below()]
    for start in range(0, len(ids), CALL):
        asked = {"field": "category", "values": ids[start : start + CALL], "fields": [*FIELDS, *COUNTS.values()]}
        yield from target.call(COMPANION, asked)


def _listed(told: Mapping[str, Any], categories: Categories) -> Listed:
    category = categories.known(int(told["categoryid"]))
    counts = {ours: int(told[theirs]) for ours, theirs in COUNTS.items() if theirs in told}
    return Listed(
        int(told["id"]),
        str(told["shortname"]),
        str(told.get("idnumber") or ""),
        str(told["fullname"]),
        category.path if category else "",
        int(told["categoryid"]),
        bool(int(told.get("visible", 1))),
        int(told.get("timecreated") or 0),
        **counts,
    )


def _fits(course: Listed, selection: Selection) -> bool:
    return (
        (not selection.pattern or fnmatchcase(course.shortname.casefold(), selection.pattern.casefold()))
        and (selection.made_before is None or course.created < selection.made_before)
        and not (selection.empty and course.enrolled)
        and not (selection.never_used and course.last_access)
    )


def _without_people(
    target: Target, courses: Sequence[Listed], side_by_side: Callable[..., Iterable[Any]]
) -> list[Listed]:
    """Ask course by course whether anybody is enrolled: core tells it in no other way."""
    first = [{"name": "userfields", "value": "id"}, {"name": "limitnumber", "value": "1"}]

    def anybody(course: Listed) -> bool:
        return bool(target.call(ENROLLED, {"courseid": course.id, "options": first}))

    people = side_by_side(anybody, courses)
    return [replace(course, enrolled=0) for course, some in zip(courses, people, strict=True) if not some]
