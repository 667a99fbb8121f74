"""Files of enrolments on a whole site."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.core.functions import SITE_INFO
from syncd.tools.enrolments import EnrolmentsTool
from tests.faulty import LOST, once
from tests.run.workshop import FILE, NO_LIMITS
from tests.tools.on_site import OnSite

STUDENT, TEACHER = 5, 4
FAR = "2033-05-18 05:33:20"
HEADER = "cmd,rolename,cid,uid,enrol"


def enrolments(**keys: Any) -> EnrolmentsTool:
    """An enrolments tool without limits, and with the defaults of its kind but for some settings."""
    return EnrolmentsTool.model_validate({"file": FILE, "guard": NO_LIMITS, **keys})


class Room:
    """A course of a site with some accounts, all named by short names."""

    def __init__(self, site: OnSite) -> None:
        self.site = site
        (self.course,) = site.make_courses("C1")
        self.ids = dict(zip(("ana", "ben"), site.make_users("ana", "ben"), strict=True))

    def row(self, *cells: str) -> str:
        """A row: command, role, course, user, and what follows; course and user without the mark."""
        deed, role, course, user, *more = cells
        return ",".join([deed, role, f"{self.site.mark}{course}", f"{self.site.mark}{user}", *more])

    def run(self, *rows: str, header: str = HEADER, **keys: Any) -> list[str]:
        """Run a file, and return what became of its rows."""
        return self.site.run(enrolments(**keys), header, *rows).outcomes

    def codes(self, *rows: str, header: str = HEADER, **keys: Any) -> list[str]:
        """Run a file, and return the codes of its rows."""
        return self.site.run(enrolments(**keys), header, *rows).codes

    def again(self) -> list[str]:
        """Run the last file once more."""
        return self.site.run_again().outcomes

    @property
    def roles(self) -> dict[str, set[str]]:
        """Who is enrolled, with which roles."""
        return {
            name: {role["shortname"] for role in told["roles"]}
            for name, told in self.site.enrolled(self.course).items()
        }

    @property
    def active(self) -> set[str]:
        """Who may enter now."""
        options = [{"name": "onlyactive", "value": "1"}, {"name": "userfields", "value": "username"}]
        told = self.site.call("core_enrol_get_enrolled_users", courseid=self.course, options=options)
        return {one["username"].removeprefix(self.site.mark) for one in told}

    def enrol(self, name: str, **more: Any) -> None:
        """Enrol somebody without a run."""
        item = {"roleid": STUDENT, "userid": self.ids[name], "courseid": self.course} | more
        self.site.call("enrol_manual_enrol_users", enrolments=[item])

    def assign(self, name: str, role: int) -> None:
        """Give a role without a run."""
        item = {"roleid": role, "userid": self.ids[name], "contextlevel": "course", "instanceid": self.course}
        self.site.call("core_role_assign_roles", assignments=[item])

    def bare_roles(self, name: str) -> set[str]:
        """Somebody's roles, enrolled or not."""
        asked = [{"userid": self.ids[name], "courseid": self.course}]
        (told,) = self.site.call("core_user_get_course_user_profiles", userlist=asked)
        return {role["shortname"] for role in told["roles"]}

    @property
    def tells_dates(self) -> bool:
        """Whether the dates of an enrolment can be looked at."""
        told = self.site.whole.call(SITE_INFO, {})["functions"]
        return "local_syncd_get_enrolments" in {one["name"] for one in told}

    def times(self, name: str) -> tuple[int, int]:
        """When somebody's enrolment begins and ends, which the companion alone tells."""
        asked = {"courseids": [self.course], "userids": [self.ids[name]]}
        (told,) = self.site.whole.call("local_syncd_get_enrolments", asked)
        return told["timestart"], told["timeend"]

    def group(self, name: str, *members: str, **more: Any) -> int:
        """Make a group with members without a run."""
        item = {"courseid": self.course, "name": name, "description": ""} | more
        (made,) = self.site.call("core_group_create_groups", groups=[item])
        for member in members:
            items = [{"groupid": made["id"], "userid": self.ids[member]}]
            self.site.call("core_group_add_group_members", members=items)
        return int(made["id"])

    @property
    def groups(self) -> dict[str, set[str]]:
        """The groups of the course with their members."""
        names = {number: name for name, number in self.ids.items()}
        groups = self.site.call("core_group_get_course_groups", courseid=self.course)
        if not groups:
            return {}
        told = self.site.call("core_group_get_group_members", groupids=[group["id"] for group in groups])
        members = {one["groupid"]: {names[user] for user in one["userids"]} for one in told}
        return {group["name"]: members[group["id"]] for group in groups}


@pytest.fixture
def room(site: OnSite) -> Room:
    """A course with people who are not yet in it."""
    return Room(site)


class TestAdd:
    """Rows without a command, or with `add`."""

    def test_somebody_is_enrolled_once(self, room: Room) -> None:
        """A second run of the same file changes nothing."""
        rows = [room.row("add", "student", "C1", "ana", "manual"), room.row("", "teacher", "C1", "ben", "")]
        assert room.run(*rows) == ["created", "created"]
        assert room.roles == {"ana": {"student"}, "ben": {"teacher"}}
        assert room.active == {"ana", "ben"} or not room.active  # Moodle's lists lag by some seconds
        assert room.again() == ["unchanged", "unchanged"]

    def test_without_a_command_column_rows_add(self, room: Room) -> None:
        """The plugin's samples have none."""
        header = "rolename,cid,uid,enrol"
        row = room.row("x", "student", "C1", "ana", "manual").removeprefix("x,")
        assert room.run(row, header=header) == ["created"]

    def test_another_role_is_added(self, room: Room) -> None:
        """The role and the dates that are there stay."""
        room.enrol("ana", timeend=100)
        assert room.run(room.row("add", "teacher", "C1", "ana", "")) == ["updated"]
        assert room.roles == {"ana": {"student", "teacher"}}
        assert room.active == set()
        assert room.again() == ["unchanged"]

    def test_without_a_method_column_only_the_role_is_given(self, room: Room) -> None:
        """Nobody is enrolled, and the role is not given twice."""
        header = HEADER.removesuffix(",enrol")
        room.enrol("ben")
        rows = [room.row("add", "student", "C1", "ana"), room.row("add", "teacher", "C1", "ben")]
        assert room.run(*rows, header=header) == ["created", "created"]
        assert room.roles == {"ben": {"student", "teacher"}}
        assert room.bare_roles("ana") == {"student"}
        assert room.again() == ["unchanged", "unchanged"]

    def test_two_roles_of_one_person_are_two_rows(self, room: Room) -> None:
        """The second finds what the first makes."""
        rows = [room.row("add", role, "C1", "ana", "") for role in ("student", "teacher", "student")]
        assert room.run(*rows) == ["created", "updated", "unchanged"]
        assert room.roles == {"ana": {"student", "teacher"}}
        assert room.again() == ["unchanged"] * 3

    def test_identities_can_be_others(self, room: Room) -> None:
        """Courses and accounts are found by what the settings say."""
        keys = {"course_identity": "id", "user_identity": "username"}
        row = f"add,student,{room.course},{room.site.mark}ANA,"
        assert room.run(row, **keys) == ["created"]
        assert room.again() == ["unchanged"]
        assert room.roles == {"ana": {"student"}}


class TestRefusals:
    """Rows that are refused, and stop no other."""

    def test_each_names_its_fault(self, room: Room) -> None:
        """And the good row among them is carried out."""
        rows = [
            room.row("add", "student", "C1", "nobody", ""),
            room.row("add", "student", "nowhere", "ana", ""),
            room.row("add", "emperor", "C1", "ana", ""),
            room.row("banish", "student", "C1", "ana", ""),
            room.row("add", "", "C1", "ana", ""),
            room.row("add", "student", "C1", "ana", ""),
        ]
        expected = ["user-missing", "course-missing", "role-missing", "value-wrong", "value-missing", ""]
        assert room.codes(*rows) == expected
        assert room.roles == {"ana": {"student"}}

    def test_an_unknown_role_takes_nothing(self, room: Room) -> None:
        """It never stands for all roles."""
        room.enrol("ana")
        room.assign("ana", TEACHER)
        rows = [room.row("del", "emperor", "C1", "ana"), room.row("del", "", "C1", "ana")]
        assert room.codes(*rows, header="cmd,rolename,cid,uid") == ["role-missing", "value-missing"]
        assert room.roles == {"ana": {"student", "teacher"}}

    def test_a_closed_method_enrols_nobody(self, room: Room) -> None:
        """A new course's self-enrolment is closed; what only the companion can do is told so without it."""
        expected = "method-missing" if room.site.has_companion else "companion-missing"
        assert room.codes(room.row("add", "student", "C1", "ana", "self")) == [expected]
        assert room.codes(room.row("add", "student", "C1", "ana", "cohort"))[0] in {expected, "method-missing"}

    def test_with_the_fallback_only_the_role_is_given(self, room: Room) -> None:
        """As the plugin does it."""
        if not room.site.has_companion:
            pytest.skip("without the companion plugin people are enrolled by manual alone")
        assert room.run(room.row("add", "student", "C1", "ana", "self"), fallback="role") == ["created"]
        assert room.roles == {}
        assert room.bare_roles("ana") == {"student"}
        assert room.again() == ["unchanged"]

    def test_a_closed_method_is_used_where_that_is_set(self, room: Room) -> None:
        """The enrolment is there when the method is opened."""
        if not room.site.has_companion:
            pytest.skip("without the companion plugin people are enrolled by manual alone")
        assert room.run(room.row("add", "student", "C1", "ana", "self"), use_disabled_methods=True) == ["created"]
        assert room.roles == {"ana": {"student"}}
        assert room.again() == ["unchanged"]


class TestDates:
    """`starttime` and `endtime`."""

    HEADER = HEADER + ",starttime,endtime"

    def run(self, room: Room, start: str, end: str) -> list[str]:
        """Run one row with these dates."""
        return room.run(room.row("add", "student", "C1", "ana", "", start, end), header=self.HEADER)

    @pytest.mark.parametrize(
        ("start", "moment"),
        [
            ("2026-09-01 08:00:00", 1788242400),
            ("2026-09-01", 1788213600),
            ("1788242400", 1788242400),
            ("2026-09-01T06:00:00+00:00", 1788242400),
        ],
    )
    def test_every_form_of_a_date_is_taken(self, room: Room, start: str, moment: int) -> None:
        """In the site's zone, where it tells none: the plugin's form, ISO, and seconds since 1970."""
        assert self.run(room, start, FAR) == ["created"]
        assert room.again() == ["unchanged"]
        if room.tells_dates:
            assert room.times("ana") == (moment, 1999999999 + 1)

    def test_a_replay_changes_no_date(self, room: Room) -> None:
        """Not the start of an enrolment without one, and not dates that were set in Moodle."""
        room.enrol("ana", timestart=1_700_000_000, timeend=1_999_999_999)
        assert self.run(room, "", "") == ["unchanged"]
        assert room.run(room.row("add", "student", "C1", "ana", "")) == ["unchanged"]
        if room.tells_dates:
            assert room.times("ana") == (1_700_000_000, 1_999_999_999)

    def test_an_end_that_was_reached_is_moved(self, room: Room) -> None:
        """Whoever was shut out may enter again, and the other way round."""
        room.enrol("ana", timestart=1_700_000_000, timeend=1_700_000_100)
        assert self.run(room, "1700000000", FAR) == ["updated"]
        assert room.active == {"ana"}
        assert room.again() == ["unchanged"]
        assert self.run(room, "1700000000", "1700000200") == ["updated"]
        assert room.active == set()
        assert room.again() == ["unchanged"]

    def test_only_the_date_that_is_given_is_changed(self, room: Room) -> None:
        """With the companion; core can't."""
        if not room.site.has_companion:
            pytest.skip("core resets what is not sent")
        room.enrol("ana", timestart=1_700_000_000, timeend=1_999_999_999, suspend=1)
        assert self.run(room, "", "1999990000") == ["updated"]
        assert room.times("ana") == (1_700_000_000, 1_999_990_000)
        assert self.run(room, "", "0") == ["updated"]
        assert room.times("ana") == (1_700_000_000, 0)
        assert room.again() == ["unchanged"]

    def test_dates_the_wrong_way_round_are_refused(self, room: Room) -> None:
        """Moodle would take them."""
        row = room.row("add", "student", "C1", "ana", "", "2026-09-01", "2026-08-01")
        assert room.codes(row, header=self.HEADER) == ["value-wrong"]
        row = room.row("add", "student", "C1", "ana", "", "soon", "")
        assert room.codes(row, header=self.HEADER) == ["value-wrong"]


class TestDel:
    """`del` and `delete`."""

    @pytest.mark.parametrize("deed", ["del", "delete", "DEL"])
    def test_somebody_is_unenrolled_once(self, room: Room, deed: str) -> None:
        """Who is not enrolled is unchanged, and said so."""
        room.enrol("ana")
        rows = [room.row(deed, "student", "C1", name, "manual") for name in ("ana", "ben")]
        assert room.run(*rows) == ["deleted", "unchanged"]
        assert room.roles == {}
        run = room.site.run_again()
        assert run.outcomes == ["unchanged", "unchanged"]
        assert "not enrolled" in run.lines[1].notes

    def test_without_a_method_only_that_role_goes(self, room: Room) -> None:
        """The enrolment and other roles stay."""
        room.enrol("ana")
        room.assign("ana", TEACHER)
        assert room.run(room.row("del", "student", "C1", "ana"), header="cmd,rolename,cid,uid") == ["deleted"]
        assert room.roles == {"ana": {"teacher"}}
        assert room.again() == ["unchanged"]

    def test_out_and_in_again(self, room: Room) -> None:
        """Rows about one person keep their order."""
        room.enrol("ana")
        rows = [room.row("del", "", "C1", "ana", "manual"), room.row("add", "teacher", "C1", "ana", "manual")]
        assert room.run(*rows) == ["deleted", "created"]
        assert room.roles == {"ana": {"teacher"}}


class TestShift:
    """`shift`."""

    def test_the_new_role_is_the_only_one(self, room: Room) -> None:
        """Old roles really go, with a method and without one."""
        room.enrol("ana")
        room.assign("ana", TEACHER)
        room.enrol("ben")
        group = room.group("G1", "ana")
        assert group
        rows = [room.row("shift", "editingteacher", "C1", "ana", ""), room.row("shift", "teacher", "C1", "ben", "")]
        assert room.run(*rows) == ["updated", "updated"]
        assert room.roles == {"ana": {"editingteacher"}, "ben": {"teacher"}}
        assert room.groups == {"G1": {"ana"}}
        assert room.again() == ["unchanged", "unchanged"]

    def test_without_a_method_too(self, room: Room) -> None:
        """The role changes, the enrolment stays or stays away."""
        room.enrol("ana")
        room.assign("ben", TEACHER)
        rows = [room.row("shift", "editingteacher", "C1", name) for name in ("ana", "ben")]
        assert room.run(*rows, header="cmd,rolename,cid,uid") == ["created", "created"]
        assert room.roles == {"ana": {"editingteacher"}}
        assert room.bare_roles("ben") == {"editingteacher"}
        assert room.again() == ["unchanged", "unchanged"]

    def test_who_is_not_enrolled_yet_is(self, room: Room) -> None:
        """A shift enrols, if it names a method."""
        assert room.run(room.row("shift", "teacher", "C1", "ana", "")) == ["created"]
        assert room.roles == {"ana": {"teacher"}}


class TestStates:
    """`disable` and `enable`."""

    def test_an_enrolment_is_suspended_and_opened_again(self, room: Room) -> None:
        """Once each."""
        room.enrol("ana")
        assert room.run(room.row("disable", "student", "C1", "ana", "manual")) == ["suspended"]
        assert room.active == set()
        assert room.roles == {"ana": {"student"}}
        assert room.again() == ["unchanged"]
        assert room.run(room.row("enable", "student", "C1", "ana", "")) == ["updated"]
        assert room.active == {"ana"}
        assert room.again() == ["unchanged"]

    def test_without_a_method_column_every_enrolment_is_meant(self, room: Room) -> None:
        """As the plugin meant it."""
        room.enrol("ana")
        assert room.run(room.row("disable", "student", "C1", "ana"), header="cmd,rolename,cid,uid") == ["suspended"]
        assert room.active == set()
        assert room.again() == ["unchanged"]

    def test_who_is_not_enrolled(self, room: Room) -> None:
        """There is nothing to suspend, and nothing that could be opened."""
        rows = [room.row("disable", "student", "C1", "ana", ""), room.row("enable", "student", "C1", "ben", "")]
        assert room.codes(*rows) == ["", "not-enrolled"]

    def test_the_companion_keeps_dates(self, room: Room) -> None:
        """And an `add` opens the enrolment again, unless the settings say otherwise."""
        if not room.site.has_companion:
            pytest.skip("core resets what is not sent")
        room.enrol("ana", timestart=1_700_000_000, timeend=1_999_999_999)
        assert room.run(room.row("disable", "student", "C1", "ana", "")) == ["suspended"]
        assert room.run(room.row("add", "student", "C1", "ana", ""), reactivate=False) == ["unchanged"]
        assert room.active == set()
        assert room.run(room.row("add", "student", "C1", "ana", "")) == ["updated"]
        assert room.active == {"ana"}
        assert room.times("ana") == (1_700_000_000, 1_999_999_999)


class TestGroups:
    """`gcmd` and `g1` to `g9`."""

    HEADER = HEADER + ",gcmd,g1,g2"

    def row(self, room: Room, name: str, *cells: str) -> str:
        """A row that enrols, and says something of groups."""
        return room.row("add", "student", "C1", name, "", *cells)

    def run(self, room: Room, *rows: str, **keys: Any) -> list[str]:
        """Run rows about groups."""
        return room.run(*rows, header=self.HEADER, **keys)

    def test_people_join_groups_that_are_there(self, room: Room) -> None:
        """Once; a group that is not there refuses the row whole."""
        room.group("G1")
        rows = [self.row(room, "ana", "gadd", "G1", ""), self.row(room, "ben", "gadd", "G2", "")]
        assert room.codes(*rows, header=self.HEADER) == ["", "group-missing"]
        assert room.groups == {"G1": {"ana"}}
        assert room.roles == {"ana": {"student"}}
        assert room.site.run_again().outcomes == ["unchanged", "rejected"]

    def test_groups_are_made(self, room: Room) -> None:
        """Once for all rows."""
        rows = [self.row(room, name, "gaddcreate", "G1", "G2") for name in ("ana", "ben")]
        assert self.run(room, *rows) == ["created", "created"]
        assert room.groups == {"G1": {"ana", "ben"}, "G2": {"ana", "ben"}}
        assert room.again() == ["unchanged", "unchanged"]

    def test_a_group_that_moodle_takes_for_the_same_is_the_same(self, room: Room) -> None:
        """Names that differ in capitals or accents alone can't be two groups."""
        room.group("Été 1")
        assert self.run(room, self.row(room, "ana", "gaddcreate", "ETE 1", "")) == ["created"]
        assert room.groups == {"Été 1": {"ana"}}

    def test_groups_may_be_named_by_their_idnumbers(self, room: Room) -> None:
        """A new one is called by it; one that has it for its name is in the way."""
        room.group("Group 1", idnumber="G1")
        room.group("G3")
        rows = [self.row(room, "ana", "gaddcreate", "G1", "G2"), self.row(room, "ben", "gaddcreate", "G3", "")]
        assert room.codes(*rows, header=self.HEADER, group_identity="idnumber") == ["", "name-taken"]
        assert room.groups == {"Group 1": {"ana"}, "G2": {"ana"}, "G3": set()}
        assert room.site.run_again().outcomes == ["unchanged", "rejected"]

    def test_groups_are_replaced(self, room: Room) -> None:
        """They become just those of the row."""
        room.enrol("ana")
        room.group("G1", "ana")
        room.group("G2", "ana")
        assert self.run(room, self.row(room, "ana", "greplacecreate", "G2", "G3")) == ["updated"]
        assert room.groups == {"G1": set(), "G2": {"ana"}, "G3": {"ana"}}
        assert room.again() == ["unchanged"]
        assert self.run(room, self.row(room, "ana", "greplace", "G1", "")) == ["updated"]
        assert room.groups == {"G1": {"ana"}, "G2": set(), "G3": set()}
        assert room.codes(self.row(room, "ana", "greplace", "G9", ""), header=self.HEADER) == ["group-missing"]

    def test_people_leave_groups(self, room: Room) -> None:
        """Also one that is not there."""
        room.enrol("ana")
        room.group("G1", "ana")
        assert self.run(room, self.row(room, "ana", "gdel", "G1", "G9")) == ["updated"]
        assert room.groups == {"G1": set()}
        assert room.again() == ["unchanged"]

    def test_memberships_of_others_are_protected(self, room: Room) -> None:
        """Where that is set, only whom syncd put into a group is taken out of it."""
        room.enrol("ana")
        room.group("by hand", "ana")
        row = self.row(room, "ana", "greplacecreate", "ours", "")
        if not room.site.has_companion:
            assert room.codes(row, header=self.HEADER, protect_groups=True) == ["companion-missing"]
            return
        assert self.run(room, row, protect_groups=True) == ["updated"]
        assert room.groups == {"by hand": {"ana"}, "ours": {"ana"}}
        row = self.row(room, "ana", "greplacecreate", "new", "")
        assert self.run(room, row, protect_groups=True) == ["updated"]
        assert room.groups == {"by hand": {"ana"}, "ours": set(), "new": {"ana"}}
        assert room.again() == ["unchanged"]

    def test_only_who_is_enrolled_can_join(self, room: Room) -> None:
        """A role alone does not do."""
        room.group("G1")
        header = "cmd,rolename,cid,uid,gcmd,g1"
        assert room.codes(room.row("add", "student", "C1", "ana", "gadd", "G1"), header=header) == ["not-enrolled"]
        room.enrol("ana")
        assert room.codes(room.row("add", "student", "C1", "ana", "gadd", "G1"), header=header) == [""]
        assert room.groups == {"G1": {"ana"}}


deeds = st.sampled_from(["add", "del", "shift", "enable", "disable"])
methods = st.sampled_from(["manual", ""])
rows = st.lists(
    st.tuples(
        deeds,
        st.sampled_from(["student", "teacher", "emperor"]),
        st.sampled_from(["C1", "C2"]),
        st.sampled_from(["ana", "ben", "nobody"]),
        methods,
        st.sampled_from(["", "gaddcreate", "gdel", "greplacecreate"]),
        st.sampled_from(["", "G1", "G2"]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda row: (row[2], row[3]),
)


class TestLaws:
    """What holds for any file that names each person in a course once."""

    HEADER = HEADER + ",gcmd,g1"

    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(file=rows)
    def test_a_second_run_changes_nothing(self, site: OnSite, file: list[tuple[str, ...]]) -> None:
        """And what was refused is refused again."""
        if site.moodle:
            pytest.skip("slow there; its commands are tested one by one")
        site.mark = f"t{uuid4().hex[:12]}"
        room = Room(site)
        site.make_courses("C2")
        first = site.run(enrolments(), self.HEADER, *(room.row(*row) for row in file))
        again = site.run_again()
        assert set(again.outcomes) <= {"unchanged", "rejected"}
        assert again.codes == first.codes

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(file=rows, data=st.data())
    def test_the_order_of_rows_does_not_matter(
        self, site: OnSite, file: list[tuple[str, ...]], data: st.DataObject
    ) -> None:
        """Rows about different people come to the same in any order."""
        if site.moodle:
            pytest.skip("slow there; its commands are tested one by one")
        found = []
        for some in (file, data.draw(st.permutations(file))):
            site.mark = f"t{uuid4().hex[:12]}"
            room = Room(site)
            room.enrol("ana")
            site.make_courses("C2")
            site.run(enrolments(), self.HEADER, *(room.row(*row) for row in some))
            found.append((room.roles, room.groups))
        assert found[0] == found[1]


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_answer_may_be_lost(site: OnSite, number: int, moment: str) -> None:
    """Whichever it is, nothing is done twice, and the people are in their courses and groups in the end."""
    if site.moodle:
        pytest.skip("its answers can't be lost on purpose")
    room = Room(site)
    room.enrol("ben")
    room.group("G1", "ben")
    header = HEADER + ",gcmd,g1"
    rows = [
        room.row("add", "student", "C1", "ana", "", "gaddcreate", "G2"),
        room.row("shift", "teacher", "C1", "ben", "", "greplacecreate", "G2"),
    ]
    setattr(site.shop.site, moment, once(number + len(site.shop.site.calls), LOST))
    run = site.run(enrolments(), header, *rows)
    assert run.outcomes == ["created", "updated"], run.lines
    assert room.roles == {"ana": {"student"}, "ben": {"teacher"}}
    assert room.groups == {"G1": set(), "G2": {"ana", "ben"}}
    assert room.again() == ["unchanged", "unchanged"]


def test_short_names_of_courses_and_roles_are_taken_in_other_capitals(site: OnSite) -> None:
    """As Moodle's database has it; idnumbers of people are exact."""
    room = Room(site)
    rows = [f"add,Student,{site.mark}c1,{site.mark}ana,manual", f"add,Student,{site.mark}c1,{site.mark}BEN,manual"]
    assert room.codes(*rows) == ["", "user-missing"]
    assert room.roles == {"ana": {"student"}}
    assert room.again() == ["unchanged", "rejected"]
