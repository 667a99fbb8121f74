"""How the companion tells by which methods the practice site's courses are entered."""

from typing import Any

from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.site import Visit

GET = parameters.structure({"courseids": parameters.list_of(parameters.integer)})

_COLUMNS = "id, courseid, enrol, status, name, roleid, sortorder, customint1, customint2, password"


def get(visit: Visit, courseids: list[int]) -> list[dict[str, Any]]:
    """Every method of each course in its order; whether it asks for a password is told, and never for which."""
    return [
        dict(zip(_COLUMNS.split(", "), row, strict=True)) | {"password": bool(row[-1])}
        for course in sorted(set(courseids))
        for row in visit.connection.execute(
            f"SELECT {_COLUMNS} FROM enrol WHERE courseid = ? ORDER BY sortorder, id", (course,)
        )
    ]


FUNCTIONS = {"local_syncd_get_enrol_methods": Answers(GET, get, writes=False)}
