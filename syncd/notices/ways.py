"""What a way is by which notices leave: mail, or services."""

from collections.abc import Callable
from dataclasses import dataclass

from syncd.errors import Fault

PATIENCE = 30.0
"""Seconds that another machine has for each answer."""


@dataclass(frozen=True, slots=True)
class Message:
    """A notice as it leaves: `id` is never the same for two, and stays as it is when it is sent again."""

    id: str
    subject: str
    text: str
    level: str = "info"


class NotSent(Fault):
    """A message did not leave, or not for everybody: `done` are those who have it. The text holds no secret."""

    def __init__(self, reason: str, done: frozenset[str] = frozenset()) -> None:
        self.done = done
        super().__init__(reason)


Send = Callable[[Message, frozenset[str]], None]
"""Sends a message to all but those who have it already. Raises `NotSent`."""
