"""What is sent for enrolments, roles and groups, with the companion plugin and without it."""

from collections.abc import Mapping
from typing import Any

from syncd.core.model import Act, Site
from syncd.tools.lookups import courses, enrolments, groups, members, roles, users

ENROL = "enrol_manual_enrol_users"
UNENROL = "enrol_manual_unenrol_users"
ENROL_BY_METHOD = "local_syncd_enrol_users"
UNENROL_BY_METHOD = "local_syncd_unenrol_users"
ASSIGN = "core_role_assign_roles"
UNASSIGN = "core_role_unassign_roles"
ADD_MEMBER = "core_group_add_group_members"
REMOVE_MEMBER = "core_group_delete_group_members"
ADD_OUR_MEMBER = "local_syncd_add_group_members"
REMOVE_OUR_MEMBER = "local_syncd_delete_group_members"
METHODS = "local_syncd_get_enrol_methods"

CORE = frozenset(
    {
        *(users.CORE, courses.CORE, enrolments.CORE, enrolments.PROFILES, groups.GROUPS, members.CORE),
        *(ENROL, UNENROL, ASSIGN, UNASSIGN, groups.CREATE, ADD_MEMBER, REMOVE_MEMBER),
    }
)
COMPANION = frozenset(
    {
        *(users.COMPANION, courses.COMPANION, roles.COMPANION, enrolments.ENROLMENTS, enrolments.ASSIGNMENTS),
        *(members.COMPANION, METHODS, ENROL_BY_METHOD, UNENROL_BY_METHOD, ADD_OUR_MEMBER, REMOVE_OUR_MEMBER),
    }
)


def by_method(site: Site) -> bool:
    """Whether enrolments of every method can be seen and changed: with the companion plugin alone."""
    return site.functions >= {enrolments.ENROLMENTS, enrolments.ASSIGNMENTS, ENROL_BY_METHOD, UNENROL_BY_METHOD}


def enrolling(pair: enrolments.Pair, method: str, *, closed: bool, role: int = 0, **changes: int) -> Act:
    """Enrol by the companion, or change what is there; `closed`: also where the course's method is closed."""
    course, user = pair
    item: dict[str, Any] = {"courseid": course, "userid": user, "enrol": method, **changes}
    if role:
        item["roleid"] = role
    if closed:
        item["disabled"] = 1
    return Act(ENROL_BY_METHOD, item)


def enrolling_by_hand(pair: enrolments.Pair, role: int, times: Mapping[str, int], *, suspend: bool = False) -> Act:
    """Enrol by core; an enrolment that is there loses the dates that are not given."""
    course, user = pair
    item = {"roleid": role, "userid": user, "courseid": course, **times}
    return Act(ENROL, item | ({"suspend": 1} if suspend else {}))


def unenrolling(site: Site, pair: enrolments.Pair, method: str) -> Act:
    """Take an enrolment away."""
    course, user = pair
    item = {"courseid": course, "userid": user}
    return Act(UNENROL_BY_METHOD, item | {"enrol": method}) if by_method(site) else Act(UNENROL, item)


def assigning(pair: enrolments.Pair, role: int) -> Act:
    """Give a role, and touch no enrolment."""
    return Act(ASSIGN, _role(pair, role))


def unassigning(pair: enrolments.Pair, role: int) -> Act:
    """Take a role that was given by hand."""
    return Act(UNASSIGN, _role(pair, role))


def _role(pair: enrolments.Pair, role: int) -> dict[str, Any]:
    course, user = pair
    return {"roleid": role, "userid": user, "contextlevel": "course", "instanceid": course}


def joining(group: groups.Group, user: int, *, ours: bool) -> Act:
    """Put somebody into a group; `ours`: known as one whom syncd put there."""
    return group.named_in(ADD_OUR_MEMBER if ours else ADD_MEMBER, "groupid", {"userid": user})


def leaving(group: str, user: int, *, ours: bool) -> Act:
    """Take somebody out of the group of a key; `ours`: only if syncd put them there."""
    _, _, number = group.partition(" ")
    function, item = (REMOVE_OUR_MEMBER, {"own": 1}) if ours else (REMOVE_MEMBER, {})
    if number.isdigit():
        return Act(function, {"groupid": int(number), "userid": user, **item})
    return Act(function, {"userid": user, **item}, takes={"groupid": group})
