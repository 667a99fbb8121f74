"""The practice site's courses, with the enrolment methods that Moodle gives each."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.contexts import COURSE, context_triggers
from syncd.targets.sandbox.course_checks import (
    check_dates,
    check_format,
    check_language,
    check_lengths,
    check_names,
)
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.parameters import Check
from syncd.targets.sandbox.site import Visit, compared

SITE_COURSE = 1
STUDENT = 5
"""The role that enrolment methods give by default."""

TABLES = f"""
CREATE TABLE IF NOT EXISTS course (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    category INTEGER NOT NULL,
    shortname TEXT NOT NULL,
    shortname_key TEXT NOT NULL UNIQUE,
    idnumber TEXT NOT NULL DEFAULT '',
    idnumber_key TEXT NOT NULL DEFAULT '',
    visible INTEGER NOT NULL DEFAULT 1,
    timecreated INTEGER NOT NULL DEFAULT 0,
    timemodified INTEGER NOT NULL DEFAULT 0,
    record TEXT NOT NULL                   -- every other field of the course as JSON
);
CREATE INDEX IF NOT EXISTS course_idnumber ON course (idnumber_key);
CREATE INDEX IF NOT EXISTS course_of_category ON course (category);
CREATE TABLE IF NOT EXISTS enrol (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    courseid INTEGER NOT NULL REFERENCES course (id) ON DELETE CASCADE,
    enrol TEXT NOT NULL,
    status INTEGER NOT NULL,               -- 0 open, 1 closed
    sortorder INTEGER NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    roleid INTEGER NOT NULL DEFAULT 0,
    password TEXT NOT NULL DEFAULT '',
    customint1 INTEGER NOT NULL DEFAULT 0,  -- of cohort: the cohort; of meta: the linked course
    customint2 INTEGER NOT NULL DEFAULT 0   -- of cohort and meta: the group
);
CREATE INDEX IF NOT EXISTS enrol_course ON enrol (courseid, enrol);
CREATE INDEX IF NOT EXISTS enrol_linked ON enrol (enrol, customint1);
CREATE TABLE IF NOT EXISTS course_section (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    course INTEGER NOT NULL REFERENCES course (id) ON DELETE CASCADE,
    section INTEGER NOT NULL,
    name TEXT,                             -- NULL: named by the course format
    summary TEXT NOT NULL DEFAULT '',
    UNIQUE (course, section)
);
CREATE TABLE IF NOT EXISTS course_module (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    course INTEGER NOT NULL REFERENCES course (id) ON DELETE CASCADE,
    section INTEGER NOT NULL,
    modname TEXT NOT NULL,
    name TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS course_module_course ON course_module (course);
{context_triggers("course", COURSE)}
INSERT OR IGNORE INTO course (id, category, shortname, shortname_key, record) VALUES
    ({SITE_COURSE}, 0, 'practice', 'practice', '{{"fullname": "Practice site", "format": "site"}}');
"""

_pairs = parameters.list_of(parameters.structure({"name": parameters.shortname, "value": parameters.text}))
_fields = parameters.list_of(parameters.structure({"shortname": parameters.shortname, "value": parameters.text}))
_NUMBERS = (
    "categoryid",
    "summaryformat",
    "showgrades",
    "newsitems",
    "startdate",
    "enddate",
    "numsections",
    "maxbytes",
    "showreports",
    "visible",
    "hiddensections",
    "groupmode",
    "groupmodeforce",
    "defaultgroupingid",
    "enablecompletion",
    "completionnotify",
)
_plugin: Check = parameters.matching(r"[a-z](?:[a-z0-9_](?!__))*[a-z0-9]")
_OPTIONAL: dict[str, Check] = {
    "fullname": parameters.text_in_languages,
    "shortname": parameters.text_in_languages,
    "idnumber": parameters.text,
    "summary": parameters.text,
    "format": _plugin,
    "lang": parameters.matching(r"[a-zA-Z0-9_-]+"),
    "forcetheme": _plugin,
    "courseformatoptions": _pairs,
    "customfields": _fields,
} | dict.fromkeys(_NUMBERS, parameters.integer)
_REQUIRED = {name: _OPTIONAL[name] for name in ("fullname", "shortname", "categoryid")}
CREATE = parameters.structure({"courses": parameters.list_of(parameters.structure(_REQUIRED, _OPTIONAL))})
UPDATE = parameters.structure(
    {"courses": parameters.list_of(parameters.structure({"id": parameters.integer}, _OPTIONAL))}
)
DELETE = parameters.structure({"courseids": parameters.list_of(parameters.integer)})

DEFAULTS: dict[str, Any] = {
    "summary": "",
    "summaryformat": 1,
    "format": "topics",
    "showgrades": 1,
    "newsitems": 5,
    "startdate": 0,
    "enddate": 0,
    "maxbytes": 0,
    "showreports": 0,
    "groupmode": 0,
    "groupmodeforce": 0,
    "defaultgroupingid": 0,
    "enablecompletion": 1,
    "completionnotify": 0,
    "lang": "",
    "legacyfiles": 0,
}
_YEAR = 365 * 86_400
_MAX_BYTES = 268_435_456
FORMAT_OPTIONS: dict[str, dict[str, int]] = {
    "topics": {"hiddensections": 1, "coursedisplay": 0},
    "weeks": {"hiddensections": 1, "coursedisplay": 0, "automaticenddate": 1},
    "singleactivity": {},
    "social": {"numdiscussions": 10},
}
_WEEK = 7 * 86_400
COURSE_FIELDS = {
    "code": ("text", r"[^<]*"),
    "level": ("select", r"[0-2]?"),
    "remote": ("checkbox", r"[01]"),
    "opens": ("date", r"\d{1,11}"),
}
"""The site's own course fields: the type of each, and what it takes."""
LEVELS = ("", "Bachelor", "Master")


def create(visit: Visit, courses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Create all the courses or none. Short names and idnumbers may not be taken, whatever their case; any format is
    taken; unknown custom fields are dropped without a word."""
    return [{"id": _create(visit, course), "shortname": course["shortname"]} for course in courses]


def _create(visit: Visit, course: dict[str, Any]) -> int:
    if not _has_category(visit, course["categoryid"]):
        raise ItemRefused(
            "errorcatcontextnotvalid",
            f"You cannot execute functions in the category context (category id:{course['categoryid']}). The context"
            " error message was: Invalid parameter value detected",
        )
    check_names(course)
    if "lang" in course:
        check_language(course["lang"])
    check_format(course)
    _check_taken(visit, 0, course)
    midnight = visit.now - visit.now % 86_400
    course.setdefault("startdate", midnight)
    course.setdefault("enddate", course["startdate"] + _YEAR)
    check_dates(course)
    check_lengths(course)
    made = _insert(visit, course)
    for section in range(course.get("numsections", 0) + 1):
        make_section(visit, made, section)
    _furnish(visit, made)
    _set_end_of_weeks(visit, made)
    return made


def _insert(visit: Visit, course: Mapping[str, Any]) -> int:
    record = DEFAULTS | _stored(course, {})
    created = visit.connection.execute(
        "INSERT INTO course (category, shortname, shortname_key, idnumber, idnumber_key, visible, timecreated,"
        " timemodified, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            course["categoryid"],
            course["shortname"],
            compared(course["shortname"]),
            course.get("idnumber", ""),
            compared(course.get("idnumber", "")),
            course.get("visible", 1),
            visit.now,
            visit.now,
            _json(record),
        ),
    )
    return int(created.lastrowid or 0)


def _furnish(visit: Visit, course_id: int) -> None:
    """What every new course has: people are enrolled by hand; guests and self-enrolment are there, and closed."""
    for place, (method, status, role) in enumerate((("manual", 0, STUDENT), ("guest", 1, 0), ("self", 1, STUDENT))):
        visit.connection.execute(
            "INSERT INTO enrol (courseid, enrol, status, sortorder, roleid) VALUES (?, ?, ?, ?, ?)",
            (course_id, method, status, place, role),
        )


def make_section(visit: Visit, course_id: int, section: int) -> None:
    """Make a section of a course, unless it is there."""
    visit.connection.execute(
        "INSERT OR IGNORE INTO course_section (course, section) VALUES (?, ?)", (course_id, section)
    )


def _has_category(visit: Visit, category_id: int) -> bool:
    found = visit.connection.execute("SELECT 1 FROM course_category WHERE id = ?", (category_id,))
    return found.fetchone() is not None


def _check_taken(visit: Visit, course_id: int, course: Mapping[str, Any]) -> None:
    for name, code, what in (
        ("shortname", "shortnametaken", "Short name"),
        ("idnumber", "courseidnumbertaken", "ID number"),
    ):
        value = course.get(name, "")
        taken = visit.connection.execute(
            f"SELECT 1 FROM course WHERE {name}_key = ? AND id <> ?", (compared(value), course_id)
        )
        if value and taken.fetchone():
            raise ItemRefused(code, f"{what} is already used for another course ({value})")


_NOT_IN_RECORD = frozenset(
    {"id", "categoryid", "shortname", "idnumber", "visible", "numsections", "forcetheme", "customfields"}
)


def _stored(course: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    # A course can't force a theme unless the site lets it.
    record = {name: value for name, value in course.items() if name not in _NOT_IN_RECORD}
    known = FORMAT_OPTIONS.get(record.get("format", before.get("format", DEFAULTS["format"])), {})
    options = {pair["name"]: pair["value"] for pair in record.pop("courseformatoptions", ())}
    if "hiddensections" in record:
        options["hiddensections"] = record.pop("hiddensections")
    kept = {name: before.get("options", {}).get(name, usual) for name, usual in known.items()}
    if "customfields" in course:
        record["custom"] = before.get("custom", {}) | _custom(course["customfields"])
    return record | {"options": kept | {name: int(options[name]) for name in known.keys() & options.keys()}}


def _custom(fields: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """What custom fields are to store; those that the site has not are dropped without a word."""
    known = [one for one in fields if one["shortname"] in COURSE_FIELDS]
    if not all(re.fullmatch(COURSE_FIELDS[one["shortname"]][1], one["value"]) for one in known):
        raise ItemRefused("invalidpersistenterror", "Error: Data submitted is invalid")
    return {one["shortname"]: one["value"] for one in known}


def _set_end_of_weeks(visit: Visit, course_id: int) -> None:
    """A course by weeks ends with its last week, unless it is told not to."""
    (text,) = visit.connection.execute("SELECT record FROM course WHERE id = ?", (course_id,)).fetchone()
    record = json.loads(text)
    if record["options"].get("automaticenddate"):
        (last,) = visit.connection.execute(
            "SELECT max(section) FROM course_section WHERE course = ?", (course_id,)
        ).fetchone()
        record["enddate"] = record["startdate"] + _WEEK * last
        visit.connection.execute("UPDATE course SET record = ? WHERE id = ?", (_json(record), course_id))


def update(visit: Visit, courses: list[dict[str, Any]]) -> dict[str, Any]:
    """Update each course by itself; the answer's `warnings` name those that were left as they were, and why.

    Dates are checked by what the call holds alone. A course that is moved to a category that is not there is warned
    of, and nevertheless lies there afterwards.
    """
    return {"warnings": [warning for course in courses for warning in _update(visit, course)]}


def _update(visit: Visit, course: dict[str, Any]) -> Iterator[dict[str, Any]]:
    try:
        found = visit.connection.execute("SELECT record, category FROM course WHERE id = ?", (course["id"],)).fetchone()
        if found is None:
            raise _unknown_record()
        _write(visit, course, json.loads(found[0]), moved=course.get("categoryid", found[1]) != found[1])
    except ItemRefused as refused:
        yield _warning(course["id"], refused.code, refused.message)


def _write(visit: Visit, course: dict[str, Any], record: dict[str, Any], *, moved: bool) -> None:
    check_names(course)
    if course.get("lang", record.get("lang")) != record.get("lang"):
        check_language(course["lang"])
    check_format(course)
    if course["id"] == SITE_COURSE:
        raise ItemRefused("invalidcourse", "Invalid course")
    _check_taken(visit, course["id"], course)
    check_dates(course)
    check_lengths(course)
    if course.get("maxbytes", 0) > _MAX_BYTES:
        course["maxbytes"] = _MAX_BYTES
    columns: dict[str, Any] = {
        {"categoryid": "category"}.get(name, name): course[name]
        for name in ("categoryid", "shortname", "idnumber", "visible")
        if name in course
    }
    columns |= {f"{name}_key": compared(columns[name]) for name in ("shortname", "idnumber") if name in columns}
    lost = moved and not _has_category(visit, course["categoryid"])
    if lost:
        columns["visible"] = 0
    columns |= {"timemodified": visit.now, "record": _json(record | _stored(course, record))}
    visit.connection.execute(
        f"UPDATE course SET {', '.join(f'{name} = ?' for name in columns)} WHERE id = ?",
        (*columns.values(), course["id"]),
    )
    _set_end_of_weeks(visit, course["id"])
    if lost:
        raise _unknown_record()


def _warning(course_id: int, code: str, message: str) -> dict[str, Any]:
    return {"item": "course", "itemid": course_id, "warningcode": code, "message": message}


def _unknown_record() -> ItemRefused:
    return ItemRefused("invalidrecordunknown", "Can't find data record in database.")


def delete(visit: Visit, courseids: list[int]) -> dict[str, Any]:
    """Delete each course by itself with all that it holds; the answer's `warnings` name those that were not."""
    return {"warnings": [warning for course_id in courseids for warning in _delete(visit, course_id)]}


def _delete(visit: Visit, course_id: int) -> Iterator[dict[str, Any]]:
    if course_id == SITE_COURSE:
        yield _warning(course_id, "cannotdeletecategorycourse", f"Course {course_id} failed to be deleted")
    elif not visit.connection.execute("DELETE FROM course WHERE id = ?", (course_id,)).rowcount:
        yield _warning(course_id, "unknowncourseidnumber", f"Unknown course ID {course_id}")


def _json(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


FUNCTIONS = {
    "core_course_create_courses": Answers(CREATE, create, writes=True),
    "core_course_update_courses": Answers(UPDATE, update, writes=True),
    "core_course_delete_courses": Answers(DELETE, delete, writes=True),
}
