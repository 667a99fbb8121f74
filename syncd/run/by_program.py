"""A run of a `command` tool: the whole file is handed to a program, once."""

import shlex
from collections.abc import Collection

from syncd.core.durations import spoken
from syncd.core.model import RunState
from syncd.core.names import shown
from syncd.disk.records import RunRecord
from syncd.run.job import Ending, Interrupted, Job, Place
from syncd.targets.command import Finished, run_command
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


def run_by_program(job: Job, tool: CommandTool, place: Place, record: RunRecord) -> Ending:
    """Run the program on the file.

    It is held for a person when nobody can know what running it would do or has done: when these bytes were run
    before, when an earlier run was interrupted, and when the program failed or took too long. Raises `Fault` when the
    program can't be started, `Interrupted` when it was ended because syncd stops.
    """
    argv = tool.arguments(str(job.file.file), job.file.path, job.id, place.site)
    if job.simulated:
        return Ending(state=RunState.DONE, notes=(f"would be run: {shown(shlex.join(argv))}",))
    if why := doubt(job, place, record):
        return Ending(state=RunState.HELD, breaches=(why,), what_to_do=DECIDE)
    place.progress("run", 0, 0)
    finished = run_command(
        argv,
        folder=tool.folder,
        environment=tool.environment,
        timeout=tool.timeout,
        stop=place.hurry,
        output_limit=tool.output_limit,
    )
    return _ending(tool, finished)


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


def _ending(tool: CommandTool, finished: Finished) -> Ending:
    took = f"the program took {spoken(finished.seconds)}"
    if not (why := failure(tool, finished, tool.success)):
        return Ending(state=RunState.DONE, notes=(took,), output=finished.output)
    return Ending(state=RunState.HELD, breaches=(why,), notes=(took,), output=finished.output, what_to_do=DECIDE)


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
