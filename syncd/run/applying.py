"""Applying a plan: window by window, each act when those before it in its row were carried out."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any

from syncd.core.answers import Done, Fate, Lost, Unsent
from syncd.core.functions import FUNCTIONS, Function
from syncd.core.model import NO_PASSWORD, NO_PASSWORD_NOTE, Act, Outcome, Refusal, Result, Row, Step
from syncd.core.tryback import PARTLY
from syncd.errors import AnswerLost
from syncd.run.sending import Cell, Sending
from syncd.targets.base import Target

WINDOW = 1_000
"""Rows that are under way at once."""

WINDOW_SIZE = 4 << 20
"""Characters of the rows under way at once: memory stays flat however long rows are."""

PAUSES = (10.0, 30.0, 60.0)
"""Seconds to wait before the site is asked what became of a lost answer's items: the first time, the second, the third.

Moodle goes on when nobody waits for its answer any more, and commits.
"""

LOOKS = 6
"""How often it is asked, until two answers are the same: what still changes is still being carried out."""

TELL_IDS = frozenset({"ids", "each"})
"""The answers that tell what the site calls a new thing."""

Pair = tuple[Row, Step]
Place = tuple[int, int]
"""An act under way: the place of its row in the window, and its number there."""

Replan = Callable[[Sequence[Row]], list[Step]]
"""Plans rows anew, against the site as it is now; one step for each, in their order."""


@dataclass(slots=True, eq=False)
class Going:
    """A row under way; `step` is what is still to be done of it, `begun` whether any was before that was planned."""

    row: Row
    step: Step
    planned: Step
    begun: bool = False
    fates: dict[int, Fate] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """Whether something of it can still be sent."""
        return len(self.fates) < len(self.step.acts) and all(isinstance(fate, Done) for fate in self.fates.values())

    @property
    def left(self) -> list[tuple[int, Act]]:
        """Its acts that are not known to be carried out, with their numbers."""
        return [
            (number, act) for number, act in enumerate(self.step.acts) if not isinstance(self.fates.get(number), Done)
        ]

    @property
    def partly_done(self) -> bool:
        """Whether any of it was carried out."""
        return self.begun or any(isinstance(fate, Done) for fate in self.fates.values())

    def start_anew(self, step: Step) -> None:
        """Go on with another plan, made when what was sent so far had taken effect."""
        self.begun = self.partly_done
        self.step, self.fates = step, {}


class Apply:
    """Applies steps in file order, window by window.

    After the first error that is not about a row, `down` holds it and nothing more is sent. When an answer is lost, the
    rows that it was about are planned anew after a while, and only what is still to be done is sent: nothing is made
    twice. After three losses in one window the error is `down`.
    """

    def __init__(
        self,
        target: Target,
        pool: Executor,
        again: Callable[[str], bool],
        ready: Callable[[], None],
        *,
        bundles: bool = False,
        replan: Replan | None = None,
        pause: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        """`again(subject)` tells whether several rows are about a subject. `ready` is called before each call to the
        site, by any thread, and `pause` to wait: they raise when nothing more may be sent, which becomes `down`.
        `bundles`: the site carries out many calls in one. Without `replan` the first lost answer is the last."""
        self._sending: Sending[Place] = Sending(target, pool, ready, bundles=bundles, pause=pause)
        self._again = again
        self._replan = replan
        self._pause = pause
        self._made: dict[str, int] = {}
        self._named: dict[str, int] = {}
        self._unnamed: set[str] = set()  # made, but their ids were never told

    @property
    def down(self) -> Exception | None:
        """Why nothing more is sent."""
        return self._sending.down

    def results(self, pairs: Iterable[Pair]) -> Iterator[list[Result]]:
        """The result of each row, window by window, in file order."""
        return map(self._apply, _windows(pairs))

    def _apply(self, window: list[Pair]) -> list[Result]:
        rows = [Going(row, step, step) for row, step in window]
        self._plan_anew([going for going in rows if self._unnamed.intersection(_taken(going))])
        losses = 0
        while going := _next(rows):
            for (place, number), fate in self._send(rows, *going):
                if isinstance(fate, Unsent) and not self.down:
                    continue  # it waits until what was lost is found out
                rows[place].fates[number] = fate
                if isinstance(fate, Done) and fate.id is not None:
                    step = rows[place].step
                    self._note(step.acts[number].gives or step.subject, step.acts[number].gives, fate.id)
            if self._sending.lost and not self.down:
                self._find_out(rows, losses)
                losses += 1
        self._made = {subject: made for subject, made in self._made.items() if self._again(subject)}
        return [_result(going) for going in rows]

    def _note(self, name: str, gives: str, made: int) -> None:
        (self._named if gives else self._made)[name] = made
        self._unnamed.discard(name)

    def _find_out(self, rows: Sequence[Going], losses: int) -> None:
        """Ask what became of the rows whose answer was lost, and go on with what is still to be done of them."""
        if self._replan is None or losses >= len(PAUSES):
            self._sending.down = self._sending.lost
            return
        concerned = _concerned(rows)
        before: list[Step] = []
        for _ in range(LOOKS):
            steps = self._asked(concerned, PAUSES[losses])
            if steps == before or not any(step.acts for step in steps):
                break
            before = steps
        else:
            self._sending.down = self.down or AnswerLost(f"{self._sending.lost}; and it goes on changing things")
        if not self.down:
            self._go_on(concerned, steps)

    def _plan_anew(self, rows: Sequence[Going]) -> None:
        """Plan rows that take what was found to be made, and of which nobody knows the id."""
        if rows and not self.down:
            steps = self._asked(rows, 0.0)
            if not self.down:
                self._go_on(rows, steps)

    def _asked(self, rows: Sequence[Going], pause: float) -> list[Step]:
        assert self._replan
        try:
            if pause:
                self._pause(pause)
            return self._replan([going.row for going in rows])
        except Exception as error:
            self._sending.down = error
            return []

    def _go_on(self, rows: Sequence[Going], steps: Sequence[Step]) -> None:
        for going, step in zip(rows, steps, strict=True):
            self._unnamed.update(_given(going))
            going.start_anew(step)

    def _send(self, rows: Sequence[Going], function: Function, acts: Sequence[Place]) -> Iterator[tuple[Place, Fate]]:
        """Send the acts of one function."""
        if self.down:
            yield from ((name, Unsent()) for name in acts)
            return
        items: list[tuple[Place, Any]] = []
        for place, number in acts:
            row, step = rows[place].row, rows[place].step
            item = self._item(step.acts[number], row, step.subject)
            if isinstance(item, Refusal):
                yield (place, number), item
            else:
                items.append(((place, number), item))
        yield from self._sending.send(function, items)

    def _item(self, act: Act, row: Row, subject: str) -> Any:
        item = dict(act.item)
        for key, column in act.secrets.items():
            item[key] = _unguessable() if column == NO_PASSWORD else Cell(row, column)
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


def _next(rows: Sequence[Going]) -> tuple[Function, list[Place]] | None:
    """The first function, in their order, of which acts can be sent now, with all those acts; None when all is done.

    An act can be sent when those before it in its row were carried out, and no other row has still to make what it
    takes. Acts of one function that follow one another in a row are sent together, as rows are.
    """
    waiting = [(place, going.left) for place, going in enumerate(rows) if going.waits]
    awaited = {name: place for place, left in waiting for _, act in left if (name := act.gives)}
    ready: dict[str, list[Place]] = {}
    for place, left in waiting:
        for number, act in _together(left):
            if not all(awaited.get(name, place) == place for name in act.takes.values()):
                break
            ready.setdefault(act.function, []).append((place, number))
    return next(((FUNCTIONS[name], ready[name]) for name in FUNCTIONS if name in ready), None)


def _together(acts: Sequence[tuple[int, Act]]) -> Iterator[tuple[int, Act]]:
    """The acts at the beginning that need not wait for one another."""
    made: set[str] = set()
    for number, act in acts:
        if act.function != acts[0][1].function or not made.isdisjoint(act.takes.values()):
            return
        made.add(act.gives)
        yield number, act


def _concerned(rows: Sequence[Going]) -> list[Going]:
    """The rows whose answer was lost, those that take what these make or make what these take, and so on.

    Planned without the row that makes it, a row would make it too.
    """
    found = {going for going in rows if any(isinstance(fate, Lost) for fate in going.fates.values())}
    size = 0
    while len(found) > size:
        size = len(found)
        given = {name for going in found for name in _given(going)}
        taken = {name for going in found for name in _taken(going)}
        found |= {
            going
            for going in rows
            if going.waits and (given.intersection(_taken(going)) or taken.intersection(_given(going)))
        }
    return [going for going in rows if going in found]


def _given(going: Going) -> Iterator[str]:
    """The names under which what is left of a row makes something known to others."""
    return (act.gives or going.step.subject for _, act in going.left if FUNCTIONS[act.function].answer in TELL_IDS)


def _taken(going: Going) -> Iterator[str]:
    return (name or going.step.subject for _, act in going.left for name in act.takes.values())


def _with(item: Mapping[str, Any], path: Sequence[str], made: int) -> dict[str, Any]:
    key, *inner = path
    return {**item, key: _with(item[key], inner, made) if inner else made}


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


def _result(going: Going) -> Result:
    planned, step = going.planned, going.step
    result = Result(planned.line, planned.outcome, planned.subject, planned.refusal, planned.notes)
    for number in range(len(step.acts)):
        match going.fates.get(number, Unsent()):
            case Refusal() as refusal:
                return _refused(result, refusal, going)
            case Lost():
                return replace(result, outcome=Outcome.UNKNOWN, refusal=None)
            case Unsent():
                outcome = Outcome.UNKNOWN if going.partly_done else Outcome.SKIPPED
                return replace(result, outcome=outcome, refusal=None)
    if planned.outcome is Outcome.DEFERRED and (not step.refusal or step.lacks == planned.lacks):
        return result  # it comes again, and what is left of it is done then
    if step.refusal:
        return _refused(replace(result, notes=step.notes), step.refusal, going)
    if planned.refusal:  # planned anew, what it lacked was there
        return replace(result, outcome=Outcome.UPDATED if going.partly_done else step.outcome, refusal=None)
    if step.acts and not going.begun and all(fate.idle for fate in going.fates.values() if isinstance(fate, Done)):
        return replace(result, outcome=Outcome.UNCHANGED, notes=(*result.notes, "the site says that it was so already"))
    return result


def _refused(result: Result, refusal: Refusal, going: Going) -> Result:
    """A row that is refused; if the site did that, remarks on what was to be done hold only where a part of it was."""
    if refusal.code == "site-refused" and refusal.column:
        refusal = _placed(refusal, going.row)
    if not going.partly_done:
        notes = result.notes if going.step.refusal else ()
        return replace(result, outcome=Outcome.REJECTED, refusal=refusal, notes=notes)
    refusal = replace(refusal, reason=f"{PARTLY}, and then: {refusal.reason}")
    made = going.begun or not any(NO_PASSWORD in act.secrets.values() for _, act in going.left)
    notes = result.notes if made else tuple(note for note in result.notes if note != NO_PASSWORD_NOTE)
    return replace(result, outcome=Outcome.REJECTED, refusal=refusal, notes=notes)


def _placed(refusal: Refusal, row: Row) -> Refusal:
    """What the site refuses, with the cell; a field that is no column of the file stands in the reason alone."""
    if refusal.column not in row.cells:
        named = all(column in row.cells for column in refusal.column.split(", "))
        return refusal if named else replace(refusal, column="")
    value = "" if refusal.column == "password" else row.cells[refusal.column]
    return replace(refusal, value=value)


def _unguessable() -> str:
    # Long and random; the tail meets any password policy's wish for kinds of characters.
    return secrets.token_urlsafe(32) + "aA1*"
