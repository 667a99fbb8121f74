"""What syncd counts of itself, as Prometheus reads it; docs/METRICS.md explains each number to administrators."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest, start_http_server

from syncd.core.model import Outcome, RunState
from syncd.core.snapshot import Snapshot, ToolSnapshot

RESULTS = (
    RunState.DONE,
    RunState.HELD,
    RunState.REFUSED,
    RunState.REJECTED,
    RunState.UNREACHABLE,
    RunState.FAILED,
    RunState.INTERRUPTED,
)
"""The states in which runs end."""

NOT_CARRIED_OUT = frozenset({RunState.HELD, RunState.REJECTED, RunState.INTERRUPTED})
"""Of these, those whose rows don't count: nothing was sent, or they are planned again."""

OF_TOOLS = {
    "last_success_timestamp_seconds": "When a tool last carried a file out; 0: never, as far as is known.",
    "waiting_files": "Files that wait for a tool, held ones left out.",
    "oldest_waiting_age_seconds": "Age of the oldest of them; 0: none waits.",
    "held_runs": "Runs that wait for a person's word.",
    "tool_paused": "1 while a person has stopped the tool's timer.",
    "tool_frozen": "1 while a freeze keeps the tool from running.",
    "tool_running": "1 while a run of the tool is under way.",
}
"""What is shown of each tool, in the order of `_stands`."""

CALL_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Seconds of a call: a batch is cut smaller when it takes more than a few."""

BUCKETS = (0.2, 1, 5, 15, 60, 300, 900, 3600, 14_400)


class Metrics:
    """The numbers of one syncd, each with its site: several may be read from one folder.

    They are in a registry of their own, and may be read by other threads while they are counted.
    """

    def __init__(self, site: str, version: str, began: float) -> None:
        """`began` is when this process did, in seconds since 1970."""
        self.registry = _Registry(auto_describe=True)
        self._site = site
        self._known: set[str] = set()
        self._shown: set[str] = set()
        self._arrivals = self._counter("arrivals", "Dropped files that came into the repository.")
        self._bytes = self._counter("arrived_bytes", "Bytes of dropped files that came into the repository.")
        self._runs = self._counter(
            "runs", "Runs that ended, by their result; simulations don't count.", "tool", "result"
        )
        self._broken = self._counter("runs_broken_off", "Runs that a defect or a disk broke off.", "tool")
        self._rows = self._counter("rows", "Rows that were carried out, by what became of them.", "tool", "outcome")
        self._took = Histogram(
            "syncd_run_duration_seconds",
            "How long runs took.",
            ["site", "tool"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._calls = Histogram(
            "syncd_call_duration_seconds",
            "How long calls to the site took; each carries a batch.",
            ["site", "function"],
            buckets=CALL_BUCKETS,
            registry=self.registry,
        )
        self._unanswered = self._counter(
            "calls_unanswered", "Calls to the site that came to no answer: it was away, or fell silent."
        )
        self._of_tools = tuple(self._gauge(name, meaning, "tool") for name, meaning in OF_TOOLS.items())
        self._drop = self._gauge("drop_files", "Files in the drop folder: waited for, or refused.", "state")
        self._trouble = self._gauge("trouble", "1 while the machine refuses something: a disk, a folder, the ledger.")
        self._alarms = self._gauge("alarm", "Alarms that stand.", "alarm", "tool")
        self._raised: set[tuple[str, str]] = set()
        self._watch_delay = self._gauge(
            "watch_delay_seconds", "How late the kernel last told of a file in the drop folder."
        )
        self._told = self._gauge("told_timestamp_seconds", "When the loop last brought these numbers up to date.")
        self._gauge("start_timestamp_seconds", "When syncd started.").labels(site).set(began)
        self._gauge("info", "Always 1; the label has the version.", "version").labels(site, version).set(1)
        for counter in (self._arrivals, self._bytes, self._unanswered):
            counter.labels(site)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"syncd_{name}", meaning, ["site", *labels], registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"syncd_{name}", meaning, ["site", *labels], registry=self.registry)

    # Heard

    def arrived(self, sizes: Iterable[int]) -> None:
        """Files of so many bytes came."""
        for size in sizes:
            self._arrivals.labels(self._site).inc()
            self._bytes.labels(self._site).inc(size)

    def ended(self, tool: str, result: RunState, counts: Mapping[Outcome, int], took: float) -> None:
        """A run ended so, after so many seconds."""
        self._know(tool)
        self._runs.labels(self._site, tool, str(result)).inc()
        self._took.labels(self._site, tool).observe(took)
        if result not in NOT_CARRIED_OUT:
            for outcome, number in counts.items():
                self._rows.labels(self._site, tool, str(outcome)).inc(number)

    def broke_off(self, tool: str) -> None:
        """A run came to no end."""
        self._know(tool)
        self._broken.labels(self._site, tool).inc()

    def called(self, function: str, took: float, *, answered: bool) -> None:
        """A call of a web-service function was over after so many seconds."""
        self._calls.labels(self._site, function).observe(took)
        if not answered:
            self._unanswered.labels(self._site).inc()

    def stands(self, now: Snapshot) -> None:
        """This is how things stand."""
        for tool in self._shown - now.tools.keys():  # no longer in the settings
            for gauge in self._of_tools:
                gauge.remove(self._site, tool)
        self._shown = set(now.tools)
        for tool, one in now.tools.items():
            self._know(tool)
            self._stands(tool, one)
        self._drop.labels(self._site, "uploading").set(now.uploads)
        self._drop.labels(self._site, "refused").set(now.refused)
        self._trouble.labels(self._site).set(now.trouble)
        self._raised |= now.alarms.keys()
        for alarm in self._raised:
            self._alarms.labels(self._site, *alarm).set(now.alarms.get(alarm, 0))
        if now.watch_delay is not None:
            self._watch_delay.labels(self._site).set(now.watch_delay)
        self._told.labels(self._site).set(now.moment)

    def _stands(self, tool: str, one: ToolSnapshot) -> None:
        values = (one.last_success, one.waiting, one.oldest, one.held, one.paused, one.frozen, one.running)
        for gauge, value in zip(self._of_tools, values, strict=True):
            gauge.labels(self._site, tool).set(value)

    def _know(self, tool: str) -> None:
        """Show what can be counted before it is: Prometheus sees no increase in a number that was not there."""
        if tool in self._known:
            return
        self._known.add(tool)
        for result in RESULTS:
            self._runs.labels(self._site, tool, str(result))
        for outcome in Outcome:
            self._rows.labels(self._site, tool, str(outcome))
        self._broken.labels(self._site, tool)
        self._took.labels(self._site, tool)

    # Told

    def text(self) -> bytes:
        """The numbers in Prometheus's text format."""
        return generate_latest(self.registry)

    def serve(self, address: str, port: int) -> "Server":
        """Answer on a port from now on. Raises `OSError` when it can't be had."""
        server, _thread = start_http_server(port, address, registry=self.registry)
        return server


class Server(Protocol):
    """What answers on a port, in a thread of its own."""

    def shutdown(self) -> None:
        """Take no more requests."""

    def server_close(self) -> None:
        """Give the port back."""


class _Registry(CollectorRegistry):
    """A registry that leaves out when each number was first counted: it would double the numbers, and nobody asks."""

    def collect(self) -> Iterable[Metric]:
        for metric in super().collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric
