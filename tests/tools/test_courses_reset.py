"""Courses that are emptied of what people left in them, on whole sites."""

from datetime import datetime
from typing import Any

import pytest

from syncd.core.model import RunState
from syncd.tools.courses_reset import RESET, CoursesResetTool
from tests.run.workshop import FILE, NO_LIMITS, PARIS
from tests.tools.on_site import OnSite

STUDENT, TEACHER = 5, 3
SAMPLE = "shortname;events;logs;notes;grades;roles;local_roles;groups;groupings;modules"


def reset(**settings: Any) -> CoursesResetTool:
    """A courses-reset tool without limits."""
    return CoursesResetTool.model_validate({"file": FILE, "guard": NO_LIMITS, **settings})


@pytest.fixture
def course(site: OnSite) -> int:
    """A course with a student, a teacher and a group in it, on a site that can reset courses."""
    if RESET not in site.functions:
        pytest.skip("only the companion plugin can reset courses")
    (made,) = site.make_courses("a")
    ana, ben = site.make_users(".ana", ".ben")
    people = [
        {"roleid": STUDENT, "userid": ana, "courseid": made},
        {"roleid": TEACHER, "userid": ben, "courseid": made},
    ]
    site.call("enrol_manual_enrol_users", enrolments=people)
    group = {"courseid": made, "name": "g", "description": ""}
    (answer,) = site.call("core_group_create_groups", groups=[group])
    site.call("core_group_add_group_members", members=[{"groupid": answer["id"], "userid": ana}])
    return made


def groups(site: OnSite, course: int) -> list[str]:
    """The groups of a course."""
    return [group["name"] for group in site.call("core_group_get_course_groups", courseid=course)]


def test_what_the_columns_name_is_taken_away(site: OnSite, course: int) -> None:
    """Those who have one of the roles are unenrolled, and nobody else."""
    run = site.run(reset(), SAMPLE, f"{site.mark}a;yes;yes;no;all;student guest;all;all;all;all")
    assert run.outcomes == ["updated"]
    assert sorted(site.enrolled(course)) == [".ben"]
    assert groups(site, course) == []
    assert any("logs" in note for note in run.notes)


def test_what_no_column_names_stays(site: OnSite, course: int) -> None:
    """Of the plugin, absent columns meant that completion, comments and blogs were deleted; here they mean nothing."""
    run = site.run(reset(), "shortname,groups", f"{site.mark}a,members")
    assert "reset_completion" not in run.lines[0].notes
    assert "delete_blog_associations" not in run.lines[0].notes
    assert "reset_groups_members" in run.lines[0].notes
    assert groups(site, course) == ["g"]
    assert sorted(site.enrolled(course)) == [".ana", ".ben"]


def test_a_file_of_nothing_but_no_changes_nothing(site: OnSite, course: int) -> None:
    """Nothing is sent for such a row."""
    run = site.run(reset(), SAMPLE, f"{site.mark}a;no;0;no;;;;;none;")
    assert run.outcomes == ["unchanged"]
    assert sorted(site.enrolled(course)) == [".ana", ".ben"]


def test_modules_are_listed_or_left_out(site: OnSite, course: int) -> None:
    """The column was dead; one that the site has not is refused, and so is an unknown role."""
    rows = [
        f"{site.mark}a,quiz forum,",
        f"{site.mark}a,-quiz -forum,",
        f"{site.mark}a,nosuch,",
        f"{site.mark}a,,nosuch",
        f"{site.mark}a,,all",
    ]
    run = site.run(reset(), "shortname,modules,roles", *rows)
    assert run.outcomes == ["updated", "updated", "rejected", "rejected", "updated"], run.lines
    assert site.enrolled(course) == {}


def test_an_unknown_role_is_refused_when_planned(site: OnSite, course: int) -> None:
    """A simulation says so too; capitals make no difference, and a refused row has no remark on what would be done."""
    rows = [f"{site.mark}a,studnt,", f"{site.mark}a,,Quiz!", f"{site.mark}a,Student,"]
    run = site.run(reset(), "shortname,roles,modules", *rows, simulated=True)
    assert run.codes == ["role-missing", "value-wrong", ""], run.lines
    assert run.lines[0].column == "roles"
    assert [line.notes for line in run.lines[:2]] == ["", ""]
    assert site.run_again().outcomes == ["rejected", "rejected", "updated"]
    assert sorted(site.enrolled(course)) == [".ben"]


def test_a_row_that_the_site_refuses_has_no_remark_on_what_was_to_be_done(site: OnSite, course: int) -> None:
    """Only the site itself knows its modules."""
    run = site.run(reset(), "shortname,modules", f"{site.mark}a,nosuch")
    assert run.outcomes == ["rejected"]
    assert run.lines[0].notes == ""


def test_courses_are_found_by_any_identity(site: OnSite, course: int) -> None:
    """Of the plugin, nothing but the short name worked."""
    site.call("core_course_update_courses", courses=[{"id": course, "idnumber": f"{site.mark}i"}])
    rows = [f"{site.mark}i,yes", f"{site.mark}x,yes", f"{site.mark}i,perhaps"]
    run = site.run(reset(identity="idnumber"), "idnumber,events", *rows)
    assert run.codes == ["", "course-missing", "value-wrong"]


def test_a_course_begins_anew(site: OnSite, course: int) -> None:
    """A date is one of the site's clock."""
    run = site.run(reset(), "shortname,reset_start_date", f"{site.mark}a,2027-09-01")
    assert run.outcomes == ["updated"]
    (told,) = site.call("core_course_get_courses", options={"ids": [course]})
    assert told["startdate"] == datetime(2027, 9, 1, tzinfo=PARIS).timestamp()


def test_a_reset_is_carried_out_each_time(site: OnSite, course: int) -> None:
    """It is an order and no state; its file is archived, and so it runs once."""
    site.run(reset(), "shortname,roles", f"{site.mark}a,student")
    assert site.run_again().outcomes == ["updated"]


def test_without_the_companion_a_run_says_what_is_missing(site: OnSite) -> None:
    """Core has no web service that resets a course."""
    if RESET in site.functions:
        pytest.skip("this site can reset courses")
    run = site.shop.make(reset(), b"shortname,events\na,yes\n", FILE)
    assert run.state is not RunState.DONE
    assert RESET in run.reason
    assert "local_syncd" in run.reason
