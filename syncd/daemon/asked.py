"""A run that somebody asked for, and the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from syncd.control import Request
from syncd.core.model import Outcome, RunState
from syncd.core.names import shown
from syncd.daemon.notes import Progress
from syncd.disk.records import RunRecord
from syncd.errors import Frozen

EXIT_CODES = {
    RunState.DONE: 0,
    RunState.HELD: 4,
    RunState.REFUSED: 5,
    RunState.UNREACHABLE: 6,
    RunState.REJECTED: 0,
    RunState.SUPERSEDED: 2,  # what was meant is not what waits now
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A run that a person wants: of a tool's oldest file, of the file named, or of a held one that is decided on."""

    tool: str
    request: Request
    file: str = ""
    simulated: bool = False
    held: RunRecord | None = None
    rejected: bool = False

    @property
    def who(self) -> str:
        """Who asks."""
        return self.request.who

    @property
    def changes_something(self) -> bool:
        """Whether the site may be another one afterwards."""
        return not self.simulated and not self.rejected

    def progress(self, note: Progress) -> None:
        """The run goes on."""
        self.request.progress({"run": note.run, "phase": note.phase, "rows": note.rows, "total": note.total})

    def ended(self, record: RunRecord) -> None:
        """The run is over."""
        self.request.answer(answered(record))

    def nothing_waits(self, file: str, held: RunRecord | None) -> None:
        """There is nothing to run, or only what a person has to decide on."""
        if held:
            text = f"{shown(held.path)} is held: {held.reason} (syncd approve {held.id}, or syncd reject {held.id})"
            self.request.answer({"run": held.id, "text": text, "exit": EXIT_CODES[RunState.HELD]})
        else:
            self.request.answer({"run": "", "text": f"nothing to run: no file {shown(file)} waits", "exit": 0})

    def gone(self, path: str) -> None:
        """The file that was meant is not there."""
        self.request.refuse(f"{shown(path)} is not, or no longer, a file of the repository", 2)

    def too_late(self, run: str) -> None:
        """The run that was to be decided on is over."""
        self.request.refuse(f"the run {run} is no longer held: syncd report {run} says what became of it", 2)

    def frozen(self, words: str) -> None:
        """A freeze lets no run start."""
        text = f"the tool {self.tool} is {words}. Nothing was run; syncd run {self.tool} --simulate shows what would be"
        self.request.refuse(text, Frozen.exit_code)

    def noted(self, run: str, words: str) -> None:
        """An approval is kept for the end of a freeze."""
        text = f"The run {run} is approved. It is made when the freeze is over: {self.tool} is {words}."
        self.request.answer({"run": run, "text": text, "exit": 0})

    def failed(self, reason: str) -> None:
        """The run was broken off."""
        self.request.refuse(reason, 1)


def answered(record: RunRecord) -> Mapping[str, Any]:
    """What is answered to somebody who waited for a run."""
    code = EXIT_CODES.get(record.state, 1)
    if record.state is RunState.DONE and record.counts.get(Outcome.REJECTED):
        code = 3
    return {
        "run": record.id,
        "state": record.state,
        "counts": record.counts,
        "reason": record.reason,
        "report": record.report,
        "exit": code,
    }
