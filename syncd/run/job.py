"""What a run is given, and how it ends."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from syncd.core.model import Outcome, Refusal, RunState
from syncd.core.rows import Encoding, Separator
from syncd.disk.ledger import Ledger
from syncd.disk.repository import InRun, Repository
from syncd.errors import FileRefused, SiteUnreachable, SyncdError
from syncd.targets.base import Target
from syncd.tools.base import Tool

BLINK = 0.5
"""Seconds after which somebody who waits looks whether the run must end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run to be made: which tool, on which file, asked by whom.

    `approved_by` names who approved the plan whose digest is `approved_plan` ("": nobody), `rejected_by`
    who rejected it: then it is only concluded. `resumed` tells that an
    earlier process began this run and did not end it. `promised` are the kinds of things that other files may bring,
    each with the name of such a file: a row that lacks such a thing is deferred.
    """

    id: str
    tool_name: str
    tool: Tool
    file: InRun
    asked_by: str
    started: datetime
    encoding: Encoding = "auto"
    separator: Separator = "auto"
    simulated: bool = False
    approved_by: str = ""
    approved_plan: str = ""
    rejected_by: str = ""
    resumed: bool = False
    promised: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where runs are made: what they read, write and call.

    `stop()` tells that the run must end at the next seam, to be planned again later; `hurry()` that a program that was
    started must be ended too. `progress(phase, rows, total)` is told how far it is; total 0 is not known.
    `roles` maps shortnames of the site's roles to their ids, as far as the settings tell them. `patience` is how many
    seconds a site that is away is waited for within a run, and `sleep` how to wait.
    """

    repository: Repository
    ledger: Ledger
    target: Target
    connections: int
    site: str
    roles: Mapping[str, int] = field(default_factory=dict)
    spool: Path
    now: Callable[[], datetime]
    patience: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    stop: Callable[[], bool] = lambda: False
    hurry: Callable[[], bool] = lambda: False
    progress: Callable[[str, int, int], None] = lambda _phase, _rows, _total: None

    def pause(self, seconds: float) -> None:
        """Wait; raises `Interrupted` as soon as the run must end."""
        while seconds > 0:
            if self.stop():
                raise Interrupted("stopped")
            self.sleep(min(seconds, BLINK))
            seconds -= BLINK


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended; the fields are those of the report.

    `tryback` writes the refused rows, where there are any, `deferred` the deferred ones. `defect` is what no part of
    syncd should have raised.
    """

    state: RunState
    counts: Mapping[Outcome, int] = field(default_factory=dict)
    planned: Mapping[Outcome, int] = field(default_factory=dict)
    plan: str = ""
    breaches: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: Refusal | None = None
    refusal_line: int = 0
    output: str = ""
    what_to_do: str = ""
    tryback: Callable[[], Iterator[bytes]] | None = None
    deferred: Callable[[], Iterator[bytes]] | None = None
    defect: Exception | None = None

    @property
    def reason(self) -> str:
        """Why it did not simply end well, in one line for the ledger and the log."""
        return "; ".join(self.breaches) or (self.refusal.reason if self.refusal else "")


class Interrupted(SyncdError):
    """The run was told to stop; what is left of it is planned again at the next start."""


class Replaced(SyncdError):
    """The file no longer holds the bytes that the run is about."""


def ended_by(error: Exception, ending: Ending) -> Ending:
    """The ending that an error makes of a run: the sender's fault, the site's silence, or a fault to be mended."""
    match error:
        case FileRefused():
            state = RunState.REFUSED
            refusal = Refusal(error.code, error.reason, value=error.value, cure=error.cure)
            return replace(ending, state=state, refusal=refusal, refusal_line=error.line)
        case SiteUnreachable():
            return replace(ending, state=RunState.UNREACHABLE, refusal=Refusal("unreachable", str(error)))
        case Replaced():
            return replace(ending, state=RunState.FAILED, refusal=Refusal("replaced", str(error)))
        case SyncdError():
            return replace(ending, state=RunState.FAILED, refusal=Refusal("failed", str(error)))
        case _:
            # Its text may hold anything that a row holds: the kind is all that a report can say.
            reason = f"a defect of syncd ({type(error).__name__}); the log has more, please report it"
            return replace(ending, state=RunState.FAILED, refusal=Refusal("failed", reason), defect=error)
