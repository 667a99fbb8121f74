"""Files of group members on a whole site."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.tools.group_members import GroupMembersTool
from tests.run.workshop import FILE, NO_LIMITS
from tests.tools.on_site import OnSite, Run

STUDENT = 5
HEADER = "cmd,courseid,groupid,userid"


def group_members(**keys: Any) -> GroupMembersTool:
    """A group members tool without limits, and with the defaults of its kind but for some settings."""
    return GroupMembersTool.model_validate({"file": FILE, "guard": NO_LIMITS, **keys})


class Room:
    """A course C1 with the groups G1 to G3, where Ana and Ben are enrolled and Cyd is not; and a course C2 with G9."""

    def __init__(self, site: OnSite) -> None:
        self.site = site
        self.course, self.other = site.make_courses("C1", "C2")
        self.ids = dict(zip(("ana", "ben", "cyd"), site.make_users("ana", "ben", "cyd"), strict=True))
        items = [{"roleid": STUDENT, "userid": self.ids[name], "courseid": self.course} for name in ("ana", "ben")]
        site.call("enrol_manual_enrol_users", enrolments=items)
        self.made = {name: self.make(name) for name in ("G1", "G2", "G3")} | {"G9": self.make("G9", self.other)}

    def make(self, name: str, course: int = 0) -> int:
        """Make a group of this name and idnumber."""
        item = {"courseid": course or self.course, "name": f"Group {name}", "description": "", "idnumber": name}
        (made,) = self.site.call("core_group_create_groups", groups=[item])
        return int(made["id"])

    def join(self, group: str, *names: str) -> None:
        """Put people into a group without a run."""
        items = [{"groupid": self.made[group], "userid": self.ids[name]} for name in names]
        self.site.call("core_group_add_group_members", members=items)

    def grouping(self, name: str, *groups: str) -> None:
        """Make a grouping of some groups."""
        item = {"courseid": self.course, "name": name, "description": "", "idnumber": ""}
        (made,) = self.site.call("core_group_create_groupings", groupings=[item])
        for group in groups:
            items = [{"groupingid": made["id"], "groupid": self.made[group]}]
            self.site.call("core_group_assign_grouping", assignments=items)

    @property
    def groupings(self) -> set[str]:
        """The names of the groupings."""
        return {one["name"] for one in self.site.call("core_group_get_course_groupings", courseid=self.course)}

    def members(self, course: int = 0) -> dict[str, set[str]]:
        """The groups of a course by idnumber, with their members."""
        names = {number: name for name, number in self.ids.items()}
        told = self.site.call("core_group_get_course_groups", courseid=course or self.course)
        if not told:
            return {}
        groups = {one["id"]: one["idnumber"] for one in told}
        members = self.site.call("core_group_get_group_members", groupids=list(groups))
        return {groups[one["groupid"]]: {names[user] for user in one["userids"]} for one in members}

    def file(self, *rows: str, header: str = HEADER, **keys: Any) -> Run:
        """Run a file whose rows name courses and people without the mark."""
        mark = self.site.mark
        marked = [",".join(self._marked(cell, mark) for cell in row.split(",")) for row in rows]
        return self.site.run(group_members(**keys), header, *marked)

    def _marked(self, cell: str, mark: str) -> str:
        return f"{mark}{cell}" if cell in {"C1", "C2", "C7", *self.ids, "nobody"} else cell

    def run(self, *rows: str, **how: Any) -> list[str]:
        """Run a file, and return what became of its rows."""
        return self.file(*rows, **how).outcomes

    def again(self) -> list[str]:
        """Run the last file once more."""
        return self.site.run_again().outcomes


@pytest.fixture
def room(site: OnSite) -> Room:
    """A course with people and groups."""
    return Room(site)


def test_people_join_groups_once(room: Room) -> None:
    """A second run of the same file changes nothing."""
    rows = ["C1,G1,ana", "C1,G1,ben", "C1,G2,ana"]
    assert room.run(*rows, header="courseid,groupid,userid") == ["created"] * 3
    assert room.members() == {"G1": {"ana", "ben"}, "G2": {"ana"}, "G3": set()}
    assert room.again() == ["unchanged"] * 3


def test_people_leave_groups(room: Room) -> None:
    """Only the one of the row; who is not in it is unchanged."""
    room.join("G1", "ana")
    room.join("G2", "ana")
    assert room.run("del,C1,G1,ana", "del,C1,G1,ben", "delete,C1,G3,cyd") == ["deleted", "unchanged", "unchanged"]
    assert room.members() == {"G1": set(), "G2": {"ana"}, "G3": set()}
    assert room.again() == ["unchanged"] * 3


def test_a_shift_leaves_one_group_alone(room: Room) -> None:
    """All others of the course are left; those of other courses stay."""
    items = [{"roleid": STUDENT, "userid": room.ids["ana"], "courseid": room.other}]
    room.site.call("enrol_manual_enrol_users", enrolments=items)
    for group in ("G1", "G2", "G9"):
        room.join(group, "ana")
    assert room.run("shift,C1,G3,ana", "shift,C1,G2,ben") == ["updated", "updated"]
    assert room.members() == {"G1": set(), "G2": {"ben"}, "G3": {"ana"}}
    assert room.members(room.other) == {"G9": {"ana"}}
    assert room.again() == ["unchanged", "unchanged"]


def test_rows_about_one_person_keep_their_order(room: Room) -> None:
    """What is added before a shift goes, and what is added after it stays."""
    rows = ["add,C1,G1,ana", "shift,C1,G2,ana", "add,C1,G3,ana", "del,C1,G2,ana", "add,C1,G2,ana"]
    assert room.run(*rows) == ["created", "updated", "created", "deleted", "created"]
    assert room.members() == {"G1": set(), "G2": {"ana"}, "G3": {"ana"}}


def test_each_refusal_names_its_fault(room: Room) -> None:
    """And the good row among them is carried out. A group of another course is none of this one."""
    rows = [
        "add,C7,G1,ana",
        "add,C1,G9,ana",
        "add,C1,G1,nobody",
        "add,C1,G1,cyd",
        "add,C1,,ana",
        "join,C1,G1,ana",
        "add,C1,G1,ben",
    ]
    expected = ["course-missing", "group-missing", "user-missing", "not-enrolled", "value-missing", "value-wrong", ""]
    assert room.file(*rows).codes == expected
    assert room.members() == {"G1": {"ben"}, "G2": set(), "G3": set()}
    assert room.members(room.other) == {"G9": set()}


@pytest.mark.parametrize("identity", ["id", "name", "idnumber"])
def test_groups_are_found_by_what_is_set(room: Room, identity: str) -> None:
    """Id, name or idnumber, and only within the course."""
    value = {"id": str(room.made["G1"]), "name": "Group G1", "idnumber": "G1"}[identity]
    assert room.run(f"add,C1,{value},ana", group_identity=identity) == ["created"]
    other = {"id": str(room.made["G9"]), "name": "Group G9", "idnumber": "G9"}[identity]
    assert room.file(f"add,C1,{other},ana", group_identity=identity).codes == ["group-missing"]
    assert room.members()["G1"] == {"ana"}


class TestPurge:
    """`purge_empty`."""

    def test_nothing_is_purged_unless_it_is_set(self, room: Room) -> None:
        """The plugin's default, too."""
        assert room.run("add,C1,G1,ana") == ["created"]
        assert room.members().keys() == {"G1", "G2", "G3"}

    def test_empty_groups_of_the_courses_of_the_file_go(self, room: Room) -> None:
        """Those that its rows empty as well; those of other courses stay."""
        room.join("G2", "ben")
        run = room.file("add,C1,G1,ana", "del,C1,G2,ben", purge_empty="groups")
        assert run.outcomes == ["created", "deleted"]
        assert room.members() == {"G1": {"ana"}}
        assert room.members(room.other) == {"G9": set()}
        assert any("Group G2" in note and "Group G3" in note for note in run.notes)
        assert not any("deleted" in note for note in room.site.run_again().notes)

    def test_it_is_done_when_no_row_changes_anything(self, room: Room) -> None:
        """The setting may be newer than the file."""
        room.join("G1", "ana")
        assert room.run("add,C1,G1,ana", purge_empty="groups") == ["unchanged"]
        assert room.members() == {"G1": {"ana"}}

    def test_a_rehearsal_purges_nothing(self, room: Room) -> None:
        """It changes nothing at all."""
        room.file("add,C1,G1,ana", purge_empty="groups", header=HEADER)
        room.make("G4")
        room.site.run_again(simulated=True)
        assert "G4" in room.members()

    def test_a_group_that_a_refused_row_would_fill_is_spared(self, room: Room) -> None:
        """It only looks empty: the corrected row needs it."""
        run = room.file("add,C1,G1,ana", "add,C1,G2,cyd", "add,C1,G2,nobody", purge_empty="groups")
        assert run.outcomes == ["created", "rejected", "rejected"]
        assert room.members() == {"G1": {"ana"}, "G2": set()}

    def test_where_a_row_can_not_be_read_nothing_is_purged(self, room: Room) -> None:
        """It may be about any group."""
        run = room.file("add,C1,G1,ana", "add,C1,,ben", purge_empty="groups")
        assert room.members().keys() == {"G1", "G2", "G3"}
        assert any("left alone" in note for note in run.notes)

    def test_groupings_without_a_group_go_too(self, room: Room) -> None:
        """Where that is set; those that still have one stay."""
        room.grouping("full", "G1", "G2")
        room.grouping("emptied", "G3")
        room.grouping("empty")
        assert room.run("add,C1,G1,ana", purge_empty="groups") == ["created"]
        assert room.groupings == {"full", "emptied", "empty"}
        assert room.run("add,C1,G1,ana", purge_empty="groups-and-groupings") == ["unchanged"]
        assert room.groupings == {"full"}
        assert room.members() == {"G1": {"ana"}}


rows = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "del", "shift"]),
        st.sampled_from(["C1", "C1", "C2", "C7"]),
        st.sampled_from(["G1", "G2", "G3", "G9"]),
        st.sampled_from(["ana", "ben", "cyd", "nobody"]),
    ).map(",".join),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=rows)
def test_a_run_does_what_its_rows_say_one_by_one(site: OnSite, file: list[str]) -> None:
    """Whatever the order of the rows, and however they are sent together."""
    if site.moodle:
        pytest.skip("slow there; its commands are tested one by one")
    site.mark = f"t{uuid4().hex[:12]}"
    room = Room(site)
    room.join("G1", "ben")
    expected = room.members()
    for row in file:
        deed, course, group, person = row.split(",")
        if course != "C1" or group == "G9" or person not in {"ana", "ben"}:
            continue
        if deed == "shift":
            for there in expected.values():
                there.discard(person)
        expected[group].add(person) if deed != "del" else expected[group].discard(person)
    room.run(*file)
    assert room.members() == expected
