"""What each row of a groups file changes on the site."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from syncd.core.collation import alike
from syncd.core.model import Act, Call, Outcome, Step
from syncd.tools.base import Conversation, Memory, Wish
from syncd.tools.cells import Unfit, at, raw
from syncd.tools.lookups import groups
from syncd.tools.lookups.courses import CourseIdentity, Courses
from syncd.tools.lookups.groups import IDNUMBER_LENGTH, Either, Group, GroupIdentity, Grouping, Groups, only
from syncd.tools.questions import ask

UPDATE = "core_group_update_groups"
UPDATE_GROUPING = "core_group_update_groupings"
BIND = "core_group_assign_grouping"

CORE = frozenset(
    {
        *(groups.GROUPS, groups.GROUPINGS, groups.BOUND, groups.CREATE, groups.CREATE_GROUPING),
        *(UPDATE, UPDATE_GROUPING, BIND),
    }
)

# Not a subject: those have a blank.
_PLANNER = "planner"

_LACKS = {"course-missing": "course", "group-missing": "group"}

Kind = Literal["group", "grouping"]
Talk = Generator[Sequence[Call], Sequence[Any], None]


@dataclass(frozen=True, slots=True)
class GroupWish(Wish):
    """A group or a grouping of a course; `fields` has what the row gives of idnumber and description.

    `update` names the one that is to be changed: with "" one is only made. A group's `own_grouping` is one of its name.
    """

    course: str
    name: str
    kind: Kind = "group"
    fields: Mapping[str, str] = field(default_factory=dict)
    update: str = ""
    own_grouping: bool = False
    grouping: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identities:
    """What cells name courses, groups and groupings by."""

    course: CourseIdentity
    group: GroupIdentity
    grouping: GroupIdentity


def planned(identities: Identities, wishes: Sequence[GroupWish], memory: Memory) -> Conversation:
    """Ask the site about some rows, in file order, and return one step for each."""
    if _PLANNER not in memory.known:
        memory.known[_PLANNER] = _Planner(identities, memory)
    planner: _Planner = memory.known[_PLANNER]
    yield from planner.ask(wishes)
    return [planner.step(wish) for wish in wishes]


@dataclass(slots=True)
class _Change:
    outcome: Outcome = Outcome.UNCHANGED
    acts: list[Act] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    after: str = ""


class _Planner:
    """Plans rows, window by window; one object serves a whole run."""

    def __init__(self, identities: Identities, memory: Memory) -> None:
        self._identities = identities
        self._site = memory.site
        self._courses = Courses(identities.course)
        self._groups = Groups()
        self._changed_by: dict[str, str] = {}

    def ask(self, wishes: Sequence[GroupWish]) -> Talk:
        """Ask what must be known of some rows."""
        yield from ask(self._courses.questions(self._site, (wish.course for wish in wishes)))
        placed = [(wish, course) for wish in wishes if (course := self._course_or_none(wish))]
        with_groupings = [
            course for wish, course in placed if wish.kind == "grouping" or wish.own_grouping or wish.grouping
        ]
        questions = self._groups.questions(course for _, course in placed)
        yield from ask([*questions, *self._groups.grouping_questions(with_groupings)])
        bound = [one for wish, course in placed for one in self._wanted(wish, course)]
        yield from ask(self._groups.bound_questions(bound))

    def _course_or_none(self, wish: GroupWish) -> int:
        try:
            course = self._courses.find(wish.course)
        except Unfit:
            return 0  # `step` says why
        return course.id if course else 0

    def _wanted(self, wish: GroupWish, course: int) -> Iterator[Grouping]:
        """The groupings that are there of those that a row about a group wants it to be in."""
        if wish.kind == "grouping":
            return
        if wish.own_grouping and (found := self._found(course, wish.name, "name")):
            yield found
        if wish.grouping and (found := self._found(course, wish.grouping, self._identities.grouping)):
            yield found

    def _found(self, course: int, value: str, identity: GroupIdentity) -> Grouping | None:
        try:
            return self._groups.find_grouping(course, value, identity)
        except Unfit:
            return None

    def step(self, wish: GroupWish) -> Step:
        """What becomes of a row; whatever stands after it in the file will meet its group so."""
        change = _Change()
        try:
            course = at("courseid", lambda: self._courses.one(wish.course)).id
            if wish.kind == "grouping":
                self._bring_grouping(wish, course, change)
            else:
                self._bring_group(wish, course, change)
        except Unfit as unfit:
            lacks = _LACKS.get(unfit.refusal.code, "")
            return Step(wish.line, Outcome.REJECTED, wish.subject, refusal=unfit.refusal, notes=wish.notes, lacks=lacks)
        notes = (*wish.notes, *change.notes)
        return Step(wish.line, change.outcome, wish.subject, tuple(change.acts), notes=notes, after=change.after)

    def _bring_group(self, wish: GroupWish, course: int, change: _Change) -> None:
        grouping = None
        if wish.grouping:
            grouping = at("grouping", lambda: self._grouping(course, wish.grouping))
        group = self._present(wish, self._groups.of(course), self._identities.group)
        if group and wish.update:
            item = self._changes(wish, group, self._groups.of(course), change)
            if item:
                name = item.pop("name", group.name)
                change.acts.append(group.named_in(UPDATE, "id", {"name": name, **item}))
                self._note(wish, group, {"name": name, **item}, change)
        elif group:
            self._leave(wish, group, change)
        else:
            wish = _whole(wish, self._identities.group)
            self._check_free(wish, None, self._groups.of(course))
            group = Group(0, course, wish.name, wish.fields.get("idnumber", ""), wish.fields.get("description", ""))
            self._make(wish, group, change)
        if wish.own_grouping:
            self._bind(wish, group, self._own(wish, course, change), change)
        if grouping:
            self._bind(wish, group, grouping, change)

    def _bring_grouping(self, wish: GroupWish, course: int, change: _Change) -> None:
        grouping = self._present(wish, self._groups.groupings_of(course), self._identities.grouping)
        if grouping and wish.update:
            item = self._changes(wish, grouping, self._groups.groupings_of(course), change)
            if item:
                # Its description must be said, or the change is refused.
                item = {"name": grouping.name, "description": grouping.description, **item}
                change.acts.append(_upon(grouping, UPDATE_GROUPING, "id", item))
                self._note(wish, grouping, item, change)
        elif grouping:
            self._leave(wish, grouping, change)
        else:
            wish = _whole(wish, self._identities.grouping)
            self._check_free(wish, None, self._groups.groupings_of(course))
            fields = wish.fields
            grouping = Grouping(0, course, wish.name, fields.get("idnumber", ""), fields.get("description", ""), set())
            self._make(wish, grouping, change)

    def _present(self, wish: GroupWish, there: Sequence[Either], identity: GroupIdentity) -> Either | None:
        """The one that a row is about, if the course has it."""
        if wish.update:
            return at("updateid", lambda: only(there, wish.update, identity)) or _brought(wish, there, identity)
        if idnumber := wish.fields.get("idnumber"):
            return at("idnumber", lambda: only(there, idnumber, "idnumber"))
        return at("name", lambda: only(there, wish.name, "name"))

    def _changes(
        self, wish: GroupWish, thing: Group | Grouping, there: Sequence[Group | Grouping], change: _Change
    ) -> dict[str, str]:
        wanted = {"name": wish.name, **wish.fields}
        item = {key: value for key, value in wanted.items() if getattr(thing, key) != value}
        if "name" in item and alike(wish.name) == alike(thing.name):
            change.notes.append("the name was left alone: Moodle can't change its capitals or accents alone")
            del item["name"]
        self._check_free(wish, thing, there)
        return item

    def _check_free(self, wish: GroupWish, own: Group | Grouping | None, there: Sequence[Group | Grouping]) -> None:
        for other in there:
            if other is own:
                continue
            if alike(other.name) == alike(wish.name):
                reason = f"another {wish.kind} of the course has this name"
                cure = "Write another name; or name the one that is there in updateid, to change it."
                raise Unfit("name-taken", reason, "name", wish.name, cure)
            if other.idnumber and other.idnumber == wish.fields.get("idnumber"):
                reason = f"another {wish.kind} of the course has this idnumber: {other.name}"
                raise Unfit("idnumber-taken", reason, "idnumber", other.idnumber, "Write an idnumber that is free.")

    def _make(self, wish: GroupWish, thing: Group | Grouping, change: _Change) -> None:
        if wish.update:
            change.notes.append("it was not there to be changed, and is made")
        change.acts.append(thing.making())
        change.outcome = Outcome.CREATED
        self._groups.add(thing)
        self._changed_by[thing.key] = wish.subject

    def _leave(self, wish: GroupWish, thing: Group | Grouping, change: _Change) -> None:
        wanted = {"name": wish.name, **wish.fields}
        if any(getattr(thing, key) != value for key, value in wanted.items()):
            change.notes.append("it is there, and was left as it is: the row has no updateid")

    def _note(self, wish: GroupWish, thing: Group | Grouping, item: Mapping[str, str], change: _Change) -> None:
        change.outcome = Outcome.UPDATED
        before = self._changed_by.get(thing.key, "")
        change.after = before if before != wish.subject else ""
        self._changed_by[thing.key] = wish.subject
        self._groups.changed(thing.course)
        for key in ("idnumber", "description"):
            setattr(thing, key, item.get(key, getattr(thing, key)))
        if thing.id:  # the name of one that is only to be made is its key
            thing.name = item["name"]

    def _grouping(self, course: int, value: str) -> Grouping:
        if found := self._groups.find_grouping(course, value, self._identities.grouping):
            return found
        reason = f"the course has no grouping with this {self._identities.grouping}"
        raise Unfit("group-missing", reason, value=value, cure="Correct the cell, or let the grouping be made first.")

    def _own(self, wish: GroupWish, course: int, change: _Change) -> Grouping:
        if found := self._groups.find_grouping(course, wish.name, "name"):
            return found
        grouping = Grouping(0, course, wish.name, groups=set())
        change.acts.append(grouping.making())
        self._groups.add(grouping)
        return grouping

    def _bind(self, wish: GroupWish, group: Group, grouping: Grouping, change: _Change) -> None:
        bound = grouping.groups = grouping.groups if grouping.groups is not None else set()
        if group.key in bound:
            return
        bound.add(group.key)
        self._groups.changed(group.course)
        item, takes = dict[str, int](), dict[str, str]()
        for key, thing in (("groupingid", grouping), ("groupid", group)):
            if thing.id:
                item[key] = thing.id
            else:
                takes[key] = thing.key
        change.acts.append(Act(BIND, item, takes=takes))
        if change.outcome is Outcome.UNCHANGED:
            change.outcome = Outcome.UPDATED


def _whole(wish: GroupWish, identity: GroupIdentity) -> GroupWish:
    """A row about what is to be made: what it is to be found by is its idnumber, unless the row gives another."""
    if identity != "idnumber" or not wish.update or "idnumber" in wish.fields:
        return wish
    idnumber = at("updateid", lambda: raw(IDNUMBER_LENGTH)(wish.update))
    return replace(wish, fields={**wish.fields, "idnumber": idnumber})


def _brought(wish: GroupWish, there: Sequence[Either], identity: GroupIdentity) -> Either | None:
    """What an earlier run of the same row left, which has another identity now: only what is as the row wants it."""
    thing = only(there, wish.name, "name")
    fields = _whole(wish, identity).fields
    return thing if thing and all(getattr(thing, key) == value for key, value in fields.items()) else None


def _upon(grouping: Grouping, function: str, key: str, item: Mapping[str, Any]) -> Act:
    if grouping.id:
        return Act(function, {key: grouping.id, **item})
    return Act(function, item, takes={key: grouping.key})
