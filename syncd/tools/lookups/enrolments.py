"""Who is enrolled in which course, by which method, and with which roles."""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from syncd.core.model import Call, Site
from syncd.tools.lookups.roles import Roles
from syncd.tools.lookups.users import UserIdentity, folded
from syncd.tools.questions import Question, ask

CORE = "core_enrol_get_enrolled_users"
PROFILES = "core_user_get_course_user_profiles"
ENROLMENTS = "local_syncd_get_enrolments"
ASSIGNMENTS = "local_syncd_get_role_assignments"

UNTOLD = ""
"""The method of an enrolment of which the site only tells that it is there."""
BY_HAND = ""
"""What gave a role that a person, or a web service, assigned."""

CALL = 500
"""How many people are asked about in one call."""
PAGE = 500
"""How many people of a course are told of in one call: a course may have tens of thousands."""
ROUND = 100
"""How many pages are asked for at once: their answers are all held in memory."""
REMEMBERED = 100_000
"""How many people in courses are remembered: without an end, memory would grow with the file."""

Pair = tuple[int, int]
"""A course and a user, by their ids."""
Conversation = Generator[Sequence[Call], Sequence[Any], None]


@dataclass(slots=True, eq=False)
class Enrolment:
    """One enrolment by one method; None: the site does not tell. Moments are in seconds since 1970, 0 for none."""

    suspended: bool | None = None
    start: int | None = None
    end: int | None = None


@dataclass(slots=True, eq=False)
class Part:
    """The part that a person has in a course: enrolments by method, and roles, each with what gave it.

    Core's functions tell neither methods nor what gave a role: they are `UNTOLD` and `BY_HAND` then. When asked for it
    they do tell whether somebody may enter the course now (`active`; None: not asked).
    """

    methods: dict[str, Enrolment] = field(default_factory=dict)
    roles: dict[int, set[str]] = field(default_factory=dict)
    active: bool | None = None

    def copy(self) -> "Part":
        """The same part, to be changed without this one."""
        methods = {method: replace(enrolment) for method, enrolment in self.methods.items()}
        return Part(methods, {role: set(sources) for role, sources in self.roles.items()}, self.active)

    def become(self, other: "Part") -> None:
        """Be as another part is."""
        self.methods, self.roles, self.active = other.methods, other.roles, other.active

    @property
    def enrolled(self) -> bool:
        """Whether there is an enrolment by any method; a role alone is none."""
        return bool(self.methods)

    def by(self, method: str) -> Enrolment | None:
        """The enrolment by a method; one that is untold may be by any."""
        return self.methods.get(method) or self.methods.get(UNTOLD)


class Enrolments:
    """Who has which part in which course; one object serves a whole run.

    Parts are changed in place as rows are planned. `begin` forgets them, so that memory stays flat; a part that will be
    met again in the run must be kept (`keep`).
    """

    def __init__(self, site: Site, roles: Roles, identity: UserIdentity = "id") -> None:
        self.exact = site.has(ENROLMENTS) and site.has(ASSIGNMENTS)
        """Whether the site tells methods, dates and what gave a role."""
        self._roles = roles
        self._identity = identity
        # Each field costs: with the e-mail address an answer takes twice as long.
        self._fields = ({"name": "userfields", "value": ",".join(dict.fromkeys(("id", identity, "roles")))},)
        self._parts: dict[Pair, Part] = {}
        self._kept: dict[Pair, Part] = {}
        # What core told of whole courses: who is there with which roles, their names, and who may not enter now.
        self._people: dict[int, dict[int, tuple[int, ...]]] = {}
        self._names: dict[int, dict[str, int]] = {}
        self._kept_out: dict[int, set[int]] = {}

    def begin(self) -> None:
        """Other rows come: forget the parts of those so far, but for what was kept."""
        self._parts.clear()

    def part(self, course: int, user: int) -> Part:
        """What part somebody has in a course: an empty one if none is known."""
        pair = course, user
        return self._kept.get(pair) or self._parts.setdefault(pair, Part())

    def keep(self, course: int, user: int) -> None:
        """Remember somebody's part in a course, with what rows change in it, to the end of the run."""
        self._kept.setdefault((course, user), self.part(course, user))

    def learn(self, pairs: Iterable[Pair], *, active: bool = False, roles_alone: Collection[Pair] = ()) -> Conversation:
        """Ask what part some people have in some courses.

        Core tells only of whole courses. With `active` it is asked, too, who may enter now; and those of `roles_alone`
        who are not enrolled are asked about one by one, for their roles.
        """
        wanted = [pair for pair in dict.fromkeys(pairs) if pair not in self._kept and pair not in self._parts]
        if self.exact:
            calls = (wanted[start : start + CALL] for start in range(0, len(wanted), CALL))
            yield from ask([question for call in calls for question in self._exactly(call)])
            return
        by_course: dict[int, list[int]] = {}
        for course, user in wanted:
            by_course.setdefault(course, []).append(user)
        yield from self._read(list(by_course), lambda course: by_course[course], active)
        alone = [pair for pair in wanted if pair in roles_alone and not self.part(*pair).enrolled]
        yield from ask([self._profiles(call) for call in _without_repeats(alone)])

    def learn_named(self, pairs: Iterable[tuple[int, str]], *, active: bool = False) -> Conversation:
        """Ask who is in some courses, where that tells who somebody is: by course and value of the identity.

        It tells of most people whom an unchanged file names, and finding accounts is dear. Where the companion is it is
        not, and nothing is asked.
        """
        if self.exact:
            return
        by_course: dict[int, list[str]] = {}
        for course, value in dict.fromkeys(pairs):
            by_course.setdefault(course, []).append(value)

        def found(course: int) -> Iterator[int]:
            return (user for value in by_course[course] if (user := self.named(course, value)))

        yield from self._read(list(by_course), found, active)

    def named(self, course: int, value: str) -> int | None:
        """Somebody enrolled in a course, by the identity; None: not seen there, which proves nothing."""
        return self._names.get(course, {}).get(folded(self._identity, value))

    def _read(self, courses: list[int], wanted: Callable[[int], Iterable[int]], active: bool) -> Conversation:
        """Ask core for those courses that are not known, and take from all of them the parts of the wanted people."""
        for start in range(0, len(courses), ROUND):
            some = courses[start : start + ROUND]
            yield from _pages(
                [course for course in some if course not in self._people], self._fields, self._take_people
            )
            if active:
                unknown = [course for course in some if course not in self._kept_out]
                yield from _pages(unknown, _KEPT_OUT, self._take_kept_out)
            for course in some:
                for user in wanted(course):
                    self._parts.setdefault((course, user), self._told_of(course, user))
            self._forget()

    def _take_people(self, course: int, people: Iterable[Mapping[str, Any]]) -> None:
        here = self._people.setdefault(course, {})
        names = self._names.setdefault(course, {})
        for person in people:
            user, roles = int(person["id"]), person.get("roles", ())
            self._roles.seen(roles)
            here[user] = tuple(int(role["roleid"]) for role in roles)
            if value := str(person.get(self._identity) or ""):
                names[folded(self._identity, value)] = user

    def _take_kept_out(self, course: int, people: Iterable[Mapping[str, Any]]) -> None:
        self._kept_out.setdefault(course, set()).update(int(person["id"]) for person in people)

    def _told_of(self, course: int, user: int) -> Part:
        roles = self._people[course].get(user)
        if roles is None:
            return Part()
        kept_out = self._kept_out.get(course)
        active = None if kept_out is None else user not in kept_out
        return Part({UNTOLD: Enrolment()}, {role: {BY_HAND} for role in roles}, active)

    def _forget(self) -> None:
        known = sum(map(len, self._people.values()))
        for course in list(self._people):
            if known <= REMEMBERED:
                return
            known -= len(self._people.pop(course))
            self._names.pop(course, None)
            self._kept_out.pop(course, None)

    def _exactly(self, pairs: Sequence[Pair]) -> Iterator[Question]:
        asked = frozenset(pairs)
        about = {"courseids": sorted({course for course, _ in asked}), "userids": sorted({user for _, user in asked})}

        def parts(answer: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Part, Mapping[str, Any]]]:
            for told in answer:
                if (pair := (int(told["courseid"]), int(told["userid"]))) in asked:
                    yield self.part(*pair), told

        def enrolments(answer: Iterable[Mapping[str, Any]]) -> None:
            for part, told in parts(answer):
                found = Enrolment(bool(int(told["status"])), int(told["timestart"]), int(told["timeend"]))
                # Of several by one method, the first is the one that is acted on.
                part.methods.setdefault(str(told["enrol"]), found)

        def assignments(answer: Iterable[Mapping[str, Any]]) -> None:
            for part, told in parts(answer):
                part.roles.setdefault(int(told["roleid"]), set()).add(str(told["component"]))

        yield Call(ENROLMENTS, about), enrolments
        yield Call(ASSIGNMENTS, about), assignments

    def _profiles(self, pairs: Sequence[Pair]) -> Question:
        courses = {user: course for course, user in pairs}

        def take(answer: Iterable[Mapping[str, Any]]) -> None:
            for person in answer:
                user, roles = int(person["id"]), person.get("roles", ())
                self._roles.seen(roles)
                self.part(courses[user], user).roles = {int(role["roleid"]): {BY_HAND} for role in roles}

        return Call(PROFILES, {"userlist": [{"userid": user, "courseid": course} for course, user in pairs]}), take


# Those who may not enter are few: it is cheaper than to ask who may.
_KEPT_OUT = ({"name": "userfields", "value": "id"}, {"name": "onlysuspended", "value": "1"})


def _pages(
    courses: Sequence[int], options: Sequence[Mapping[str, str]], take: Callable[[int, list[dict[str, Any]]], None]
) -> Conversation:
    """Ask for the people of some courses, page by page."""
    start = 0
    while courses:
        more: list[int] = []
        yield from ask([_page(course, options, start, take, more) for course in courses])
        courses, start = more, start + PAGE


def _page(
    course: int,
    options: Sequence[Mapping[str, str]],
    start: int,
    take: Callable[[int, list[dict[str, Any]]], None],
    more: list[int],
) -> Question:
    def taken(people: list[dict[str, Any]]) -> None:
        take(course, people)
        # Not "full": somebody whom syncd may not see is left out of a page.
        if len(people) > PAGE // 2:
            more.append(course)

    limits = ({"name": "limitfrom", "value": str(start)}, {"name": "limitnumber", "value": str(PAGE)})
    return Call(CORE, {"courseid": course, "options": [*options, *limits]}), taken


def _without_repeats(pairs: Iterable[Pair]) -> list[list[Pair]]:
    """Pairs for calls in none of which a user stands twice: the function would tell of the last one alone."""
    calls: list[list[Pair]] = []
    met: dict[int, int] = {}
    for course, user in pairs:
        number = met.get(user, 0)
        while number < len(calls) and len(calls[number]) >= CALL:
            number += 1
        if number == len(calls):
            calls.append([])
        calls[number].append((course, user))
        met[user] = number + 1
    return calls
