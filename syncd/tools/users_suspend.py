"""The kind `users-suspend`: every account that the file names is closed."""

from typing import ClassVar

from syncd.core.model import Outcome, Step
from syncd.tools.account_list import NOT_THERE, UPDATE, AccountList, Named, act
from syncd.tools.base import Memory
from syncd.tools.lookups.users import User


class UsersSuspendTool(AccountList):
    """A file of accounts that nobody is to log in with; one that is not there is as it should be."""

    kind = "users-suspend"
    rank: ClassVar[int] = 80

    def decide(self, wish: Named, account: User | None, memory: Memory) -> Step:
        """Close the account that is open; Moodle ends its sessions."""
        if account is None:
            return Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=(NOT_THERE,))
        if account.suspended:
            return Step(wish.line, Outcome.UNCHANGED, wish.subject)
        return Step(wish.line, Outcome.SUSPENDED, wish.subject, (act(UPDATE, "id", account, suspended=1),))
