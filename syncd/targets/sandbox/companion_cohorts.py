"""How the companion tells of the practice site's cohorts and their members."""

from collections.abc import Sequence
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.cohorts import found
from syncd.targets.sandbox.contexts import CATEGORY, SYSTEM, context_id
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.site import Visit, compared

_ids = parameters.list_of(parameters.integer)
GET = parameters.structure(
    {"field": parameters.letters, "values": parameters.list_of(parameters.text)}, {"members": parameters.boolean}
)
MEMBERS = parameters.structure({"cohortids": _ids}, {"userids": _ids})

_CONDITIONS = {
    "id": "WHERE id = CAST(? AS INTEGER)",
    "idnumber": "WHERE idnumber_key = ? AND idnumber <> ''",
    "name": "WHERE name <> ''",
}


def get(visit: Visit, field: str, values: Sequence[str], *, members: bool = False) -> list[dict[str, Any]]:
    """The cohorts that have one of the values, as the database compares; an empty one is none."""
    if field not in _CONDITIONS:
        raise ItemRefused("fieldunknown", f"There is no field {field} to find by.")
    if field == "name":  # no index: a practice site has few
        wanted = {compared(value) for value in values if value}
        cohorts = [cohort for cohort in found(visit, "") if compared(cohort["name"]) in wanted]
    else:
        keys = {value if field == "id" else compared(value) for value in values}
        cohorts = [cohort for key in keys for cohort in found(visit, _CONDITIONS[field], key)]
    return [_told(visit, cohort, members) for cohort in sorted(cohorts, key=lambda cohort: int(cohort["id"]))]


def _told(visit: Visit, cohort: dict[str, Any], members: bool) -> dict[str, Any]:
    row = visit.connection.execute("SELECT categoryid FROM cohort_category WHERE cohortid = ?", (cohort["id"],))
    (category,) = row.fetchone() or (0,)
    told = {key: cohort[key] for key in ("id", "name", "idnumber", "description", "descriptionformat")} | {
        "contextid": context_id(visit, CATEGORY, category) if category else context_id(visit, SYSTEM, 0),
        "categoryid": category,
        "visible": int(cohort["visible"]),
        "component": "",
    }
    if members:
        told["members"] = [one["userid"] for one in of_cohorts(visit, [cohort["id"]])]
    return told


def of_cohorts(visit: Visit, cohortids: Sequence[int], userids: Sequence[int] = ()) -> list[dict[str, int]]:
    """Who is in the cohorts, of all accounts or of some; a cohort that is not there has nobody in it."""
    some = set(userids)
    return [
        {"cohortid": cohort, "userid": user}
        for cohort in sorted(set(cohortids))
        for (user,) in visit.connection.execute(
            "SELECT userid FROM cohort_member WHERE cohortid = ? ORDER BY userid", (cohort,)
        )
        if not some or user in some
    ]


FUNCTIONS = {
    "local_syncd_get_cohorts": Answers(GET, get, writes=False),
    "local_syncd_get_cohort_members": Answers(MEMBERS, of_cohorts, writes=False),
}
