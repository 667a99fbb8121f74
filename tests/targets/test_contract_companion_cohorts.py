"""What the companion promises about cohorts, and about their bindings to courses."""

from typing import Any

import pytest

from syncd.errors import ItemRefused
from tests.targets.classroom import STUDENT, TEACHER
from tests.targets.companion import Companion, companion_of
from tests.targets.conftest import Corner

NOTHING = 987654321


class Bound:
    """A course and a cohort with one member of two people."""

    def __init__(self, companion: Companion) -> None:
        self.companion = companion
        corner = companion.corner
        (self.course,) = corner.create_courses(corner.course())
        self.ana, self.ben = corner.create(corner.user("ana"), corner.user("ben"))
        self.new = corner.cohort()
        (self.cohort,) = corner.create_cohorts(self.new)
        self.join("ana")

    def join(self, name: str) -> None:
        """Somebody becomes a member."""
        self.companion.corner.join(self.new["idnumber"], f"{self.companion.corner.mark}.{name}")

    def bind(self, action: str = "add", /, **changes: Any) -> tuple[int, str]:
        """What became of one change of the binding."""
        item = {"courseid": self.course, "cohortid": self.cohort, "roleid": STUDENT, "action": action} | changes
        (answer,) = self.companion.do("set_cohort_enrolments", "instances", item)
        return answer

    def enrolled(self) -> dict[int, int]:
        """Who is enrolled by the cohort, each with the instance."""
        told = self.companion.ask("get_enrolments", courseids=[self.course])
        return {one["userid"]: one["enrolid"] for one in told if one["enrol"] == "cohort"}

    def roles(self) -> set[tuple[int, int]]:
        """Who has which role by the cohort."""
        told = self.companion.ask("get_role_assignments", courseids=[self.course])
        return {(one["userid"], one["roleid"]) for one in told if one["component"] == "enrol_cohort"}

    def methods(self) -> list[dict[str, Any]]:
        """The bindings of the course."""
        told = self.companion.ask("get_enrol_methods", courseids=[self.course])
        return [one for one in told if one["enrol"] == "cohort"]


@pytest.fixture
def companion(corner: Corner) -> Companion:
    """The companion of each target."""
    return companion_of(corner)


@pytest.fixture
def bound(companion: Companion) -> Bound:
    """A course and a cohort."""
    return Bound(companion)


class TestFinding:
    """`local_syncd_get_cohorts` and `local_syncd_get_cohort_members`."""

    @pytest.mark.parametrize("field", ["id", "idnumber", "name"])
    def test_cohorts_are_found_by_each_identity(self, companion: Companion, field: str) -> None:
        """What is not there is absent; text is told as stored."""
        corner = companion.corner
        new = corner.cohort(name=f"{corner.mark} A & B", description="<p>é</p>", visible=0)
        (made,) = corner.create_cohorts(new)
        (told,) = companion.ask("get_cohorts", field=field, values=[NOTHING, (new | {"id": made})[field]])
        seen = {key: told[key] for key in ("id", "name", "idnumber", "description", "visible", "categoryid")}
        assert seen == {"id": made, "categoryid": 0} | {
            key: new[key] for key in ("name", "idnumber", "description", "visible")
        }
        assert (told["component"], "members" in told) == ("", False)

    def test_a_cohort_of_a_category_tells_it(self, companion: Companion) -> None:
        """By the category's id."""
        corner = companion.corner
        (category,) = corner.create_categories(corner.category())
        (made,) = corner.create_cohorts(corner.cohort(categorytype={"type": "id", "value": str(category)}))
        (told,) = companion.ask("get_cohorts", field="id", values=[made])
        assert told["categoryid"] == category

    def test_a_name_is_found_as_the_database_compares(self, companion: Companion) -> None:
        """Whoever asks compares exactly."""
        corner = companion.corner
        (made,) = corner.create_cohorts(corner.cohort(name=f"{corner.mark} Éa"))
        assert [one["id"] for one in companion.ask("get_cohorts", field="name", values=[f"{corner.mark} EA"])] == [made]

    def test_no_idnumber_finds_nothing(self, companion: Companion) -> None:
        """Cohorts without one are not found by none."""
        assert companion.ask("get_cohorts", field="idnumber", values=[""]) == []

    def test_an_unknown_field_refuses_the_call(self, companion: Companion) -> None:
        """A misspelt name is not merely empty."""
        with pytest.raises(ItemRefused) as refused:
            companion.ask("get_cohorts", field="colour", values=["x"])
        assert refused.value.code == "fieldunknown"

    def test_members_are_told(self, bound: Bound) -> None:
        """With the cohort, or by themselves; of all users, or of some."""
        bound.join("ben")
        (told,) = bound.companion.ask("get_cohorts", field="id", values=[bound.cohort], members=True)
        assert sorted(told["members"]) == sorted([bound.ana, bound.ben])
        pairs = [{"cohortid": bound.cohort, "userid": user} for user in sorted([bound.ana, bound.ben])]
        assert bound.companion.ask("get_cohort_members", cohortids=[bound.cohort, NOTHING]) == pairs
        some = bound.companion.ask("get_cohort_members", cohortids=[bound.cohort], userids=[bound.ben])
        assert some == [{"cohortid": bound.cohort, "userid": bound.ben}]


class TestBinding:
    """`local_syncd_set_cohort_enrolments`."""

    def test_members_are_enrolled_at_once(self, bound: Bound) -> None:
        """With the role, both marked as come by the cohort."""
        instance, code = bound.bind()
        assert not code
        assert bound.enrolled() == {bound.ana: instance}
        assert bound.roles() == {(bound.ana, STUDENT)}
        (told,) = bound.methods()
        seen = {key: told[key] for key in ("id", "status", "roleid", "customint1", "customint2")}
        assert seen == {"id": instance, "status": 0, "roleid": STUDENT, "customint1": bound.cohort, "customint2": 0}

    def test_binding_again_changes_nothing(self, bound: Bound) -> None:
        """It is the same instance; another role is another instance."""
        first = bound.bind()
        assert bound.bind() == first
        other, code = bound.bind(roleid=TEACHER)
        assert not code
        assert {one["id"] for one in bound.methods()} == {first[0], other}
        assert bound.roles() == {(bound.ana, STUDENT), (bound.ana, TEACHER)}

    def test_later_members_follow(self, bound: Bound) -> None:
        """Whoever joins is enrolled; whoever leaves is not any more."""
        bound.bind()
        bound.join("ben")
        assert bound.enrolled().keys() == {bound.ana, bound.ben}
        members = [{"cohortid": bound.cohort, "userid": bound.ana}]
        bound.companion.corner.target.call("core_cohort_delete_cohort_members", {"members": members})
        assert (set(bound.enrolled()), bound.roles()) == ({bound.ben}, {(bound.ben, STUDENT)})

    def test_a_disabled_binding_keeps_enrolments_and_takes_roles(self, bound: Bound) -> None:
        """Enabled again, it gives them back, and to those who came meanwhile."""
        instance, _ = bound.bind()
        assert bound.bind("disable") == (instance, "")
        bound.join("ben")
        assert (set(bound.enrolled()), bound.roles()) == ({bound.ana}, set())
        assert bound.methods()[0]["status"] == 1
        assert bound.bind("enable") == (instance, "")
        assert bound.roles() == {(bound.ana, STUDENT), (bound.ben, STUDENT)}

    def test_adding_what_is_disabled_enables_it(self, bound: Bound) -> None:
        """There is never a second instance of the same."""
        instance, _ = bound.bind()
        bound.bind("disable")
        assert bound.bind("add") == (instance, "")
        assert [one["status"] for one in bound.methods()] == [0]

    def test_a_deleted_binding_leaves_nobody(self, bound: Bound) -> None:
        """Neither enrolments nor roles stay behind."""
        instance, _ = bound.bind()
        assert bound.bind("delete") == (instance, "")
        assert (bound.enrolled(), bound.roles(), bound.methods()) == ({}, set(), [])

    def test_members_can_join_a_group_that_is_made(self, bound: Bound) -> None:
        """It is called after the cohort."""
        bound.bind(makegroup=1)
        (told,) = bound.methods()
        members = bound.companion.ask("get_group_members", courseids=[bound.course])
        assert [(one["groupid"], one["userid"], one["component"]) for one in members] == [
            (told["customint2"], bound.ana, "enrol_cohort")
        ]
        groups = bound.companion.corner.target.call("core_group_get_course_groups", {"courseid": bound.course})
        assert [group["name"] for group in groups] == [f"{bound.new['name']} cohort"]

    def test_members_can_join_a_group_that_is_there(self, bound: Bound) -> None:
        """One of the same course."""
        new = {"courseid": bound.course, "name": "Ours", "description": ""}
        (group,) = bound.companion.corner.target.call("core_group_create_groups", {"groups": [new]})
        assert not bound.bind(groupid=group["id"])[1]
        members = bound.companion.ask("get_group_members", courseids=[bound.course])
        assert [(one["groupid"], one["userid"]) for one in members] == [(group["id"], bound.ana)]

    @pytest.mark.parametrize(
        ("action", "wrong", "code"),
        [
            ("add", {"courseid": NOTHING}, "invalidcourseid"),
            ("add", {"courseid": 1}, "invalidcourseid"),
            ("add", {"cohortid": NOTHING}, "cohortmissing"),
            ("add", {"roleid": 7}, "roleunassignable"),
            ("add", {"groupid": NOTHING}, "groupmissing"),
            ("frob", {}, "actionunknown"),
            ("enable", {}, "noinstance"),
            ("disable", {}, "noinstance"),
            ("delete", {}, "noinstance"),
        ],
        ids=repr,
    )
    def test_what_can_t_be_says_why(self, bound: Bound, action: str, wrong: dict[str, Any], code: str) -> None:
        """And changes nothing."""
        assert bound.bind(action, **wrong) == (0, code)
        assert bound.methods() == []

    def test_a_cohort_of_another_category_can_t_be_bound(self, bound: Bound) -> None:
        """Only those of the course's own branch, and of the whole site."""
        corner = bound.companion.corner
        (category,) = corner.create_categories(corner.category())
        (cohort,) = corner.create_cohorts(corner.cohort("far", categorytype={"type": "id", "value": str(category)}))
        assert bound.bind(cohortid=cohort) == (0, "cohortmissing")
        (course,) = corner.create_courses(corner.course("near", categoryid=category))
        assert not bound.bind(cohortid=cohort, courseid=course)[1]
