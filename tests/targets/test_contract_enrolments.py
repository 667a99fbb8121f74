"""What every target promises of enrolments and roles, one fact in each test."""

from typing import Any

import pytest

from tests.targets.classroom import FAR, MANAGER, NOBODY, STUDENT, TEACHER, Classroom
from tests.targets.conftest import Corner


@pytest.fixture
def room(corner: Corner) -> Classroom:
    """A course with people."""
    return Classroom(corner)


class TestEnrollingByHand:
    """`enrol_manual_enrol_users`."""

    def test_an_enrolment_comes_with_its_role(self, room: Classroom) -> None:
        """Whoever is enrolled is told with the shortname of the role."""
        room.enrol(room.ana)
        assert room.there() == {room.ana: {"student"}}

    def test_a_second_role_is_added(self, room: Classroom) -> None:
        """Enrolling again with another role leaves the first one in place."""
        room.enrol(room.ana)
        room.enrol(room.ana, roleid=TEACHER)
        assert room.there() == {room.ana: {"student", "teacher"}}

    @pytest.mark.parametrize("ended", [{"timeend": 100}, {"suspend": 1}, {"timestart": FAR}], ids=repr)
    def test_enrolling_again_resets_what_is_not_said(self, room: Classroom, ended: dict[str, int]) -> None:
        """Dates and state of an enrolment that go unsaid become none and active."""
        room.enrol(room.ana, **ended)
        assert room.there(onlyactive="1") == {}
        room.enrol(room.ana)
        assert room.there(onlyactive="1").keys() == {room.ana}

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"roleid": NOBODY}, "wsusercannotassign"),
            ({"roleid": 2}, "wsusercannotassign"),
            ({"userid": NOBODY}, "invalidrecordunknown"),
            ({"userid": 1}, "guestsarenotallowed"),
            ({"courseid": NOBODY}, "invalidparameter"),
            ({"courseid": 1}, "wsnoinstance"),
            ({"timestart": "2026-09-01"}, "invalidparameter"),
            ({"enrol": "self"}, "invalidparameter"),
        ],
        ids=repr,
    )
    def test_one_bad_item_refuses_the_batch(self, room: Classroom, wrong: dict[str, Any], code: str) -> None:
        """It is one transaction: nobody is enrolled."""
        items = [room.enrolment(room.ben), room.enrolment(room.ana) | wrong]
        assert room.refusal("enrol_manual_enrol_users", enrolments=items) == code
        assert room.there() == {}

    def test_a_deleted_account_is_refused(self, room: Classroom) -> None:
        """It is found, and not enrolled."""
        room.call("core_user_delete_users", userids=[room.ana])
        items = [room.enrolment(room.ana)]
        assert room.refusal("enrol_manual_enrol_users", enrolments=items) == "userdeleted"

    def test_a_suspended_account_can_be_enrolled_and_unenrolled(self, room: Classroom) -> None:
        """That it can't log in does not matter."""
        room.corner.update({"id": room.ana, "suspended": 1})
        room.enrol(room.ana)
        assert room.there().keys() == {room.ana}
        room.unenrol(room.ana)
        assert room.there() == {}

    def test_dates_the_wrong_way_round_are_taken(self, room: Classroom) -> None:
        """Moodle checks neither order nor sign."""
        room.enrol(room.ana, timestart=500, timeend=100)
        room.enrol(room.ben, timestart=-5)
        assert room.there().keys() == {room.ana, room.ben}


class TestUnenrollingByHand:
    """`enrol_manual_unenrol_users`."""

    def test_roles_and_groups_go_with_the_last_enrolment(self, room: Classroom) -> None:
        """Also roles that were given besides the enrolment."""
        room.enrol(room.ana)
        room.assign(room.ana, TEACHER)
        group = room.group()
        room.join(group, room.ana)
        room.unenrol(room.ana)
        assert room.there() == {}
        assert room.roles(room.ana) == set()
        assert room.members(group) == set()

    def test_who_is_not_enrolled_is_no_error(self, room: Classroom) -> None:
        """A role without enrolment stays."""
        room.assign(room.ana, TEACHER)
        room.unenrol(room.ana)
        assert room.roles(room.ana) == {"teacher"}

    @pytest.mark.parametrize("wrong", [{"userid": NOBODY}, {"courseid": NOBODY}], ids=repr)
    def test_one_bad_item_refuses_the_batch(self, room: Classroom, wrong: dict[str, Any]) -> None:
        """It is one transaction: everybody stays enrolled."""
        room.enrol(room.ana)
        item = {"userid": room.ana, "courseid": room.course}
        assert room.refusal("enrol_manual_unenrol_users", enrolments=[item, item | wrong]) == "invalidrecordunknown"
        assert room.there().keys() == {room.ana}


class TestWhoIsEnrolled:
    """`core_enrol_get_enrolled_users`."""

    def test_a_role_alone_is_no_enrolment(self, room: Classroom) -> None:
        """Who only has a role is not told."""
        room.assign(room.ana, STUDENT)
        assert room.there() == {}

    def test_names_are_told_on_demand(self, room: Classroom) -> None:
        """Those fields that were asked for, and the full name always."""
        room.enrol(room.ana)
        options = [{"name": "userfields", "value": "id,username,idnumber,email,roles"}]
        (told,) = room.call("core_enrol_get_enrolled_users", courseid=room.course, options=options)
        user = room.corner.user("ana")
        assert told.keys() == {"id", "fullname", "username", "idnumber", "email", "roles"}
        assert [told[key] for key in ("username", "idnumber", "email")] == [
            user[key] for key in ("username", "idnumber", "email")
        ]
        assert told["roles"] == [{"roleid": STUDENT, "name": "", "shortname": "student", "sortorder": 0}]

    def test_an_unknown_field_is_refused(self, room: Classroom) -> None:
        """As soon as there is somebody of whom it would be told."""
        options = [{"name": "userfields", "value": "id,shoesize"}]
        assert room.call("core_enrol_get_enrolled_users", courseid=room.course, options=options) == []
        room.enrol(room.ana)
        found = room.refusal("core_enrol_get_enrolled_users", courseid=room.course, options=options)
        assert found == "invaliduserfield"

    def test_people_come_by_id_and_page_by_page(self, room: Classroom) -> None:
        """`limitfrom` and `limitnumber` cut the list."""
        room.enrol(room.ben, room.ana)
        first, second = sorted((room.ana, room.ben))
        assert list(room.there()) == [first, second]
        assert list(room.there(limitnumber="1")) == [first]
        assert list(room.there(limitfrom="1", limitnumber="5")) == [second]
        assert room.there(limitfrom="2", limitnumber="5") == {}

    def test_states_can_be_told_apart(self, room: Classroom) -> None:
        """Only active, or only those who may not enter now; by both it is refused."""
        room.enrol(room.ana)
        room.enrol(room.ben, timeend=100)
        assert room.there(onlyactive="1").keys() == {room.ana}
        assert room.there(onlysuspended="1").keys() == {room.ben}
        options = [{"name": "onlyactive", "value": "1"}, {"name": "onlysuspended", "value": "1"}]
        found = room.refusal("core_enrol_get_enrolled_users", courseid=room.course, options=options)
        assert found == "codingerror"

    def test_an_unknown_course_is_refused(self, room: Classroom) -> None:
        """A course that is gone is told from an empty one."""
        assert room.refusal("core_enrol_get_enrolled_users", courseid=NOBODY) == "invalidrecordunknown"

    def test_a_deleted_account_is_gone(self, room: Classroom) -> None:
        """Its enrolments go with it."""
        room.enrol(room.ana)
        room.call("core_user_delete_users", userids=[room.ana])
        assert room.there() == {}


class TestProfilesInACourse:
    """`core_user_get_course_user_profiles`."""

    def test_roles_are_told_of_who_is_not_enrolled(self, room: Classroom) -> None:
        """It is the one function that tells them."""
        room.assign(room.ana, TEACHER)
        assert room.profile(room.ana)["roles"] == [
            {"roleid": TEACHER, "name": "", "shortname": "teacher", "sortorder": 0}
        ]

    def test_of_one_user_twice_the_last_course_counts(self, room: Classroom) -> None:
        """Nothing tells that the first was passed over."""
        (other,) = room.corner.create_courses(room.corner.course("other"))
        room.assign(room.ana, TEACHER)
        asked = [{"userid": room.ana, "courseid": course} for course in (room.course, other)]
        (told,) = room.call("core_user_get_course_user_profiles", userlist=asked)
        assert told["roles"] == []

    def test_unknown_and_deleted_accounts_are_left_out(self, room: Classroom) -> None:
        """Without an error."""
        room.call("core_user_delete_users", userids=[room.ana])
        asked = [{"userid": user, "courseid": room.course} for user in (room.ana, room.ben, NOBODY)]
        told = room.call("core_user_get_course_user_profiles", userlist=asked)
        assert [one["id"] for one in told] == [room.ben]

    def test_an_unknown_course_refuses_all(self, room: Classroom) -> None:
        """Without saying which."""
        asked = [{"userid": room.ana, "courseid": NOBODY}]
        assert room.refusal("core_user_get_course_user_profiles", userlist=asked) == "invalidparameter"


class TestRoles:
    """`core_role_assign_roles` and `core_role_unassign_roles`."""

    def test_a_role_needs_no_enrolment(self, room: Classroom) -> None:
        """And may be given twice."""
        room.assign(room.ana, STUDENT)
        room.assign(room.ana, STUDENT)
        assert room.roles(room.ana) == {"student"}

    def test_a_role_beside_an_enrolment_changes_no_dates(self, room: Classroom) -> None:
        """Unlike enrolling again."""
        room.enrol(room.ana, timeend=100)
        room.assign(room.ana, TEACHER)
        assert room.there(onlyactive="1") == {}
        assert room.there() == {room.ana: {"student", "teacher"}}

    def test_the_role_that_is_taken_may_be_the_one_of_the_enrolment(self, room: Classroom) -> None:
        """The enrolment stays, without a role."""
        room.enrol(room.ana)
        room.unassign(room.ana, STUDENT)
        assert room.there() == {room.ana: set()}

    def test_a_role_that_somebody_has_not_is_taken_without_an_error(self, room: Classroom) -> None:
        """Also from an account that is not there."""
        room.unassign(room.ana, STUDENT)
        room.unassign(NOBODY, STUDENT)

    @pytest.mark.parametrize("role", [NOBODY, 2], ids=["unknown", "not for courses"])
    def test_a_role_that_can_not_be_assigned_is_refused(self, room: Classroom, role: int) -> None:
        """Both ways, and without a reason."""
        items = [room.role(room.ana, STUDENT), room.role(room.ana, role)]
        assert room.refusal("core_role_assign_roles", assignments=items) == "invalidparameter"
        assert room.refusal("core_role_unassign_roles", unassignments=items) == "invalidparameter"
        assert room.roles(room.ana) == set()

    def test_an_unknown_account_is_refused(self, room: Classroom) -> None:
        """With a code that blames the programmer."""
        items = [room.role(NOBODY, STUDENT)]
        assert room.refusal("core_role_assign_roles", assignments=items) == "codingerror"

    @pytest.mark.parametrize(
        "context",
        [
            {"contextlevel": "course", "instanceid": NOBODY},
            {"contextlevel": "planet", "instanceid": 1},
            {"contextid": 0},
        ],
        ids=repr,
    )
    def test_an_unknown_place_is_refused(self, room: Classroom, context: dict[str, Any]) -> None:
        """Without a reason."""
        items = [room.role(room.ana, STUDENT, **context)]
        assert room.refusal("core_role_assign_roles", assignments=items) == "invalidparameter"


class TestTheCompanionTells:
    """What the companion plugin tells of enrolments and roles."""

    def test_roles(self, room: Classroom) -> None:
        """Every role by its shortname."""
        room.only_with("local_syncd_get_roles")
        told = {role["shortname"]: role for role in room.call("local_syncd_get_roles")}
        assert told["student"]["id"] == STUDENT
        assert told["student"]["assignable"]
        assert not told["coursecreator"]["assignable"]
        assert 50 in told["manager"]["contextlevels"]

    def test_methods_dates_and_states(self, room: Classroom) -> None:
        """Of the people that were asked about, or of all."""
        room.only_with("local_syncd_get_enrolments")
        room.enrol(room.ana, timestart=100, timeend=FAR, suspend=1)
        room.enrol(room.ben)
        (told,) = room.call("local_syncd_get_enrolments", courseids=[room.course], userids=[room.ana])
        assert {key: told[key] for key in ("courseid", "userid", "enrol", "status", "timestart", "timeend")} == {
            "courseid": room.course,
            "userid": room.ana,
            "enrol": "manual",
            "status": 1,
            "timestart": 100,
            "timeend": FAR,
        }
        assert len(room.call("local_syncd_get_enrolments", courseids=[room.course])) == 2

    def test_what_gave_a_role(self, room: Classroom) -> None:
        """A role of an enrolment by hand is given by hand, too."""
        room.only_with("local_syncd_get_role_assignments")
        room.enrol(room.ana)
        room.assign(room.ben, TEACHER)
        told = room.call("local_syncd_get_role_assignments", courseids=[room.course])
        found = {(one["courseid"], one["userid"], one["roleid"], one["component"]) for one in told}
        assert found == {(room.course, room.ana, STUDENT, ""), (room.course, room.ben, TEACHER, "")}


class TestTheCompanionEnrols:
    """`local_syncd_enrol_users` and `local_syncd_unenrol_users`."""

    def each(self, room: Classroom, function: str, *items: dict[str, Any]) -> list[str]:
        """The code of each item; "": it was done."""
        room.only_with(function)
        answers = room.call(function, enrolments=list(items))
        assert [answer["index"] for answer in answers] == list(range(len(items)))
        return [answer["code"] for answer in answers]

    def item(self, room: Classroom, **more: Any) -> dict[str, Any]:
        """Ana's enrolment by hand."""
        return {"courseid": room.course, "userid": room.ana, "enrol": "manual"} | more

    def times(self, room: Classroom) -> tuple[int, int, int]:
        """What Ana's enrolment says."""
        (told,) = room.call("local_syncd_get_enrolments", courseids=[room.course], userids=[room.ana])
        return told["timestart"], told["timeend"], told["status"]

    def test_only_what_is_said_is_changed(self, room: Classroom) -> None:
        """Dates and state of an enrolment that go unsaid stay."""
        function = "local_syncd_enrol_users"
        item = self.item(room, roleid=STUDENT, timestart=100, timeend=FAR)
        assert self.each(room, function, item) == [""]
        assert self.each(room, function, self.item(room, status=1)) == [""]
        assert self.times(room) == (100, FAR, 1)
        assert self.each(room, function, self.item(room, timeend=FAR + 1, roleid=TEACHER)) == [""]
        assert self.times(room) == (100, FAR + 1, 1)
        assert room.there() == {room.ana: {"student", "teacher"}}

    def test_a_new_enrolment_begins_now(self, room: Classroom) -> None:
        """Unless it is said when."""
        assert self.each(room, "local_syncd_enrol_users", self.item(room)) == [""]
        assert self.times(room)[0] > 0

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"enrol": "telepathy"}, "methodunknown"),
            ({"enrol": "self"}, "noinstance"),
            ({"roleid": NOBODY}, "roleunassignable"),
            ({"userid": NOBODY}, "invaliduserid"),
            ({"userid": 1}, "invaliduserid"),
            ({"courseid": NOBODY}, "invalidcourseid"),
            ({"timestart": 500, "timeend": 100}, "timesinvalid"),
            ({"status": 7}, "fieldinvalid"),
        ],
        ids=repr,
    )
    def test_each_item_stands_for_itself(self, room: Classroom, wrong: dict[str, Any], code: str) -> None:
        """A bad one is told by its code, and the others are done."""
        items = [self.item(room) | wrong, self.item(room, userid=room.ben)]
        assert self.each(room, "local_syncd_enrol_users", *items) == [code, ""]
        assert room.there().keys() == {room.ben}

    def test_a_closed_method_is_used_on_demand(self, room: Classroom) -> None:
        """A new course's self-enrolment is there, and closed."""
        item = self.item(room, enrol="self", disabled=1)
        assert self.each(room, "local_syncd_enrol_users", item) == [""]
        assert room.there().keys() == {room.ana}

    def test_who_is_not_enrolled_is_unenrolled_without_an_error(self, room: Classroom) -> None:
        """Other enrolments stay."""
        room.enrol(room.ana)
        function = "local_syncd_unenrol_users"
        assert self.each(room, function, self.item(room, enrol="self"), self.item(room, userid=room.ben)) == ["", ""]
        assert room.there().keys() == {room.ana}
        assert self.each(room, function, self.item(room)) == [""]
        assert room.there() == {}


def test_managers_can_be_enrolled(room: Classroom) -> None:
    """The role of a manager is one for courses, too."""
    room.enrol(room.ana, roleid=MANAGER)
    assert room.there() == {room.ana: {"manager"}}
