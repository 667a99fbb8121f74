"""The companion's functions about cohorts, on every target that has them: one fact in each test."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from syncd.core.functions import SITE_INFO
from tests.targets.conftest import Corner

SET = "local_syncd_set_cohort_enrolments"
STUDENT, TEACHER, USER = 5, 4, 7


@dataclass(frozen=True)
class Course:
    """A course of a corner, and a cohort with one member, ana; ben is there too."""

    corner: Corner
    id: int
    cohort: int
    ana: int
    ben: int

    def call(self, function: str, **parameters: Any) -> Any:
        """Call a web-service function."""
        return self.corner.target.call(function, parameters)

    def link(self, action: str, role: int = STUDENT, **changes: Any) -> str:
        """Do something about the link of the cohort and the course; the code of what is refused comes back."""
        item = {"courseid": self.id, "cohortid": self.cohort, "roleid": role, "action": action} | changes
        (answer,) = self.call(SET, instances=[item])
        assert bool(answer["id"]) is not bool(answer["code"])
        return str(answer["code"])

    def join(self, user: int) -> None:
        """Let an account join the cohort."""
        by_id = {"type": "id", "value": str(self.cohort)}
        members = [{"cohorttype": by_id, "usertype": {"type": "id", "value": str(user)}}]
        assert self.call("core_cohort_add_cohort_members", members=members) == {"warnings": []}

    @property
    def links(self) -> list[tuple[int, int]]:
        """The roles of the cohort's links, each with its status."""
        told = self.call("local_syncd_get_enrol_methods", courseids=[self.id])
        return [(one["roleid"], one["status"]) for one in told if one["enrol"] == "cohort"]

    @property
    def enrolled(self) -> set[int]:
        """Who is enrolled."""
        return {one["userid"] for one in self.call("local_syncd_get_enrolments", courseids=[self.id])}

    @property
    def roles(self) -> set[tuple[int, int]]:
        """Who has which role."""
        told = self.call("local_syncd_get_role_assignments", courseids=[self.id])
        return {(one["userid"], one["roleid"]) for one in told}


@pytest.fixture
def course(corner: Corner) -> Iterator[Course]:
    """A course and a cohort that are gone afterwards."""
    functions = {one["name"] for one in corner.target.call(SITE_INFO, {})["functions"]}
    if SET not in functions:
        pytest.skip("this site has no companion plugin that links cohorts")
    new = {"fullname": corner.mark, "shortname": corner.mark, "categoryid": 1}
    (made,) = corner.target.call("core_course_create_courses", {"courses": [new]})
    ana, ben = corner.create(corner.user("ana"), corner.user("ben"))
    (cohort,) = corner.create_cohorts(corner.cohort())
    course = Course(corner, made["id"], cohort, ana, ben)
    course.join(ana)
    try:
        yield course
    finally:
        corner.target.call("core_course_delete_courses", {"courseids": [made["id"]]})


def test_a_link_enrols_the_members_at_once(course: Course) -> None:
    """Who joins later comes too, and who leaves goes, with the role."""
    assert course.link("add") == ""
    assert (course.links, course.enrolled) == ([(STUDENT, 0)], {course.ana})
    course.join(course.ben)
    assert course.roles == {(course.ana, STUDENT), (course.ben, STUDENT)}
    gone = [{"cohortid": course.cohort, "userid": course.ana}]
    course.call("core_cohort_delete_cohort_members", members=gone)
    assert (course.enrolled, course.roles) == ({course.ben}, {(course.ben, STUDENT)})


def test_each_role_has_a_link_of_its_own(course: Course) -> None:
    """Added twice, one of a role stays one."""
    for role in (STUDENT, TEACHER, STUDENT):
        assert course.link("add", role) == ""
    assert course.links == [(STUDENT, 0), (TEACHER, 0)]
    assert course.roles == {(course.ana, STUDENT), (course.ana, TEACHER)}


def test_a_closed_link_takes_the_role_and_leaves_the_enrolment(course: Course) -> None:
    """Opened again, by `enable` or `add`, it gives the role back."""
    course.link("add")
    for opens in ("enable", "add"):
        assert course.link("disable") == ""
        assert (course.links, course.enrolled, course.roles) == ([(STUDENT, 1)], {course.ana}, set())
        assert course.link(opens) == ""
        assert (course.links, course.roles) == ([(STUDENT, 0)], {(course.ana, STUDENT)})


def test_a_deleted_link_leaves_nothing_behind(course: Course) -> None:
    """Neither enrolments nor roles; so it is when the cohort is deleted."""
    course.link("add")
    assert course.link("delete") == ""
    assert (course.links, course.enrolled, course.roles) == ([], set(), set())
    course.link("add")
    course.call("core_cohort_delete_cohorts", cohortids=[course.cohort])
    assert (course.links, course.enrolled, course.roles) == ([], set(), set())


def test_a_link_may_make_a_group(course: Course) -> None:
    """Named after the cohort; members are in it."""
    assert course.link("add", makegroup=1) == ""
    (group,) = course.call("core_group_get_course_groups", courseid=course.id)
    assert group["name"] == f"{course.corner.mark} first cohort"
    told = course.call("local_syncd_get_group_members", courseids=[course.id])
    assert [(one["userid"], one["component"]) for one in told] == [(course.ana, "enrol_cohort")]


def test_what_can_t_be_done_is_answered_for_by_itself(course: Course) -> None:
    """One bad item stops no other."""
    assert course.link("enable") == course.link("disable") == course.link("delete") == "noinstance"
    assert course.link("fly") == "actionunknown"
    assert course.link("add", USER) == "roleunassignable"
    assert course.link("add", cohortid=course.cohort + 1_000_000) == "cohortmissing"
    assert course.link("add", courseid=course.id + 1_000_000) == "invalidcourseid"
    item = {"courseid": course.id, "cohortid": course.cohort, "roleid": STUDENT, "action": "add"}
    answers = course.call(SET, instances=[item | {"action": "fly"}, item])
    assert [(one["index"], one["code"]) for one in answers] == [(0, "actionunknown"), (1, "")]
    assert course.links == [(STUDENT, 0)]


def test_cohorts_are_found_as_the_database_compares(course: Course) -> None:
    """By id, idnumber or name, in any case; what is not there is absent."""
    mark = course.corner.mark
    for field, value in (("id", str(course.cohort)), ("idnumber", f"{mark}-FIRST"), ("name", f"{mark} FIRST")):
        found = course.call("local_syncd_get_cohorts", field=field, values=[value, "0"], members=1)
        (cohort,) = found
        assert (cohort["id"], cohort["categoryid"], cohort["members"]) == (course.cohort, 0, [course.ana])
    assert course.call("local_syncd_get_cohorts", field="idnumber", values=[""]) == []


def test_memberships_are_told_of_some_accounts_or_of_all(course: Course) -> None:
    """A cohort that is not there has nobody in it."""
    course.join(course.ben)
    both = course.call("local_syncd_get_cohort_members", cohortids=[course.cohort, course.cohort + 1_000_000])
    assert {one["userid"] for one in both} == {course.ana, course.ben}
    some = course.call("local_syncd_get_cohort_members", cohortids=[course.cohort], userids=[course.ben])
    assert some == [{"cohortid": course.cohort, "userid": course.ben}]
