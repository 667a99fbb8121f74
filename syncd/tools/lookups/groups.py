"""The groups and groupings of courses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from syncd.core.collation import alike
from syncd.core.model import Act, Call
from syncd.tools.cells import Unfit
from syncd.tools.questions import Question

GroupIdentity = Literal["id", "idnumber", "name"]

GROUPS = "core_group_get_course_groups"
GROUPINGS = "core_group_get_course_groupings"
BOUND = "core_group_get_groupings"
CREATE = "core_group_create_groups"
CREATE_GROUPING = "core_group_create_groupings"

NAME_LENGTH = 254
IDNUMBER_LENGTH = 100

CALL = 500
"""How many groupings are asked about in one call."""
REMEMBERED = 50_000
"""How many groups are remembered: without an end, memory would grow with the file."""


@dataclass(slots=True, eq=False)
class Group:
    """A group of a course; `id` is 0 while it is only to be made, by the act that gives the name `key`."""

    id: int
    course: int
    name: str
    idnumber: str = ""
    description: str = ""

    @property
    def key(self) -> str:
        """What tells it from all others, in this run."""
        return f"group {self.id}" if self.id else f"group {self.course} {self.name}"

    def named_in(self, function: str, key: str, item: Mapping[str, Any]) -> Act:
        """An act upon this group, by its id or by the one that it will get."""
        if self.id:
            return Act(function, {key: self.id, **item})
        return Act(function, item, takes={key: self.key})

    def making(self) -> Act:
        """What makes it."""
        item = {"courseid": self.course, "name": self.name, "idnumber": self.idnumber, "description": self.description}
        return Act(CREATE, item, gives=self.key)


@dataclass(slots=True, eq=False)
class Grouping:
    """A grouping of a course, likewise; `groups` are the keys of those bound to it, None until they were asked for."""

    id: int
    course: int
    name: str
    idnumber: str = ""
    description: str = ""
    groups: set[str] | None = None

    @property
    def key(self) -> str:
        """What tells it from all others, in this run."""
        return f"grouping {self.id}" if self.id else f"grouping {self.course} {self.name}"

    def making(self) -> Act:
        """What makes it."""
        # Without an idnumber, Moodle makes it and answers that it could not.
        item = {"courseid": self.course, "name": self.name, "idnumber": self.idnumber, "description": self.description}
        return Act(CREATE_GROUPING, item, gives=self.key)


Either = TypeVar("Either", Group, Grouping)


@dataclass(slots=True, eq=False)
class _Course:
    groups: list[Group] = field(default_factory=list)
    groupings: list[Grouping] | None = None
    changed: bool = False


class Groups:
    """The groups and groupings of the courses that rows name, as the rows so far will have left them.

    One object serves a whole run. What is changed or added is remembered to its end.
    """

    def __init__(self) -> None:
        self._courses: dict[int, _Course] = {}

    def questions(self, courses: Iterable[int]) -> list[Question]:
        """The calls that tell the groups of some courses; those that were asked about lately are known."""
        wanted = dict.fromkeys(course for course in courses if course)
        self._forget(wanted)
        return [self._groups_of(course) for course in wanted if course not in self._courses]

    def grouping_questions(self, courses: Iterable[int]) -> list[Question]:
        """The calls that tell the groupings of some courses whose groups are known, or asked for as well."""
        there = ((course, self._courses[course]) for course in dict.fromkeys(courses) if course in self._courses)
        return [self._groupings_of(course, known) for course, known in there if known.groupings is None]

    def bound_questions(self, groupings: Iterable[Grouping]) -> list[Question]:
        """The calls that tell which groups are bound to some groupings."""
        asked = {one.id: one for one in groupings if one.id and one.groups is None}

        def take(answer: Iterable[Mapping[str, Any]]) -> None:
            for told in answer:
                asked[int(told["id"])].groups = {f"group {int(group['id'])}" for group in told.get("groups", ())}

        ids = list(asked)
        calls = (ids[start : start + CALL] for start in range(0, len(ids), CALL))
        return [(Call(BOUND, {"groupingids": call, "returngroups": 1}), take) for call in calls]

    def _groups_of(self, course: int) -> Question:
        known = self._courses[course] = _Course()

        def take(answer: Iterable[Mapping[str, Any]]) -> None:
            known.groups = [Group(int(told["id"]), course, *_texts(told)) for told in answer]

        return Call(GROUPS, {"courseid": course}), take

    def _groupings_of(self, course: int, known: _Course) -> Question:
        known.groupings = []

        def take(answer: Iterable[Mapping[str, Any]]) -> None:
            known.groupings = [Grouping(int(told["id"]), course, *_texts(told)) for told in answer]

        return Call(GROUPINGS, {"courseid": course}), take

    def _forget(self, wanted: Mapping[int, None]) -> None:
        known = sum(len(course.groups) + 1 for course in self._courses.values())
        for number in [n for n, course in self._courses.items() if not course.changed and n not in wanted]:
            if known <= REMEMBERED:
                return
            known -= len(self._courses.pop(number).groups) + 1

    def of(self, course: int) -> Sequence[Group]:
        """The groups of a course."""
        return self._courses[course].groups if course in self._courses else ()

    def groupings_of(self, course: int) -> Sequence[Grouping]:
        """The groupings of a course."""
        return (self._courses[course].groupings or ()) if course in self._courses else ()

    def find(self, course: int, value: str, identity: GroupIdentity) -> Group | None:
        """The group of a course that has this value; raises `Unfit` when several have."""
        return only(self.of(course), value, identity)

    def find_grouping(self, course: int, value: str, identity: GroupIdentity) -> Grouping | None:
        """The grouping of a course that has this value; raises `Unfit` when several have."""
        return only(self.groupings_of(course), value, identity)

    def one(self, course: int, value: str, identity: GroupIdentity) -> Group:
        """The group of a course that has this value; raises `Unfit` (`group-missing`, `ambiguous`)."""
        if group := self.find(course, value, identity):
            return group
        reason = f"the course has no group with this {identity}"
        raise Unfit("group-missing", reason, value=value, cure="Correct the cell, or let the group be made first.")

    def add(self, group: Group | Grouping) -> None:
        """A group, or a grouping, will be made."""
        course = self._courses.setdefault(group.course, _Course())
        course.changed = True
        if isinstance(group, Group):
            course.groups.append(group)
        else:
            course.groupings = [*(course.groupings or ()), group]

    def changed(self, course: int) -> None:
        """Something of a course's groups will be changed: its picture must not be asked for anew."""
        self._courses[course].changed = True


def _texts(told: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(told["name"]), str(told.get("idnumber") or ""), str(told.get("description") or "")


def only(there: Sequence[Either], value: str, identity: GroupIdentity) -> Either | None:
    """The one among groups, or groupings, of a course that has a value; raises `Unfit` when several have."""
    value = value.strip()
    # "" is no value: the groups without an idnumber are not those of the idnumber "".
    found = [one for one in there if value and (str(one.id) if identity == "id" else getattr(one, identity)) == value]
    if not found and value and identity == "name":
        # No two names of a course are alike, so it is the one that is meant.
        found = [one for one in there if alike(one.name) == alike(value)]
    if len(found) > 1:
        cure = "Correct the course in Moodle, so that one is left."
        raise Unfit("ambiguous", f"several of the course have this {identity}", value=value, cure=cure)
    return found[0] if found else None
