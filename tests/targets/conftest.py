"""The targets that keep the contract, each joined in one line, and a corner of the site for each test."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from syncd.errors import ItemRefused
from syncd.targets.base import Target, TargetSettings
from syncd.targets.sandbox import SandboxSettings


def _sandbox(folder: Path) -> Target:
    return SandboxSettings().open(folder)


def _moodle(folder: Path) -> Target:
    import_module("syncd.targets.rest")
    token_file = folder / "token"
    token_file.touch(mode=0o600)
    token_file.write_text(os.environ["SYNCD_TEST_MOODLE_TOKEN"])
    (rest,) = (settings for settings in TargetSettings.__subclasses__() if settings.kind == "rest")
    return rest.model_validate({"url": os.environ["SYNCD_TEST_MOODLE_URL"], "token_file": token_file}).open(folder)


def _unless_there_is_a_moodle() -> list[pytest.MarkDecorator]:
    if not (os.environ.get("SYNCD_TEST_MOODLE_URL") and os.environ.get("SYNCD_TEST_MOODLE_TOKEN")):
        return [pytest.mark.skip(reason="SYNCD_TEST_MOODLE_URL and SYNCD_TEST_MOODLE_TOKEN name no Moodle site.")]
    if find_spec("syncd.targets.rest") is None:
        return [pytest.mark.skip(reason="syncd has no target that speaks to a Moodle site yet.")]
    return []


TARGETS = [
    pytest.param(_sandbox, id="sandbox"),
    pytest.param(_moodle, id="moodle", marks=_unless_there_is_a_moodle()),
]


class Corner:
    """What one test makes on a site that others may use too; it is taken away afterwards."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.mark = f"t{uuid4().hex[:12]}"
        self._users: list[int] = []
        self._cohorts: list[int] = []
        self._courses: list[int] = []
        self._categories: list[int] = []

    def user(self, name: str = "ana", /, **changes: Any) -> dict[str, Any]:
        """A good account to create, unlike any other on the site; changed to None, a field is left out."""
        user = {
            "username": f"{self.mark}.{name}",
            "firstname": "Ana",
            "lastname": name.title(),
            "email": f"{self.mark}.{name}@example.org",
            "idnumber": f"{self.mark}-{name}",
            "password": "Rehearse-1",
        }
        return {field: value for field, value in (user | changes).items() if value is not None}

    def create(self, *users: dict[str, Any]) -> list[int]:
        """Create accounts and return their ids."""
        made = [user["id"] for user in self.target.call("core_user_create_users", {"users": list(users)})]
        self._users += made
        return made

    def leave_users(self, *users: int) -> None:
        """Take these accounts away at the end too."""
        self._users += users

    def update(self, *users: dict[str, Any]) -> list[dict[str, Any]]:
        """Update accounts and return the warnings."""
        return list(self.target.call("core_user_update_users", {"users": list(users)})["warnings"])

    def look_up(self, field: str, *values: Any) -> list[dict[str, Any]]:
        """The accounts that have one of the values."""
        return list(self.target.call("core_user_get_users_by_field", {"field": field, "values": list(values)}))

    def usernames(self, field: str, *values: Any) -> list[str]:
        """Their names alone."""
        return [user["username"] for user in self.look_up(field, *values)]

    def cohort(self, name: str = "first", /, **changes: Any) -> dict[str, Any]:
        """A good cohort to create, unlike any other on the site."""
        system = {"type": "system", "value": ""}
        return {"categorytype": system, "name": f"{self.mark} {name}", "idnumber": f"{self.mark}-{name}"} | changes

    def create_cohorts(self, *cohorts: dict[str, Any]) -> list[int]:
        """Create cohorts and return their ids."""
        made = [cohort["id"] for cohort in self.target.call("core_cohort_create_cohorts", {"cohorts": list(cohorts)})]
        self._cohorts += made
        return made

    def join(self, cohort: str, *usernames: str) -> list[dict[str, Any]]:
        """Add members to a cohort by its idnumber, and return the warnings."""
        members = [
            {"cohorttype": {"type": "idnumber", "value": cohort}, "usertype": {"type": "username", "value": username}}
            for username in usernames
        ]
        return list(self.target.call("core_cohort_add_cohort_members", {"members": members})["warnings"])

    def members(self, cohort_id: int) -> set[int]:
        """The ids of a cohort's members."""
        (answer,) = self.target.call("core_cohort_get_cohort_members", {"cohortids": [cohort_id]})
        return set(answer["userids"])

    def category(self, name: str = "first", /, **changes: Any) -> dict[str, Any]:
        """A good course category to create, unlike any other on the site."""
        return {"name": f"{self.mark} {name}", "idnumber": f"{self.mark}-{name}"} | changes

    def create_categories(self, *categories: dict[str, Any]) -> list[int]:
        """Create course categories and return their ids."""
        answer = self.target.call("core_course_create_categories", {"categories": list(categories)})
        made = [category["id"] for category in answer]
        self._categories += made
        return made

    def course(self, name: str = "first", /, **changes: Any) -> dict[str, Any]:
        """A good course to create, unlike any other on the site; it lies in a category that every site has."""
        course = {"fullname": f"{self.mark} {name}", "shortname": f"{self.mark}-{name}", "categoryid": 1}
        return course | changes

    def create_courses(self, *courses: dict[str, Any]) -> list[int]:
        """Create courses and return their ids."""
        made = [course["id"] for course in self.target.call("core_course_create_courses", {"courses": list(courses)})]
        self._courses += made
        return made

    def adopt(self, *courses: int, users: Iterable[int] = ()) -> None:
        """Take courses and accounts away afterwards that were made otherwise."""
        self._courses += courses
        self._users += users

    def leave(self) -> None:
        """Take away what the test made and did not take away itself."""
        for function, parameter, ids in (
            ("core_user_delete_users", "userids", self._users),
            ("core_course_delete_courses", "courseids", self._courses),
            ("core_cohort_delete_cohorts", "cohortids", self._cohorts),
        ):
            for made in ids:
                with suppress(ItemRefused):
                    self.target.call(function, {parameter: [made]})
        for category in reversed(self._categories):
            with suppress(ItemRefused):
                item = {"id": category, "recursive": 1}
                self.target.call("core_course_delete_categories", {"categories": [item]})


@pytest.fixture(params=TARGETS)
def corner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Corner]:
    """A corner of each target that keeps the contract."""
    target: Target = request.param(tmp_path)
    corner = Corner(target)
    try:
        yield corner
    finally:
        corner.leave()
        target.close()
