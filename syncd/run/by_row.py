"""A run of a kind that works row by row: read, plan, guard, apply."""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from syncd.core.deeds import planned
from syncd.core.deferral import HEAD, Deferral, deferral_of, deferred
from syncd.core.functions import BUNDLE
from syncd.core.guard import breaches
from syncd.core.model import Outcome, Result, RunState, Step
from syncd.core.rows import TRYBACK_COLUMN
from syncd.core.table import CsvTable, Table
from syncd.disk.durable import digest
from syncd.disk.records import RunRecord
from syncd.disk.spool import Spool
from syncd.errors import FileRefused, SyncdError
from syncd.run.applying import Apply, Pair
from syncd.run.job import Ending, Interrupted, Job, Place, Replaced, ended_by
from syncd.run.meeting import met
from syncd.run.patience import Patient
from syncd.run.planning import Plan, converse, plan, replanning
from syncd.run.reading import Reading, check, read
from syncd.targets.base import Target
from syncd.tools.base import RowTool


def run_by_row(job: Job, tool: RowTool, place: Place, record: RunRecord, spool: Spool) -> Ending:
    """Run a file; its results are in the spool afterwards.

    Raises `FileRefused`, `Replaced`, what the target raises before anything was sent, and `Interrupted`.
    """
    with job.file.file.open("rb") as file, ThreadPoolExecutor(place.connections, "call") as pool:
        same = Same(file, record)
        beat = _Beat(place)
        reading = read(file, tool, job.encoding, job.separator, beat.reading)
        beat.total = reading.rows
        target = Patient(place.target, place.pause, place.patience)
        site = met(target, tool, reading.table.header, job.started, place.roles)
        told = (*reading.notes, *tool.remarks(reading.table.header, site))
        rows = check(file, tool, reading.table)
        mark = _mark(file)
        # What was deferred once, or can't be written once more, is refused.
        promised = job.promised if not mark and isinstance(reading.table, CsvTable) else {}
        found = plan(
            rows, tool, reading.again, site, target, pool, spool, beat.planning, promised, completing=bool(mark)
        )
        ending = Ending(
            state=RunState.DONE,
            counts=found.counts,
            planned=found.counts,
            plan=found.digest,
            notes=told + found.notes,
        )
        if held := _over(tool, reading, found, job, _rows_in_all(mark, reading, job, place)):
            return replace(ending, state=RunState.HELD, breaches=held, counts=_results_of_plan(spool, sent=False))
        tidy = partial(_tidied, tool, found, reading, target, pool)
        if job.simulated:
            return replace(ending, counts=_results_of_plan(spool, sent=True))
        if not (found.counts.keys() - {Outcome.UNCHANGED}):
            return tidy(replace(ending, counts=_results_of_plan(spool, sent=True)))
        ending = replace(ending, tryback=partial(tryback, job, reading.table, spool))
        if found.lacked:
            deferral = Deferral(job.id, place.now(), found.lacked)
            ending = replace(ending, deferred=partial(_deferred, job, reading, spool, deferral))

        def ready() -> None:
            if place.stop():
                raise Interrupted("stopped")
            same.check()

        apply = Apply(
            target,
            pool,
            reading.again,
            ready,
            bundles=site.has(BUNDLE),
            replan=replanning(tool, reading.again, site, target, pool, completing=bool(mark)),
            pause=place.pause,
        )
        ending = _applied(apply, _pairs(file, reading, spool.plan()), ending, place, spool, reading.rows, same)
        # Asked to stop, it makes an end: the next run of the tool finds the same left to do.
        return ending if apply.down or place.stop() else tidy(ending)


def _mark(file: BinaryIO) -> Deferral | None:
    file.seek(0)
    return deferral_of(file.read(HEAD))


def _rows_in_all(mark: Deferral | None, reading: Reading, job: Job, place: Place) -> int:
    """How many rows a file has; deferred ones are still a part of the file that they come from."""
    before = place.ledger.run(mark.run) if mark else None
    # By the ledger, not by the mark: that anybody can write.
    its_own = before and (before.tool, before.path) == (job.tool_name, job.file.path)
    if before and its_own and before.counts.get(Outcome.DEFERRED, 0) >= reading.rows:
        return sum(before.counts.values())
    return reading.rows


def _over(tool: RowTool, reading: Reading, found: Plan, job: Job, rows: int) -> tuple[str, ...]:
    """Why a person must look at this first; nothing when the plan keeps the limits, or is the one that was approved."""
    if job.approved_by and found.digest == job.approved_plan:
        return ()
    corrected = TRYBACK_COLUMN in reading.table.header
    broken = breaches(tool.guard, rows, found.counts + found.partly, found.reach, corrected=corrected)
    over = [str(breach) for breach in broken]
    if reading.cut_off:
        over.append(f"cut-off: {reading.cut_off.reason}")
    if over and job.approved_by:
        over.append(f"the plan that {job.approved_by} approved is no longer what would be done: look at it again")
    return tuple(over)


def _results_of_plan(spool: Spool, *, sent: bool) -> Counter[Outcome]:
    """Keep the results of a plan that is not carried out: as they would be, or (not `sent`) as skipped.

    Their notes tell what would be done.
    """
    counts: Counter[Outcome] = Counter()

    def results() -> Iterator[Result]:
        for step in spool.plan():
            outcome, notes = step.outcome, step.notes + planned(step)
            if outcome.applied and not sent:
                outcome, notes = Outcome.SKIPPED, (f"planned: {outcome}", *notes)
            elif step.partly:
                notes = (f"planned for a part of the row: {step.partly}", *notes)
            counts[outcome] += 1
            yield Result(step.line, outcome, step.subject, step.refusal, notes)

    with spool.writing_results() as write:
        write(results())
    return counts


def _applied(
    apply: Apply, pairs: Iterator[Pair], ending: Ending, place: Place, spool: Spool, total: int, same: "Same"
) -> Ending:
    counts: Counter[Outcome] = Counter()
    with spool.writing_results() as write, same:
        for results in apply.results(pairs):
            if isinstance(apply.down, Interrupted | OSError):
                raise apply.down
            write(results)
            counts.update(result.outcome for result in results)
            place.progress("apply", counts.total(), total)
    ending = replace(ending, counts=counts)
    return ended_by(apply.down, ending) if apply.down else ending


def _tidied(tool: RowTool, found: Plan, reading: Reading, target: Target, pool: Executor, ending: Ending) -> Ending:
    """Let the kind do what is left when every row was carried out."""
    whole = not (reading.rejected or found.lacked)
    try:
        notes = converse(tool.afterwards(found.memory, whole=whole), found.memory.site, target, pool)
    except SyncdError as error:
        return ended_by(error, ending)
    return replace(ending, notes=ending.notes + notes)


def _pairs(file: BinaryIO, reading: Reading, steps: Iterator[Step]) -> Iterator[Pair]:
    # The plan names no password: the row beside it does.
    for (row, _), step in zip(reading.table.rows(file), steps, strict=True):
        yield row, step


def tryback(job: Job, table: Table, spool: Spool) -> Iterator[bytes]:
    """The refused rows, read again beside their results: what they hold, a password perhaps, is never spooled."""
    with job.file.file.open("rb") as file:
        refused = (
            (row, result.refusal.reason)
            for (row, _), result in zip(table.rows(file), spool.results(), strict=True)
            if result.refusal
        )
        yield from table.tryback(file, refused)


def _deferred(job: Job, reading: Reading, spool: Spool, deferral: Deferral) -> Iterator[bytes]:
    """The deferred rows, read again, as a file that is to be run once more."""
    table = reading.table
    assert isinstance(table, CsvTable)
    with job.file.file.open("rb") as file:
        rows = (
            row.raw
            for (row, _), result in zip(table.rows(file), spool.results(), strict=True)
            if result.outcome is Outcome.DEFERRED
        )
        yield from deferred(table.dialect.header_raw, rows, table.dialect, deferral)


class Same:
    """Sees to it that a run meets no other bytes than those that were noted: somebody may have the file open still."""

    def __init__(self, file: BinaryIO, record: RunRecord) -> None:
        self._file = file
        self._seen = self._stat()
        if digest(file.fileno()).sha256 != record.sha256:
            raise _replaced()
        os.lseek(file.fileno(), 0, os.SEEK_SET)

    def check(self) -> None:
        """Raise `Replaced` when the file was changed since."""
        if self._stat() != self._seen:
            raise _replaced()

    def __enter__(self) -> None:
        self.check()

    def __exit__(self, _kind: object, error: object, _traceback: object) -> None:
        if isinstance(error, ValueError | FileRefused):  # other bytes can't be read where these were
            self.check()

    def _stat(self) -> tuple[int, int]:
        there = os.fstat(self._file.fileno())
        return there.st_size, there.st_mtime_ns


def _replaced() -> Replaced:
    return Replaced("the file was changed while it was being run: nothing more of it was sent")


class _Beat:
    """Tells how far the run is, and ends it when it is to stop."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.total = 0

    def reading(self, rows: int) -> None:
        self._beat("read", rows)

    def planning(self, rows: int) -> None:
        self._beat("plan", rows)

    def _beat(self, phase: str, rows: int) -> None:
        if self._place.stop():
            raise Interrupted("stopped")
        self._place.progress(phase, rows, self.total)
