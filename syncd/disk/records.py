"""The records that the ledger keeps, and how each lies in its table."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from syncd.core.alarms import Alarm
from syncd.core.model import Outcome, RunState
from syncd.core.names import shown


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that came: which bytes, when, by which claim, under which name."""

    claim: str
    path: str
    arrived: datetime
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What the ledger knows of a run."""

    id: str
    tool: str
    kind: str
    site: str
    path: str
    size: int
    sha256: str
    asked_by: str
    started: datetime
    simulated: bool = False
    state: RunState = RunState.RUNNING
    ended: datetime | None = None
    counts: Mapping[Outcome, int] = field(default_factory=dict)
    plan: str = ""
    reason: str = ""
    report: str = ""
    approved_by: str = ""
    crashes: int = 0
    """How many processes died in the middle of it."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A tool that does not run, until a time or until somebody resumes it."""

    tool: str
    until: datetime | None
    by: str


def arrival_row(arrival: Arrival) -> tuple[object, ...]:
    """An arrival as a row of `arrivals`."""
    return (arrival.claim, os.fsencode(arrival.path), arrival.arrived.timestamp(), arrival.size, arrival.sha256)


def run_row(run: RunRecord) -> tuple[object, ...]:
    """A run as a row of `runs`."""
    return (
        run.id,
        run.tool,
        run.kind,
        run.site,
        os.fsencode(run.path),
        run.size,
        run.sha256,
        run.asked_by,
        run.simulated,
        run.state,
        run.started.timestamp(),
        run.ended.timestamp() if run.ended else None,
        json.dumps(run.counts),
        run.plan,
        run.reason if run.reason.isprintable() else shown(run.reason),
        os.fsencode(run.report),
        run.approved_by,
        run.crashes,
    )


def time_of(seconds: float) -> datetime:
    """The moment that the ledger writes as seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def arrival_of(row: tuple[str, bytes, float, int, str]) -> Arrival:
    """The arrival that a row of `arrivals` tells of."""
    claim, path, arrived, size, sha256 = row
    return Arrival(claim, os.fsdecode(path), time_of(arrived), size, sha256)


def alarm_row(alarm: Alarm) -> tuple[object, ...]:
    """An alarm as a row of `alarms`."""
    said = {name: getattr(alarm, name) for name in ("what", "cure", "tool", "file", "run")}
    return (alarm.event, os.fsencode(alarm.subject), alarm.since.timestamp(), json.dumps(said))


def alarm_of(row: tuple[str, bytes, float, str]) -> Alarm:
    """The alarm that a row of `alarms` tells of."""
    event, subject, since, said = row
    return Alarm(event=event, subject=os.fsdecode(subject), since=time_of(since), **json.loads(said))


def run_of(row: tuple[object, ...]) -> RunRecord:
    """The run that a row of `runs` tells of."""
    (run, tool, kind, site, path, size, sha256, asked_by, simulated, state, started, ended, counts, *rest) = row
    plan, reason, report, approved_by, crashes = rest
    assert (
        isinstance(path, bytes)
        and isinstance(size, int)
        and isinstance(started, float)
        and isinstance(report, bytes)
        and isinstance(crashes, int)
    )
    return RunRecord(
        id=str(run),
        tool=str(tool),
        kind=str(kind),
        site=str(site),
        path=os.fsdecode(path),
        size=size,
        sha256=str(sha256),
        asked_by=str(asked_by),
        simulated=bool(simulated),
        state=RunState(str(state)),
        started=time_of(started),
        ended=time_of(ended) if isinstance(ended, float) else None,
        counts={Outcome(name): count for name, count in json.loads(str(counts)).items()},
        plan=str(plan),
        reason=str(reason),
        report=os.fsdecode(report),
        approved_by=str(approved_by),
        crashes=crashes,
    )
