"""A dispatch at work on real folders, with a clock that a test moves and runs that end before it looks again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import count
from queue import SimpleQueue
from typing import Any

from syncd.control import Request
from syncd.core.freeze import Freeze
from syncd.core.model import RunState
from syncd.daemon.dispatch import Dispatch
from syncd.daemon.notes import Ended, Note
from syncd.daemon.orders import Orders
from syncd.daemon.requests import Requests
from syncd.disk.records import RunRecord
from syncd.run import Place
from syncd.tools.base import Tool
from tests.run.workshop import FILE, Workshop, good_users

MOST_RUNS = 50
TOO_FEW = {"rows_at_least": 100}
_claims = count()


class Desk:
    """The dispatch of a workshop, with its tools."""

    def __init__(self, workshop: Workshop, tools: Mapping[str, Tool]) -> None:
        self.workshop = workshop
        self.tools = tools
        self.freezes: tuple[Freeze, ...] = ()
        self.notes: SimpleQueue[Note] = SimpleQueue()
        self.dispatch = self._begin()

    def _begin(self) -> Dispatch:
        place = replace(self.workshop.place, ledger=self.workshop.open_ledger())
        dispatch = Dispatch(
            orders(self.tools, self.freezes),
            self.workshop.repository,
            self.workshop.open_ledger(),
            place,
            self.notes.put,
        )
        dispatch.resume()
        return dispatch

    @property
    def place(self) -> Place:
        """Where runs are made."""
        return replace(self.workshop.place, ledger=self.workshop.open_ledger())

    def restart(self, tools: Mapping[str, Tool] | None = None) -> None:
        """End, and begin again with what the folders and the ledger tell."""
        self.dispatch.close()
        self.tools = tools or self.tools
        self.workshop.repository.tidy()
        self.dispatch = self._begin()

    def freeze(self, begins: datetime, ends: datetime, *tools: str) -> None:
        """Let the settings have another freeze, from now on."""
        self.freezes += (Freeze(begins=begins, ends=ends, who="ana", why="change of years", tools=tools),)
        self.dispatch.reorder(orders(self.tools, self.freezes), self.place)

    # Files

    def drop(self, content: bytes, path: str = FILE) -> None:
        """Let a dropped file arrive."""
        repository, now = self.workshop.repository, self.workshop.clock
        claim = f"claim-{next(_claims)}"
        file = self.workshop.folder / "dropped"
        file.write_bytes(content)
        with file.open("rb") as source:
            modified = int(now.timestamp() * 1e9) + next(_claims)
            repository.staging.stage(claim, path, source.fileno(), len(content), modified)
        older = repository.place(claim, path, queue=self.dispatch.orders.queues(path), stamp=f"{now:%Y%m%d-%H%M%S}")
        self.dispatch.superseded([path] if older not in {"", "queued"} else [])
        self.dispatch.waitlist.stale = True

    # Time

    def turn(self) -> RunRecord | None:
        """Let the run that is due, if there is one, come to its end."""
        now = self.workshop.clock
        wanted = self.dispatch.wanted(now)
        if not wanted:
            return None
        self.dispatch.start(wanted, now)
        return self.ends()

    def ends(self) -> RunRecord | None:
        """Let the run under way, if there is one, come to its end."""
        while self.dispatch.under_way:
            match self.notes.get(timeout=30):
                case Ended() as note:
                    self.dispatch.ended(note, self.workshop.clock)
                    return note.record
        return None

    def runs(self, **passes: float) -> list[RunRecord]:
        """Let time pass, then let all be run that is due."""
        self.workshop.later(**passes)
        made: list[RunRecord] = []
        while self.dispatch.wanted(self.workshop.clock):
            if run := self.turn():
                made.append(run)
            assert len(made) < MOST_RUNS, "runs without end"
        return made

    def runs_at(self, hour: int, minute: int = 0, second: int = 0) -> list[RunRecord]:
        """Let it be this time of the day, and let all be run that is due."""
        self.workshop.clock = self.workshop.clock.replace(hour=hour, minute=minute, second=second)
        return self.runs()

    def next_at(self) -> datetime | None:
        """When the dispatch wants to be asked again."""
        return self.dispatch.next_at(self.workshop.clock)

    # People

    def ask(self, verb: str, **arguments: Any) -> Request:
        """What a person asks for, without waiting for the answer."""
        return self.carry_out(Request(verb, arguments, "ana"))

    def carry_out(self, request: Request) -> Request:
        """Let the dispatch have a request."""
        Requests(
            self.dispatch,
            self.workshop.repository,
            self.workshop.ledger,
            status=dict,
            look=lambda: None,
            try_out=lambda request: request.answer({}),
        ).carry_out(request)
        return request

    def answer(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """What a person is answered, once all is run that is due."""
        request = self.ask(verb, **arguments)
        self.runs()
        return last_reply(request)

    def close(self) -> None:
        """End the thread."""
        self.dispatch.close()


def last_reply(request: Request) -> dict[str, Any]:
    """The reply that ended a request."""
    assert request.done.is_set(), "not answered"
    *_, reply = request.outcome()
    return reply


def orders(tools: Mapping[str, Tool], freezes: tuple[Freeze, ...] = ()) -> Orders:
    """What the settings say."""
    return Orders(tools=tools, encoding="auto", separator="auto", freezes=freezes)


def states(runs: list[RunRecord]) -> list[RunState]:
    """How runs ended."""
    return [run.state for run in runs]


def held(desk: Desk, count: int = 2) -> RunRecord:
    """A file that is held."""
    desk.drop(good_users(count))
    (run,) = desk.runs()
    assert run.state is RunState.HELD
    return run
