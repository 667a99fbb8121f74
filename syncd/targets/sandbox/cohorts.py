"""The practice site's cohorts: of the whole site, or of a category."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.parameters import Check, invalid_parameter
from syncd.targets.sandbox.site import Visit, compared

SYSTEM = 0
"""In the place of a category: the whole site."""

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
CREATE TABLE IF NOT EXISTS cohort_category (  -- those that are not of the whole site
    cohortid INTEGER PRIMARY KEY REFERENCES cohort (id) ON DELETE CASCADE,
    categoryid INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS cohort_category_category ON cohort_category (categoryid);
"""

_named = parameters.structure({"type": parameters.text, "value": parameters.text})
_ids = parameters.list_of(parameters.integer)
_customfield = parameters.structure({"shortname": parameters.shortname, "value": parameters.text})
_REQUIRED: dict[str, Check] = {"categorytype": _named, "name": parameters.text, "idnumber": parameters.text}
_OPTIONAL: dict[str, Check] = {
    "description": parameters.text,
    "descriptionformat": parameters.integer,
    "visible": parameters.boolean,
    "theme": parameters.text,
    "customfields": parameters.list_of(_customfield),
}
_updated = parameters.structure({"id": parameters.integer} | _REQUIRED, _OPTIONAL)
CREATE = parameters.structure({"cohorts": parameters.list_of(parameters.structure(_REQUIRED, _OPTIONAL))})
UPDATE = parameters.structure({"cohorts": parameters.list_of(_updated)})
GET = parameters.structure({}, {"cohortids": _ids})
DELETE = parameters.structure({"cohortids": _ids})
_context = parameters.structure(
    {}, {"contextid": parameters.integer, "contextlevel": parameters.letters, "instanceid": parameters.integer}
)
SEARCH = parameters.structure(
    {"query": parameters.text, "context": _context},
    {"includes": parameters.letters, "limitfrom": parameters.integer, "limitnum": parameters.integer},
)

_COLUMNS = "id, name, idnumber, description, descriptionformat, visible"
_TABLE = "cohort LEFT JOIN cohort_category ON cohortid = id"


def create(visit: Visit, cohorts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Create all the cohorts or none; an idnumber that another cohort has, even an empty one, refuses them all."""
    ids = [_create(visit, cohort) for cohort in cohorts]
    made = {cohort["id"]: cohort for cohort in get(visit, ids)}
    return [{key: value for key, value in made[cohort_id].items() if key != "customfields"} for cohort_id in ids]


def _create(visit: Visit, cohort: Mapping[str, Any]) -> int:
    category = _category(visit, **cohort["categorytype"])
    if cohort_id(visit, "idnumber", cohort["idnumber"]):
        raise invalid_parameter()
    _check_lengths(cohort)
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
    made = int(created.lastrowid or 0)
    _place(visit, made, category)
    return made


def _category(visit: Visit, type: str, value: str) -> int:
    if type == "system":
        return SYSTEM
    if type not in ("id", "idnumber"):
        raise invalid_parameter()
    column, key = ("id", value) if type == "id" else ("idnumber_key", compared(value))
    # One that was never given an idnumber has none, not an empty one.
    found = visit.connection.execute(
        f"SELECT id FROM course_category WHERE {column} = ? AND (? = 'id' OR idnumber IS NOT NULL) ORDER BY id",
        (key, type),
    ).fetchone()
    if not found:
        raise invalid_parameter()
    return int(found[0])


def _check_lengths(cohort: Mapping[str, Any]) -> None:
    if len(cohort["name"]) > 254 or len(cohort["idnumber"]) > 100:
        raise ItemRefused("dmlwriteexception", "Error writing to database")


def _place(visit: Visit, cohort: int, category: int) -> None:
    visit.connection.execute("DELETE FROM cohort_category WHERE cohortid = ?", (cohort,))
    if category != SYSTEM:
        visit.connection.execute("INSERT INTO cohort_category VALUES (?, ?)", (cohort, category))


def update(visit: Visit, cohorts: list[dict[str, Any]]) -> None:
    """Update all the cohorts or none.

    Nothing keeps two from getting one idnumber; a description's format that is not given becomes HTML.
    """
    for cohort in cohorts:
        if not cohort["name"].strip():
            raise invalid_parameter()
        (old,) = get(visit, [cohort["id"]]) or _unknown()
        category = _category(visit, **cohort["categorytype"])
        _check_lengths(cohort)
        visit.connection.execute(
            "UPDATE cohort SET name = ?, idnumber = ?, idnumber_key = ?, description = ?, descriptionformat = ?,"
            " visible = ? WHERE id = ?",
            (
                cohort["name"],
                cohort["idnumber"],
                compared(cohort["idnumber"]),
                cohort.get("description", old["description"]),
                cohort.get("descriptionformat", 1),
                cohort.get("visible", old["visible"]),
                cohort["id"],
            ),
        )
        _place(visit, cohort["id"], category)


def get(visit: Visit, cohortids: Iterable[int] = ()) -> list[dict[str, Any]]:
    """The cohorts of these ids, or all; an unknown id is simply absent."""
    if wanted := list(cohortids):
        return [cohort for wanted_id in sorted(set(wanted)) for cohort in found(visit, "WHERE id = ?", wanted_id)]
    return list(found(visit, "ORDER BY id"))


def search(
    visit: Visit,
    query: str,
    context: Mapping[str, Any],
    *,
    includes: str = "parents",
    limitfrom: int = 0,
    limitnum: int = 25,
) -> dict[str, Any]:
    """The cohorts whose name, idnumber or description holds `query`, by name.

    Of this context (`self`), of it and then of those above (`parents`), or of the whole site (`all`). `limitfrom` is
    not the first cohort, but a number of pages of `limitnum`.
    """
    if includes not in ("all", "parents", "self"):
        raise ItemRefused("codingerror", "Coding error detected, it must be fixed by a programmer: includes")
    category = _context_category(visit, context)
    own, over = "WHERE coalesce(categoryid, 0) = ? ORDER BY name, idnumber", above(visit, category)
    match includes:
        case "all":
            listed = list(found(visit, "ORDER BY name, idnumber"))
        case "self":
            listed = list(found(visit, own, category))
        case _:
            parents = f"WHERE coalesce(categoryid, 0) IN ({', '.join(map(str, over))}) ORDER BY name, idnumber"
            listed = [*found(visit, own, category), *found(visit, parents)]
    sought = compared(query)
    hits = [
        cohort
        for cohort in listed
        if any(sought in compared(cohort[key]) for key in ("name", "idnumber", "description"))
    ]
    return {"cohorts": hits[limitfrom * limitnum :][: limitnum or None]}


def _context_category(visit: Visit, context: Mapping[str, Any]) -> int:
    match context:
        case {"contextlevel": "system"}:
            return SYSTEM
        case {"contextlevel": "coursecat", "instanceid": category}:
            return _category(visit, "id", str(category))
    raise invalid_parameter()


def above(visit: Visit, category: int) -> list[int]:
    """The categories above one, and the whole site; nothing is above that."""
    places: list[int] = []
    while category != SYSTEM:
        row = visit.connection.execute("SELECT parent FROM course_category WHERE id = ?", (category,)).fetchone()
        category = int(row[0]) if row else SYSTEM
        places.append(category)
    return places


def found(visit: Visit, condition: str, *values: Any) -> Iterator[dict[str, Any]]:
    """The cohorts that an SQL condition picks, as core's functions tell of them."""
    for row in visit.connection.execute(f"SELECT {_COLUMNS} FROM {_TABLE} {condition}", values):
        cohort = dict(zip(_COLUMNS.split(", "), row, strict=True))
        yield cohort | {"visible": bool(cohort["visible"]), "theme": "", "customfields": []}


def leave_category(visit: Visit, category: int, parent: int) -> None:
    """Move the cohorts of a category that is being deleted to what lies above it."""
    for (cohort,) in visit.connection.execute(
        "SELECT cohortid FROM cohort_category WHERE categoryid = ?", (category,)
    ).fetchall():
        _place(visit, cohort, parent)


def cohort_id(visit: Visit, type: str, value: str) -> int:
    """The id of the cohort that Moodle's database would find first; 0 for none."""
    column, key = ("id", value) if type == "id" else ("idnumber_key", compared(value))
    row = visit.connection.execute(f"SELECT id FROM cohort WHERE {column} = ? ORDER BY id", (key,)).fetchone()
    return row[0] if row else 0


def _unknown() -> Any:
    raise ItemRefused("invalidrecordunknown", "Can't find data record in database.")


FUNCTIONS = {
    "core_cohort_create_cohorts": Answers(CREATE, create, writes=True),
    "core_cohort_update_cohorts": Answers(UPDATE, update, writes=True),
    "core_cohort_get_cohorts": Answers(GET, get, writes=False),
    "core_cohort_search_cohorts": Answers(SEARCH, search, writes=False),
}
