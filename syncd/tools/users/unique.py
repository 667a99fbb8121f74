"""Custom profile fields of which no two accounts may have one value: Moodle's web services do not look."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from syncd.core.model import Call, Site
from syncd.tools.base import Memory
from syncd.tools.cells import Unfit
from syncd.tools.lookups.users import CALL, COMPANION
from syncd.tools.questions import Question
from syncd.tools.users.columns import PROFILE_FIELD
from syncd.tools.users.profile import ProfileFields
from syncd.tools.users.wish import UserWish

REMEMBERED = 100_000
"""How many values of this file's rows are remembered: beyond, only the site's own accounts count."""

# Not a subject: those have a colon.
_KNOWN = "unique values"


class UniqueValues:
    """Who has which value of such a field, on the site and in the file so far; one object serves a whole run."""

    def __init__(self, profile: ProfileFields) -> None:
        self._profile = profile
        self._on_site: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self._in_file: dict[tuple[str, str], str] = {}

    @classmethod
    def of(cls, profile: ProfileFields, memory: Memory) -> "UniqueValues":
        """The one of this run."""
        known: UniqueValues = memory.known.setdefault(_KNOWN, cls(profile))
        return known

    def questions(self, site: Site, wishes: Iterable[UserWish]) -> list[Question]:
        """The calls that tell who has the values of some rows; those about other rows are forgotten."""
        self._on_site.clear()
        if not site.has(COMPANION):
            return []
        values: dict[str, dict[str, None]] = {}
        for wish in wishes:
            for column, cell in wish.custom.items():
                if cell and self._profile.unique(column):
                    values.setdefault(column, {})[cell] = None
        return [
            (Call(COMPANION, {"field": column, "values": part, "fields": ["username", "customfields"]}), self._take)
            for column, some in values.items()
            for part in _parts(list(some))
        ]

    def _take(self, answer: Iterable[Mapping[str, Any]]) -> None:
        for told in answer:
            for field in told.get("customfields") or ():
                key = PROFILE_FIELD + str(field["shortname"]), str(field.get("value") or "")
                self._on_site.setdefault(key, []).append((int(told["id"]), str(told["username"])))

    def check(self, wish: UserWish, custom: Mapping[str, str], account: int) -> None:
        """Raise `Unfit` for a value of a row that another account has, or that an earlier row gives to another."""
        for column, value in custom.items():
            if not value or not self._profile.unique(column):
                continue
            others = [username for number, username in self._on_site.get((column, value), ()) if number != account]
            if others:
                raise _taken(f"the account {others[0]} has this value, and no two may", column, value)
            if self._in_file.get((column, value), wish.subject) != wish.subject:
                raise _taken(
                    "an earlier row gives this value to another account, and no two may have it", column, value
                )

    def take(self, wish: UserWish) -> None:
        """A row was settled: its account will have its values."""
        for column in wish.custom:
            if (value := wish.fields.get(column)) and self._profile.unique(column):
                self._in_file[column, value] = wish.subject
                if len(self._in_file) > REMEMBERED:
                    self._in_file.pop(next(iter(self._in_file)))


def _taken(reason: str, column: str, value: str) -> Unfit:
    return Unfit("value-taken", reason, column, value, "Correct the value: the field is set to be unique in Moodle.")


def _parts(values: list[str]) -> Iterator[list[str]]:
    return (values[start : start + CALL] for start in range(0, len(values), CALL))
