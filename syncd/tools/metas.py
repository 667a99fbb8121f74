"""The kind `metas`: whoever is enrolled in one course is, by that, enrolled in another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from syncd.core.model import Act, Call, Outcome, Refusal, Row, Step
from syncd.tools.base import Conversation, Memory, RowTool, Wish
from syncd.tools.cells import Unfit
from syncd.tools.course_list import READERS
from syncd.tools.lookups.courses import COMPANION, CORE, Course, CourseIdentity, Courses
from syncd.tools.questions import Question, ask

ADD = "enrol_meta_add_instances"
DELETE = "enrol_meta_delete_instances"
METHODS = "local_syncd_get_enrol_methods"
CALL = 500
"""How many courses are asked about in one call."""

COMMANDS = {"add": True, "": True, "del": False, "delete": False}


@dataclass(frozen=True, slots=True)
class MetaWish(Wish):
    """A link that is to be (`add`) or not to be: `meta` gets the people of `master`."""

    master: str
    meta: str
    add: bool


class MetasTool(RowTool):
    """A file of links between courses. Nothing is linked unless both courses are there."""

    kind = "metas"
    rank: ClassVar[int] = 60
    columns: ClassVar[frozenset[str]] = frozenset({"master", "course", "meta", "cmd"})
    required: ClassVar[frozenset[str]] = frozenset({"meta"})
    functions: ClassVar[frozenset[str]] = frozenset({CORE, ADD, DELETE})
    companion: ClassVar[frozenset[str]] = frozenset({COMPANION, METHODS})
    identity: CourseIdentity = "shortname"
    """What the file names courses by."""

    def check(self, row: Row) -> Wish | Refusal:
        """Which courses a row links, or why it can't."""
        command = row.cells.get("cmd", "").strip().lower()
        if command not in COMMANDS:
            cure = "Write add or del, or leave the cell empty: that is add."
            return Refusal("value-wrong", "the cell must hold add or del", "cmd", command, cure)
        # The plugin's code calls for a column `course`, and reads `master`.
        column = "master" if row.cells.get("master") or "course" not in row.cells else "course"
        named: dict[str, str] = {}
        for name in (column, "meta"):
            cell = row.cells.get(name, "")
            try:
                named[name] = READERS[self.identity](cell)
            except Unfit as unfit:
                return Refusal(unfit.refusal.code, unfit.refusal.reason, name, cell, unfit.refusal.cure)
            if not named[name]:
                return Refusal("value-missing", "the cell is empty, and must be filled", name, cure="Fill the cell.")
        master, meta = named[column], named["meta"]
        if master == meta:
            return Refusal("value-wrong", "a course can't be linked to itself", "meta", meta, "Name another course.")
        return MetaWish(row.line, f"{meta} < {master}", master, meta, COMMANDS[command])

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Look the courses up, and which links there are where the site tells it."""
        named = cast(Sequence[MetaWish], wishes)
        courses: Courses = memory.known.setdefault("courses", Courses(self.identity))
        links = Links(memory)
        yield from ask(courses.questions(memory.site, (value for one in named for value in (one.master, one.meta))))
        yield from ask(links.questions([course for one in named if (course := _perhaps(courses, one.meta))]))
        return [self._step(one, courses, links, memory) for one in named]

    def _step(self, wish: MetaWish, courses: Courses, links: "Links", memory: Memory) -> Step:
        try:
            master, meta = _named(courses, "master", wish.master), _named(courses, "meta", wish.meta)
        except Unfit as unfit:
            lacks = "course" if unfit.refusal.code == "course-missing" else ""
            return Step(wish.line, Outcome.REJECTED, wish.subject, refusal=unfit.refusal, lacks=lacks)
        there = links.status(meta.id, master.id)
        if there is not None and bool(there) is wish.add:
            notes = ("the link is there, and closed: open it in Moodle",) if there == CLOSED else ()
            return Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=notes)
        links.note(meta.id, master.id, OPEN if wish.add else ABSENT)
        item = {"metacourseid": meta.id, "courseid": master.id}
        outcome, function = (Outcome.CREATED, ADD) if wish.add else (Outcome.DELETED, DELETE)
        return Step(wish.line, outcome, wish.subject, (Act(function, item),))


ABSENT, OPEN, CLOSED = "", "open", "closed"


class Links:
    """Which links courses have, as the rows so far will have left them. Core does not tell: then nothing is known."""

    def __init__(self, memory: Memory) -> None:
        self._told = memory.site.has(METHODS)
        self._of: dict[int, dict[int, str]] = memory.known.setdefault("links", {})

    def questions(self, metas: Sequence[Course]) -> list[Question]:
        """What must be asked before the links of some courses are known."""
        new = [number for number in dict.fromkeys(meta.id for meta in metas) if number not in self._of]
        if not self._told:
            return []
        self._of |= {number: {} for number in new}
        parts = [new[start : start + CALL] for start in range(0, len(new), CALL)]
        return [(Call(METHODS, {"courseids": part}), self._take) for part in parts]

    def _take(self, answer: Sequence[Mapping[str, Any]]) -> None:
        for method in answer:
            if method["enrol"] == "meta":
                status = CLOSED if int(method["status"]) else OPEN
                self._of[int(method["courseid"])].setdefault(int(method["customint1"]), status)

    def status(self, meta: int, master: int) -> str | None:
        """Whether the link is there, and open; None: nobody knows."""
        links = self._of.get(meta, {})
        return links.get(master, ABSENT if self._told else None)

    def note(self, meta: int, master: int, status: str) -> None:
        """The link will be so."""
        self._of.setdefault(meta, {})[master] = status


def _named(courses: Courses, column: str, value: str) -> Course:
    try:
        return courses.one(value)
    except Unfit as unfit:
        refusal = unfit.refusal
        raise Unfit(refusal.code, refusal.reason, column, value, refusal.cure) from unfit


def _perhaps(courses: Courses, value: str) -> Course | None:
    try:
        return courses.find(value)
    except Unfit:
        return None
