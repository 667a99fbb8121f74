"""Concluding a run: report, tryback, ledger, archive; last, in one atomic step, the waiting file goes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from syncd.core.model import Outcome, Result, RunState
from syncd.core.names import archive_name, numbered, report_name, stamp, tryback_name
from syncd.core.report import Report
from syncd.core.report_json import json_text
from syncd.core.report_rows import rows_csv
from syncd.core.report_text import text
from syncd.disk.ledger import RunRecord
from syncd.disk.repository import ARCHIVES, REFUSED, REPORTS
from syncd.disk.spool import Spool
from syncd.run.job import Ending, Job, Place

PIECE = 1 << 16
PUT_ASIDE = frozenset({RunState.REFUSED, RunState.REJECTED})


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
    ended = place.now()
    names = _free_names(job, place, ending.state, stamp(ended))
    corrected = spool.tryback.exists() and ending.state is RunState.DONE
    report = _report(job, place, record, ending, names, tryback=names.tryback if corrected else "")
    if corrected:
        with spool.tryback.open("rb") as file:
            place.repository.write(names.tryback, iter(lambda: file.read(PIECE), b""))
    place.repository.write(names.rows, _encoded(rows_csv(spool.results())))
    place.repository.write(names.json, _encoded(json_text(report, _noteworthy(spool))))
    place.repository.write(names.text, _encoded(text(report, _noteworthy(spool))))
    record = place.ledger.change_run(
        record,
        state=ending.state,
        ended=ended,
        counts=dict(ending.planned if ending.state is RunState.HELD else ending.counts),
        plan=ending.plan,
        reason=ending.reason,
        report=Path(names.text).name,
    )
    spool.clear()
    let_go(job, place, record, names.archive)
    return record


def let_go(job: Job, place: Place, record: RunRecord, archive: str = "") -> None:
    """The last step of a run whose end is noted: its file is archived, put aside, or waits again."""
    at = stamp(record.ended or place.now())
    archive = archive or _free_names(job, place, record.state, at).archive
    match record.state:
        case _ if record.simulated:
            place.repository.forget(job.id)
        case RunState.DONE:
            place.repository.archive(job.file, archive)
        case RunState.REFUSED | RunState.REJECTED:
            if not job.file.moved:  # a permanent command file that can't be understood would be refused for ever
                place.repository.refuse(job.file.path, at)
                place.repository.forget(job.id)
            else:
                place.repository.archive(job.file, archive)
        case _:
            place.repository.give_back(job.file, queue=job.tool.backlog == "every", stamp=at)


def _free_names(job: Job, place: Place, state: RunState, at: str) -> _Names:
    name = Path(job.file.path).name
    parent = job.file.path.removesuffix(name)
    folder = REFUSED if state in PUT_ASIDE else ARCHIVES
    names = (
        f"{REPORTS}/{report_name(at, name, '.txt')}",
        f"{REPORTS}/{report_name(at, name, '.json')}",
        f"{REPORTS}/{report_name(at, name, '.rows.csv')}",
        f"{parent}{tryback_name(at, name)}",
        f"{folder}/{archive_name(at, name)}",
    )
    number = place.repository.free(names)
    return _Names(*(numbered(path, number) for path in names))


def _report(job: Job, place: Place, record: RunRecord, ending: Ending, names: _Names, tryback: str) -> Report:
    archived = not job.simulated and ending.state in {RunState.DONE} | PUT_ASIDE
    arrived = next((arrival.arrived for arrival in place.ledger.arrivals(sha256=record.sha256, limit=1)), None)
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
        ended=place.now(),
        arrived=arrived.astimezone(zone) if arrived else None,
        simulated=job.simulated,
        counts=ending.counts if ending.state is not RunState.HELD else {},
        planned=ending.planned,
        breaches=ending.breaches,
        notes=ending.notes,
        refusal=ending.refusal,
        refusal_line=ending.refusal_line,
        archive=names.archive if archived else "",
        tryback=tryback,
        output=ending.output,
        what_to_do=ending.what_to_do,
    )


def _noteworthy(spool: Spool) -> Iterator[Result]:
    """The rows that somebody must look at: refused, and those whose fate is unknown."""
    return (result for result in spool.results() if result.refusal or result.outcome is Outcome.UNKNOWN)


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    return (piece.encode("utf-8", "backslashreplace") for piece in pieces)
