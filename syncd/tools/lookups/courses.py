"""The courses that rows name by one of their identities."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from syncd.core.model import Call, Site
from syncd.tools.cells import Unfit
from syncd.tools.questions import Question, Remembered

CourseIdentity = Literal["id", "shortname", "idnumber"]

CORE = "core_course_get_courses_by_field"
COMPANION = "local_syncd_get_courses"
CALL = 500
"""How many values are asked for in one call of the companion; core's function takes one."""

REMEMBERED = 20_000
"""How many values are remembered: without an end, memory would grow with the file."""


@dataclass(frozen=True, slots=True)
class Course:
    """A course of the site; `told` is all that the site said of it."""

    id: int
    shortname: str
    idnumber: str = ""
    told: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


class Courses:
    """Courses by one identity; one object serves a whole run."""

    def __init__(self, identity: CourseIdentity) -> None:
        self.identity = identity
        self._found: Remembered[Course] = Remembered(REMEMBERED)

    def questions(self, site: Site, values: Iterable[str]) -> list[Question]:
        """The calls that look up the courses of some values; what was asked lately is not asked again."""
        new = self._found.new(value.strip() for value in values)
        if site.has(COMPANION):
            parts = [new[start : start + CALL] for start in range(0, len(new), CALL)]
            return [(Call(COMPANION, {"field": self.identity, "values": part}), self._take) for part in parts]
        return [(Call(CORE, {"field": self.identity, "value": value}), self._take_core) for value in new]

    def _take_core(self, answer: Mapping[str, Any]) -> None:
        self._take(answer["courses"])

    def _take(self, answer: Iterable[Mapping[str, Any]]) -> None:
        for told in answer:
            course = Course(int(told["id"]), str(told["shortname"]), str(told.get("idnumber") or ""), told)
            # The site finds what its collation takes for the same; only what is the same to the letter counts here.
            self._found.note(str(getattr(course, self.identity)), course)

    def find(self, value: str) -> Course | None:
        """The course that has this value; raises `Unfit` when several have."""
        found = self._found.get(value.strip())
        if len(found) > 1:
            names = ", ".join(course.shortname for course in found)
            cure = "Correct the courses in Moodle, so that one is left."
            raise Unfit("ambiguous", f"several courses have this {self.identity}: {names}", value=value, cure=cure)
        return found[0] if found else None

    def one(self, value: str) -> Course:
        """The course that has this value; raises `Unfit` (`course-missing`, `ambiguous`) unless there is just one."""
        if course := self.find(value):
            return course
        raise Unfit(
            "course-missing",
            f"the site has no course with this {self.identity}",
            value=value,
            cure="Correct the cell, or let the course be made first.",
        )
