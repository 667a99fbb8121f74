"""Which account a row of a users file is about."""

from collections.abc import Iterator, Sequence

from syncd.core.model import Site
from syncd.tools.cells import Unfit
from syncd.tools.users.accounts import Account, Accounts
from syncd.tools.users.settings import UserSettings
from syncd.tools.users.wish import UserWish


class Finding:
    """Finds the accounts of rows among those that are known, as the rows so far will have left them."""

    def __init__(self, settings: UserSettings, accounts: Accounts, site: Site) -> None:
        self._settings = settings
        self._accounts = accounts
        self._site = site

    def identified_by(self, wish: UserWish) -> Iterator[tuple[str, str]]:
        """The columns and values that tell which account a row is about; none when it is known already."""
        column, value = self.identity(wish)
        if not self._accounts.find(column, value):
            yield column, value
        if column == "username":
            yield column, wish.deeds.oldusername

    def would_take(self, wish: UserWish) -> Iterator[tuple[str, str]]:
        """The columns and values that a row needs and another account may have."""
        account = next(iter(self._accounts.find(*self.identity(wish))), None)
        if account is None or account.username != wish.username:
            yield "username", wish.username
            yield "username", wish.deeds.oldusername
        email = wish.fields.get("email", "")
        free = self._settings.shared_emails == "allow" and self._settings.identity != "email"
        if not free and (
            account is None or not (self._settings.protect_emails or account.fields.get("email") == email)
        ):
            yield "email", email

    def on_site(self, wish: UserWish) -> Account | None:
        """The account of a row if the site has it already."""
        try:
            account = self._named_by(wish)
        except Unfit:
            return None
        return account if account and account.id else None

    def joining(self, wishes: Sequence[UserWish]) -> Iterator[tuple[str, str, int]]:
        """The names and idnumbers of the cohorts that accounts of the site are to be in, each with the account."""
        for wish in wishes:
            if wish.deeds.cohorts and (account := self.on_site(wish)):
                yield from ((name, idnumber, account.id) for name, idnumber in wish.deeds.cohorts)

    def whose(self, wish: UserWish) -> Account | None:
        """The account that a row is about, None if it is to be made; raises `Unfit` when nobody may touch it."""
        account = self._named_by(wish)
        if account:
            account.subject = account.subject or wish.subject
            own = account.id and account.id == self._site.user
            if account.username in self._settings.protected or (own and (wish.deeds.deleted or wish.deeds.suspended)):
                raise protected(*self.identity(wish))
        elif self.identity(wish)[0] == "id" and not wish.deeds.deleted:
            cure = "Correct the cell, or leave it empty: then the username counts, and Moodle gives a number."
            raise Unfit("user-missing", "the site has no account of this number", "id", wish.deeds.id, cure)
        return account

    def _named_by(self, wish: UserWish) -> Account | None:
        """The account that has the row's identity, or else its username; the row's old username serves as well."""
        column, value = self.identity(wish)
        if column != "username" and (account := self._one(column, value)):
            return account
        if column == "id":
            return None
        present = self._one("username", wish.username)
        former = self._one("username", wish.deeds.oldusername)
        if present and former:
            raise _username_taken(wish)
        account = present or former
        if account and column != "username" and (other := account.fields.get(column)):
            raise Unfit(
                f"{column}-other",
                f"the account {account.username} has another {column}: {other}",
                column,
                value,
                f"Correct the username or the {column}: they belong to two people.",
            )
        return account

    def identity(self, wish: UserWish) -> tuple[str, str]:
        """The column and value by which the account of a row is found."""
        column = self._settings.identity
        if value := wish.deeds.id or wish.fields.get(column):
            return column, value
        return "username", wish.username

    def _one(self, column: str, value: str) -> Account | None:
        found = self._accounts.find(column, value)
        if len(found) > 1:
            names = ", ".join(account.username for account in found)
            cure = "Correct the accounts in Moodle, so that one is left."
            raise Unfit("ambiguous", f"several accounts have this {column}: {names}", column, value, cure)
        return found[0] if found else None

    def check_reachable(self, wish: UserWish, account: Account) -> None:
        """Raise `Unfit` when an account that this file makes can't be acted on by this row."""
        # The id of an account that this file makes is known by the subject of the row that makes it.
        if not account.id and account.subject != wish.subject:
            reason = f"an earlier row makes this account, and names it otherwise: {account.subject}"
            cure = f"Give both rows the same {self._settings.identity}."
            raise Unfit("identity-missing", reason, *self.identity(wish), cure)

    def check_rename(self, wish: UserWish, account: Account) -> None:
        """Raise `Unfit` when a row would change the username of its account and may not."""
        if account.username == wish.username:
            return
        if not self._settings.allow_rename or wish.deeds.oldusername != account.username:
            raise Unfit(
                "rename",
                f"the account's username is {account.username}, and the row may not change it",
                "username",
                wish.username,
                "Write that username; or set allow_rename, and write it into the column oldusername.",
            )
        if self._accounts.find("username", wish.username):
            raise _username_taken(wish)


def protected(column: str, value: str) -> Unfit:
    """Why a row about a protected account is refused."""
    return Unfit("protected", "this account is protected", column, value, "Change it in Moodle itself.")


def _username_taken(wish: UserWish) -> Unfit:
    reason = f"{wish.deeds.oldusername} can't be renamed: another account has this username"
    return Unfit("username-taken", reason, "username", wish.username, "Write a username that is free.")
