"""The dispatch: which tool runs next on which file, and what becomes of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from syncd import logs
from syncd.core.agenda import Standing, backoff, due, next_tick, spent
from syncd.core.durations import spoken
from syncd.core.model import RunState
from syncd.core.names import stamp
from syncd.daemon.asked import Asked
from syncd.daemon.notes import Ended, Note, Progress
from syncd.daemon.orders import Orders
from syncd.daemon.waitlist import Waitlist
from syncd.disk.ledger import Ledger, Pause, RunRecord
from syncd.disk.repository import InRun, Repository
from syncd.disk.spool import sweep
from syncd.run import Job, Place, carry_out
from syncd.tools.base import RowTool

log = logs.get()

MENDING = timedelta(seconds=30)
"""Until a run that the disk broke off is tried again."""

REPORT_EVERY = 0.2
"""Seconds between two notes on a run's progress."""


@dataclass(slots=True)
class UnderWay:
    """The run that is being made, and who waits for it."""

    job: Job
    asked: Asked | None
    phase: str = "read"
    rows: int = 0
    total: int = 0


@dataclass(slots=True)
class Block:
    """How often something failed in a row, and until when the next try waits."""

    failures: int = 0
    until: datetime | None = None

    def fail(self, now: datetime) -> None:
        """It failed once more."""
        self.failures += 1
        self.until = now + timedelta(seconds=backoff(self.failures))


class Dispatch:
    """Starts runs, one at a time for the site. Only the loop calls it; moments are aware, in the site's zone."""

    def __init__(
        self,
        orders: Orders,
        repository: Repository,
        ledger: Ledger,
        place: Place,
        post: Callable[[Note], None],
        *,
        timers: bool = True,
    ) -> None:
        """`post` takes the notes that tell how a run goes on and ends. Without `timers` only what is asked for runs."""
        self.orders = orders
        self.waitlist = Waitlist(orders, repository, ledger)
        self.pauses = ledger.pauses()
        self.site = Block()
        self.blocks: dict[str, Block] = {}
        self.under_way: UnderWay | None = None
        self.trouble = ""
        self._repository = repository
        self._ledger = ledger
        self._place = place
        self._post = post
        self._runs = ThreadPoolExecutor(1, thread_name_prefix="run")
        self._ticked = ledger.ticked()
        self._asked: list[Asked] = []
        self._resumed: list[Job] = []
        self._not_before: datetime | None = None
        self._timers = timers

    # What is due

    def standings(self) -> list[Standing]:
        """How things stand with each tool, in the order of the settings."""
        return [self._standing(name) for name in self.orders.tools]

    def _standing(self, name: str) -> Standing:
        tool = self.orders.tools[name]
        blocks = [self.blocks.get(name, Block()), self.site if isinstance(tool, RowTool) else Block()]
        return Standing(
            name,
            timers=self.orders.timers(name, news=self.waitlist.news(name)),
            ticked=self._ticked.get(name),
            waiting=bool(self.waitlist.runnable(name)),
            paused=name in self.pauses,
            blocked_until=max((block.until for block in blocks if block.until), default=None),
        )

    def wanted(self, now: datetime) -> str:
        """The tool whose run should start now; "" when there is none. Looks at the repository when that may matter."""
        self._end_pauses(now)
        if self.under_way or (self._not_before and now < self._not_before):
            return ""
        if self._resumed:
            return self._resumed[0].tool_name
        if self._asked:
            return self._asked[0].tool
        if not self._timers:
            return ""
        if self.waitlist.stale or self._ticks(now):
            self.waitlist.refresh()
        standings = self.standings()
        self._note_ticks(spent(standings, now), now)
        return next(iter(due(standings, now)), "")

    def _ticks(self, now: datetime) -> bool:
        """Whether a tick came since ticks were last noted."""
        return any((tick := self._next_tick(name, now)) and tick <= now for name in self.orders.tools)

    def _next_tick(self, name: str, now: datetime) -> datetime | None:
        if name not in self._ticked:
            self._note_ticks([name], now)
        return next_tick(self.orders.tools[name].timer, self._ticked[name].astimezone(now.tzinfo))

    def _note_ticks(self, names: list[str], now: datetime) -> None:
        if names:
            self._ledger.note_ticks(dict.fromkeys(names, now))
            self._ticked.update(dict.fromkeys(names, now))

    def next_at(self, now: datetime) -> datetime | None:
        """When `wanted` is to be asked next if no note comes."""
        moments = [self._next_tick(name, now) for name in self.orders.tools]
        moments += [pause.until for pause in self.pauses.values()]
        moments += [standing.blocked_until for standing in self.standings() if standing.waiting]
        moments.append(self._not_before)
        ahead = [moment for moment in moments if moment]
        return min(ahead, default=None)

    # Starting

    def resume(self) -> None:
        """Have the runs that an earlier process began, and did not end, made first."""
        sweep(self._place.spool)
        for file in self._repository.running():
            record = self._ledger.run(file.run)
            # A run that the ledger does not know did nothing yet: its file waits as before.
            if record is None or record.simulated or record.tool not in self.orders.tools:
                self._repository.give_back(file, queue=self.orders.queues(file.path), stamp=stamp(self._place.now()))
            else:
                self._resumed.append(self._job(record.tool, file, record=record, resumed=True))
        under_way = {job.id for job in self._resumed}
        for state in (RunState.RUNNING, RunState.INTERRUPTED):
            for record in self._ledger.in_state(state):
                if record.id not in under_way:
                    self._was_never_begun(record)

    def _was_never_begun(self, record: RunRecord) -> None:
        """The ledger has a run whose file was not handed to it, or was handed back: the file waits as before."""
        state = RunState.HELD if record.approved_by else RunState.SUPERSEDED
        reason = record.reason or "the run did not begin, or its file was taken away"
        record = self._ledger.change_run(record, state=state, ended=self._place.now(), reason=reason)
        if state is RunState.HELD:
            self.waitlist.hold(record)

    def start(self, tool: str, now: datetime) -> None:
        """Start the run that `wanted` named."""
        if self._resumed:
            self._begin(self._resumed.pop(0), None)
        elif self._asked:
            self._start_asked(self._asked.pop(0), now)
        elif file := self.waitlist.next_of(tool):
            ticked = (tick := self._next_tick(tool, now)) and tick <= now
            in_run = self._repository.begin(self._free_id(tool, now), file.path, copy=self.orders.keeps(tool))
            self.waitlist.begun(tool, file)
            if in_run:
                self._begin(self._job(tool, in_run, asked_by="timer" if ticked else "arrival"), None)

    def _start_asked(self, asked: Asked, now: datetime) -> None:
        self.waitlist.refresh()
        run = asked.held.id if asked.held else self._free_id(asked.tool, now)
        waiting = self.waitlist.next_of(asked.tool)
        path = asked.file or (waiting.path if waiting else "")
        if not path:
            asked.nothing_waits(self.orders.tools[asked.tool].file)
            return
        archived = path.split("/")[0] in {"archives", "reports"}
        copy = asked.simulated or archived or self.orders.keeps(asked.tool)
        in_run = self._repository.begin(run, path, copy=copy)
        if not in_run:
            asked.gone(path)
            return
        record = asked.held
        job = self._job(asked.tool, in_run, record=record, asked_by=asked.who, simulated=asked.simulated)
        if record:
            self.waitlist.free(record)
            job = replace(job, started=now, approved_plan=record.plan)
            job = replace(job, rejected_by=asked.who) if asked.rejected else replace(job, approved_by=asked.who)
        self._begin(job, asked)

    def _job(
        self,
        tool: str,
        file: InRun,
        *,
        record: RunRecord | None = None,
        asked_by: str = "timer",
        simulated: bool = False,
        resumed: bool = False,
    ) -> Job:
        encoding, separator = self.orders.written(tool)
        return Job(
            id=file.run,
            tool_name=tool,
            tool=self.orders.tools[tool],
            file=file,
            asked_by=record.asked_by if record else asked_by,
            started=record.started.astimezone(self._place.now().tzinfo) if record else self._place.now(),
            encoding=encoding,
            separator=separator,
            simulated=simulated,
            approved_by=record.approved_by if record else "",
            approved_plan=record.plan if record else "",
            resumed=resumed,
        )

    def _begin(self, job: Job, asked: Asked | None) -> None:
        self.under_way = UnderWay(job, asked)
        log.info(
            "run.started",
            run=job.id,
            tool=job.tool_name,
            file=job.file.path,
            asked_by=job.asked_by,
            simulated=job.simulated or None,
            resumed=job.resumed or None,
        )
        self._runs.submit(self._make, job, replace(self._place, progress=self._reporter(job)))

    def _make(self, job: Job, place: Place) -> None:
        try:
            self._post(Ended(job.id, carry_out(job, place)))
        except Exception as error:  # whatever it was, the loop must hear of it
            self._post(Ended(job.id, error=error))

    def _reporter(self, job: Job) -> Callable[[str, int, int], None]:
        said = self._place.now() - timedelta(days=1)

        def report(phase: str, rows: int, total: int) -> None:
            nonlocal said
            now = self._place.now()
            if (now - said).total_seconds() >= REPORT_EVERY:
                said = now
                self._post(Progress(job.id, phase, rows, total))

        return report

    def _free_id(self, tool: str, now: datetime) -> str:
        first = f"{stamp(now)}-{tool}"
        candidates = (first if n == 1 else f"{first}-{n}" for n in count(1))
        return next(one for one in candidates if not self._ledger.run(one))

    # What became of it

    def progressed(self, note: Progress) -> None:
        """A run goes on."""
        if self.under_way and self.under_way.job.id == note.run:
            self.under_way.phase, self.under_way.rows, self.under_way.total = note.phase, note.rows, note.total
            if self.under_way.asked:
                self.under_way.asked.progress(note)

    def ended(self, note: Ended, now: datetime) -> None:
        """A run is over, or was broken off."""
        assert self.under_way
        job, asked, self.under_way = self.under_way.job, self.under_way.asked, None
        self.waitlist.stale = True
        if note.record is None or note.error:
            self._broke_off(job, note.error, now)
            if asked:
                asked.failed(f"the run was broken off and will be tried again: {note.error}")
            return
        if self.trouble:
            log.info("disk.mended", was=self.trouble)
            self.trouble, self._not_before = "", None
        record = note.record
        self._say(job, record, now)
        self._block(job, record, now)
        if record.state is RunState.HELD and not record.simulated:
            self.waitlist.hold(record)
        if record.state is not RunState.INTERRUPTED and not record.simulated:
            self._tick_is_over(job.tool_name, job.started, now)
        if asked:
            asked.ended(record)

    def _broke_off(self, job: Job, error: Exception | None, now: datetime) -> None:
        said = str(error)
        if not isinstance(error, OSError) and said != self.trouble:
            log.error("run.failed", run=job.id, tool=job.tool_name, exc_info=error)
        elif said != self.trouble:
            log.error("disk.full", reason=said, run=job.id, tries_every=MENDING)
        self.trouble = said
        self._not_before = now + MENDING
        self._resumed.insert(0, replace(job, resumed=True))

    def _tick_is_over(self, tool: str, started: datetime, now: datetime) -> None:
        """Note the tick once each file has had its turn, or when there is no point in going on."""
        if tool not in self.orders.tools:
            return
        self.waitlist.refresh()
        if self._standing(tool).blocked_until or not self.waitlist.runnable(tool):
            self._note_ticks([tool], max(started, self._ticked.get(tool, started)))
            self.waitlist.tick_is_over(tool)

    def _block(self, job: Job, record: RunRecord, now: datetime) -> None:
        match record.state:
            case RunState.UNREACHABLE:
                self.site.fail(now)
                log.warning("site.unreachable", reason=record.reason, run=job.id, next_try=self.site.until)
            case RunState.FAILED:
                self.blocks.setdefault(job.tool_name, Block()).fail(now)
            case RunState.DONE | RunState.HELD:
                self.blocks.pop(job.tool_name, None)
                if self.site.failures and isinstance(job.tool, RowTool):
                    log.info("site.back", failures=self.site.failures)
                    self.site = Block()

    def _say(self, job: Job, record: RunRecord, now: datetime) -> None:
        say, event = log.info, "run.ended"
        if record.state is RunState.HELD:
            say, event = log.warning, "run.held"
        elif record.state in {RunState.FAILED, RunState.REFUSED, RunState.UNREACHABLE}:
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
            took=spoken((now - job.started).total_seconds()),
            reason=record.reason or None,
            report=f"reports/{record.report}" if record.report else None,
            simulated=record.simulated or None,
        )

    # Asked by people

    def ask(self, asked: Asked) -> None:
        """Somebody wants a run: it is the next one."""
        self._asked.append(asked)

    def pause(self, pause: Pause) -> None:
        """Let a tool's timers pass, until a time or until it is resumed."""
        self._ledger.pause(pause)
        self.pauses[pause.tool] = pause
        log.info("tool.paused", tool=pause.tool, by=pause.by, until=pause.until)

    def unpause(self, tool: str, by: str) -> None:
        """Let a paused tool run again."""
        self._ledger.resume(tool)
        if self.pauses.pop(tool, None):
            log.info("tool.resumed", tool=tool, by=by)

    def _end_pauses(self, now: datetime) -> None:
        for pause in list(self.pauses.values()):
            if pause.until and pause.until <= now:
                self.unpause(pause.tool, "its end time")

    def superseded(self, paths: list[str]) -> None:
        """Newer files took the place of waiting ones."""
        self.waitlist.stale = True
        for run in self.waitlist.superseded(paths):
            self._ledger.change_run(run, state=RunState.SUPERSEDED, reason="a newer file took its place")

    def reorder(self, orders: Orders, place: Place) -> None:
        """Go by other settings from the next run on."""
        self.orders = self.waitlist.orders = orders
        self._place = place
        self.waitlist.stale = True

    def close(self) -> None:
        """Let the run under way come to its next seam."""
        self._runs.shutdown()
