"""What files that only name courses have in common: how a course is named, and found."""

from abc import abstractmethod
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO, ClassVar, TypeVar, cast

from syncd.core.guard import Count, Guard, Limit, Share
from syncd.core.model import Call, Outcome, Refusal, Row, Site, Step
from syncd.core.rows import Encoding, Separator, recognise
from syncd.core.table import CsvTable, Table
from syncd.errors import FileRefused
from syncd.tools.base import Conversation, Memory, RowTool, Wish
from syncd.tools.cells import Reader, Unfit, number, raw
from syncd.tools.lookups.courses import COMPANION, CORE, Course, CourseIdentity, Courses
from syncd.tools.questions import Question, ask

READERS: dict[CourseIdentity, Reader] = {"shortname": raw(255), "idnumber": raw(100), "id": number}
"""The columns by which a row may name its course; where one is empty, the next one counts."""

NOT_THERE = "there is no such course"

Found = TypeVar("Found")


class CourseListGuard(Guard):
    """The limits of a file whose every row does away with something: a share of it would mean nothing."""

    deletes: Limit = Count(20)
    changes: Limit = Share(Fraction(100))


@dataclass(frozen=True, slots=True)
class Named(Wish):
    """A course as a row names it: by which column, and by which value there."""

    column: CourseIdentity
    value: str


class CourseList(RowTool):
    """A file that names courses; without a header it is a list of identities, one a line."""

    columns: ClassVar[frozenset[str]] = frozenset({*READERS, "description"})
    functions: ClassVar[frozenset[str]] = frozenset({CORE})
    companion: ClassVar[frozenset[str]] = frozenset({COMPANION})
    identity: CourseIdentity = "shortname"
    """The column by which a course is found, and what the lines of a file without a header hold."""

    def table(self, file: BinaryIO, encoding: Encoding, separator: Separator) -> Table:
        """How a file becomes rows: one without a header lists identities, each perhaps with a description."""
        return CsvTable(recognise(file, encoding, separator, self.columns, (self.identity, "description")))

    def check_header(self, names: Sequence[str], line: int = 1) -> list[str]:
        """Take a header; raises `FileRefused` when it has nothing to find courses by."""
        remarks = super().check_header(names, line)
        if not READERS.keys() & set(names):
            raise FileRefused(
                "column-missing",
                f"the header lacks the column {self.identity}",
                line=line,
                cure=f"Write a header with the column {self.identity}.",
            )
        return remarks

    def check(self, row: Row) -> Wish | Refusal:
        """Which course a row names."""
        return named_by(row, self.identity)

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Look the courses up, and decide on each."""
        named = cast(Sequence[Named], wishes)
        finder = Finder(memory)
        yield from ask([*finder.questions(memory.site, named), *self.questions(memory)])
        yield from self.more([course for one in named if (course := finder.perhaps(one))], memory)
        return [self._step(one, finder, memory) for one in named]

    def questions(self, memory: Memory) -> list[Question]:
        """What else a kind wants to know."""
        return []

    def more(self, courses: Sequence[Course], memory: Memory) -> Generator[Sequence[Call], Sequence[Any], None]:
        """What a kind wants to know of the courses that are there."""
        yield from ask([])

    def _step(self, wish: Named, finder: "Finder", memory: Memory) -> Step:
        try:
            return self.decide(wish, finder.find(wish), memory)
        except Unfit as unfit:
            return Step(wish.line, Outcome.REJECTED, wish.subject, refusal=unfit.refusal)

    @abstractmethod
    def decide(self, wish: Named, course: Course | None, memory: Memory) -> Step:
        """What becomes of a row whose course was found, or (None) is not there; raises `Unfit`."""


def named_by(row: Row, identity: CourseIdentity) -> Named | Refusal:
    """The course that a row names: by its identity, or where that is empty by whatever else it has."""
    for column in (identity, *READERS):
        cell = row.cells.get(column, "").strip()
        if not cell:
            continue
        try:
            value = READERS[column](cell)
        except Unfit as unfit:
            refusal = unfit.refusal
            return Refusal(refusal.code, refusal.reason, column, cell, refusal.cure)
        return Named(row.line, f"{column}:{value}", column, value)
    return Refusal(
        "identity-missing",
        "nothing in the row says which course it is about",
        identity,
        cure=f"Fill the column {identity}.",
    )


class Finder:
    """The courses of some rows, by any of their identities; what was found is remembered for the run."""

    def __init__(self, memory: Memory) -> None:
        # Not a subject: those have a colon.
        self._by: dict[CourseIdentity, Courses] = memory.known.setdefault(
            "courses", {column: Courses(column, exact=True) for column in READERS}
        )

    def questions(self, site: Site, named: Iterable[Named]) -> list[Question]:
        """What must be asked before the courses of some rows can be found."""
        values: dict[CourseIdentity, list[str]] = {column: [] for column in READERS}
        for one in named:
            values[one.column].append(one.value)
        return [question for column, found in self._by.items() for question in found.questions(site, values[column])]

    def find(self, wish: Named) -> Course | None:
        """The course that a row names; raises `Unfit` when several are it."""
        return self._told(self._by[wish.column].find, wish)

    def one(self, wish: Named) -> Course:
        """The course that a row names; raises `Unfit` (`course-missing`, `ambiguous`) unless there is just one."""
        return self._told(self._by[wish.column].one, wish)

    def perhaps(self, wish: Named) -> Course | None:
        """The course that a row names, None also when several are it."""
        try:
            return self.find(wish)
        except Unfit:
            return None

    def _told(self, find: Callable[[str], Found], wish: Named) -> Found:
        try:
            return find(wish.value)
        except Unfit as unfit:
            refusal = unfit.refusal
            raise Unfit(refusal.code, refusal.reason, wish.column, wish.value, refusal.cure) from unfit


def is_front_page(course: Course) -> bool:
    """Whether this is the site's first page, which Moodle keeps as a course in no category."""
    return int(course.told.get("categoryid", 1)) == 0
