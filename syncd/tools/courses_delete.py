"""The kind `courses-delete`: every course that the file names is deleted."""

from typing import ClassVar

from syncd.core.model import Act, Outcome, Step
from syncd.tools.base import Memory
from syncd.tools.cells import Unfit
from syncd.tools.course_list import NOT_THERE, CourseList, CourseListGuard, Named, is_front_page
from syncd.tools.lookups.courses import CORE, Course

DELETE = "core_course_delete_courses"


class CoursesDeleteTool(CourseList):
    """A file of courses that are to be gone; one that is not there is as it should be."""

    kind = "courses-delete"
    rank: ClassVar[int] = 90
    functions: ClassVar[frozenset[str]] = frozenset({CORE, DELETE})
    guard: CourseListGuard = CourseListGuard()
    protected: tuple[str, ...] = ()
    """Short names of courses that no row deletes. The site's own first page is never deleted either."""

    def decide(self, wish: Named, course: Course | None, memory: Memory) -> Step:
        """Delete the course that is there."""
        if course is None:
            return Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=(NOT_THERE,), absent="course")
        if is_front_page(course) or course.shortname in self.protected:
            cure = "Take the row out of the file, or delete the course in Moodle."
            raise Unfit("protected", "this course is protected", wish.column, wish.value, cure)
        gone = memory.known.setdefault("gone", set())
        if course.id in gone:
            return Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=("an earlier row has done this",))
        gone.add(course.id)
        note = f"the course {course.id}: {course.told.get('fullname', '')}"
        return Step(wish.line, Outcome.DELETED, wish.subject, (Act(DELETE, {"courseid": course.id}),), notes=(note,))
