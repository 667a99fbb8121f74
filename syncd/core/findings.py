"""What was found of one thing that syncd needs, and what to do."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "missing", "optional", "unseen", "warning", "unreachable"]

Topic = Literal[
    "account", "settings", "drop", "sender", "repository", "state", "kernel", "clock", "service",
    "site", "token", "server", "function", "companion", "capability",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing: syncd, or a tool, can't do without what is `missing`, and nobody can tell what is
    `unseen`. `cure` is what to type, or to do; "" where `why` says it, or there is nothing to do.

    Of an `unreachable` site nothing more was found.
    """

    topic: Topic
    name: str
    state: State
    why: str = ""
    cure: str = ""
