"""The alarms that stand: looked for once a minute, raised once, and their end said once."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import chain
from typing import Any

from syncd import logs
from syncd.config import Config
from syncd.core.alarms import (
    ENDS_SAID,
    SAID,
    UNDER_WAY,
    Alarm,
    Key,
    changed,
    expected_seconds,
    filling,
    slow,
    waiting,
)
from syncd.core.durations import spoken
from syncd.core.instants import elapsed
from syncd.core.model import RunState
from syncd.daemon.arrivals import Arrivals
from syncd.daemon.dispatch import Dispatch
from syncd.daemon.orders import Orders
from syncd.daemon.reception import Reception
from syncd.daemon.room import room_of
from syncd.disk.ledger import Ledger
from syncd.errors import Fault

log = logs.get()

LIKE = 50
"""Earlier runs that tell how long one takes."""


class Alarms:
    """Finds them in what the parts of the daemon know, and keeps them in the ledger, as they may outlive it.

    Only the loop calls it.
    """

    def __init__(self, ledger: Ledger, began: datetime) -> None:
        self._ledger = ledger
        kept = ledger.alarms()
        self._standing: dict[Key, Alarm] = {alarm.key: alarm for alarm in kept if alarm.event != UNDER_WAY}
        self.under_way = {alarm.key: alarm for alarm in kept if alarm.event == UNDER_WAY}
        """Since when uploads are there that take their time."""
        self._arrivals = Arrivals(ledger, began, [one for one in self.standing() if one.event == "file.small"])
        self._run_seen = ("", 0.0)
        self._news: object = None
        self._next_at = math.inf

    def go_by(self, config: Config, orders: Orders, monotonic: float) -> None:
        """Go by these settings from now on. The first look waits: what came meanwhile has to be taken in."""
        self._settings = config.alarms
        self._folders = list(
            dict.fromkeys([config.repository.folder, config.state.folder, config.drop.folder]),
        )
        self._arrivals.go_by(config, orders)
        self._next_at = min(self._next_at, monotonic + config.alarms.every)

    def standing(self) -> list[Alarm]:
        """The alarms that stand, the oldest first."""
        return sorted(self._standing.values(), key=lambda alarm: alarm.since.timestamp())

    def stands(self, event: str) -> bool:
        """Whether one of these alarms stands."""
        return any(alarm.event == event for alarm in self._standing.values())

    def next_at(self) -> float:
        """When `turn` is to be called next, by the monotonic clock."""
        return self._next_at

    def turn(self, monotonic: float, now: datetime, dispatch: Dispatch, reception: Reception) -> None:
        """Look for alarms if it is time to; note at once what others said, as this process may be killed."""
        news = (dispatch.blocks.away, reception.news)
        before, self._news = self._news or news, news
        if monotonic >= self._next_at:
            self._next_at = monotonic + self._settings.every
            found = self._found(monotonic, now, dispatch, reception)
        elif news != before and self._next_at < math.inf:
            others = [alarm for alarm in self.standing() if alarm.event not in SAID]
            found = chain(others, self._met(monotonic, now, dispatch, reception))
        else:
            return
        with suppress(OSError, Fault):  # the ledger or a disk is away, which others say: the next look may tell
            under_way = {alarm.key: alarm for alarm in reception.under_way(monotonic, now)}
            self._change([*found], under_way, now)

    def renew(self) -> None:
        """Note once more what must not be forgotten: the ledger is a fresh one."""
        self._ledger.keep_alarms([*self.standing(), *self.under_way.values()])
        self._arrivals.forget()

    def _change(self, found: list[Alarm], under_way: dict[Key, Alarm], now: datetime) -> None:
        change = changed(self._standing, found, now)
        if change.raised or change.over or under_way.keys() != self.under_way.keys():
            self._ledger.keep_alarms([*change.standing.values(), *under_way.values()])
        self.under_way = under_way
        self._standing = dict(change.standing)
        for alarm in change.raised:
            if alarm.event not in SAID:
                log.warning(
                    alarm.event,
                    tool=alarm.tool or None,
                    file=alarm.file or None,
                    run=alarm.run or None,
                    since=alarm.since.astimezone(now.tzinfo).replace(microsecond=0),
                    reason=alarm.what,
                    cure=alarm.cure,
                )
        for alarm in change.over:
            if alarm.event not in ENDS_SAID:
                log.info(
                    "alarm.over",
                    alarm=alarm.event,
                    tool=alarm.tool or None,
                    file=alarm.file or None,
                    run=alarm.run or None,
                    since=alarm.since.astimezone(now.tzinfo).replace(microsecond=0),
                    lasted=spoken(round(elapsed(alarm.since, now))),
                )

    # Found

    def _found(self, monotonic: float, now: datetime, dispatch: Dispatch, reception: Reception) -> Iterator[Alarm]:
        yield from self._arrivals.look(now)
        yield from self._slow(monotonic, dispatch)
        yield from self._waiting(now, dispatch)
        yield from self._filling(now)
        yield from self._met(monotonic, now, dispatch, reception)

    def _met(self, monotonic: float, now: datetime, dispatch: Dispatch, reception: Reception) -> Iterator[Alarm]:
        """Those that others met, and said."""
        yield from reception.alarms(monotonic, now)
        yield from self._away(now, dispatch)

    def _slow(self, monotonic: float, dispatch: Dispatch) -> Iterator[Alarm]:
        run, settings = dispatch.under_way, self._settings
        if not run or run.job.simulated or not settings.slower_than:
            return
        if self._run_seen[0] != run.job.id:  # by this clock, as the other may be set, and syncd may have been away
            self._run_seen = (run.job.id, monotonic)
        took = monotonic - self._run_seen[1]
        try:
            size = os.stat(run.job.file.file).st_size
        except OSError:  # it is about to be over
            return
        name, path = run.job.tool_name, run.job.file.path
        like = [
            (record.size, elapsed(record.started, record.ended))
            for record in self._ledger.runs(tool=name, limit=LIKE)
            if record.state is RunState.DONE and record.ended and not record.simulated and not record.approved_by
        ]
        usual = expected_seconds(size, like)
        if usual is not None and took > usual * settings.slower_than and took >= settings.slow_at_least:
            yield slow(name, path, run.job.id, run.job.started, took, usual)
        elif old := self._standing.get(("run.slow", run.job.id)):  # so said an earlier process: the run goes on
            yield old

    def _waiting(self, now: datetime, dispatch: Dispatch) -> Iterator[Alarm]:
        after = self._settings.held_after
        for run in dispatch.waitlist.undecided() if after else ():
            held = (run.ended or run.started).astimezone(now.tzinfo)
            if elapsed(held, now) >= after or ("run.waiting", run.id) in self._standing:
                yield waiting(run.tool, run.path, run.id, held, after)

    def _filling(self, now: datetime) -> Iterator[Alarm]:
        seen = set()
        for folder in self._folders:
            with suppress(OSError):  # it is gone, which others say
                disk = os.stat(folder).st_dev
                if disk in seen:
                    continue
                seen.add(disk)
                room, wanted = room_of(folder), self._settings.free_below
                stands = ("disk.filling", str(folder)) in self._standing
                if lacks := (wanted.eased() if stands else wanted).lacks(room):
                    yield filling(str(folder), lacks, room, wanted, now)

    def _away(self, now: datetime, dispatch: Dispatch) -> Iterator[Alarm]:
        if dispatch.blocks.away:
            tries = dispatch.blocks.site.failures
            yield Alarm(
                event="site.unreachable",
                subject="site",
                since=now,
                what=f"the site could not be reached{f', {tries} times in a row' if tries > 1 else ''}; files wait",
                cure="Nothing, if it is being worked on: syncd tries again by itself. Else syncd doctor tells more.",
            )


def told(alarm: Alarm, now: datetime) -> dict[str, Any]:
    """An alarm as `syncd status` has it."""
    return {
        "alarm": alarm.event,
        "since": alarm.since.astimezone(now.tzinfo).isoformat(timespec="seconds"),
        "tool": alarm.tool,
        "file": alarm.file,
        "run": alarm.run,
        "what": alarm.what,
        "cure": alarm.cure,
    }
