"""What the files that came tell: which expected ones have not, and which are much smaller than usual."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from syncd.config import Config
from syncd.core.alarms import Alarm, far_below, late, small
from syncd.core.expected import MOST, Span, latest, missed
from syncd.core.model import RunState
from syncd.core.patterns import is_pattern
from syncd.daemon.orders import Orders
from syncd.disk.ledger import Ledger
from syncd.disk.records import Arrival, RunRecord
from syncd.tools.base import Tool

OVERLAP = timedelta(minutes=10)
"""How far back a look at the arrivals goes behind the last one: an arrival is noted a while after its moment."""

AHEAD = timedelta(days=1)
"""Arrivals farther in the future than that were noted while the clock was wrong, and don't count."""

TRIES = frozenset({RunState.UNREACHABLE, RunState.FAILED, RunState.INTERRUPTED})
"""Ends after which the same file is run once more: such a run tells nothing of how often a file came."""

LATEST, SAMPLES, JUDGED = 20_000, 20, 200
"""Arrivals that are looked through for a pattern; earlier files that tell what is usual; new ones that are judged at a
look."""


class Arrivals:
    """Remembers when files came, as the ledger has it, for the tools that expect some. Only the loop calls it."""

    def __init__(self, ledger: Ledger, began: datetime, small: Iterable[Alarm]) -> None:
        """`began` is when syncd did; `small` are the alarms of this kind that stood when it ended."""
        self._ledger = ledger
        self._began = began
        self._tools: Mapping[str, Tool] = {}
        self._came: dict[str, set[datetime]] = {}
        self._known: dict[str, datetime] = {}
        self._knew: dict[str, datetime] = {}
        self._read: datetime | None = None
        self._recent: set[tuple[str, str]] = set()
        self._small = {alarm.tool: alarm for alarm in small}

    def go_by(self, config: Config, orders: Orders) -> None:
        """Go by these settings from now on."""
        self._came = {name: came for name, came in self._came.items() if self._same_file(name, config.tools)}
        self._orders = orders
        self._tools = config.tools
        self._grace = timedelta(seconds=config.alarms.grace)
        zone = config.site.timezone
        holidays = [holiday.span(zone) for holiday in config.site.holidays]
        self._excused = {
            name: holidays + [Span(freeze.begins, freeze.ends) for freeze in config.freezes if freeze.means(name)]
            for name in config.tools
        }
        self.forget()

    def forget(self) -> None:
        """Read the ledger once more at the next look: it is another one, or is to be read otherwise."""
        self._read = None

    def look(self, now: datetime) -> Iterator[Alarm]:
        """The alarms that what came, and what did not, gives reason for now."""
        instant = now.astimezone(UTC)
        if self._read is None or instant < self._read:  # the clock may have been set back
            self._began = min(self._began, now)
            self._load(now)
            self._read = instant
        fresh = self._ledger.arrivals_since(self._read - OVERLAP, limit=LATEST)
        self._read = instant
        self._note(fresh)
        self._judge([one for one in fresh if (one.claim, one.path) not in self._recent and one.arrived >= self._began])
        self._recent = {(one.claim, one.path) for one in fresh if one.arrived >= instant - 2 * OVERLAP}
        yield from self._late(now)
        yield from (alarm for tool, alarm in self._small.items() if tool in self._tools)

    def _same_file(self, name: str, tools: Mapping[str, Tool]) -> bool:
        return name in tools and tools[name].file == self._tools[name].file

    # Late

    def _load(self, now: datetime) -> None:
        # What is known already stays: a ledger that was lost is a fresh one now, and does not know it.
        self._came = {name: self._came.get(name, set()) for name, tool in self._tools.items() if tool.expected}
        self._known = {name: self._known_since(name, now) for name in self._came}
        for name in self._came:
            tool = self._tools[name]
            since = latest(tool.expected, now, MOST)[0]
            path = "" if is_pattern(tool.file) else tool.file
            self._note(self._ledger.arrivals_since(since, path=path, limit=LATEST), only=name)

    def _known_since(self, name: str, now: datetime) -> datetime:
        """Since when a file is expected so: what was expected before the settings said it is not missed."""
        tick = f"(expected {name}: {', '.join(map(str, self._tools[name].expected))})"
        known = self._ledger.ticked().get(tick)
        if known is None or known > now:
            known = now
            self._ledger.note_ticks({tick: now})
        self._knew[tick] = min(known, self._knew.get(tick, known))
        return self._knew[tick]

    def _note(self, arrivals: Iterable[Arrival], only: str = "") -> None:
        for one in arrivals:
            for name in [only] if only else self._came:
                if self._orders.means(name, one.path):
                    self._came[name].add(one.arrived)

    def _late(self, now: datetime) -> Iterator[Alarm]:
        soon = now.astimezone(UTC) + AHEAD
        for name, came in list(self._came.items()):
            tool = self._tools[name]
            arrivals = [moment for moment in came if moment < soon]
            if len(came) > 2 * LATEST:
                self._came[name] = set(sorted(came)[-LATEST:])
            expected = missed(
                tool.expected,
                arrivals,
                now,
                known=self._known[name],
                grace=self._grace,
                excused=self._excused[name],
            )
            if expected:
                yield late(name, tool.file, expected)

    # Small

    def _judge(self, arrivals: Sequence[Arrival]) -> None:
        runs: dict[str, list[RunRecord]] = {}
        for one in arrivals[-JUDGED:]:
            name = self._orders.tool_of(one.path)
            if not name or not (share := self._tools[name].remarkably_small):
                continue
            if name not in runs:
                runs[name] = [run for run in self._ledger.runs(tool=name, limit=5 * SAMPLES) if not run.simulated]
            usual = _sizes(one, [run for run in runs[name] if self._orders.means(name, run.path)])
            middle = far_below(one.size, usual, share / 100)
            if middle is not None:
                self._small[name] = small(name, one.path, one.size, middle, one.arrived.astimezone(self._began.tzinfo))
            else:
                self._small.pop(name, None)


def _sizes(arrival: Arrival, runs: Sequence[RunRecord]) -> list[int]:
    """The sizes of files of a tool that were run before one came: of its own name, if there are enough of them."""
    # Each counts, as many a file is the same every night; its own run may have begun before the arrival was noted.
    before = [
        run
        for run in runs
        if run.state not in TRIES
        and run.started <= arrival.arrived
        and not (run.sha256 == arrival.sha256 and run.started > arrival.arrived - OVERLAP)
    ]
    own = [run.size for run in before if run.path == arrival.path]
    return (own if len(own) * 2 >= len(before) else [run.size for run in before])[:SAMPLES]
