"""A target whose calls are timed."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from syncd.errors import AnswerLost, SiteUnreachable
from syncd.targets.base import Target

Told = Callable[[str, float, bool], None]
"""Hears of a call when it is over, from the thread that made it: the function, the seconds, and whether the site
answered, though it may have refused."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Calls `target`, and tells how long each call took."""

    target: Target
    told: Told

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """As the target's own call, its errors too."""
        began, answered = time.monotonic(), True
        try:
            return self.target.call(function, parameters)
        except (SiteUnreachable, AnswerLost):
            answered = False
            raise
        finally:
            self.told(function, time.monotonic() - began, answered)

    def close(self) -> None:
        """Close the target."""
        self.target.close()
