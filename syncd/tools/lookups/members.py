"""Who is in which groups of a course."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from syncd.core.model import Call, Site
from syncd.tools.lookups.enrolments import Conversation, Pair
from syncd.tools.lookups.groups import Groups
from syncd.tools.questions import Question, ask

CORE = "core_group_get_group_members"
COMPANION = "local_syncd_get_group_members"

OURS = "local_syncd"
"""What a membership comes from that syncd made by the companion."""

Memberships = dict[str, str]
"""Keys of groups, each with what the membership comes from ("": from a person, or untold)."""

CALL = 500
"""How many people, or groups, are asked about in one call."""
ROUND = 20
"""How many calls are made at once: their answers are all held in memory."""
REMEMBERED = 200_000
"""How many memberships are remembered: without an end, memory would grow with the file."""


class Members:
    """The groups of people in courses; one object serves a whole run.

    Memberships are changed in place as rows are planned. `begin` forgets them, so that memory stays flat; those that
    will be met again in the run must be kept (`keep`).
    """

    def __init__(self, site: Site, groups: Groups) -> None:
        self.exact = site.has(COMPANION)
        """Whether the site tells what a membership comes from."""
        self._groups = groups
        self._of: dict[Pair, Memberships] = {}
        self._kept: dict[Pair, Memberships] = {}
        # What core told of whole courses.
        self._courses: dict[int, dict[int, list[str]]] = {}

    def begin(self) -> None:
        """Other rows come: forget the memberships of those so far, but for what was kept."""
        self._of.clear()

    def of(self, course: int, user: int) -> Memberships:
        """The groups of a course that somebody is in."""
        pair = course, user
        found = self._kept.get(pair)
        return found if found is not None else self._of.setdefault(pair, {})

    def keep(self, course: int, user: int) -> None:
        """Remember somebody's groups in a course, with what rows change in them, to the end of the run."""
        self._kept.setdefault((course, user), self.of(course, user))

    def learn(self, pairs: Iterable[Pair]) -> Conversation:
        """Ask which groups some people are in, in courses whose groups are known."""
        wanted = [pair for pair in dict.fromkeys(pairs) if pair not in self._kept and pair not in self._of]
        if self.exact:
            calls = (wanted[start : start + CALL] for start in range(0, len(wanted), CALL))
            yield from ask([self._exactly(call) for call in calls])
            return
        courses = dict.fromkeys(course for course, _ in wanted)
        yield from self._read([course for course in courses if course not in self._courses])
        for course, user in wanted:
            self._of[course, user] = dict.fromkeys(self._courses[course].get(user, ()), "")
        self._forget()

    def _read(self, courses: Iterable[int]) -> Conversation:
        """Ask core for every member of every group of some courses."""
        groups: list[tuple[int, int]] = []
        for course in courses:
            self._courses[course] = {}
            groups += [(group.id, course) for group in self._groups.of(course) if group.id]
        for start in range(0, len(groups), CALL * ROUND):
            yield from ask(list(self._questions(groups[start : start + CALL * ROUND])))

    def _questions(self, groups: Sequence[tuple[int, int]]) -> Iterator[Question]:
        courses = dict(groups)

        def take(answer: Iterable[Mapping[str, Any]]) -> None:
            for told in answer:
                group = int(told["groupid"])
                for user in told["userids"]:
                    self._courses[courses[group]].setdefault(int(user), []).append(f"group {group}")

        ids = list(courses)
        return ((Call(CORE, {"groupids": ids[start : start + CALL]}), take) for start in range(0, len(ids), CALL))

    def _forget(self) -> None:
        known = sum(map(len, self._courses.values()))
        for course in list(self._courses):
            if known <= REMEMBERED:
                return
            known -= len(self._courses.pop(course))

    def _exactly(self, pairs: Sequence[Pair]) -> Question:
        asked = frozenset(pairs)
        about = {"courseids": sorted({course for course, _ in asked}), "userids": sorted({user for _, user in asked})}

        def take(answer: Iterable[Mapping[str, Any]]) -> None:
            for told in answer:
                if (pair := (int(told["courseid"]), int(told["userid"]))) in asked:
                    self.of(*pair)[f"group {int(told['groupid'])}"] = str(told["component"] or "")

        for pair in pairs:
            self._of.setdefault(pair, {})
        return Call(COMPANION, about), take
