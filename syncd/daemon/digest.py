"""The daily summary: made when its time has come, also when that passed while syncd was not running."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from syncd.core.agenda import Cron
from syncd.core.digest import Day, Named, Ran
from syncd.core.model import RunState
from syncd.disk.ledger import Ledger

TICK = "(digest)"
"""The name under which the ledger keeps the last summary; no tool can have it."""

Standing = Mapping[str, Any]


class Digest:
    """Tells when a summary is due, and what it says. Only the loop calls it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._last = ledger.ticked().get(TICK)

    def turn(self, now: datetime, timer: Cron | None, look: Callable[[], Standing]) -> Day | None:
        """The day that is to be told now, if one is; `look` tells how things stand, as `syncd status` has it."""
        if not timer:
            return None
        instant, since = now.astimezone(UTC), self._last
        if since is None or since > instant:  # the first time, or the clock was set back
            self._note(instant)
            return None
        since = since.astimezone(now.tzinfo)
        if not ((tick := timer.after(since)) and tick <= instant):
            return None
        self._note(instant)
        return self.day(since, now, look())

    def _note(self, instant: datetime) -> None:
        self._ledger.note_ticks({TICK: instant})
        self._last = instant

    def day(self, since: datetime, now: datetime, stands: Standing) -> Day:
        """What happened since, and how things stand."""
        files, size = self._ledger.arrived_since(since)
        over = [run for run in self._ledger.runs_since(since) if run.state is not RunState.RUNNING]
        return Day(
            since=since,
            until=now,
            files=files,
            size=size,
            tools=[tool["tool"] for tool in stands["tools"]],
            runs=[Ran(run.tool, run.state, run.counts) for run in over],
            held=[Named(run["run"], f"{run['file']}: {run['reason']}") for run in stands["held"]],
            refused=[Named(one["file"], one["why"], one["cure"]) for one in stands["drop"]["files"] if one.get("cure")],
            alarms=[Named(alarm["alarm"], alarm["what"], alarm["cure"]) for alarm in stands["alarms"]],
            troubles=stands["trouble"],
            waiting=[Named(file["file"], file["why"]) for file in stands["waiting"] if not _held(file)],
        )


def _held(file: Standing) -> bool:
    return str(file["why"]).startswith("held: ")  # it is named among the held runs
