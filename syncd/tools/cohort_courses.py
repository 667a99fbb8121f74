"""The kind `cohort-courses`: cohorts whose members are enrolled in courses, as long as they are members."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, cast

from syncd.core.model import Act, Call, Outcome, Refusal, Row, Step
from syncd.tools.base import Conversation, Memory, RowTool, Wish
from syncd.tools.cells import YES_OR_NO, Reader, Unfit, raw, yes_or_no
from syncd.tools.lookups.courses import CourseIdentity, Courses
from syncd.tools.lookups.named_cohorts import CohortIdentity, NamedCohorts
from syncd.tools.lookups.roles import RoleIdentity, Roles
from syncd.tools.questions import ask

SET = "local_syncd_set_cohort_enrolments"
METHODS = "local_syncd_get_enrol_methods"
CALL = 200
"""Courses whose enrolment methods are asked for in one call."""

STUDENT = "student"
EVERY_ROLE = "*"
OPEN, CLOSED = 0, 1

Command = Literal["add", "del", "restore", "fulldel"]
COMMANDS: Mapping[str, Command] = {"": "add", "add": "add", "del": "del", "restore": "restore", "fulldel": "fulldel"}

_KNOWN = "cohorts in courses"
_LACKS = {"course-missing": "course", "cohort-missing": "cohort"}


def command(cell: str) -> str:
    """One of the commands, or nothing: then it is `add`."""
    value = cell.strip().lower()
    if value not in COMMANDS:
        cure = "Write add, del, restore or fulldel, or leave it empty."
        raise Unfit("value-wrong", "the cell holds no command", cure=cure)
    return value


def method(cell: str) -> str:
    """The plugin's column for the method: there is but one."""
    value = cell.strip().lower()
    if value not in {"", "cohort"}:
        raise Unfit("value-wrong", "cohorts are linked by the method cohort alone", cure="Write cohort.")
    return value


COLUMNS: dict[str, Reader] = {
    "cohort": raw(254),
    "course": raw(255),
    "cmd": command,
    "enrol": method,
    "enrolstart": raw(100),
    "enrolend": raw(100),
    "role": raw(100),
    "makegroup": yes_or_no,
}
DATES = ("enrolstart", "enrolend")


@dataclass(frozen=True, slots=True)
class LinkWish(Wish):
    """What a row asks for: a cohort in a course, by a role (`*`: all that it has there)."""

    command: Command
    cohort: str
    course: str
    role: str
    makegroup: bool


@dataclass(slots=True)
class Link:
    """One enrolment method of a course for a cohort, as the rows so far will have left it."""

    role: int
    status: int


@dataclass(slots=True)
class Known:
    """What a run knows of the site."""

    cohorts: NamedCohorts
    courses: Courses
    roles: Roles
    links: dict[tuple[int, int], list[Link]] = field(default_factory=dict)
    """By course and cohort, of the rows that are planned together."""


class CohortCoursesTool(RowTool):
    """A file that links cohorts to courses, with the columns of the plugin's file of cohorts and courses."""

    kind = "cohort-courses"
    rank: ClassVar[int] = 55
    columns = frozenset(COLUMNS)
    required: ClassVar[frozenset[str]] = frozenset({"cohort", "course"})
    functions = frozenset({"core_cohort_get_cohorts", "core_course_get_courses_by_field", SET, METHODS})
    companion: ClassVar[frozenset[str]] = frozenset(
        {"local_syncd_get_cohorts", "local_syncd_get_courses", "local_syncd_get_roles"}
    )

    cohort_identity: CohortIdentity = "idnumber"
    """What `cohort` holds."""
    course_identity: CourseIdentity = "shortname"
    """What `course` holds."""
    role_identity: RoleIdentity = "shortname"
    """What `role` holds."""

    def check_header(self, names: Sequence[str], line: int = 1) -> list[str]:
        """Take a header, and return remarks for the report, also on columns that do nothing."""
        notes = super().check_header(names, line)
        if dates := [name for name in names if name in DATES]:
            notes.append(f"left out, since enrolments by cohort have no dates in Moodle: {', '.join(dates)}")
        return notes

    def check(self, row: Row) -> LinkWish | Refusal:
        """What a row wishes, or why it is refused whatever the site says."""
        column = ""
        try:
            cells: dict[str, str] = {}
            for column, cell in row.cells.items():
                if read := COLUMNS.get(column):
                    cells[column] = read(cell)
        except Unfit as unfit:
            return replace(unfit.refusal, column=column, value=row.cells[column])
        for column in ("cohort", "course"):
            if not cells.get(column):
                return Refusal("value-missing", f"the row names no {column}", column, "", "Fill the cell.")
        deed, role = COMMANDS[cells.get("cmd", "")], cells.get("role") or STUDENT
        if deed == "add" and role == EVERY_ROLE:
            cure = "Write the role that the members get."
            return Refusal("value-wrong", "no cohort is added with all roles", "role", role, cure)
        subject = f"cohort {cells['cohort']} in course {cells['course']}"
        makegroup = YES_OR_NO.get(cells.get("makegroup", ""), False)
        return LinkWish(row.line, subject, deed, cells["cohort"], cells["course"], role, makegroup)

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Ask the site about some rows, in file order, and return one step for each; `check` made the wishes."""
        return _planned(self, cast(Sequence[LinkWish], wishes), memory)


def _planned(tool: CohortCoursesTool, wishes: Sequence[LinkWish], memory: Memory) -> Conversation:
    site = memory.site
    if (known := memory.known.get(_KNOWN)) is None:
        known = memory.known[_KNOWN] = Known(
            NamedCohorts(tool.cohort_identity), Courses(tool.course_identity), Roles(site, tool.role_identity)
        )
    yield from ask(
        [
            *known.cohorts.questions(site, (wish.cohort for wish in wishes)),
            *known.courses.questions(site, (wish.course for wish in wishes)),
            *known.roles.questions(),
        ]
    )
    yield from _look_at(known, wishes)
    return [_step(known, wish, memory) for wish in wishes]


def _look_at(known: Known, wishes: Sequence[LinkWish]) -> Generator[Sequence[Call], Sequence[Any], None]:
    """Ask how the courses of some rows are entered, and keep what is about cohorts."""
    known.links = {}
    courses = list(dict.fromkeys(course.id for wish in wishes for course in _courses(known, wish)))

    def take(answer: Iterable[Mapping[str, Any]]) -> None:
        for told in answer:
            if told["enrol"] == "cohort":
                link = Link(int(told["roleid"]), int(told["status"]))
                known.links.setdefault((int(told["courseid"]), int(told["customint1"])), []).append(link)

    parts = [courses[start : start + CALL] for start in range(0, len(courses), CALL)]
    yield from ask([(Call(METHODS, {"courseids": part}), take) for part in parts])


def _courses(known: Known, wish: LinkWish) -> Iterable[Any]:
    try:
        return [course] if (course := known.courses.find(wish.course)) else []
    except Unfit:
        return []


def _step(known: Known, wish: LinkWish, memory: Memory) -> Step:
    column = "cohort"
    try:
        cohort = known.cohorts.one(wish.cohort).id
        column = "course"
        course = known.courses.one(wish.course).id
        column = "role"
        role = 0 if wish.role == EVERY_ROLE else known.roles.one(wish.role)
    except Unfit as unfit:
        refusal = replace(unfit.refusal, column=column)
        return Step(wish.line, Outcome.REJECTED, wish.subject, refusal=refusal, lacks=_LACKS.get(refusal.code, ""))

    links: list[Link] = memory.known.get(wish.subject, known.links.get((course, cohort), []))
    if memory.again(wish.subject):
        memory.known[wish.subject] = links
    meant = [link for link in links if wish.role == EVERY_ROLE or link.role == role]
    item = {"courseid": course, "cohortid": cohort}
    match wish.command:
        case "add":
            return _add(wish, links, meant, item | {"roleid": role})
        case "restore" if not meant:
            reason = "the cohort is not linked to the course" + ("" if wish.role == EVERY_ROLE else " with this role")
            cure = "Write add to link it."
            missing = Refusal("link-missing", reason, "cohort", wish.cohort, cure)
            return Step(wish.line, Outcome.REJECTED, wish.subject, refusal=missing)
        case "restore":
            return _turn(wish, meant, item, OPEN)
        case "del":
            return _turn(wish, meant, item, CLOSED)
        case "fulldel":
            links[:] = [link for link in links if link not in meant]
            acts = tuple(_act(item, link, "delete") for link in meant)
            return Step(wish.line, Outcome.DELETED if acts else Outcome.UNCHANGED, wish.subject, acts)


def _add(wish: LinkWish, links: list[Link], meant: list[Link], item: Mapping[str, Any]) -> Step:
    adding = {**item, "action": "add"}
    if not meant:
        links.append(Link(item["roleid"], OPEN))
        grouped = adding | {"makegroup": 1} if wish.makegroup else adding
        return Step(wish.line, Outcome.CREATED, wish.subject, (Act(SET, grouped),))
    # Moodle takes the first of several for the one that is meant.
    if meant[0].status == OPEN:
        return Step(wish.line, Outcome.UNCHANGED, wish.subject)
    meant[0].status = OPEN
    return Step(wish.line, Outcome.UPDATED, wish.subject, (Act(SET, adding),))


def _turn(wish: LinkWish, meant: list[Link], item: Mapping[str, Any], status: int) -> Step:
    """Open or close what is not so yet, the first link of each role."""
    first = {link.role: link for link in reversed(meant)}
    turned = [link for link in first.values() if link.status != status]
    for link in turned:
        link.status = status
    acts = tuple(_act(item, link, "enable" if status == OPEN else "disable") for link in turned)
    outcome = Outcome.UPDATED if status == OPEN else Outcome.SUSPENDED
    return Step(wish.line, outcome if acts else Outcome.UNCHANGED, wish.subject, acts)


def _act(item: Mapping[str, Any], link: Link, action: str) -> Act:
    return Act(SET, {**item, "roleid": link.role, "action": action})
