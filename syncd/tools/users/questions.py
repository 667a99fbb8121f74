"""Questions to the site, each with what takes its answer in."""

from collections.abc import Callable, Generator, Sequence
from typing import Any

from syncd.core.model import Call

Question = tuple[Call, Callable[[Any], None]]


def ask(questions: Sequence[Question]) -> Generator[Sequence[Call], Sequence[Any], None]:
    """Ask some questions all at once, as a part of a plan's conversation; without any, nothing is said."""
    if questions:
        answers = yield [call for call, _ in questions]
        for (_, take), answer in zip(questions, answers, strict=True):
            take(answer)
