"""The groups and groupings of the practice site's courses."""

from collections.abc import Iterator, Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.contexts import COURSE, context_id
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.parameters import invalid_parameter
from syncd.targets.sandbox.site import Visit, compared

TABLES = """
CREATE TABLE IF NOT EXISTS course_group (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    courseid INTEGER NOT NULL REFERENCES course (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    idnumber TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    UNIQUE (courseid, name_key)
);
CREATE TABLE IF NOT EXISTS grouping (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    courseid INTEGER NOT NULL REFERENCES course (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    idnumber TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    UNIQUE (courseid, name_key)
);
CREATE TABLE IF NOT EXISTS grouping_group (
    groupingid INTEGER NOT NULL REFERENCES grouping (id) ON DELETE CASCADE,
    groupid INTEGER NOT NULL REFERENCES course_group (id) ON DELETE CASCADE,
    PRIMARY KEY (groupingid, groupid)
) WITHOUT ROWID;
"""

_course = parameters.structure({"courseid": parameters.integer})
_ids = parameters.filled_list_of(parameters.integer)
_plain = {"descriptionformat": parameters.integer, "idnumber": parameters.text}
_of_group = _plain | {
    "enrolmentkey": parameters.text,
    "visibility": parameters.integer,
    "participation": parameters.boolean,
}
_new = {"courseid": parameters.integer, "name": parameters.text_without_tags, "description": parameters.text}
_known = {"id": parameters.integer, "name": parameters.text_without_tags}


def _items(name: str, required: Mapping[str, Any], optional: Mapping[str, Any]) -> parameters.Check:
    return parameters.structure({name: parameters.filled_list_of(parameters.structure(required, optional))})


CREATE = _items("groups", _new, _of_group)
UPDATE = _items("groups", _known, {"description": parameters.text, **_of_group})
DELETE = parameters.structure({"groupids": _ids})
CREATE_GROUPINGS = _items("groupings", _new, _plain)
UPDATE_GROUPINGS = _items("groupings", {"description": parameters.text, **_known}, _plain)
DELETE_GROUPINGS = parameters.structure({"groupingids": _ids})
GET_GROUPINGS = parameters.structure({"groupingids": _ids}, {"returngroups": parameters.boolean})
_binding = {"groupingid": parameters.integer, "groupid": parameters.integer}
ASSIGN = _items("assignments", _binding, {})

_KEYS = ("id", "courseid", "name", "idnumber", "description")
_COLUMNS = ", ".join(_KEYS)


def create(visit: Visit, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Create all the groups or none; a name that another of the course has, or its exact idnumber, refuses them."""
    return [_group(row) | {"enrolmentkey": ""} for row in [_create(visit, "course_group", group) for group in groups]]


def create_groupings(visit: Visit, groupings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Create all the groupings or none; where one has no idnumber they are made, and the answer is an error."""
    made = [_grouping(_create(visit, "grouping", grouping)) for grouping in groupings]
    if not all("idnumber" in grouping for grouping in groupings):
        visit.connection.execute("COMMIT")
        raise ItemRefused("invalidresponse", "Invalid response value detected")
    return made


def _create(visit: Visit, table: str, thing: Mapping[str, Any]) -> dict[str, Any]:
    course, name, idnumber = thing["courseid"], thing["name"].strip(), thing.get("idnumber", "").strip()
    if not name or _other(visit, table, course, "name_key", compared(thing["name"])):
        raise invalid_parameter()
    _check_course(visit, course)
    _check_idnumber(visit, table, course, idnumber)
    _check_lengths(name, idnumber)
    made = visit.connection.execute(
        f"INSERT INTO {table} (courseid, name, name_key, idnumber, description) VALUES (?, ?, ?, ?, ?)",
        (course, name, compared(name), idnumber, thing["description"]),
    )
    return next(_rows(visit, table, "id", made.lastrowid or 0))


def _check_course(visit: Visit, course: int) -> None:
    if not context_id(visit, COURSE, course):
        raise ItemRefused(
            "errorcoursecontextnotvalid",
            f"You cannot execute functions in the course context (course id:{course}). The context error message was:"
            " Invalid parameter value detected",
        )


def _check_idnumber(visit: Visit, table: str, course: int, idnumber: str, own: int = 0) -> None:
    if idnumber and _other(visit, table, course, "idnumber", idnumber, own):
        raise ItemRefused("idnumbertaken", "This ID number is already in use")


def _check_lengths(name: str, idnumber: str) -> None:
    if len(name) > 254 or len(idnumber) > 100:
        raise ItemRefused("dmlwriteexception", "Error writing to database")


def _other(visit: Visit, table: str, course: int, column: str, value: str, own: int = 0) -> bool:
    found = visit.connection.execute(
        f"SELECT 1 FROM {table} WHERE courseid = ? AND {column} = ? AND id <> ?", (course, value, own)
    ).fetchone()
    return found is not None


def update(visit: Visit, groups: list[dict[str, Any]]) -> None:
    """Update all the groups or none. A name that differs from the present one in case alone is refused as taken."""
    for group in groups:
        _update(visit, "course_group", group)


def update_groupings(visit: Visit, groupings: list[dict[str, Any]]) -> None:
    """Update all the groupings or none; the description must be said, or it is refused."""
    for grouping in groupings:
        _update(visit, "grouping", grouping)


def _update(visit: Visit, table: str, thing: Mapping[str, Any]) -> None:
    present = next(_rows(visit, table, "id", thing["id"]), None)
    if not thing["name"].strip() or present is None:
        raise invalid_parameter()
    name, course = thing["name"].strip(), present["courseid"]
    if thing["name"] != present["name"] and _other(visit, table, course, "name_key", compared(thing["name"])):
        raise invalid_parameter()
    idnumber = thing.get("idnumber", present["idnumber"]).strip()
    _check_idnumber(visit, table, course, idnumber, thing["id"])
    _check_lengths(name, idnumber)
    visit.connection.execute(
        f"UPDATE {table} SET name = ?, name_key = ?, idnumber = ?, description = ? WHERE id = ?",
        (name, compared(name), idnumber, thing.get("description", present["description"]), thing["id"]),
    )


def delete(visit: Visit, groupids: list[int]) -> None:
    """Delete groups with their memberships; an unknown one is no error."""
    visit.connection.executemany("DELETE FROM course_group WHERE id = ?", [(group,) for group in groupids])


def delete_groupings(visit: Visit, groupingids: list[int]) -> None:
    """Delete groupings, whose groups stay; an unknown one is no error."""
    visit.connection.executemany("DELETE FROM grouping WHERE id = ?", [(grouping,) for grouping in groupingids])


def of_course(visit: Visit, courseid: int) -> list[dict[str, Any]]:
    """The groups of a course, by name."""
    _check_course(visit, courseid)
    return [_group(row) for row in _rows(visit, "course_group", "courseid", courseid)]


def groupings_of_course(visit: Visit, courseid: int) -> list[dict[str, Any]]:
    """The groupings of a course, by name."""
    if not context_id(visit, COURSE, courseid):
        raise unknown_record()
    return [_grouping(row) for row in _rows(visit, "grouping", "courseid", courseid)]


def get_groupings(visit: Visit, groupingids: list[int], *, returngroups: bool = False) -> list[dict[str, Any]]:
    """Some groupings, and on demand their groups, if they have any; one unknown refuses them all."""
    return [_with_groups(visit, grouping, returngroups) for grouping in groupingids]


def _with_groups(visit: Visit, number: int, returngroups: bool) -> dict[str, Any]:
    grouping = _one(visit, "grouping", number)
    bound = visit.connection.execute(
        f"SELECT {_COLUMNS} FROM course_group JOIN grouping_group ON groupid = id WHERE groupingid = ? ORDER BY id",
        (number,),
    )
    groups = [_group(dict(zip(_KEYS, row, strict=True))) for row in bound] if returngroups else []
    return _grouping(grouping) | {"customfields": []} | ({"groups": groups} if groups else {})


def assign(visit: Visit, assignments: list[dict[str, int]]) -> None:
    """Put groups into groupings, all or none, whatever their courses; who is in already is no error."""
    for binding in assignments:
        _one(visit, "grouping", binding["groupingid"])
        _one(visit, "course_group", binding["groupid"])
        visit.connection.execute(
            "INSERT OR IGNORE INTO grouping_group VALUES (?, ?)", (binding["groupingid"], binding["groupid"])
        )


def _one(visit: Visit, table: str, number: int) -> dict[str, Any]:
    found = next(_rows(visit, table, "id", number), None)
    if found is None:
        raise unknown_record()
    return found


def group(visit: Visit, number: int) -> dict[str, Any]:
    """A group; raises `ItemRefused` where there is none."""
    return _one(visit, "course_group", number)


def _rows(visit: Visit, table: str, column: str, value: int) -> Iterator[dict[str, Any]]:
    rows = visit.connection.execute(
        f"SELECT {_COLUMNS} FROM {table} WHERE {column} = ? ORDER BY name_key, id", (value,)
    ).fetchall()
    return (dict(zip(_KEYS, row, strict=True)) for row in rows)


def _group(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "descriptionformat": 1, "enrolmentkey": None, "visibility": 0, "participation": True}


def _grouping(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "descriptionformat": 1}


def unknown_record() -> ItemRefused:
    """What Moodle says of an id that nothing has."""
    return ItemRefused("invalidrecordunknown", "Can't find data record in database.")


FUNCTIONS = {
    "core_group_create_groups": Answers(CREATE, create, writes=True),
    "core_group_update_groups": Answers(UPDATE, update, writes=True),
    "core_group_delete_groups": Answers(DELETE, delete, writes=True),
    "core_group_get_course_groups": Answers(_course, of_course, writes=False),
    "core_group_create_groupings": Answers(CREATE_GROUPINGS, create_groupings, writes=True),
    "core_group_update_groupings": Answers(UPDATE_GROUPINGS, update_groupings, writes=True),
    "core_group_delete_groupings": Answers(DELETE_GROUPINGS, delete_groupings, writes=True),
    "core_group_get_course_groupings": Answers(_course, groupings_of_course, writes=False),
    "core_group_get_groupings": Answers(GET_GROUPINGS, get_groupings, writes=False),
    "core_group_assign_grouping": Answers(ASSIGN, assign, writes=True),
}
