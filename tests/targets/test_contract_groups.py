"""What every target promises of groups and groupings, one fact in each test."""

from typing import Any

import pytest

from tests.targets.classroom import NOBODY, Classroom
from tests.targets.conftest import Corner


@pytest.fixture
def room(corner: Corner) -> Classroom:
    """A course with people."""
    return Classroom(corner)


class TestMakingGroups:
    """`core_group_create_groups`."""

    def test_ids_come_back_in_the_order_sent(self, room: Classroom) -> None:
        """A group can be told from the others of its batch by its place in the answer."""
        items = [{"courseid": room.course, "name": name, "description": ""} for name in ("zoo", "ark")]
        made = room.call("core_group_create_groups", groups=items)
        assert [one["id"] for one in made] == [room.groups()[name]["id"] for name in ("zoo", "ark")]

    def test_what_was_said_is_told(self, room: Classroom) -> None:
        """Blanks round names and idnumbers are cut off; a description keeps its tags."""
        room.group(" first ", idnumber=" X1 ", description="<b>bold</b>")
        told = room.groups()["first"]
        assert (told["idnumber"], told["description"], told["courseid"]) == ("X1", "<b>bold</b>", room.course)

    @pytest.mark.parametrize("name", ["first", "FIRST", "Fírst", "first "])
    def test_names_are_unique_in_a_course(self, room: Classroom, name: str) -> None:
        """Case, accents and last blanks make no other name."""
        room.group("first")
        items = [{"courseid": room.course, "name": one, "description": ""} for one in ("second", name)]
        assert room.refusal("core_group_create_groups", groups=items) == "invalidparameter"
        assert room.groups().keys() == {"first"}

    def test_idnumbers_are_unique_in_a_course_to_the_letter(self, room: Classroom) -> None:
        """Unlike names; none at all is no idnumber."""
        room.group("first", idnumber="X1")
        item = {"courseid": room.course, "name": "second", "description": "", "idnumber": "X1"}
        assert room.refusal("core_group_create_groups", groups=[item]) == "idnumbertaken"
        room.group("second", idnumber="x1")
        room.group("third", idnumber="")
        room.group("fourth", idnumber="")
        (other,) = room.corner.create_courses(room.corner.course("other"))
        room.call("core_group_create_groups", groups=[item | {"courseid": other}])

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"name": " "}, "invalidparameter"),
            ({"name": "a <b> c"}, "invalidparameter"),
            ({"name": "x" * 256}, "dmlwriteexception"),
            ({"courseid": NOBODY}, "errorcoursecontextnotvalid"),
            ({"shoesize": 43}, "invalidparameter"),
        ],
        ids=repr,
    )
    def test_one_bad_item_refuses_the_batch(self, room: Classroom, wrong: dict[str, Any], code: str) -> None:
        """It is one transaction: no group is made."""
        good = {"courseid": room.course, "name": "good", "description": ""}
        items = [good, good | {"name": "bad"} | wrong]
        assert room.refusal("core_group_create_groups", groups=items) == code
        assert room.groups() == {}

    def test_a_long_idnumber_is_refused_alone(self, room: Classroom) -> None:
        """Moodle looks idnumbers up in its cache: after a refused batch it may tell, for a while, groups that were
        rolled back, and refuse their idnumbers as taken. What is sent must not be refused for one."""
        item = {"courseid": room.course, "name": "bad", "description": "", "idnumber": "x" * 101}
        assert room.refusal("core_group_create_groups", groups=[item]) == "dmlwriteexception"
        assert room.groups() == {}

    def test_a_description_must_be_said(self, room: Classroom) -> None:
        """If only an empty one."""
        items = [{"courseid": room.course, "name": "first"}]
        assert room.refusal("core_group_create_groups", groups=items) == "invalidparameter"


class TestChangingGroups:
    """`core_group_update_groups`."""

    def update(self, room: Classroom, group: int, **changes: Any) -> None:
        """Change a group."""
        room.call("core_group_update_groups", groups=[{"id": group} | changes])

    def test_what_is_not_said_stays(self, room: Classroom) -> None:
        """Description and idnumber need not be sent."""
        group = room.group("first", idnumber="X1", description="d")
        self.update(room, group, name="second")
        told = room.groups()["second"]
        assert (told["idnumber"], told["description"]) == ("X1", "d")
        self.update(room, group, name="second", idnumber="", description="")
        told = room.groups()["second"]
        assert (told["idnumber"], told["description"]) == ("", "")

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"name": "other"}, "invalidparameter"),
            ({"name": "FIRST"}, "invalidparameter"),
            ({"name": ""}, "invalidparameter"),
            ({"name": None}, "invalidparameter"),
            ({"idnumber": "X2"}, "idnumbertaken"),
            ({"id": NOBODY}, "invalidparameter"),
            ({"idnumber": "x" * 101}, "dmlwriteexception"),
        ],
        ids=repr,
    )
    def test_a_bad_change_is_refused(self, room: Classroom, wrong: dict[str, Any], code: str) -> None:
        """A name must be sent; one that differs in case alone is taken for that of another."""
        group = room.group("first")
        room.group("other", idnumber="X2")
        changes = {key: value for key, value in ({"id": group, "name": "first"} | wrong).items() if value is not None}
        assert room.refusal("core_group_update_groups", groups=[changes]) == code
        assert room.groups().keys() == {"first", "other"}


class TestDeletingGroups:
    """`core_group_delete_groups`."""

    def test_members_go_with_their_group(self, room: Classroom) -> None:
        """And an unknown group is no error."""
        room.enrol(room.ana)
        group = room.group()
        room.join(group, room.ana)
        room.call("core_group_delete_groups", groupids=[group, NOBODY])
        assert room.groups() == {}
        assert room.refusal("core_group_get_group_members", groupids=[group]) == "invalidrecordunknown"
        assert room.there().keys() == {room.ana}


class TestGroupsOfACourse:
    """`core_group_get_course_groups`."""

    def test_they_come_by_name(self, room: Classroom) -> None:
        """Not by id."""
        room.group("zoo")
        room.group("ark")
        assert list(room.groups()) == ["ark", "zoo"]

    def test_an_unknown_course_is_refused(self, room: Classroom) -> None:
        """It is told from one without groups."""
        assert room.refusal("core_group_get_course_groups", courseid=NOBODY) == "errorcoursecontextnotvalid"


class TestMembers:
    """`core_group_add_group_members` and its siblings."""

    def change(self, room: Classroom, deed: str, *members: tuple[int, int]) -> str:
        """The code with which the site refuses a change of members."""
        items = [{"groupid": group, "userid": user} for group, user in members]
        return room.refusal(f"core_group_{deed}_group_members", members=items)

    def test_a_member_stays_one(self, room: Classroom) -> None:
        """Added twice, it is no error; nor is taking out who is not in."""
        room.enrol(room.ana)
        group = room.group()
        room.join(group, room.ana)
        room.join(group, room.ana)
        assert room.members(group) == {room.ana}
        for _ in range(2):
            room.call("core_group_delete_group_members", members=[{"groupid": group, "userid": room.ana}])
        assert room.members(group) == set()

    def test_only_who_is_enrolled_can_be_a_member(self, room: Classroom) -> None:
        """A role alone does not do, and nobody of the batch is added."""
        room.enrol(room.ana)
        room.assign(room.ben, 5)
        group = room.group()
        assert self.change(room, "add", (group, room.ana), (group, room.ben)) == "invalidparameter"
        assert room.members(group) == set()

    def test_a_suspended_enrolment_does(self, room: Classroom) -> None:
        """Who is enrolled is, whatever the state."""
        room.enrol(room.ana, suspend=1)
        group = room.group()
        room.join(group, room.ana)
        assert room.members(group) == {room.ana}

    @pytest.mark.parametrize("deed", ["add", "delete"])
    def test_unknown_groups_and_accounts_are_refused(self, room: Classroom, deed: str) -> None:
        """Both with the same code."""
        room.enrol(room.ana)
        group = room.group()
        assert self.change(room, deed, (NOBODY, room.ana)) == "invalidrecordunknown"
        assert self.change(room, deed, (group, NOBODY)) == "invalidrecordunknown"

    def test_an_unknown_group_has_no_members_to_tell(self, room: Classroom) -> None:
        """One refuses them all."""
        group = room.group()
        assert room.refusal("core_group_get_group_members", groupids=[group, NOBODY]) == "invalidrecordunknown"


class TestGroupings:
    """`core_group_create_groupings` and its siblings."""

    def test_what_was_said_is_told(self, room: Classroom) -> None:
        """Blanks round names and idnumbers are cut off."""
        room.grouping(" first ", idnumber=" X1 ", description="d")
        told = room.groupings()["first"]
        assert (told["idnumber"], told["description"]) == ("X1", "d")

    def test_without_an_idnumber_it_is_made_and_reported_as_an_error(self, room: Classroom) -> None:
        """Moodle stumbles over its own answer, after the fact."""
        item = {"courseid": room.course, "name": "first", "description": ""}
        assert room.refusal("core_group_create_groupings", groupings=[item]) == "invalidresponse"
        assert room.groupings().keys() == {"first"}

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"name": "FIRST"}, "invalidparameter"),
            ({"name": ""}, "invalidparameter"),
            ({"idnumber": "X1"}, "idnumbertaken"),
        ],
        ids=repr,
    )
    def test_names_and_idnumbers_are_unique_in_a_course(
        self, room: Classroom, wrong: dict[str, Any], code: str
    ) -> None:
        """As those of groups."""
        room.grouping("first", idnumber="X1")
        item = {"courseid": room.course, "name": "second", "description": "", "idnumber": ""} | wrong
        assert room.refusal("core_group_create_groupings", groupings=[item]) == code

    def test_an_update_must_say_the_description(self, room: Classroom) -> None:
        """Unlike one of a group; the idnumber stays if it is not said."""
        grouping = room.grouping("first", idnumber="X1")
        item = {"id": grouping, "name": "second"}
        assert room.refusal("core_group_update_groupings", groupings=[item]) == "invalidparameter"
        room.call("core_group_update_groupings", groupings=[item | {"description": "d"}])
        assert room.groupings()["second"]["idnumber"] == "X1"
        unknown = item | {"id": NOBODY, "description": ""}
        assert room.refusal("core_group_update_groupings", groupings=[unknown]) == "invalidparameter"

    def test_an_unknown_course_is_refused(self, room: Classroom) -> None:
        """With another code than for groups."""
        assert room.refusal("core_group_get_course_groupings", courseid=NOBODY) == "invalidrecordunknown"

    def test_groups_are_bound(self, room: Classroom) -> None:
        """Twice is no error; when a group goes, it leaves its groupings."""
        grouping, first, second = room.grouping(), room.group("first"), room.group("second")
        for group in (first, first, second):
            room.call("core_group_assign_grouping", assignments=[{"groupingid": grouping, "groupid": group}])
        assert room.bound(grouping) == {first, second}
        room.call("core_group_delete_groups", groupids=[second])
        assert room.bound(grouping) == {first}

    @pytest.mark.parametrize("known", ["grouping", "group"])
    def test_what_is_unknown_is_not_bound(self, room: Classroom, known: str) -> None:
        """Neither a group nor a grouping."""
        grouping, group = room.grouping(), room.group()
        item = {
            "groupingid": grouping if known == "grouping" else NOBODY,
            "groupid": group if known == "group" else NOBODY,
        }
        assert room.refusal("core_group_assign_grouping", assignments=[item]) == "invalidrecordunknown"

    def test_a_group_of_another_course_is_bound_all_the_same(self, room: Classroom) -> None:
        """Moodle does not look; its caller must."""
        (other,) = room.corner.create_courses(room.corner.course("other"))
        item = {"courseid": other, "name": "first", "description": ""}
        (group,) = room.call("core_group_create_groups", groups=[item])
        grouping = room.grouping()
        room.call("core_group_assign_grouping", assignments=[{"groupingid": grouping, "groupid": group["id"]}])
        assert room.bound(grouping) == {group["id"]}

    def test_groups_stay_when_their_grouping_goes(self, room: Classroom) -> None:
        """And an unknown grouping is no error."""
        grouping, group = room.grouping(), room.group()
        room.call("core_group_assign_grouping", assignments=[{"groupingid": grouping, "groupid": group}])
        room.call("core_group_delete_groupings", groupingids=[grouping, NOBODY])
        assert room.groupings() == {}
        assert room.groups().keys() == {"first"}
        found = room.refusal("core_group_get_groupings", groupingids=[grouping], returngroups=1)
        assert found == "invalidrecordunknown"


class TestTheCompanionKeepsMembers:
    """`local_syncd_add_group_members` and its siblings."""

    def each(self, room: Classroom, deed: str, *items: dict[str, Any]) -> list[str]:
        """The code of each item; "": it was done."""
        function = f"local_syncd_{deed}_group_members"
        room.only_with(function)
        return [answer["code"] for answer in room.call(function, members=list(items))]

    def components(self, room: Classroom, *users: int) -> dict[tuple[int, int], str]:
        """What the members of the course's groups are in them by."""
        told = room.call("local_syncd_get_group_members", courseids=[room.course], userids=list(users))
        return {(one["groupid"], one["userid"]): one["component"] for one in told}

    def test_its_members_are_known_as_its_own(self, room: Classroom) -> None:
        """Whom a person put there stays the person's."""
        room.only_with("local_syncd_add_group_members")
        room.enrol(room.ana, room.ben)
        group = room.group()
        room.join(group, room.ana)
        items = [{"groupid": group, "userid": user} for user in (room.ana, room.ben)]
        assert self.each(room, "add", *items) == ["", ""]
        assert self.components(room) == {(group, room.ana): "", (group, room.ben): "local_syncd"}
        assert self.components(room, room.ben) == {(group, room.ben): "local_syncd"}

    def test_it_can_leave_the_members_of_others_alone(self, room: Classroom) -> None:
        """With `own`, somebody whom a person put there is refused."""
        room.only_with("local_syncd_add_group_members")
        room.enrol(room.ana, room.ben)
        group = room.group()
        room.join(group, room.ana)
        self.each(room, "add", {"groupid": group, "userid": room.ben})
        items = [{"groupid": group, "userid": user, "own": 1} for user in (room.ana, room.ben)]
        assert self.each(room, "delete", *items) == ["membernotours", ""]
        assert room.members(group) == {room.ana}
        assert self.each(room, "delete", {"groupid": group, "userid": room.ana}) == [""]
        assert room.members(group) == set()

    def test_core_takes_out_whom_it_put_there(self, room: Classroom) -> None:
        """The plugin keeps nobody from it."""
        room.only_with("local_syncd_add_group_members")
        room.enrol(room.ana)
        group = room.group()
        self.each(room, "add", {"groupid": group, "userid": room.ana})
        room.call("core_group_delete_group_members", members=[{"groupid": group, "userid": room.ana}])
        assert room.members(group) == set()

    def test_each_item_stands_for_itself(self, room: Classroom) -> None:
        """A bad one is told by its code, and the others are done."""
        room.enrol(room.ana)
        group = room.group()
        items = [(group, room.ben), (NOBODY, room.ana), (group, NOBODY), (group, room.ana)]
        codes = self.each(room, "add", *({"groupid": one, "userid": user} for one, user in items))
        assert codes == ["userunenrolled", "groupmissing", "invaliduserid", ""]
        assert room.members(group) == {room.ana}
        assert self.each(room, "delete", {"groupid": NOBODY, "userid": room.ana}) == ["groupmissing"]
