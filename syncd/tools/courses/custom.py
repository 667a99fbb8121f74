"""The site's own course fields, and how a cell becomes what such a field stores."""

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from syncd.core.model import Call
from syncd.tools.cells import YES_OR_NO, Unfit, moment, unix, yes_or_no
from syncd.tools.lookups.courses import CORE
from syncd.tools.questions import Question

FRONT_PAGE = "1"
"""The id of the site's first page: a course that every site has, and that tells of every field."""

TEXTS = frozenset({"text", "textarea"})
CLEARABLE = TEXTS | {"select"}
"""Types of fields that an empty cell clears; any other it leaves as it is."""


class CustomFields:
    """The types of the site's course fields, by their short names, asked for once in a run."""

    def __init__(self) -> None:
        self._asked = False
        self._types: dict[str, str] | None = None

    def questions(self) -> list[Question]:
        """What must be asked before cells can be understood."""
        if self._asked:
            return []
        self._asked = True
        return [(Call(CORE, {"field": "id", "value": FRONT_PAGE}), self._take)]

    def _take(self, answer: Mapping[str, Any]) -> None:
        for course in answer["courses"]:
            self._types = {str(one["shortname"]): str(one["type"]) for one in course.get("customfields", ())}

    def stored(self, name: str, cell: str, zone: tzinfo) -> str:
        """What a field is to store for a cell; raises `Unfit`. A token that may not know gets the cell as it is."""
        if self._types is None:
            return cell
        kind = self._types.get(name)
        if kind is None:
            cure = "Correct the column's name, or make the field in Moodle."
            raise Unfit("field-missing", "the site has no such course field", cure=cure)
        if not cell:
            return ""
        return _read(kind, cell, zone)

    def clears(self, name: str) -> bool:
        """Whether an empty cell clears a field."""
        return self._types is not None and self._types.get(name) in CLEARABLE

    def same(self, name: str, there: str, wanted: str) -> bool:
        """Whether a field that stores one value stores the other."""
        if self._types is not None and self._types.get(name) not in TEXTS:
            return (there or "0") == (wanted or "0")
        return there == wanted


def _read(kind: str, cell: str, zone: tzinfo) -> str:
    match kind:
        case "checkbox":
            return str(int(YES_OR_NO[yes_or_no(cell)]))
        case "date":
            return str(unix(moment(cell), zone))
        case "select" if not re.fullmatch(r"\d{1,6}", cell, re.ASCII):
            cure = "Write 1 for the first of the options, 2 for the second, and so on."
            raise Unfit("value-wrong", "Moodle's web services take the number of an option, not its name", cure=cure)
        case "number" if not re.fullmatch(r"-?\d{1,10}(\.\d{1,10})?", cell, re.ASCII):
            raise Unfit("value-wrong", "the cell holds no number", cure="Write a number, or leave the cell empty.")
        case "text" if "<" in cell:
            raise Unfit("value-wrong", "the cell holds <, and Moodle takes no tags here", cure="Remove the <.")
    return cell
