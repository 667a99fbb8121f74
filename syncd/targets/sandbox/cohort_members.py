"""Who is in the practice site's cohorts."""

from collections.abc import Iterator, Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.cohort_sync import synchronise
from syncd.targets.sandbox.cohorts import cohort_id
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.site import Visit, compared

TABLES = """
CREATE TABLE IF NOT EXISTS cohort_member (
    cohortid INTEGER NOT NULL REFERENCES cohort (id) ON DELETE CASCADE,
    userid INTEGER NOT NULL REFERENCES user (id),
    PRIMARY KEY (cohortid, userid)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cohort_member_user ON cohort_member (userid);
"""

_named = parameters.structure({"type": parameters.shortname, "value": parameters.text})
_pair = parameters.structure({"cohortid": parameters.integer, "userid": parameters.integer})
GET = parameters.structure({"cohortids": parameters.list_of(parameters.integer)})
ADD = parameters.structure(
    {"members": parameters.list_of(parameters.structure({"cohorttype": _named, "usertype": _named}))}
)
DELETE = parameters.structure({"members": parameters.list_of(_pair)})


def add(visit: Visit, members: list[dict[str, Any]]) -> dict[str, Any]:
    """Add members; those who can't be added get a warning, which names no item: only its text says which."""
    return {"warnings": [warning for member in members for warning in _add(visit, **member)]}


def _add(visit: Visit, cohorttype: Mapping[str, str], usertype: Mapping[str, str]) -> Iterator[dict[str, str]]:
    cohort, user = _said(cohorttype), _said(usertype)
    if cohorttype["type"] not in ("id", "idnumber"):
        yield _warning("1", f"invalid parameter: cohortype={cohorttype['type']}")
    elif usertype["type"] not in ("id", "username"):
        yield _warning("1", f"invalid parameter: usertype={usertype['type']}")
    elif not (cohort_found := cohort_id(visit, **cohorttype)):
        yield _warning("2", f"cohort {cohort} not exists")
    elif not (user_found := _user_id(visit, **usertype)):
        yield _warning("2", f"user {user} not exists")
    elif not _join(visit, cohort_found, user_found):
        yield _warning("3", f"record already exists: cohort({cohort} {user})")
    else:
        synchronise(visit, "customint1", cohort_found)


def _said(named: Mapping[str, str]) -> str:
    return f"{named['type']}={named['value']}"


def _warning(code: str, message: str) -> dict[str, str]:
    return {"warningcode": code, "message": message}


def _user_id(visit: Visit, type: str, value: str) -> int:
    column = "id" if type == "id" else "username"
    row = visit.connection.execute(
        f"SELECT id FROM user WHERE {column} = ? AND deleted = 0", (compared(value),)
    ).fetchone()
    return row[0] if row else 0


def _join(visit: Visit, cohort: int, user: int) -> bool:
    joined = visit.connection.execute("INSERT OR IGNORE INTO cohort_member VALUES (?, ?)", (cohort, user))
    return joined.rowcount > 0


def get(visit: Visit, cohortids: list[int]) -> list[dict[str, Any]]:
    """The ids of each cohort's members, by last name; one unknown cohort refuses them all."""
    return [{"cohortid": cohort, "userids": _members(visit, cohort)} for cohort in cohortids]


def _members(visit: Visit, cohort: int) -> list[int]:
    if not cohort_id(visit, "id", str(cohort)):
        raise _unknown_record()
    rows = visit.connection.execute(
        "SELECT user.id FROM cohort_member JOIN user ON user.id = userid WHERE cohortid = ?"
        " ORDER BY json_extract(record, '$.lastname'), json_extract(record, '$.firstname')",
        (cohort,),
    )
    return [user for (user,) in rows]


def delete(visit: Visit, members: list[dict[str, int]]) -> None:
    """Take members out of cohorts, all or none; one who is no member is passed over, an unknown one refuses all."""
    for member in members:
        if not cohort_id(visit, "id", str(member["cohortid"])) or not _user_id(visit, "id", str(member["userid"])):
            raise _unknown_record()
        visit.connection.execute(
            "DELETE FROM cohort_member WHERE cohortid = ? AND userid = ?", (member["cohortid"], member["userid"])
        )
        synchronise(visit, "customint1", member["cohortid"])


def _unknown_record() -> ItemRefused:
    return ItemRefused("invalidrecordunknown", "Can't find data record in database.")


FUNCTIONS = {
    "core_cohort_add_cohort_members": Answers(ADD, add, writes=True),
    "core_cohort_delete_cohort_members": Answers(DELETE, delete, writes=True),
    "core_cohort_get_cohort_members": Answers(GET, get, writes=False),
}
