"""Concluding a run: report, tryback, ledger, archive; last, in one atomic step, the waiting file goes."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from syncd import logs
from syncd.core.instants import elapsed, later
from syncd.core.model import Outcome, RunState
from syncd.core.names import archive_name, numbered, report_name, stamp, tryback_name
from syncd.core.report import TO_LOOK_AT, Noteworthy, Report, noteworthy
from syncd.core.report_json import json_text
from syncd.core.report_rows import rows_csv
from syncd.core.report_text import text
from syncd.disk.records import RunRecord
from syncd.disk.repository import ARCHIVES, REFUSED, REPORTS
from syncd.disk.spool import Spool
from syncd.disk.tree import digest_of
from syncd.run.job import Ending, Job, Place

log = logs.get()

PUT_ASIDE = frozenset({RunState.REFUSED, RunState.REJECTED})

MOST_NUMBERED = 100_000
"""Files that may have one name but for their number."""


@dataclass(frozen=True, slots=True)
class _Names:
    """The names that a run leaves behind; they share one number where some were taken."""

    text: str
    json: str
    rows: str
    tryback: str
    archive: str


def conclude(job: Job, place: Place, record: RunRecord, ending: Ending, spool: Spool) -> RunRecord:
    """Write what a run leaves, note its end, and let its file go where it belongs.

    Raises `OSError` or `LedgerFault` when the disk is in trouble: then the run is not over.
    """
    ended = later(job.started, elapsed(job.started, place.now()))  # not before it began, whatever was done to the clock
    names = _free_names(job, place, ending.state, ended)
    corrected = ending.tryback if _needs_tryback(job, place, record, ending) else None
    deferred = ending.deferred if ending.state is RunState.DONE else None
    report = _report(
        job,
        place,
        record,
        ending,
        names,
        ended,
        tryback=names.tryback if corrected else "",
        deferred=job.file.path if deferred else "",
    )
    if corrected:
        place.repository.write(names.tryback, corrected())
    if deferred:
        place.repository.defer(job.file, deferred())
    else:
        place.repository.undefer(job.file)
    place.repository.write(names.rows, _encoded(rows_csv(spool.results())))
    rows = _noteworthy(job, ending, spool)
    place.repository.write(names.json, _encoded(json_text(report, rows)))
    place.repository.write(names.text, _encoded(text(report, rows)))
    record = place.ledger.change_run(
        record,
        state=ending.state,
        ended=ended,
        counts=dict(ending.planned if ending.state is RunState.HELD else ending.counts),
        plan=ending.plan,
        reason=ending.reason,
        report=Path(names.text).name,
        approved_by="" if ending.state is RunState.HELD else record.approved_by,
    )
    _say_refusals(job, record, spool)
    spool.clear()
    return let_go(job, place, record)


def _say_refusals(job: Job, record: RunRecord, spool: Spool) -> None:
    """Why rows were refused, in one line: who they are about does not belong in the log."""
    rejected = record.counts.get(Outcome.REJECTED)
    if not rejected or record.state is RunState.HELD:
        return
    codes = Counter(
        result.refusal.code for result in spool.results() if result.refusal and result.outcome is Outcome.REJECTED
    )
    log.warning(
        "rows.refused",
        run=job.id,
        tool=job.tool_name,
        file=record.path,
        sha256=record.sha256,
        rejected=rejected,
        codes=[f"{code} {count}" for code, count in codes.most_common()] or None,
        simulated=record.simulated or None,
    )


def _needs_tryback(job: Job, place: Place, record: RunRecord, ending: Ending) -> bool:
    refused = ending.counts.get(Outcome.REJECTED, 0)
    if ending.state is not RunState.DONE or not refused:
        return False
    # A permanent file is run at each tick: its refused rows lie there already.
    return job.tool.after_run != "keep" or not any(
        earlier.tool == job.tool_name
        and earlier.state is RunState.DONE
        and not earlier.simulated
        and earlier.counts.get(Outcome.REJECTED) == refused
        for earlier in place.ledger.of_bytes(record.sha256)
    )


def let_go(job: Job, place: Place, record: RunRecord) -> RunRecord:
    """The last steps of a run whose end is noted: what it deferred waits, and its file goes where it belongs.

    Returns how the run stands now: a held one whose file was superseded meanwhile is over.
    """
    at = (record.ended or place.now()).astimezone(job.started.tzinfo)
    if record.state is RunState.DONE:
        place.repository.place_deferred(job.file, queue=job.tool.backlog == "every", stamp=stamp(at))
    if not os.path.lexists(job.file.file):  # taken away by somebody, or already where it belongs
        place.repository.forget(job.id)
        return record
    match record.state:
        case _ if record.simulated:
            place.repository.forget(job.id)
        case RunState.DONE:
            _archive(job, place, record, at)
        case RunState.REFUSED | RunState.REJECTED if job.file.moved:
            _archive(job, place, record, at)
        case RunState.REFUSED | RunState.REJECTED:
            # A permanent command file that can't be understood would be refused for ever; a newer one deserves a run.
            put_aside = job.tool.after_run == "keep" and _waits_still(job, place, record)
            if put_aside and (archive := place.repository.refuse(job.file.path, stamp(at))):
                _say_archived(job, record, archive)
            place.repository.forget(job.id)
        case _:
            superseded = place.repository.give_back(job.file, queue=job.tool.backlog == "every", stamp=stamp(at))
            if superseded and record.state is RunState.HELD:
                return place.ledger.change_run(record, state=RunState.SUPERSEDED, reason="a newer file took its place")
    return record


def _archive(job: Job, place: Place, record: RunRecord, ended: datetime) -> None:
    archive = _archive_name(job, place, record, ended)
    place.repository.archive(job.file, archive)
    _say_archived(job, record, archive)


def _say_archived(job: Job, record: RunRecord, archive: str) -> None:
    log.info("file.archived", run=job.id, tool=job.tool_name, file=record.path, sha256=record.sha256, archive=archive)


def _waits_still(job: Job, place: Place, record: RunRecord) -> bool:
    """Whether the very bytes of which the run had a copy wait under their name."""
    try:
        return digest_of(place.repository.folder / job.file.path).sha256 == record.sha256
    except OSError:
        return False


def _free_names(job: Job, place: Place, state: RunState, ended: datetime) -> _Names:
    names = _names(job, state, ended)
    number = place.repository.free(names)
    return _Names(*(numbered(path, number) for path in names))


def _archive_name(job: Job, place: Place, record: RunRecord, ended: datetime) -> str:
    """The name in the archives that the report tells; another one if somebody took that meanwhile."""
    names = _names(job, record.state, ended)
    report, archive = names[0], names[-1]
    told = next((n for n in range(1, MOST_NUMBERED) if Path(numbered(report, n)).name == record.report), 1)
    named = numbered(archive, told)
    return named if place.repository.free([named]) == 1 else numbered(archive, place.repository.free([archive]))


def _names(job: Job, state: RunState, ended: datetime) -> tuple[str, ...]:
    name = Path(job.file.path).name
    parent = job.file.path.removesuffix(name)
    folder = REFUSED if state in PUT_ASIDE else ARCHIVES
    at = stamp(ended)
    return (
        f"{REPORTS}/{report_name(at, name, '.txt')}",
        f"{REPORTS}/{report_name(at, name, '.json')}",
        f"{REPORTS}/{report_name(at, name, '.rows.csv')}",
        f"{parent}{tryback_name(at, name)}",
        f"{folder}/{archive_name(at, name)}",
    )


def _report(
    job: Job,
    place: Place,
    record: RunRecord,
    ending: Ending,
    names: _Names,
    ended: datetime,
    *,
    tryback: str,
    deferred: str,
) -> Report:
    kept = job.file.moved or job.tool.after_run == "keep"
    archived = not job.simulated and (ending.state is RunState.DONE or (ending.state in PUT_ASIDE and kept))
    # The same bytes may have come again while it ran: that is another arrival, for another run.
    arrival = place.ledger.last_arrival(record.sha256, job.file.path, until=job.started)
    zone = job.started.tzinfo
    return Report(
        run=job.id,
        tool=job.tool_name,
        kind=job.tool.kind,
        site=place.site,
        file=job.file.path,
        sha256=record.sha256,
        size=record.size,
        state=ending.state,
        started=job.started,
        ended=ended,
        arrived=arrival.arrived.astimezone(zone) if arrival else None,
        simulated=job.simulated,
        approved_by=record.approved_by if ending.state is not RunState.HELD else "",
        counts=ending.counts if ending.state is not RunState.HELD else {},
        planned=ending.planned,
        breaches=ending.breaches,
        notes=ending.notes,
        refusal=ending.refusal,
        refusal_line=ending.refusal_line,
        archive=names.archive if archived else "",
        tryback=tryback,
        deferred=deferred,
        rows=names.rows,
        output=ending.output,
        what_to_do=ending.what_to_do,
    )


def _noteworthy(job: Job, ending: Ending, spool: Spool) -> Noteworthy:
    """The rows that the report lists; where there can be none, they are not read again."""
    some = not ending.counts or ending.counts.keys() & (TO_LOOK_AT | {Outcome.DEFERRED})
    return noteworthy(spool.results(), tells=job.tool.tells) if some or job.tool.tells else Noteworthy()


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    return (piece.encode("utf-8", "backslashreplace") for piece in pieces)
