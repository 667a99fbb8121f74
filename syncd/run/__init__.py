"""One run: read, plan, guard, apply, conclude."""

from hashlib import sha256

from syncd import logs
from syncd.core.model import RunState
from syncd.disk.durable import Digest
from syncd.disk.records import Arrival, RunRecord
from syncd.disk.spool import Spool
from syncd.disk.tree import digest_of
from syncd.errors import Fault, LedgerFault
from syncd.run.by_program import run_by_program
from syncd.run.by_row import run_by_row
from syncd.run.by_upload import run_by_upload
from syncd.run.concluding import conclude, let_go
from syncd.run.job import Ending, Interrupted, Job, Place, Replaced, ended_by
from syncd.tools.base import RowTool
from syncd.tools.command import CommandTool
from syncd.tools.uploads import UploadTool

__all__ = ["Job", "Place", "carry_out"]

log = logs.get()

MOST_CRASHES = 3
"""Processes that may die in the middle of one run before a person must look at its file."""

_POISON = f"crashes: {MOST_CRASHES} times syncd was killed, or the machine went down, in the middle of this run"
_LOOK = "Look into the journal for what ended syncd there. Approve to try it again, reject to put the file aside:"

NOTHING = Digest(0, sha256().hexdigest())


def carry_out(job: Job, place: Place) -> RunRecord:
    """Make a run, to its end or to the seam at which it is told to stop, and return how it stands then.

    A run that an earlier process ended, but for its last step, is only let go. Raises `OSError` or `LedgerFault` when
    the disk is in trouble: the run is then as if interrupted. A defect ends the run, and is said in the log.
    """
    known = place.ledger.run(job.id)
    decided = bool(job.approved_by or job.rejected_by)
    if known and known.ended and not (decided and known.state is RunState.HELD):
        Spool(place.spool, job.id).clear()
        return let_go(job, place, known)
    digest = _digest(job, place, known)
    if known and decided and digest.sha256 != known.sha256:
        reason = "the decision came too late: the file holds other bytes than the run was held with"
        return let_go(job, place, place.ledger.change_run(known, state=RunState.SUPERSEDED, reason=reason))
    record = _noted(job, place, digest, known.crashes if known and not decided else 0)
    spool = Spool(place.spool, job.id)
    try:
        ending = _run(job, place, spool, record)
    except Interrupted:
        return place.ledger.change_run(record, state=RunState.INTERRUPTED)
    except LedgerFault:
        raise
    except OSError as error:
        if job.file.file.exists():
            raise
        ending = ended_by(Replaced(f"the file was taken away while it was being run: {error.strerror}"), FAILED)
    except Exception as error:
        ending = ended_by(error, FAILED)
    if ending.defect:
        log.error("run.failed", run=job.id, tool=job.tool_name, exc_info=ending.defect)
    return conclude(job, place, record, ending, spool)


FAILED = Ending(state=RunState.FAILED)


def _run(job: Job, place: Place, spool: Spool, record: RunRecord) -> Ending:
    if job.rejected_by:
        return Ending(state=RunState.REJECTED, notes=(f"rejected by {job.rejected_by}",))
    if record.crashes >= MOST_CRASHES:
        return Ending(state=RunState.HELD, breaches=(_POISON,), what_to_do=_LOOK)
    match job.tool:
        case RowTool():
            return run_by_row(job, job.tool, place, record, spool)
        case CommandTool():
            return run_by_program(job, job.tool, place, record, spool)
        case UploadTool():
            return run_by_upload(job, job.tool, place, record, spool)
    raise Fault(f"a tool of kind {job.tool.kind} can't be run")


def _digest(job: Job, place: Place, known: RunRecord | None) -> Digest:
    """The digest of the very bytes that the run reads; of a file that was taken away, what is known of it."""
    try:
        return digest_of(job.file.file)
    except FileNotFoundError:
        return Digest(known.size, known.sha256) if known else NOTHING


def _noted(job: Job, place: Place, digest: Digest, crashes: int) -> RunRecord:
    """The run in the ledger."""
    if not place.ledger.knows(digest.sha256, job.file.path):
        # Put into the repository by hand, by another program or by an earlier run: that is its arrival.
        arrival = Arrival(f"by-hand-{job.id}", job.file.path, job.started, digest.size, digest.sha256)
        place.ledger.note_arrivals([arrival])
    record = RunRecord(
        id=job.id,
        tool=job.tool_name,
        kind=job.tool.kind,
        site=place.site,
        path=job.file.path,
        size=digest.size,
        sha256=digest.sha256,
        asked_by=job.asked_by,
        started=job.started,
        simulated=job.simulated,
        approved_by=job.approved_by,
        plan=job.approved_plan,
        crashes=crashes,
    )
    place.ledger.note_run(record)
    return record
