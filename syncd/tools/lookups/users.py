"""The accounts that rows name by one of their identities."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from syncd.core.model import Call, Site
from syncd.tools.cells import Unfit
from syncd.tools.questions import Question, Remembered

UserIdentity = Literal["id", "idnumber", "username", "email"]

CORE = "core_user_get_users_by_field"
COMPANION = "local_syncd_get_users"
CALL = 500
"""How many values are asked for in one call: more only makes it longer."""

REMEMBERED = 50_000
"""How many values are remembered: without an end, memory would grow with the file."""

STAND_IN = re.compile(r"[0-9a-f]{32}").fullmatch
"""What stands in the place of a deleted account's e-mail address: the MD5 of its username."""

_FIELDS = ("username", "idnumber", "email", "suspended")


@dataclass(frozen=True, slots=True)
class User:
    """An account of the site; `told` is what else the site said of it, as far as that was wanted."""

    id: int
    username: str
    idnumber: str = ""
    email: str = ""
    suspended: bool = False
    told: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


class Users:
    """Accounts by one identity; one object serves a whole run.

    `also` names what else is to be told, in the words of the function that answers: core's, or the companion's.
    """

    def __init__(self, identity: UserIdentity, also: Sequence[str] = ()) -> None:
        self.identity = identity
        self._also = tuple(also)
        self._found: Remembered[User] = Remembered(REMEMBERED)

    def questions(self, site: Site, values: Iterable[str]) -> list[Question]:
        """The calls that look up the accounts of some values; what was asked lately is not asked again."""
        new = self._found.new(folded(self.identity, value) for value in values)
        return [(self._call(site, new[start : start + CALL]), self._take) for start in range(0, len(new), CALL)]

    def _call(self, site: Site, values: list[str]) -> Call:
        if site.has(COMPANION):
            return Call(COMPANION, {"field": self.identity, "values": values, "fields": [*_FIELDS, *self._also]})
        return Call(CORE, {"field": self.identity, "values": values})

    def _take(self, answer: Iterable[Mapping[str, Any]]) -> None:
        for told in answer:
            if STAND_IN(str(told.get("email") or "")):
                continue  # a look-up by id finds deleted accounts too
            user = User(
                int(told["id"]),
                str(told["username"]),
                str(told.get("idnumber") or ""),
                str(told.get("email") or ""),
                bool(told.get("suspended")),
                {key: told[key] for key in self._also if key in told},
            )
            # The site finds what its collation takes for the same; only what is the same to the letter counts here.
            self._found.note(folded(self.identity, str(getattr(user, self.identity))), user)

    def find(self, value: str) -> User | None:
        """The account that has this value; raises `Unfit` when several have."""
        found = self._found.get(folded(self.identity, value))
        if len(found) > 1:
            names = ", ".join(user.username for user in found)
            cure = "Correct the accounts in Moodle, so that one is left."
            raise Unfit("ambiguous", f"several accounts have this {self.identity}: {names}", value=value, cure=cure)
        return found[0] if found else None

    def one(self, value: str) -> User:
        """The account that has this value; raises `Unfit` (`user-missing`, `ambiguous`) unless there is just one."""
        if user := self.find(value):
            return user
        raise Unfit(
            "user-missing",
            f"the site has no account with this {self.identity}",
            value=value,
            cure="Correct the cell, or let the account be made first.",
        )


def folded(identity: UserIdentity, value: str) -> str:
    """A value of an identity as it is compared: what is the same for Moodle is the same text."""
    # Usernames are stored in small letters; e-mail addresses are the same in any case.
    return value.strip().lower() if identity in {"username", "email"} else value.strip()
