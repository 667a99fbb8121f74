"""The cohorts that rows name by one of their identities, wherever on the site they are."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from syncd.core.model import Call, Site
from syncd.tools.cells import Unfit
from syncd.tools.questions import Question

CohortIdentity = Literal["id", "idnumber", "name"]

CORE = "core_cohort_get_cohorts"
COMPANION = "local_syncd_get_cohorts"
CALL = 500
"""How many values are asked for in one call of the companion; core's function tells of all cohorts at once."""

SYSTEM = 0
"""In the place of a category: the whole site."""


@dataclass(frozen=True, slots=True)
class NamedCohort:
    """A cohort of the site; `category` is where it is, None where the site does not say."""

    id: int
    name: str
    idnumber: str
    description: str = ""
    descriptionformat: int = 1
    category: int | None = None


class NamedCohorts:
    """Cohorts by one identity; one object serves a whole run."""

    def __init__(self, identity: CohortIdentity) -> None:
        self.identity = identity
        self._asked: set[tuple[str, str]] = set()
        self._by: dict[tuple[str, str], dict[int, NamedCohort]] = {}

    def questions(self, site: Site, values: Iterable[str], column: CohortIdentity | None = None) -> list[Question]:
        """The calls that look up the cohorts of some values, of the identity or another column; each is asked once."""
        column = column or self.identity
        new = [value for value in dict.fromkeys(values) if value and (column, value) not in self._asked]
        if not new:
            return []
        if site.has(COMPANION):
            self._asked.update((column, value) for value in new)
            parts = [new[start : start + CALL] for start in range(0, len(new), CALL)]
            return [
                (Call(COMPANION, {"field": column, "values": part, "members": False}), self._take) for part in parts
            ]
        if ("", "") in self._asked:
            return []
        self._asked.add(("", ""))
        return [(Call(CORE, {"cohortids": []}), self._take)]

    def _take(self, answer: Iterable[Mapping[str, Any]]) -> None:
        for told in answer:
            category = told.get("categoryid")
            cohort = NamedCohort(
                int(told["id"]),
                str(told["name"]),
                str(told.get("idnumber") or ""),
                str(told.get("description") or ""),
                int(told.get("descriptionformat", 1)),
                int(category) if category is not None else None,
            )
            for column in ("id", "idnumber", "name"):
                self._by.setdefault((column, folded(str(getattr(cohort, column)))), {})[cohort.id] = cohort

    def like(self, column: CohortIdentity, value: str) -> list[NamedCohort]:
        """The cohorts whose value the site's database takes for the same."""
        return list(self._by.get((column, folded(value)), {}).values())

    def find(self, value: str) -> NamedCohort | None:
        """The cohort that has this value, to the letter; raises `Unfit` when several have."""
        found = [cohort for cohort in self.like(self.identity, value) if str(getattr(cohort, self.identity)) == value]
        if len(found) > 1:
            known = ", ".join(cohort.idnumber or f"number {cohort.id}" for cohort in found)
            cure = "Correct the cohorts in Moodle, so that one is left."
            raise Unfit("ambiguous", f"several cohorts have this {self.identity}: {known}", value=value, cure=cure)
        return found[0] if found else None

    def one(self, value: str) -> NamedCohort:
        """The cohort that has this value; raises `Unfit` (`cohort-missing`, `ambiguous`) unless there is just one."""
        if cohort := self.find(value):
            return cohort
        raise Unfit(
            "cohort-missing",
            f"the site has no cohort with this {self.identity}",
            value=value,
            cure="Correct the cell, or let the cohort be made first.",
        )


def folded(value: str) -> str:
    """What two texts have in common when Moodle's database takes them for the same: not case, accents, last blanks."""
    if not value.isascii():
        decomposed = unicodedata.normalize("NFKD", value.casefold())
        value = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return value.lower().rstrip(" ")
