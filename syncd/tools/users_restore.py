"""The kind `users-restore`: every account that the file names is open again, also, if allowed, one that was deleted."""

import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import md5
from typing import Any, ClassVar

from syncd.core.guard import Limit, Share
from syncd.core.model import Act, Call, Outcome, Step
from syncd.errors import SiteRefused
from syncd.tools.account_list import (
    UPDATE,
    AccountList,
    Finder,
    ListGuard,
    Named,
    act,
    missing,
)
from syncd.tools.base import Memory
from syncd.tools.cells import Unfit
from syncd.tools.lookups.users import CALL, COMPANION, CORE, User
from syncd.tools.questions import ask
from syncd.tools.users.columns import email

RESTORE = "local_syncd_restore_users"

_DELETED = "deleted accounts"


class RestoreGuard(ListGuard):
    """The limits of a file whose every row opens an account."""

    deletes: Limit = Share(Fraction(5))


@dataclass(frozen=True, slots=True)
class Gone:
    """A deleted account: what Moodle still knows of it."""

    id: int
    address: str
    suspended: bool


class UsersRestoreTool(AccountList):
    """A file of accounts that are to be open; one that is not there is refused, or brought back."""

    kind = "users-restore"
    rank: ClassVar[int] = 20
    brings: ClassVar[frozenset[str]] = frozenset({"user"})
    companion: ClassVar[frozenset[str]] = frozenset({COMPANION, RESTORE})
    guard: RestoreGuard = RestoreGuard()
    deleted: bool = False
    """Bring back deleted accounts too, by their username: that needs the companion plugin."""

    def more(
        self, named: Sequence[Named], finder: Finder, memory: Memory
    ) -> Generator[Sequence[Call], Sequence[Any], None]:
        """Look for deleted accounts of the usernames that nobody has now."""
        if not self.deleted:
            return
        if not memory.site.has(RESTORE):
            raise SiteRefused(
                f"the site does not offer {RESTORE}, which deleted = true needs: it comes with the plugin local_syncd "
                "(docs/MOODLE.md)"
            )
        gone: dict[str, list[Gone]] = {}
        memory.known[_DELETED] = gone
        wanted = {
            _stand_in(name): name for one in named if (name := one.cells.get("username")) and not _there(one, finder)
        }

        def take(answer: Iterable[Mapping[str, Any]]) -> None:
            for told in answer:
                if name := wanted.get(str(told.get("email"))):
                    found = Gone(int(told["id"]), _address(str(told["username"])), bool(told.get("suspended")))
                    gone.setdefault(name, []).append(found)

        values = list(wanted)
        yield from ask(
            [
                (Call(CORE, {"field": "email", "values": values[start : start + CALL]}), take)
                for start in range(0, len(values), CALL)
            ]
        )

    def decide(self, wish: Named, account: User | None, memory: Memory) -> Step:
        """Open the account that is closed, or bring it back."""
        if account is None:
            return self._brought_back(wish, memory.known[_DELETED] if self.deleted else {})
        if not account.suspended:
            return Step(wish.line, Outcome.UNCHANGED, wish.subject)
        return Step(wish.line, Outcome.UPDATED, wish.subject, (act(UPDATE, "id", account, suspended=0),))

    def _brought_back(self, wish: Named, deleted: Mapping[str, Sequence[Gone]]) -> Step:
        username = wish.cells.get("username", "")
        found = deleted.get(username, ())
        if not found:
            cure = "Correct the cell, or let the account be made anew by a users file."
            if not self.deleted:
                cure = 'Correct the cell; if the account was deleted, set "deleted = true" for this tool.'
            raise missing(wish, cure)
        if address := wish.cells.get("email", ""):
            # Of several, the one that had this address.
            found = [one for one in found if one.address == address.lower()] or found
        if len(found) > 1:
            cure = "Bring back the right one in Moodle's database, or let a users file make a new account."
            raise Unfit("ambiguous", "several deleted accounts had this username", "username", username, cure)
        gone = found[0]
        address = address or gone.address
        if not address:
            cure = "Write its address into the column email."
            raise Unfit("value-missing", "nobody knows the e-mail address that this account had", "email", "", cure)
        item = {"username": username, "email": address}
        if idnumber := wish.cells.get("idnumber"):
            item["idnumber"] = idnumber
        acts = [Act(RESTORE, item)]
        if gone.suspended:
            acts.append(Act(UPDATE, {"suspended": 0}, takes={"id": ""}))
        note = f"the deleted account of id {gone.id} comes back, with the e-mail address {address}"
        return Step(wish.line, Outcome.UPDATED, wish.subject, tuple(acts), notes=(note,))


def _there(wish: Named, finder: Finder) -> bool:
    try:
        return finder.find(wish) is not None
    except Unfit:
        return True


def _stand_in(username: str) -> str:
    """What Moodle puts in the place of a deleted account's e-mail address."""
    return md5(username.encode(), usedforsecurity=False).hexdigest()


def _address(username: str) -> str:
    """The address in what Moodle makes of a deleted account's username, `ana@example.org.1795594941`; "" for none."""
    address = re.sub(r"\.\d+$", "", username)
    try:
        return "" if address.endswith("@unknownemail.invalid") else email(address)
    except Unfit:
        return ""
