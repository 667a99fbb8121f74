"""What a cohorts file may hold, row by row, before the site is asked."""

from collections.abc import Mapping
from typing import Any

import pytest

from syncd.core.codes import CODES
from syncd.core.model import Refusal, Row
from syncd.errors import FileRefused
from syncd.tools.base import Memory, kinds
from syncd.tools.cohorts import CohortsTool
from syncd.tools.cohorts.wish import CohortWish, Place


def cohorts(**settings: Any) -> CohortsTool:
    """A tool with the defaults of its kind, but for some settings."""
    return CohortsTool.model_validate({"file": "cohorts.csv", **settings})


def wish(tool: CohortsTool | None = None, **cells: str) -> CohortWish:
    """What a row that is in order wishes."""
    checked = (tool or cohorts()).check(Row(2, cells, ""))
    assert isinstance(checked, CohortWish), checked
    return checked


def refusal(cells: Mapping[str, str], tool: CohortsTool | None = None, *, short: bool = False) -> tuple[str, str]:
    """Why a row is refused before anything is asked, and in which column."""
    checked = (tool or cohorts()).check(Row(2, cells, "", short))
    assert isinstance(checked, Refusal), checked
    assert checked.code in CODES
    return checked.code, checked.column


def test_the_kind_is_found_under_its_name() -> None:
    """The package's list of kinds has `cohorts`."""
    assert kinds()["cohorts"] is CohortsTool


def test_a_header_of_the_plugins_columns_is_taken() -> None:
    """What web services can't set is said, as is an id that nothing is found by."""
    names = ["cmd", "userid", "cname", "cidnumber", "cid", "cdescription", "ccatcontext", "ccatcontextidnumber"]
    (component, cid) = cohorts().check_header([*names, "component"])
    assert "component" in component
    assert "cid" in cid


def test_a_header_without_the_key_is_refused() -> None:
    """Never is the first cohort without an idnumber taken for the one that is meant."""
    with pytest.raises(FileRefused) as refused:
        cohorts().check_header(["cmd", "cname", "userid"])
    assert (refused.value.code, "cidnumber" in str(refused.value)) == ("column-missing", True)
    assert cohorts(cohort_identity="name").check_header(["cmd", "cname", "userid"]) == []


@pytest.mark.parametrize("identity", ["id", "idnumber", "name"])
def test_a_row_without_the_key_is_refused(identity: str) -> None:
    """An empty cell names no cohort, whatever else the row holds."""
    tool = cohorts(cohort_identity=identity, allow_delete=True)
    for command in ("add", "del", "free"):
        assert refusal({"cmd": command, tool.key: " "}, tool) == ("value-missing", tool.key)
        assert refusal({"cmd": command}, tool) == ("value-missing", tool.key)


def test_without_a_command_a_row_adds() -> None:
    """An empty cell is as good as an absent one; capitals make no difference."""
    assert wish(cidnumber="C1").command == wish(cidnumber="C1", cmd="").command == "add"
    assert wish(cidnumber="C1", cmd="DEL", userid="E1").command == "del"
    assert wish(cidnumber="C1", cmd="delete", userid="E1").command == "del"
    assert refusal({"cidnumber": "C1", "cmd": "destroy"}) == ("value-wrong", "cmd")


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("cname", "x" * 255, "value-long"),
        ("cidnumber", "x" * 101, "value-long"),
        ("ccatcontext", "first", "value-wrong"),
        ("ccatcontext", "-1", "value-wrong"),
        ("cname", "one\ntwo", "value-wrong"),
    ],
)
def test_a_cell_that_moodle_would_refuse_is_refused_before(column: str, cell: str, code: str) -> None:
    """A refusal names the column and its kind of fault."""
    assert refusal({"cidnumber": "C1"} | {column: cell}) == (code, column)


def test_a_user_s_id_is_a_number() -> None:
    """Where members are named by their ids, nothing else is taken for one."""
    assert refusal({"cidnumber": "C1", "userid": "ana"}, cohorts(user_identity="id")) == ("value-wrong", "userid")


def test_a_place_is_the_site_or_a_category() -> None:
    """Category 0 is the whole site; an idnumber beside it counts; two categories are one too many."""
    assert wish(cidnumber="C1").place is None
    assert wish(cidnumber="C1", ccatcontext="", ccatcontextidnumber="").place is None
    assert wish(cidnumber="C1", ccatcontext="0").place == Place("system", "")
    assert wish(cidnumber="C1", ccatcontext="7").place == Place("id", "7")
    assert wish(cidnumber="C1", ccatcontext="0", ccatcontextidnumber="K").place == Place("idnumber", "K")
    both = {"cidnumber": "C1", "ccatcontext": "7", "ccatcontextidnumber": "K"}
    assert refusal(both) == ("value-wrong", "ccatcontextidnumber")


def test_an_empty_userid_never_deletes_a_cohort() -> None:
    """An export that lost its user ids is refused row by row, as is a row that ends too early."""
    tool = cohorts(allow_delete=True)
    assert refusal({"cmd": "del", "cidnumber": "C1", "userid": " "}, tool) == ("value-missing", "userid")
    assert refusal({"cmd": "del", "cidnumber": "C1"}, tool, short=True) == ("value-missing", "userid")


def test_a_cohort_is_deleted_only_where_that_is_allowed() -> None:
    """A file without the column userid may say so, if the administrator has said so too."""
    assert refusal({"cmd": "del", "cidnumber": "C1"}) == ("not-allowed", "cmd")
    allowed = wish(cohorts(allow_delete=True), cmd="del", cidnumber="C1")
    assert (allowed.command, allowed.user) == ("del", "")


def test_a_cohort_that_nobody_can_place_is_not_moved() -> None:
    """An update says where a cohort is: one in a category that the token may not see would be taken out of it."""
    tool = cohorts()
    plan = tool.plan([wish(tool, cidnumber="C1", cname="New")], Memory(lambda subject: False))
    told = {
        "core_cohort_get_cohorts": [{"id": 5, "name": "Old", "idnumber": "C1", "description": ""}],
        "core_cohort_search_cohorts": {"cohorts": []},
        "core_course_get_categories": [{"id": 1, "name": "Category 1", "parent": 0}],
    }
    calls = next(plan)
    with pytest.raises(StopIteration) as end:
        while True:
            calls = plan.send([told[call.function] for call in calls])
    (step,) = end.value.value
    assert step.refusal and step.refusal.code == "category-missing"
    assert not step.acts


def test_free_names_no_member() -> None:
    """A row that says both that all leave and who leaves is somebody's mistake."""
    assert refusal({"cmd": "free", "cidnumber": "C1", "userid": "E1"}) == ("value-wrong", "userid")
    assert wish(cmd="free", cidnumber="C1", userid="").command == "free"
