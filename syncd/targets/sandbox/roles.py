"""The practice site's roles, and who has which where."""

from collections.abc import Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.contexts import CATEGORY, COURSE, SYSTEM, context_id
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.parameters import invalid_parameter
from syncd.targets.sandbox.site import Visit

TABLES = """
CREATE TABLE IF NOT EXISTS role (
    id INTEGER PRIMARY KEY,
    shortname TEXT NOT NULL UNIQUE,
    contextlevels TEXT NOT NULL            -- where it can be assigned, as JSON
);
INSERT OR IGNORE INTO role VALUES
    (1, 'manager', '[10, 40, 50]'),
    (2, 'coursecreator', '[10, 40]'),
    (3, 'editingteacher', '[50, 70]'),
    (4, 'teacher', '[50, 70]'),
    (5, 'student', '[50, 70]'),
    (6, 'guest', '[]'),
    (7, 'user', '[]'),
    (8, 'frontpage', '[]');
CREATE TABLE IF NOT EXISTS role_assignment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    contextid INTEGER NOT NULL REFERENCES context (id) ON DELETE CASCADE,
    userid INTEGER NOT NULL,
    roleid INTEGER NOT NULL,
    component TEXT NOT NULL DEFAULT '',    -- what gave it: '' by hand, enrol_cohort …
    itemid INTEGER NOT NULL DEFAULT 0,
    UNIQUE (contextid, userid, roleid, component, itemid)
);
CREATE INDEX IF NOT EXISTS role_assignment_user ON role_assignment (userid);
CREATE TRIGGER IF NOT EXISTS role_assignment_user_deleted AFTER UPDATE OF deleted ON user WHEN NEW.deleted BEGIN
    DELETE FROM role_assignment WHERE userid = NEW.id;
END;
"""

_assignment = parameters.structure(
    {"roleid": parameters.integer, "userid": parameters.integer},
    {"contextid": parameters.integer, "contextlevel": parameters.letters, "instanceid": parameters.integer},
)
ASSIGN = parameters.structure({"assignments": parameters.filled_list_of(_assignment)})
UNASSIGN = parameters.structure({"unassignments": parameters.filled_list_of(_assignment)})
_ids = parameters.filled_list_of(parameters.integer)
GET = parameters.structure({})
OF_COURSES = parameters.structure({"courseids": _ids}, {"userids": parameters.list_of(parameters.integer)})

_LEVELS = {"system": SYSTEM, "coursecat": CATEGORY, "course": COURSE}


def assign(visit: Visit, assignments: list[dict[str, Any]]) -> None:
    """Give all the roles or none; who has one already keeps it. Enrolment is not asked for."""
    for assignment in assignments:
        context = _context(visit, assignment)
        if not may_be_assigned(visit, assignment["roleid"], context):
            raise invalid_parameter()
        if not is_user(visit, assignment["userid"]):
            reason = "Coding error detected, it must be fixed by a programmer: User ID does not exist or is deleted!"
            raise ItemRefused("codingerror", reason)
        give_role(visit, assignment["roleid"], assignment["userid"], context)


def unassign(visit: Visit, unassignments: list[dict[str, Any]]) -> None:
    """Take all the roles that were given by hand, or none; whom nobody knows, and who has it not, is no error."""
    for unassignment in unassignments:
        context = _context(visit, unassignment)
        if not may_be_assigned(visit, unassignment["roleid"], context):
            raise invalid_parameter()
        visit.connection.execute(
            "DELETE FROM role_assignment WHERE contextid = ? AND userid = ? AND roleid = ? AND component = ''",
            (context, unassignment["userid"], unassignment["roleid"]),
        )


def _context(visit: Visit, named: Mapping[str, Any]) -> int:
    if number := named.get("contextid"):
        found = visit.connection.execute("SELECT 1 FROM context WHERE id = ?", (number,)).fetchone()
        context = number if found else 0
    else:
        level = _LEVELS.get(named.get("contextlevel", ""), 0)
        context = context_id(visit, level, named.get("instanceid", 0) if level != SYSTEM else 0)
    if not context:
        raise invalid_parameter()
    return int(context)


def may_be_assigned(visit: Visit, role: int, context: int) -> bool:
    """Whether a role can be given in a context."""
    found = visit.connection.execute(
        "SELECT 1 FROM role, json_each(contextlevels) JOIN context ON contextlevel = value"
        " WHERE role.id = ? AND context.id = ?",
        (role, context),
    ).fetchone()
    return found is not None


def give_role(visit: Visit, role: int, user: int, context: int, component: str = "", item: int = 0) -> None:
    """Give a role, by hand or by a component."""
    visit.connection.execute(
        "INSERT OR IGNORE INTO role_assignment (contextid, userid, roleid, component, itemid) VALUES (?, ?, ?, ?, ?)",
        (context, user, role, component, item),
    )


def take_roles(visit: Visit, user: int, context: int, component: str | None = None, item: int = 0) -> None:
    """Take the roles that a component gave somebody in a context; without a component, all of them."""
    where = "" if component is None else " AND component = ? AND itemid = ?"
    source = [] if component is None else [component, item]
    visit.connection.execute(
        f"DELETE FROM role_assignment WHERE contextid = ? AND userid = ?{where}", (context, user, *source)
    )


def is_user(visit: Visit, user: int) -> bool:
    """Whether there is such an account, and it is not deleted."""
    return bool(visit.connection.execute("SELECT 1 FROM user WHERE id = ? AND deleted = 0", (user,)).fetchone())


def roles_of(visit: Visit, user: int, context: int) -> list[dict[str, Any]]:
    """The roles that somebody has in a context, as Moodle tells them with an account."""
    rows = visit.connection.execute(
        "SELECT DISTINCT role.id, shortname FROM role_assignment JOIN role ON role.id = roleid"
        " WHERE contextid = ? AND userid = ? ORDER BY role.id",
        (context, user),
    )
    return [{"roleid": role, "name": "", "shortname": shortname, "sortorder": 0} for role, shortname in rows]


def get(visit: Visit) -> list[dict[str, Any]]:
    """Every role of the site: what the companion tells."""
    rows = visit.connection.execute(
        "SELECT id, shortname, contextlevels LIKE '%50%', contextlevels FROM role ORDER BY id"
    ).fetchall()
    return [
        {
            "id": role,
            "shortname": shortname,
            "archetype": shortname,
            "name": "",  # each language has names of its own for the standard roles
            "contextlevels": [int(level) for level in levels.strip("[]").split(", ") if level],
            "assignable": bool(assignable),
        }
        for role, shortname, assignable, levels in rows
    ]


def of_courses(visit: Visit, courseids: list[int], userids: list[int] | None = None) -> list[dict[str, Any]]:
    """Who has which role in some courses, and what gave it: what the companion tells."""
    rows = visit.connection.execute(
        "SELECT instanceid, userid, roleid, component, itemid FROM role_assignment JOIN context"
        f" ON context.id = contextid AND contextlevel = {COURSE} WHERE instanceid IN (SELECT value FROM json_each(?))"
        " ORDER BY role_assignment.id",
        (str(courseids),),
    )
    keys = ("courseid", "userid", "roleid", "component", "itemid")
    wanted = frozenset(userids or ())
    return [dict(zip(keys, row, strict=True)) for row in rows if not wanted or row[1] in wanted]


FUNCTIONS = {
    "core_role_assign_roles": Answers(ASSIGN, assign, writes=True),
    "core_role_unassign_roles": Answers(UNASSIGN, unassign, writes=True),
    "local_syncd_get_roles": Answers(GET, get, writes=False),
    "local_syncd_get_role_assignments": Answers(OF_COURSES, of_courses, writes=False),
}
