"""How members of cohorts come into the practice site's courses, and leave them."""

from collections.abc import Mapping
from typing import Any, Literal

from syncd.errors import ItemRefused
from syncd.targets.sandbox import cohorts
from syncd.targets.sandbox.contexts import COURSE, context_id
from syncd.targets.sandbox.enrolments import enrol, unenrol
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.roles import take_roles
from syncd.targets.sandbox.site import Visit

_KEYS = ("id", "courseid", "enrol", "status", "roleid", "cohort", "group")


def synchronise(visit: Visit, column: Literal["courseid", "customint1"], value: int) -> None:
    """Make the enrolments by cohort in a course, or by a cohort (`customint1`), what the memberships say."""
    rows = visit.connection.execute(
        "SELECT id, courseid, enrol, status, roleid, customint1, customint2 FROM enrol"
        f" WHERE enrol = 'cohort' AND {column} = ?",
        (value,),
    ).fetchall()
    for row in rows:
        _synchronise(visit, dict(zip(_KEYS, row, strict=True)))


def _synchronise(visit: Visit, link: Mapping[str, Any]) -> None:
    members = _users(visit, "SELECT userid FROM cohort_member WHERE cohortid = ?", link["cohort"])
    enrolled = _users(visit, "SELECT userid FROM user_enrolment WHERE enrolid = ?", link["id"])
    for user in enrolled - members:
        unenrol(visit, link, user)
    if link["status"]:
        # Who is enrolled by a closed link stays so, without its role.
        for user in enrolled & members:
            take_roles(visit, user, context_id(visit, COURSE, link["courseid"]), "enrol_cohort", link["id"])
        return
    for user in members:
        enrol(visit, link, user, link["roleid"])
        if link["group"]:
            visit.connection.execute(
                "INSERT OR IGNORE INTO group_member (groupid, userid, component, itemid)"
                " VALUES (?, ?, 'enrol_cohort', ?)",
                (link["group"], user, link["id"]),
            )


def _users(visit: Visit, query: str, value: int) -> set[int]:
    return {user for (user,) in visit.connection.execute(query, (value,))}


def unlink(visit: Visit, link: int) -> None:
    """Take a link away, with all enrolments, roles and memberships of groups that came by it."""
    row = visit.connection.execute("SELECT courseid, enrol FROM enrol WHERE id = ?", (link,)).fetchone()
    instance = {"id": link, "courseid": row[0], "enrol": row[1]}
    for user in _users(visit, "SELECT userid FROM user_enrolment WHERE enrolid = ?", link):
        unenrol(visit, instance, user)
    visit.connection.execute("DELETE FROM enrol WHERE id = ?", (link,))


def delete_cohorts(visit: Visit, cohortids: list[int]) -> None:
    """Delete all the cohorts with their memberships and their links to courses, or none."""
    for cohort in cohortids:
        links = "SELECT id FROM enrol WHERE enrol = 'cohort' AND customint1 = ?"
        for link in _users(visit, links, cohort):
            unlink(visit, link)
        if not visit.connection.execute("DELETE FROM cohort WHERE id = ?", (cohort,)).rowcount:
            raise ItemRefused("invalidrecordunknown", "Can't find data record in database.")


FUNCTIONS = {"core_cohort_delete_cohorts": Answers(cohorts.DELETE, delete_cohorts, writes=True)}
