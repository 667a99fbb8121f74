"""How it is found out who is in which course, on a practice site."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncd.core.model import Call, Site
from syncd.targets.base import USUAL_ROLES, Target
from syncd.targets.sandbox import SandboxSettings
from syncd.tools.cells import Unfit
from syncd.tools.lookups import enrolments, members
from syncd.tools.lookups.enrolments import BY_HAND, UNTOLD, Enrolments
from syncd.tools.lookups.groups import Groups
from syncd.tools.lookups.members import Members
from syncd.tools.lookups.roles import Roles
from syncd.tools.questions import ask

STUDENT, TEACHER = 5, 4
COMPANION = frozenset({enrolments.ENROLMENTS, enrolments.ASSIGNMENTS, members.COMPANION})
SITES = {"core": Site(roles=USUAL_ROLES), "companion": Site(COMPANION, USUAL_ROLES)}


class Campus:
    """A practice site with twelve accounts and three courses, and what was asked of it."""

    def __init__(self, folder: Path) -> None:
        self.target: Target = SandboxSettings().open(folder)
        self.asked: list[Call] = []
        users = [
            {
                "username": f"u{number}",
                "firstname": "A",
                "lastname": "B",
                "email": f"u{number}@example.org",
                "idnumber": f"E{number}",
                "auth": "ldap",
            }
            for number in range(12)
        ]
        self.users = [made["id"] for made in self.call("core_user_create_users", users=users)]
        courses = [{"fullname": name, "shortname": name, "categoryid": 1} for name in ("C0", "C1", "C2")]
        self.courses = [made["id"] for made in self.call("core_course_create_courses", courses=courses)]

    def call(self, function: str, **parameters: Any) -> Any:
        """Call a function of the site."""
        return self.target.call(function, parameters)

    def enrol(self, course: int, *users: int) -> None:
        """Enrol accounts, by their numbers, in a course."""
        items = [{"roleid": STUDENT, "userid": self.users[user], "courseid": self.courses[course]} for user in users]
        self.call("enrol_manual_enrol_users", enrolments=items)

    def converse(self, conversation: Any) -> None:
        """Answer what is asked."""
        try:
            calls = next(conversation)
            while True:
                self.asked += calls
                calls = conversation.send([self.target.call(call.function, call.parameters) for call in calls])
        except StopIteration:
            return

    def pair(self, course: int, user: int) -> tuple[int, int]:
        """The ids of a course and an account."""
        return self.courses[course], self.users[user]


@pytest.fixture
def campus(tmp_path: Path) -> Iterator[Campus]:
    """A practice site."""
    campus = Campus(tmp_path)
    yield campus
    campus.target.close()


class TestRoles:
    """Roles by their shortnames."""

    def test_the_settings_tell_them_where_the_site_does_not(self) -> None:
        """An unknown one is refused."""
        roles = Roles(SITES["core"])
        assert roles.questions() == []
        assert roles.one(" student ") == STUDENT
        with pytest.raises(Unfit) as refused:
            roles.one("nosuch")
        assert refused.value.refusal.code == "role-missing"

    def test_what_the_site_shows_counts_more_than_the_settings(self) -> None:
        """They may be those of another site: then the number that they give belongs to another role."""
        roles = Roles(SITES["core"])
        roles.seen([{"roleid": 5, "shortname": "parent"}, {"roleid": 12, "shortname": "tutor"}])
        assert (roles.one("parent"), roles.one("tutor")) == (5, 12)
        with pytest.raises(Unfit):
            roles.one("student")

    def test_the_companion_tells_all_of_them_once(self, campus: Campus) -> None:
        """The settings don't count then."""
        roles = Roles(Site(frozenset({"local_syncd_get_roles"}), {"student": 99}))
        campus.converse(ask(roles.questions()))
        assert roles.questions() == []
        assert roles.one("student") == STUDENT
        assert roles.shortname(STUDENT) == "student"
        assert Roles(SITES["core"], "id").one("5") == STUDENT


class TestEnrolments:
    """Parts of people in courses."""

    @pytest.mark.parametrize("name", SITES)
    def test_parts_are_told(self, campus: Campus, name: str) -> None:
        """Core tells that somebody is enrolled, the companion how."""
        campus.enrol(0, 1)
        found = Enrolments(SITES[name], Roles(SITES[name]))
        campus.converse(found.learn([campus.pair(0, 1), campus.pair(0, 2), campus.pair(1, 1)]))
        part = found.part(*campus.pair(0, 1))
        assert part.roles == {STUDENT: {BY_HAND}}
        assert list(part.methods) == ["manual" if found.exact else UNTOLD]
        assert not found.part(*campus.pair(0, 2)).enrolled
        assert not found.part(*campus.pair(1, 1)).enrolled

    def test_a_large_course_is_told_page_by_page(self, campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
        """Until a page has few people, or none."""
        monkeypatch.setattr(enrolments, "PAGE", 4)
        campus.enrol(0, *range(12))
        campus.enrol(1, 3)
        found = Enrolments(SITES["core"], Roles(SITES["core"]), "idnumber")
        pairs = [campus.pair(course, user) for course in (0, 1) for user in range(12)]
        campus.converse(found.learn(pairs))
        assert all(found.part(*campus.pair(0, user)).enrolled for user in range(12))
        assert [user for user in range(12) if found.part(*campus.pair(1, user)).enrolled] == [3]
        assert len(campus.asked) == 5

    def test_courses_that_are_forgotten_are_asked_about_anew(
        self, campus: Campus, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Memory has a bound; what was wanted is known all the same."""
        monkeypatch.setattr(enrolments, "REMEMBERED", 3)
        monkeypatch.setattr(enrolments, "ROUND", 1)
        for course in range(3):
            campus.enrol(course, *range(course, course + 3))
        found = Enrolments(SITES["core"], Roles(SITES["core"]), "idnumber")
        for _ in range(2):
            found.begin()
            named = [(campus.courses[course], f"E{course + 1}") for course in range(3)]
            campus.converse(found.learn_named(named))
            campus.converse(found.learn([campus.pair(course, course + 1) for course in range(3)]))
            assert all(found.part(*campus.pair(course, course + 1)).enrolled for course in range(3))

    def test_what_is_known_is_not_asked_again(self, campus: Campus) -> None:
        """A course is asked about once, and names its people."""
        campus.enrol(0, 1, 2)
        found = Enrolments(SITES["core"], Roles(SITES["core"]), "email")
        campus.converse(found.learn_named([(campus.courses[0], "U1@example.org")]))
        assert found.named(campus.courses[0], "u1@EXAMPLE.org") == campus.users[1]
        assert found.named(campus.courses[0], "u3@example.org") is None
        found.begin()
        campus.converse(found.learn([campus.pair(0, 2)]))
        assert found.part(*campus.pair(0, 2)).enrolled
        assert len(campus.asked) == 1

    def test_roles_alone_are_asked_for_each_user_once_in_a_call(self, campus: Campus) -> None:
        """The function would tell of the last of two courses alone."""
        for course, role in ((0, STUDENT), (1, TEACHER)):
            item = {"roleid": role, "userid": campus.users[1], "contextlevel": "course"}
            campus.call("core_role_assign_roles", assignments=[item | {"instanceid": campus.courses[course]}])
        found = Enrolments(SITES["core"], Roles(SITES["core"]))
        pairs = [campus.pair(course, 1) for course in range(3)]
        campus.converse(found.learn(pairs, roles_alone=pairs))
        assert [set(found.part(*pair).roles) for pair in pairs] == [{STUDENT}, {TEACHER}, set()]
        profiles = [call for call in campus.asked if call.function == enrolments.PROFILES]
        assert len(profiles) == 3

    def test_what_was_kept_stays(self, campus: Campus) -> None:
        """As rows have changed it, whatever the site says."""
        campus.enrol(0, 1)
        found = Enrolments(SITES["companion"], Roles(SITES["companion"]))
        campus.converse(found.learn([campus.pair(0, 1)]))
        found.keep(*campus.pair(0, 1))
        found.part(*campus.pair(0, 1)).methods.clear()
        found.begin()
        campus.converse(found.learn([campus.pair(0, 1)]))
        assert not found.part(*campus.pair(0, 1)).enrolled


@pytest.mark.parametrize("name", SITES)
@pytest.mark.parametrize("remembered", [1, 1_000])
def test_members_are_told(campus: Campus, name: str, remembered: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is in which groups of a course, however little is remembered."""
    monkeypatch.setattr(members, "REMEMBERED", remembered)
    campus.enrol(0, 1, 2)
    campus.enrol(1, 1)
    items = [{"courseid": campus.courses[course], "name": "G", "description": ""} for course in (0, 0, 1)]
    made = [campus.call("core_group_create_groups", groups=[item | {"name": f"G{n}"}]) for n, item in enumerate(items)]
    (first,), (second,), (third,) = made
    for group, user in ((first, 1), (second, 1), (second, 2), (third, 1)):
        campus.call("core_group_add_group_members", members=[{"groupid": group["id"], "userid": campus.users[user]}])
    groups = Groups()
    found = Members(SITES[name], groups)
    for _ in range(2):
        found.begin()
        campus.converse(ask(groups.questions(campus.courses)))
        campus.converse(found.learn([campus.pair(0, 1), campus.pair(0, 2), campus.pair(1, 1), campus.pair(1, 2)]))
        assert found.of(*campus.pair(0, 1)).keys() == {f"group {first['id']}", f"group {second['id']}"}
        assert found.of(*campus.pair(0, 2)).keys() == {f"group {second['id']}"}
        assert found.of(*campus.pair(1, 1)).keys() == {f"group {third['id']}"}
        assert found.of(*campus.pair(1, 2)) == {}


def test_a_role_in_its_own_capitals_counts_first() -> None:
    """Among several that differ from what was written in capitals only, none is meant."""
    roles = Roles(Site(roles={"tutor": 3, "Tutor": 4, "student": 5}))
    assert (roles.one("tutor"), roles.one("Tutor"), roles.one("STUDENT")) == (3, 4, 5)
    with pytest.raises(Unfit):
        roles.one("TUTOR")
