"""The companion's reset of courses, as the practice site has it: there are people, groups and dates to take away."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.companion_courses import check_course
from syncd.targets.sandbox.contexts import COURSE, context_id
from syncd.targets.sandbox.course_lookups import instances
from syncd.targets.sandbox.courses import shift
from syncd.targets.sandbox.enrolments import each, unenrol
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.site import Visit

_option = parameters.structure({"name": parameters.text, "value": parameters.text})
RESET = parameters.structure(
    {
        "courses": parameters.filled_list_of(
            parameters.structure({"courseid": parameters.integer, "options": parameters.filled_list_of(_option)})
        )
    }
)

_FLAGS = frozenset(
    {
        *("reset_events", "reset_notes", "reset_comments", "reset_completion", "delete_blog_associations"),
        *("reset_competency_ratings", "reset_roles_local", "reset_roles_overrides", "reset_gradebook_items"),
        *("reset_gradebook_grades", "reset_groups_remove", "reset_groups_members", "reset_groupings_remove"),
        "reset_groupings_members",
    }
)
_MODULES = frozenset({"assign", "choice", "data", "feedback", "forum", "glossary", "lesson", "quiz", "scorm", "wiki"})
_GROUPS = {
    "reset_groups_remove": "DELETE FROM course_group WHERE courseid = ?",
    "reset_groups_members": "DELETE FROM group_member WHERE groupid IN"
    " (SELECT id FROM course_group WHERE courseid = ?)",
    "reset_groupings_remove": "DELETE FROM grouping WHERE courseid = ?",
    "reset_groupings_members": "DELETE FROM grouping_group WHERE groupingid IN"
    " (SELECT id FROM grouping WHERE courseid = ?)",
}


def reset(visit: Visit, courses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take out of each course what its options name; an option that nobody knows refuses its course."""
    return each(courses, lambda item: _reset(visit, item["courseid"], item["options"]))


def _reset(visit: Visit, course: int, options: list[dict[str, str]]) -> int:
    check_course(visit, course)
    wanted = {option["name"]: option["value"].strip() for option in options}
    _check(visit, wanted)
    if roles := wanted.get("unenrol_roles", ""):
        for user, instance in list(_people(visit, course, roles.split())):
            unenrol(visit, instance, user)
    for name, statement in _GROUPS.items():
        if wanted.get(name) == "1":
            visit.connection.execute(statement, (course,))
    if int(wanted.get("reset_start_date", "0")):
        shift(visit, course, int(wanted["reset_start_date"]))
    return course


def _check(visit: Visit, options: Mapping[str, str]) -> None:
    shortnames = {name for (name,) in visit.connection.execute("SELECT shortname FROM role")}
    for name, value in options.items():
        if name == "unenrol_roles":
            if strange := [word for word in value.split() if word not in {*shortnames, "all"}]:
                raise ItemRefused("roleunknown", f"There is no role {strange[0]}.")
        elif name == "modules":
            if strange := [word for word in value.split() if word.lstrip("-") not in {*_MODULES, "all"}]:
                raise ItemRefused("moduleunknown", f"There is no module {strange[0].lstrip('-')}.")
        elif name in {"reset_start_date", "reset_end_date"}:
            if not re.fullmatch(r"[0-9]{1,11}", value):
                raise ItemRefused("optioninvalid", f"{name} can't be {value}.")
        elif name not in _FLAGS and not _of_module(name):
            raise ItemRefused("optionunknown", f"There is no option {name}.")
        elif value not in {"0", "1", ""}:
            raise ItemRefused("optioninvalid", f"{name} can't be {value}.")


def _of_module(name: str) -> bool:
    found = re.fullmatch(r"reset_([a-z0-9]+)(_[a-z0-9_]+)?", name)
    return found is not None and found[1] in _MODULES


def _people(visit: Visit, course: int, roles: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Who is enrolled and has one of the roles, or with `all` whoever it is, with each enrolment."""
    context = context_id(visit, COURSE, course)
    for instance in instances(visit, [course]):
        people = visit.connection.execute("SELECT userid FROM user_enrolment WHERE enrolid = ?", (instance["id"],))
        for (user,) in people.fetchall():
            held = visit.connection.execute(
                "SELECT shortname FROM role_assignment JOIN role ON role.id = roleid"
                " WHERE contextid = ? AND userid = ?",
                (context, user),
            )
            if "all" in roles or {name for (name,) in held}.intersection(roles):
                yield user, instance


FUNCTIONS = {"local_syncd_reset_courses": Answers(RESET, reset, writes=True)}
