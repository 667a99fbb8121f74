"""Who is in which group of the practice site's courses."""

from collections.abc import Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.companion import each
from syncd.targets.sandbox.enrolments import is_enrolled
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.groups import group, unknown_record
from syncd.targets.sandbox.parameters import invalid_parameter
from syncd.targets.sandbox.roles import is_user
from syncd.targets.sandbox.site import Visit

TABLES = """
CREATE TABLE IF NOT EXISTS group_member (
    groupid INTEGER NOT NULL REFERENCES course_group (id) ON DELETE CASCADE,
    userid INTEGER NOT NULL,
    component TEXT NOT NULL DEFAULT '',
    itemid INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (groupid, userid)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS group_member_user ON group_member (userid);
CREATE TRIGGER IF NOT EXISTS group_member_user_deleted AFTER UPDATE OF deleted ON user WHEN NEW.deleted BEGIN
    DELETE FROM group_member WHERE userid = NEW.id;
END;
"""

OURS = "local_syncd"

_ids = parameters.filled_list_of(parameters.integer)
GET = parameters.structure({"groupids": _ids})
_member = {"groupid": parameters.integer, "userid": parameters.integer}
CHANGE = parameters.structure({"members": parameters.filled_list_of(parameters.structure(_member))})
OF_COURSES = parameters.structure({"courseids": _ids}, {"userids": parameters.list_of(parameters.integer)})
ADD_OURS = parameters.structure({"members": parameters.list_of(parameters.structure(_member))})
DELETE_OURS = parameters.structure(
    {"members": parameters.list_of(parameters.structure(_member, {"own": parameters.boolean}))}
)


def get(visit: Visit, groupids: list[int]) -> list[dict[str, Any]]:
    """The ids of each group's members; one unknown group refuses them all."""
    return [{"groupid": number, "userids": _users(visit, group(visit, number)["id"])} for number in groupids]


def _users(visit: Visit, number: int) -> list[int]:
    rows = visit.connection.execute("SELECT userid FROM group_member WHERE groupid = ? ORDER BY userid", (number,))
    return [user for (user,) in rows]


def add(visit: Visit, members: list[dict[str, int]]) -> None:
    """Put everybody into groups or nobody; only those who are enrolled can be; who is in already is no error."""
    for member in members:
        found = _known(visit, member)
        if not is_enrolled(visit, found["courseid"], member["userid"]):
            raise invalid_parameter()
        _add(visit, member)


def delete(visit: Visit, members: list[dict[str, int]]) -> None:
    """Take everybody out of groups or nobody; who is not in is no error, who was put there by a method is one."""
    for member in members:
        _known(visit, member)
        component = component_of(visit, member)
        if component and component != OURS:
            raise ItemRefused("errorremovenotpermitted", "You do not have permission to remove group member")
        _remove(visit, member)


def _known(visit: Visit, member: Mapping[str, int]) -> dict[str, Any]:
    found = group(visit, member["groupid"])
    if not is_user(visit, member["userid"]):
        raise unknown_record()
    return found


def _add(visit: Visit, member: Mapping[str, int], component: str = "") -> None:
    visit.connection.execute(
        "INSERT OR IGNORE INTO group_member (groupid, userid, component) VALUES (?, ?, ?)",
        (member["groupid"], member["userid"], component),
    )


def _remove(visit: Visit, member: Mapping[str, int]) -> None:
    visit.connection.execute(
        "DELETE FROM group_member WHERE groupid = ? AND userid = ?", (member["groupid"], member["userid"])
    )


def component_of(visit: Visit, member: Mapping[str, int]) -> str | None:
    """What somebody is in a group by; None: not in it."""
    found = visit.connection.execute(
        "SELECT component FROM group_member WHERE groupid = ? AND userid = ?", (member["groupid"], member["userid"])
    ).fetchone()
    return str(found[0]) if found else None


# As the companion does it


def of_courses(visit: Visit, courseids: list[int], userids: list[int] | None = None) -> list[dict[str, Any]]:
    """Who is in which group of some courses, and what put them there."""
    rows = visit.connection.execute(
        "SELECT courseid, groupid, userid, component FROM group_member JOIN course_group ON course_group.id = groupid"
        " WHERE courseid IN (SELECT value FROM json_each(?)) ORDER BY courseid, groupid, userid",
        (str(courseids),),
    )
    keys = ("courseid", "groupid", "userid", "component")
    wanted = frozenset(userids or ())
    return [dict(zip(keys, row, strict=True)) for row in rows if not wanted or row[2] in wanted]


def add_ours(visit: Visit, members: list[dict[str, int]]) -> list[dict[str, Any]]:
    """Put people into groups, each by itself, as those whom syncd put there; who is in already stays as they are."""

    def one(member: Mapping[str, int]) -> int:
        found = _group(visit, member)
        if not is_user(visit, member["userid"]):
            raise ItemRefused("invaliduserid", "Invalid user ID")
        if not is_enrolled(visit, found["courseid"], member["userid"]):
            raise ItemRefused("userunenrolled", "The user is not enrolled in the course of the group")
        _add(visit, member, OURS)
        return 0

    return each(visit, members, one)


def delete_ours(visit: Visit, members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take people out of groups, each by itself; with `own` only those whom syncd put there."""

    def one(member: Mapping[str, Any]) -> int:
        _group(visit, member)
        component = component_of(visit, member)
        if component is not None and component != OURS:
            if member.get("own"):
                raise ItemRefused("membernotours", "Somebody else put the user into this group")
            if component:
                raise ItemRefused("memberprotected", f"The membership is kept by {component}")
        _remove(visit, member)
        return 0

    return each(visit, members, one)


def _group(visit: Visit, member: Mapping[str, int]) -> dict[str, Any]:
    try:
        return group(visit, member["groupid"])
    except ItemRefused as refused:
        raise ItemRefused("groupmissing", "The site has no such group") from refused


FUNCTIONS = {
    "core_group_get_group_members": Answers(GET, get, writes=False),
    "core_group_add_group_members": Answers(CHANGE, add, writes=True),
    "core_group_delete_group_members": Answers(CHANGE, delete, writes=True),
    "local_syncd_get_group_members": Answers(OF_COURSES, of_courses, writes=False),
    "local_syncd_add_group_members": Answers(ADD_OURS, add_ours, writes=True),
    "local_syncd_delete_group_members": Answers(DELETE_OURS, delete_ours, writes=True),
}
