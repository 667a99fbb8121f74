"""Who is in the site's cohorts, in memory that does not grow with them."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from syncd.core.model import Call, Site
from syncd.tools.questions import Question

CORE = "core_cohort_get_cohort_members"
COMPANION = "local_syncd_get_cohort_members"

REMEMBERED = 4_000_000
"""How many memberships of whole cohorts are remembered: 32 MB."""

CALL = 20
"""Cohorts all of whose members are asked for in one call."""

PAIRS = 2_000
"""Cohorts and accounts that are asked about in one call: the companion takes 5,000 values."""


class Memberships:
    """Which accounts are in which cohorts; one object serves a whole run."""

    def __init__(self) -> None:
        self._whole: dict[int, array[int]] = {}
        self._pairs: dict[tuple[int, int], bool] = {}

    def questions(self, site: Site, pairs: Iterable[tuple[int, int]], whole: Iterable[int]) -> list[Question]:
        """The calls that tell whether some accounts are in some cohorts, and who is in whole ones.

        What was told of pairs before is forgotten: they are asked for just before they are used.
        """
        self._pairs = dict.fromkeys(pairs, False)
        core = not site.has(COMPANION)
        wanted = dict.fromkeys([*whole, *(cohort for cohort, _ in self._pairs if core)])
        self._forget(wanted)
        entire = [cohort for cohort in wanted if cohort not in self._whole]
        parts = [entire[start : start + CALL] for start in range(0, len(entire), CALL)]
        function, take = (CORE, self._take_core) if core else (COMPANION, self._take)
        asked: list[Question] = [(Call(function, {"cohortids": part}), take) for part in parts]
        if core:
            return asked
        some = [pair for pair in self._pairs if pair[0] not in self._whole]
        return [*asked, *(self._among(some[start : start + PAIRS]) for start in range(0, len(some), PAIRS))]

    def _among(self, pairs: Sequence[tuple[int, int]]) -> Question:
        cohorts, users = (list(dict.fromkeys(side)) for side in zip(*pairs, strict=True))
        return Call(COMPANION, {"cohortids": cohorts, "userids": users}), self._take_pairs

    def _forget(self, wanted: Mapping[int, None]) -> None:
        size = sum(map(len, self._whole.values()))
        for cohort in list(self._whole):
            if size <= REMEMBERED:
                return
            if cohort not in wanted:
                size -= len(self._whole.pop(cohort))

    def _take_core(self, answer: Iterable[Mapping[str, Any]]) -> None:
        for told in answer:
            self._whole[int(told["cohortid"])] = array("q", sorted(map(int, told["userids"])))

    def _take(self, answer: Sequence[Mapping[str, Any]]) -> None:
        by_cohort: dict[int, list[int]] = {}
        for told in answer:
            by_cohort.setdefault(int(told["cohortid"]), []).append(int(told["userid"]))
        for cohort, users in by_cohort.items():
            self._whole[cohort] = array("q", sorted(users))

    def _take_pairs(self, answer: Iterable[Mapping[str, Any]]) -> None:
        for told in answer:
            pair = int(told["cohortid"]), int(told["userid"])
            if pair in self._pairs:
                self._pairs[pair] = True

    def has(self, cohort: int, user: int) -> bool:
        """Whether an account is in a cohort; both were asked about."""
        users = self._whole.get(cohort)
        if users is None:
            return self._pairs.get((cohort, user), False)
        place = bisect_left(users, user)
        return place < len(users) and users[place] == user

    def all(self, cohort: int) -> Iterable[int]:
        """The accounts in a cohort that was asked about as a whole."""
        return self._whole.get(cohort, ())
