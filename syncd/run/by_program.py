"""A run of a `command` tool: the whole file is handed to a program, once."""

import shlex
from collections.abc import Collection

from syncd.core.durations import spoken
from syncd.core.model import RunState
from syncd.core.names import shown
from syncd.disk.records import RunRecord
from syncd.disk.spool import Spool
from syncd.run.job import Ending, Interrupted, Job, Place
from syncd.run.once import ended_before, run_once
from syncd.targets.command import Finished
from syncd.tools.command import CommandTool
from syncd.tools.program import ProgramTool

BY_ITSELF = frozenset({"timer", "arrival"})
"""Who asks for a run when no person does."""

MET_THE_PROGRAM = frozenset({RunState.DONE, RunState.HELD, RunState.SUPERSEDED})
"""How a run may have ended whose program was started. A held one is held for that; a superseded one was held."""

DECIDE = (
    "Look at what the program wrote and at the site. Approve to run the program again on these bytes, reject to put "
    "the file aside:"
)
"""What a person is to do about a run that is held for what its program did."""


def run_by_program(job: Job, tool: CommandTool, place: Place, record: RunRecord, spool: Spool) -> Ending:
    """Run the program on the file.

    It is held for a person when nobody can know what running it would do or has done: when these bytes were run
    before, when an earlier run was interrupted, and when the program failed or took too long. Where it had ended before
    the run was interrupted, only its report is made. Raises `Fault` when the program can't be started, `Interrupted`
    when it was ended because syncd stops, `OSError` when the disk has no room to note its end.
    """
    argv = tool.arguments(str(job.file.file), job.file.path, job.id, place.site)
    if job.simulated:
        return Ending(state=RunState.DONE, notes=(f"would be run: {shown(shlex.join(argv))}",))
    if earlier := ended_before(job, spool):
        return _ending(tool, earlier.finished, earlier.note)
    if why := doubt(job, place, record):
        return Ending(state=RunState.HELD, breaches=(why,), what_to_do=DECIDE)
    place.progress("run", 0, 0)
    return _ending(tool, run_once(argv, tool, place, spool, folder=tool.folder, whole=None))


def doubt(job: Job, place: Place, record: RunRecord) -> str:
    """Why nobody can know what a run of these bytes would do."""
    if job.resumed:
        return "the program was interrupted while it ran, and nobody knows how far it came"
    if job.approved_by or job.asked_by not in BY_ITSELF or tool_repeats(job):
        return ""
    for earlier in place.ledger.of_bytes(record.sha256):
        same = (earlier.tool, earlier.site) == (job.tool_name, place.site)
        if same and earlier.state in MET_THE_PROGRAM and not earlier.simulated:
            return f"the very same bytes were run on {earlier.started.astimezone(job.started.tzinfo):%Y-%m-%d %H:%M}"
    return ""


def tool_repeats(job: Job) -> bool:
    """Whether the settings themselves ask for the same bytes to be run at each tick."""
    return job.tool.after_run == "keep"


def _ending(tool: CommandTool, finished: Finished, *notes: str) -> Ending:
    notes = (f"the program took {spoken(finished.seconds)}", *notes)
    if not (why := failure(tool, finished, tool.success)):
        return Ending(state=RunState.DONE, notes=notes, output=finished.output)
    return Ending(state=RunState.HELD, breaches=(why,), notes=notes, output=finished.output, what_to_do=DECIDE)


def failure(tool: ProgramTool, finished: Finished, success: Collection[int] = (0,)) -> str:
    """Why nobody can know what a program that has ended did; "" when it did all. Raises `Interrupted`."""
    if finished.stopped:
        raise Interrupted("stopped")
    if finished.timed_out:
        return f"the program was ended after {spoken(finished.seconds)}: its timeout is {spoken(tool.timeout)}"
    if finished.exit_code in success:
        return ""
    return f"the program ended with {_exit(finished.exit_code)}, which is not among its signs of success"


def _exit(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"
