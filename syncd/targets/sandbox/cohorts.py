"""The practice site's cohorts and their members; all are system cohorts, for it has no course categories."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.parameters import invalid_parameter
from syncd.targets.sandbox.site import Visit, compared

TABLES = """
CREATE TABLE IF NOT EXISTS cohort (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    idnumber TEXT NOT NULL,
    idnumber_key TEXT NOT NULL,
    description TEXT NOT NULL,
    descriptionformat INTEGER NOT NULL,
    visible INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS cohort_idnumber ON cohort (idnumber_key);
CREATE TABLE IF NOT EXISTS cohort_member (
    cohortid INTEGER NOT NULL REFERENCES cohort (id) ON DELETE CASCADE,
    userid INTEGER NOT NULL REFERENCES user (id),
    PRIMARY KEY (cohortid, userid)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cohort_member_user ON cohort_member (userid);
"""

_named = parameters.structure({"type": parameters.text, "value": parameters.text})
_ids = parameters.list_of(parameters.integer)
_customfield = parameters.structure({"shortname": parameters.shortname, "value": parameters.text})
CREATE = parameters.structure(
    {
        "cohorts": parameters.list_of(
            parameters.structure(
                {"categorytype": _named, "name": parameters.text, "idnumber": parameters.text},
                {
                    "description": parameters.text,
                    "descriptionformat": parameters.integer,
                    "visible": parameters.boolean,
                    "theme": parameters.text,
                    "customfields": parameters.list_of(_customfield),
                },
            )
        )
    }
)
GET = parameters.structure({}, {"cohortids": _ids})
DELETE = parameters.structure({"cohortids": _ids})
MEMBERS = parameters.structure({"cohortids": _ids})
SEARCH = parameters.structure(
    {
        "query": parameters.text,
        "context": parameters.structure(
            {},
            {"contextid": parameters.integer, "contextlevel": parameters.letters, "instanceid": parameters.integer},
        ),
    },
    {"includes": parameters.letters, "limitfrom": parameters.integer, "limitnum": parameters.integer},
)
ADD_MEMBERS = parameters.structure(
    {"members": parameters.list_of(parameters.structure({"cohorttype": _named, "usertype": _named}))}
)

_COLUMNS = "id, name, idnumber, description, descriptionformat, visible"


def create(visit: Visit, cohorts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Create all the cohorts or none; an idnumber that another cohort has, even an empty one, refuses them all."""
    ids = [_create(visit, cohort) for cohort in cohorts]
    made = {cohort["id"]: cohort for cohort in get(visit, ids)}
    return [{key: value for key, value in made[cohort_id].items() if key != "customfields"} for cohort_id in ids]


def _create(visit: Visit, cohort: Mapping[str, Any]) -> int:
    if cohort["categorytype"]["type"] != "system" or _cohort_id(visit, "idnumber", cohort["idnumber"]):
        raise invalid_parameter()
    if len(cohort["name"]) > 254 or len(cohort["idnumber"]) > 100:
        raise ItemRefused("dmlwriteexception", "Error writing to database")
    created = visit.connection.execute(
        "INSERT INTO cohort (name, idnumber, idnumber_key, description, descriptionformat, visible)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            cohort["name"],
            cohort["idnumber"],
            compared(cohort["idnumber"]),
            cohort.get("description", ""),
            cohort.get("descriptionformat", 1),
            cohort.get("visible", True),
        ),
    )
    return int(created.lastrowid or 0)


def get(visit: Visit, cohortids: Iterable[int] = ()) -> list[dict[str, Any]]:
    """The cohorts of these ids, or all; an unknown id is simply absent."""
    if wanted := list(cohortids):
        return [cohort for cohort_id in sorted(set(wanted)) for cohort in _cohorts(visit, "WHERE id = ?", cohort_id)]
    return list(_cohorts(visit, "ORDER BY id"))


def search(
    visit: Visit,
    query: str,
    context: Mapping[str, Any],
    *,
    includes: str = "parents",
    limitfrom: int = 0,
    limitnum: int = 25,
) -> dict[str, Any]:
    """The cohorts whose name, idnumber or description holds `query`, by name; every context is the system's."""
    if includes not in ("all", "parents", "self"):
        raise ItemRefused("codingerror", "Coding error detected, it must be fixed by a programmer: includes")
    if not context:
        raise invalid_parameter()
    sought = compared(query)
    found = [
        cohort
        for cohort in _cohorts(visit, "ORDER BY name, idnumber")
        if any(sought in compared(cohort[key]) for key in ("name", "idnumber", "description"))
    ]
    return {"cohorts": found[limitfrom:][: limitnum or None]}


def _cohorts(visit: Visit, condition: str, *values: int) -> Iterator[dict[str, Any]]:
    for row in visit.connection.execute(f"SELECT {_COLUMNS} FROM cohort {condition}", values):
        cohort = dict(zip(_COLUMNS.split(", "), row, strict=True))
        yield cohort | {"visible": bool(cohort["visible"]), "customfields": []}


def delete(visit: Visit, cohortids: list[int]) -> None:
    """Delete all the cohorts with their memberships, or none."""
    for cohort_id in cohortids:
        if not visit.connection.execute("DELETE FROM cohort WHERE id = ?", (cohort_id,)).rowcount:
            raise _unknown_record()


def add_members(visit: Visit, members: list[dict[str, Any]]) -> dict[str, Any]:
    """Add members; those who can't be added get a warning, which names no item: only its text says which."""
    return {"warnings": [warning for member in members for warning in _add(visit, **member)]}


def _add(visit: Visit, cohorttype: Mapping[str, str], usertype: Mapping[str, str]) -> Iterator[dict[str, str]]:
    cohort, user = _said(cohorttype), _said(usertype)
    if cohorttype["type"] not in ("id", "idnumber"):
        yield _warning("1", f"invalid parameter: cohortype={cohorttype['type']}")
    elif usertype["type"] not in ("id", "username"):
        yield _warning("1", f"invalid parameter: usertype={usertype['type']}")
    elif not (cohort_id := _cohort_id(visit, **cohorttype)):
        yield _warning("2", f"cohort {cohort} not exists")
    elif not (user_id := _user_id(visit, **usertype)):
        yield _warning("2", f"user {user} not exists")
    elif not _join(visit, cohort_id, user_id):
        yield _warning("3", f"record already exists: cohort({cohort} {user})")


def _said(named: Mapping[str, str]) -> str:
    return f"{named['type']}={named['value']}"


def _warning(code: str, message: str) -> dict[str, str]:
    return {"warningcode": code, "message": message}


def _cohort_id(visit: Visit, type: str, value: str) -> int:
    column, key = ("id", value) if type == "id" else ("idnumber_key", compared(value))
    found = visit.connection.execute(f"SELECT id FROM cohort WHERE {column} = ? ORDER BY id", (key,)).fetchone()
    return found[0] if found else 0


def _user_id(visit: Visit, type: str, value: str) -> int:
    column = "id" if type == "id" else "username"
    found = visit.connection.execute(
        f"SELECT id FROM user WHERE {column} = ? AND deleted = 0", (compared(value),)
    ).fetchone()
    return found[0] if found else 0


def _join(visit: Visit, cohort_id: int, user_id: int) -> bool:
    joined = visit.connection.execute("INSERT OR IGNORE INTO cohort_member VALUES (?, ?)", (cohort_id, user_id))
    return joined.rowcount > 0


def members(visit: Visit, cohortids: list[int]) -> list[dict[str, Any]]:
    """The ids of each cohort's members, by last name; one unknown cohort refuses them all."""
    return [{"cohortid": cohort_id, "userids": _members(visit, cohort_id)} for cohort_id in cohortids]


def _members(visit: Visit, cohort_id: int) -> list[int]:
    if not list(_cohorts(visit, "WHERE id = ?", cohort_id)):
        raise _unknown_record()
    rows = visit.connection.execute(
        "SELECT user.id FROM cohort_member JOIN user ON user.id = userid WHERE cohortid = ?"
        " ORDER BY json_extract(record, '$.lastname'), json_extract(record, '$.firstname')",
        (cohort_id,),
    )
    return [user_id for (user_id,) in rows]


def _unknown_record() -> ItemRefused:
    return ItemRefused("invalidrecordunknown", "Can't find data record in database.")


FUNCTIONS = {
    "core_cohort_create_cohorts": Answers(CREATE, create, writes=True),
    "core_cohort_get_cohorts": Answers(GET, get, writes=False),
    "core_cohort_search_cohorts": Answers(SEARCH, search, writes=False),
    "core_cohort_delete_cohorts": Answers(DELETE, delete, writes=True),
    "core_cohort_add_cohort_members": Answers(ADD_MEMBERS, add_members, writes=True),
    "core_cohort_get_cohort_members": Answers(MEMBERS, members, writes=False),
}
