"""Applying a plan: batches over several connections, each accounted for before the next."""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

from syncd.core.functions import FUNCTIONS, Function
from syncd.core.model import NO_PASSWORD, Act, Outcome, Refusal, Result, Row, Step
from syncd.errors import AnswerLost, ItemRefused, SyncdError
from syncd.targets.base import Target

WINDOW = 1_000
"""Rows that are under way at once."""

WINDOW_SIZE = 4 << 20
"""Characters of the rows under way at once: memory stays flat however long rows are."""

ALREADY_MEMBER = "3"
"""The warning code by which core_cohort_add_cohort_members says that there was nothing to do."""

Pair = tuple[Row, Step]

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Done:
    """An act that was carried out; `id` is what the site calls the new thing, where there is one."""

    id: int | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """An act that was sent, and nobody knows whether it was carried out."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """An act that was never sent."""


Fate = Done | Refusal | Lost | Unsent


class Apply:
    """Applies steps in file order, window by window.

    After the first error that is not about a row, `down` holds it and nothing more is sent.
    """

    def __init__(self, target: Target, pool: Executor, again: Callable[[str], bool], ready: Callable[[], None]) -> None:
        """`again(subject)` tells whether several rows are about a subject. `ready` is called before each call to the
        site, by any thread: it raises when nothing more may be sent, which becomes `down`."""
        self._target = target
        self._pool = pool
        self._again = again
        self._ready = ready
        self._made: dict[str, int] = {}
        self._named: dict[str, int] = {}
        self.down: Exception | None = None

    def results(self, pairs: Iterable[Pair]) -> Iterator[list[Result]]:
        """The result of each row, window by window, in file order."""
        return map(self._apply, _windows(pairs))

    def _apply(self, window: list[Pair]) -> list[Result]:
        fates: list[dict[int, Fate]] = [{} for _ in window]
        while going := _going(window, fates):
            function, acts = going
            for (place, number), fate in self._send(function, window, acts):
                fates[place][number] = fate
                if isinstance(fate, Done) and fate.id is not None:
                    step = window[place][1]
                    self._note(step.acts[number].gives, step.subject, fate.id)
        self._made = {subject: made for subject, made in self._made.items() if self._again(subject)}
        return [self._result(step, fate) for (_, step), fate in zip(window, fates, strict=True)]

    def _note(self, gives: str, subject: str, made: int) -> None:
        if gives:
            self._named[gives] = made
        else:
            self._made[subject] = made

    def _send(
        self, function: Function, window: list[Pair], acts: list[tuple[int, int]]
    ) -> Iterator[tuple[tuple[int, int], Fate]]:
        """Send the acts of one function, each named by its row and its number there, in batches side by side."""
        if self.down:
            yield from ((name, Unsent()) for name in acts)
            return
        items: list[tuple[tuple[int, int], Any]] = []
        for place, number in acts:
            row, step = window[place]
            item = self._item(step.acts[number], row, step.subject)
            if isinstance(item, Refusal):
                yield (place, number), item
            else:
                items.append(((place, number), item))
        batches = [items[start : start + function.batch] for start in range(0, len(items), function.batch)]
        futures = (self._pool.submit(self._call, function, [item for _, item in batch]) for batch in batches)
        # Taken one by one, each batch is sent when the one before is done.
        for batch, future in zip(batches, list(futures) if function.parallel else futures, strict=True):
            fates, error = future.result()
            self.down = self.down or error
            yield from zip([name for name, _ in batch], fates, strict=True)

    def _item(self, act: Act, row: Row, subject: str) -> Any:
        item = dict(act.item)
        for key, column in act.secrets.items():
            item[key] = _unguessable() if column == NO_PASSWORD else row.cells[column]
        for key, name in act.takes.items():
            made = self._named.get(name) if name else None
            made = made or self._made.get(name or subject)
            if made is None:
                return Refusal(
                    "earlier-row",
                    "an earlier row was to create this, and it was refused",
                    cure="Correct the earlier row; this one can stay as it is.",
                )
            item = _with(item, key.split("."), made)
        return next(iter(item.values())) if FUNCTIONS[act.function].bare else item

    def _call(self, function: Function, items: list[Any]) -> tuple[list[Fate], Exception | None]:
        """Call a function with some items. A refused batch is halved until the bad row stands alone. Never raises."""
        if self.down:
            return [Unsent()] * len(items), None
        try:
            self._ready()
        except Exception as error:
            return [Unsent()] * len(items), error
        try:
            parameters = {function.items: items} if function.items else items[0]
            return self._fates(function, items, self._target.call(function.name, parameters))
        except ItemRefused as refused:
            if len(items) == 1:
                return [_refusal(refused.code, refused.message)], None
            return self._halved(function, items)
        except AnswerLost as lost:
            return [Lost()] * len(items), lost
        except SyncdError as error:
            return [Unsent()] * len(items), error
        except Exception as defect:  # the other batches under way must be accounted for as well
            return [Lost()] * len(items), defect

    def _halved(self, function: Function, items: list[Any]) -> tuple[list[Fate], Exception | None]:
        middle = len(items) // 2
        first, error = self._call(function, items[:middle])
        if error:
            return first + [Unsent()] * (len(items) - middle), error
        second, error = self._call(function, items[middle:])
        return first + second, error

    def _fates(self, function: Function, items: list[Any], answer: Any) -> tuple[list[Fate], Exception | None]:
        match function.answer:
            case "ids" | "each":
                answers = answer if function.items else [answer]
                if not _complete(answers, len(items), function):
                    error = AnswerLost(f"{function.name} was sent {len(items)} items and did not answer for each")
                    return [Lost()] * len(items), error
                return [_fate(one, function.id) for one in answers], None
            case "warnings":
                warned = {int(one["itemid"]): one for one in _warnings(answer)}
                return [
                    _warning(one) if (one := warned.get(int(item if function.bare else item["id"]))) else Done()
                    for item in items
                ], None
            case "vague":
                telling = [one for one in _warnings(answer) if str(one["warningcode"]) != ALREADY_MEMBER]
                if not telling:
                    return [Done()] * len(items), None
                return ([_warning(telling[0])], None) if len(items) == 1 else self._halved(function, items)
            case "null":
                return [Done()] * len(items), None

    def _result(self, step: Step, fates: Mapping[int, Fate]) -> Result:
        result = Result(step.line, step.outcome, step.subject, step.refusal, step.notes)
        done = any(isinstance(fate, Done) for fate in fates.values())
        for number in range(len(step.acts)):
            match fates.get(number, Unsent()):
                case Refusal() as refusal:
                    return replace(result, outcome=Outcome.REJECTED, refusal=_partly(refusal) if done else refusal)
                case Lost():
                    return replace(result, outcome=Outcome.UNKNOWN)
                case Unsent():
                    return replace(result, outcome=Outcome.UNKNOWN if done else Outcome.SKIPPED)
        return result


def _going(window: list[Pair], fates: list[dict[int, Fate]]) -> tuple[Function, list[tuple[int, int]]] | None:
    """The first function, in their order, of which acts can be sent now, with all those acts; None when all is done.

    An act can be sent when those before it in its row were carried out, and no other row has still to make what it
    takes. Acts of one function that follow one another in a row are sent together, as rows are.
    """
    waiting = [
        (place, step, len(fate))
        for place, ((_, step), fate) in enumerate(zip(window, fates, strict=True))
        if len(fate) < len(step.acts) and all(isinstance(one, Done) for one in fate.values())
    ]
    awaited = {gives: place for place, step, number in waiting for act in step.acts[number:] if (gives := act.gives)}
    ready: dict[str, list[tuple[int, int]]] = {}
    for place, step, number in waiting:
        function = step.acts[number].function
        for act in _together(step.acts[number:]):
            if not all(awaited.get(name, place) == place for name in act.takes.values()):
                break
            ready.setdefault(function, []).append((place, number))
            number += 1
    return next(((FUNCTIONS[name], ready[name]) for name in FUNCTIONS if name in ready), None)


def _together(acts: Sequence[Act]) -> Iterator[Act]:
    """The acts at the beginning that need not wait for one another."""
    made: set[str] = set()
    for act in acts:
        if act.function != acts[0].function or not made.isdisjoint(act.takes.values()):
            return
        made.add(act.gives)
        yield act


def _with(item: Mapping[str, Any], path: Sequence[str], made: int) -> dict[str, Any]:
    key, *inner = path
    return {**item, key: _with(item[key], inner, made) if inner else made}


def _complete(answers: object, items: int, function: Function) -> bool:
    return (
        isinstance(answers, list)
        and len(answers) == items
        and all(isinstance(one, Mapping) and (function.id in one or function.answer == "each") for one in answers)
    )


def _fate(answer: Mapping[str, Any], key: str) -> Done | Refusal:
    if code := answer.get("code"):
        return _refusal(str(code), str(answer.get("message", "")))
    made = answer.get(key)
    return Done(int(made) if made is not None else None)


def _windows(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """Cut the file into windows in which nothing is acted on twice: rows about one thing keep their order.

    A row that must come after another is in a later window than this.
    """
    window: list[Pair] = []
    subjects: set[str] = set()
    size = 0
    for row, step in pairs:
        met_again = step.acts and (step.subject in subjects or step.after in subjects)
        if len(window) >= WINDOW or size >= WINDOW_SIZE or met_again:
            yield window
            window, subjects, size = [], set(), 0
        window.append((row, step))
        size += len(row.raw)
        if step.acts:
            subjects.add(step.subject)
    if window:
        yield window


def _partly(refusal: Refusal) -> Refusal:
    return replace(refusal, reason=f"a part of the row was carried out, and then: {refusal.reason}")


def _warnings(answer: Any) -> list[dict[str, Any]]:
    return list((answer or {}).get("warnings", []))


def _warning(warning: dict[str, Any]) -> Refusal:
    return _refusal(str(warning["warningcode"]), str(warning["message"]))


def _refusal(code: str, message: str) -> Refusal:
    # Moodle sends HTML, sometimes even for a code; and `error/CODE` where it has no words for what is wrong.
    words = " ".join(_TAG.sub(" ", message.removeprefix("error/")).split())
    said = f"Moodle says: {words}" if words else "Moodle does not say why"
    return Refusal(
        "site-refused",
        f"{said} [{code}]" if code.isalnum() and code != words else said,
        cure="Correct the row; where Moodle gives no reason, look for a username or e-mail address that is taken.",
    )


def _unguessable() -> str:
    # Long and random; the tail meets any password policy's wish for kinds of characters.
    return secrets.token_urlsafe(32) + "aA1*"
