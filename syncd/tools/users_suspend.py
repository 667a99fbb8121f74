"""The kind `users-suspend`: every account that the file names is closed."""

from typing import ClassVar

from syncd.core.model import Outcome, Step
from syncd.tools.account_list import UPDATE, AccountList, Named, act, missing
from syncd.tools.base import Memory
from syncd.tools.lookups.users import User


class UsersSuspendTool(AccountList):
    """A file of accounts that nobody is to log in with; one that is not there is refused: perhaps it is misspelt."""

    kind = "users-suspend"
    rank: ClassVar[int] = 80

    def decide(self, wish: Named, account: User | None, memory: Memory) -> Step:
        """Close the account that is open; Moodle ends its sessions. Raises `Unfit` (`user-missing`)."""
        if account is None:
            raise missing(wish, "Correct the cell, or take the row out of the file.")
        if account.suspended:
            return Step(wish.line, Outcome.UNCHANGED, wish.subject)
        return Step(wish.line, Outcome.SUSPENDED, wish.subject, (act(UPDATE, "id", account, suspended=1),))
