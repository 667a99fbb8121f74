"""Courses as they are on a site, and tools that make them."""

import sqlite3
from contextlib import closing
from typing import Any

from syncd.tools.courses import CoursesTool
from tests.run.workshop import FILE, NO_LIMITS
from tests.tools.on_site import OnSite


def courses(**settings: Any) -> CoursesTool:
    """A courses tool without limits, that changes courses that exist too."""
    return CoursesTool.model_validate({"file": FILE, "guard": NO_LIMITS, "force_update": True, **settings})


def told(site: OnSite, name: str) -> dict[str, Any]:
    """What core tells of a course by its short name, `mark` put before it."""
    answer = site.call("core_course_get_courses_by_field", field="shortname", value=f"{site.mark}{name}")
    (course,) = answer["courses"]
    return dict(course)


def is_there(site: OnSite, name: str) -> bool:
    """Whether there is a course of this short name."""
    answer = site.call("core_course_get_courses_by_field", field="shortname", value=f"{site.mark}{name}")
    return bool(answer["courses"])


def path(site: OnSite, category: int) -> str:
    """Where a category lies, the mark left out."""
    every = {one["id"]: one for one in site.call("core_course_get_categories", criteria=[], addsubcategories=1)}
    names: list[str] = []
    while category:
        names.insert(0, every[category]["name"])
        category = every[category]["parent"]
    return "/".join(names).replace(site.mark, "")


def sections(site: OnSite, course: int) -> dict[int, str]:
    """The names of a course's sections."""
    return {one["section"]: one["name"] for one in site.call("core_course_get_contents", courseid=course)}


def make_activity(site: OnSite, course: int) -> None:
    """Make an activity in the first section of a course, without a run."""
    if site.moodle:
        # The only kind that core's web services make.
        site.call("core_courseformat_create_module", courseid=course, modname="subsection", targetsectionnum=1)
        return
    with closing(sqlite3.connect(site.shop.state / "sandbox.sqlite")) as practice, practice:
        practice.execute(
            "INSERT INTO course_module (course, section, modname, name) VALUES (?, 1, 'quiz', 'First')", (course,)
        )


def activities(site: OnSite, course: int) -> list[str]:
    """The kinds of the activities of a course's sections, but for the general one."""
    answer = site.call("core_course_get_contents", courseid=course)
    return [module["modname"] for section in answer if section["section"] for module in section["modules"]]
