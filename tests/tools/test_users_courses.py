"""The courses that a users file names: enrolments, roles and groups, on a whole site."""

from typing import Any

import pytest

from syncd.core.model import RunState
from syncd.tools.users import UsersTool
from tests.run.workshop import FILE, NO_LIMITS
from tests.tools.on_site import OnSite
from tests.tools.test_users_on_site import HEADER, row

STUDENT, TEACHER = 5, 4


def users(**settings: Any) -> UsersTool:
    """A users tool without limits, and with the defaults of its kind but for some settings."""
    return UsersTool.model_validate({"file": FILE, "guard": NO_LIMITS, **settings})


def enrolled(site: OnSite, course: int) -> dict[str, set[str]]:
    """Who is enrolled in a course, with the shortnames of their roles there."""
    return {name: {role["shortname"] for role in one["roles"]} for name, one in site.enrolled(course).items()}


def groups(site: OnSite, course: int) -> dict[str, set[str]]:
    """The groups of a course, each with the usernames of its members."""
    names = {one["id"]: name for name, one in site.enrolled(course).items()}
    there = {group["id"]: group["name"] for group in site.call("core_group_get_course_groups", courseid=course)}
    told = site.call("core_group_get_group_members", groupids=list(there))
    return {there[one["groupid"]]: {names[user] for user in one["userids"]} for one in told}


def roles_alone(site: OnSite, course: int, user: int) -> set[str]:
    """The roles of somebody in a course, enrolled or not."""
    (told,) = site.call("core_user_get_course_user_profiles", userlist=[{"userid": user, "courseid": course}])
    return {role["shortname"] for role in told["roles"]}


def test_accounts_are_enrolled_once(site: OnSite) -> None:
    """New ones and those that are there, in several courses, each with its role."""
    one, two = site.make_courses("C1", "C2")
    site.make_users(".ben")
    header = f"{HEADER},course1,role1,enrol1,course2,enrol2"
    mark = site.mark
    rows = [
        row(site, "ana", f"{mark}C1", "", "manual", f"{mark}C2", "manual"),
        row(site, "ben", f"{mark}C1", "teacher", "manual", "", ""),
    ]
    assert site.run(users(), header, *rows).outcomes == ["created", "updated"]
    assert enrolled(site, one) == {".ana": {"student"}, ".ben": {"teacher"}}
    assert enrolled(site, two) == {".ana": {"student"}}
    assert site.run_again().outcomes == ["unchanged", "unchanged"]


def test_without_a_method_the_role_alone_is_given(site: OnSite) -> None:
    """Nobody is enrolled by it, and it is given once."""
    (course,) = site.make_courses("C1")
    (ben,) = site.make_users(".ben")
    header = f"{HEADER},course1,role1"
    rows = [row(site, "ana", f"{site.mark}C1", "teacher"), row(site, "ben", f"{site.mark}C1", "")]
    assert site.run(users(), header, *rows).outcomes == ["created", "updated"]
    assert enrolled(site, course) == {}
    assert roles_alone(site, course, ben) == {"student"}
    assert roles_alone(site, course, site.user(".ana")["id"]) == {"teacher"}
    assert site.run_again().outcomes == ["unchanged", "unchanged"]


def test_a_file_of_moodles_own_upload_enrols(site: OnSite) -> None:
    """Its columns are understood: kinds of role by number, days, and suspended enrolments."""
    (course,) = site.make_courses("C1")
    header = f"{HEADER},course1,type1,enrolperiod1,enrolstatus1"
    rows = [row(site, "ana", f"{site.mark}C1", "1", "30", "1"), row(site, "ben", f"{site.mark}C1", "3", "", "")]
    assert site.run(users(), header, *rows).outcomes == ["created", "created"]
    assert enrolled(site, course) == {".ana": {"student"}, ".ben": {"teacher"}}
    only = site.call("core_enrol_get_enrolled_users", courseid=course, options=[{"name": "onlyactive", "value": "1"}])
    assert {one["username"] for one in only} == {f"{site.mark}.ben"}
    assert site.run_again().outcomes == ["unchanged", "unchanged"]


def test_courses_without_a_method_enrol_where_the_setting_says_so(site: OnSite) -> None:
    """With default_enrol, courseN alone is an enrolment."""
    (course,) = site.make_courses("C1", idnumber=f"{site.mark}-c1")
    tool = users(default_enrol="manual", default_role="teacher", course_identity="idnumber")
    assert site.run(tool, f"{HEADER},course1", row(site, "ana", f"{site.mark}-c1")).outcomes == ["created"]
    assert enrolled(site, course) == {".ana": {"teacher"}}
    assert site.run_again().outcomes == ["unchanged"]


def test_groups_are_made_and_joined_once(site: OnSite) -> None:
    """Two rows of one new group make it once."""
    (course,) = site.make_courses("C1")
    site.make_users(".eve")
    header = f"{HEADER},course1,enrol1,group1"
    rows = [
        row(site, name, f"{site.mark}C1", "manual", group)
        for name, group in (("ana", "Group A"), ("ben", "Group A"), ("eve", "Group B"), ("zoe", ""))
    ]
    assert site.run(users(), header, *rows).outcomes == ["created", "created", "updated", "created"]
    assert groups(site, course) == {"Group A": {".ana", ".ben"}, "Group B": {".eve"}}
    assert site.run_again().outcomes == ["unchanged"] * 4
    moved = row(site, "zoe", f"{site.mark}C1", "manual", "Group A")
    assert site.run(users(), header, moved).outcomes == ["updated"]
    assert groups(site, course)["Group A"] == {".ana", ".ben", ".zoe"}


def test_who_is_not_enrolled_is_in_no_group(site: OnSite) -> None:
    """The row gives its role, and says that the group was left out."""
    site.make_courses("C1")
    run = site.run(users(), f"{HEADER},course1,group1", row(site, "ana", f"{site.mark}C1", "Group A"))
    assert run.outcomes == ["created"]
    assert "Group A" in run.lines[0].notes
    assert site.run_again().outcomes == ["unchanged"]


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        (("C1", "", "manual", "someday", ""), "value-wrong", "start1"),
        (("C1", "", "manual", "2026-09-02", "2026-09-01"), "value-wrong", "end1"),
        (("C1", "", "by hand", "", ""), "value-wrong", "enrol1"),
    ],
)
def test_a_row_with_a_cell_that_makes_no_sense_is_refused_whole(
    site: OnSite, cells: tuple[str, ...], code: str, column: str
) -> None:
    """Not even its account is made; the other rows are carried out."""
    site.make_courses("C1")
    header = f"{HEADER},course1,role1,enrol1,start1,end1"
    rows = [row(site, "ana", f"{site.mark}{cells[0]}", *cells[1:]), row(site, "ben", "", "", "", "", "")]
    run = site.run(users(), header, *rows)
    assert (run.outcomes, run.lines[0].code, run.lines[0].column) == (["rejected", "created"], code, column)
    assert site.users(".ana") == []


def test_what_a_refused_row_suspends_counts_for_the_limits(site: OnSite) -> None:
    """A course that is not there lets nobody suspend more than the tool may."""
    site.make_users(".ana")
    tool = users(guard={"errors": "100%", "changes": "100%", "deletes": 0})
    content = f"{HEADER},suspended,course1\n{row(site, 'ana', '1', 'NONE')}\n".encode()
    record = site.shop.make(tool, content)
    assert (record.state, site.user(".ana")["suspended"]) == (RunState.HELD, False)


@pytest.mark.parametrize(
    ("course", "role", "code", "column"),
    [("NONE", "", "course-missing", "course1"), ("C1", "wizard", "role-missing", "role1")],
)
def test_an_account_is_made_though_a_course_of_it_can_not_be_had(
    site: OnSite, course: str, role: str, code: str, column: str
) -> None:
    """Its other courses are given, the rest is refused and the reason says so; a second run has nothing to do."""
    _, other = site.make_courses("C1", "C2")
    header = f"{HEADER},course1,role1,enrol1,course2,role2,enrol2"
    run = site.run(
        users(), header, row(site, "ana", f"{site.mark}{course}", role, "manual", f"{site.mark}C2", "", "manual")
    )
    (line,) = run.lines
    assert (line.outcome, line.code, line.column) == ("rejected", code, column)
    assert line.reason.startswith("a part of the row was carried out, and then: the s")
    assert set(site.enrolled(other)) == {".ana"}
    (line,) = site.run_again().lines
    assert (line.outcome, line.code) == ("rejected", code)
    assert line.reason.startswith("the s")


def test_dates_are_those_of_the_row(site: OnSite) -> None:
    """A replay leaves them; other dates move them where the site tells them."""
    (course,) = site.make_courses("C1")
    header = f"{HEADER},course1,enrol1,start1,end1"
    rows = [
        row(site, "ana", f"{site.mark}C1", "manual", "2020-09-01 08:00", "2020-12-01"),
        row(site, "ben", f"{site.mark}C1", "manual", "1598940000", ""),
        row(site, "eve", f"{site.mark}C1", "manual", "01/09/2120", ""),
        row(site, "zoe", f"{site.mark}C1", "manual", "", ""),
    ]
    assert site.run(users(), header, *rows).outcomes == ["created"] * 4
    only = site.call("core_enrol_get_enrolled_users", courseid=course, options=[{"name": "onlyactive", "value": "1"}])
    assert {one["username"].removeprefix(site.mark) for one in only} == {".ben", ".zoe"}
    assert site.run_again().outcomes == ["unchanged"] * 4
    if site.functions >= {"local_syncd_get_enrolments", "local_syncd_enrol_users"}:
        told = {
            one["userid"]: (one["timestart"], one["timeend"])
            for one in site.call("local_syncd_get_enrolments", courseids=[course])
        }
        assert told[site.user(".ana")["id"]] == (1598940000, 1606777200)
        longer = row(site, "ana", f"{site.mark}C1", "manual", "2020-09-01 08:00", "2120-12-01")
        assert site.run(users(), header, longer).outcomes == ["updated"]
        assert site.run_again().outcomes == ["unchanged"]


def test_a_role_that_is_missing_is_added(site: OnSite) -> None:
    """Who is enrolled keeps the enrolment and the other role."""
    (course,) = site.make_courses("C1")
    header = f"{HEADER},course1,role1,enrol1"
    site.run(users(), header, row(site, "ana", f"{site.mark}C1", "student", "manual"))
    assert site.run(users(), header, row(site, "ana", f"{site.mark}C1", "teacher", "manual")).outcomes == ["updated"]
    assert enrolled(site, course) == {".ana": {"student", "teacher"}}
    assert site.run_again().outcomes == ["unchanged"]


def test_two_rows_about_one_account_enrol_it_in_both_courses(site: OnSite) -> None:
    """The second row meets the account as the first will have left it."""
    one, two = site.make_courses("C1", "C2")
    header = f"{HEADER},course1,enrol1,group1"
    rows = [
        row(site, "ana", f"{site.mark}C1", "manual", "A"),
        row(site, "ana", f"{site.mark}C2", "manual", "A"),
        row(site, "ana", f"{site.mark}C1", "manual", "A"),
    ]
    assert site.run(users(), header, *rows).outcomes == ["created", "updated", "unchanged"]
    assert enrolled(site, one) == enrolled(site, two) == {".ana": {"student"}}
    assert site.run_again().outcomes == ["unchanged"] * 3
