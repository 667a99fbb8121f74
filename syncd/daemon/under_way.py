"""The run under way: made in a thread of its own, which tells of it by notes alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syncd import logs
from syncd.core.instants import elapsed
from syncd.core.model import RunState
from syncd.daemon.asked import Asked
from syncd.daemon.notes import Ended, Note, Progress
from syncd.disk.records import RunRecord
from syncd.run import Job, Place, carry_out

log = logs.get()

REPORT_EVERY = timedelta(milliseconds=200)
"""Between two notes on a run's progress."""


@dataclass(slots=True)
class UnderWay:
    """A run that is being made, who waits for it, and how far it is."""

    job: Job
    asked: Asked | None
    phase: str = "read"
    rows: int = 0
    total: int = 0

    def progressed(self, note: Progress) -> None:
        """It goes on."""
        self.phase, self.rows, self.total = note.phase, note.rows, note.total
        if self.asked:
            self.asked.progress(note)


class Runs:
    """Makes runs, one after the other; `post` takes the notes on them."""

    def __init__(self, post: Callable[[Note], None]) -> None:
        self._post = post
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="run")

    def begin(self, job: Job, place: Place, asked: Asked | None) -> UnderWay:
        """Have a run made. Its last note is an `Ended`."""
        log.info(
            "run.started",
            run=job.id,
            tool=job.tool_name,
            file=job.file.path,
            asked_by=job.asked_by,
            simulated=job.simulated or None,
            resumed=job.resumed or None,
        )
        self._thread.submit(self._make, job, replace(place, progress=self._reporter(job, place)))
        return UnderWay(job, asked)

    def _make(self, job: Job, place: Place) -> None:
        try:
            self._post(Ended(job.id, carry_out(job, place)))
        except Exception as error:  # whatever it was, the loop must hear of it
            self._post(Ended(job.id, error=error))

    def _reporter(self, job: Job, place: Place) -> Callable[[str, int, int], None]:
        said = place.now() - REPORT_EVERY

        def report(phase: str, rows: int, total: int) -> None:
            nonlocal said
            now = place.now()
            if abs(now - said) >= REPORT_EVERY:
                said = now
                self._post(Progress(job.id, phase, rows, total))

        return report

    def close(self) -> None:
        """Let the run under way come to its next seam."""
        self._thread.shutdown()


def say_end(job: Job, record: RunRecord, now: datetime, *, away: bool) -> None:
    """The one line that the log has for a run. It is no warning that a site can't be reached which is known to be
    `away`."""
    say, event = log.info, "run.ended"
    if record.state is RunState.HELD:
        say, event = log.warning, "run.held"
    elif record.state in {RunState.FAILED, RunState.REFUSED} or (record.state is RunState.UNREACHABLE and not away):
        say = log.warning
    say(
        event,
        run=job.id,
        tool=job.tool_name,
        state=record.state,
        file=record.path,
        bytes=record.size,
        sha256=record.sha256,
        **{str(outcome): number for outcome, number in record.counts.items()},
        took=elapsed(job.started, now),
        reason=record.reason or None,
        report=f"reports/{record.report}" if record.report else None,
        simulated=record.simulated or None,
    )
