"""How things stand while no daemon runs, as the places tell it; looking changes nothing."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from syncd import __version__
from syncd.cli.history import history
from syncd.config import Config
from syncd.core.alarms import UNDER_WAY
from syncd.core.model import RunState
from syncd.core.settle import OBSTACLES, Sighting
from syncd.daemon.alarms import told
from syncd.daemon.freezes import listed
from syncd.daemon.plant import drop_of, orders_of
from syncd.daemon.status import frozen_until, frozen_words, next_time
from syncd.disk.ledger import Ledger
from syncd.disk.records import Pause, RunRecord
from syncd.disk.repository import Repository, Waiting
from syncd.disk.tree import digest_of
from syncd.errors import LedgerFault, SyncdError

ASLEEP = "syncd is not running"
MOST = 200
"""Files of one kind that are named; the rest is counted."""


def status(config: Config) -> dict[str, Any]:
    """The same document that the daemon answers with."""
    trouble: list[str] = []
    try:
        with history(config.state.folder) as ledger:
            return _status(config, ledger, trouble)
    except SyncdError as error:
        trouble.append(str(error))
        return _status(config, None, trouble)


def _status(config: Config, ledger: Ledger | None, trouble: list[str]) -> dict[str, Any]:
    now = datetime.now(config.site.timezone)
    pauses = _pauses(ledger, now)
    held = [run for run in ledger.in_state(RunState.HELD) if not run.simulated] if ledger else []
    return {
        "daemon": {
            "running": False,
            "version": __version__,
            "pid": None,
            "since": None,
            "site": config.site.name,
            "settings": str(config.source),
            "zone": str(config.site.timezone),
            "repository": str(config.repository.folder),
        },
        "doing": None,
        "broken_off": [
            {"run": file.run, "file": file.path, "why": ASLEEP}
            for file in Repository(config.repository.folder).running()
        ],
        "drop": _dropped(config),
        "alarms": _alarms(ledger, now),
        "waiting": list(_waiting(config, held, pauses, now)),
        "held": [_held(run, now) for run in held if not run.approved_by],
        "freezes": listed(config.freezes, now),
        "tools": list(_tools(config, ledger, pauses, now)),
        "trouble": trouble,
    }


def _alarms(ledger: Ledger | None, now: datetime) -> list[dict[str, Any]]:
    """Those that stood when the daemon ended; a ledger of an earlier version has none."""
    with suppress(LedgerFault):
        return [told(alarm, now) for alarm in ledger.alarms() if alarm.event != UNDER_WAY] if ledger else []
    return []


def _pauses(ledger: Ledger | None, now: datetime) -> dict[str, Pause]:
    pauses = ledger.pauses() if ledger else {}
    return {tool: pause for tool, pause in pauses.items() if not pause.until or pause.until > now}


def _dropped(config: Config) -> dict[str, Any]:
    drop = drop_of(config)
    answer: dict[str, Any] = {
        "folder": str(config.drop.folder),
        "watch": None,
        "canary": None,
        "looks_every": config.drop.poll_every,
        "sshd": "",
        "gone": False,
        "held_since": None,
        "trouble": "",
    }
    try:
        held_since = drop.held_since()
        found = [*drop.look(), *drop.look_at_claims()]
    except (OSError, SyncdError) as error:
        return {**answer, "files": [], "count": 0, "trouble": str(error)}
    files = [_upload(sighting, held=held_since is not None) for sighting in found[:MOST]]
    return {**answer, "files": files, "count": len(found), "held_since": held_since}


def _upload(sighting: Sighting, *, held: bool) -> dict[str, Any]:
    file = {"file": sighting.path, "bytes": sighting.size}
    if sighting.obstacle:
        why, cure = OBSTACLES[sighting.obstacle]
        return {**file, "why": why, "cure": cure}
    return {**file, "why": "the sender's hold file is there" if held else ASLEEP}


def _waiting(
    config: Config, held: list[RunRecord], pauses: dict[str, Pause], now: datetime
) -> Iterator[dict[str, Any]]:
    repository, orders = Repository(config.repository.folder), orders_of(config)
    holds = {run.path: run for run in held}
    for file in repository.waiting()[:MOST]:
        tool = orders.tool_of(file.path)
        hold = holds.get(file.path)
        hold = hold if hold and waits_with(hold, file, repository) else None
        yield {
            "file": file.path,
            "bytes": file.size,
            "since": datetime.fromtimestamp(file.modified / 1e9, now.tzinfo).isoformat(timespec="seconds"),
            "tool": tool,
            "queued": len(repository.queued(file.path)),
            "why": _why(tool, hold, pauses.get(tool), frozen_words(orders, tool, now)),
        }


def waits_with(run: RunRecord, file: Waiting, repository: Repository) -> bool:
    """Whether this very file, not other bytes under its name, is the one that a held run waits with."""
    try:
        return run.path == file.path and digest_of(repository.folder / file.path).sha256 == run.sha256
    except OSError:
        return False


def _why(tool: str, held: RunRecord | None, pause: Pause | None, frozen: str) -> str:
    if not tool:
        return "no tool is configured for this name"
    if held and held.approved_by:
        return f"approved by {held.approved_by}; {frozen or ASLEEP}"
    if held:
        return f"held: {held.reason} (syncd approve {held.id}, or syncd reject {held.id})"
    if pause:
        return f"the tool {tool} is paused by {pause.by} (syncd resume {tool})"
    if frozen:
        return frozen
    return f"{ASLEEP} (start it, or: syncd run {tool})"


def _held(run: RunRecord, now: datetime) -> dict[str, Any]:
    return {
        "run": run.id,
        "tool": run.tool,
        "file": run.path,
        "reason": run.reason,
        "report": run.report,
        "since": _iso(run.ended or run.started, now),
    }


def _tools(config: Config, ledger: Ledger | None, pauses: dict[str, Pause], now: datetime) -> Iterator[dict[str, Any]]:
    orders = orders_of(config)
    for name in orders.in_turn():
        tool = config.tools[name]
        tick = next_time(orders, name, now)
        last = next(iter(ledger.runs(tool=name, limit=1)), None) if ledger else None
        pause = pauses.get(name)
        yield {
            "tool": name,
            "kind": tool.kind,
            "file": tool.file,
            "timer": [str(timer) for timer in tool.timer],
            "order": tool.turn,
            "next": tick.isoformat() if tick else None,
            "paused": {"until": _iso(pause.until, now), "by": pause.by} if pause else None,
            "frozen": frozen_until(orders, name, now),
            "last": {"run": last.id, "state": last.state, "ended": _iso(last.ended, now), "counts": last.counts}
            if last
            else None,
        }


def _iso(moment: datetime | None, now: datetime) -> str | None:
    return moment.astimezone(now.tzinfo).isoformat(timespec="seconds") if moment else None
