"""The values that the decisions are about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What became of a row; every row has exactly one."""

    CREATED = "created"
    UPDATED = "updated"
    SUSPENDED = "suspended"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"

    @property
    def applied(self) -> bool:
        """Whether the site was changed."""
        return self in APPLIED


APPLIED = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.SUSPENDED, Outcome.DELETED})


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a command file: `cells` by column name, as text.

    `line` is the line of the file on which it begins, from 1; `raw` is the record as read, without its line end.
    A column that the record is too short for is absent from `cells`, and `short` says so.
    """

    line: int
    cells: Mapping[str, str]
    raw: str
    short: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row is refused, for its sender: a code of `core.codes`, the place, the reason and the cure.

    `value` is what was found; it is never a password.
    """

    code: str
    reason: str
    column: str = ""
    value: str = ""
    cure: str = ""


NO_PASSWORD = ""
"""In `Act.secrets`: not a column, but a random password that nobody is told."""

NO_PASSWORD_NOTE = "the new account has a random password that nobody knows"
"""The remark on a row whose account is made with it."""


@dataclass(frozen=True, slots=True)
class Act:
    """One item of one web-service call.

    `secrets` maps keys of the item to the columns that hold their values: they are read again from the file when the
    call is made, so that no password (and no picture) is ever spooled.

    What an act makes has no id before it is made; until then it goes by a name. `gives` is the name under which the id
    that the site answers is known to later acts of this run, of any row ("" : the subject of the step). `takes` maps
    keys of the item, dots leading into nested ones, to the names whose ids they receive: an act waits for them.
    """

    function: str
    item: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict)
    gives: str = ""
    takes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """What a plan says of one row: its result if all goes well, and the acts that bring it about, in order.

    `subject` names the thing that the row is about, so that two rows about one thing keep their order. `after` names
    the subject of one more earlier row that must be carried out before: a cohort is emptied after members were added.
    `notes` are remarks for the report ("e-mail left alone: protected").
    `lacks` is the kind of thing for want of which a row is refused (`user`, `course`, `category`, `cohort`, `group`);
    where another file may bring it the row is deferred instead.
    `reach` is how many things it takes away besides the one that its row counts for, as the members of a cohort.
    `absent` is the kind of thing that a row is to do away with and that is not there (`account`, `course`): that is as
    it should be, but a list of which most is absent is perhaps a wrong one: the report counts them. No spool keeps it.
    A step that is rejected or deferred may have acts all the same: what of the row can be carried out is, and `partly`
    is what that alone comes to.
    """

    line: int
    outcome: Outcome
    subject: str = ""
    acts: tuple[Act, ...] = ()
    refusal: Refusal | None = None
    notes: tuple[str, ...] = ()
    lacks: str = ""
    after: str = ""
    reach: int = 0
    absent: str = ""
    partly: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one row."""

    line: int
    outcome: Outcome
    subject: str = ""
    refusal: Refusal | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of the site before a run plans: which functions it offers, and what the settings say of it.

    `roles` maps role shortnames to ids, as the settings give them; `zone` is the site's clock, and `now` the moment at
    which the run began, in seconds since 1970.
    """

    functions: frozenset[str] = frozenset()
    roles: Mapping[str, int] = field(default_factory=dict)
    zone: tzinfo = UTC
    now: int = 0
    user: int = 0

    def has(self, function: str) -> bool:
        """Whether the token may call a web-service function."""
        return function in self.functions


@dataclass(frozen=True, slots=True)
class Call:
    """A question to the site: a web-service function and its parameters."""

    function: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Work(Call):
    """What a plan wants done that asks no site and takes long: it is done where calls are made, several at once.

    `do` returns what stands in the place of an answer. It may run in any thread.
    """

    function: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    do: Callable[[], Any] = field(kw_only=True)


class RunState(StrEnum):
    """Where a run stands. All but the first two are ends, and every end has a report."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"  # stopped half-way: planned again at the next start
    DONE = "done"
    HELD = "held"
    REFUSED = "refused"
    REJECTED = "rejected"  # held, and a person said no
    SUPERSEDED = "superseded"  # held or waiting, and a newer file took its place
    UNREACHABLE = "unreachable"
    FAILED = "failed"
