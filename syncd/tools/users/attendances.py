"""The numbered columns of a users file: courses with their roles and groups, cohorts, and what is left out."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache

from syncd.tools.cells import YES_OR_NO, Unfit, moment, name, number, raw, text, yes_or_no
from syncd.tools.lookups.groups import NAME_LENGTH
from syncd.tools.users.wish import Attendance

NUMBERED = re.compile(
    r"(course|group|role|type|enrol|start|end|enroltimestart|enrolperiod|enrolstatus"
    r"|cohort|wwwroot|sysrole|category|categoryrole)([1-9][0-9]{0,3})"
)

LEFT_OUT = frozenset({"wwwroot", "sysrole", "category", "categoryrole"})
"""Numbered columns that no web service can carry out, or look at."""

UPLOADUSER = ("enroltimestart", "enrolperiod", "enrolstatus", "type")
"""Numbered columns of Moodle's own upload, where a course is always an enrolment."""

TYPES = {"1": "student", "2": "editingteacher", "3": "teacher"}
"""The roles that Moodle's own upload has for the numbers in its columns `typeN`."""

MANUAL = "manual"

_course = raw(255)
_group = text(NAME_LENGTH)
_method = name(20, r"[a-z][a-z0-9_]*", "Write the name of an enrolment method, as in manual, or leave it empty.")


@cache
def numbered(column: str) -> tuple[str, int] | None:
    """The name and the number of a numbered column."""
    found = NUMBERED.fullmatch(column)
    return (found[1], int(found[2])) if found else None


def attendances(cells: Mapping[str, str], default_method: str) -> Iterator[Attendance]:
    """The courses that a row names; raises `Unfit` with the column.

    What stands beside a course that the row does not name counts for nothing.
    """
    for column in sorted((one for one in cells if one.startswith("course")), key=lambda one: (len(one), one)):
        part = numbered(column)
        if part and part[0] == "course" and (course := cells[column].strip()):
            yield _attendance(cells, part[1], course, default_method)


def cohorts(cells: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The cohorts of a row's numbered columns: names that are empty, with idnumbers."""
    for column, cell in cells.items():
        part = numbered(column)
        if part and part[0] == "cohort" and cell.strip():
            yield "", cell.strip()


def left_out(cells: Mapping[str, str]) -> str:
    """A remark on the filled cells of a row that nothing can be done about; "" for none."""
    filled = [one for one, cell in cells.items() if cell.strip() and (part := numbered(one)) and part[0] in LEFT_OUT]
    return f"left out, since Moodle's web services can't do it: {', '.join(filled)}" if filled else ""


def _attendance(cells: Mapping[str, str], n: int, course: str, default_method: str) -> Attendance:
    cell = _Cells(cells, n)
    method = cell.method() if cell.has("enrol") else default_method
    if not method and not cell.has("enrol") and any(cell.has(name) for name in UPLOADUSER):
        method = MANUAL
    start, end, days = cell.moment("start") or cell.moment("enroltimestart"), cell.moment("end"), cell.days()
    if not method:
        start, end, days = None, None, 0
    elif start and end and _naive(end) <= _naive(start):
        raise Unfit("value-wrong", "the enrolment ends before it begins", f"end{n}", cell.text("end"), "Correct both.")
    role = cell.text("role") or cell.type()
    with placed(f"course{n}", course):
        course = _course(course)
    return Attendance(
        n, course, role, method, cell.group(), start, end, 0 if end else days, cell.suspended() if method else None
    )


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


class _Cells:
    """The cells of one number in a row."""

    def __init__(self, cells: Mapping[str, str], number: int) -> None:
        self._cells = cells
        self._number = number

    def has(self, name: str) -> bool:
        return f"{name}{self._number}" in self._cells

    def text(self, name: str) -> str:
        return self._cells.get(f"{name}{self._number}", "").strip()

    def method(self) -> str:
        with placed(f"enrol{self._number}", self.text("enrol")):
            return _method(self.text("enrol").lower())

    def moment(self, name: str) -> datetime | None:
        with placed(f"{name}{self._number}", self.text(name)):
            return moment(self.text(name))

    def days(self) -> int:
        column = f"enrolperiod{self._number}"
        with placed(column, self.text("enrolperiod")):
            return max(int(number(self.text("enrolperiod")) or 0), 0)

    def group(self) -> str:
        with placed(f"group{self._number}", self.text("group")):
            return _group(self.text("group"))

    def suspended(self) -> bool | None:
        with placed(f"enrolstatus{self._number}", self.text("enrolstatus")):
            return YES_OR_NO.get(yes_or_no(self.text("enrolstatus")))

    def type(self) -> str:
        value = self.text("type")
        if value in {"", "0"}:
            return ""
        if role := TYPES.get(value):
            return role
        cure = "Write 1 for students, 2 for teachers, 3 for teachers who don't edit; or use the column role."
        raise Unfit("value-wrong", "no kind of role has this number", f"type{self._number}", value, cure)


@contextmanager
def placed(column: str, value: str) -> Iterator[None]:
    """Say of a cell that is refused in which column it stands."""
    try:
        yield
    except Unfit as unfit:
        refusal = unfit.refusal
        raise Unfit(refusal.code, refusal.reason, column, value, refusal.cure) from unfit
