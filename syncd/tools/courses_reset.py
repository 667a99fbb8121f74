"""The kind `courses-reset`: what a year's people left in courses is taken away."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, ClassVar, cast

from syncd.core.guard import Count, Guard, Limit
from syncd.core.model import Act, Outcome, Refusal, Row, Step
from syncd.core.rows import Encoding, Separator
from syncd.core.table import Table
from syncd.tools.base import Memory, RowTool, Wish
from syncd.tools.cells import YES_OR_NO, Unfit, at, moment, unix, yes_or_no
from syncd.tools.course_list import READERS, CourseList, Named, is_front_page, named_by
from syncd.tools.lookups.courses import COMPANION, CORE, Course
from syncd.tools.lookups.roles import COMPANION as GET_ROLES
from syncd.tools.lookups.roles import Roles
from syncd.tools.questions import Question

RESET = "local_syncd_reset_courses"

FLAGS = {
    "events": "reset_events",
    "notes": "reset_notes",
    "comments": "reset_comments",
    "completion": "reset_completion",
    "blog_associations": "delete_blog_associations",
    "forum_all": "reset_forum_all",
    "forum_subscriptions": "reset_forum_subscriptions",
    "glossary_all": "reset_glossary_all",
    "chat": "reset_chat",
    "data": "reset_data",
    "assign_submissions": "reset_assign_submissions",
    "survey_answers": "reset_survey_answers",
    "lesson": "reset_lesson",
    "choice": "reset_choice",
    "scorm": "reset_scorm",
    "quiz_attempts": "reset_quiz_attempts",
}
"""Columns that say yes or no, with Moodle's names of what they reset."""

CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    "grades": {"items": ("reset_gradebook_items",), "grades": ("reset_gradebook_grades",)},
    "local_roles": {"roles": ("reset_roles_local",), "overrides": ("reset_roles_overrides",)},
    "groups": {"groups": ("reset_groups_remove",), "members": ("reset_groups_members",)},
    "groupings": {"groups": ("reset_groupings_remove",), "members": ("reset_groupings_members",)},
}
"""Columns that hold `all` or one of a few words."""

LISTS = {"roles": "unenrol_roles", "modules": "modules"}
MOMENTS = ("reset_start_date", "reset_end_date")
WITHOUT_EFFECT = frozenset({"logs", "slots", "apointments", "assignment_submissions"})
"""Moodle's reset has no longer such a thing, or only a module that core does not have."""
OF_MODULES = re.compile(r"reset_[a-z0-9]+(_[a-z0-9_]+)?")
MODULE = re.compile(r"-?[a-z][a-z0-9_]*")
"""What a module may be called, perhaps as one that is left out: which of them a site has, only a reset itself tells."""
NOTHING = frozenset({"", "no", "0", "none"})


class ResetGuard(Guard):
    """The limits of a file whose every row takes things away: a share of it would mean nothing."""

    changes: Limit = Count(20)


@dataclass(frozen=True, slots=True)
class ResetWish(Named):
    """What is to be taken out of a course: Moodle's options by their names; moments are ISO 8601."""

    options: Mapping[str, str]


class CoursesResetTool(CourseList):
    """A file of courses that are to be emptied of what people left in them. What no column names stays."""

    kind = "courses-reset"
    rank: ClassVar[int] = 85
    columns: ClassVar[frozenset[str]] = frozenset({*READERS, *FLAGS, *CHOICES, *LISTS, *MOMENTS, *WITHOUT_EFFECT})
    column_patterns = (OF_MODULES,)
    functions: ClassVar[frozenset[str]] = frozenset({CORE, RESET})
    companion: ClassVar[frozenset[str]] = frozenset({COMPANION, GET_ROLES})
    guard: ResetGuard = ResetGuard()

    def table(self, file: BinaryIO, encoding: Encoding, separator: Separator) -> Table:
        """How a file becomes rows: it has a header."""
        return RowTool.table(self, file, encoding, separator)

    def check_header(self, names: Sequence[str], line: int = 1) -> list[str]:
        """Take a header, and return remarks for the report, also on columns that do nothing."""
        remarks = super().check_header(names, line)
        if idle := [name for name in names if name in WITHOUT_EFFECT]:
            remarks.append(f"left out, since Moodle's reset has no such thing: {', '.join(idle)}")
        return remarks

    def check(self, row: Row) -> Wish | Refusal:
        """What a row takes out of which course."""
        named = named_by(row, self.identity)
        if isinstance(named, Refusal):
            return named
        options: dict[str, str] = {}
        for name, cell in row.cells.items():
            try:
                options |= _options(name, cell.strip())
            except Unfit as unfit:
                return Refusal(unfit.refusal.code, unfit.refusal.reason, name, cell, unfit.refusal.cure)
        return ResetWish(row.line, named.subject, named.column, named.value, options)

    def questions(self, memory: Memory) -> list[Question]:
        """The roles of the site, where it tells them."""
        return _roles(memory).questions()

    def decide(self, wish: Named, course: Course | None, memory: Memory) -> Step:
        """Reset the course that is there. A reset is an order: it is carried out each time that its file is run."""
        if course is None or is_front_page(course):
            raise Unfit(
                "course-missing",
                f"the site has no course with this {wish.column}",
                wish.column,
                wish.value,
                "Correct the cell.",
            )
        options = cast(ResetWish, wish).options
        if not options:
            note = "no cell of the row says what is to be reset"
            return Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=(note,))
        options = {**options, **_known_roles(options, memory)}
        values = [{"name": name, "value": _value(name, value, memory)} for name, value in options.items()]
        note = f"the course {course.id}, {course.told.get('fullname', '')}: {', '.join(sorted(options))}"
        act = Act(RESET, {"courseid": course.id, "options": values})
        return Step(wish.line, Outcome.UPDATED, wish.subject, (act,), notes=(note,))


def _roles(memory: Memory) -> Roles:
    # Not a subject: those have a colon.
    roles: Roles = memory.known.setdefault("roles", Roles(memory.site))
    return roles


def _known_roles(options: Mapping[str, str], memory: Memory) -> dict[str, str]:
    """The roles of a row as the site calls them; raises `Unfit` for one that it has not. Settings may not know all."""
    words = options.get(LISTS["roles"], "").split()
    if not memory.site.has(GET_ROLES) or "all" in words or not words:
        return {}
    roles = _roles(memory)
    known = at("roles", lambda: [roles.shortname(roles.one(word)) for word in words])
    return {LISTS["roles"]: " ".join(known)}


def _options(name: str, cell: str) -> dict[str, str]:
    """The options that a cell stands for; raises `Unfit`."""
    if name in MOMENTS:
        when = moment(cell)
        return {name: when.isoformat()} if when else {}
    if name in FLAGS or (OF_MODULES.fullmatch(name) and name not in WITHOUT_EFFECT):
        return {FLAGS.get(name, name): "1"} if YES_OR_NO.get(yes_or_no(cell)) else {}
    if name in LISTS and cell.lower() not in NOTHING:
        words = cell.replace(",", " ").split()
        if name == "modules" and (strange := [word for word in words if not MODULE.fullmatch(word)]):
            cure = "Write Moodle's names, as in quiz or -quiz, with blanks between, or all."
            raise Unfit("value-wrong", f"no module is called {strange[0]}", cure=cure)
        return {LISTS[name]: " ".join(words)}
    if name in CHOICES:
        return dict.fromkeys(_chosen(name, cell.lower()), "1")
    return {}


def _chosen(name: str, word: str) -> Iterator[str]:
    choices = CHOICES[name]
    if word in NOTHING:
        return
    if word == "all":
        yield from (option for options in choices.values() for option in options)
    elif word in choices:
        yield from choices[word]
    else:
        words = ", ".join((*choices, "all"))
        raise Unfit("value-wrong", f"the cell must hold {words} or nothing", cure=f"Write {words}, or leave it empty.")


def _value(name: str, value: str, memory: Memory) -> str:
    return str(unix(moment(value), memory.site.zone)) if name in MOMENTS else value
