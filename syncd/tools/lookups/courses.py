"""The courses that rows name by one of their identities."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
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
    """Courses by one identity; one object serves a whole run.

    A short name that no course has to the letter is that of the one course where it differs in capitals only: Moodle's
    database takes them for the same. Not so where `exact`: what is deleted or emptied is named to the letter.
    """

    def __init__(self, identity: CourseIdentity, *, exact: bool = False) -> None:
        self.identity = identity
        self._exact = exact
        self._found: Remembered[Course] = Remembered(REMEMBERED)

    def questions(self, site: Site, values: Iterable[str]) -> list[Question]:
        """The calls that look up the courses of some values; what was asked lately is not asked again."""
        new = self._found.new(value.strip() for value in values)
        if site.has(COMPANION):
            parts = [new[start : start + CALL] for start in range(0, len(new), CALL)]
            return [
                (Call(COMPANION, {"field": self.identity, "values": part}), partial(self._take, part)) for part in parts
            ]
        return [
            (Call(CORE, {"field": self.identity, "value": value}), partial(self._take_core, value)) for value in new
        ]

    def _take_core(self, value: str, answer: Mapping[str, Any]) -> None:
        self._take([value], answer["courses"])

    def _take(self, asked: Sequence[str], answer: Iterable[Mapping[str, Any]]) -> None:
        meant: dict[str, list[str]] = {}
        for value in asked:
            meant.setdefault(folded(self.identity, value), []).append(value)
        for told in answer:
            course = Course(int(told["id"]), str(told["shortname"]), str(told.get("idnumber") or ""), told)
            # The site finds what its collation takes for the same; here accents count, and an idnumber's capitals.
            for value in meant.get(folded(self.identity, str(getattr(course, self.identity))), ()):
                self._found.note(value, course)

    def find(self, value: str) -> Course | None:
        """The course that has this value; raises `Unfit` when several have."""
        value = value.strip()
        found = self._found.get(value)
        found = [course for course in found if str(getattr(course, self.identity)) == value] or (
            [] if self._exact else found
        )
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


def folded(identity: CourseIdentity, value: str) -> str:
    """A value of an identity as it is compared: what may be the same course is the same text."""
    return value.strip().lower() if identity == "shortname" else value.strip()
