"""What each row of a users file changes on the site."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from syncd.core.functions import SITE_INFO
from syncd.core.model import Act, Call, Outcome, Step
from syncd.tools.base import Conversation, Memory, short_of
from syncd.tools.cells import Unfit
from syncd.tools.lookups.cohorts import Cohort, Cohorts
from syncd.tools.questions import Question, ask
from syncd.tools.users.accounts import Account, Accounts, item
from syncd.tools.users.attending import Attending, Deal
from syncd.tools.users.columns import GIVEN, NEVER_EMPTY, ONCE, PROFILE_FIELD, SHY
from syncd.tools.users.finding import Finding
from syncd.tools.users.passwords import first_password, forced
from syncd.tools.users.profile import ProfileFields
from syncd.tools.users.settings import UserSettings
from syncd.tools.users.unique import UniqueValues
from syncd.tools.users.wish import UserWish

CREATE = "core_user_create_users"
COMPANION_CREATE = "local_syncd_create_users"
UPDATE = "core_user_update_users"
DELETE = "core_user_delete_users"

# Not subjects: those have a colon.
_COHORTS = "cohorts"
_PROFILE = "profile fields"
_WHO = "who asks"

_LACKS = {"user-missing": "user", "course-missing": "course", "cohort-missing": "cohort"}


def planned(settings: UserSettings, wishes: Sequence[UserWish], memory: Memory) -> Conversation:
    """Ask the site about some rows, in file order, and return one step for each."""
    remembered = [known for wish in wishes if (known := memory.known.get(wish.subject))]
    profile = memory.known.setdefault(_PROFILE, ProfileFields(memory.site, settings.profile_fields))
    columns = {column for wish in wishes for column in (*wish.fields, *wish.custom)}
    accounts = Accounts(memory.site, profile, columns, remembered)
    cohorts: Cohorts = memory.known.setdefault(_COHORTS, Cohorts())
    attending = Attending.of(settings, memory)
    finding = Finding(settings, accounts, memory.site)
    plan = _Plan(settings, accounts, finding, cohorts, profile, attending, memory)

    named = [cohort for wish in wishes for cohort in wish.deeds.cohorts]
    first = accounts.questions(value for wish in wishes for value in finding.identified_by(wish))
    yield from ask(
        [
            *first,
            *(cohorts.questions() if named else ()),
            *(profile.questions() if any(column.startswith(PROFILE_FIELD) for column in columns) else ()),
            *attending.questions(wishes),
            *_who_asks(accounts, columns, memory),
        ]
    )
    second = accounts.questions(value for wish in wishes for value in finding.would_take(wish))
    yield from ask([*second, *attending.learn_groups(wishes)])
    attended = [
        (account, wish.deeds.courses) for wish in wishes if wish.deeds.courses and (account := finding.on_site(wish))
    ]
    yield from attending.learn(attended)
    members = cohorts.member_questions(memory.site, finding.joining(wishes))
    yield from ask([*plan.unique.questions(memory.site, wishes), *members])
    return [plan.step(wish) for wish in wishes]


def _who_asks(accounts: Accounts, columns: set[str], memory: Memory) -> Iterator[Question]:
    """Who syncd is on the site, asked once in a run where it makes a difference to what is told."""
    if columns & SHY:
        if _WHO in memory.known:
            accounts.all_told(memory.known[_WHO])
            return

        def take(told: Mapping[str, Any]) -> None:
            memory.known[_WHO] = told
            accounts.all_told(told)

        yield Call(SITE_INFO, {}), take


class _Plan:
    """The steps of some rows; each is settled against what those before it will have made."""

    def __init__(
        self,
        settings: UserSettings,
        accounts: Accounts,
        finding: Finding,
        cohorts: Cohorts,
        profile: ProfileFields,
        attending: Attending,
        memory: Memory,
    ) -> None:
        self._settings = settings
        self._accounts = accounts
        self._finding = finding
        self._cohorts = cohorts
        self._profile = profile
        self._attending = attending
        self._memory = memory
        self._create_by = COMPANION_CREATE if memory.site.has(COMPANION_CREATE) else CREATE
        self.unique = UniqueValues.of(profile, memory)

    def step(self, wish: UserWish) -> Step:
        """What becomes of a row; whatever stands after it in the file will meet its account so."""
        try:
            account = self._finding.whose(wish)
            if wish.deeds.deleted:
                return self._delete(wish, account)
            wish = self._read(wish, account)
            step = self._update(wish, account) if account else self._create(wish)
        except Unfit as unfit:
            lacks = _LACKS.get(unfit.refusal.code, "")
            return Step(wish.line, Outcome.REJECTED, wish.subject, refusal=unfit.refusal, notes=wish.notes, lacks=lacks)
        self.unique.take(wish)
        return step

    def _read(self, wish: UserWish, account: Account | None) -> UserWish:
        """The row with its profile fields as the site stores them."""
        if not wish.custom:
            return wish
        read = {column: self._profile.read(column, cell) for column, cell in wish.custom.items()}
        custom = {column: value for column, value in read.items() if value is not None}
        self.unique.check(wish, custom, account.id if account else 0)
        return replace(wish, fields={**wish.fields, **custom})

    def _cohorts_of(self, wish: UserWish) -> tuple[list[Cohort], list[Unfit]]:
        """The cohorts that a row names, and why others can't be had."""
        cohorts: list[Cohort] = []
        unfit: list[Unfit] = []
        for name, idnumber in wish.deeds.cohorts:
            try:
                cohorts.append(self._cohort(name, idnumber))
            except Unfit as one:
                unfit.append(one)
        return cohorts, unfit

    def _cohort(self, name: str, idnumber: str) -> Cohort:
        # In a column cohortN a number is, for Moodle's own upload, no name to make a cohort by.
        create = self._settings.create_cohorts and not (not name and idnumber.isdecimal())
        cohort = self._cohorts.wanted(name, idnumber, create=create)
        assert cohort  # one of both is filled
        return cohort

    def _delete(self, wish: UserWish, account: Account | None) -> Step:
        if not account:
            return Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=wish.notes)
        self._finding.check_reachable(wish, account)
        account.deleted = True
        return self._settled(wish, account, Outcome.DELETED, (_act(DELETE, "userid", account.id, {}),))

    def _create(self, wish: UserWish) -> Step:
        given = {column: value for column, value in wish.fields.items() if value}
        fields = self._defaults() | given
        if "email" not in fields:
            cure = "Fill the cell, or make the account in Moodle."
            raise Unfit("value-missing", "Moodle makes no account without an e-mail address", "email", "", cure)
        self._check_email(fields["email"], None)

        what = item(fields)
        secrets, notes = first_password(self._settings, wish, what)
        acts = [Act(self._create_by, what, secrets)]
        if wish.deeds.suspended:
            if self._create_by == COMPANION_CREATE:
                what["suspended"] = 1
            else:
                # Core can't make an account that is suspended from the start.
                acts.append(Act(UPDATE, {"suspended": 1}, takes={"id": ""}))
        account = Account(0, fields, suspended=bool(wish.deeds.suspended), subject=wish.subject)
        deal = self._attend(wish, account)
        sent = self._joined(wish, account, acts, deal)
        return self._settled(wish, account, Outcome.CREATED, sent, (*notes, *deal.notes), deal.unfit)

    def _defaults(self) -> dict[str, str]:
        defaults = {}
        for column, value in self._settings.defaults.items():
            stored = self._profile.read(column, value) if column.startswith(PROFILE_FIELD) else value
            if stored:
                defaults[column] = stored
        return defaults

    def _update(self, wish: UserWish, account: Account) -> Step:
        self._finding.check_rename(wish, account)
        changes, unseen, notes = self._changes(wish, account)
        if "email" in changes:
            self._check_email(changes["email"], account)
        if wish.deeds.courses:
            self._finding.check_reachable(wish, account)

        deal = self._attend(wish, account)
        new_password = wish.deeds.password in {GIVEN, ONCE} and self._settings.passwords == "always"
        turned = wish.deeds.suspended is not None and wish.deeds.suspended != account.suspended
        acts: list[Act] = []
        if changes or new_password or turned:
            self._finding.check_reachable(wish, account)
            what = item(changes | unseen)
            if turned:
                what["suspended"] = int(not account.suspended)
            if new_password and wish.deeds.password == ONCE:
                what |= forced()
            acts.append(_act(UPDATE, "id", account.id, what, {"password": "password"} if new_password else {}))
            account.fields |= changes | unseen
            account.suspended ^= turned
        elif unseen:
            notes += tuple(self._untold(unseen))
        sent = self._joined(wish, account, acts, deal)
        if turned and account.suspended:
            return self._settled(wish, account, Outcome.SUSPENDED, sent, (*notes, *deal.notes), deal.unfit)
        outcome = Outcome.UPDATED if sent else Outcome.UNCHANGED
        return self._settled(wish, account, outcome, sent, (*notes, *deal.notes), deal.unfit)

    def _untold(self, unseen: Iterable[str]) -> Iterator[str]:
        if lost := [column for column in unseen if column.startswith(PROFILE_FIELD)]:
            yield f"not sent, as no account shows that the site has such a field or option: {', '.join(lost)}"

    def _attend(self, wish: UserWish, account: Account) -> Deal:
        """The courses of a row, and what of them can't be had: that does not keep its account from being made."""
        places, unfit = self._attending.places(account, wish.deeds.courses)
        deal = self._attending.deal(account, places, again=self._memory.again(wish.subject))
        deal.unfit += unfit
        return deal

    def _changes(self, wish: UserWish, account: Account) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
        """The fields that differ, those of which the site does not tell whether they differ, and remarks."""
        changes: dict[str, str] = {}
        unseen: dict[str, str] = {}
        notes: tuple[str, ...] = ()
        for column, value in wish.fields.items():
            if self._holds(account, column, value):
                continue
            if not value and (column in NEVER_EMPTY or column == self._settings.identity):
                continue
            if column == "email" and self._settings.protect_emails:
                notes = ("the e-mail address was left alone: it is protected",)
            elif self._accounts.hidden(account, column) or self._doubtful(account, column, value):
                unseen[column] = value
            else:
                changes[column] = value
        return changes, unseen, notes

    def _holds(self, account: Account, column: str, value: str) -> bool:
        there = account.fields.get(column, "")
        if there == value:
            return True
        if column == "interests":
            return {*there.lower().split(", ")} == {*value.lower().split(", ")}
        return column.startswith(PROFILE_FIELD) and self._profile.same(column, there, value)

    def _doubtful(self, account: Account, column: str, value: str) -> bool:
        if not column.startswith(PROFILE_FIELD) or not account.id or column in account.fields:
            return False
        return self._profile.doubtful(column, value)

    def _check_email(self, email: str, account: Account | None) -> None:
        if self._settings.shared_emails == "allow":
            return
        for other in self._accounts.find("email", email):
            if other is not account:
                reason = f"the account {other.username} has this e-mail address"
                raise Unfit("email-taken", reason, "email", email, "Write another address, or correct that account.")

    def _joined(self, wish: UserWish, account: Account, acts: list[Act], deal: Deal) -> tuple[Act, ...]:
        """The acts of a row, with those that bring its account into cohorts and courses; what of them can't be had is
        told in the deal.

        New cohorts and groups come first: other rows rely on them, also when this account is refused.
        """
        cohorts, unfit = self._cohorts_of(wish)
        deal.unfit += unfit
        making: list[Act] = []
        joining = list(deal.acts)
        for cohort in cohorts:
            if cohort in account.joined or self._cohorts.has(cohort, account.id):
                continue
            account.joined.add(cohort)
            made, joined = self._cohorts.joining(account.username, cohort)
            making += made
            joining += joined
        return (*making, *deal.making, *acts, *joining)

    def _settled(
        self,
        wish: UserWish,
        account: Account,
        outcome: Outcome,
        acts: tuple[Act, ...],
        notes: tuple[str, ...] = (),
        unfit: Sequence[Unfit] = (),
    ) -> Step:
        self._accounts.note(account)
        if self._memory.again(wish.subject):
            self._memory.known[wish.subject] = account
        return short_of(Step(wish.line, outcome, account.subject, acts, notes=wish.notes + notes), unfit, _LACKS)


def _act(
    function: str, key: str, account: int, item: Mapping[str, Any], secrets: Mapping[str, str] | None = None
) -> Act:
    """An act upon an account, by its id or by the one that it will get."""
    if account:
        return Act(function, {key: account, **item}, secrets or {})
    return Act(function, item, secrets or {}, takes={key: ""})
