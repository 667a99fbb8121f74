"""One run: read, plan, guard, apply, conclude."""

from syncd.core.model import RunState
from syncd.disk.ledger import Arrival, RunRecord
from syncd.disk.spool import Spool
from syncd.errors import Fault, SyncdError
from syncd.run.by_program import run_by_program
from syncd.run.by_row import run_by_row
from syncd.run.concluding import conclude, let_go
from syncd.run.job import Ending, Interrupted, Job, Place, ended_by
from syncd.tools.base import RowTool
from syncd.tools.command import CommandTool

__all__ = ["Job", "Place", "carry_out"]


def carry_out(job: Job, place: Place) -> RunRecord:
    """Make a run, to its end or to the seam at which it is told to stop, and return how it stands then.

    A run that an earlier process ended, but for its last step, is only let go. Raises `OSError` or `LedgerFault` when
    the disk is in trouble: the run is then as if interrupted.
    """
    known = place.ledger.run(job.id)
    if known and known.ended:
        let_go(job, place, known)
        return known
    record = _noted(job, place)
    spool = Spool(place.spool, job.id)
    try:
        ending = _run(job, place, spool, record)
    except Interrupted:
        return place.ledger.change_run(record, state=RunState.INTERRUPTED)
    except SyncdError as error:
        ending = ended_by(error, Ending(state=RunState.FAILED))
    return conclude(job, place, record, ending, spool)


def _run(job: Job, place: Place, spool: Spool, record: RunRecord) -> Ending:
    if job.rejected_by:
        return Ending(state=RunState.REJECTED, notes=(f"rejected by {job.rejected_by}",))
    match job.tool:
        case RowTool():
            return run_by_row(job, job.tool, place, spool)
        case CommandTool():
            return run_by_program(job, job.tool, place, record)
    raise Fault(f"a tool of kind {job.tool.kind} can't be run")


def _noted(job: Job, place: Place) -> RunRecord:
    """The run in the ledger, with the hash of the very bytes that it reads."""
    digest = place.repository.digest(job.file.file)
    if not place.ledger.knows(digest.sha256, job.file.path):
        # Put into the repository by hand, or by another program: that is its arrival.
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
    )
    place.ledger.note_run(record)
    return record
