"""Links between courses, on whole sites."""

from typing import Any

import pytest

from syncd.tools.metas import MetasTool
from tests.run.workshop import FILE, NO_LIMITS
from tests.tools.on_site import OnSite

STUDENT = 5


def metas(**settings: Any) -> MetasTool:
    """A metas tool without limits."""
    return MetasTool.model_validate({"file": FILE, "guard": NO_LIMITS, **settings})


def people(site: OnSite, course: int) -> list[str]:
    """Who is enrolled in a course."""
    return sorted(site.enrolled(course))


@pytest.fixture
def courses(site: OnSite) -> list[int]:
    """A course with one student in it, and two empty ones."""
    made = site.make_courses("a", "b", "c")
    (ana,) = site.make_users(".ana")
    site.call("enrol_manual_enrol_users", enrolments=[{"roleid": STUDENT, "userid": ana, "courseid": made[0]}])
    return made


def test_who_is_in_the_master_gets_into_the_meta(site: OnSite, courses: list[int]) -> None:
    """The link works at once, and a second run changes nothing."""
    run = site.run(metas(), "master,meta,cmd", f"{site.mark}a,{site.mark}b,add")
    assert run.outcomes == ["created"]
    assert people(site, courses[1]) == [".ana"]
    assert people(site, courses[0]) == [".ana"]
    assert site.run_again().outcomes == ["unchanged"]


def test_a_link_is_taken_away(site: OnSite, courses: list[int]) -> None:
    """Who came by it goes with it; the plugin's `del` did nothing."""
    site.run(metas(), "master,meta", f"{site.mark}a,{site.mark}b")
    assert site.run(metas(), "master,meta,cmd", f"{site.mark}a,{site.mark}b,del").outcomes == ["deleted"]
    assert people(site, courses[1]) == []
    assert site.run_again().outcomes == ["unchanged"]


def test_nothing_is_linked_to_what_is_not_there(site: OnSite, courses: list[int]) -> None:
    """Of the plugin's file, such rows made links to a course 0; here they are refused, and stop no other."""
    rows = [
        f"{site.mark}x,{site.mark}b,add",
        f"{site.mark}a,{site.mark}x,add",
        f"{site.mark}a,{site.mark}a,add",
        f"{site.mark}a,,add",
        f"{site.mark}a,{site.mark}b,bind",
        f"{site.mark}a,{site.mark}c,",
    ]
    run = site.run(metas(), "master,meta,cmd", *rows)
    assert run.codes == ["course-missing", "course-missing", "value-wrong", "value-missing", "value-wrong", ""]
    assert [line.column for line in run.lines] == ["master", "meta", "meta", "meta", "cmd", ""]
    assert people(site, courses[2]) == [".ana"]


def test_the_plugin_s_other_column_is_taken(site: OnSite, courses: list[int]) -> None:
    """Its code calls for `course`, its help for `master`; ids and idnumbers may be set, too."""
    run = site.run(metas(identity="id"), "course,meta", f"{courses[0]},{courses[1]}")
    assert run.outcomes == ["created"]
    assert people(site, courses[1]) == [".ana"]


def test_a_later_row_undoes_an_earlier_one(site: OnSite, courses: list[int]) -> None:
    """Rows about one link keep their order."""
    rows = [f"{site.mark}a,{site.mark}b,{command}" for command in ("add", "del", "add", "del")]
    site.run(metas(), "master,meta,cmd", *rows)
    assert people(site, courses[1]) == []
