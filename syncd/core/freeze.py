"""When no run starts because the settings say so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A period in which no run starts: from `begins`, up to `ends` and not including it. Moments are aware.

    `who` wants it so, and `why`, are for people. It means some tools, or all where it names none.
    """

    begins: datetime
    ends: datetime
    who: str
    why: str
    tools: tuple[str, ...] = ()

    def means(self, tool: str) -> bool:
        """Whether it keeps this tool from running."""
        return not self.tools or tool in self.tools

    def holds(self, now: datetime) -> bool:
        """Whether it is in force."""
        return self.begins.astimezone(UTC) <= now.astimezone(UTC) < self.ends.astimezone(UTC)


def frozen(freezes: Iterable[Freeze], tool: str, now: datetime) -> Freeze | None:
    """The freeze that keeps a tool from running now; of several the one that ends last."""
    holding = (freeze for freeze in freezes if freeze.means(tool) and freeze.holds(now))
    return max(holding, key=lambda freeze: freeze.ends.astimezone(UTC), default=None)


def thaw(freezes: Iterable[Freeze], tool: str, moment: datetime) -> datetime:
    """The first moment from `moment` on at which nothing keeps a tool from running, in the same zone."""
    freezes = tuple(freezes)
    while freeze := frozen(freezes, tool, moment):
        moment = freeze.ends.astimezone(moment.tzinfo)
    return moment


def next_change(freezes: Iterable[Freeze], now: datetime) -> datetime | None:
    """When the next freeze begins or ends; `None` when nothing will change any more."""
    moments = (moment.astimezone(UTC) for freeze in freezes for moment in (freeze.begins, freeze.ends))
    return min((moment for moment in moments if moment > now.astimezone(UTC)), default=None)
