"""What a web-service function of the practice site is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from syncd.targets.sandbox.parameters import Check


@dataclass(frozen=True, slots=True)
class Answers:
    """What its parameters must look like, what it does with them, and whether that may change the site.

    `answer` is called with the `Visit` and the parameters by their names.
    """

    takes: Check
    answer: Callable[..., Any]
    writes: bool
