"""What each row of a users file changes on the site."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.core.model import NO_PASSWORD, Act, Outcome, Step
from syncd.tools.base import Conversation, Memory, Wish
from syncd.tools.cells import Unfit
from syncd.tools.lookups.cohorts import Cohort, Cohorts
from syncd.tools.questions import ask
from syncd.tools.users.accounts import Account, Accounts
from syncd.tools.users.columns import GIVEN, NEVER_EMPTY, NUMBERS, PROFILE_FIELD, UNKNOWN, UNSEEN
from syncd.tools.users.settings import UserSettings

CREATE = "core_user_create_users"
UPDATE = "core_user_update_users"
DELETE = "core_user_delete_users"

# Not a subject: those have a colon.
_COHORTS = "cohorts"

_PASSWORD_IN_MOODLE = frozenset({"manual", "email", "nologin", "none"})
"""Authentication methods whose accounts Moodle makes with a password only."""


@dataclass(frozen=True, slots=True)
class Deeds:
    """What a row asks for besides the fields of its account.

    `password` is never the password: it says that the row has one (`GIVEN`), asks for one that nobody knows
    (`UNKNOWN`), or neither (""). `suspended` is None when the row is silent about it.
    """

    oldusername: str = ""
    password: str = ""
    suspended: bool | None = None
    deleted: bool = False
    cohort: str = ""
    cohortid: str = ""


NO_DEEDS = Deeds()


@dataclass(frozen=True, slots=True)
class UserWish(Wish):
    """What a row of a users file asks for; `fields` holds what its account is to have, by column."""

    fields: Mapping[str, str]
    deeds: Deeds = NO_DEEDS
    notes: tuple[str, ...] = ()

    @property
    def username(self) -> str:
        """The name to log in with."""
        return self.fields["username"]


def planned(settings: UserSettings, wishes: Sequence[UserWish], memory: Memory) -> Conversation:
    """Look up what the rows name, in two rounds at most, then settle them in file order.

    The second round asks only for what the first leaves open: the usernames and e-mail addresses that a row would take,
    and who is in the cohorts.
    """
    accounts = Accounts(dict.fromkeys(memory.known[wish.subject] for wish in wishes if wish.subject in memory.known))
    cohorts: Cohorts = memory.known.setdefault(_COHORTS, Cohorts())
    named = dict.fromkeys(
        (wish.deeds.cohort, wish.deeds.cohortid) for wish in wishes if wish.deeds.cohort or wish.deeds.cohortid
    )
    plan = _Plan(settings, accounts, cohorts, memory)

    first = accounts.questions(value for wish in wishes for value in plan.identified_by(wish))
    yield from ask([*first, *(cohorts.questions() if named else ())])
    second = accounts.questions(value for wish in wishes for value in plan.would_take(wish))
    yield from ask([*second, *cohorts.member_questions(named)])
    return [plan.step(wish) for wish in wishes]


class _Plan:
    """The steps of some rows; each is settled against what those before it will have made."""

    def __init__(self, settings: UserSettings, accounts: Accounts, cohorts: Cohorts, memory: Memory) -> None:
        self._settings = settings
        self._accounts = accounts
        self._cohorts = cohorts
        self._memory = memory

    def identified_by(self, wish: UserWish) -> Iterator[tuple[str, str]]:
        """The columns and values that tell which account a row is about; none when it is known already."""
        column, value = self._identity(wish)
        if not self._accounts.find(column, value):
            yield column, value
        if column == "username":
            yield column, wish.deeds.oldusername

    def would_take(self, wish: UserWish) -> Iterator[tuple[str, str]]:
        """The columns and values that a row needs and another account may have."""
        account = next(iter(self._accounts.find(*self._identity(wish))), None)
        if account is None or account.username != wish.username:
            yield "username", wish.username
            yield "username", wish.deeds.oldusername
        email = wish.fields.get("email", "")
        if account is None or not (self._settings.protect_emails or account.fields.get("email") == email):
            yield "email", email

    def step(self, wish: UserWish) -> Step:
        """What becomes of a row; whatever stands after it in the file will meet its account so."""
        try:
            account = self._whose(wish)
            if wish.deeds.deleted:
                return self._delete(wish, account)
            cohort = self._cohorts.wanted(wish.deeds.cohort, wish.deeds.cohortid, create=self._settings.create_cohorts)
            return self._update(wish, account, cohort) if account else self._create(wish, cohort)
        except Unfit as unfit:
            return Step(wish.line, Outcome.REJECTED, wish.subject, refusal=unfit.refusal, notes=wish.notes)

    def _whose(self, wish: UserWish) -> Account | None:
        account = self._named_by(wish)
        if account:
            account.subject = account.subject or wish.subject
            if account.username in self._settings.protected:
                raise protected(*self._identity(wish))
        return account

    def _named_by(self, wish: UserWish) -> Account | None:
        """The account that has the row's identity, or else its username; the row's old username serves as well."""
        column, value = self._identity(wish)
        if column != "username" and (account := self._one(column, value)):
            return account
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

    def _identity(self, wish: UserWish) -> tuple[str, str]:
        column = self._settings.identity
        if value := wish.fields.get(column):
            return column, value
        return "username", wish.username

    def _one(self, column: str, value: str) -> Account | None:
        found = self._accounts.find(column, value)
        if len(found) > 1:
            names = ", ".join(account.username for account in found)
            cure = "Correct the accounts in Moodle, so that one is left."
            raise Unfit("ambiguous", f"several accounts have this {column}: {names}", column, value, cure)
        return found[0] if found else None

    def _delete(self, wish: UserWish, account: Account | None) -> Step:
        if not account:
            return Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=wish.notes)
        self._check_reachable(wish, account)
        account.deleted = True
        return self._settled(wish, account, Outcome.DELETED, (_act(DELETE, "userid", account.id, {}),))

    def _create(self, wish: UserWish, cohort: Cohort | None) -> Step:
        fields = self._settings.defaults | {column: value for column, value in wish.fields.items() if value}
        if "email" not in fields:
            cure = "Fill the cell, or make the account in Moodle."
            raise Unfit("value-missing", "Moodle makes no account without an e-mail address", "email", "", cure)
        self._check_email(fields["email"], None)

        item = _item(fields)
        secrets, notes = self._first_password(wish, item)
        acts = [Act(CREATE, item, secrets)]
        if wish.deeds.suspended:
            # Moodle can't make an account that is suspended from the start.
            acts.append(Act(UPDATE, {"suspended": 1}, takes={"id": ""}))
        account = Account(0, fields, suspended=bool(wish.deeds.suspended), subject=wish.subject)
        return self._settled(wish, account, Outcome.CREATED, self._joined(account, cohort, acts), notes)

    def _first_password(self, wish: UserWish, item: dict[str, Any]) -> tuple[dict[str, str], tuple[str, ...]]:
        """The secrets of a new account, and remarks; what the item must say about passwords is added to it."""
        if wish.deeds.password == GIVEN and self._settings.passwords != "never":
            if self._settings.force_password_change:
                item["preferences"] = [{"type": "auth_forcepasswordchange", "value": "1"}]
            return {"password": "password"}, ()
        if item.get("auth", "manual") not in _PASSWORD_IN_MOODLE:
            return {}, ()
        if wish.deeds.password == UNKNOWN:
            return {"password": NO_PASSWORD}, ()
        if self._settings.create_passwords:
            item["createpassword"] = 1
            return {}, ()
        return {"password": NO_PASSWORD}, ("the new account has a random password that nobody knows",)

    def _update(self, wish: UserWish, account: Account, cohort: Cohort | None) -> Step:
        self._check_rename(wish, account)
        changes, unseen, notes = self._changes(wish, account)
        if "email" in changes:
            self._check_email(changes["email"], account)

        new_password = wish.deeds.password == GIVEN and self._settings.passwords == "always"
        turned = wish.deeds.suspended is not None and wish.deeds.suspended != account.suspended
        acts: list[Act] = []
        if changes or new_password or turned:
            self._check_reachable(wish, account)
            item = _item(changes | unseen)
            if turned:
                item["suspended"] = int(not account.suspended)
            acts.append(_act(UPDATE, "id", account.id, item, {"password": "password"} if new_password else {}))
            account.fields |= changes | unseen
            account.suspended ^= turned
        sent = self._joined(account, cohort, acts)
        if turned and account.suspended:
            return self._settled(wish, account, Outcome.SUSPENDED, sent, notes)
        return self._settled(wish, account, Outcome.UPDATED if sent else Outcome.UNCHANGED, sent, notes)

    def _check_reachable(self, wish: UserWish, account: Account) -> None:
        # The id of an account that this file makes is known by the subject of the row that makes it.
        if not account.id and account.subject != wish.subject:
            reason = f"an earlier row makes this account, and names it otherwise: {account.subject}"
            cure = f"Give both rows the same {self._settings.identity}."
            raise Unfit("identity-missing", reason, *self._identity(wish), cure)

    def _check_rename(self, wish: UserWish, account: Account) -> None:
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

    def _changes(self, wish: UserWish, account: Account) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
        """The fields that differ, those of which the site does not tell whether they differ, and remarks."""
        changes: dict[str, str] = {}
        unseen: dict[str, str] = {}
        notes: tuple[str, ...] = ()
        for column, value in wish.fields.items():
            if account.fields.get(column, "") == value:
                continue
            if not value and (column in NEVER_EMPTY or column == self._settings.identity):
                continue
            if column == "email" and self._settings.protect_emails:
                notes = ("the e-mail address was left alone: it is protected",)
            elif column in UNSEEN and account.id and column not in account.fields:
                unseen[column] = value
            else:
                changes[column] = value
        return changes, unseen, notes

    def _check_email(self, email: str, account: Account | None) -> None:
        for other in self._accounts.find("email", email):
            if other is not account:
                reason = f"the account {other.username} has this e-mail address"
                raise Unfit("email-taken", reason, "email", email, "Write another address, or correct that account.")

    def _joined(self, account: Account, cohort: Cohort | None, acts: list[Act]) -> tuple[Act, ...]:
        """The acts of a row, with those that bring its account into a cohort.

        A new cohort comes first: other rows rely on it, also when this account is refused.
        """
        if cohort is None or cohort in account.joined or account.id in (cohort.members or ()):
            return tuple(acts)
        account.joined.add(cohort)
        making, joining = self._cohorts.joining(account.username, cohort)
        return (*making, *acts, *joining)

    def _settled(
        self, wish: UserWish, account: Account, outcome: Outcome, acts: tuple[Act, ...], notes: tuple[str, ...] = ()
    ) -> Step:
        self._accounts.note(account)
        if self._memory.again(wish.subject):
            self._memory.known[wish.subject] = account
        return Step(wish.line, outcome, account.subject, acts, notes=wish.notes + notes)


def protected(column: str, value: str) -> Unfit:
    """Why a row about a protected account is refused."""
    return Unfit("protected", "this account is protected", column, value, "Change it in Moodle itself.")


def _username_taken(wish: UserWish) -> Unfit:
    reason = f"{wish.deeds.oldusername} can't be renamed: another account has this username"
    return Unfit("username-taken", reason, "username", wish.username, "Write a username that is free.")


def _act(
    function: str, key: str, account: int, item: Mapping[str, Any], secrets: Mapping[str, str] | None = None
) -> Act:
    """An act upon an account, by its id or by the one that it will get."""
    if account:
        return Act(function, {key: account, **item}, secrets or {})
    return Act(function, item, secrets or {}, takes={key: ""})


def _item(fields: Mapping[str, str]) -> dict[str, Any]:
    """Fields as the parameters of Moodle's functions."""
    item: dict[str, Any] = {}
    custom: list[dict[str, str]] = []
    for column, value in fields.items():
        if column.startswith(PROFILE_FIELD):
            custom.append({"type": column.removeprefix(PROFILE_FIELD), "value": value})
        else:
            item[column] = int(value) if column in NUMBERS else value
    return item | {"customfields": custom} if custom else item
