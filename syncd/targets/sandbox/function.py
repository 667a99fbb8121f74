"""What a web-service function of the practice site is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox.parameters import Check


@dataclass(frozen=True, slots=True)
class Answers:
    """What its parameters must look like, what it does with them, and whether that may change the site.

    `answer` is called with the `Visit` and the parameters by their names.
    """

    takes: Check
    answer: Callable[..., Any]
    writes: bool


def check_answer(answer: Any) -> None:
    """Refuse an answer as Moodle does when the deed is done: a weak password's warning, its code HTML, spoils it."""
    warnings = answer.get("warnings", ()) if isinstance(answer, dict) else ()
    if not all(warning["warningcode"].isalnum() for warning in warnings):
        raise ItemRefused("invalidresponse", "Invalid response value detected")
