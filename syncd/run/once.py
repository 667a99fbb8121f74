"""Running a program that must not meet one file twice: how it ended is known, whatever happens afterwards."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO

from syncd.disk.spool import Spool
from syncd.run.job import Job, Place
from syncd.targets.command import Finished, run_command
from syncd.tools.program import ProgramTool

ESCAPED = 6
"""Bytes in which one byte of output is noted, at worst."""

ROOM = 4_096
"""Bytes for all else that is noted."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A program that ended while its run did not: how, and what the report says of that."""

    finished: Finished
    note: str


def run_once(
    argv: Sequence[str], tool: ProgramTool, place: Place, spool: Spool, *, folder: Path | None, whole: IO[bytes] | None
) -> Finished:
    """Run a program, and note how it ended before anything else.

    Room for the note is taken first. Raises `OSError` when there is none: the program was not started then.
    """
    spool.reserve_end(ROOM + ESCAPED * tool.output_limit)
    finished = run_command(
        argv,
        folder=folder,
        environment=tool.environment,
        timeout=tool.timeout,
        stop=place.hurry,
        output_limit=tool.output_limit,
        whole=whole,
    )
    if whole and not finished.lost:
        finished = _synced(finished, whole)
    if not finished.stopped:
        spool.note_end({"at": place.now().isoformat(), **asdict(finished)})
    return finished


def _synced(finished: Finished, whole: IO[bytes]) -> Finished:
    """What the program wrote survives a power cut; if it can't, that is known as well."""
    try:
        os.fsync(whole.fileno())
    except OSError as error:
        return replace(finished, lost=error.strerror or str(error))
    return finished


def ended_before(job: Job, spool: Spool) -> Earlier | None:
    """How the program of a resumed run ended, if it did: then it is only to be told."""
    noted = spool.end() if job.resumed else None
    if not noted:
        return None
    how = dict(noted)
    at = datetime.fromisoformat(how.pop("at")).astimezone(job.started.tzinfo)
    note = (
        f"the program ended on {at:%Y-%m-%d %H:%M}, but this could not be told before: "
        "syncd was stopped, or its disk was full"
    )
    return Earlier(Finished(**how), note)
