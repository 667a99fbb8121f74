"""Who is enrolled in the practice site's courses."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import lookups, parameters
from syncd.targets.sandbox.companion import each
from syncd.targets.sandbox.contexts import COURSE, context_id
from syncd.targets.sandbox.courses import SITE_COURSE
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.parameters import invalid_parameter
from syncd.targets.sandbox.roles import give_role, is_user, may_be_assigned, roles_of, take_roles
from syncd.targets.sandbox.site import GUEST_ID, Visit

TABLES = """
CREATE TABLE IF NOT EXISTS user_enrolment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    enrolid INTEGER NOT NULL REFERENCES enrol (id) ON DELETE CASCADE,
    userid INTEGER NOT NULL,
    status INTEGER NOT NULL,               -- 0 active, 1 suspended
    timestart INTEGER NOT NULL,
    timeend INTEGER NOT NULL,
    UNIQUE (enrolid, userid)
);
CREATE INDEX IF NOT EXISTS user_enrolment_user ON user_enrolment (userid);
CREATE TRIGGER IF NOT EXISTS user_enrolment_user_deleted AFTER UPDATE OF deleted ON user WHEN NEW.deleted BEGIN
    DELETE FROM user_enrolment WHERE userid = NEW.id;
END;
"""

_option = parameters.structure({"name": parameters.shortname, "value": parameters.text})
ENROLLED = parameters.structure({"courseid": parameters.integer}, {"options": parameters.list_of(_option)})
_pair = parameters.structure({"userid": parameters.integer, "courseid": parameters.integer})
PROFILES = parameters.structure({"userlist": parameters.filled_list_of(_pair)})
_manual = parameters.structure(
    {"roleid": parameters.integer, "userid": parameters.integer, "courseid": parameters.integer},
    {"timestart": parameters.integer, "timeend": parameters.integer, "suspend": parameters.integer},
)
ENROL_MANUALLY = parameters.structure({"enrolments": parameters.filled_list_of(_manual)})
UNENROL_MANUALLY = parameters.structure(
    {
        "enrolments": parameters.filled_list_of(
            parameters.structure(
                {"userid": parameters.integer, "courseid": parameters.integer}, {"roleid": parameters.integer}
            )
        )
    }
)
_ids = parameters.filled_list_of(parameters.integer)
GET = parameters.structure({"courseids": _ids}, {"userids": parameters.list_of(parameters.integer)})
_by_method = {"courseid": parameters.integer, "userid": parameters.integer, "enrol": parameters.text}
_optional = {
    "roleid": parameters.integer,
    "timestart": parameters.integer,
    "timeend": parameters.integer,
    "status": parameters.integer,
    "disabled": parameters.boolean,
}
ENROL = parameters.structure({"enrolments": parameters.list_of(parameters.structure(_by_method, _optional))})
UNENROL = parameters.structure({"enrolments": parameters.list_of(parameters.structure(_by_method))})

_METHODS = frozenset({"manual", "self", "guest", "cohort", "meta"})
SYNCHRONISED = frozenset({"cohort", "meta"})
"""Methods that follow from something else: nobody enrols by them, or takes their roles, by hand."""

# What is told with an account in a course; those of its profile are left to the account itself.
_FIELDS = (
    *("id", "username", "fullname", "firstname", "lastname", "email", "department", "institution", "idnumber"),
    *("firstaccess", "lastaccess", "lastcourseaccess", "suspended", "city", "country", "address", "phone1", "phone2"),
    *("profileimageurl", "profileimageurlsmall", "customfields", "description", "interests", "timezone"),
    *("groups", "roles", "preferences", "enrolledcourses"),
)
_UNTOLD = frozenset({"groups", "preferences", "enrolledcourses"})


# What enrols, and takes away again


def enrol(
    visit: Visit, instance: Mapping[str, Any], user: int, role: int = 0, start: int = 0, end: int = 0, status: int = 0
) -> None:
    """Enrol somebody by an instance of a method, or change the enrolment; another role is added."""
    visit.connection.execute(
        "INSERT INTO user_enrolment (enrolid, userid, status, timestart, timeend) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET status = excluded.status, timestart = excluded.timestart,"
        " timeend = excluded.timeend",
        (instance["id"], user, status, start, end),
    )
    if role:
        context = context_id(visit, COURSE, instance["courseid"])
        if instance["enrol"] in SYNCHRONISED:
            give_role(visit, role, user, context, f"enrol_{instance['enrol']}", instance["id"])
        else:
            give_role(visit, role, user, context)


def unenrol(visit: Visit, instance: Mapping[str, Any], user: int) -> None:
    """Take an enrolment away, with the roles that came with it; with the last one, all roles and groups go."""
    gone = visit.connection.execute(
        "DELETE FROM user_enrolment WHERE enrolid = ? AND userid = ?", (instance["id"], user)
    ).rowcount
    if not gone:
        return
    context = context_id(visit, COURSE, instance["courseid"])
    take_roles(visit, user, context, f"enrol_{instance['enrol']}", instance["id"])
    of_method = (f"enrol_{instance['enrol']}", instance["id"])
    _leave_groups(visit, instance["courseid"], user, " AND component = ? AND itemid = ?", of_method)
    if not is_enrolled(visit, instance["courseid"], user):
        take_roles(visit, user, context)
        _leave_groups(visit, instance["courseid"], user)


def _leave_groups(visit: Visit, course: int, user: int, where: str = "", values: Iterable[Any] = ()) -> None:
    visit.connection.execute(
        "DELETE FROM group_member WHERE userid = ?"
        f" AND groupid IN (SELECT id FROM course_group WHERE courseid = ?){where}",
        (user, course, *values),
    )


def is_enrolled(visit: Visit, course: int, user: int) -> bool:
    """Whether somebody is enrolled in a course, by whatever method."""
    found = visit.connection.execute(
        "SELECT 1 FROM user_enrolment JOIN enrol ON enrol.id = enrolid WHERE courseid = ? AND userid = ?",
        (course, user),
    ).fetchone()
    return found is not None


def instances(visit: Visit, course: int, method: str, *, closed: bool = False) -> list[dict[str, Any]]:
    """The open instances of a method in a course, and with `closed` those that are not, in their order."""
    rows = visit.connection.execute(
        f"SELECT id, courseid, enrol, status, roleid FROM enrol WHERE courseid = ? AND enrol = ?"
        f"{'' if closed else ' AND status = 0'} ORDER BY sortorder, id",
        (course, method),
    )
    return [dict(zip(("id", "courseid", "enrol", "status", "roleid"), row, strict=True)) for row in rows]


# By hand


def enrol_manually(visit: Visit, enrolments: list[dict[str, Any]]) -> None:
    """Enrol everybody or nobody. What is not said of an enrolment that exists becomes 0; another role is added."""
    for enrolment in enrolments:
        course, user, role = enrolment["courseid"], enrolment["userid"], enrolment["roleid"]
        context = context_id(visit, COURSE, course)
        if not context:
            raise invalid_parameter()
        _check_user(visit, user)
        if not may_be_assigned(visit, role, context):
            raise ItemRefused(
                "wsusercannotassign",
                f"You don't have the permission to assign this role ({role}) to this user ({user}) in this course"
                f" ({course}).",
            )
        instance = next(iter(instances(visit, course, "manual")), None)
        if not instance:
            raise _no_instance(course)
        suspended = int(bool(enrolment.get("suspend", 0)))
        enrol(visit, instance, user, role, enrolment.get("timestart", 0), enrolment.get("timeend", 0), suspended)


def unenrol_manually(visit: Visit, enrolments: list[dict[str, Any]]) -> None:
    """Unenrol everybody or nobody, whatever the role; who is not enrolled is no error."""
    for enrolment in enrolments:
        course, user = enrolment["courseid"], enrolment["userid"]
        if not context_id(visit, COURSE, course):
            raise _unknown_record()
        instance = next(iter(instances(visit, course, "manual", closed=True)), None)
        if not instance:
            raise _no_instance(course)
        _check_user(visit, user)
        unenrol(visit, instance, user)


def _check_user(visit: Visit, user: int) -> None:
    if not visit.connection.execute("SELECT 1 FROM user WHERE id = ?", (user,)).fetchone():
        raise _unknown_record()
    if not is_user(visit, user):
        raise ItemRefused("userdeleted", "error/userdeleted")
    if user == GUEST_ID:
        raise ItemRefused("guestsarenotallowed", "The guest user is not allowed to do this")


def _no_instance(course: int) -> ItemRefused:
    reason = f"Manual enrolment plugin instance doesn't exist or is disabled for the course (id = {course})"
    return ItemRefused("wsnoinstance", reason)


def _unknown_record() -> ItemRefused:
    return ItemRefused("invalidrecordunknown", "Can't find data record in database.")


# What is told


def enrolled(visit: Visit, courseid: int, options: Iterable[Mapping[str, str]] = ()) -> list[dict[str, Any]]:
    """Who is enrolled in a course, by id; of methods, dates and states it tells nothing."""
    asked = {option["name"]: option["value"] for option in options}
    context = context_id(visit, COURSE, courseid)
    if not context:
        raise _unknown_record()
    fields = [field.strip() for field in asked.get("userfields", "").split(",") if field.strip()]
    only = (asked.get(name, "") not in ("", "0") for name in ("onlyactive", "onlysuspended"))
    users = _enrolled(visit, courseid, *only)
    start, limit = (int(asked.get(name) or 0) for name in ("limitfrom", "limitnumber"))
    users = users[start:][: limit or None]
    if users and (unknown := [field for field in fields if field not in _FIELDS]):
        raise ItemRefused("invaliduserfield", f"Invalid user field: {unknown[0]}")
    told = frozenset({"id", "fullname", *(fields or _FIELDS)}) - _UNTOLD
    return [_told(person, told) for person in _people(visit, users, context)]


def _enrolled(visit: Visit, course: int, only_active: bool, only_suspended: bool) -> list[int]:
    if only_active and only_suspended:
        reason = "Both onlyactive and onlysuspended are set, this is probably not what you want!"
        raise ItemRefused("codingerror", f"Coding error detected, it must be fixed by a programmer: {reason}")
    if course == SITE_COURSE:  # everybody is in it
        return [user for (user,) in visit.connection.execute("SELECT id FROM user WHERE deleted = 0 ORDER BY id")]
    now = round(visit.now, -2)  # so that Moodle's database can cache the query
    rows = visit.connection.execute(
        "SELECT userid, max(enrol.status = 0 AND user_enrolment.status = 0 AND timestart < :now"
        " AND (timeend = 0 OR timeend > :now)) FROM user_enrolment JOIN enrol ON enrol.id = enrolid"
        " WHERE courseid = :course GROUP BY userid ORDER BY userid",
        {"now": now, "course": course},
    )
    return [user for user, active in rows if (active or not only_active) and not (active and only_suspended)]


def _people(visit: Visit, users: list[int], context: int) -> Iterator[dict[str, Any]]:
    for person in lookups.by_field(visit, "id", [str(user) for user in users]):
        yield person | {"roles": roles_of(visit, person["id"], context), "lastcourseaccess": 0}


def _told(person: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    return {field: value for field, value in person.items() if field in fields}


def profiles(visit: Visit, userlist: list[dict[str, int]]) -> list[dict[str, Any]]:
    """What is told of some people each in a course, the roles too, whether they are enrolled there or not.

    Unknown and deleted accounts are left out; of a user who stands in the list twice, the last course counts.
    """
    courses = {named["userid"]: named["courseid"] for named in userlist}
    told = []
    for user, course in sorted(courses.items()):
        context = context_id(visit, COURSE, course)
        if is_user(visit, user):
            if not context:
                raise invalid_parameter()
            told += [_told(person, person.keys() - {"lastcourseaccess"}) for person in _people(visit, [user], context)]
    return told


# As the companion does it


def get(visit: Visit, courseids: list[int], userids: list[int] | None = None) -> list[dict[str, Any]]:
    """Every enrolment in some courses, by method, with its dates and its state."""
    rows = visit.connection.execute(
        "SELECT courseid, userid, enrolid, enrol, user_enrolment.status, timestart, timeend FROM user_enrolment"
        " JOIN enrol ON enrol.id = enrolid WHERE courseid IN (SELECT value FROM json_each(?))"
        " ORDER BY courseid, sortorder, enrolid, userid",
        (str(courseids),),
    )
    keys = ("courseid", "userid", "enrolid", "enrol", "status", "timestart", "timeend")
    wanted = frozenset(userids or ())
    return [dict(zip(keys, row, strict=True)) for row in rows if not wanted or row[1] in wanted]


def enrol_by_method(visit: Visit, enrolments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Enrol by the first instance of a method, each by itself; what is not said of an enrolment stays as it is."""
    return each(visit, enrolments, lambda item: _enrol_by_method(visit, item))


def _enrol_by_method(visit: Visit, item: Mapping[str, Any]) -> int:
    _check_method(visit, item)
    if item.get("status", 0) not in (0, 1):
        raise ItemRefused("fieldinvalid", "The value of status is not one that it can have")
    role, course, user = item.get("roleid", 0), item["courseid"], item["userid"]
    if role and not may_be_assigned(visit, role, context_id(visit, COURSE, course)):
        raise ItemRefused("roleunassignable", f"The role {role} can't be assigned in this course")
    if not is_user(visit, user) or user == GUEST_ID:
        raise ItemRefused("invaliduserid", "Invalid user ID")
    found = instances(visit, course, item["enrol"], closed=item.get("disabled", False))
    if not found:
        raise ItemRefused("noinstance", f"The course has no open enrolment method {item['enrol']}")
    if item["enrol"] in SYNCHRONISED | {"guest"}:
        raise _synchronised(item["enrol"])
    before = _times(visit, found[0], user) or (visit.now, 0, 0)
    start, end, status = (
        item.get(key, old) for key, old in zip(("timestart", "timeend", "status"), before, strict=True)
    )
    if start < 0 or end < 0 or 0 < end < start:
        raise ItemRefused("timesinvalid", "The enrolment would end before it begins")
    enrol(visit, found[0], user, role, start, end, status)
    return 0


def _times(visit: Visit, instance: Mapping[str, Any], user: int) -> Any:
    return visit.connection.execute(
        "SELECT timestart, timeend, status FROM user_enrolment WHERE enrolid = ? AND userid = ?",
        (instance["id"], user),
    ).fetchone()


def unenrol_by_method(visit: Visit, enrolments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Unenrol from every instance of a method, each item by itself; who is not enrolled is no error."""
    return each(visit, enrolments, lambda item: _unenrol_by_method(visit, item))


def _unenrol_by_method(visit: Visit, item: Mapping[str, Any]) -> int:
    _check_method(visit, item)
    for instance in instances(visit, item["courseid"], item["enrol"], closed=True):
        if item["enrol"] in SYNCHRONISED and _times(visit, instance, item["userid"]):
            raise _synchronised(item["enrol"])
        unenrol(visit, instance, item["userid"])
    return 0


def _check_method(visit: Visit, item: Mapping[str, Any]) -> None:
    if item["enrol"] not in _METHODS:
        raise ItemRefused("methodunknown", f"The site has no enrolment method {item['enrol']}")
    if not context_id(visit, COURSE, item["courseid"]):
        raise ItemRefused("invalidcourseid", "You are trying to use an invalid course ID")


def _synchronised(method: str) -> ItemRefused:
    return ItemRefused("methodsynchronised", f"Who is enrolled by {method} follows from something else")


FUNCTIONS = {
    "core_enrol_get_enrolled_users": Answers(ENROLLED, enrolled, writes=False),
    "core_user_get_course_user_profiles": Answers(PROFILES, profiles, writes=False),
    "enrol_manual_enrol_users": Answers(ENROL_MANUALLY, enrol_manually, writes=True),
    "enrol_manual_unenrol_users": Answers(UNENROL_MANUALLY, unenrol_manually, writes=True),
    "local_syncd_get_enrolments": Answers(GET, get, writes=False),
    "local_syncd_enrol_users": Answers(ENROL, enrol_by_method, writes=True),
    "local_syncd_unenrol_users": Answers(UNENROL, unenrol_by_method, writes=True),
}
