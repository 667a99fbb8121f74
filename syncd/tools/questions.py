"""Questions to the site, each with what takes its answer in."""

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, Generic, TypeVar

from syncd.core.model import Call

Question = tuple[Call, Callable[[Any], None]]

Thing = TypeVar("Thing")


def ask(questions: Sequence[Question]) -> Generator[Sequence[Call], Sequence[Any], None]:
    """Ask some questions all at once, as a part of a plan's conversation; without any, nothing is said."""
    if questions:
        answers = yield [call for call, _ in questions]
        for (_, take), answer in zip(questions, answers, strict=True):
            take(answer)


class Remembered(Generic[Thing]):
    """What was found for values that were asked for, at most so many of them: the oldest are forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[str, list[Thing]] = {}

    def new(self, values: Iterable[str]) -> list[str]:
        """Those values that must be asked for now, each once; from here on they count as asked. "" is no value."""
        wanted = dict.fromkeys(value for value in values if value)
        new = [value for value in wanted if value not in self._found]
        over = len(self._found) + len(new) - self._most
        if over > 0:
            for value in [known for known in self._found if known not in wanted][:over]:
                del self._found[value]
        self._found |= {value: [] for value in new}
        return new

    def note(self, value: str, thing: Thing) -> None:
        """Something was found for a value; what nobody asked for is passed over."""
        found = self._found.get(value)
        if found is not None and thing not in found:
            found.append(thing)

    def get(self, value: str) -> Sequence[Thing]:
        """What was found for a value."""
        return self._found.get(value, ())
