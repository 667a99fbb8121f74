"""How rows bring accounts into cohorts."""

import pytest

from syncd.core.model import Act, Call, Outcome
from syncd.tools.base import Memory
from tests.tools.users_rows import (
    ADD_MEMBERS,
    ANA,
    ANA_ON_SITE,
    BEN,
    BEN_ON_SITE,
    COHORT_2A,
    CREATE,
    steps,
    users,
    wish,
)


def member(username: str, cohort: str = "", *, new: str = "") -> Act:
    """The act that puts an account into a cohort of this id, or into a new one of this idnumber."""
    item = {"cohorttype": {"type": "id", "value": cohort}, "usertype": {"type": "username", "value": username}}
    return Act(ADD_MEMBERS, item, takes={"cohorttype.value": f"cohort {new}"} if new else {})


def test_cohorts_are_asked_only_for_rows_that_name_them() -> None:
    """The site's cohorts are asked once in a run, and who is in them only for those that are named."""
    tool, memory = users(), Memory(lambda subject: False)
    plan = tool.plan([wish(tool, ANA | {"cohort": "2A"})], memory)
    assert [call.function for call in next(plan)] == [
        "core_user_get_users_by_field",
        "core_cohort_get_cohorts",
        "core_cohort_search_cohorts",
    ]
    others = [COHORT_2A, {"id": 6, "name": "2B", "idnumber": ""}]
    calls = plan.send([[ANA_ON_SITE], others, {"cohorts": others}])
    assert calls == [Call("core_cohort_get_cohort_members", {"cohortids": [5]})]
    with pytest.raises(StopIteration):
        plan.send([[{"cohortid": 5, "userids": []}]])

    later = tool.plan([wish(tool, BEN | {"cohort": "2A"})], memory)
    assert [call.function for call in next(later)] == ["core_user_get_users_by_field"]
    with pytest.raises(StopIteration):
        later.send([[BEN_ON_SITE]])


def test_a_member_is_added_once() -> None:
    """Who is in the cohort already is left alone; a cohort is found by its name or its idnumber."""
    for named in ({"cohort": "2A"}, {"cohortid": "C-2A"}, {"cohort": "Other", "cohortid": "C-2A"}):
        (added,) = steps([ANA | named], [ANA_ON_SITE], cohorts=[COHORT_2A])
        assert (added.outcome, added.acts) == (Outcome.UPDATED, (member("ana", "5"),))
        (held,) = steps([ANA | named], [ANA_ON_SITE], cohorts=[COHORT_2A], members=[11])
        assert held.outcome is Outcome.UNCHANGED


def test_a_new_cohort_is_made_once_and_first() -> None:
    """Two rows of one new cohort make it once, before anything that could be refused."""
    rows = [row | {"cohort": "3B", "cohortid": "C-3B"} for row in (ANA, BEN)]
    first, second = steps(rows)
    system = {"type": "system", "value": ""}
    made = Act(
        "core_cohort_create_cohorts", {"categorytype": system, "name": "3B", "idnumber": "C-3B"}, gives="cohort C-3B"
    )
    assert first.acts[0] == made
    assert first.acts[1].function == CREATE
    assert first.acts[2] == member("ana", new="C-3B")
    assert [act.function for act in second.acts] == [CREATE, ADD_MEMBERS]


def test_a_new_cohort_is_made_once_in_a_run() -> None:
    """The rows of a later part of the file know what an earlier part makes."""
    memory = Memory(lambda subject: False)
    steps([ANA | {"cohort": "3B"}], memory=memory)
    (later,) = steps([BEN | {"cohort": "3B"}], memory=memory)
    assert [act.function for act in later.acts] == [CREATE, ADD_MEMBERS]
    assert later.acts[1] == member("ben", new="3B")


def test_a_cohort_that_can_not_be_had_keeps_no_account_from_being_made() -> None:
    """Missing, or one of several: the rest of the row is carried out, and its result says which part is refused."""
    (missing,) = steps([ANA | {"cohort": "3B"}], tool=users(create_cohorts=False))
    (several,) = steps([ANA | {"cohort": "2A"}], cohorts=[COHORT_2A, {"id": 6, "name": "2A", "idnumber": ""}])
    (long,) = steps([ANA | {"cohort": "x" * 101}])
    codes = [found.refusal and found.refusal.code for found in (missing, several, long)]
    assert codes == ["cohort-missing", "ambiguous", "cohort-missing"]
    assert [[act.function for act in found.acts] for found in (missing, several, long)] == [[CREATE]] * 3
    assert {found.partly for found in (missing, several, long)} == {Outcome.CREATED}
    assert (missing.lacks, several.lacks) == ("cohort", "")


def test_the_other_cohorts_of_a_row_are_joined() -> None:
    """One that lacks keeps an account out of none that is there; where nothing is left to do, nothing is sent."""
    row, tool = ANA | {"cohort": "2A", "cohort1": "NONE"}, users(create_cohorts=False)
    (joined,) = steps([row], [ANA_ON_SITE], cohorts=[COHORT_2A], tool=tool)
    (there,) = steps([row], [ANA_ON_SITE], cohorts=[COHORT_2A], members=[11], tool=tool)
    assert (joined.outcome, joined.partly, joined.acts) == (Outcome.REJECTED, Outcome.UPDATED, (member("ana", "5"),))
    assert (there.outcome, there.partly, there.acts) == (Outcome.REJECTED, None, ())
