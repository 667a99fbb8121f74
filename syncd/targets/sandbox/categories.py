"""The practice site's course categories: a tree that begins with one, as on a new Moodle."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.cohorts import leave_category
from syncd.targets.sandbox.contexts import CATEGORY, context_triggers
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.parameters import Check
from syncd.targets.sandbox.site import Visit, compared

FIRST_CATEGORY = 1

TABLES = f"""
CREATE TABLE IF NOT EXISTS course_category (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    idnumber TEXT,                         -- NULL where none was ever given, as in Moodle
    idnumber_key TEXT NOT NULL,
    parent INTEGER NOT NULL,
    path TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    descriptionformat INTEGER NOT NULL DEFAULT 1,
    visible INTEGER NOT NULL DEFAULT 1,
    theme TEXT NOT NULL DEFAULT '',
    timemodified INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS course_category_idnumber ON course_category (idnumber_key);
CREATE INDEX IF NOT EXISTS course_category_parent ON course_category (parent);
{context_triggers("course_category", CATEGORY)}
INSERT OR IGNORE INTO course_category (id, name, idnumber_key, parent, path)
    SELECT {FIRST_CATEGORY}, 'Category 1', '', 0, '/{FIRST_CATEGORY}'
    WHERE NOT EXISTS (SELECT 1 FROM course_category);
"""

_FORMATS = frozenset({0, 1, 2, 4})
_OPTIONAL: dict[str, Check] = {
    "idnumber": parameters.text,
    "description": parameters.text,
    "descriptionformat": parameters.integer,
    "theme": parameters.text,
    "parent": parameters.integer,
}
_criterion = parameters.structure({"key": parameters.text, "value": parameters.text})
GET = parameters.structure({}, {"criteria": parameters.list_of(_criterion), "addsubcategories": parameters.boolean})
_created = parameters.structure({"name": parameters.text_in_languages}, _OPTIONAL)
CREATE = parameters.structure({"categories": parameters.list_of(_created)})
_updated = parameters.structure({"id": parameters.integer}, {"name": parameters.text_in_languages} | _OPTIONAL)
UPDATE = parameters.structure({"categories": parameters.list_of(_updated)})
_deleted = parameters.structure(
    {"id": parameters.integer}, {"newparent": parameters.integer, "recursive": parameters.boolean}
)
DELETE = parameters.structure({"categories": parameters.list_of(_deleted)})

_COLUMNS = "id, name, idnumber, parent, path, description, descriptionformat, visible, theme, timemodified"
_STORED = ("name", "idnumber", "description", "descriptionformat", "theme")


def create(visit: Visit, categories: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Create all the categories or none; names need not be unlike, idnumbers must, whatever their case."""
    return [{"id": _create(visit, category), "name": category["name"]} for category in categories]


def _create(visit: Visit, category: Mapping[str, Any]) -> int:
    parent = category.get("parent", 0)
    above = _path(visit, parent)
    if above is None:
        raise ItemRefused("unknowcategory", "Category not known!")
    if not category["name"]:
        raise ItemRefused("categorynamerequired", "Category name is required")
    _check(visit, 0, category)
    created = visit.connection.execute(
        "INSERT INTO course_category (name, idnumber, idnumber_key, parent, description, descriptionformat, visible,"
        " theme, timemodified) VALUES (?, ?, ?, ?, ?, ?, (SELECT coalesce(min(visible), 1) FROM course_category"
        " WHERE id = ?), ?, ?)",
        (
            category["name"],
            category.get("idnumber"),
            compared(category.get("idnumber", "")),
            parent,
            category.get("description", ""),
            category.get("descriptionformat", 1),
            parent,
            category.get("theme", ""),
            visit.now,
        ),
    )
    made = int(created.lastrowid or 0)
    visit.connection.execute("UPDATE course_category SET path = ? WHERE id = ?", (f"{above}/{made}", made))
    return made


def _check(visit: Visit, category_id: int, category: Mapping[str, Any]) -> None:
    idnumber = category.get("idnumber", "")
    if category.get("descriptionformat", 1) not in _FORMATS:
        raise ItemRefused("formatnotsupported", "webservice/formatnotsupported")
    if len(category.get("name", "")) > 255:
        raise ItemRefused("categorytoolong", "Category name too long")
    if len(idnumber) > 100:
        raise ItemRefused("idnumbertoolong", "ID number is too long")
    taken = visit.connection.execute(
        "SELECT 1 FROM course_category WHERE idnumber_key = ? AND id <> ?", (compared(idnumber), category_id)
    )
    if idnumber and taken.fetchone():
        raise ItemRefused("categoryidnumbertaken", "ID number is already used for another category")


def _path(visit: Visit, category_id: int) -> str | None:
    """Where a category lies, as the ids from the top; "" for the top itself, None for a category that is not there."""
    if not category_id:
        return ""
    found = visit.connection.execute("SELECT path FROM course_category WHERE id = ?", (category_id,)).fetchone()
    return str(found[0]) if found else None


def get(
    visit: Visit, criteria: Iterable[Mapping[str, str]] = (), *, addsubcategories: bool = True
) -> list[dict[str, Any]]:
    """The categories that fit all criteria, with all that lies below them; without criteria, all there are."""
    every = list(_all(visit))
    tests = {criterion["key"].strip(): criterion["value"] for criterion in reversed(list(criteria))}
    if tests.keys() - _CRITERIA:
        raise ItemRefused("criteriaerror", "Missing permissions to search on a criterion.")
    found = [category for category in every if all(_fits(category, *test) for test in tests.items())]
    if tests and addsubcategories:
        paths = tuple(f"{category['path']}/" for category in found)
        found = [category for category in every if category in found or category["path"].startswith(paths)]
    # Moodle sorts these numbers as text.
    return sorted(found, key=lambda category: str(category["sortorder"]))


def _ids(value: str) -> set[int]:
    return {int(part) for part in value.split(",") if part.isdecimal()}


def _fits(category: Mapping[str, Any], key: str, value: str) -> bool:
    match key:
        case "id" | "ids":
            return category["id"] in _ids(value.strip())
        case "parent" | "visible":
            return str(category[key]) == value.strip()
        case "theme":
            return bool(category["theme"] == value)
        case _:
            return category[key] is not None and compared(category[key]) == compared(value)


_CRITERIA = frozenset({"id", "ids", "parent", "visible", "theme", "name", "idnumber"})


def _all(visit: Visit) -> Iterator[dict[str, Any]]:
    counts = dict(visit.connection.execute("SELECT category, count(*) FROM course GROUP BY category"))
    below: dict[int, list[dict[str, Any]]] = {}
    for row in visit.connection.execute(f"SELECT {_COLUMNS} FROM course_category ORDER BY id"):
        category = dict(zip(_COLUMNS.split(", "), row, strict=True))
        below.setdefault(category["parent"], []).append(category)

    def walk(parent: int) -> Iterator[dict[str, Any]]:
        for category in below.get(parent, ()):
            yield category
            yield from walk(category["id"])

    for place, category in enumerate(walk(0), start=1):
        depth = category["path"].count("/")
        yield category | {
            "sortorder": place * 10_000,
            "coursecount": counts.get(category["id"], 0),
            "depth": depth,
            "visibleold": category["visible"],
        }


def update(visit: Visit, categories: list[dict[str, Any]]) -> None:
    """Update all the categories or none: what is not given stays. Whether one is visible can't be said."""
    for category in categories:
        _update(visit, category)


def _update(visit: Visit, category: Mapping[str, Any]) -> None:
    path = _known(visit, category["id"])
    if not category.get("name", "unsaid"):
        raise ItemRefused("categorynamerequired", "Category name is required")
    _check(visit, category["id"], category)
    changes = {column: category[column] for column in _STORED if column in category}
    if "idnumber" in changes:
        changes["idnumber_key"] = compared(changes["idnumber"])
    changes["timemodified"] = visit.now
    visit.connection.execute(
        f"UPDATE course_category SET {', '.join(f'{column} = ?' for column in changes)} WHERE id = ?",
        (*changes.values(), category["id"]),
    )
    if "parent" in category:
        _move(visit, category["id"], path, category["parent"])


def _move(visit: Visit, category_id: int, path: str, parent: int) -> None:
    above = _path(visit, parent)
    if above is None:
        raise ItemRefused("invalidrecordunknown", "Can't find data record in database.")
    if f"{above}/".startswith(f"{path}/"):
        raise ItemRefused("cannotmovecategory", "Cannot move category")
    visit.connection.execute("UPDATE course_category SET parent = ? WHERE id = ?", (parent, category_id))
    visit.connection.execute(
        "UPDATE course_category SET path = ? || substr(path, ?) WHERE path = ? OR path LIKE ?",
        (f"{above}/{category_id}", len(path) + 1, path, f"{path}/%"),
    )


def _known(visit: Visit, category_id: int) -> str:
    if path := _path(visit, category_id):
        return path
    raise ItemRefused("unknowncategory", f'Unknown category with category ID number "{category_id}"')


def delete(visit: Visit, categories: list[dict[str, Any]]) -> None:
    """Delete categories: with all that they hold, or (not `recursive`) what they hold moves to another.

    All or none, while they hold no course. (With courses in them, Moodle keeps what was deleted before the refused.)
    """
    for category in categories:
        path = _known(visit, category["id"])
        if category.get("recursive"):
            _delete_whole(visit, path)
        else:
            _delete_one(visit, category["id"], category.get("newparent"))


def _delete_whole(visit: Visit, path: str) -> None:
    below = "SELECT id FROM course_category WHERE path = ? OR path LIKE ?"
    visit.connection.execute(f"DELETE FROM course WHERE category IN ({below})", (path, f"{path}/%"))
    for (category,) in visit.connection.execute(below, (path, f"{path}/%")).fetchall():
        leave_category(visit, category, int(path.split("/")[-2] or 0))
    visit.connection.execute("DELETE FROM course_category WHERE path = ? OR path LIKE ?", (path, f"{path}/%"))


def _delete_one(visit: Visit, category_id: int, newparent: int | None) -> None:
    (parent,) = visit.connection.execute("SELECT parent FROM course_category WHERE id = ?", (category_id,)).fetchone()
    heir = newparent or parent
    if not heir:
        raise ItemRefused(
            "movecatcontentstoroot",
            "Moving the category content to root is not allowed. You must move the contents to an existing category!",
        )
    _known(visit, heir)
    visit.connection.execute("UPDATE course SET category = ? WHERE category = ?", (heir, category_id))
    children = visit.connection.execute(
        "SELECT id, path FROM course_category WHERE parent = ?", (category_id,)
    ).fetchall()
    for child, path in children:
        _move(visit, child, path, heir)
    leave_category(visit, category_id, parent)
    visit.connection.execute("DELETE FROM course_category WHERE id = ?", (category_id,))


FUNCTIONS = {
    "core_course_get_categories": Answers(GET, get, writes=False),
    "core_course_create_categories": Answers(CREATE, create, writes=True),
    "core_course_update_categories": Answers(UPDATE, update, writes=True),
    "core_course_delete_categories": Answers(DELETE, delete, writes=True),
}
