"""Rows of users files, the accounts that they may meet, and what a plan makes of both."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from syncd.core.codes import CODES
from syncd.core.model import Call, Outcome, Refusal, Row, Step
from syncd.tools.base import Memory
from syncd.tools.users import UsersTool
from syncd.tools.users.wish import UserWish

CREATE = "core_user_create_users"
UPDATE = "core_user_update_users"
DELETE = "core_user_delete_users"
ADD_MEMBERS = "core_cohort_add_cohort_members"
ANA = {"username": "ana", "firstname": "Ana", "lastname": "Díaz", "email": "ana@example.org", "idnumber": "E1"}
BEN = {"username": "ben", "firstname": "Ben", "lastname": "Roy", "email": "ben@example.org", "idnumber": "E2"}
ANA_ON_SITE = {"id": 11, "auth": "manual", "suspended": False, "mailformat": 1, **ANA}
BEN_ON_SITE = {"id": 12, "auth": "manual", "suspended": False, "mailformat": 1, **BEN}
COHORT_2A = {"id": 5, "name": "2A", "idnumber": "C-2A"}

Cells = Mapping[str, str]


def users(**settings: Any) -> UsersTool:
    """A tool with the defaults of its kind, but for some settings."""
    return UsersTool.model_validate({"file": "users.csv", **settings})


def wish(tool: UsersTool, cells: Cells, line: int = 2) -> UserWish:
    """What a row that is in order wishes."""
    checked = tool.check(Row(line, cells, ""))
    assert isinstance(checked, UserWish), checked
    return checked


def refusal(cells: Cells, tool: UsersTool | None = None) -> Refusal:
    """Why a row is refused before anything is asked."""
    checked = (tool or users()).check(Row(2, cells, ""))
    assert isinstance(checked, Refusal), checked
    assert checked.code in CODES
    return checked


def told(
    call: Call, site: Sequence[Mapping[str, Any]], cohorts: Sequence[Mapping[str, Any]], members: list[int]
) -> Any:
    """Everything the site has, whatever was asked: what does not match exactly must not matter."""
    return {
        "core_user_get_users_by_field": site,
        "core_cohort_get_cohorts": cohorts,
        "core_cohort_search_cohorts": {"cohorts": cohorts},
        "core_cohort_get_cohort_members": [{"cohortid": cohort["id"], "userids": members} for cohort in cohorts],
    }[call.function]


def steps(
    rows: Iterable[Cells],
    site: Sequence[Mapping[str, Any]] = (),
    *,
    tool: UsersTool | None = None,
    cohorts: Sequence[Mapping[str, Any]] = (),
    members: Iterable[int] = (),
    memory: Memory | None = None,
) -> list[Step]:
    """The steps of some rows, planned on a site that has some accounts, cohorts, and members of all of these."""
    tool = tool or users()
    wishes = [wish(tool, cells, line) for line, cells in enumerate(rows, start=2)]
    plan = tool.plan(wishes, memory or Memory(lambda subject: True))
    try:
        calls = next(plan)
        while True:
            calls = plan.send([told(call, site, cohorts, list(members)) for call in calls])
    except StopIteration as end:
        planned: list[Step] = end.value
        return planned


def step(cells: Cells, *site: Mapping[str, Any], **settings: Any) -> Step:
    """What becomes of one row."""
    (only,) = steps([cells], site, tool=users(**settings))
    return only


def refused(cells: Cells, *site: Mapping[str, Any], **settings: Any) -> str:
    """The code for which the plan refuses a row."""
    found = step(cells, *site, **settings)
    assert found.outcome is Outcome.REJECTED
    assert found.refusal is not None
    assert found.refusal.code in CODES
    assert not found.acts
    return found.refusal.code
