"""What syncd is doing, what waits, and why."""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from syncd import __version__
from syncd.config import Config, Drop
from syncd.core.agenda import next_tick, on_arrival
from syncd.core.durations import spoken
from syncd.core.freeze import thaw
from syncd.core.instants import elapsed
from syncd.core.settle import OBSTACLES, Said, Upload
from syncd.daemon.canary import Canary
from syncd.daemon.dispatch import Dispatch
from syncd.daemon.freezes import told
from syncd.daemon.orders import Orders
from syncd.daemon.reception import Reception
from syncd.disk.ledger import Ledger
from syncd.disk.records import Pause, RunRecord
from syncd.disk.repository import Repository, Waiting
from syncd.run import Job

MOST = 200
"""Files of one kind that are named; the rest is counted."""


SAID = {
    Said.OPEN: "its upload is going on, as sshd says",
    Said.BROKEN: "its upload broke off, as sshd says; it is taken once it was resumed and closed, or uploaded again",
    Said.UNREAD: "the journal is being read for what sshd said of it",
}
"""Why an upload is not taken although it may be quiet."""


def daemon(config: Config, since: datetime, *, running: bool) -> dict[str, Any]:
    """Which syncd this is; not `running` is a command that works alone."""
    return {
        "running": running,
        "version": __version__,
        "pid": os.getpid(),
        "since": since.isoformat(timespec="seconds"),
        "site": config.site.name,
        "settings": str(config.source),
        "zone": str(config.site.timezone),
        "repository": str(config.repository.folder),
    }


def doing(dispatch: Dispatch, now: datetime) -> dict[str, Any] | None:
    """The run under way, if there is one."""
    if not (run := dispatch.under_way):
        return None
    return {
        "run": run.job.id,
        "tool": run.job.tool_name,
        "file": run.job.file.path,
        "phase": run.phase,
        "rows": run.rows,
        "total": run.total,
        "since": run.job.started.isoformat(),
        "took": round(elapsed(run.job.started, now), 1),
    }


def broken_off(dispatch: Dispatch, now: datetime) -> list[dict[str, Any]]:
    """The runs that did not come to their end, each with what it waits for."""
    return [
        {"run": job.id, "file": job.file.path, "why": _what_keeps(job, dispatch, now)} for job in dispatch.broken_off()
    ]


def _what_keeps(job: Job, dispatch: Dispatch, now: datetime) -> str:
    if not job.simulated and (frozen := frozen_words(dispatch.orders, job.tool_name, now)):
        return frozen
    if dispatch.trouble:
        return f"the disk is in trouble: {dispatch.trouble.text}"
    if until := dispatch.blocks.until(job.tool_name, job.tool):
        return f"{dispatch.blocks.why(job.tool_name)}; next try at {_clock(until, now)}"
    return "it is about to go on"


def dropped(reception: Reception, drop: Drop, monotonic: float, *, sshd: str, trouble: str = "") -> dict[str, Any]:
    """What lies in the drop folder, each file with why it is still there; `trouble` is that of the whole daemon."""
    trouble = reception.trouble.text or trouble
    held = reception.held_since is not None
    # A claimed one is named as it was dropped: its claim, the first folder, is nobody's business.
    found = [*reception.uploads.items(), *((path.partition("/")[2], one) for path, one in reception.claims.items())]
    uploads = [
        {"file": path, "bytes": upload.sighting.size, "why": _why(upload, drop.settle, monotonic, held, trouble)}
        for path, upload in found[:MOST]
    ]
    left = [
        {
            "file": path,
            "bytes": one.sighting.size,
            "why": OBSTACLES[one.obstacle][0],
            "cure": OBSTACLES[one.obstacle][1],
        }
        for path, one in list(reception.obstructed.items())[:MOST]
    ]
    return {
        "folder": str(drop.folder),
        "files": left + uploads,
        "count": len(reception.uploads) + len(reception.claims) + len(reception.obstructed),
        "gone": reception.gone,
        "held_since": reception.held_since,
        "watch": reception.means,
        "looks_every": drop.poll_every,
        "canary": canary(reception.canary, monotonic),
        "sshd": sshd,
        "trouble": reception.trouble.text,
    }


def canary(canary: Canary, monotonic: float) -> dict[str, Any] | None:
    """The last canary that was heard: after how many seconds, and how long ago."""
    if canary.delay is None or canary.heard_at is None:
        return None
    return {"delay": round(canary.delay, 4), "ago": round(monotonic - canary.heard_at)}


def _why(upload: Upload, settle: float, monotonic: float, held: bool, trouble: str) -> str:
    if held:
        return "the sender's hold file is there"
    if said := SAID.get(upload.said):
        return said
    if trouble:
        return f"the disk is in trouble: {trouble}"
    quiet = monotonic - upload.since
    if quiet < settle:
        return f"it changed {spoken(round(quiet, 1))} ago; it is taken once it was quiet for {spoken(settle)}"
    return "it is about to be taken"


def waiting(dispatch: Dispatch, repository: Repository, now: datetime) -> list[dict[str, Any]]:
    """The command files that wait, oldest first, each with what it waits for."""
    dispatch.waitlist.refresh()
    return [_waiting(file, dispatch, repository, now) for file in repository.waiting()[:MOST]]


def _waiting(file: Waiting, dispatch: Dispatch, repository: Repository, now: datetime) -> dict[str, Any]:
    tool = dispatch.orders.tool_of(file.path)
    return {
        "file": file.path,
        "bytes": file.size,
        "since": datetime.fromtimestamp(file.modified / 1e9, now.tzinfo).isoformat(timespec="seconds"),
        "tool": tool,
        "queued": len(repository.queued(file.path)),
        "why": _what_it_waits_for(file, tool, dispatch, now),
    }


def _what_it_waits_for(file: Waiting, tool: str, dispatch: Dispatch, now: datetime) -> str:
    if not tool:
        return "no tool is configured for this name"
    frozen = frozen_words(dispatch.orders, tool, now)
    if run := dispatch.waitlist.held(file):
        if frozen and run.approved_by:
            return f"approved by {run.approved_by}; {frozen}"
        return f"held: {run.reason} (syncd approve {run.id}, or syncd reject {run.id})"
    if file in dispatch.waitlist.unreadable:
        return "syncd may not read it (chmod g+r)"
    if pause := dispatch.timetable.pauses.get(tool):
        return f"the tool {tool} is paused {_until(pause, now)}by {pause.by} (syncd resume {tool})"
    if frozen:
        return frozen
    if dispatch.trouble:
        return f"the disk is in trouble: {dispatch.trouble.text}"
    if until := dispatch.blocks.until(tool, dispatch.orders.tools[tool]):
        return f"{dispatch.blocks.why(tool)}; next try at {_clock(until, now)}, or by syncd run {tool}"
    if run_under_way := dispatch.under_way:
        return f"the run {run_under_way.job.id} is under way; one runs at a time"
    if wants := dispatch.waitlist.waits_for(tool, file):
        return f"deferred: it names {wants}; it is run once that was run (or by syncd run {tool})"
    timers = dispatch.orders.timers(tool, news=dispatch.waitlist.news(tool))
    if on_arrival(timers):
        return f"the tool {tool} is about to run"
    tick = next_time(dispatch.orders, tool, now)
    return f"the tool {tool} runs at {_clock(tick, now)}" if tick else f"the tool {tool} runs by syncd run {tool} alone"


def _until(pause: Pause, now: datetime) -> str:
    return f"until {_clock(pause.until, now)} " if pause.until else ""


def _clock(moment: datetime, now: datetime) -> str:
    there = moment.astimezone(now.tzinfo)
    return f"{there:%H:%M:%S}" if there.date() == now.date() else f"{there:%Y-%m-%d %H:%M}"


def held(ledger_runs: list[RunRecord], now: datetime) -> list[dict[str, Any]]:
    """The runs that wait for a person's word."""
    return [
        {
            "run": run.id,
            "tool": run.tool,
            "file": run.path,
            "reason": run.reason,
            "report": run.report,
            "since": (run.ended or run.started).astimezone(now.tzinfo).isoformat(timespec="seconds"),
        }
        for run in ledger_runs
    ]


def tools(dispatch: Dispatch, ledger: Ledger, now: datetime) -> Iterator[dict[str, Any]]:
    """Each tool, in the order of their turns, with its next time and its last run."""
    for name in dispatch.orders.in_turn():
        tool = dispatch.orders.tools[name]
        tick = next_time(dispatch.orders, name, now)
        last = next(iter(ledger.runs(tool=name, limit=1)), None)
        pause = dispatch.timetable.pauses.get(name)
        yield {
            "tool": name,
            "kind": tool.kind,
            "file": tool.file,
            "timer": [str(timer) for timer in tool.timer],
            "order": tool.turn,
            "next": tick.isoformat() if tick else None,
            "paused": {"until": pause.until.isoformat() if pause.until else None, "by": pause.by} if pause else None,
            "frozen": frozen_until(dispatch.orders, name, now),
            "last": {
                "run": last.id,
                "state": last.state,
                "ended": last.ended.astimezone(now.tzinfo).isoformat(timespec="seconds") if last.ended else None,
                "counts": last.counts,
            }
            if last
            else None,
        }


def next_time(orders: Orders, tool: str, now: datetime) -> datetime | None:
    """A tool's next tick; of one that falls into a freeze, the end of that."""
    tick = next_tick(orders.tools[tool].timer, now)
    return thaw(orders.freezes, tool, tick) if tick else None


def frozen_words(orders: Orders, tool: str, now: datetime) -> str:
    """Why a frozen tool does not run, for people."""
    freeze = orders.frozen(tool, now)
    return f"the tool {tool} is {told(freeze, thaw(orders.freezes, tool, now))}" if freeze else ""


def frozen_until(orders: Orders, tool: str, now: datetime) -> str | None:
    """Until when freezes keep a tool from running, if they do."""
    return thaw(orders.freezes, tool, now).isoformat() if orders.frozen(tool, now) else None


def uptime(since: datetime, now: datetime) -> str:
    """How long the daemon has been up, for people."""
    return spoken(float(int(elapsed(since, now))))
