"""The cohorts that rows name, as the rows so far will have left them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.core.model import Act, Call, Site
from syncd.tools.cells import Unfit
from syncd.tools.lookups.memberships import Memberships
from syncd.tools.questions import Question

LOOK_UP = "core_cohort_get_cohorts"
SEARCH = "core_cohort_search_cohorts"
CREATE = "core_cohort_create_cohorts"
ADD = "core_cohort_add_cohort_members"

NAME_LENGTH = 254
IDNUMBER_LENGTH = 100

_ALL = 1_000_000


@dataclass(slots=True, eq=False)
class Cohort:
    """A cohort; `id` is 0 while it is only to be made."""

    id: int
    name: str
    idnumber: str


class Cohorts:
    """The site's cohorts, asked for once in a run and only when a row names one."""

    def __init__(self) -> None:
        self._asked = False
        self._by_idnumber: dict[str, Cohort] = {}
        self._by_name: dict[str, list[Cohort]] = {}
        self._members = Memberships()

    def questions(self) -> list[Question]:
        """What must be asked before cohorts can be found.

        An idnumber is unique on the whole site. Names are not, and those that count are the system's own: only the
        search tells them from the categories'.
        """
        if self._asked:
            return []
        self._asked = True
        system = {"contextlevel": "system", "instanceid": 0}
        search = {"query": "", "context": system, "includes": "self", "limitfrom": 0, "limitnum": _ALL}
        return [
            (Call(LOOK_UP, {"cohortids": []}), self._take_idnumbers),
            (Call(SEARCH, search), self._take_names),
        ]

    def member_questions(self, site: Site, joining: Iterable[tuple[str, str, int]]) -> list[Question]:
        """What must be asked before it is known whether accounts are in cohorts of these names and idnumbers."""
        pairs = [
            (cohort.id, account)
            for name, idnumber, account in joining
            for cohort in self._found(name, idnumber)
            if cohort.id
        ]
        return self._members.questions(site, pairs, ())

    def has(self, cohort: Cohort, account: int) -> bool:
        """Whether an account is in a cohort, as far as the site says; it was asked about."""
        return bool(cohort.id) and self._members.has(cohort.id, account)

    def wanted(self, name: str, idnumber: str, *, create: bool) -> Cohort | None:
        """The cohort that a row names, by its idnumber or else by its exact name; a new one where `create` allows it.

        A new cohort whose row gives no idnumber gets its name as idnumber: members are added by nothing else that
        is known beforehand. Raises `Unfit` when there is none, or more than one.
        """
        if not name and not idnumber:
            return None
        found = self._found(name, idnumber)
        if len(found) > 1:
            raise Unfit(
                "ambiguous", "several cohorts have this name", "cohort", name, "Name it by its idnumber, in cohortid."
            )
        if found:
            return found[0]
        column, value = ("cohort", name) if name else ("cohortid", idnumber)
        if not create:
            raise Unfit("cohort-missing", "the site has no such cohort", column, value, "Make the cohort in Moodle.")
        new = Cohort(0, name or idnumber, idnumber or name)
        if len(new.idnumber) > IDNUMBER_LENGTH or new.idnumber in self._by_idnumber:
            raise Unfit(
                "cohort-missing",
                "the site has no cohort of this name, and the name can't serve as the idnumber of a new one",
                column,
                value,
                "Give the cohort's idnumber, in cohortid.",
            )
        return new

    def joining(self, username: str, cohort: Cohort) -> tuple[tuple[Act, ...], tuple[Act, ...]]:
        """The acts that make a new cohort, once for all rows, and those that put an account into it."""
        making: tuple[Act, ...] = ()
        if not cohort.id and self._by_idnumber.get(cohort.idnumber) is not cohort:
            self._add_idnumber(cohort)
            self._add_name(cohort)
            system = {"type": "system", "value": ""}
            item = {"categorytype": system, "name": cohort.name, "idnumber": cohort.idnumber}
            making = (Act(CREATE, item, gives=f"cohort {cohort.idnumber}"),)
        member = {
            "cohorttype": {"type": "id", "value": str(cohort.id) if cohort.id else ""},
            "usertype": {"type": "username", "value": username},
        }
        takes = {} if cohort.id else {"cohorttype.value": f"cohort {cohort.idnumber}"}
        return making, (Act(ADD, member, takes=takes),)

    def _found(self, name: str, idnumber: str) -> Sequence[Cohort]:
        if idnumber and (cohort := self._by_idnumber.get(idnumber)):
            return (cohort,)
        return self._by_name.get(name, ()) if name else ()

    def _take_idnumbers(self, answer: Iterable[Mapping[str, Any]]) -> None:
        for entry in answer:
            self._add_idnumber(_cohort(entry))

    def _take_names(self, answer: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        for entry in answer["cohorts"]:
            cohort = _cohort(entry)
            self._add_name(self._by_idnumber.get(cohort.idnumber, cohort))

    def _add_idnumber(self, cohort: Cohort) -> None:
        if cohort.idnumber:
            self._by_idnumber.setdefault(cohort.idnumber, cohort)

    def _add_name(self, cohort: Cohort) -> None:
        self._by_name.setdefault(cohort.name, []).append(cohort)


def _cohort(entry: Mapping[str, Any]) -> Cohort:
    return Cohort(entry["id"], entry["name"], entry.get("idnumber") or "")
