"""The accounts that some rows name, as the rows so far will have left them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from syncd.core.model import Call
from syncd.tools.lookups.cohorts import Cohort
from syncd.tools.questions import Question
from syncd.tools.users.columns import FIELDS, PROFILE_FIELD

IDENTITIES = ("idnumber", "username", "email")
CALL = 500
"""How many values are asked for in one call: more only makes it longer."""


@dataclass(slots=True, eq=False)
class Account:
    """An account as it will be; `id` is 0 while it is only to be made, by an earlier row of the file.

    `fields` has the columns of a users file for its keys; a field that is absent is empty. `subject` is that of the
    first row about it, and `joined` holds the cohorts that rows of this file put it into.
    """

    id: int
    fields: dict[str, str]
    suspended: bool = False
    deleted: bool = False
    subject: str = ""
    joined: set[Cohort] = field(default_factory=set)

    @property
    def username(self) -> str:
        """The name to log in with."""
        return self.fields["username"]


class Accounts:
    """Accounts by what tells one from another; the site is asked for them once."""

    def __init__(self, remembered: Iterable[Account] = ()) -> None:
        self._by: dict[tuple[str, str], list[Account]] = {}
        self._ids: set[int] = set()
        self._asked: set[tuple[str, str]] = set()
        for account in remembered:
            self.note(account)

    def find(self, column: str, value: str) -> list[Account]:
        """The accounts that have exactly this value now; e-mail addresses are the same in any case, as for Moodle."""
        key = _folded(column, value)
        return [
            account
            for account in self._by.get((column, key), ())
            if not account.deleted and _folded(column, account.fields.get(column, "")) == key
        ]

    def note(self, account: Account) -> None:
        """Let an account be found by what it is now; call it again after a change."""
        self._ids.add(account.id)
        for column in IDENTITIES:
            if value := account.fields.get(column):
                same = self._by.setdefault((column, _folded(column, value)), [])
                if account not in same:
                    same.append(account)

    def questions(self, wanted: Iterable[tuple[str, str]]) -> list[Question]:
        """The calls that look up accounts by some columns and values; what was asked before is not asked again."""
        values: dict[str, list[str]] = {}
        for column, value in dict.fromkeys(wanted):
            if value and (column, value) not in self._asked:
                self._asked.add((column, value))
                values.setdefault(column, []).append(value)
        return [
            (Call("core_user_get_users_by_field", {"field": column, "values": some[start : start + CALL]}), self._take)
            for column, some in values.items()
            for start in range(0, len(some), CALL)
        ]

    def _take(self, answer: Iterable[Mapping[str, Any]]) -> None:
        for user in answer:
            # An account that a row has changed already is not what the site still says of it.
            if user["id"] not in self._ids:
                self.note(_account(user))


def _account(user: Mapping[str, Any]) -> Account:
    fields = {name: str(value) for name, value in user.items() if name in FIELDS and value is not None}
    for custom in user.get("customfields") or ():
        fields[PROFILE_FIELD + custom["shortname"]] = str(custom.get("value") or "")
    return Account(user["id"], fields, suspended=bool(user.get("suspended")))


def _folded(column: str, value: str) -> str:
    return value.lower() if column == "email" else value
