"""What is still to be told: one file for each message and way, and one for what is being gathered."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from syncd.core.notices import Gathered, Group
from syncd.disk.durable import sync_folder
from syncd.notices.ways import Message

MOST = 200
"""Messages that wait for one way; the oldest are summed up in one."""

GATHERED = "gathered.json"
LINES = 300
"""Subjects that a summary lists."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits for a way: who has it already, and what it sums up, if it does."""

    number: int
    way: str
    message: Message
    made: datetime
    done: frozenset[str] = frozenset()
    summed: tuple[str, ...] = ()
    sums: int = 0

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.number:08d}.{self.way}.json"


class Outbox:
    """The messages that wait, in their order. One thread has it.

    A disk that can't be written to is no reason to be silent: then they are kept in memory alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[str, Waiting] = {}
        self.gathered, self._number = Gathered(), 1
        with suppress(OSError):
            folder.mkdir(mode=0o750, exist_ok=True)
            self._recover()

    def _recover(self) -> None:
        if found := _read(self._folder / GATHERED):
            with suppress(KeyError, TypeError, ValueError):
                self.gathered, self._number = _gathered(found), int(found["number"])
        for path in sorted(self._folder.glob("*.json")) if self._folder.is_dir() else []:
            number = path.name.partition(".")[0]
            if not number.isdecimal():
                continue
            if int(number) >= self._number and (self._folder / GATHERED).exists():
                path.unlink(missing_ok=True)  # cut off before it counted as made: what it tells is still gathered
                continue
            with suppress(KeyError, TypeError, ValueError):
                one = _waiting(_read(path))
                self._waiting[one.name] = one
                self._number = max(self._number, one.number + 1)

    # Gathered

    def gather(self, gathered: Gathered) -> None:
        """Keep what is gathered."""
        if gathered != self.gathered:
            self.gathered = gathered
            self._keep()

    def add(self, message: Message, ways: tuple[str, ...], moment: datetime, gathered: Gathered) -> None:
        """Keep a message for these ways, and what is still gathered beside it: both or neither."""
        for way in ways:
            self._put(Waiting(self._number, way, message, moment))
        self.gathered = gathered
        self._number += 1
        self._keep()
        for way in ways:
            self._sum_up(way, moment)

    @property
    def number(self) -> int:
        """The number of the next message: never the same for two."""
        return self._number

    def _keep(self) -> None:
        groups = [asdict(group) for group in self.gathered.groups]
        content = {
            "number": self._number,
            "sent": self.gathered.sent,
            "told": sorted(self.gathered.told),
            "groups": groups,
        }
        _write(self._folder / GATHERED, content)

    # Messages

    def waiting(self, way: str) -> list[Waiting]:
        """What waits for a way, the oldest first."""
        return sorted((one for one in self._waiting.values() if one.way == way), key=lambda one: one.number)

    def partly(self, one: Waiting, done: frozenset[str]) -> None:
        """These have it, besides those who had it before."""
        if not done <= one.done:
            self._put(replace(one, done=one.done | done))

    def sent(self, one: Waiting) -> None:
        """All have it."""
        self._waiting.pop(one.name, None)
        with suppress(OSError):
            (self._folder / one.name).unlink(missing_ok=True)

    def _put(self, one: Waiting) -> None:
        self._waiting[one.name] = one
        _write(self._folder / one.name, _content(one))

    def _sum_up(self, way: str, moment: datetime) -> None:
        """Let the older half become one message when there are too many."""
        waiting = self.waiting(way)
        if len(waiting) <= MOST:
            return
        old = waiting[: MOST // 2]
        lines = [line for one in old for line in (one.summed or (f"{one.made:%Y-%m-%d %H:%M} {one.message.subject}",))]
        sums = sum(one.sums or 1 for one in old)
        last = old[-1]
        text = "\n".join(
            [
                f"{sums} notices could not be sent in time. These were the last of them; syncd's log has all:",
                "",
                *lines[-LINES:],
                "",
            ]
        )
        summary = Message(f"{last.message.id}.sum", f"{sums} notices that could not be sent in time", text, "warning")
        self._put(
            replace(last, message=summary, done=frozenset(), summed=tuple(lines[-LINES:]), sums=sums, made=moment)
        )
        for one in old[:-1]:
            self.sent(one)


def _content(one: Waiting) -> Mapping[str, Any]:
    return {
        "number": one.number,
        "way": one.way,
        **asdict(one.message),
        "made": one.made,
        "done": sorted(one.done),
        "summed": one.summed,
        "sums": one.sums,
    }


def _waiting(found: Mapping[str, Any]) -> Waiting:
    return Waiting(
        int(found["number"]),
        str(found["way"]),
        Message(*(str(found[key]) for key in ("id", "subject", "text", "level"))),
        datetime.fromisoformat(found["made"]),
        frozenset(map(str, found["done"])),
        tuple(map(str, found["summed"])),
        int(found["sums"]),
    )


def _gathered(found: Mapping[str, Any]) -> Gathered:
    sent = found["sent"]
    return Gathered(
        tuple(map(_group, found["groups"])),
        datetime.fromisoformat(sent) if sent else None,
        frozenset(map(str, found["told"])),
    )


def _group(found: Mapping[str, Any]) -> Group:
    first, last = (datetime.fromisoformat(found[key]) for key in ("first", "last"))
    overs = tuple(map(datetime.fromisoformat, found.get("overs", ())))  # one that an older syncd gathered has none
    return Group(**{**found, "first": first, "last": last, "examples": tuple(found["examples"]), "overs": overs})


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    draft = path.with_name(f".{path.name}.draft")
    with suppress(OSError):  # what can't be kept is sent all the same
        with draft.open("w", encoding="utf-8") as file:
            json.dump(content, file, default=datetime.isoformat)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(path.parent)
