"""What files that only name accounts have in common: how an account is named, found, and left alone."""

from abc import abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, BinaryIO, ClassVar, cast

from syncd.core.guard import Count, Guard, Limit, Share
from syncd.core.model import Act, Call, Outcome, Refusal, Row, Step
from syncd.core.rows import Encoding, Separator, recognise
from syncd.core.table import CsvTable, Table
from syncd.errors import FileRefused
from syncd.tools.base import Conversation, Memory, RowTool, Wish
from syncd.tools.cells import Reader, Unfit, number, raw
from syncd.tools.lookups.users import COMPANION, CORE, User, UserIdentity, Users
from syncd.tools.questions import ask
from syncd.tools.users.columns import email, misnamed, old_username

UPDATE = "core_user_update_users"

NOT_THERE = "there is no such account"

READERS: dict[str, Reader] = {"id": number, "idnumber": raw(255), "username": old_username, "email": email}


class ListGuard(Guard):
    """The limits of a file whose every row closes or deletes an account: a share of it would mean nothing."""

    deletes: Limit = Count(100)
    changes: Limit = Share(Fraction(100))


@dataclass(frozen=True, slots=True)
class Named(Wish):
    """An account as a row names it, by any of its columns."""

    cells: dict[str, str] = field(default_factory=dict)


class AccountList(RowTool):
    """A file of accounts that are named and nothing more; without a header it is a list of identities, one a line."""

    columns: ClassVar[frozenset[str]] = frozenset(READERS)
    functions: ClassVar[frozenset[str]] = frozenset({CORE, UPDATE})
    companion: ClassVar[frozenset[str]] = frozenset({COMPANION})
    guard: ListGuard = ListGuard()
    identity: UserIdentity = "idnumber"
    """The column by which an account is found; a row where it is empty is found by its username."""
    extended_usernames: bool = False
    """Take any character but blanks in usernames, as a site with Moodle's setting of that name does."""
    protected: tuple[str, ...] = ("admin", "guest")
    """Usernames of accounts that no row touches."""

    def table(self, file: BinaryIO, encoding: Encoding, separator: Separator) -> Table:
        """How a file becomes rows: one without a header lists identities."""
        return CsvTable(recognise(file, encoding, separator, self.columns, (self.identity,)))

    def check_header(self, names: Sequence[str], line: int = 1) -> list[str]:
        """Take a header; raises `FileRefused` when it has nothing to find accounts by."""
        remarks = super().check_header(names, line)
        if self.identity not in names and "username" not in names:
            wanted = " or ".join(dict.fromkeys((self.identity, "username")))
            cure = f"Write a header with the column {wanted}."
            raise FileRefused("column-missing", f"the header lacks the column {wanted}", line=line, cure=cure)
        if self.identity not in names:
            remarks.append(f"the file has no column {self.identity}: accounts are found by their username")
        return remarks

    def check(self, row: Row) -> Wish | Refusal:
        """Which account a row names, or why it can't be one."""
        cells: dict[str, str] = {}
        for name, cell in row.cells.items():
            if read := READERS.get(name):
                try:
                    cells[name] = read(cell)
                except Unfit as unfit:
                    return replace(unfit.refusal, column=name, value=cell)
        username = cells.get("username", "")
        if wrong := misnamed(username, extended=self.extended_usernames):
            return replace(wrong.refusal, column="username", value=username)
        column = self._column(cells)
        if not (value := cells.get(column)):
            cure = f"Fill the column {self.identity} or username."
            return Refusal("identity-missing", "nothing in the row says which account it is about", column, "", cure)
        # Moodle takes e-mail addresses for the same in any case.
        return Named(row.line, f"{column}:{value.lower() if column == 'email' else value}", cells)

    def _column(self, cells: dict[str, str]) -> str:
        return self.identity if cells.get(self.identity) else "username"

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Look the accounts up, by their identity and then by their username, and decide on each."""
        named = cast(Sequence[Named], wishes)
        finder = Finder(self.identity, memory)
        yield from ask(finder.by_identity.questions(memory.site, (one.cells.get(self.identity, "") for one in named)))
        open_names = (one.cells.get("username", "") for one in named if not finder.certain(one))
        yield from ask(finder.by_username.questions(memory.site, open_names))
        yield from self.more(named, finder, memory)
        return [self._step(one, finder, memory) for one in named]

    def more(
        self, named: Sequence[Named], finder: "Finder", memory: Memory
    ) -> Generator[Sequence[Call], Sequence[Any], None]:
        """Ask what else a kind wants to know."""
        yield from ask([])

    def _step(self, wish: Named, finder: "Finder", memory: Memory) -> Step:
        if wish.subject in memory.known:
            return Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=("an earlier row has done this",))
        try:
            account = finder.find(wish)
            if account and (account.username in self._protected or account.id == memory.site.user):
                column = self._column(wish.cells)
                raise Unfit(
                    "protected", "this account is protected", column, wish.cells[column], "Change it in Moodle itself."
                )
            step = self.decide(wish, account, memory)
        except Unfit as unfit:
            lacks = "user" if unfit.refusal.code == "user-missing" else ""
            return Step(wish.line, Outcome.REJECTED, wish.subject, refusal=unfit.refusal, lacks=lacks)
        if step.acts and memory.again(wish.subject):
            memory.known[wish.subject] = True
        return step

    @property
    def _protected(self) -> frozenset[str]:
        return frozenset(username.strip().lower() for username in self.protected)

    @abstractmethod
    def decide(self, wish: Named, account: User | None, memory: Memory) -> Step:
        """What becomes of a row whose account was found, or (None) is not there; raises `Unfit`."""


class Finder:
    """The accounts of some rows."""

    def __init__(self, identity: UserIdentity, memory: Memory) -> None:
        self.identity = identity
        # Not subjects: those have a colon.
        self.by_identity: Users = memory.known.setdefault("by identity", Users(identity))
        self.by_username: Users = memory.known.setdefault("by username", Users("username"))

    def certain(self, wish: Named) -> bool:
        """Whether a row's identity alone tells which account is meant."""
        value = wish.cells.get(self.identity)
        if not value:
            return False
        try:
            return self.by_identity.find(value) is not None
        except Unfit:
            return True

    def find(self, wish: Named) -> User | None:
        """The account that a row names; raises `Unfit` when it names two, or one by halves."""
        username = wish.cells.get("username", "")
        if value := wish.cells.get(self.identity):
            if account := self.by_identity.find(value):
                if username and account.username != username:
                    raise self._two(f"the account with this {self.identity} is {account.username}", username)
                return account
            if self.identity in {"id", "username"}:
                return None
        account = self.by_username.find(username) if username else None
        if account and value and (other := getattr(account, self.identity)):
            raise self._two(f"the account {username} has another {self.identity}: {other}", username)
        return account

    def _two(self, reason: str, username: str) -> Unfit:
        cure = f"Correct the username or the {self.identity}: they belong to two people."
        return Unfit("username-other", reason, "username", username, cure)


def missing(wish: Named, cure: str) -> Unfit:
    """Why a row is refused whose account is not there."""
    column, value = wish.subject.split(":", 1)
    return Unfit("user-missing", "the site has no such account", column, value, cure)


def act(function: str, key: str, account: User, **item: Any) -> Act:
    """An act upon an account of the site."""
    return Act(function, {key: account.id, **item})
