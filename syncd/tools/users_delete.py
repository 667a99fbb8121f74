"""The kind `users-delete`: every account that the file names is deleted."""

from typing import ClassVar

from syncd.core.model import Outcome, Step
from syncd.tools.account_list import NOT_THERE, AccountList, Named, act
from syncd.tools.base import Memory
from syncd.tools.lookups.users import CORE, User

DELETE = "core_user_delete_users"


class UsersDeleteTool(AccountList):
    """A file of accounts that are to be gone; one that is not there is as it should be."""

    kind = "users-delete"
    rank: ClassVar[int] = 80
    functions: ClassVar[frozenset[str]] = frozenset({CORE, DELETE})

    def decide(self, wish: Named, account: User | None, memory: Memory) -> Step:
        """Delete the account that is there."""
        if account is None:
            return Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=(NOT_THERE,), absent="account")
        return Step(wish.line, Outcome.DELETED, wish.subject, (act(DELETE, "userid", account),))
