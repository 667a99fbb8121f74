"""Planning: what each row would change, found by asking the site in batches."""

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from syncd.core.bundle import answers, bundle, bundles
from syncd.core.functions import BUNDLE
from syncd.core.lines import LineNumbers
from syncd.core.model import Call, Outcome, Refusal, Row, Site, Step, Work
from syncd.disk.spool import Spool
from syncd.errors import Fault, ItemRefused
from syncd.run.reading import Checked
from syncd.targets.base import Target
from syncd.tools.base import Memory, RowTool, Wish

WINDOW = 2_000
"""Rows planned at once: enough for a look-up on each of four connections."""

WINDOW_SIZE = 4 << 20
"""Characters of the rows planned at once: memory stays flat however long rows are."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan comes to. The plan itself is in the spool; `digest` stands for it.

    `lacked` are the kinds of things that the deferred rows lack. `memory` is what the kind remembers of it all.
    `reach` is how many things its rows take away besides those that they count for. `notes` are remarks on the whole of
    it, for the report. `partly` counts what those parts come to that are carried out of rows which are refused or
    deferred.
    """

    counts: Counter[Outcome]
    digest: str
    lacked: frozenset[str]
    memory: Memory
    reach: int = 0
    notes: tuple[str, ...] = ()
    partly: Counter[Outcome] = field(default_factory=Counter)


def plan(
    checked: Iterable[Checked],
    tool: RowTool,
    again: Callable[[str], bool],
    site: Site,
    target: Target,
    pool: Executor,
    spool: Spool,
    beat: Callable[[int], None],
    promised: Mapping[str, str],
    *,
    completing: bool = False,
) -> Plan:
    """Plan every row, in file order, into the spool. Changes nothing on the site.

    A row that is refused for want of something `promised` is deferred. `completing`: an earlier run deferred the rows.
    `beat(rows)` is called whenever answers came; what it raises ends the planning. Raises what the target raises.
    """
    counts: Counter[Outcome] = Counter()
    absent: Counter[str] = Counter()
    lacked: set[str] = set()
    changed: set[int] = set()
    changed_again = LineNumbers()
    partly: Counter[Outcome] = Counter()
    reach = 0
    memory = Memory(again, site=site, completing=completing)

    def steps() -> Iterator[Step]:
        nonlocal reach
        rows = iter(checked)
        while window := _window(rows):
            for step in _planned(window, tool, memory, target, pool, lambda: beat(counts.total())):
                if step.lacks in promised and step.refusal:
                    step = _deferred(step, step.refusal, promised[step.lacks])
                    lacked.add(step.lacks)
                counts[step.outcome] += 1
                reach += step.reach
                if step.outcome.applied and step.subject and again(step.subject):
                    if (subject := hash(step.subject)) in changed:
                        changed_again.note(step.line)
                    changed.add(subject)
                if step.absent:
                    absent[step.absent] += 1
                if step.partly:
                    partly[step.partly] += 1
                yield step
            beat(counts.total())

    digest = spool.write_plan(steps())
    notes = tuple(
        f"rows that name no {thing} of the site: {number:,} of {counts.total():,}" for thing, number in absent.items()
    )
    if changed_again.count:
        notes += (
            f"what an earlier row changed is changed again by {changed_again}: where such rows contradict each other, "
            "the file changes it each time that it is sent",
        )
    return Plan(counts, digest, frozenset(lacked), memory, reach, notes, partly)


def _deferred(step: Step, refusal: Refusal, file: str) -> Step:
    found = f" ({refusal.value})" if refusal.value else ""
    rest = "what is left of the row is " if step.acts else ""
    note = f"{rest}deferred to the next run: {refusal.reason}{found}; {file} may bring it"
    return replace(step, outcome=Outcome.DEFERRED, refusal=None, notes=(*step.notes, note))


def _window(rows: Iterator[Checked]) -> list[Checked]:
    """The next rows to be planned together: so many, or as many as fit in memory."""
    window: list[Checked] = []
    size = 0
    while len(window) < WINDOW and size < WINDOW_SIZE and (checked := next(rows, None)):
        window.append(checked)
        size += len(checked[0].raw)
    return window


def _planned(
    window: list[Checked], tool: RowTool, memory: Memory, target: Target, pool: Executor, alive: Callable[[], None]
) -> Iterator[Step]:
    wishes = [wish for _, wish in window if isinstance(wish, Wish)]
    steps = iter(_asked(tool, wishes, memory, target, pool, alive))
    for row, wish in window:
        if isinstance(wish, Refusal):
            yield Step(row.line, Outcome.REJECTED, refusal=wish)
        else:
            yield next(steps)


def replanning(
    tool: RowTool, again: Callable[[str], bool], site: Site, target: Target, pool: Executor, *, completing: bool = False
) -> Callable[[Sequence[Row]], list[Step]]:
    """What plans rows of a file anew, against the site as it is then; the rows were planned before."""

    def replan(rows: Sequence[Row]) -> list[Step]:
        wishes = [wish for row in rows if isinstance(wish := tool.check(row), Wish)]
        return _asked(tool, wishes, Memory(again, site=site, completing=completing), target, pool)

    return replan


def _asked(
    tool: RowTool,
    wishes: list[Wish],
    memory: Memory,
    target: Target,
    pool: Executor,
    alive: Callable[[], None] = lambda: None,
) -> list[Step]:
    """Hold the conversation that a plan is: ask what it wants to know, all at once, until it knows enough."""
    steps: list[Step] = converse(tool.plan(wishes, memory), memory.site, target, pool, alive)
    if [step.line for step in steps] != [wish.line for wish in wishes]:
        raise Fault(f"the kind {tool.kind} did not plan each row once, in order: a defect of syncd, please report it")
    return steps


Told = TypeVar("Told")


def converse(
    conversation: Generator[Sequence[Call], Sequence[Any], Told],
    site: Site,
    target: Target,
    pool: Executor,
    alive: Callable[[], None] = lambda: None,
) -> Told:
    """Ask what a conversation wants to know, all at once, until it knows enough; returns what it comes to.

    `alive` is called whenever answers came. Raises what the target raises.
    """
    try:
        calls = next(conversation)
        while True:
            answers = _answers(calls, site, target, pool)
            alive()
            calls = conversation.send(answers)
    except StopIteration as end:
        told: Told = end.value
        return told


def _answers(calls: Sequence[Call], site: Site, target: Target, pool: Executor) -> list[Any]:
    """The answers to some questions, asked over all connections; where the site can, small ones in bundles."""
    together = bundles(calls) if site.has(BUNDLE) else []
    alone = set(range(len(calls))).difference(*together)
    groups = [[place] for place in sorted(alone)] + together

    def ask(places: Sequence[int]) -> list[Any]:
        return _bundled([calls[place] for place in places], target)

    found = dict[int, Any]()
    for places, group in zip(groups, pool.map(ask, groups), strict=True):
        found.update(zip(places, group, strict=True))
    return [found[place] for place in range(len(calls))]


def _bundled(calls: Sequence[Call], target: Target) -> list[Any]:
    found: list[Any] = []
    while len(found) < len(calls):
        left = calls[len(found) :]
        if len(left) > 1:
            call = bundle(left)
            try:
                found += answers(_ask(call, target))
            except ValueError as error:
                raise Fault(f"Moodle's answer to a question makes no sense ({call.function}): {error}") from error
        if len(found) < len(calls):
            # The one that was refused in the bundle: asked alone, the target says whose fault it is.
            found.append(_ask(calls[len(found)], target))
    return found


def _ask(call: Call, target: Target) -> Any:
    if isinstance(call, Work):
        return call.do()
    try:
        return target.call(call.function, call.parameters)
    except ItemRefused as refused:
        raise Fault(f"Moodle refuses a question ({call.function}): {refused}") from refused
