"""What may be put into the daemon's mailbox: the only way anything reaches the loop."""

from dataclasses import dataclass, field

from syncd.control import Request
from syncd.disk.intake import Taking
from syncd.disk.journal import Heard
from syncd.disk.records import RunRecord


@dataclass(frozen=True, slots=True)
class Woken:
    """Something happened in the drop folder."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A signal asks for the end; the second one asks for it now."""


@dataclass(frozen=True, slots=True)
class Reload:
    """A signal asks to read the settings again."""


@dataclass(frozen=True, slots=True)
class TookIn:
    """A round of taking in is over; `error` is what broke it off."""

    taking: Taking = field(default_factory=Taking)
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A run is over, or was interrupted; `error` is what broke it off."""

    run: str
    record: RunRecord | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    run: str
    phase: str
    rows: int
    total: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """The night's retention is over: how many files went, and what broke it off."""

    count: int
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Overheard:
    """sshd logged something, or it can't be heard."""

    heard: Heard


Note = Woken | Stop | Reload | TookIn | Ended | Progress | Pruned | Overheard | Request
