"""Waiting for what other threads and processes do, with a deadline instead of luck."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(condition: Callable[[], T], deadline: float = 30.0, what: str = "") -> T:
    """The first true answer of `condition`; fails after `deadline` seconds, saying `what` did not come."""
    end = time.monotonic() + deadline
    while not (answer := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:g} s: {what or condition}; last answer: {answer!r}")
        time.sleep(0.01)
    return answer
