"""A kind for tests whose rows name accounts, as enrolments do, and need nothing else."""

from collections.abc import Sequence
from typing import Any, ClassVar

from syncd.core.model import Act, Call, Outcome, Refusal, Row, Step
from syncd.tools.base import Conversation, Memory, RowTool, Wish

NEEDY_FILE = "erp/cities.csv"


class Needy(RowTool):
    """A row gives an account that exists a city, whose name is that of the account."""

    kind: ClassVar[str] = "needy"
    rank: ClassVar[int] = 50
    columns: ClassVar[frozenset[str]] = frozenset({"username"})
    required: ClassVar[frozenset[str]] = columns

    def check(self, row: Row) -> Wish:
        """Every row is good."""
        return Wish(row.line, row.cells["username"])

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Ask for the accounts; one that is missing may come with another file."""
        names = [wish.subject for wish in wishes]
        (found,) = yield [Call("core_user_get_users_by_field", {"field": "username", "values": names})]
        accounts = {one["username"]: one for one in found}
        return [_step(wish, accounts.get(wish.subject)) for wish in wishes]


def _step(wish: Wish, account: dict[str, Any] | None) -> Step:
    if not account:
        refusal = Refusal("user-missing", "the site has no such account", "username", wish.subject)
        return Step(wish.line, Outcome.REJECTED, wish.subject, refusal=refusal, lacks="user")
    if account.get("city") == wish.subject:
        return Step(wish.line, Outcome.UNCHANGED, wish.subject)
    act = Act("core_user_update_users", {"id": account["id"], "city": wish.subject})
    return Step(wish.line, Outcome.UPDATED, wish.subject, (act,))


def needy(**settings: Any) -> Needy:
    """A tool of this kind, without limits, but for some settings."""
    limits = {"deletes": "100%", "changes": "100%", "errors": 0}
    return Needy.model_validate({"file": NEEDY_FILE, "guard": limits, **settings})


def cities(*usernames: str) -> bytes:
    """A command file for these accounts."""
    return "\n".join(["username", *usernames, ""]).encode()
