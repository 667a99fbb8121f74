"""Where cohorts are, and where they are to be: the whole site, or a category."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from syncd.core.model import Call
from syncd.tools.cells import Unfit
from syncd.tools.cohorts.wish import Place
from syncd.tools.lookups.categories import Categories
from syncd.tools.lookups.named_cohorts import SYSTEM
from syncd.tools.questions import Question, ask

SEARCH = "core_cohort_search_cohorts"

_ALL = 1_000_000
_COLUMNS = {"id": "ccatcontext", "idnumber": "ccatcontextidnumber"}


class Places:
    """The categories that rows name, and what searches tell of where cohorts are; one object serves a whole run."""

    def __init__(self) -> None:
        self._categories = Categories()
        self._searched: set[int] = set()
        self._where: dict[int, int] = {}

    def questions(self, places: Iterable[Place]) -> list[Question]:
        """What must be asked before these places can be found."""
        return self._categories.questions() if any(place.by != "system" for place in places) else []

    def one(self, place: Place) -> int:
        """The category that a row names, 0 for the whole site; raises `Unfit` (`category-missing`)."""
        try:
            match place.by:
                case "system":
                    return SYSTEM
                case "id":
                    return self._categories.by_id(place.value).id
                case "idnumber":
                    return self._categories.by_idnumber(place.value).id
        except Unfit as unfit:
            unfit.refusal = replace(unfit.refusal, column=_COLUMNS[place.by])
            raise

    def where(self, cohort: int) -> int | None:
        """Where a cohort is that was looked for; None when no search told of it."""
        return self._where.get(cohort)

    def locate(self, cohorts: Iterable[int], near: Iterable[Place]) -> Generator[Sequence[Call], Sequence[Any], None]:
        """Find out where some cohorts are, as a part of a plan's conversation.

        Core's functions tell it of no cohort: the whole site is searched first, with the categories that rows name,
        and then, if there is no other way, every category.
        """
        wanted = set(cohorts)
        named = [category for place in near if (category := self._perhaps(place))]
        if wanted - self._where.keys():
            yield from ask(self._searches([SYSTEM, *named]))
        if wanted - self._where.keys():
            yield from ask(self._categories.questions())
            yield from ask(self._searches(category.id for category in self._categories.top.all_below()))

    def _perhaps(self, place: Place) -> int:
        try:
            return self.one(place)
        except Unfit:
            return SYSTEM

    def _searches(self, categories: Iterable[int]) -> list[Question]:
        new = [category for category in dict.fromkeys(categories) if category not in self._searched]
        self._searched.update(new)
        return [self._search(category) for category in new]

    def _search(self, category: int) -> Question:
        def take(answer: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
            for told in answer["cohorts"]:
                self._where[int(told["id"])] = category

        context = {"contextlevel": "coursecat" if category else "system", "instanceid": category}
        search = {"query": "", "context": context, "includes": "self", "limitfrom": 0, "limitnum": _ALL}
        return Call(SEARCH, search), take
