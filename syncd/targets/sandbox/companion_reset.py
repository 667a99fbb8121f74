"""The companion's reset of courses: of groups, enrolments and dates, for a practice site has no more."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.companion import each
from syncd.targets.sandbox.companion_courses import check_course
from syncd.targets.sandbox.contexts import COURSE, context_id
from syncd.targets.sandbox.enrolments import unenrol
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.site import Visit

_option = parameters.structure({"name": parameters.text, "value": parameters.text})
RESET = parameters.structure(
    {
        "courses": parameters.filled_list_of(
            parameters.structure({"courseid": parameters.integer}, {"options": parameters.list_of(_option)})
        )
    }
)

FLAGS = frozenset(
    {
        *("reset_events", "reset_notes", "reset_comments", "reset_completion", "delete_blog_associations"),
        *("reset_competency_ratings", "reset_roles_local", "reset_roles_overrides", "reset_gradebook_items"),
        *("reset_gradebook_grades", "reset_groups_remove", "reset_groups_members", "reset_groupings_remove"),
        "reset_groupings_members",
    }
)
MODULES = frozenset(
    {
        *(
            "assign",
            "bigbluebuttonbn",
            "book",
            "choice",
            "data",
            "feedback",
            "folder",
            "forum",
            "glossary",
            "h5pactivity",
        ),
        *("imscp", "label", "lesson", "lti", "page", "qbank", "quiz", "resource", "scorm", "subsection", "url", "wiki"),
        "workshop",
    }
)
_MOMENTS = {"reset_start_date": "startdate", "reset_end_date": "enddate"}
_OF_COURSE = "(SELECT id FROM {} WHERE courseid = ?)"
_GROUPS = {
    "reset_groups_members": f"DELETE FROM group_member WHERE groupid IN {_OF_COURSE.format('course_group')}",
    "reset_groups_remove": "DELETE FROM course_group WHERE courseid = ?",
    "reset_groupings_members": f"DELETE FROM grouping_group WHERE groupingid IN {_OF_COURSE.format('grouping')}",
    "reset_groupings_remove": "DELETE FROM grouping WHERE courseid = ?",
}


def reset(visit: Visit, courses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take from each course what the options name, or say why not."""
    return each(visit, courses, lambda item: _reset(visit, item["courseid"], item.get("options", ())))


def _reset(visit: Visit, course: int, pairs: Iterable[Mapping[str, str]]) -> int:
    check_course(visit, course)
    options = {pair["name"]: pair["value"].strip() for pair in pairs}
    if not options:
        raise ItemRefused("optionsmissing", "Nothing says what is to be reset.")
    for name, value in options.items():
        _check(name, value)
    roles = _roles(visit, options.get("unenrol_roles", ""))
    _move(visit, course, options)
    for role in roles:
        _unenrol(visit, course, role)
    for name, change in _GROUPS.items():
        if options.get(name) == "1":
            visit.connection.execute(change, (course,))
    return course


def _words(value: str) -> list[str]:
    return re.split(r"[\s,]+", value.strip(", \t\n")) if value else []


def _check(name: str, value: str) -> None:
    if name == "modules":
        for word in _words(value):
            if word != "all" and word.lstrip("-") not in MODULES:
                raise ItemRefused("moduleunknown", f"This site has no module {word.lstrip('-')}.")
    elif name in _MOMENTS:
        if not re.fullmatch("[0-9]{1,11}", value):
            raise _invalid(name, value)
    elif name in FLAGS or ((found := re.fullmatch(r"reset_([a-z0-9]+)(_[a-z0-9_]+)?", name)) and found[1] in MODULES):
        if not name.endswith("_types") and value not in ("", "0", "1"):
            raise _invalid(name, value)
    elif name != "unenrol_roles":
        raise ItemRefused("optionunknown", f"There is no option {name}.")


def _invalid(name: str, value: str) -> ItemRefused:
    return ItemRefused("optioninvalid", f"The option {name} can't be {value}.")


def _roles(visit: Visit, value: str) -> list[int]:
    """The roles that the words mean; 0 stands for who has none."""
    known = dict(visit.connection.execute("SELECT shortname, id FROM role").fetchall())
    if "all" in _words(value):
        return [*known.values(), 0]
    for word in _words(value):
        if word not in known:
            raise ItemRefused("roleunknown", f"There is no role {word}.")
    return [known[word] for word in _words(value)]


def _move(visit: Visit, course: int, options: Mapping[str, str]) -> None:
    dates = {column: int(options.get(name, 0)) for name, column in _MOMENTS.items()}
    (text,) = visit.connection.execute("SELECT record FROM course WHERE id = ?", (course,)).fetchone()
    record = json.loads(text)
    shift = dates["startdate"] - record["startdate"] if dates["startdate"] else 0
    if not dates["enddate"] and shift > 0 and record["enddate"]:
        dates["enddate"] = record["enddate"] + shift
    record |= {column: moment for column, moment in dates.items() if moment}
    visit.connection.execute(
        "UPDATE course SET record = ? WHERE id = ?",
        (json.dumps(record, ensure_ascii=False, separators=(",", ":")), course),
    )


def _unenrol(visit: Visit, course: int, role: int) -> None:
    """Those who have the role and no other are unenrolled, by what lets itself be unenrolled by hand."""
    context = context_id(visit, COURSE, course)
    people = visit.connection.execute(
        "SELECT enrol.id, enrol.courseid, enrol.enrol, userid FROM user_enrolment JOIN enrol ON enrol.id = enrolid"
        " WHERE courseid = ? AND enrol.enrol IN ('manual', 'self') AND enrol.status = 0",
        (course,),
    ).fetchall()
    for *row, user in people:
        roles = {
            found
            for (found,) in visit.connection.execute(
                "SELECT roleid FROM role_assignment WHERE contextid = ? AND userid = ?", (context, user)
            )
        }
        if role and role in roles and len(roles) > 1:
            visit.connection.execute(
                "DELETE FROM role_assignment WHERE contextid = ? AND userid = ? AND roleid = ? AND component = ''",
                (context, user, role),
            )
        elif role in roles or (not role and not roles):
            unenrol(visit, dict(zip(("id", "courseid", "enrol"), row, strict=True)), user)


FUNCTIONS = {"local_syncd_reset_courses": Answers(RESET, reset, writes=True)}
