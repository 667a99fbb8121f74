"""The daily summary: what came, what was run and what stands, for people who look at nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import fill

from syncd.core.model import Outcome, RunState
from syncd.core.notice_text import WIDTH, Letter

MOST = 10
"""Things of one kind that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a run."""

    tool: str
    state: RunState
    counts: Mapping[Outcome, int]


@dataclass(frozen=True, slots=True)
class Named:
    """Something that a person should look at: what it is, why, and what to do, if that is known."""

    name: str
    why: str
    cure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What happened from one moment to another, and how things stand at its end; on the site's clock."""

    since: datetime
    until: datetime
    files: int = 0
    size: int = 0
    tools: Sequence[str] = ()
    runs: Sequence[Ran] = ()
    held: Sequence[Named] = ()
    refused: Sequence[Named] = ()
    alarms: Sequence[Named] = ()
    troubles: Sequence[str] = ()
    waiting: Sequence[Named] = ()

    @property
    def rows_refused(self) -> int:
        """Rows that were not carried out because something is wrong with them."""
        return sum(run.counts.get(Outcome.REJECTED, 0) for run in self.runs if run.state is not RunState.HELD)

    @property
    def files_refused(self) -> int:
        """Files that can't be understood, so that nothing of them was carried out."""
        return sum(run.state is RunState.REFUSED for run in self.runs)

    @property
    def failed(self) -> int:
        """Runs that came to nothing because something has to be mended, or the site was away."""
        return sum(run.state in {RunState.FAILED, RunState.UNREACHABLE} for run in self.runs)


def digest(day: Day, *, site: str, ending: str) -> Letter:
    """The summary of a day; it says so when all is well, and first of all when something is not."""
    noted = _noted(day)
    came = f"{_some(day.files, 'file')} came, {_some(len(day.runs), 'run')}"
    subject = f"[{site}] {', '.join(noted) if noted else 'all is well'} ({came})"
    return Letter(subject, "\n\n".join([*_paragraphs(day, noted), f"-- \n{ending}\n"]))


def _noted(day: Day) -> list[str]:
    """What people should look at, the gravest first."""
    numbers = (
        (len(day.troubles), "trouble", "troubles"),
        (len(day.alarms), "alarm", "alarms"),
        (len(day.held), "run held", "runs held"),
        (day.failed, "run failed", "runs failed"),
        (day.files_refused, "file refused", "files refused"),
        (len(day.refused), "file not taken in", "files not taken in"),
        (day.rows_refused, "row refused", "rows refused"),
    )
    return [f"{number:,} {one if number == 1 else many}" for number, one, many in numbers if number]


def _paragraphs(day: Day, noted: Sequence[str]) -> Iterator[str]:
    yield f"From {_clock(day.since)} to {_clock(day.until)}."
    if not noted:
        yield "All is well: nothing was refused, and nothing waits for a person."
    if day.troubles:
        yield "\n".join([_title("Trouble", len(day.troubles)), *(_wrapped(text) for text in day.troubles)])
    yield from _named("Alarms", day.alarms)
    yield from _named("Held until a person decides (syncd report RUN, syncd approve RUN, syncd reject RUN)", day.held)
    yield from _named("Files that can't be taken in", day.refused)
    came = f"{_some(day.files, 'file')} came"
    yield f"{came}, {_size(day.size)}." if day.files else f"{came}."
    yield "\n".join([_title("Runs", len(day.runs)), *_runs(day)])
    yield from _named("Waiting", day.waiting)


def _runs(day: Day) -> Iterator[str]:
    tools = dict.fromkeys([*day.tools, *(run.tool for run in day.runs)])
    width = max((len(tool) for tool in tools), default=0)
    for tool in tools:
        runs = [run for run in day.runs if run.tool == tool]
        states = [f"{number:,} {state}" for state in RunState if (number := sum(run.state is state for run in runs))]
        yield f"    {tool:{width}}  {', '.join(states) or 'none'}"
        # What a held run would do was not done.
        counted = [run.counts for run in runs if run.state is not RunState.HELD]
        rows = [
            f"{number:,} {outcome}" for outcome in Outcome if (number := sum(one.get(outcome, 0) for one in counted))
        ]
        if rows:
            yield fill(
                f"rows: {', '.join(rows)}", WIDTH, initial_indent=" " * (width + 6), subsequent_indent=" " * (width + 8)
            )


def _named(title: str, things: Sequence[Named]) -> Iterator[str]:
    if not things:
        return
    lines = [_title(title, len(things))]
    for thing in things[:MOST]:
        lines += [f"    {thing.name}", *(_wrapped(text, "        ") for text in (thing.why, thing.cure) if text)]
    if (rest := len(things) - MOST) > 0:
        lines.append(f"    and {rest:,} more")
    yield "\n".join(lines)


def _title(text: str, count: int) -> str:
    return f"{text}: {count:,}"


def _wrapped(text: str, before: str = "    ") -> str:
    return fill(text, WIDTH, initial_indent=before, subsequent_indent=before, break_long_words=False)


def _some(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}" if number else f"no {noun}s"


def _size(size: int) -> str:
    for unit, bytes_ in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= bytes_:
            return f"{size / bytes_:.1f} {unit}"
    return f"{size} bytes"


def _clock(moment: datetime) -> str:
    return f"{moment:%d %B %Y, %H:%M}".removeprefix("0")
