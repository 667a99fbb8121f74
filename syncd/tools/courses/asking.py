"""What must be known of the site before rows of a courses file can be planned."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from functools import partial
from html import unescape
from typing import Any

from syncd.core.model import Call
from syncd.tools.base import Memory
from syncd.tools.cells import Unfit
from syncd.tools.course_list import READERS
from syncd.tools.courses.custom import CustomFields
from syncd.tools.courses.picture import Picture, pictured
from syncd.tools.courses.settings import CourseSettings
from syncd.tools.courses.teachers import Accounts
from syncd.tools.courses.wish import CourseWish
from syncd.tools.lookups.categories import Categories
from syncd.tools.lookups.courses import COMPANION, CORE, Course, CourseIdentity, Courses
from syncd.tools.lookups.enrolments import CORE as PEOPLE
from syncd.tools.lookups.enrolments import Enrolments
from syncd.tools.lookups.roles import Roles
from syncd.tools.lookups.users import CORE as ACCOUNTS
from syncd.tools.questions import Question, ask

CONTENTS = "core_course_get_contents"
GET_SECTIONS = "local_syncd_get_sections"
SET_SECTIONS = "local_syncd_set_sections"
GET_METHODS = "local_syncd_get_enrol_methods"
SET_METHODS = "local_syncd_set_enrol_methods"
DUPLICATE = "core_course_duplicate_course"
IMPORT = "core_course_import_course"
DELETE = "core_course_delete_courses"
ENROL = "enrol_manual_enrol_users"
ASSIGN = "core_role_assign_roles"
FOR_COPIES = (CONTENTS, DUPLICATE, IMPORT)
FOR_TEACHERS = (ACCOUNTS, PEOPLE, ENROL, ASSIGN)
"""Functions that only some columns need: a site may be without them."""
CALL = 200
"""How many courses are asked about in one call."""
TEMPLATES = 50
"""How many templates' contents are remembered."""

Conversation = Generator[Sequence[Call], Sequence[Any], None]
Content = frozenset[tuple[str, str]]
"""The activities of a course, by kind and name, but for forums of the general section: every course gets one."""


class Asking:
    """All look-ups of a run over a courses file; what is known of single courses is forgotten with their window."""

    def __init__(self, settings: CourseSettings, memory: Memory) -> None:
        self.memory = memory
        self.categories = Categories()
        self.accounts = Accounts()
        self.roles = Roles(memory.site)
        self.custom = CustomFields()
        self.enrolments = Enrolments(memory.site, self.roles)
        self._settings = settings
        self._by: dict[CourseIdentity, Courses] = {column: Courses(column) for column in READERS}
        self._contents: dict[int, Content] = {}
        self._pictures: dict[int, Picture] = {}
        self._more: dict[int, dict[str, Any]] = {}

    def learn(self, wishes: Sequence[CourseWish]) -> Conversation:
        """Ask what must be known before some rows can be planned."""
        self._pictures.clear()
        self._more.clear()
        self.enrolments.begin()
        yield from ask(list(self._first(wishes)))
        yield from ask(list(self._second(wishes)))
        yield from self.enrolments.learn(list(self._pairs(wishes)))

    def _first(self, wishes: Sequence[CourseWish]) -> Iterator[Question]:
        """Courses, categories and accounts that rows name."""
        yield from self.categories.questions()
        values: dict[CourseIdentity, list[str]] = {column: [] for column in READERS}
        for wish in wishes:
            values[wish.column].append(wish.value)
            values["shortname"] += [name for name in (wish.rename, wish.template) if name]
        for column, courses in self._by.items():
            yield from courses.questions(self.memory.site, values[column])
        if any(wish.custom for wish in wishes):
            yield from self.custom.questions()
        accounts = [teacher.account for wish in wishes for teacher in wish.teachers]
        if accounts and self._may(FOR_TEACHERS):
            yield from self.accounts.questions(self.memory.site, accounts)
            yield from self.roles.questions()

    def _second(self, wishes: Sequence[CourseWish]) -> Iterator[Question]:
        """Who has names that rows need, and what is in the courses that they are about."""
        met = [(wish, self.perhaps(wish.column, wish.value)) for wish in wishes]
        for column in ("shortname", "idnumber"):
            names = [name for wish, course in met if (name := _needed(wish, course, column))]
            yield from self._by[column].questions(self.memory.site, names)
        if not self._settings.force_update:
            return
        there = [(wish, course) for wish, course in met if course]
        yield from self._questions_of_contents(there)
        site = self.memory.site
        if site.has(GET_SECTIONS) and site.has(SET_SECTIONS):
            yield from self._parts(GET_SECTIONS, (one for wish, one in there if wish.sections), self._take_sections)
        if site.has(GET_METHODS):
            yield from self._parts(GET_METHODS, (one for wish, one in there if wish.methods), self._take_methods)
        if site.has(COMPANION):
            # Of these, only core tells.
            for number in dict.fromkeys(
                one.id for wish, one in there if wish.custom or "hiddensections" in wish.fields
            ):
                yield Call(CORE, {"field": "id", "value": str(number)}), partial(self._take_more, number)

    def _parts(self, function: str, courses: Iterable[Course], take: Any) -> Iterator[Question]:
        ids = list(dict.fromkeys(course.id for course in courses))
        for start in range(0, len(ids), CALL):
            yield Call(function, {"courseids": ids[start : start + CALL]}), take

    def _questions_of_contents(self, there: Sequence[tuple[CourseWish, Course]]) -> Iterator[Question]:
        site = self.memory.site
        if len(self._contents) > TEMPLATES:
            self._contents.clear()
        wanted: dict[int, None] = {}
        for wish, course in there:
            if wish.sections and site.has(CONTENTS) and not site.has(SET_SECTIONS):
                wanted[course.id] = None
            if wish.template and self._settings.template_mode != "nothing" and self._may(FOR_COPIES):
                wanted[course.id] = None
                if (template := self.perhaps("shortname", wish.template)) and template.id not in self._contents:
                    wanted[template.id] = None
        for number in wanted:
            yield Call(CONTENTS, {"courseid": number}), partial(self._take_contents, number)

    def _pairs(self, wishes: Sequence[CourseWish]) -> Iterator[tuple[int, int]]:
        """The courses and teachers of whom it must be known whether they are in them."""
        if not self._may(FOR_TEACHERS):
            return
        for wish in wishes:
            changes = self._settings.force_update or self.completes(wish)
            if changes and wish.teachers and (course := self.perhaps(wish.column, wish.value)):
                for teacher in wish.teachers:
                    try:
                        yield course.id, self.accounts.one(teacher.account).id
                    except Unfit:
                        continue

    def completes(self, wish: CourseWish) -> bool:
        """Whether an earlier run made the course of a row, and left its teachers to this one."""
        return wish.completing or self.memory.completing

    # What the answers say

    def _take_sections(self, answer: Iterable[Mapping[str, Any]]) -> None:
        for told in answer:
            sections = self._about(int(told["courseid"])).setdefault("sections", {})
            sections[int(told["section"])] = str(told["name"] or ""), str(told["summary"] or "")

    def _take_methods(self, answer: Iterable[Mapping[str, Any]]) -> None:
        for told in answer:
            methods = self._about(int(told["courseid"])).setdefault("methods", {})
            methods.setdefault(str(told["enrol"]), not int(told["status"]))

    def _take_more(self, number: int, answer: Mapping[str, Any]) -> None:
        for told in answer["courses"]:
            wanted = ("courseformatoptions", "customfields")
            self._about(number).update({name: told[name] for name in wanted if name in told})

    def _take_contents(self, number: int, answer: Iterable[Mapping[str, Any]]) -> None:
        about = self._about(number)
        sections: dict[int, tuple[str, str]] = {}
        content: set[tuple[str, str]] = set()
        for section in answer:
            place = int(section["section"])
            # Moodle tells names as HTML, whatever one asks for.
            sections[place] = unescape(str(section["name"])), str(section.get("summary") or "")
            activities = ((str(one["modname"]), unescape(str(one["name"]))) for one in section.get("modules", ()))
            content.update(one for one in activities if place or one[0] != "forum")
        self._contents[number] = frozenset(content)
        about.setdefault("sections", sections)

    def _about(self, number: int) -> dict[str, Any]:
        return self._more.setdefault(number, {})

    # What is known

    def _may(self, functions: Sequence[str]) -> bool:
        return all(map(self.memory.site.has, functions))

    def demand(self, functions: Sequence[str], column: str, value: str) -> None:
        """Raise `Unfit` where the token may not call what a column takes."""
        if lacking := [name for name in functions if not self.memory.site.has(name)]:
            raise Unfit(
                "not-allowed",
                f"the site does not offer {', '.join(lacking)}, which this column takes",
                column,
                value,
                "Add it to the token's service in Moodle, or leave the cell empty.",
            )

    def course(self, column: CourseIdentity, value: str) -> Course | None:
        """The course of an identity; raises `Unfit` when several have it."""
        try:
            return self._by[column].find(value)
        except Unfit as unfit:
            raise _placed(unfit, column, value) from unfit

    def template(self, value: str) -> Course:
        """The course that is a template; raises `Unfit` when there is none."""
        try:
            return self._by["shortname"].one(value)
        except Unfit as unfit:
            raise _placed(unfit, "template", value) from unfit

    def perhaps(self, column: CourseIdentity, value: str) -> Course | None:
        """The course of an identity, None also when several have it."""
        try:
            return self._by[column].find(value)
        except Unfit:
            return None

    def picture(self, course: Course) -> Picture:
        """A course of the site, with all that was asked of it."""
        if course.id not in self._pictures:
            more = self._more.get(course.id, {})
            picture = pictured(course, {name: more[name] for name in more if name in _TOLD})
            picture.sections = dict(more.get("sections", {}))
            picture.methods = dict(more.get("methods", picture.methods))
            self._pictures[course.id] = picture
        return self._pictures[course.id]

    def has_content_of(self, course: int, template: int) -> bool:
        """Whether a course has something of a template, or that has nothing to give."""
        wanted = self._contents.get(template, frozenset())
        return not wanted or not wanted.isdisjoint(self._contents.get(course, frozenset()))


_TOLD = frozenset({"courseformatoptions", "customfields"})


def _needed(wish: CourseWish, course: Course | None, column: CourseIdentity) -> str:
    """A name that a row wants, and that may be another course's; "" for none."""
    name = (wish.rename or wish.fields.get(column, "")) if column == "shortname" else wish.fields.get(column, "")
    if column == wish.column and not (column == "shortname" and wish.rename):
        return ""
    return name if course is None or getattr(course, column) != name else ""


def _placed(unfit: Unfit, column: str, value: str) -> Unfit:
    refusal = unfit.refusal
    return Unfit(refusal.code, refusal.reason, column, value, refusal.cure)
