"""How the practice site finds courses, and what Moodle tells about one."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from syncd.errors import SiteRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.courses import COURSE_FIELDS, DEFAULTS, LEVELS
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.parameters import invalid_parameter
from syncd.targets.sandbox.site import Visit, compared

GET = parameters.structure({}, {"options": parameters.structure({}, {"ids": parameters.list_of(parameters.integer)})})
BY_FIELD = parameters.structure({}, {"field": parameters.text, "value": parameters.text})


def get(visit: Visit, options: Mapping[str, list[int]] | None = None) -> list[dict[str, Any]]:
    """The courses of these ids, or all and the site's own; an unknown id is simply absent."""
    ids = (options or {}).get("ids") or []
    where = "WHERE course.id IN (SELECT value FROM json_each(?))" if ids else "WHERE ? <> ''"
    return [_told(course) for course in courses(visit, where, json.dumps(ids))]


def _told(course: dict[str, Any]) -> dict[str, Any]:
    options = course.pop("options")
    told = {name: value for name, value in course.items() if name not in ("sortorder", "custom", "legacyfiles")}
    return told | {
        "displayname": course["fullname"],
        "categorysortorder": course["sortorder"],
        "forcetheme": "",
        "courseformatoptions": _named(options),
        **({"hiddensections": options["hiddensections"]} if "hiddensections" in options else {}),
    }


def by_field(visit: Visit, field: str = "", value: str = "") -> dict[str, Any]:
    """The courses whose `field` has the value: one value in a call; `category` finds those that lie there."""
    if not field:
        found = courses(visit, "WHERE ? = ''", "")
    elif field == "ids":
        ids = [int(part) for part in value.split(",") if part.isdecimal()]
        if not all(list(courses(visit, "WHERE course.id = ?", str(one))) for one in ids):
            # A defect of Moodle 5.1, whose answer has no code.
            raise SiteRefused('Attempt to assign property "contextvalidated" on null')
        found = courses(visit, "WHERE course.id IN (SELECT value FROM json_each(?))", json.dumps(ids))
    elif field in _BY_FIELD:
        column, key = _BY_FIELD[field]
        found = courses(visit, f"WHERE {column} = ?", key(value))
    else:
        raise invalid_parameter()
    return {"courses": [_public(visit, course) for course in found], "warnings": []}


def _number(value: str) -> str:
    return value if value.isdecimal() else "0"


_BY_FIELD = {
    "id": ("course.id", _number),
    "category": ("category", _number),
    "shortname": ("shortname_key", compared),
    "idnumber": ("idnumber_key", compared),
}


def courses(visit: Visit, where: str, value: str) -> Iterator[dict[str, Any]]:
    """All that is known of the courses that fit a condition with one value."""
    rows = visit.connection.execute(
        "SELECT course.id, category, shortname, idnumber, visible, timecreated, timemodified, record,"
        " coalesce((SELECT max(section) FROM course_section WHERE course = course.id), 0)"
        f" FROM course {where} ORDER BY course.id",
        (value,),
    )
    for course_id, category, shortname, idnumber, visible, created, modified, record, sections in rows:
        yield {
            **DEFAULTS,
            "options": {},
            **json.loads(record),
            "id": course_id,
            "categoryid": category,
            "shortname": shortname,
            "idnumber": idnumber,
            "visible": visible,
            "timecreated": created,
            "timemodified": modified,
            "numsections": sections,
            "sortorder": 10_000 * category + course_id,
            "showactivitydates": True,
        }


def _public(visit: Visit, course: dict[str, Any]) -> dict[str, Any]:
    options = course.pop("options")
    open_methods = visit.connection.execute(
        "SELECT enrol FROM enrol WHERE courseid = ? AND status = 0 ORDER BY sortorder, id", (course["id"],)
    )
    category = visit.connection.execute(
        "SELECT name FROM course_category WHERE id = ?", (course["categoryid"],)
    ).fetchone()
    told = {name: value for name, value in course.items() if name not in ("numsections", "custom")}
    return told | {
        "displayname": course["fullname"],
        "categoryname": category[0] if category else "",
        "enrollmentmethods": [method for (method,) in open_methods],
        "contacts": [],
        "theme": "",
        "courseformatoptions": _named(options),
        "customfields": [_custom(name, course.get("custom", {}).get(name)) for name in COURSE_FIELDS],
    }


def _custom(name: str, stored: str | None) -> dict[str, Any]:
    kind = COURSE_FIELDS[name][0]
    raw: int | str | None = stored or ""
    if kind != "text":
        raw = int(stored) if stored else 0
    shown = LEVELS[int(raw or 0)] if kind == "select" else stored
    return {"shortname": name, "name": name.title(), "type": kind, "value": shown or None, "valueraw": raw}


def _named(options: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in options.items()]


def instances(visit: Visit, courseids: Iterable[int]) -> Iterator[dict[str, Any]]:
    """Every enrolment method of some courses, in the order in which the courses use them."""
    names = ("id", "courseid", "enrol", "status", "name", "roleid", "sortorder", "customint1", "customint2", "password")
    for row in visit.connection.execute(
        f"SELECT {', '.join(names)} FROM enrol WHERE courseid IN (SELECT value FROM json_each(?))"
        " ORDER BY courseid, sortorder, id",
        (json.dumps(list(courseids)),),
    ):
        instance = dict(zip(names, row, strict=True))
        yield instance | {"password": bool(instance["password"])}


FUNCTIONS = {
    "core_course_get_courses": Answers(GET, get, writes=False),
    "core_course_get_courses_by_field": Answers(BY_FIELD, by_field, writes=False),
}
