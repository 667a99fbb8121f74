"""Files of groups and groupings on a whole site."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.tools.groups import GroupsTool
from tests.run.workshop import FILE, NO_LIMITS
from tests.tools.on_site import OnSite


def groups(**keys: Any) -> GroupsTool:
    """A groups tool without limits, and with the defaults of its kind but for some settings."""
    return GroupsTool.model_validate({"file": FILE, "guard": NO_LIMITS, **keys})


class Room:
    """Two courses of a site, C1 and C2."""

    def __init__(self, site: OnSite) -> None:
        self.site = site
        self.course, self.other = site.make_courses("C1", "C2")

    def run(self, header: str, *rows: str, **keys: Any) -> list[str]:
        """Run a file whose rows name the course C1 by `C1`, and return what became of its rows."""
        return self.lines(header, *rows, **keys)[0]

    def codes(self, header: str, *rows: str, **keys: Any) -> list[str]:
        """Run a file, and return the codes of its rows."""
        return self.lines(header, *rows, **keys)[1]

    def lines(self, header: str, *rows: str, **keys: Any) -> tuple[list[str], list[str], list[str]]:
        """Run a file, and return outcomes, codes and notes."""
        marked = [row.replace("C1", f"{self.site.mark}C1").replace("C2", f"{self.site.mark}C2") for row in rows]
        run = self.site.run(groups(**keys), header, *marked)
        return run.outcomes, run.codes, [line.notes for line in run.lines]

    def again(self) -> list[str]:
        """Run the last file once more."""
        return self.site.run_again().outcomes

    def groups(self, course: int = 0) -> dict[str, tuple[str, str]]:
        """Idnumber and description of each group."""
        told = self.site.call("core_group_get_course_groups", courseid=course or self.course)
        return {one["name"]: (one["idnumber"], one["description"]) for one in told}

    def groupings(self) -> dict[str, tuple[str, str, set[str]]]:
        """Idnumber, description and groups of each grouping."""
        told = self.site.call("core_group_get_course_groupings", courseid=self.course)
        if not told:
            return {}
        ids = [one["id"] for one in told]
        whole = self.site.call("core_group_get_groupings", groupingids=ids, returngroups=1)
        return {
            one["name"]: (one["idnumber"], one["description"], {group["name"] for group in one.get("groups", ())})
            for one in whole
        }


@pytest.fixture
def room(site: OnSite) -> Room:
    """Two empty courses."""
    return Room(site)


def test_groups_and_groupings_are_made_once(room: Room) -> None:
    """A second run of the same file changes nothing."""
    header = "courseid,name,type,idnumber,description,selfgrouping,grouping"
    rows = [
        "C1,All,grouping,ALL,everybody,,",
        "C1,Group A,group,GA,first,,ALL",
        "C1,Group B,,GB,,1,ALL",
        "C1,Group C,,,,yes,",
    ]
    assert room.run(header, *rows) == ["created"] * 4
    assert room.groups() == {"Group A": ("GA", "first"), "Group B": ("GB", ""), "Group C": ("", "")}
    assert room.groupings() == {
        "All": ("ALL", "everybody", {"Group A", "Group B"}),
        "Group B": ("", "", {"Group B"}),
        "Group C": ("", "", {"Group C"}),
    }
    assert room.again() == ["unchanged"] * 4


def test_what_is_there_is_left_as_it_is_without_updateid(room: Room) -> None:
    """But it is put into its groupings."""
    room.run("courseid,name,idnumber,description", "C1,Group A,GA,first")
    header = "courseid,name,idnumber,description,selfgrouping"
    outcomes, _, notes = room.lines(header, "C1,Other,GA,second,", "C1,Group A,GA,,1")
    assert outcomes == ["unchanged", "updated"]
    assert "updateid" in notes[0]
    assert room.groups() == {"Group A": ("GA", "first")}
    assert room.groupings() == {"Group A": ("", "", {"Group A"})}
    assert room.again() == ["unchanged", "unchanged"]


def test_an_update_keeps_what_the_row_does_not_give(room: Room) -> None:
    """Neither an absent column nor an empty cell erases an idnumber or a description."""
    room.run("courseid,name,idnumber,description", "C1,Group A,GA,first", "C1,Group B,GB,second")
    assert room.run("courseid,name,updateid", "C1,New A,GA") == ["updated"]
    assert room.run("courseid,name,updateid,idnumber,description", "C1,New B,GB,,") == ["updated"]
    assert room.groups() == {"New A": ("GA", "first"), "New B": ("GB", "second")}
    assert room.again() == ["unchanged"]
    assert room.run("courseid,name,updateid,idnumber,description", "C1,New B,GB,GB2,third") == ["updated"]
    assert room.groups()["New B"] == ("GB2", "third")


def test_groupings_are_updated_likewise(room: Room) -> None:
    """Moodle wants their description each time; it stays."""
    room.run("courseid,name,type,idnumber,description", "C1,All,grouping,ALL,everybody")
    assert room.run("courseid,name,type,updateid", "C1,Everybody,grouping,ALL") == ["updated"]
    assert room.groupings() == {"Everybody": ("ALL", "everybody", set())}
    assert room.again() == ["unchanged"]


def test_an_update_stays_within_its_course(room: Room) -> None:
    """A group of that idnumber in another course is another group; what is not there is made."""
    room.run("courseid,name,idnumber", "C2,Group A,GA")
    outcomes, _, notes = room.lines("courseid,name,updateid,idnumber", "C1,Group X,GA,GA")
    assert outcomes == ["created"]
    assert "made" in notes[0]
    assert room.groups(room.other) == {"Group A": ("GA", "")}
    assert room.groups() == {"Group X": ("GA", "")}
    assert room.again() == ["unchanged"]


@pytest.mark.parametrize(("identity", "value"), [("name", "Group A"), ("idnumber", "GA")])
def test_groups_are_found_by_what_is_set(room: Room, identity: str, value: str) -> None:
    """Name or idnumber."""
    room.run("courseid,name,idnumber", "C1,Group A,GA")
    row = f"C1,Group A,{value},{identity}"
    assert room.run("courseid,name,updateid,description", row, group_identity=identity) == ["updated"]
    assert room.groups() == {"Group A": ("GA", identity)}


def test_each_refusal_names_its_fault(room: Room) -> None:
    """And the good row among them is carried out."""
    room.run("courseid,name,idnumber", "C1,Group A,GA", "C1,Group B,GB")
    header = "courseid,name,idnumber,updateid,grouping,type"
    rows = [
        "nowhere,Group X,,,,",
        "C1,,,,,",
        "C1,group a,GX,,,",
        "C1,Group X,GB,GA,,",
        "C1,Group B,,GA,,",
        "C1,Group X,,,ALL,",
        "C1,Group X,,,,team",
        "C1,Group X,,,,",
    ]
    assert room.codes(header, *rows) == [
        "course-missing",
        "value-missing",
        "name-taken",
        "idnumber-taken",
        "name-taken",
        "group-missing",
        "value-wrong",
        "",
    ]
    assert room.groups().keys() == {"Group A", "Group B", "Group X"}


def test_a_name_that_moodle_takes_for_the_same_is_left_alone(room: Room) -> None:
    """It can't change capitals alone; the rest of the row is carried out."""
    room.run("courseid,name,idnumber", "C1,group a,GA")
    outcomes, _, notes = room.lines("courseid,name,updateid,description", "C1,Group A,GA,new")
    assert outcomes == ["updated"]
    assert "capitals" in notes[0]
    assert room.groups() == {"group a": ("GA", "new")}
    assert room.again() == ["unchanged"]


def test_a_group_may_be_made_and_changed_in_one_file(room: Room) -> None:
    """In the order of the rows."""
    header = "courseid,name,idnumber,updateid,description"
    rows = ["C1,Group A,GA,,one", "C1,Group A2,,GA,two", "C1,Group A3,,GA,three"]
    assert room.run(header, *rows) == ["created", "updated", "updated"]
    assert room.groups() == {"Group A3": ("GA", "three")}


@pytest.mark.parametrize("kind", ["group", "grouping"])
def test_what_is_made_has_the_idnumber_by_which_it_was_looked_for(room: Room, kind: str) -> None:
    """Otherwise the same row would not find it again."""
    assert room.run("courseid,name,type,updateid", f"C1,One,{kind},g1") == ["created"]
    assert (room.groups() if kind == "group" else room.groupings())["One"][0] == "g1"
    assert room.again() == ["unchanged"]
    assert room.codes("courseid,name,type,updateid", f"C1,Two,{kind},{'x' * 101}") == ["value-long"]


@pytest.mark.parametrize("kind", ["group", "grouping"])
def test_a_change_of_idnumber_and_name_may_be_run_again(room: Room, kind: str) -> None:
    """The one that it looked for is gone then, and what it wanted is there."""
    room.run("courseid,name,type,idnumber", f"C1,One,{kind},g1")
    assert room.run("courseid,name,type,idnumber,updateid", f"C1,Two,{kind},g2,g1") == ["updated"]
    assert room.again() == ["unchanged"]
    assert room.codes("courseid,name,type,idnumber,updateid", f"C1,Two,{kind},g3,g1") == ["name-taken"]


names = st.sampled_from(["A", "B", "b", "C"])
idnumbers = st.sampled_from(["", "1", "2"])
rows = st.lists(
    st.tuples(
        st.sampled_from(["C1", "C2", "C9"]),
        names,
        st.sampled_from(["", "group", "grouping"]),
        idnumbers,
        st.sampled_from(["", "", "1", "2"]),
        st.sampled_from(["", "1"]),
        st.sampled_from(["", "", "1"]),
        st.sampled_from(["", "d"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=rows)
def test_it_settles(site: OnSite, file: list[tuple[str, ...]]) -> None:
    """Of rows that don't contradict one another a second run changes nothing; and no run leaves two of a name."""
    if site.moodle:
        pytest.skip("slow there; what rows may ask for is tested one by one")
    site.mark = f"t{uuid4().hex[:12]}"
    room = Room(site)
    header = "courseid,name,type,idnumber,updateid,selfgrouping,grouping,description"
    adding = [(*row[:4], "", *row[5:]) for row in file]
    room.run(header, *(",".join(row) for row in adding))
    site.run_again()
    assert set(room.again()) <= {"unchanged", "rejected"}
    room.run(header, *(",".join(row) for row in file))
    assert len({name.casefold() for name in room.groups()}) == len(room.groups())
