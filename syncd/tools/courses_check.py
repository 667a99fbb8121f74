"""The kind `courses-check`: a report of which courses the site has and which it lacks; nothing is changed."""

from fractions import Fraction
from typing import ClassVar, cast

from syncd.core.guard import Guard, Limit, Share
from syncd.core.model import Outcome, Step
from syncd.tools.base import Memory
from syncd.tools.cells import Unfit
from syncd.tools.course_list import CourseList, Named
from syncd.tools.lookups.categories import LOOK_UP, Categories
from syncd.tools.lookups.courses import CORE, Course
from syncd.tools.questions import Question


class CheckGuard(Guard):
    """The limits of a file that asks: each course that lacks is an answer, and no error."""

    errors: Limit = Share(Fraction(100))


class CoursesCheckTool(CourseList):
    """A file of courses that should be there: one that is there is `unchanged`, one that lacks is refused."""

    kind = "courses-check"
    rank: ClassVar[int] = 95
    tells: ClassVar[bool] = True
    functions: ClassVar[frozenset[str]] = frozenset({CORE, LOOK_UP})
    guard: CheckGuard = CheckGuard()

    def questions(self, memory: Memory) -> list[Question]:
        """The categories, to say where courses lie."""
        return _categories(memory).questions()

    def decide(self, wish: Named, course: Course | None, memory: Memory) -> Step:
        """Say what is there."""
        if course is None:
            raise Unfit(
                "course-missing",
                f"the site has no course with this {wish.column}",
                wish.column,
                wish.value,
                "Make the course, or correct the cell.",
            )
        category = _categories(memory).known(int(course.told.get("categoryid", 0)))
        where = f", in {category.path}" if category else ""
        number = f", idnumber {course.idnumber}" if course.idnumber else ""
        hidden = "" if int(course.told.get("visible", 1)) else ", hidden"
        note = f"course {course.id}, {course.shortname}{number}: {course.told.get('fullname', '')}{where}{hidden}"
        return Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=(note,))


def _categories(memory: Memory) -> Categories:
    return cast(Categories, memory.known.setdefault("categories", Categories()))
