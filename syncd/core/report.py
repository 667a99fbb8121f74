"""The report of a run: what it says, whoever reads it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from syncd.core.model import Outcome, Refusal, Result, RunState

MOST_ROWS = 1_000
"""Rows that a report lists; all of them stand in the file beside it."""

MOST_DEFERRED = 20
"""Of these, deferred ones: they need nothing, and there may be very many."""

TO_LOOK_AT = frozenset({Outcome.REJECTED, Outcome.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What there is to say of a run, but for its rows, which are streamed beside it.

    Times are aware, in the zone of the site. `counts` are rows by what became of them; in a simulated run, by what
    would have become of them. `planned` are the same of the plan that a held run waits with. `breaches` say, each in a
    sentence, which limits the plan passes, `notes` are remarks. `refusal` tells why the whole file was refused, at
    `refusal_line` (0: no one line), or why the run failed. `archive`, `tryback`, `deferred` (such rows lie there) and
    `rows` (every row is told there) are paths in the repository, "" where there is none. `output` is what the program
    of a command tool wrote. `what_to_do` takes the place of what `advice` says of the state alone.
    """

    run: str
    tool: str
    kind: str
    site: str
    file: str
    sha256: str
    size: int
    state: RunState
    started: datetime
    ended: datetime
    arrived: datetime | None = None
    simulated: bool = False
    approved_by: str = ""
    counts: Mapping[Outcome, int] = field(default_factory=dict)
    planned: Mapping[Outcome, int] = field(default_factory=dict)
    breaches: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: Refusal | None = None
    refusal_line: int = 0
    archive: str = ""
    tryback: str = ""
    deferred: str = ""
    rows: str = ""
    output: str = ""
    what_to_do: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows that a report lists: the first of some, in file order, and how many `more` there are."""

    rows: tuple[Result, ...] = ()
    more: int = 0

    @property
    def all(self) -> int:
        """How many there are, listed or not."""
        return len(self.rows) + self.more


@dataclass(frozen=True, slots=True)
class Noteworthy:
    """The rows that a report lists: those that were refused or are in doubt, the deferred ones, and those that tell."""

    refused: Listed = field(default_factory=Listed)
    deferred: Listed = field(default_factory=Listed)
    told: Listed = field(default_factory=Listed)


def noteworthy(results: Iterable[Result], *, tells: bool = False) -> Noteworthy:
    """Choose the rows that a report lists, `MOST_ROWS` at most, however many there are.

    `tells`: what a row of this kind found out stands in its notes, and is listed too.
    """
    refused: list[Result] = []
    deferred: list[Result] = []
    told: list[Result] = []
    numbers = dict.fromkeys(("refused", "deferred", "told"), 0)
    for result in results:
        if result.outcome in TO_LOOK_AT:
            what, rows, most = "refused", refused, MOST_ROWS
        elif result.outcome is Outcome.DEFERRED:
            what, rows, most = "deferred", deferred, MOST_DEFERRED
        elif tells and result.notes:
            what, rows, most = "told", told, MOST_ROWS
        else:
            continue
        numbers[what] += 1
        if len(rows) < most:
            rows.append(result)
    del deferred[MOST_ROWS - len(refused) :]
    del told[MOST_ROWS - len(refused) - len(deferred) :]
    return Noteworthy(
        Listed(tuple(refused), numbers["refused"] - len(refused)),
        Listed(tuple(deferred), numbers["deferred"] - len(deferred)),
        Listed(tuple(told), numbers["told"] - len(told)),
    )


def headline(report: Report) -> str:
    """What happened, in one sentence."""
    file = f"The {report.kind} file {report.file}"
    if report.state is not RunState.DONE:
        return f"{file} {_ENDS[report.state].format(site=report.site)}"
    changed = sum(number for outcome, number in report.counts.items() if outcome.applied)
    others = [
        f"{report.counts[outcome]:,} {outcome}"
        for outcome in (Outcome.UNCHANGED, Outcome.REJECTED, Outcome.DEFERRED, Outcome.SKIPPED, Outcome.UNKNOWN)
        if report.counts.get(outcome)
    ]
    if report.simulated:
        deed = f"was only simulated: nothing was sent to {report.site}. {_rows(changed)} would change it"
    elif report.counts:
        deed = f"was run on {report.site}: {_rows(changed)} changed it"
    else:
        deed = f"was run on {report.site}"
    return ", ".join([f"{file} {deed}", *others]) + "."


def advice(report: Report) -> str:
    """What is to be done now, and by whom; "" when there is nothing."""
    if report.what_to_do:
        return report.what_to_do
    if report.state is RunState.REFUSED and report.refusal and report.refusal.cure:
        return f"The sender: {report.refusal.cure}"
    if report.state is not RunState.DONE:
        return _ADVICE[report.state]
    if report.simulated and not report.refusal and report.counts:
        return f"Look at each row, with what would be done for it: syncd report --rows {report.run}"
    rows_in_doubt = report.counts.get(Outcome.UNKNOWN, 0)
    sentences = []
    if report.tryback:
        sentences.append(f"Correct the refused rows in {report.tryback} and upload that file, or correct their source.")
    elif report.counts.get(Outcome.REJECTED):
        sentences.append("Correct the refused rows in their source.")
    if report.deferred:
        sentences.append(
            f"The deferred rows need nothing: they wait in {report.deferred} for what other files may bring, and are "
            "run once more."
        )
    if rows_in_doubt:
        sentences.append(
            "Upload the file again: rows of unknown outcome come out as unchanged where they were applied."
        )
    return " ".join(sentences)


_ENDS = {
    RunState.RUNNING: "is being run on {site}.",
    RunState.INTERRUPTED: "was interrupted while it was run on {site}.",
    RunState.HELD: "is HELD until a person has looked at it: nothing was sent to {site}.",
    RunState.REFUSED: "was REFUSED as a whole: nothing was sent to {site}.",
    RunState.REJECTED: "was rejected by a person: nothing was sent to {site}.",
    RunState.SUPERSEDED: "was set aside, as a newer one took its place: nothing was sent to {site}.",
    RunState.UNREACHABLE: "was stopped, as {site} can't be reached.",
    RunState.FAILED: "FAILED on {site}.",
}

_ADVICE = {
    RunState.RUNNING: "",
    RunState.INTERRUPTED: "Nothing: the rest is planned and run when syncd starts again.",
    RunState.HELD: (
        "Compare what is planned with what the sender meant (syncd report --rows tells each row), then say one of:"
    ),
    RunState.REFUSED: "The sender: correct the file and upload it again.",
    RunState.REJECTED: "If its changes are wanted after all, upload the file again.",
    RunState.SUPERSEDED: "",
    RunState.UNREACHABLE: "Nothing: the file stays waiting and is tried again. If the site should answer, look at it.",
    RunState.FAILED: "The administrator: mend what is named above, then run the tool again.",
}


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"
