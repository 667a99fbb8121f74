"""The timetable: up to when the ticks of each tool are spent, and which tools are paused."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from syncd import logs
from syncd.core.agenda import next_tick
from syncd.core.freeze import next_change
from syncd.core.instants import elapsed
from syncd.daemon.freezes import Freezes
from syncd.daemon.orders import Orders
from syncd.disk.ledger import Ledger
from syncd.disk.records import Pause

log = logs.get()

STEP = timedelta(minutes=1)
"""A clock that was set back by no more goes on as if it had not been: it is a step of the network's time."""

CORRECTION = timedelta(hours=3)
"""What was made farther ahead than this was made by a clock that was wrong: it counts for nothing, as in cron(8)."""


class Timetable:
    """Remembered in the ledger, so that a tick that is missed while syncd is down is made up."""

    def __init__(self, orders: Orders, ledger: Ledger) -> None:
        self.orders = orders
        self._ledger = ledger
        self._spent = ledger.ticked()
        self.pauses = ledger.pauses()
        self._freezes = Freezes()

    def spent(self, tool: str, now: datetime) -> datetime:
        """The moment up to which a tool's ticks are spent: now for a new tool, and when the clock was set back."""
        if tool not in self._spent:
            self.note([tool], now)
        spent = self._spent[tool]
        ahead = timedelta(seconds=elapsed(now, spent))
        if ahead > STEP:
            made = now if ahead > CORRECTION else max(spent, self.made(tool) or spent)
            self.note([_made(tool)], made)
            self.note([tool], now)
        return self._spent[tool]

    def made(self, tool: str) -> datetime | None:
        """Up to when what the tool does at set times was done on a clock that was set back since."""
        return self._spent.get(_made(tool))

    def next_tick(self, tool: str, now: datetime) -> datetime | None:
        """A tool's first tick that is not spent; it may have come already."""
        spent = self.spent(tool, now).astimezone(now.tzinfo)
        return next_tick(self.orders.tools[tool].timer, spent, self.made(tool))

    def ticked(self, tool: str, now: datetime) -> bool:
        """Whether a tick came that is not spent."""
        tick = self.next_tick(tool, now)
        # As instants: two moments of one zone are compared by their wall time, which is wrong when clocks go back.
        return tick is not None and tick.astimezone(UTC) <= now.astimezone(UTC)

    def note(self, tools: Iterable[str], at: datetime) -> None:
        """The ticks of some tools are spent up to a moment."""
        if moments := dict.fromkeys(tools, at.astimezone(UTC)):
            self._ledger.note_ticks(moments)
            self._spent.update(moments)

    def pause(self, pause: Pause) -> None:
        """Let a tool's ticks pass, until a time or until it is resumed."""
        self._ledger.pause(pause)
        self.pauses[pause.tool] = pause
        log.info("tool.paused", tool=pause.tool, by=pause.by, until=pause.until)

    def resume(self, tool: str, by: str) -> bool:
        """Let a paused tool run again; whether it was paused."""
        self._ledger.resume(tool)
        if paused := self.pauses.pop(tool, None):
            log.info("tool.resumed", tool=tool, by=by)
        return paused is not None

    def turn(self, now: datetime) -> None:
        """Say which freezes begin and end, and let the tools run again whose pause has an end that has come."""
        self._freezes.turn(self.orders.freezes, now)
        for pause in list(self.pauses.values()):
            if pause.until and pause.until <= now:
                self.resume(pause.tool, "its end time")

    def next_change(self, now: datetime) -> datetime | None:
        """When the next freeze begins or ends, or the next pause ends by itself."""
        ends = [pause.until for pause in self.pauses.values() if pause.until and pause.until > now]
        change = next_change(self.orders.freezes, now)
        return min([*ends, change] if change else ends, default=None)

    def renew(self) -> None:
        """Note everything once more: the ledger is a fresh one."""
        self._ledger.note_ticks(self._spent)
        for pause in self.pauses.values():
            self._ledger.pause(pause)


def _made(tool: str) -> str:
    """The name under which it is kept up to when set times were made; no tool can have it."""
    return f"(made) {tool}"
