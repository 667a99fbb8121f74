"""What each row of a group members file changes on the site."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from syncd.core.model import Act, Call, Outcome, Step
from syncd.tools.base import Conversation, Memory, Wish
from syncd.tools.cells import Unfit, at
from syncd.tools.lookups import courses, enrolments, groups, members, users
from syncd.tools.lookups.courses import Course, CourseIdentity, Courses
from syncd.tools.lookups.enrolments import Enrolments, Pair
from syncd.tools.lookups.groups import Group, GroupIdentity, Groups
from syncd.tools.lookups.members import OURS, Members, Memberships
from syncd.tools.lookups.roles import Roles
from syncd.tools.lookups.users import UserIdentity, Users
from syncd.tools.questions import ask

ADD = "core_group_add_group_members"
REMOVE = "core_group_delete_group_members"

CORE = frozenset({users.CORE, courses.CORE, enrolments.CORE, groups.GROUPS, members.CORE, ADD, REMOVE})
COMPANION = frozenset(
    {users.COMPANION, courses.COMPANION, enrolments.ENROLMENTS, enrolments.ASSIGNMENTS, members.COMPANION}
)

# Not a subject: those have a blank.
_PLANNER = "planner"

_LACKS = {"course-missing": "course", "user-missing": "user", "group-missing": "group"}

Deed = Literal["add", "shift", "del"]
Talk = Generator[Sequence[Call], Sequence[Any], None]


@dataclass(frozen=True, slots=True)
class MemberWish(Wish):
    """One person and one group of a course; `may_shift`: other rows of the file may be about all of their groups."""

    course: str
    user: str
    group: str
    deed: Deed = "add"
    may_shift: bool = False


@dataclass(frozen=True, slots=True)
class Identities:
    """What cells name courses, accounts and groups by."""

    course: CourseIdentity
    user: UserIdentity
    group: GroupIdentity


def planned(identities: Identities, wishes: Sequence[MemberWish], memory: Memory) -> Conversation:
    """Ask the site about some rows, in file order, and return one step for each."""
    planner = plans_of(memory) or Planner(identities, memory)
    memory.known[_PLANNER] = planner
    yield from planner.ask(wishes)
    return [planner.step(wish) for wish in wishes]


def plans_of(memory: Memory) -> "Planner | None":
    """What has planned the rows of a run; None if there were none."""
    return memory.known.get(_PLANNER)


@dataclass(slots=True)
class _Found:
    """What a row names, as far as it was found."""

    course: Course | None = None
    group: Group | None = None
    user: int = 0
    settled: bool = False


class Planner:
    """Plans rows, window by window; one object serves a whole run.

    `courses` are the ids of the courses that rows named, `named` the ids of the groups that rows put people into,
    whatever became of these rows.
    """

    def __init__(self, identities: Identities, memory: Memory) -> None:
        self._identities = identities
        self._memory = memory
        self._site = memory.site
        self._courses = Courses(identities.course)
        self._users = Users(identities.user)
        self._enrolments = Enrolments(self._site, Roles(self._site), identities.user)
        self._groups = Groups()
        self._members = Members(self._site, self._groups)
        self._found: dict[int, _Found] = {}
        self._changed_by: dict[Pair, str] = {}
        self.courses: set[int] = set()
        self.named: set[int] = set()

    def ask(self, wishes: Sequence[MemberWish]) -> Talk:
        """Ask what must be known of some rows."""
        self._enrolments.begin()
        self._members.begin()
        self._found = {wish.line: _Found() for wish in wishes}
        yield from ask(self._courses.questions(self._site, (wish.course for wish in wishes)))
        for wish in wishes:
            self._found[wish.line].course = self._or_none(lambda w=wish: self._courses.find(w.course))
        yield from ask(self._groups.questions(course.id for _, course in self._placed(wishes)))
        for wish, course in self._placed(wishes):
            self._note_group(wish, course)
        yield from self._settle_what_holds(wishes)

        open_rows = [wish for wish in wishes if not self._found[wish.line].settled]
        yield from ask(self._users.questions(self._site, (wish.user for wish, _ in self._placed(open_rows))))
        pairs = {}
        for wish, course in self._placed(open_rows):
            if user := self._or_none(lambda w=wish: self._users.find(w.user)):
                pairs[wish.line] = course.id, user.id
        yield from self._members.learn(pairs.values())
        yield from self._enrolments.learn(pairs[w.line] for w in open_rows if w.line in pairs and w.deed != "del")

    def _note_group(self, wish: MemberWish, course: Course) -> None:
        group = self._or_none(lambda: self._groups.find(course.id, wish.group, self._identities.group))
        self._found[wish.line].group = group
        self.courses.add(course.id)
        if group and wish.deed != "del":
            self.named.add(group.id)

    def _settle_what_holds(self, wishes: Sequence[MemberWish]) -> Talk:
        """Settle the rows about somebody whom the course itself tells by name, and who is in the right groups.

        The accounts of an unchanged file need not be looked up then.
        """
        rows = [(wish, course) for wish, course in self._placed(wishes) if self._found[wish.line].group]
        yield from self._enrolments.learn_named((course.id, wish.user) for wish, course in rows)
        named = [
            (wish, (course.id, user)) for wish, course in rows if (user := self._enrolments.named(course.id, wish.user))
        ]
        yield from self._members.learn(pair for _, pair in named)
        # Of somebody whose groups an earlier row changes, nothing is settled yet.
        moved = {pair for wish, pair in named if not self._holds(wish, pair)}
        for wish, pair in named:
            self._found[wish.line].settled = pair not in moved

    def _holds(self, wish: MemberWish, pair: Pair) -> bool:
        group = self._found[wish.line].group
        here = self._members.of(*pair)
        match wish.deed:
            case "add":
                return bool(group and group.key in here)
            case "del":
                return bool(group and group.key not in here)
            case "shift":
                return bool(group and list(here) == [group.key])

    def _placed(self, wishes: Sequence[MemberWish]) -> Iterator[tuple[MemberWish, Course]]:
        return ((wish, course) for wish in wishes if (course := self._found[wish.line].course))

    def _or_none(self, find: Any) -> Any:
        try:
            return find()
        except Unfit:
            return None  # `step` says why

    def step(self, wish: MemberWish) -> Step:
        """What becomes of a row; whatever stands after it in the file will meet its people so."""
        if self._found[wish.line].settled:
            return Step(wish.line, Outcome.UNCHANGED, wish.subject)
        try:
            return self._decide(wish)
        except Unfit as unfit:
            lacks = _LACKS.get(unfit.refusal.code, "")
            return Step(wish.line, Outcome.REJECTED, wish.subject, refusal=unfit.refusal, lacks=lacks)

    def _decide(self, wish: MemberWish) -> Step:
        course = at("courseid", lambda: self._courses.one(wish.course)).id
        group = at("groupid", lambda: self._groups.one(course, wish.group, self._identities.group))
        user = at("userid", lambda: self._users.one(wish.user)).id
        here = self._members.of(course, user)
        notes: list[str] = []
        acts: list[Act] = []
        joins = wish.deed != "del" and group.key not in here
        if joins and not self._enrolments.part(course, user).enrolled:
            cure = "Let the enrolment be made first: only who is enrolled can be in a group."
            raise Unfit("not-enrolled", "the account is not enrolled in the course", "userid", wish.user, cure)
        if joins:
            acts.append(Act(ADD, {"groupid": group.id, "userid": user}))
            here[group.key] = ""
        acts += self._leaving(wish, group, user, here, notes)
        if not acts:
            return Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=tuple(notes))
        outcome = {"add": Outcome.CREATED, "shift": Outcome.UPDATED, "del": Outcome.DELETED}[wish.deed]
        after = self._after(wish, (course, user))
        return Step(wish.line, outcome, wish.subject, tuple(acts), notes=tuple(notes), after=after)

    def _leaving(self, wish: MemberWish, group: Group, user: int, here: Memberships, notes: list[str]) -> Iterator[Act]:
        match wish.deed:
            case "add":
                keys = []
            case "del":
                keys = [group.key] if group.key in here else []
            case "shift":
                keys = [key for key in here if key != group.key]
        for key in keys:
            if here[key] not in {"", OURS}:
                notes.append(f"a membership was left alone: it comes from {here[key].removeprefix('enrol_')}")
                continue
            del here[key]
            yield Act(REMOVE, {"groupid": int(key.split()[1]), "userid": user})

    def _after(self, wish: MemberWish, pair: Pair) -> str:
        """The earlier row that must be carried out before this one, if any; remembers that this one changes groups."""
        if not wish.may_shift and not self._memory.again(wish.subject):
            return ""
        self._members.keep(*pair)
        before = self._changed_by.get(pair, "")
        self._changed_by[pair] = wish.subject
        return before if before != wish.subject else ""
