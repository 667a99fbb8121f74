"""The accounts that some rows name, as the rows so far will have left them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncd.core.model import Call, Site
from syncd.tools.lookups.cohorts import Cohort
from syncd.tools.lookups.enrolments import Part
from syncd.tools.lookups.users import CALL, COMPANION, CORE, STAND_IN
from syncd.tools.questions import Question
from syncd.tools.users.columns import FIELDS, NUMBERS, PHONES, PROFILE_FIELD, SHY, UNSEEN
from syncd.tools.users.profile import ProfileFields

IDENTITIES = ("id", "idnumber", "username", "email")

_ALWAYS = ("username", "idnumber", "email", "suspended")


@dataclass(slots=True, eq=False)
class Account:
    """An account as it will be; `id` is 0 while it is only to be made, by an earlier row of the file.

    `fields` has the columns of a users file for its keys; a field that is absent is empty, or not told. `subject` is
    that of the first row about it, `joined` holds the cohorts that rows of this file put it into, and `parts` the
    courses of one that is only to be made.
    """

    id: int
    fields: dict[str, str]
    suspended: bool = False
    deleted: bool = False
    subject: str = ""
    joined: set[Cohort] = field(default_factory=set)
    parts: dict[int, Part] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)

    @property
    def username(self) -> str:
        """The name to log in with."""
        return self.fields["username"]

    def value(self, column: str) -> str:
        """What it has in a column."""
        if column == "id":
            return str(self.id) if self.id else ""
        return self.fields.get(column, "")


class Accounts:
    """Accounts by what tells one from another; the site is asked for them once.

    `columns` are those that the file has: where the companion is, no others are asked for.
    """

    def __init__(
        self, site: Site, profile: ProfileFields, columns: Iterable[str] = (), remembered: Iterable[Account] = ()
    ) -> None:
        self._exact = site.has(COMPANION)
        self._profile = profile
        self._wanted = self._asked_fields(set(columns))
        self._told: set[str] = set()
        self._by: dict[tuple[str, str], list[Account]] = {}
        self._ids: set[int] = set()
        self._asked: set[tuple[str, str]] = set()
        for account in remembered:
            self.note(account)

    def _asked_fields(self, columns: set[str]) -> list[str]:
        custom = ["customfields"] if any(column.startswith(PROFILE_FIELD) for column in columns) else []
        return [*_ALWAYS, *sorted(columns & FIELDS.keys() - set(_ALWAYS)), *custom]

    def find(self, column: str, value: str) -> list[Account]:
        """The accounts that have exactly this value now; e-mail addresses are the same in any case, as for Moodle."""
        key = _folded(column, value)
        return [
            account
            for account in self._by.get((column, key), ())
            if not account.deleted and _folded(column, account.value(column)) == key
        ]

    def note(self, account: Account) -> None:
        """Let an account be found by what it is now; call it again after a change."""
        if account.id:
            self._ids.add(account.id)
        for column in IDENTITIES:
            if value := account.value(column):
                same = self._by.setdefault((column, _folded(column, value)), [])
                if account not in same:
                    same.append(account)

    def hidden(self, account: Account, column: str) -> bool:
        """Whether nobody knows what an account has in a column: the site does not tell."""
        if self._exact or not account.id or column in account.fields:
            return False
        return column in UNSEEN or (column in SHY and column not in self._told)

    def all_told(self, site_info: Mapping[str, Any]) -> None:
        """Take in who syncd is on the site: an administrator is told everything, others not."""
        if site_info.get("userissiteadmin"):
            self._told |= SHY

    def questions(self, wanted: Iterable[tuple[str, str]]) -> list[Question]:
        """The calls that look up accounts by some columns and values; what was asked before is not asked again."""
        values: dict[str, list[str]] = {}
        for column, value in dict.fromkeys(wanted):
            if value and (column, value) not in self._asked:
                self._asked.add((column, value))
                values.setdefault(column, []).append(value)
        return [
            (self._call(column, some[start : start + CALL]), self._take)
            for column, some in values.items()
            for start in range(0, len(some), CALL)
        ]

    def _call(self, column: str, values: Sequence[str]) -> Call:
        if self._exact:
            return Call(COMPANION, {"field": column, "values": values, "fields": self._wanted})
        return Call(CORE, {"field": column, "values": values})

    def _take(self, answer: Iterable[Mapping[str, Any]]) -> None:
        for user in answer:
            # An account that a row has changed already is not what the site still says of it; and a look-up by id
            # finds deleted accounts too.
            if user["id"] not in self._ids and not STAND_IN(str(user.get("email") or "")):
                self._told |= PHONES & user.keys()
                self.note(self._account(user))

    def _account(self, user: Mapping[str, Any]) -> Account:
        fields = {name: str(value) for name, value in user.items() if name in FIELDS and value is not None}
        for custom in user.get("customfields") or ():
            self._profile.see(custom)
            fields[PROFILE_FIELD + custom["shortname"]] = str(custom.get("value") or "")
        return Account(int(user["id"]), fields, suspended=bool(int(user.get("suspended") or 0)))


def item(fields: Mapping[str, str]) -> dict[str, Any]:
    """Fields as the parameters of Moodle's functions."""
    found: dict[str, Any] = {}
    custom: list[dict[str, str]] = []
    for column, value in fields.items():
        if column.startswith(PROFILE_FIELD):
            custom.append({"type": column.removeprefix(PROFILE_FIELD), "value": value})
        else:
            found[column] = int(value) if column in NUMBERS else value
    return found | {"customfields": custom} if custom else found


def _folded(column: str, value: str) -> str:
    return value.lower() if column == "email" else value
