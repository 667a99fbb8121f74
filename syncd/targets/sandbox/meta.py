"""The practice site's meta links: who is enrolled in one course is, by that, enrolled in another."""

from typing import Any

from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.contexts import COURSE, context_id
from syncd.targets.sandbox.enrolments import enrol, unenrol
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.parameters import invalid_parameter
from syncd.targets.sandbox.roles import give_role
from syncd.targets.sandbox.site import Visit

_link = {"metacourseid": parameters.integer, "courseid": parameters.integer}
ADD = parameters.structure(
    {"instances": parameters.filled_list_of(parameters.structure(_link, {"creategroup": parameters.boolean}))}
)
DELETE = parameters.structure({"instances": parameters.filled_list_of(parameters.structure(_link))})


def add(visit: Visit, instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Link courses, and enrol at once who must be; a link that is there already answers false.

    A course that is not there refuses the call. (Moodle keeps the links that came before it; here none is kept.)
    """
    return [_answer(link, _add(visit, link["metacourseid"], link["courseid"])) for link in instances]


def _add(visit: Visit, meta: int, linked: int) -> bool:
    _check(visit, meta, linked)
    if _instances(visit, meta, linked):
        return False
    (place,) = visit.connection.execute(
        "SELECT coalesce(max(sortorder), -1) + 1 FROM enrol WHERE courseid = ?", (meta,)
    ).fetchone()
    made = visit.connection.execute(
        "INSERT INTO enrol (courseid, enrol, status, sortorder, customint1) VALUES (?, 'meta', 0, ?, ?)",
        (meta, place, linked),
    )
    _synchronise(visit, {"id": int(made.lastrowid or 0), "courseid": meta, "enrol": "meta"}, linked)
    return True


def _synchronise(visit: Visit, instance: dict[str, Any], linked: int) -> None:
    people = visit.connection.execute(
        "SELECT DISTINCT userid FROM user_enrolment JOIN enrol ON enrol.id = enrolid"
        " WHERE courseid = ? AND enrol <> 'meta'",
        (linked,),
    ).fetchall()
    there, here = context_id(visit, COURSE, linked), context_id(visit, COURSE, instance["courseid"])
    for (user,) in people:
        enrol(visit, instance, user)
        roles = visit.connection.execute(
            "SELECT DISTINCT roleid FROM role_assignment WHERE contextid = ? AND userid = ?", (there, user)
        ).fetchall()
        for (role,) in roles:
            give_role(visit, role, user, here, "enrol_meta", instance["id"])


def delete(visit: Visit, instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take links away, with the enrolments that came by them; a link that is not there answers false."""
    return [_answer(link, _delete(visit, link["metacourseid"], link["courseid"])) for link in instances]


def _delete(visit: Visit, meta: int, linked: int) -> bool:
    _check(visit, meta, linked)
    found = _instances(visit, meta, linked)
    for number in found:
        instance = {"id": number, "courseid": meta, "enrol": "meta"}
        people = visit.connection.execute("SELECT userid FROM user_enrolment WHERE enrolid = ?", (number,)).fetchall()
        for (user,) in people:
            unenrol(visit, instance, user)
        visit.connection.execute("DELETE FROM enrol WHERE id = ?", (number,))
    return bool(found)


def _instances(visit: Visit, meta: int, linked: int) -> list[int]:
    rows = visit.connection.execute(
        "SELECT id FROM enrol WHERE courseid = ? AND enrol = 'meta' AND customint1 = ?", (meta, linked)
    )
    return [number for (number,) in rows]


def _check(visit: Visit, *courses: int) -> None:
    if not all(context_id(visit, COURSE, course) for course in courses):
        raise invalid_parameter()


def _answer(link: dict[str, Any], done: bool) -> dict[str, Any]:
    # Moodle tells the linked course as text.
    return {"metacourseid": link["metacourseid"], "courseid": str(link["courseid"]), "status": done}


FUNCTIONS = {
    "enrol_meta_add_instances": Answers(ADD, add, writes=True),
    "enrol_meta_delete_instances": Answers(DELETE, delete, writes=True),
}
