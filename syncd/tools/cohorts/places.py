"""Where cohorts are, and where they are to be: the whole site, or a category."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any

from syncd.core.model import Call
from syncd.tools.cells import Unfit
from syncd.tools.cohorts.wish import SYSTEM_PLACE, Place
from syncd.tools.lookups.named_cohorts import SYSTEM
from syncd.tools.questions import Question, ask

CATEGORIES = "core_course_get_categories"
SEARCH = "core_cohort_search_cohorts"

_ALL = 1_000_000
_COLUMNS = {"id": "ccatcontext", "idnumber": "ccatcontextidnumber"}


class Places:
    """The categories that rows name, and what the search tells of where cohorts are; one object serves a whole run."""

    def __init__(self) -> None:
        self._found: dict[Place, int | None] = {SYSTEM_PLACE: SYSTEM}
        self._searched: set[int] = set()
        self._where: dict[int, int] = {}
        self._every: list[int] = []

    def questions(self, places: Iterable[Place]) -> list[Question]:
        """The calls that look up categories; each is asked for once."""
        new = [place for place in dict.fromkeys(places) if place not in self._found]
        return [self._question(place) for place in new]

    def _question(self, place: Place) -> Question:
        self._found[place] = None

        def take(answer: Iterable[Mapping[str, Any]]) -> None:
            for told in answer:
                # The site finds what its collation takes for the same; only what is the same to the letter counts.
                if str(told.get(place.by) or "") == place.value:
                    self._found[place] = int(told["id"])

        criteria = [{"key": place.by, "value": place.value}]
        return Call(CATEGORIES, {"criteria": criteria, "addsubcategories": 0}), take

    def one(self, place: Place) -> int:
        """The category that a row names, 0 for the whole site; raises `Unfit` (`category-missing`)."""
        if (category := self._found[place]) is None:
            raise Unfit(
                "category-missing",
                f"the site has no category with this {place.by}",
                _COLUMNS[place.by],
                place.value,
                "Correct the cell, or let the category be made first.",
            )
        return category

    def where(self, cohort: int) -> int:
        """Where a cohort is that was looked for; the whole site when no search told of it."""
        return self._where.get(cohort, SYSTEM)

    def locate(self, cohorts: Iterable[int], near: Iterable[Place]) -> Generator[Sequence[Call], Sequence[Any], None]:
        """Find out where some cohorts are, as a part of a plan's conversation.

        Core's functions tell it of no cohort: the whole site is searched first, with the categories that rows name,
        and then, if there is no other way, every category.
        """
        wanted = set(cohorts)
        named = [category for place in near if (category := self._found[place]) is not None]
        if wanted - self._where.keys():
            yield from ask(self._searches([SYSTEM, *named]))
        if wanted - self._where.keys():
            yield from ask([(Call(CATEGORIES, {"criteria": []}), self._take_categories)] if not self._every else [])
            yield from ask(self._searches(self._every))

    def _take_categories(self, answer: Iterable[Mapping[str, Any]]) -> None:
        self._every = [int(told["id"]) for told in answer]

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
