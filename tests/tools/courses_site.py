"""Courses as they are on a site, and tools that make them."""

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
