"""A real Moodle to be measured, syncd runs on it, and bare calls beside them: prebuilt bodies sent by plain urllib3."""

import json
import os
import resource
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from syncd import logs
from syncd.core.model import RunState
from syncd.disk.ledger import Ledger
from syncd.disk.records import RunRecord
from syncd.disk.repository import Repository
from syncd.run import Job, Place, carry_out
from syncd.targets.base import Target
from syncd.targets.rest import RestSettings
from syncd.tools.base import Tool

SKIPPED = "skipped: SYNCD_TEST_MOODLE_URL and SYNCD_TEST_MOODLE_TOKEN name no Moodle to be measured"
CONNECTIONS = 4
ALL_WELL = {"guard": {"deletes": "100%", "changes": "100%", "errors": 0}}
"""Limits for runs that are measured: every row must be good."""


@dataclass(frozen=True, slots=True)
class Moodle:
    """The site that the environment names; `mark` is in all names that this process makes there."""

    url: str
    token: str
    mark: str = field(default_factory=lambda: f"bench{secrets.token_hex(3)}")

    @property
    def functions(self) -> frozenset[str]:
        """What its token may call."""
        told = self.ask("core_webservice_get_site_info", {})
        return frozenset(one["name"] for one in told["functions"])

    def ask(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Call a function, once."""
        return self.bare([(function, parameters)])[1][0]

    def bare(
        self, calls: Sequence[tuple[str, Mapping[str, Any]]], connections: int = CONNECTIONS
    ) -> tuple[float, list[Any]]:
        """Send some calls side by side, their bodies prebuilt; the seconds that it took, and the answers."""
        bodies = [self._body(*call) for call in calls]
        endpoint = f"{self.url}/webservice/rest/server.php"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        with (
            urllib3.PoolManager(maxsize=connections, block=True, retries=False, timeout=600) as pool,
            ThreadPoolExecutor(connections) as threads,
        ):

            def post(body: bytes, tries: int = 5) -> bytes:
                answer = pool.request("POST", endpoint, body=body, headers=headers).data
                # Moodle says so of a deadlock.
                return post(body, tries - 1) if tries and b"dmlwriteexception" in answer else answer

            began = time.perf_counter()
            answers = list(threads.map(post, bodies))
            took = time.perf_counter() - began
        read = [json.loads(answer) for answer in answers]
        for answer in read:
            if isinstance(answer, dict) and "exception" in answer:
                raise SystemExit(f"the bare calls are refused: {answer}")
        return took, read

    def _body(self, function: str, parameters: Mapping[str, Any]) -> bytes:
        form = [*_flat(parameters), ("moodlewssettingraw", "1"), ("moodlewsrestformat", "json")]
        return urlencode([*form, ("wsfunction", function), ("wstoken", self.token)]).encode()


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of syncd cost: seconds in all and of its own processor, and of the calls of each function, from the
    first one's beginning to the last one's end."""

    record: RunRecord
    seconds: float
    cpu: float
    calls: Mapping[str, tuple[float, int]]

    def span(self, *functions: str) -> float:
        """The seconds of the calls of some functions."""
        return sum(seconds for name, (seconds, _) in self.calls.items() if name in functions)


class _Timed:
    """A target that notes when each call began and ended."""

    def __init__(self, target: Target, without: frozenset[str]) -> None:
        self._target = target
        self._without = without
        self.calls: list[tuple[str, float, float]] = []

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Carry it out."""
        began = time.perf_counter()
        answer = self._target.call(function, parameters)
        self.calls.append((function, began, time.perf_counter()))
        if function == "core_webservice_get_site_info":
            answer["functions"] = [one for one in answer["functions"] if one["name"] not in self._without]
        return answer

    def close(self) -> None:
        """Let go."""
        self._target.close()

    def spans(self) -> dict[str, tuple[float, int]]:
        """By function: seconds from the first beginning to the last end, and how many calls."""
        names = {name for name, _, _ in self.calls}
        return {name: self._span([one for one in self.calls if one[0] == name]) for name in names}

    @staticmethod
    def _span(calls: Sequence[tuple[str, float, float]]) -> tuple[float, int]:
        return max(end for *_, end in calls) - min(began for _, began, _ in calls), len(calls)


class Bench:
    """A place where syncd runs files on the site, with a folder of its own."""

    def __init__(self, moodle: Moodle, folder: Path) -> None:
        self._moodle = moodle
        self._folder = folder
        self.repository = Repository(folder / "repository")
        self.repository.make()
        self.ledger = Ledger(folder / "ledger.sqlite")
        token = folder / "token"
        token.touch(mode=0o600)
        token.write_text(moodle.token)
        self._settings = RestSettings.model_validate(
            {"url": moodle.url, "token_file": str(token), "connections": CONNECTIONS, "timeout": "600s"}
        )
        self._runs = 0

    def run(self, tool: Tool, content: bytes, *, without: frozenset[str] = frozenset()) -> Ran:
        """Run a file of these bytes, as if the site had not the functions `without`; every row must be good."""
        (self.repository.folder / tool.file).parent.mkdir(parents=True, exist_ok=True)
        (self.repository.folder / tool.file).write_bytes(content)
        self._runs += 1
        file = self.repository.begin(f"run-{self._runs}", tool.file, copy=False)
        assert file
        timed = _Timed(self._settings.open(self._folder), without)
        place = Place(
            repository=self.repository,
            ledger=self.ledger,
            target=timed,
            connections=CONNECTIONS,
            site="bench",
            spool=self._folder / "spool",
            roles=self._settings.roles,
            now=lambda: datetime.now(UTC),
        )
        job = Job(id=file.run, tool_name="bench", tool=tool, file=file, asked_by="ana", started=place.now())
        before, began = _cpu(), time.perf_counter()
        record = carry_out(job, place)
        seconds, cpu = time.perf_counter() - began, _cpu() - before
        timed.close()
        if record.state is not RunState.DONE or set(record.counts) & {"rejected", "unknown", "skipped"}:
            report = self.repository.folder / "reports" / record.report
            raise SystemExit(f"a run did not go well:\n{report.read_text() if record.report else record}")
        return Ran(record, seconds, cpu, timed.spans())


@contextmanager
def bench() -> Iterator[tuple[Moodle, Bench] | None]:
    """The site and a place for runs, or `None`, said, where the environment names no site."""
    url, token = os.environ.get("SYNCD_TEST_MOODLE_URL"), os.environ.get("SYNCD_TEST_MOODLE_TOKEN")
    if not url or not token:
        print(SKIPPED)
        yield None
        return
    logs.configure(logs.Mode.JSON, level="warning")
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:
        moodle = Moodle(url, token)
        place = Bench(moodle, Path(folder))
        try:
            yield moodle, place
        finally:
            place.ledger.close()


def batches(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """Some items, so many at a time."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def in_turn(repeats: int, *ways: Callable[[], float]) -> list[list[float]]:
    """The seconds of each way, measured one after the other, so often: what else the machine does meets them alike."""
    measures = [[way() for way in ways] for _ in range(repeats)]
    return [list(one) for one in zip(*measures, strict=True)]


def table_head() -> None:
    """The head of the table that `line` adds to."""
    print(f"{'':52}{'rows/s':>9}{'yardstick':>11}{'ratio':>8}{'at least':>10}")


def line(what: str, rates: Sequence[float], yardstick: Sequence[float], wanted: float | None = None) -> None:
    """One measure: the median of its rates, that of its yardstick, and the median of the ratios of neighbours."""
    limit = f"{wanted:10.2f}" if wanted else ""
    ratio = statistics.median(one / other for one, other in zip(rates, yardstick, strict=True))
    print(f"{what:52}{statistics.median(rates):9,.0f}{statistics.median(yardstick):11,.0f}{ratio:8.2f}{limit}")


def rates(size: int, seconds: Sequence[float]) -> list[float]:
    """Rows a second, of so many rows."""
    return [size / one for one in seconds]


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{name}[{number}]")
    else:
        yield name, str(value)
