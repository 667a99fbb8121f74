"""The freezes: said in the log when they begin and end, and to people who meet one."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from syncd import logs
from syncd.core.freeze import Freeze

log = logs.get()


class Freezes:
    """Remembers which are in force, so that each is said once; after a restart it is said again."""

    def __init__(self) -> None:
        self._holding: list[Freeze] = []

    def turn(self, freezes: Iterable[Freeze], now: datetime) -> None:
        """Say what began, and what ended or is no longer in the settings."""
        holding = [freeze for freeze in freezes if freeze.holds(now)]
        before, self._holding = self._holding, holding
        for freeze in before:
            if freeze not in holding:
                log.info("freeze.ended", who=freeze.who, why=freeze.why, tools=list(freeze.tools))
        for freeze in holding:
            if freeze not in before:
                until = freeze.ends.astimezone(now.tzinfo)
                log.info("freeze.began", who=freeze.who, why=freeze.why, until=until, tools=list(freeze.tools))


def told(freeze: Freeze, until: datetime) -> str:
    """What a person is told who meets a freeze: until when nothing runs, why, and whom to ask."""
    return f"frozen until {until:%Y-%m-%d %H:%M}: {freeze.why} ({freeze.who})"


def listed(freezes: Iterable[Freeze], now: datetime) -> list[dict[str, Any]]:
    """The freezes that are not over, the first to begin first."""
    coming = sorted((freeze for freeze in freezes if freeze.ends > now), key=lambda freeze: freeze.begins)
    return [
        {
            "from": freeze.begins.astimezone(now.tzinfo).isoformat(),
            "until": freeze.ends.astimezone(now.tzinfo).isoformat(),
            "who": freeze.who,
            "why": freeze.why,
            "tools": list(freeze.tools),
            "in_force": freeze.holds(now),
        }
        for freeze in coming
    ]
