"""The numbers: counts what the loop hears, and brings it to a file and a port."""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from syncd import __version__, logs
from syncd.config import Metrics as Settings
from syncd.core.alarms import Alarm
from syncd.core.instants import elapsed
from syncd.core.model import RunState
from syncd.core.snapshot import Snapshot, ToolSnapshot
from syncd.daemon.dispatch import Dispatch
from syncd.daemon.reception import Reception
from syncd.disk.durable import replace_whole
from syncd.disk.intake import TakenIn
from syncd.disk.ledger import Ledger
from syncd.disk.records import RunRecord
from syncd.errors import Fault
from syncd.run import Job

if TYPE_CHECKING:
    from syncd.metrics import Metrics, Server

log = logs.get()


class Numbers:
    """Does nothing as long as the settings name neither file nor port. Only the loop calls it.

    Whatever can't be written or opened is said once, and tried again: it stops nothing.
    """

    def __init__(self, site: str, began: datetime) -> None:
        self._site = site
        self._began = began
        self._settings = Settings()
        self._counted: Metrics | None = None
        self._server: Server | None = None
        self._successes: dict[str, float] = {}
        self._next_at = math.inf
        self._failed = ""

    def go_by(self, settings: Settings) -> None:
        """Go by these settings from now on."""
        if settings == self._settings:
            return
        self.close()
        self._settings = settings
        if not (settings.file or settings.port):
            self._counted, self._next_at = None, math.inf
            return
        self._next_at = 0.0
        if not self._counted:
            from syncd.metrics import Metrics  # who wants no numbers does not load what makes them

            self._counted = Metrics(self._site, __version__, self._began.timestamp())

    # Heard

    def arrived(self, taken: Iterable[TakenIn]) -> None:
        """Files came."""
        if self._counted:
            self._counted.arrived(one.arrival.size for one in taken)

    def ended(self, job: Job, record: RunRecord | None, now: datetime) -> None:
        """A run is over, or was broken off: then there is no record."""
        if not self._counted or job.simulated:
            return
        if not record:
            self._counted.broke_off(job.tool_name)
            return
        self._counted.ended(job.tool_name, record.state, record.counts, elapsed(job.started, now))
        if record.state is RunState.DONE:
            self._successes[job.tool_name] = now.timestamp()

    def called(self, function: str, took: float, answered: bool) -> None:
        """A call to the site is over. Alone of all this, any thread may say so."""
        if counted := self._counted:
            counted.called(function, took, answered=answered)

    # Told

    def next_at(self) -> float:
        """When `turn` is to be called next, by the monotonic clock."""
        return self._next_at

    def turn(self, monotonic: float, look: Callable[[], Snapshot]) -> None:
        """Bring the numbers out if it is time to."""
        if not self._counted or monotonic < self._next_at:
            return
        self._next_at = monotonic + self._settings.every
        try:
            self._counted.stands(look())
            self._bring_out(self._counted)
        except (OSError, Fault) as error:
            if not self._failed:
                log.warning("metrics.failed", reason=str(error), tries_every=self._settings.every)
            self._failed = str(error)
            return
        if self._failed:
            log.info("metrics.back", was=self._failed)
            self._failed = ""

    def _bring_out(self, counted: "Metrics") -> None:
        if self._settings.file:
            replace_whole(self._settings.file, counted.text())
        if self._settings.port and not self._server:
            self._server = counted.serve(self._settings.address, self._settings.port)

    def close(self) -> None:
        """Give the port back. The file stays as it is: it tells its own age."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    # Seen

    def snapshot(
        self,
        dispatch: Dispatch,
        reception: Reception,
        ledger: Ledger,
        now: datetime,
        alarms: Iterable[Alarm],
        *,
        trouble: bool,
    ) -> Snapshot:
        """How things stand."""
        if dispatch.under_way and dispatch.waitlist.stale:  # the loop looks by itself only between runs
            dispatch.waitlist.refresh()
        return Snapshot(
            moment=now.timestamp(),
            tools={name: self._tool(name, dispatch, ledger, now) for name in dispatch.orders.tools},
            uploads=len(reception.uploads) + len(reception.claims),
            refused=len(reception.obstructed),
            trouble=trouble,
            alarms=Counter((alarm.event, alarm.tool) for alarm in alarms),
            watch_delay=reception.canary.delay,
        )

    def _tool(self, name: str, dispatch: Dispatch, ledger: Ledger, now: datetime) -> ToolSnapshot:
        if name not in self._successes:
            done = (run for run in ledger.runs(tool=name) if run.state is RunState.DONE and not run.simulated)
            ended = next((run.ended for run in done if run.ended), None)
            self._successes[name] = ended.timestamp() if ended else 0.0
        waiting = list(dispatch.waitlist.yet_to_run(name))
        oldest = min((file.modified / 1e9 for file in waiting), default=now.timestamp())
        run = dispatch.under_way
        return ToolSnapshot(
            waiting=len(waiting),
            oldest=max(0.0, now.timestamp() - oldest),
            held=sum(held.tool == name for held in dispatch.waitlist.undecided()),
            paused=name in dispatch.timetable.pauses,
            frozen=dispatch.orders.frozen(name, now) is not None,
            running=run is not None and run.job.tool_name == name,
            last_success=self._successes[name],
        )
