"""Files that link cohorts to courses: row by row, and on whole sites that have the companion plugin."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.core.codes import CODES
from syncd.core.model import Refusal, Row
from syncd.errors import FileRefused
from syncd.tools.base import kinds
from syncd.tools.cohort_courses import METHODS, SET, CohortCoursesTool, LinkWish
from tests.run.workshop import FILE, NO_LIMITS
from tests.tools.on_site import OnSite

HEADER = "cmd,cohort,course,role"
STUDENT, TEACHER = 5, 4


def links(**keys: Any) -> CohortCoursesTool:
    """A tool without limits, and with the defaults of its kind but for some settings."""
    return CohortCoursesTool.model_validate({"file": FILE, "guard": NO_LIMITS, **keys})


def checked(**cells: str) -> LinkWish | tuple[str, str]:
    """What a row about a cohort and a course wishes, or why it is refused, and in which column."""
    found = links().check(Row(2, {"cohort": "C1", "course": "PHY"} | cells, ""))
    if isinstance(found, Refusal):
        assert found.code in CODES
        return found.code, found.column
    return found


def test_the_kind_is_found_under_its_name() -> None:
    """The package's list of kinds has `cohort-courses`, which can't do without the companion."""
    assert kinds()["cohort-courses"] is CohortCoursesTool
    assert {SET, METHODS} < CohortCoursesTool.functions


def test_a_header_of_the_plugins_columns_is_taken() -> None:
    """Dates are said to do nothing; cohort and course may not be absent."""
    names = ["cmd", "cohort", "course", "enrol", "enrolstart", "enrolend", "role", "makegroup"]
    (remark,) = links().check_header(names)
    assert "enrolstart, enrolend" in remark
    with pytest.raises(FileRefused):
        links().check_header(["cmd", "cohort"])


def test_without_more_a_row_adds_students() -> None:
    """The defaults are those of the plugin."""
    found = checked()
    assert isinstance(found, LinkWish)
    assert (found.command, found.role, found.makegroup) == ("add", "student", False)


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("cohort", " ", "value-missing"),
        ("course", "", "value-missing"),
        ("cmd", "destroy", "value-wrong"),
        ("enrol", "manual", "value-wrong"),
        ("role", "*", "value-wrong"),
        ("makegroup", "perhaps", "value-wrong"),
    ],
)
def test_a_cell_that_can_t_be_meant_refuses_the_row(column: str, cell: str, code: str) -> None:
    """A refusal names the column and its kind of fault."""
    assert checked(**{column: cell}) == (code, column)


# On a site


@pytest.fixture
def linked(site: OnSite) -> OnSite:
    """A site that has the companion, with two cohorts and a course of the test."""
    if SET not in site.functions:
        pytest.skip("this site has no companion plugin that links cohorts")
    site.make_cohorts("C1", "C2")
    site.make_courses("PHY")
    return site


def row(site: OnSite, command: str, cohort: str = "C1", role: str = "", course: str = "PHY") -> str:
    """A row about a cohort and a course of the test."""
    return f"{command},{site.mark}{cohort},{site.mark}{course},{role}"


def on_site(site: OnSite) -> list[tuple[str, int, int]]:
    """The links of the test's course: cohort without the mark, role, and whether it is closed."""
    (course,) = site.call("core_course_get_courses_by_field", field="shortname", value=f"{site.mark}PHY")["courses"]
    cohorts = {one["id"]: one["idnumber"] for one in site.call("core_cohort_get_cohorts", cohortids=[])}
    return [
        (cohorts[method["customint1"]].removeprefix(site.mark), method["roleid"], method["status"])
        for method in site.call(METHODS, courseids=[course["id"]])
        if method["enrol"] == "cohort"
    ]


def test_a_site_without_the_companion_is_told_what_it_lacks(site: OnSite) -> None:
    """The run ends before anything is planned, and names the functions and where they come from."""
    if SET in site.functions:
        pytest.skip("this site has it")
    with pytest.raises(AssertionError, match=rf"{SET}.*local_syncd"):
        site.run(links(), HEADER, row(site, "add"))


def test_a_cohort_is_linked_once(linked: OnSite) -> None:
    """With each role that the file names; a second run changes nothing."""
    rows = [row(linked, "add"), row(linked, "add", role="teacher"), row(linked, "", "C2")]
    assert linked.run(links(), HEADER, *rows).outcomes == ["created"] * 3
    assert sorted(on_site(linked)) == [("C1", TEACHER, 0), ("C1", STUDENT, 0), ("C2", STUDENT, 0)]
    assert linked.run_again().outcomes == ["unchanged"] * 3


def test_a_link_is_closed_and_opened_again(linked: OnSite) -> None:
    """By `del` and `restore`, or by `add`; a role for itself, or all at once."""
    linked.run(links(), HEADER, row(linked, "add"), row(linked, "add", role="teacher"))
    assert linked.run(links(), HEADER, row(linked, "del")).outcomes == ["suspended"]
    assert on_site(linked) == [("C1", STUDENT, 1), ("C1", TEACHER, 0)]
    assert linked.run_again().outcomes == ["unchanged"]
    assert linked.run(links(), HEADER, row(linked, "del", role="*")).outcomes == ["suspended"]
    assert linked.run(links(), HEADER, row(linked, "restore", role="*")).outcomes == ["updated"]
    assert on_site(linked) == [("C1", STUDENT, 0), ("C1", TEACHER, 0)]
    assert linked.run_again().outcomes == ["unchanged"]
    linked.run(links(), HEADER, row(linked, "del"))
    assert linked.run(links(), HEADER, row(linked, "add")).outcomes == ["updated"]
    assert on_site(linked) == [("C1", STUDENT, 0), ("C1", TEACHER, 0)]


def test_a_link_is_taken_away(linked: OnSite) -> None:
    """Of one role or of all, and of no other cohort."""
    linked.run(links(), HEADER, *(row(linked, "add", *of) for of in (("C1", ""), ("C1", "teacher"), ("C2", ""))))
    assert linked.run(links(), HEADER, row(linked, "fulldel", "C1", "student")).outcomes == ["deleted"]
    assert on_site(linked) == [("C1", TEACHER, 0), ("C2", STUDENT, 0)]
    assert linked.run(links(), HEADER, row(linked, "fulldel", "C1", "*")).outcomes == ["deleted"]
    assert on_site(linked) == [("C2", STUDENT, 0)]
    assert linked.run_again().outcomes == ["unchanged"]


def test_rows_about_one_cohort_and_course_keep_their_order(linked: OnSite) -> None:
    """Linked, taken away and linked again is linked."""
    commands = ["add", "fulldel", "add", "del", "restore", "fulldel", "add"]
    run = linked.run(links(), HEADER, *(row(linked, command) for command in commands))
    assert run.outcomes == ["created", "deleted", "created", "suspended", "updated", "deleted", "created"]
    assert on_site(linked) == [("C1", STUDENT, 0)]


def test_what_the_site_has_not_refuses_the_row(linked: OnSite) -> None:
    """An unknown cohort, course or role links nothing, and stops no other row."""
    rows = [
        row(linked, "add", "nobody"),
        row(linked, "add", course="nowhere"),
        row(linked, "add", role="wizard"),
        row(linked, "restore"),
        row(linked, "del"),
        row(linked, "add"),
    ]
    run = linked.run(links(), HEADER, *rows)
    assert run.codes == ["cohort-missing", "course-missing", "role-missing", "link-missing", "", ""]
    assert [line.column for line in run.lines[:4]] == ["cohort", "course", "role", "cohort"]
    assert run.outcomes[4:] == ["unchanged", "created"]


def test_a_cohort_of_another_category_is_refused_by_moodle(linked: OnSite) -> None:
    """Its reason is in the report."""
    mark = linked.mark
    (category,) = linked.call("core_course_create_categories", categories=[{"name": mark, "idnumber": mark}])
    item = {"categorytype": {"type": "id", "value": str(category["id"])}, "name": f"{mark}K", "idnumber": f"{mark}K"}
    linked.call("core_cohort_create_cohorts", cohorts=[item])
    run = linked.run(links(), HEADER, row(linked, "add", "K"))
    assert run.codes == ["site-refused"]
    assert on_site(linked) == []


def test_a_simulation_writes_nothing(linked: OnSite) -> None:
    """Where the plugin's wrote every link."""
    assert linked.run(links(), HEADER, row(linked, "add"), simulated=True).outcomes == ["created"]
    assert on_site(linked) == []


def test_a_group_is_made_with_a_new_link(linked: OnSite) -> None:
    """Named as Moodle names it; a link that is there is left as it is."""
    rows = [f"add,{linked.mark}C1,{linked.mark}PHY,,1"]
    assert linked.run(links(), HEADER + ",makegroup", *rows).outcomes == ["created"]
    assert linked.run_again().outcomes == ["unchanged"]
    (course,) = linked.call("core_course_get_courses_by_field", field="shortname", value=f"{linked.mark}PHY")["courses"]
    (group,) = linked.call("core_group_get_course_groups", courseid=course["id"])
    assert group["name"] == f"{linked.mark}C1 cohort"


def test_members_come_and_go_with_the_link(linked: OnSite) -> None:
    """Taking it away leaves neither an enrolment nor a role behind."""
    linked.make_users("ana")
    member = {
        "cohorttype": {"type": "idnumber", "value": f"{linked.mark}C1"},
        "usertype": {"type": "username", "value": f"{linked.mark}ana"},
    }
    linked.call("core_cohort_add_cohort_members", members=[member])
    linked.run(links(), HEADER, row(linked, "add"))
    (course,) = linked.call("core_course_get_courses_by_field", field="shortname", value=f"{linked.mark}PHY")["courses"]
    assert [role["shortname"] for role in linked.enrolled(course["id"])["ana"]["roles"]] == ["student"]
    linked.run(links(), HEADER, row(linked, "del"))
    assert linked.call("local_syncd_get_role_assignments", courseids=[course["id"]]) == []
    linked.run(links(), HEADER, row(linked, "restore"))
    assert len(linked.call("local_syncd_get_role_assignments", courseids=[course["id"]])) == 1
    linked.run(links(), HEADER, row(linked, "fulldel"))
    assert linked.enrolled(course["id"]) == {}
    assert linked.call("local_syncd_get_role_assignments", courseids=[course["id"]]) == []


# A law, on the practice site

rows = st.lists(
    st.tuples(
        st.sampled_from(["add", "del", "restore", "fulldel"]),
        st.sampled_from(["C1", "C2"]),
        st.sampled_from(["student", "teacher", "*"]),
    ),
    max_size=4,
    unique_by=lambda row: row[1],
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=rows, rows=rows)
def test_a_second_run_of_any_file_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, before: list[tuple[str, str, str]], rows: list[tuple[str, str, str]]
) -> None:
    """Law: what a file asks for is there after the first run."""
    if not rows:
        return
    site = OnSite(tmp_path_factory.mktemp("practice"), moodle=False, companion=True)
    try:
        site.make_cohorts("C1", "C2")
        site.make_courses("PHY")
        if before:
            site.run(links(), HEADER, *(row(site, *one) for one in before))
        first = site.run(links(), HEADER, *(row(site, *one) for one in rows))
        again = site.run_again()
        assert set(again.outcomes) <= {"unchanged", "rejected"}
        assert again.codes == first.codes
    finally:
        site.leave()
