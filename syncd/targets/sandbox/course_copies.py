"""What is in the practice site's courses, and how it is copied from one to another."""

import json
from html import escape
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.contexts import COURSE, context_id
from syncd.targets.sandbox.courses import create
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.site import Visit

_option = parameters.structure({"name": parameters.shortname, "value": parameters.text})
_options = {"options": parameters.list_of(_option)}
CONTENTS = parameters.structure({"courseid": parameters.integer}, _options)
DUPLICATE = parameters.structure(
    {
        "courseid": parameters.integer,
        "fullname": parameters.text_in_languages,
        "shortname": parameters.text_in_languages,
        "categoryid": parameters.integer,
    },
    {"visible": parameters.integer} | _options,
)
IMPORT = parameters.structure(
    {"importfrom": parameters.integer, "importto": parameters.integer},
    {"deletecontent": parameters.integer} | _options,
)
_COPIED = (
    *("summary", "summaryformat", "format", "startdate", "enddate", "newsitems", "groupmode", "groupmodeforce"),
    *("showgrades", "showreports", "maxbytes", "enablecompletion", "lang", "options"),
)


def contents(visit: Visit, courseid: int, options: list[dict[str, str]] | None = None) -> list[dict[str, Any]]:
    """The sections of a course with their activities. Names are HTML, also of those who ask for the stored text."""
    if not context_id(visit, COURSE, courseid):
        raise ItemRefused("invalidrecordunknown", "Can't find data record in database.")
    bare = any(one["name"] == "excludemodules" and one["value"] in {"1", "true"} for one in options or ())
    modules: dict[int, list[dict[str, Any]]] = {}
    for number, section, modname, name in visit.connection.execute(
        "SELECT id, section, modname, name FROM course_module WHERE course = ? ORDER BY id", (courseid,)
    ):
        modules.setdefault(section, []).append(
            {"id": number, "modname": modname, "name": escape(name, quote=False), "visible": 1}
        )
    sections = visit.connection.execute(
        "SELECT id, section, name, summary FROM course_section WHERE course = ? ORDER BY section", (courseid,)
    )
    return [
        {
            "id": number,
            "section": section,
            "name": escape(name, quote=False) if name else "New section" if section else "General",
            "summary": summary,
            "summaryformat": 1,
            "visible": 1,
            "modules": [] if bare else modules.get(section, []),
        }
        for number, section, name, summary in sections
    ]


def duplicate(
    visit: Visit,
    courseid: int,
    fullname: str,
    shortname: str,
    categoryid: int,
    visible: int = 1,
    options: list[dict[str, str]] | None = None,
) -> dict[str, Any]:
    """Make a course with the fields, sections and activities of another; nobody is enrolled in it."""
    record = _record(visit, courseid)
    names = {"fullname": fullname or shortname, "shortname": shortname, "categoryid": categoryid, "visible": visible}
    if not visit.connection.execute("SELECT 1 FROM course_category WHERE id = ?", (categoryid,)).fetchone():
        raise ItemRefused("invalidrecordunknown", "Can't find data record in database.")
    if visit.connection.execute("SELECT 1 FROM course WHERE shortname = ?", (shortname,)).fetchone():
        raise ItemRefused("shortnametaken", f"Short name is already used for another course ({fullname})")
    (made,) = create(visit, [names])
    copied = {name: record[name] for name in _COPIED if name in record}
    visit.connection.execute(
        "UPDATE course SET record = ? WHERE id = ?", (json.dumps(_record(visit, made["id"]) | copied), made["id"])
    )
    _copy(visit, courseid, made["id"])
    return {"id": made["id"], "shortname": shortname}


def bring_in(
    visit: Visit,
    importfrom: int,
    importto: int,
    deletecontent: int = 0,
    options: list[dict[str, str]] | None = None,
) -> None:
    """Add the sections and activities of another course; with `deletecontent`, what was there goes before.

    With it go the summary and every enrolment method, with all enrolments.
    """
    if deletecontent not in (0, 1):
        raise ItemRefused("invalidextparam", f"Invalid external api parameter: {deletecontent}")
    _record(visit, importfrom)
    record = _record(visit, importto)
    if deletecontent:
        for table, column in (("course_module", "course"), ("course_section", "course"), ("enrol", "courseid")):
            visit.connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (importto,))
        visit.connection.execute(
            "UPDATE course SET record = ? WHERE id = ?", (json.dumps(record | {"summary": ""}), importto)
        )
    _copy(visit, importfrom, importto)


def _record(visit: Visit, course: int) -> dict[str, Any]:
    found = visit.connection.execute("SELECT record FROM course WHERE id = ?", (course,)).fetchone()
    if found is None:
        raise ItemRefused("invalidcourseid", "You are trying to use an invalid course ID")
    return dict(json.loads(found[0]))


def _copy(visit: Visit, source: int, goal: int) -> None:
    visit.connection.execute(
        "INSERT OR IGNORE INTO course_section (course, section, name, summary)"
        " SELECT ?, section, name, summary FROM course_section WHERE course = ?",
        (goal, source),
    )
    visit.connection.execute(
        "INSERT INTO course_module (course, section, modname, name)"
        " SELECT ?, section, modname, name FROM course_module WHERE course = ?",
        (goal, source),
    )


FUNCTIONS = {
    "core_course_get_contents": Answers(CONTENTS, contents, writes=False),
    "core_course_duplicate_course": Answers(DUPLICATE, duplicate, writes=True),
    "core_course_import_course": Answers(IMPORT, bring_in, writes=True),
}
