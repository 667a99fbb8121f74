"""What each row of an enrolments file changes on the site."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from syncd.core.model import Call, Outcome, Site, Step
from syncd.tools.base import Conversation, Memory
from syncd.tools.cells import Unfit, at
from syncd.tools.enrolments import acts
from syncd.tools.enrolments.grouping import Grouping
from syncd.tools.enrolments.parts import Change, Methods, Parts
from syncd.tools.enrolments.settings import EnrolmentSettings
from syncd.tools.enrolments.wish import EnrolmentWish
from syncd.tools.lookups.courses import Course, Courses
from syncd.tools.lookups.enrolments import Enrolments, Pair
from syncd.tools.lookups.groups import Groups
from syncd.tools.lookups.members import Members
from syncd.tools.lookups.roles import Roles
from syncd.tools.lookups.users import Users
from syncd.tools.questions import Question, ask

# Not a subject: those have a blank.
_PLANNER = "planner"

_LACKS = {"course-missing": "course", "user-missing": "user", "group-missing": "group"}

Talk = Generator[Sequence[Call], Sequence[Any], None]


def planned(settings: EnrolmentSettings, wishes: Sequence[EnrolmentWish], memory: Memory) -> Conversation:
    """Ask the site about some rows, in file order, and return one step for each."""
    if _PLANNER not in memory.known:
        memory.known[_PLANNER] = _Planner(settings, memory)
    planner: _Planner = memory.known[_PLANNER]
    yield from planner.ask(wishes)
    return [planner.step(wish) for wish in wishes]


@dataclass(slots=True)
class _Found:
    """What a row names, as far as it was found."""

    course: Course | None = None
    user: int = 0
    settled: Step | None = None


class _Planner:
    """Plans rows, window by window; one object serves a whole run."""

    def __init__(self, settings: EnrolmentSettings, memory: Memory) -> None:
        self._settings = settings
        self._memory = memory
        self._site: Site = memory.site
        self._courses = Courses(settings.course_identity)
        self._users = Users(settings.user_identity)
        self._roles = Roles(self._site)
        self._enrolments = Enrolments(self._site, self._roles, settings.user_identity)
        self._groups = Groups()
        self._members = Members(self._site, self._groups)
        self._parts = Parts(settings, self._site, self._roles)
        self._grouping = Grouping(settings, self._site, self._groups, self._members)
        self._methods: dict[int, Methods] = {}
        self._found: dict[int, _Found] = {}

    # What is asked

    def ask(self, wishes: Sequence[EnrolmentWish]) -> Talk:
        """Ask what must be known of some rows."""
        self._enrolments.begin()
        self._members.begin()
        self._methods.clear()
        self._found = {wish.line: _Found() for wish in wishes}
        yield from ask(
            [*self._courses.questions(self._site, (wish.course for wish in wishes)), *self._roles.questions()]
        )
        for wish in wishes:
            self._found[wish.line].course = self._course(wish)

        grouped = [wish for wish in wishes if wish.group_deed]
        yield from ask(self._groups.questions(course.id for _, course in self._placed(grouped)))
        yield from self._settle_what_holds(wishes)

        open_rows = [wish for wish in wishes if not self._found[wish.line].settled]
        yield from ask(self._users.questions(self._site, (wish.user for wish, _ in self._placed(open_rows))))
        for wish in open_rows:
            self._found[wish.line].user = self._user(wish)
        yield from self._learn(open_rows)

    def _settle_what_holds(self, wishes: Sequence[EnrolmentWish]) -> Talk:
        """Settle the rows that change nothing for somebody whom the course itself tells by name.

        The accounts of an unchanged file need not be looked up then. Rows that change something, and those about
        whom other rows are too, go the long way.
        """
        alone = [wish for wish in wishes if not wish.group_deed and not self._memory.again(wish.subject)]
        rows = list(self._placed(alone))
        named = ((course.id, wish.user) for wish, course in rows)
        yield from self._enrolments.learn_named(named, active=any(_about_entering(wish) for wish, _ in rows))
        for wish, course in rows:
            if user := self._enrolments.named(course.id, wish.user):
                step = self._tried(wish, partial(self._change, wish, course, user, keep=False))
                if step.outcome is Outcome.UNCHANGED:
                    self._found[wish.line].settled = step

    def _learn(self, wishes: Sequence[EnrolmentWish]) -> Talk:
        pairs = {
            wish.line: (course.id, user)
            for wish, course in self._placed(wishes)
            if (user := self._found[wish.line].user)
        }
        rows = [wish for wish in wishes if wish.line in pairs]
        by_role = (wish for wish in rows if wish.method is None or self._settings.fallback == "role")
        yield from self._enrolments.learn(
            pairs.values(),
            active=any(_about_entering(wish) for wish in rows),
            roles_alone={pairs[wish.line] for wish in by_role},
        )
        yield from self._members.learn(pairs[wish.line] for wish in rows if wish.group_deed)
        yield from ask(self._method_questions(wish for wish in rows if wish.method))

    def _method_questions(self, wishes: Iterable[EnrolmentWish]) -> list[Question]:
        """What must be asked of the methods by which rows enrol; core tells the open ones with the course."""
        if not self._site.has(acts.METHODS):
            return []
        courses = [
            course.id
            for wish, course in self._placed(list(wishes))
            if not self._enrolments.part(course.id, self._found[wish.line].user).by(wish.method or "")
        ]
        wanted = list(dict.fromkeys(courses))
        calls = (wanted[start : start + 200] for start in range(0, len(wanted), 200))
        return [(Call(acts.METHODS, {"courseids": call}), self._take_methods(call)) for call in calls]

    def _take_methods(self, courses: Sequence[int]) -> Callable[[Any], None]:
        def take(answer: Iterable[Mapping[str, Any]]) -> None:
            told: dict[int, dict[bool, set[str]]] = {course: {True: set(), False: set()} for course in courses}
            for method in answer:
                told[int(method["courseid"])][int(method["status"]) == 0].add(str(method["enrol"]))
            self._methods |= {
                course: Methods(frozenset(of[True]), frozenset(of[False] - of[True])) for course, of in told.items()
            }

        return take

    # What was found

    def _placed(self, wishes: Sequence[EnrolmentWish]) -> Iterator[tuple[EnrolmentWish, Course]]:
        """Rows whose course is there, with it."""
        return ((wish, course) for wish in wishes if (course := self._found[wish.line].course))

    def _course(self, wish: EnrolmentWish) -> Course | None:
        try:
            return self._courses.find(wish.course)
        except Unfit:
            return None  # `step` says why

    def _user(self, wish: EnrolmentWish) -> int:
        try:
            found = self._users.find(wish.user)
        except Unfit:
            return 0
        return found.id if found else 0

    def _methods_of(self, course: Course) -> Methods:
        if (told := course.told.get("enrollmentmethods")) is not None and course.id not in self._methods:
            return Methods(frozenset(map(str, told)))
        return self._methods.get(course.id, Methods())

    # What is done

    def step(self, wish: EnrolmentWish) -> Step:
        """What becomes of a row; whatever stands after it in the file will meet its people so."""
        return self._found[wish.line].settled or self._tried(wish, lambda: self._decide(wish))

    def _tried(self, wish: EnrolmentWish, decide: Callable[[], Change]) -> Step:
        try:
            change = decide()
        except Unfit as unfit:
            lacks = _LACKS.get(unfit.refusal.code, "")
            return Step(wish.line, Outcome.REJECTED, wish.subject, refusal=unfit.refusal, notes=wish.notes, lacks=lacks)
        notes = (*wish.notes, *dict.fromkeys(change.notes))
        return Step(wish.line, change.outcome, wish.subject, tuple(change.acts), notes=notes)

    def _decide(self, wish: EnrolmentWish) -> Change:
        course = at("cid", lambda: self._courses.one(wish.course))
        user = at("uid", lambda: self._users.one(wish.user)).id
        if self._memory.again(wish.subject):
            self._enrolments.keep(course.id, user)
            self._members.keep(course.id, user)
        return self._change(wish, course, user)

    def _change(self, wish: EnrolmentWish, course: Course, user: int, *, keep: bool = True) -> Change:
        """What a row changes; unless it is refused, or only tried, the rows that follow will meet it so."""
        pair: Pair = course.id, user
        part = self._enrolments.part(*pair)
        after = part.copy()
        change = self._parts.change(wish, pair, after, self._methods_of(course))
        about_groups = bool(wish.group_deed and wish.groups) or wish.group_deed.startswith("greplace")
        if about_groups and after.enrolled:
            self._grouping.change(wish, pair, change)
        elif about_groups and wish.deed != "del" and wish.group_deed != "gdel":
            cure = "Enrol the account too: fill the column enrol."
            raise Unfit("not-enrolled", "only who is enrolled can be in a group", "uid", wish.user, cure)
        if keep:
            part.become(after)
            if not after.enrolled:
                self._members.of(*pair).clear()
        return change


def _about_entering(wish: EnrolmentWish) -> bool:
    """Whether it matters to a row who may enter its course now."""
    return bool(wish.method and wish.times) or wish.deed in {"enable", "disable"}
