"""Sending items in batches over several connections, with the bad ones of a refused batch found."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar

from syncd.core.answers import Fate, Lost, Unsent, errorcode, fates, refusal
from syncd.core.bundle import answers, bundle
from syncd.core.functions import Function
from syncd.core.model import Call, Row
from syncd.core.pace import paced
from syncd.errors import AnswerLost, ItemRefused, SyncdError, TooMuch
from syncd.targets.base import Target

BUNDLE_SIZE = 50
"""Items of a refused batch that are sent in one bundle, each by itself."""

MET = frozenset(
    {"dmlwriteexception", "dmltransactionexception", "storedfilecannotcreatefiledirs", "storedfilecannotcreatefile"}
)
"""Codes by which Moodle says that its database refused a batch, or its pool of files one: two requests may only have
met."""

BREATH = 1.0
"""Seconds after which such a batch is sent again, once."""

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of an item that is read from its row only when it is sent, for it may be large (a picture)."""

    row: Row
    column: str


class Sending(Generic[Name]):
    """Sends items. After an error that is not about an item, `down` holds it and nothing more is sent.

    `lost` holds the error of an answer that never came: what is left of that `send` is not sent either.
    """

    def __init__(
        self,
        target: Target,
        pool: Executor,
        ready: Callable[[], None],
        *,
        bundles: bool = False,
        pause: Callable[[float], None] = lambda _seconds: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ready` is called before each call to the site, by any thread, and `pause` to wait for some seconds: they
        raise when nothing more may be sent. `bundles`: the site can carry out many calls in one."""
        self._target = target
        self._pool = pool
        self._ready = ready
        self._bundles = bundles
        self._pause = pause
        self._clock = clock
        self._sizes: dict[str, int] = {}
        self._most: dict[str, int] = {}
        self._lock = Lock()
        self.down: Exception | None = None
        self.lost: AnswerLost | None = None

    def send(self, function: Function, items: Iterable[tuple[Name, Any]]) -> Iterator[tuple[Name, Fate]]:
        """What becomes of each item; each is called by a name."""
        self.lost = None
        waiting = deque(items)
        most = min((_most(function, item) for _, item in waiting), default=0)
        while waiting:
            size = min(most, self._size(function))
            # When requests get slow, batches get smaller and more; those come in the next round.
            batches = -(-len(waiting) // size) if function.parallel else 1
            for future in [self._pool.submit(self._next, function, waiting, most) for _ in range(batches)]:
                yield from future.result()

    def _next(self, function: Function, waiting: deque[tuple[Name, Any]], most: int) -> list[tuple[Name, Fate]]:
        """Send the next batch of those that wait; never raises."""
        with self._lock:
            size = min(most, self._size(function))
            batch = [waiting.popleft() for _ in range(min(size, len(waiting)))]
        items = [item for _, item in batch]
        found: list[Fate] = []
        try:
            self._settle(function, items, found, again=True)
        except _Broken as broken:
            found += [Lost()] * broken.lost
        found += [Unsent()] * (len(items) - len(found))
        return [(name, fate) for (name, _), fate in zip(batch, found, strict=True)]

    def _settle(self, function: Function, items: Sequence[Any], found: list[Fate], *, again: bool = False) -> None:
        """Find what becomes of some items, whatever it takes; `again`: a batch that met another is tried once more."""
        try:
            became = self._sent(function, items)
        except TooMuch as much:
            self._shrink(function, len(items))
            self._halve(function, items, found, much)
        except ItemRefused as refused:
            if again and refused.code in MET:
                self._wait()
                self._settle(function, items, found)
            else:
                self._one_by_one(function, items, found, refused)
        else:
            if became is None:
                self._one_by_one(function, items, found)
                return
            first = len(found)
            found += became
            met = [place for place, fate in enumerate(became) if errorcode(fate) in MET]
            if again and met:
                self._try_again(function, [items[place] for place in met], found, [first + place for place in met])

    def _try_again(self, function: Function, items: Sequence[Any], found: list[Fate], places: Sequence[int]) -> None:
        """Send once more what was refused within a batch because it met another; its fates have their places."""
        part: list[Fate] = []
        try:
            self._wait()
            self._settle(function, items, part)
        except _Broken as broken:
            part += [Lost()] * broken.lost
            raise _Broken(0) from broken
        finally:
            part += [Unsent()] * (len(items) - len(part))
            for place, fate in zip(places, part, strict=True):
                found[place] = fate

    def _one_by_one(
        self, function: Function, items: Sequence[Any], found: list[Fate], refused: ItemRefused | None = None
    ) -> None:
        """Send the items of a refused batch so that each stands for itself."""
        if len(items) == 1 or not self._bundles:
            self._halve(function, items, found, refused)
            return
        done = 0
        while done < len(items):
            part = items[done : done + BUNDLE_SIZE]
            became = self._bundled(function, part, found) if len(part) > 1 else 0
            done += became
            if became < len(part):
                # Asked about it alone, the site says in its own way what it has against it.
                self._settle(function, items[done : done + 1], found)
                done += 1

    def _halve(
        self, function: Function, items: Sequence[Any], found: list[Fate], refused: ItemRefused | None = None
    ) -> None:
        if len(items) == 1:
            found.append(refusal(refused.code, refused.message) if refused else Unsent())
            return
        middle = len(items) // 2
        self._settle(function, items[:middle], found)
        self._settle(function, items[middle:], found)

    def _sent(self, function: Function, items: Sequence[Any]) -> list[Fate] | None:
        """One call; None when something was refused and nobody knows what. Raises `ItemRefused` and `_Broken`."""
        began = self._clock()
        answer = self._asked(self._call(function, items), len(items))
        self._pace(function, len(items), self._clock() - began)
        return self._read(function, items, answer, len(items))

    def _bundled(self, function: Function, items: Sequence[Any], found: list[Fate]) -> int:
        """Send items in a bundle; returns how many were settled: the next one was refused."""
        try:
            answer = self._asked(bundle([self._call(function, [item]) for item in items]), len(items))
        except ItemRefused:  # the bundle itself: its first item, sent alone, makes a beginning
            return 0
        try:
            parts = answers(answer)
        except ValueError as error:
            raise self._broken(AnswerLost(f"{function.name}: {error}"), len(items)) from error
        for number, (item, part) in enumerate(zip(items, parts, strict=False)):
            found += self._read(function, [item], part, len(items) - number) or []
        return len(parts)

    def _call(self, function: Function, items: Sequence[Any]) -> Call:
        try:
            sent = [_filled(item) for item in items]
        except Exception as error:
            raise self._broken(error, 0) from error
        return Call(function.name, {function.items: sent} if function.items else sent[0])

    def _asked(self, call: Call, items: int) -> Any:
        if self.down or self.lost:
            raise _Broken(0)
        try:
            self._ready()
        except Exception as error:
            raise self._broken(error, 0) from error
        try:
            return self._target.call(call.function, call.parameters)
        except ItemRefused:
            raise
        except AnswerLost as lost:
            raise self._broken(lost, items) from lost
        except SyncdError as error:
            raise self._broken(error, 0) from error
        except Exception as defect:  # the other batches under way must be accounted for as well
            raise self._broken(defect, items) from defect

    def _read(self, function: Function, items: Sequence[Any], answer: Any, unknown: int) -> list[Fate] | None:
        """What an answer says; where it makes no sense, so many items are lost."""
        try:
            became = fates(function, items, answer)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._broken(AnswerLost(str(error)), unknown) from error
        return None if became is None else list(became)

    def _wait(self) -> None:
        try:
            self._pause(BREATH)
        except Exception as error:
            raise self._broken(error, 0) from error

    def _broken(self, error: Exception, lost: int) -> "_Broken":
        with self._lock:
            if isinstance(error, AnswerLost):
                self.lost = self.lost or error
            else:
                self.down = self.down or error
        return _Broken(lost)

    def _size(self, function: Function) -> int:
        return self._sizes.get(function.name, function.batch)

    def _pace(self, function: Function, sent: int, seconds: float) -> None:
        with self._lock:
            most = self._most.get(function.name, function.batch)
            self._sizes[function.name] = paced(self._size(function), sent, seconds, most)

    def _shrink(self, function: Function, too_many: int) -> None:
        with self._lock:
            self._most[function.name] = max(1, min(too_many - 1, self._most.get(function.name, function.batch)))
            self._sizes[function.name] = max(1, min(too_many // 2, self._size(function)))


class _Broken(Exception):
    """Nothing more can be sent; the last `lost` items may have been carried out."""

    def __init__(self, lost: int) -> None:
        self.lost = lost


def _most(function: Function, item: Any) -> int:
    """How many items like this one a call takes."""
    keys = function.costly.keys() & item if isinstance(item, Mapping) else ()
    return min((function.costly[key] for key in keys), default=function.batch)


def _filled(item: Any) -> Any:
    """An item with the cells that it names."""
    if not isinstance(item, Mapping):
        return item
    return {key: value.row.cells[value.column] if isinstance(value, Cell) else value for key, value in item.items()}
