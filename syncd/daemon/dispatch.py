"""The dispatch: which tool runs next on which file, and what becomes of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from syncd import logs
from syncd.core.agenda import Standing, due, spent
from syncd.core.model import RunState
from syncd.daemon.asked import Asked
from syncd.daemon.blocks import Blocks
from syncd.daemon.jobs import Jobs
from syncd.daemon.notes import Ended, Note, Progress
from syncd.daemon.orders import Orders
from syncd.daemon.timetable import Timetable
from syncd.daemon.trouble import Trouble
from syncd.daemon.under_way import Runs, UnderWay, say_end
from syncd.daemon.waitlist import Waitlist
from syncd.daemon.wishes import Wishes
from syncd.disk.ledger import Ledger
from syncd.disk.records import RunRecord
from syncd.disk.repository import RESERVED, Repository, Waiting
from syncd.disk.spool import sweep
from syncd.errors import LedgerFault, SyncdError
from syncd.run import Job, Place

log = logs.get()

MENDING = timedelta(seconds=30)
"""Until a run that the disk broke off is tried again."""

LOOK_EVERY = timedelta(seconds=60)
"""How often to look for files that were put into the repository by hand: nothing tells of them."""

REST = 4
"""How much longer than a look at the repository the pause after it is, if it is a large one."""


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
        coming: Callable[[], Iterable[str]] = tuple,
        timers: bool = True,
        folders: Mapping[Path, str] | None = None,
    ) -> None:
        """`post` takes the notes that tell how a run goes on and ends. `coming()` are the paths that files will have
        which are on their way into the repository. Without `timers` only what is asked for runs. `folders`
        are all of syncd's, each with what it is called."""
        self.orders = orders
        self.waitlist = Waitlist(orders, repository, ledger, now=place.now, coming=coming)
        self.timetable = Timetable(orders, ledger)
        self.blocks = Blocks()
        self.trouble = Trouble(MENDING.total_seconds(), folders)
        self.under_way: UnderWay | None = None
        self._repository = repository
        self._ledger = ledger
        self._place = place
        self._timers = timers
        self._runs = Runs(post)
        self._jobs = Jobs(orders, repository, ledger, now=place.now)
        self._wishes = Wishes(orders, self.waitlist, ledger)
        self._resumed: list[Job] = []
        self._put_off: list[Job] = []
        self._not_before: datetime | None = None
        self._considered: datetime | None = None
        self._looked = self._rests_until = place.now() - LOOK_EVERY
        self._said_unreadable: frozenset[Waiting] = frozenset()

    # What is due

    def standings(self, now: datetime) -> list[Standing]:
        """How things stand with each tool, in the order of their turns."""
        return [self._standing(name, now) for name in self.orders.in_turn()]

    def _standing(self, name: str, now: datetime) -> Standing:
        return Standing(
            name,
            timers=self.orders.timers(name, news=self.waitlist.news(name)),
            ticked=self.timetable.spent(name, now),
            made=self.timetable.made(name),
            waiting=self.waitlist.next_of(name) is not None,
            paused=name in self.timetable.pauses,
            frozen=self.orders.frozen(name, now) is not None,
            blocked_until=self.blocks.until(name, self.orders.tools[name]),
        )

    def wanted(self, now: datetime) -> str:
        """The tool whose run should start now; "" when there is none. Looks at the repository when that may matter."""
        self._considered = now
        self.timetable.turn(now)
        self.blocks.turn(now)
        if self.under_way or self._mending(now):
            return ""
        self._resumed += [job for job in self._put_off if self.blocks.over(job.tool_name, now)]
        self._put_off = [job for job in self._put_off if job not in self._resumed]
        if job := self._next_resumed(now):
            return job.tool_name
        if asked := self._wishes.next(now):
            return asked.tool
        return self._due(now) if self._timers else ""

    def broken_off(self) -> list[Job]:
        """The runs that did not come to their end and are to be gone on with, the next one first."""
        return [*self._resumed, *self._put_off]

    def _next_resumed(self, now: datetime) -> Job | None:
        """The run to be ended first. What a freeze meets half done, because a process died, waits for its end too."""
        return next((job for job in self._resumed if job.simulated or not self.orders.frozen(job.tool_name, now)), None)

    def go_before(self, tool: str, now: datetime, within: timedelta) -> list[str]:
        """The tools of earlier turns that would run a file as soon as it came, or within some time.

        A person's wish, and a run that is to be ended, wait for none.
        """
        return [
            one.name for one in self._earlier(tool, now) if one.soon(self.orders.tools[one.name].timer, now, within)
        ]

    def others_are_due(self, tool: str, now: datetime, within: timedelta) -> bool:
        """Whether a file waits that will be run within some time, and whose tool has its turn before this one."""
        return any(one.waiting and one.soon(one.timers, now, within) for one in self._earlier(tool, now))

    def _earlier(self, tool: str, now: datetime) -> list[Standing]:
        if self._next_resumed(now) or self._wishes.next(now):
            return []
        turn, tools = self.orders.tools[tool].turn, self.orders.tools
        return [one for one in self.standings(now) if tools[one.name].turn < turn]

    def _mending(self, now: datetime) -> bool:
        # Farther ahead than it was ever set, it is the clock that was set back.
        return self._not_before is not None and now < self._not_before <= now + MENDING

    def _due(self, now: datetime) -> str:
        if self._wants_look(now):
            if now < self._rests_until <= now + LOOK_EVERY:  # what is known may be run; no tick is spent for nothing
                return next(iter(due(self.standings(now), now)), "")
            self._look(now)
        standings = self.standings(now)
        self.timetable.note(spent(standings, now), now)
        return next(iter(due(standings, now)), "")

    def _wants_look(self, now: datetime) -> bool:
        return (
            self.waitlist.stale
            or abs(now - self._looked) >= LOOK_EVERY
            or any(self._ticked_unseen(name, now) for name in self.orders.tools)
        )

    def _ticked_unseen(self, tool: str, now: datetime) -> bool:
        """Whether a tick came after the last look, which may lie ahead: what waits now decides whether it is spent."""
        if not (tick := self.timetable.next_tick(tool, now)):
            return False
        tick, looked, now = (moment.astimezone(UTC) for moment in (tick, self._looked, now))
        return tick <= now and not tick <= looked <= now

    def _look(self, now: datetime) -> None:
        began = self._place.now()
        self.waitlist.refresh()
        self._looked = now
        self._rests_until = now + REST * (self._place.now() - began)
        for run in self.waitlist.orphans():
            self._no_longer_held(run, "its file was taken away, or became another one")
        for file in self.waitlist.unreadable - self._said_unreadable:
            log.warning("file.unreadable", file=file.path, cure="Give syncd's group the right to read it (chmod g+r).")
        self._said_unreadable = self.waitlist.unreadable

    def next_at(self, now: datetime) -> datetime | None:
        """When `wanted` is to be asked next if no note comes; a moment that it knows already is none."""
        if self.under_way:
            return None
        if self._mending(now):
            return self._not_before
        if self._next_resumed(now) or self._wishes.next(now):
            return now
        if self.waitlist.stale:
            return max(now, self._rests_until)
        known = (self._considered or now).astimezone(UTC)
        moments: list[datetime | None] = [self.timetable.next_tick(name, now) for name in self.orders.tools]
        moments += [self.timetable.next_change(known)]
        moments += [one.blocked_until for one in self.standings(now) if one.waiting and not one.rests]
        moments += [self.blocks.until(job.tool_name, job.tool) for job in self._put_off]
        instants = (moment.astimezone(UTC) for moment in moments if moment)
        return min((moment for moment in instants if moment > known), default=None)

    # Starting

    def resume(self) -> None:
        """Have the runs that an earlier process began, and did not end, made first."""
        running = self._repository.running()
        sweep(self._place.spool, under_way={file.run for file in running})
        self._resumed += filter(None, map(self._jobs.left_by_another, running))
        under_way = {job.id for job in self._resumed}
        for state in (RunState.RUNNING, RunState.INTERRUPTED):
            for record in self._ledger.in_state(state):
                if record.id not in under_way:
                    self._was_never_begun(record)

    def _was_never_begun(self, record: RunRecord) -> None:
        """The ledger has a run whose file was not handed to it, or was handed back: the file waits as before."""
        if record.approved_by:
            ended = self._place.now()
            self._hold(self._ledger.change_run(record, state=RunState.HELD, ended=ended, approved_by=""))
        else:
            self._no_longer_held(record, record.reason or "the run did not begin, or its file was taken away")

    def start(self, tool: str, now: datetime) -> None:
        """Start the run that `wanted` named."""
        if job := self._next_resumed(now):
            if self.waitlist.stale:  # what waits decides what may be deferred
                self.waitlist.refresh()
            self._resumed.remove(job)
            self._begin(job, None)
        elif asked := self._wishes.next(now):
            self._wishes.take(asked)
            try:
                self._start_asked(asked, now)
            except (OSError, SyncdError) as error:
                asked.failed(f"the run could not begin: {error}")
                raise
        elif not self.orders.frozen(tool, now) and (file := self.waitlist.next_of(tool)):
            asked_by = "timer" if self.timetable.ticked(tool, now) else "arrival"
            in_run = self._repository.begin(self._jobs.free_id(tool, now), file.path, copy=self.orders.keeps(tool))
            self.waitlist.begun(tool, file.path)
            if in_run:
                self._begin(self._jobs.job(tool, in_run, asked_by=asked_by), None)

    def _start_asked(self, asked: Asked, now: datetime) -> None:
        self._look(now)
        if asked.held:
            self._start_decided(asked, asked.held, now)
            return
        waiting = self.waitlist.next_of(asked.tool) or self.waitlist.deferred_of(asked.tool)
        path = asked.file or (waiting.path if waiting else "")
        if not path:
            asked.nothing_waits(self.orders.tools[asked.tool].file, self.waitlist.held_of(asked.tool))
            return
        copy = asked.simulated or path.split("/")[0] in RESERVED or self.orders.keeps(asked.tool)
        in_run = self._repository.begin(self._jobs.free_id(asked.tool, now), path, copy=copy)
        if not in_run:
            asked.gone(path)
            return
        if not asked.simulated:
            self.waitlist.begun(asked.tool, path)
            if held := self.waitlist.free(path):
                self._no_longer_held(held, f"{asked.who} had it run again, as {in_run.run}")
        self._begin(self._jobs.job(asked.tool, in_run, asked_by=asked.who, simulated=asked.simulated), asked)

    def _start_decided(self, asked: Asked, held: RunRecord, now: datetime) -> None:
        record = self._ledger.run(held.id)
        if not record or record.state is not RunState.HELD:
            asked.too_late(held.id)
            return
        in_run = self._repository.begin(record.id, record.path, copy=self.orders.keeps(asked.tool))
        if not in_run:
            asked.gone(record.path)
            return
        self.waitlist.free(record.path)
        job = replace(self._jobs.job(asked.tool, in_run, record=record), started=now, approved_plan=record.plan)
        by = "" if asked.rejected else asked.who
        self._begin(replace(job, approved_by=by, rejected_by=asked.who if asked.rejected else ""), asked)

    def _begin(self, job: Job, asked: Asked | None) -> None:
        if self.orders.means(job.tool_name, job.file.path) and not self.orders.keeps(job.tool_name):
            job = replace(job, promised=self.waitlist.promised(job.tool_name, job.file.path))
        self.under_way = self._runs.begin(job, self._place, asked)

    # What became of it

    def progressed(self, note: Progress) -> None:
        """A run goes on."""
        if self.under_way and self.under_way.job.id == note.run:
            self.under_way.progressed(note)

    def ended(self, note: Ended, now: datetime) -> None:
        """A run is over, or was broken off."""
        assert self.under_way
        job, asked, self.under_way = self.under_way.job, self.under_way.asked, None
        self.waitlist.stale = True
        record = note.record
        if record is None:
            self._broke_off(job, note.error or SyncdError("it came to no end"), now)
            if asked:
                asked.failed(f"the run was broken off and will be tried again: {note.error}")
            return
        if asked:  # first: what follows may meet a full disk
            asked.ended(record)
        self.trouble.over()
        self._not_before = None
        say_end(job, record, now, away=self.blocks.away)
        self.blocks.ended(job, record, now)
        if record.simulated or record.state is RunState.INTERRUPTED:
            return
        if record.state is RunState.HELD:
            self._hold(record)
        self._tick_is_over(job.tool_name, job.started, now)

    def _broke_off(self, job: Job, error: Exception, now: datetime) -> None:
        job = replace(job, resumed=True)
        if isinstance(error, OSError | LedgerFault):
            self.trouble.met(error)
            self._not_before = now + MENDING
            self._resumed.insert(0, job)
        else:  # a defect: the other tools go on meanwhile
            log.error("run.failed", run=job.id, tool=job.tool_name, exc_info=error)
            self.blocks.fail(job.tool_name, now)
            self._put_off.append(job)

    def _tick_is_over(self, tool: str, started: datetime, now: datetime) -> None:
        """Note the tick once each file has had its turn, or when there is no point in going on."""
        if tool not in self.orders.tools:
            return
        if not self.waitlist.next_of(tool):
            self.waitlist.refresh()
        if self.blocks.until(tool, self.orders.tools[tool]) or not self.waitlist.next_of(tool):
            self.timetable.note([tool], max(started, self.timetable.spent(tool, now)))
            self.waitlist.tick_is_over(tool)

    def _hold(self, run: RunRecord) -> None:
        if before := self.waitlist.hold(run):
            self._no_longer_held(before, f"it was run again, as {run.id}")

    def _no_longer_held(self, run: RunRecord, reason: str) -> None:
        if (held := self.waitlist.free(run.path)) and held.id != run.id:
            self.waitlist.hold(held)
        self._ledger.change_run(run, state=RunState.SUPERSEDED, ended=run.ended or self._place.now(), reason=reason)

    # Asked by others

    def ask(self, asked: Asked) -> None:
        """Somebody wants a run: it is the next one, if no freeze forbids it."""
        self._wishes.add(asked, self._place.now())

    def superseded(self, paths: Sequence[str]) -> None:
        """Newer files took the place of waiting ones."""
        self.waitlist.stale = True
        for run in self.waitlist.superseded(paths):
            self._no_longer_held(run, "a newer file took its place")

    def reorder(self, orders: Orders, place: Place) -> None:
        """Go by other settings from the next run on."""
        self.orders = self.waitlist.orders = self.timetable.orders = self._jobs.orders = orders
        self._place = place
        self.waitlist.stale = True
        self._wishes.reorder(orders)

    def turn_away(self, reason: str) -> None:
        """Whoever waits for a run that has not begun shall wait no longer."""
        self._wishes.turn_away(reason)

    def renew(self) -> None:
        """Note once more what must not be forgotten: the ledger is a fresh one."""
        self.timetable.renew()
        for run in self.waitlist.all_held():
            self._ledger.note_run(run)

    def close(self) -> None:
        """Let the run under way come to its next seam."""
        self._runs.close()
