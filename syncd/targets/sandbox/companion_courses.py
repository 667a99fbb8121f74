"""The companion's functions for courses, as the practice site has them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.companion import each
from syncd.targets.sandbox.contexts import COURSE, context_id
from syncd.targets.sandbox.course_lookups import courses, instances
from syncd.targets.sandbox.courses import SITE_COURSE, make_section
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.roles import may_be_assigned
from syncd.targets.sandbox.site import Visit, compared

_words = parameters.list_of(parameters.text)
_ids = parameters.filled_list_of(parameters.integer)
GET = parameters.structure({"field": parameters.letters, "values": _words}, {"fields": _words})
OF_COURSES = parameters.structure({"courseids": _ids})
SET_SECTIONS = parameters.structure(
    {
        "sections": parameters.filled_list_of(
            parameters.structure(
                {"courseid": parameters.integer, "section": parameters.integer},
                {"name": parameters.text, "summary": parameters.text},
            )
        )
    }
)
SET_METHODS = parameters.structure(
    {
        "methods": parameters.filled_list_of(
            parameters.structure(
                {"courseid": parameters.integer, "enrol": parameters.text, "status": parameters.integer},
                {"roleid": parameters.integer, "password": parameters.text, "name": parameters.text},
            )
        )
    }
)
SET_CATEGORIES = parameters.structure(
    {"categories": parameters.list_of(parameters.structure({"id": parameters.integer, "visible": parameters.boolean}))}
)

MOST_SECTIONS = 52
_COLUMNS = {"id": "course.id", "shortname": "shortname_key", "idnumber": "idnumber_key", "category": "category"}
_METHODS = ("manual", "self", "guest")
_TOLD = (
    *("id", "shortname", "idnumber", "fullname", "categoryid", "visible", "format", "summary", "summaryformat"),
    *("startdate", "enddate", "lang", "theme", "groupmode", "groupmodeforce", "defaultgroupingid", "showgrades"),
    *("newsitems", "maxbytes", "showreports", "legacyfiles", "enablecompletion", "coursedisplay", "sortorder"),
    *("timecreated", "timemodified", "numsections", "enrolments", "lastaccess", "modules"),
)


def get(visit: Visit, field: str, values: list[str], fields: list[str] | None = None) -> list[dict[str, Any]]:
    """The courses whose field has one of the values, but the site's own; those that are not there are absent."""
    if strange := [name for name in fields or () if name not in _TOLD] or ([field] if field not in _COLUMNS else []):
        raise ItemRefused("fieldunknown", f"There is no field {', '.join(strange)}.")
    if field in {"id", "category"}:
        keys: list[Any] = [int(value) for value in values if value.isdecimal()]
    else:
        keys = [compared(value) for value in values if value]
    found = courses(visit, f"WHERE {_COLUMNS[field]} IN (SELECT value FROM json_each(?))", json.dumps(keys))
    wanted = fields or _TOLD
    return [_told(visit, course, wanted) for course in found if course["id"] != SITE_COURSE]


def _told(visit: Visit, course: Mapping[str, Any], wanted: Iterable[str]) -> dict[str, Any]:
    (enrolments,) = visit.connection.execute(
        "SELECT count(*) FROM user_enrolment JOIN enrol ON enrol.id = enrolid WHERE courseid = ?", (course["id"],)
    ).fetchone()
    (modules,) = visit.connection.execute(
        "SELECT count(*) FROM course_module WHERE course = ?", (course["id"],)
    ).fetchone()
    whole = {
        **course,
        "theme": "",
        "coursedisplay": course["options"].get("coursedisplay", 0),
        "enrolments": enrolments,
        "lastaccess": 0,
        "modules": modules,
    }
    return {name: whole[name] for name in ("id", *wanted)}


def get_sections(visit: Visit, courseids: list[int]) -> list[dict[str, Any]]:
    """The sections of some courses; a name that the format gives is empty."""
    rows = visit.connection.execute(
        "SELECT course, section, coalesce(name, ''), summary FROM course_section"
        " WHERE course IN (SELECT value FROM json_each(?)) ORDER BY course, section",
        (json.dumps(courseids),),
    )
    return [dict(zip(("courseid", "section", "name", "summary"), row, strict=True)) for row in rows]


def set_sections(visit: Visit, sections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Name and describe sections; those that lack are made, with all before them."""
    return each(visit, sections, lambda item: _set_section(visit, item))


def _set_section(visit: Visit, item: Mapping[str, Any]) -> int:
    check_course(visit, item["courseid"])
    if not 0 <= item["section"] <= MOST_SECTIONS:
        reason = f"There can be no section {item['section']}: they go from 0 to {MOST_SECTIONS}."
        raise ItemRefused("sectioninvalid", reason)
    if len(item.get("name", "")) > 255:
        raise ItemRefused("fieldinvalid", "The value of name is not one that Moodle takes.")
    for section in range(item["section"] + 1):
        make_section(visit, item["courseid"], section)
    place = item["courseid"], item["section"]
    for column in ("name", "summary"):
        if column in item:
            visit.connection.execute(
                f"UPDATE course_section SET {column} = ? WHERE course = ? AND section = ?", (item[column], *place)
            )
    found = visit.connection.execute("SELECT id FROM course_section WHERE course = ? AND section = ?", place)
    return int(found.fetchone()[0])


def get_methods(visit: Visit, courseids: list[int]) -> list[dict[str, Any]]:
    """Every enrolment method of some courses, in their order."""
    return list(instances(visit, courseids))


def set_methods(visit: Visit, methods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Open or close the first instance of each method, which is made if it lacks."""
    return each(visit, methods, lambda item: _set_method(visit, item))


def _set_method(visit: Visit, item: Mapping[str, Any]) -> int:
    if item["enrol"] not in _METHODS:
        raise ItemRefused("methodunknown", f"{item['enrol']} is no enrolment method that can be used here.")
    if item["status"] not in (0, 1):
        raise ItemRefused("fieldinvalid", "The value of status is not one that Moodle takes.")
    check_course(visit, item["courseid"])
    context = context_id(visit, COURSE, item["courseid"])
    if item.get("roleid") and not may_be_assigned(visit, item["roleid"], context):
        reason = f"The role with the id {item['roleid']} is not there, or may not be assigned in this course."
        raise ItemRefused("roleunassignable", reason)
    found = [one["id"] for one in instances(visit, [item["courseid"]]) if one["enrol"] == item["enrol"]]
    number = found[0] if found else _make_method(visit, item)
    changes = {name: item[name] for name in ("status", "roleid", "password", "name") if name in item}
    visit.connection.execute(
        f"UPDATE enrol SET {', '.join(f'{name} = ?' for name in changes)} WHERE id = ?", (*changes.values(), number)
    )
    return number


def _make_method(visit: Visit, item: Mapping[str, Any]) -> int:
    made = visit.connection.execute(
        "INSERT INTO enrol (courseid, enrol, status, sortorder, roleid) VALUES"
        " (?, ?, 1, (SELECT coalesce(max(sortorder), -1) + 1 FROM enrol WHERE courseid = ?), ?)",
        (item["courseid"], item["enrol"], item["courseid"], 0 if item["enrol"] == "guest" else 5),
    )
    return int(made.lastrowid or 0)


def set_categories(visit: Visit, categories: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Show or hide categories."""
    return each(visit, categories, lambda item: _set_category(visit, **item))


def _set_category(visit: Visit, id: int, visible: bool) -> int:
    if not visit.connection.execute("UPDATE course_category SET visible = ? WHERE id = ?", (visible, id)).rowcount:
        raise ItemRefused("unknowncategory", f'Unknown category with category ID number "{id}"')
    return id


def check_course(visit: Visit, course: int) -> None:
    """Refuse a course that is not there, and the site's own."""
    if course == SITE_COURSE or not context_id(visit, COURSE, course):
        raise ItemRefused("invalidcourseid", f"No course with the id {course} is there.")


FUNCTIONS = {
    "local_syncd_get_courses": Answers(GET, get, writes=False),
    "local_syncd_get_sections": Answers(OF_COURSES, get_sections, writes=False),
    "local_syncd_set_sections": Answers(SET_SECTIONS, set_sections, writes=True),
    "local_syncd_get_enrol_methods": Answers(OF_COURSES, get_methods, writes=False),
    "local_syncd_set_enrol_methods": Answers(SET_METHODS, set_methods, writes=True),
    "local_syncd_set_categories": Answers(SET_CATEGORIES, set_categories, writes=True),
}
