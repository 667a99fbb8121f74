"""The postman: a thread that makes messages of what happened, and sends each until it is taken."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from uuid import uuid4

from syncd.core.notice_text import Explain, Letter, notice
from syncd.core.notices import LEVELS, Happening, Rhythm, Wishes, due_at, gather, take
from syncd.errors import Fault
from syncd.notices.outbox import Outbox, Waiting
from syncd.notices.standing import Standing
from syncd.notices.ways import Message, NotSent, Send

LONGEST_SLEEP = 60.0
"""Seconds after which it looks again, even if nothing happened: clocks may have been set."""

FAREWELL = 10.0
"""Seconds that it has at the end for what is being sent."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say: what is told, when, and how. `ending` says at the end of a notice who writes.

    Of the `ways`, notices take some, and letters, such as the daily summary, some.
    """

    site: str
    wishes: Wishes
    rhythm: Rhythm
    ways: Mapping[str, Send]
    notices: tuple[str, ...]
    letters: tuple[str, ...]
    ending: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A message that a person sends to see whether it arrives; `answer` is called with what became of each way."""

    answer: Callable[[Mapping[str, str]], None]


Told = Happening | Letter | Rules | Trial
"""What a postman may be told: it happened; send this letter as it is; go by these rules from now on; try the ways."""


@dataclass(slots=True)
class _Route:
    """A way, and when it may be tried again, by the monotonic clock."""

    standing: Standing
    next_try: float = 0.0


@dataclass(slots=True)
class Postman:
    """Sends what it is told of; whoever tells never waits.

    What is not sent yet lies in `folder`, for the next start.
    """

    folder: Path
    rules: Rules
    explain: Explain
    _inbox: SimpleQueue[Told | None] = field(default_factory=SimpleQueue)
    _closing: Event = field(default_factory=Event)
    _routes: dict[str, _Route] = field(default_factory=dict)
    _thread: Thread | None = None

    def begin(self) -> None:
        """Begin with what an earlier process left."""
        self._thread = Thread(target=self._work, name="postman", daemon=True)
        self._thread.start()

    # Told, from any thread

    def tell(self, what: Told) -> None:
        """Have it heard, and return at once."""
        self._inbox.put(what)

    def close(self) -> None:
        """Let what is being sent end, but not for long; the rest lies in the folder."""
        self._closing.set()
        self._inbox.put(None)
        if self._thread:
            self._thread.join(FAREWELL)

    @property
    def troubles(self) -> list[str]:
        """What keeps it from sending, in sentences."""
        return [
            f"notices by {route.standing.way} can't be sent: {route.standing.reason}"
            for route in list(self._routes.values())
            if route.standing.reason
        ]

    # In its own thread

    def _work(self) -> None:
        outbox, own = Outbox(self.folder), Standing("notices")
        patience = 0.0
        while not self._closing.is_set():
            try:
                self._hear(outbox, patience)
                self._make(outbox)
                self._send(outbox)
                patience = self._patience(outbox)
                own.worked()
            except Exception as error:  # a notice that can't be made must not end all the others
                patience = own.failed(f"a defect of syncd: {type(error).__name__}", error)
        with suppress(Exception):  # nobody is left who could try again
            self._hear(outbox, 0.0)

    def _hear(self, outbox: Outbox, patience: float) -> None:
        told = self._told(patience)
        if self.rules.notices:
            happenings = (what for what in told if isinstance(what, Happening))
            outbox.gather(gather(outbox.gathered, happenings, self.rules.wishes))
        for what in told:
            match what:
                case Letter():
                    self._add(outbox, what, "info")
                case Rules():
                    self._change(what)
                case Trial():
                    what.answer(tried(self.rules))

    def _told(self, patience: float) -> list[Told | None]:
        """What it was told; if there is nothing, it waits."""
        told: list[Told | None] = []
        with suppress(Empty):
            told.append(self._inbox.get(timeout=patience) if patience > 0 else self._inbox.get_nowait())
            while True:
                told.append(self._inbox.get_nowait())
        return told

    def _change(self, rules: Rules) -> None:
        self.rules = rules
        self._routes = {way: _Route(route.standing) for way, route in self._routes.items() if way in rules.ways}

    def _make(self, outbox: Outbox) -> None:
        now = datetime.now(UTC)
        groups, rest = take(outbox.gathered, self.rules.rhythm, now)
        if not groups or not self.rules.notices:
            return
        zone, site = self.rules.rhythm.zone, self.rules.site
        letter = notice(groups, self.explain, site=site, zone=zone, ending=self.rules.ending)
        level = max((group.level for group in groups), key=lambda level: LEVELS.get(level, 0))
        outbox.add(_message(letter, level), self.rules.notices, now, rest)

    def _add(self, outbox: Outbox, letter: Letter, level: str) -> None:
        outbox.add(_message(letter, level), self.rules.letters, datetime.now(UTC), outbox.gathered)

    def _send(self, outbox: Outbox) -> None:
        for way, send in self.rules.ways.items():
            route = self._routes.setdefault(way, _Route(Standing(way)))
            for one in outbox.waiting(way):
                if self._closing.is_set() or time.monotonic() < route.next_try:
                    break
                self._deliver(outbox, one, send, route)

    def _deliver(self, outbox: Outbox, one: Waiting, send: Send, route: _Route) -> None:
        try:
            send(one.message, one.done)
        except Exception as error:
            if isinstance(error, NotSent):
                outbox.partly(one, error.done)
            route.next_try = time.monotonic() + route.standing.failed(*_why(error))
        else:
            outbox.sent(one)
            route.standing.worked()

    def _patience(self, outbox: Outbox) -> float:
        monotonic, now = time.monotonic(), datetime.now(UTC)
        moments = [LONGEST_SLEEP]
        if due := due_at(outbox.gathered, self.rules.rhythm, now):
            moments.append((due - now).total_seconds())
        moments += [route.next_try - monotonic for way, route in self._routes.items() if outbox.waiting(way)]
        return max(0.0, min(moments))


TEST = "Somebody asked syncd for a test message, and here it is. Nothing is wrong, and nothing is to be done."


def tried(rules: Rules) -> dict[str, str]:
    """What became of a test by each way: the reason why it was not sent, or nothing."""
    letter = Letter(f"[{rules.site}] a test: notices arrive", f"{TEST}\n\n-- \n{rules.ending}\n")
    ways = rules.ways.items()
    return outcome({way: partial(send, _message(letter, "info"), frozenset()) for way, send in ways})


def outcome(deeds: Mapping[str, Callable[[], None]]) -> dict[str, str]:
    """What became of each: the reason why it failed, or nothing."""
    found = {}
    for name, deed in deeds.items():
        try:
            deed()
        except Exception as error:
            found[name], _ = _why(error)
        else:
            found[name] = ""
    return found


def _why(error: Exception) -> tuple[str, Exception | None]:
    """Why something was not sent, and the defect behind it, if there is one: then its words may hold a secret."""
    return (str(error), None) if isinstance(error, Fault) else (f"a defect: {type(error).__name__}", error)


def _message(letter: Letter, level: str) -> Message:
    return Message(uuid4().hex, letter.subject, letter.text, level)
