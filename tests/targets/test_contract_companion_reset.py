"""What the companion promises about the reset of courses."""

import pytest

from tests.targets.classroom import STUDENT, TEACHER
from tests.targets.companion import Companion, companion_of
from tests.targets.conftest import Corner


class Used:
    """A course with a student, a teacher who is a student too, and a group with both in a grouping."""

    def __init__(self, companion: Companion) -> None:
        self.companion = companion
        corner = companion.corner
        (self.course,) = corner.create_courses(corner.course(startdate=1_700_000_000, enddate=1_710_000_000))
        self.ana, self.tom = corner.create(corner.user("ana"), corner.user("tom"))
        enrolled = [(self.ana, STUDENT), (self.tom, STUDENT), (self.tom, TEACHER)]
        items = [
            {"courseid": self.course, "userid": user, "roleid": role, "enrol": "manual"} for user, role in enrolled
        ]
        assert [code for _, code in companion.do("enrol_users", "enrolments", *items)] == ["", "", ""]
        named = {"courseid": self.course, "name": "One", "description": "", "idnumber": ""}
        (group,) = corner.target.call("core_group_create_groups", {"groups": [named]})
        (grouping,) = corner.target.call("core_group_create_groupings", {"groupings": [named]})
        corner.target.call(
            "core_group_assign_grouping",
            {"assignments": [{"groupingid": grouping["id"], "groupid": group["id"]}]},
        )
        members = [{"groupid": group["id"], "userid": user} for user in (self.ana, self.tom)]
        companion.do("add_group_members", "members", *members)

    def reset(self, /, **options: object) -> str:
        """What became of a reset with these options."""
        pairs = [{"name": name, "value": value} for name, value in options.items()]
        item = {"courseid": self.course, "options": pairs}
        ((course, code),) = self.companion.do("reset_courses", "courses", item)
        assert course == (0 if code else self.course)
        return code

    def roles(self) -> dict[int, set[int]]:
        """Who is enrolled, each with the roles."""
        enrolled = {one["userid"] for one in self.companion.ask("get_enrolments", courseids=[self.course])}
        told = self.companion.ask("get_role_assignments", courseids=[self.course])
        return {user: {one["roleid"] for one in told if one["userid"] == user} for user in enrolled}

    def members(self) -> set[int]:
        """Who is in the group."""
        return {one["userid"] for one in self.companion.ask("get_group_members", courseids=[self.course])}

    def count(self, what: str) -> int:
        """How many groups or groupings there are."""
        return len(self.companion.corner.target.call(f"core_group_get_course_{what}", {"courseid": self.course}))

    def dates(self) -> tuple[int, int]:
        """When the course begins and ends."""
        fields = ["startdate", "enddate"]
        (told,) = self.companion.ask("get_courses", field="id", values=[self.course], fields=fields)
        return told["startdate"], told["enddate"]


@pytest.fixture
def used(corner: Corner) -> Used:
    """A course that was used."""
    return Used(companion_of(corner))


class TestResetting:
    """`local_syncd_reset_courses`."""

    def test_only_what_is_named_goes(self, used: Used) -> None:
        """What no option names is left alone."""
        assert used.reset(reset_events=1, reset_notes="1", reset_groups_remove=0) == ""
        assert used.roles() == {used.ana: {STUDENT}, used.tom: {STUDENT, TEACHER}}
        assert (used.members(), used.count("groups"), used.count("groupings")) == ({used.ana, used.tom}, 1, 1)

    def test_the_holders_of_roles_are_unenrolled(self, used: Used) -> None:
        """By the roles' shortnames; whoever has another role besides keeps it and stays."""
        assert used.reset(unenrol_roles="student") == ""
        assert used.roles() == {used.tom: {TEACHER}}
        assert used.members() == {used.tom}

    def test_all_roles_leave_nobody(self, used: Used) -> None:
        """Those who have no role go too."""
        item = {"courseid": used.course, "userid": used.companion.corner.create(used.companion.corner.user("eva"))[0]}
        used.companion.do("enrol_users", "enrolments", item | {"enrol": "manual"})
        assert used.reset(unenrol_roles="all") == ""
        assert used.roles() == {}

    @pytest.mark.parametrize(
        ("option", "left"),
        [
            ("reset_groups_members", (0, 1, 1)),
            ("reset_groups_remove", (0, 0, 1)),
            ("reset_groupings_members", (2, 1, 1)),
            ("reset_groupings_remove", (2, 1, 0)),
        ],
    )
    def test_groups_and_groupings_go(self, used: Used, option: str, left: tuple[int, int, int]) -> None:
        """Their members, or they themselves."""
        assert used.reset(**{option: 1}) == ""
        assert (len(used.members()), used.count("groups"), used.count("groupings")) == left

    def test_a_new_start_moves_the_end(self, used: Used) -> None:
        """By as much, unless a new end is given too."""
        assert used.reset(reset_start_date=1_700_000_500) == ""
        assert used.dates() == (1_700_000_500, 1_710_000_500)
        assert used.reset(reset_start_date=1_700_000_600, reset_end_date=1_800_000_000) == ""
        assert used.dates() == (1_700_000_600, 1_800_000_000)

    @pytest.mark.parametrize("modules", ["all", "quiz forum", "quiz, forum", "-quiz -forum", "all -quiz", ""])
    def test_modules_are_named_or_left_out(self, used: Used, modules: str) -> None:
        """All, some, or all but some: each as Moodle's page has it by default."""
        assert used.reset(modules=modules) == ""

    def test_a_field_of_a_module_can_be_named(self, used: Used) -> None:
        """As Moodle's page calls it."""
        assert used.reset(reset_forum_all=1, reset_glossary_types="main secondary", reset_quiz_attempts=0) == ""

    @pytest.mark.parametrize(
        ("option", "value", "code"),
        [
            ("reset_logs", "1", "optionunknown"),
            ("id", "1", "optionunknown"),
            ("unenrol_users", "5", "optionunknown"),
            ("reset_events", "yes", "optioninvalid"),
            ("reset_start_date", "soon", "optioninvalid"),
            ("unenrol_roles", "student pupil", "roleunknown"),
            ("modules", "quizz", "moduleunknown"),
            ("reset_quizz_attempts", "1", "optionunknown"),
        ],
    )
    def test_what_is_not_understood_changes_nothing(self, used: Used, option: str, value: str, code: str) -> None:
        """A misspelt word must not make a reset of everything else."""
        assert used.reset(reset_groups_remove=1, **{option: value}) == code
        assert used.count("groups") == 1

    def test_no_option_is_no_reset(self, used: Used) -> None:
        """Nothing is meant by nothing."""
        assert used.reset() == "optionsmissing"

    def test_the_front_page_is_never_reset(self, used: Used) -> None:
        """Nor a course that is not there; the others are."""
        options = [{"name": "reset_groups_remove", "value": 1}]
        items = [{"courseid": course, "options": options} for course in (1, 987654321, used.course)]
        answers = used.companion.do("reset_courses", "courses", *items)
        assert [code for _, code in answers] == ["invalidcourseid", "invalidcourseid", ""]
        assert used.count("groups") == 0
