"""A course with people in it, for the contract of enrolments, roles and groups."""

from collections.abc import Mapping
from typing import Any

import pytest

from syncd.core.functions import SITE_INFO
from syncd.errors import ItemRefused
from tests.targets.conftest import Corner

MANAGER, TEACHER, STUDENT = 1, 4, 5
FAR = 1_999_999_999
"""A moment that these tests will not see."""
NOBODY = 99_999_999


class Classroom:
    """A course, and two people who may be enrolled in it."""

    def __init__(self, corner: Corner) -> None:
        self.corner = corner
        (self.course,) = corner.create_courses(corner.course())
        self.ana, self.ben = corner.create(corner.user("ana"), corner.user("ben"))

    def call(self, function: str, **parameters: Any) -> Any:
        """Call a function of the site."""
        return self.corner.target.call(function, parameters)

    def refusal(self, function: str, **parameters: Any) -> str:
        """The code with which the site refuses a call, which it must."""
        with pytest.raises(ItemRefused) as refused:
            self.call(function, **parameters)
        return refused.value.code

    def only_with(self, function: str) -> None:
        """Skip the test where the site has no such function."""
        if function not in {one["name"] for one in self.call(SITE_INFO)["functions"]}:
            pytest.skip(f"this site has no {function}")

    def enrolment(self, user: int, **more: Any) -> dict[str, Any]:
        """An enrolment by hand, as a student unless `more` says otherwise."""
        return {"roleid": STUDENT, "userid": user, "courseid": self.course} | more

    def enrol(self, *users: int, **more: Any) -> None:
        """Enrol by hand."""
        enrolments = [self.enrolment(user, **more) for user in users]
        self.call("enrol_manual_enrol_users", enrolments=enrolments)

    def unenrol(self, user: int) -> None:
        """Take an enrolment by hand away."""
        self.call("enrol_manual_unenrol_users", enrolments=[{"userid": user, "courseid": self.course}])

    def there(self, **options: str) -> dict[int, set[str]]:
        """Who is enrolled, each with the shortnames of their roles."""
        asked = {"userfields": "id,roles"} | options
        told = [{"name": name, "value": value} for name, value in asked.items()]
        answer = self.call("core_enrol_get_enrolled_users", courseid=self.course, options=told)
        return {person["id"]: {role["shortname"] for role in person["roles"]} for person in answer}

    def role(self, user: int, role: int, **context: Any) -> dict[str, Any]:
        """A role assignment in the course."""
        return {"roleid": role, "userid": user} | (context or {"contextlevel": "course", "instanceid": self.course})

    def assign(self, user: int, role: int) -> None:
        """Give a role."""
        self.call("core_role_assign_roles", assignments=[self.role(user, role)])

    def unassign(self, user: int, role: int) -> None:
        """Take a role."""
        self.call("core_role_unassign_roles", unassignments=[self.role(user, role)])

    def profile(self, user: int) -> Mapping[str, Any]:
        """What is told of somebody in the course."""
        answer = self.call("core_user_get_course_user_profiles", userlist=[{"userid": user, "courseid": self.course}])
        (told,) = answer
        return dict(told)

    def roles(self, user: int) -> set[str]:
        """The shortnames of somebody's roles in the course, enrolled or not."""
        return {role["shortname"] for role in self.profile(user)["roles"]}

    # Groups

    def group(self, name: str = "first", **more: Any) -> int:
        """Make a group, and return its id."""
        item = {"courseid": self.course, "name": name, "description": ""} | more
        (made,) = self.call("core_group_create_groups", groups=[item])
        return int(made["id"])

    def groups(self) -> dict[str, dict[str, Any]]:
        """The groups of the course by name."""
        return {one["name"]: one for one in self.call("core_group_get_course_groups", courseid=self.course)}

    def join(self, group: int, *users: int) -> None:
        """Put people into a group."""
        self.call("core_group_add_group_members", members=[{"groupid": group, "userid": user} for user in users])

    def members(self, group: int) -> set[int]:
        """Who is in a group."""
        (answer,) = self.call("core_group_get_group_members", groupids=[group])
        return set(answer["userids"])

    def grouping(self, name: str = "first", **more: Any) -> int:
        """Make a grouping, and return its id."""
        item = {"courseid": self.course, "name": name, "description": "", "idnumber": ""} | more
        (made,) = self.call("core_group_create_groupings", groupings=[item])
        return int(made["id"])

    def groupings(self) -> dict[str, dict[str, Any]]:
        """The groupings of the course by name."""
        return {one["name"]: one for one in self.call("core_group_get_course_groupings", courseid=self.course)}

    def bound(self, grouping: int) -> set[int]:
        """The groups of a grouping."""
        (told,) = self.call("core_group_get_groupings", groupingids=[grouping], returngroups=1)
        return {group["id"] for group in told.get("groups", ())}
