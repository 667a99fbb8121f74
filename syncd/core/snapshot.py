"""How things stand at one moment, in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ToolSnapshot:
    """One tool: files that wait for it (held ones are apart), and the age of the oldest in seconds; 0 if none waits.

    `last_success` is when a run of it was last carried out, in seconds since 1970; 0: never, as far as is known.
    """

    waiting: int = 0
    oldest: float = 0.0
    held: int = 0
    paused: bool = False
    frozen: bool = False
    running: bool = False
    last_success: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All of it, at `moment` (seconds since 1970).

    `uploads` lie in the drop folder and are waited for, `refused` are left there; `trouble` is the machine's.
    `alarms` that stand, by their event and tool; `watch_delay` is after how many seconds the last canary was heard.
    """

    moment: float
    tools: Mapping[str, ToolSnapshot]
    uploads: int = 0
    refused: int = 0
    trouble: bool = False
    alarms: Mapping[tuple[str, str], int] = field(default_factory=dict)
    watch_delay: float | None = None
