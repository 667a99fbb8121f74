"""How the companion links cohorts to the practice site's courses."""

from collections.abc import Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.cohort_sync import synchronise, unlink
from syncd.targets.sandbox.cohorts import SYSTEM, above, found
from syncd.targets.sandbox.companion import each
from syncd.targets.sandbox.companion_courses import check_course
from syncd.targets.sandbox.contexts import COURSE, context_id
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.groups import create as create_groups
from syncd.targets.sandbox.roles import may_be_assigned
from syncd.targets.sandbox.site import Visit, compared

SET = parameters.structure(
    {
        "instances": parameters.list_of(
            parameters.structure(
                {
                    "courseid": parameters.integer,
                    "cohortid": parameters.integer,
                    "roleid": parameters.integer,
                    "action": parameters.text,
                },
                {"makegroup": parameters.boolean, "groupid": parameters.integer},
            )
        )
    }
)

OPEN, CLOSED = 0, 1


def set_links(visit: Visit, instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Link cohorts to courses by a role, or open, close and delete links: each by itself."""
    return each(visit, instances, lambda item: _set(visit, item))


def _set(visit: Visit, item: Mapping[str, Any]) -> int:
    check_course(visit, item["courseid"])
    course = visit.connection.execute("SELECT category FROM course WHERE id = ?", (item["courseid"],)).fetchone()
    link = _link(visit, item)
    match item["action"]:
        case "add":
            return _turn(visit, link, OPEN) if link else _add(visit, item, course[0])
        case "enable":
            return _turn(visit, _there(link), OPEN)
        case "disable":
            return _turn(visit, _there(link), CLOSED)
        case "delete":
            unlink(visit, _there(link))
            return link
    raise ItemRefused("actionunknown", f"{item['action']} is no action: add, enable, disable or delete is.")


def _link(visit: Visit, item: Mapping[str, Any]) -> int:
    row = visit.connection.execute(
        "SELECT id FROM enrol WHERE enrol = 'cohort' AND courseid = ? AND customint1 = ? AND roleid = ?"
        " ORDER BY sortorder, id",
        (item["courseid"], item["cohortid"], item["roleid"]),
    ).fetchone()
    return int(row[0]) if row else 0


def _there(link: int) -> int:
    if not link:
        raise ItemRefused(
            "noinstance", "The course has no enrolment instance of the method cohort, or none that is open."
        )
    return link


def _turn(visit: Visit, link: int, status: int) -> int:
    visit.connection.execute("UPDATE enrol SET status = ? WHERE id = ?", (status, link))
    synchronise(
        visit, "courseid", visit.connection.execute("SELECT courseid FROM enrol WHERE id = ?", (link,)).fetchone()[0]
    )
    return link


def _add(visit: Visit, item: Mapping[str, Any], category: int) -> int:
    places = ", ".join(map(str, {category, SYSTEM, *above(visit, category)}))
    cohort = next(found(visit, f"WHERE id = ? AND coalesce(categoryid, 0) IN ({places})", item["cohortid"]), None)
    if not cohort:
        raise ItemRefused("cohortmissing", f"No cohort with the id {item['cohortid']} can be bound to this course.")
    if item["roleid"] and not may_be_assigned(visit, item["roleid"], context_id(visit, COURSE, item["courseid"])):
        reason = f"The role with the id {item['roleid']} is not there, or may not be assigned in this course."
        raise ItemRefused("roleunassignable", reason)
    group = item.get("groupid", 0)
    if group:
        _check_group(visit, item["courseid"], group)
    elif item.get("makegroup"):
        group = _new_group(visit, item["courseid"], cohort["name"])
    made = visit.connection.execute(
        "INSERT INTO enrol (courseid, enrol, status, sortorder, roleid, customint1, customint2) VALUES"
        " (?, 'cohort', ?, (SELECT coalesce(max(sortorder), -1) + 1 FROM enrol WHERE courseid = ?), ?, ?, ?)",
        (item["courseid"], OPEN, item["courseid"], item["roleid"], item["cohortid"], group),
    )
    synchronise(visit, "courseid", item["courseid"])
    return int(made.lastrowid or 0)


def _check_group(visit: Visit, course: int, group: int) -> None:
    if not visit.connection.execute(
        "SELECT 1 FROM course_group WHERE id = ? AND courseid = ?", (group, course)
    ).fetchone():
        raise ItemRefused("groupmissing", f"No group with the id {group} is there.")


def _new_group(visit: Visit, course: int, cohort: str) -> int:
    """Make the group that Moodle makes for a cohort, named after it."""
    name, number = f"{cohort} cohort", 1
    while visit.connection.execute(
        "SELECT 1 FROM course_group WHERE courseid = ? AND name_key = ?", (course, compared(name))
    ).fetchone():
        number += 1
        name = f"{cohort} cohort ({number})"
    (made,) = create_groups(visit, [{"courseid": course, "name": name, "description": ""}])
    return int(made["id"])


FUNCTIONS = {"local_syncd_set_cohort_enrolments": Answers(SET, set_links, writes=True)}
