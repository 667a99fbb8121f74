"""The back-offs: until when a tool is left alone that failed, and the site that could not be reached."""

from dataclasses import dataclass
from datetime import UTC, datetime

from syncd import logs
from syncd.core.agenda import backoff
from syncd.core.instants import elapsed, later
from syncd.core.model import RunState
from syncd.disk.records import RunRecord
from syncd.run import Job
from syncd.tools.base import RowTool, Tool

log = logs.get()


@dataclass(slots=True)
class Block:
    """How often something failed in a row, and until when the next try waits."""

    failures: int = 0
    until: datetime | None = None

    def fail(self, now: datetime) -> datetime:
        """It failed once more; until when it is left alone now."""
        self.failures += 1
        self.until = later(now, backoff(self.failures))
        return self.until

    def turn(self, now: datetime) -> None:
        """Farther ahead than it was ever set, it is the clock that was set back: then the wait begins anew."""
        if self.until and elapsed(now, self.until) > (longest := backoff(self.failures)):
            self.until = later(now, longest)


class Blocks:
    """The site's back-off and those of the tools. A program has nothing to do with the site."""

    def __init__(self) -> None:
        self.site = Block()
        self.away = False
        """Whether the site was said to be unreachable, also by an earlier process, and not yet to be back."""
        self._tools: dict[str, Block] = {}

    def turn(self, now: datetime) -> None:
        """Let no clock that was set back prolong a back-off."""
        for block in (self.site, *self._tools.values()):
            block.turn(now)

    def over(self, name: str, now: datetime) -> bool:
        """Whether a tool that failed may be tried again."""
        until = self._tools.get(name, Block()).until
        return until is None or until.astimezone(UTC) <= now.astimezone(UTC)

    def until(self, name: str, tool: Tool) -> datetime | None:
        """Until when a tool is left alone; `None` when it is not."""
        own = self._tools.get(name, Block()).until
        site = self.site.until if isinstance(tool, RowTool) else None
        return max((until for until in (own, site) if until), default=None)

    def why(self, name: str) -> str:
        """Why a tool is left alone, if it is."""
        return "the last run failed" if name in self._tools else "the site could not be reached"

    def fail(self, name: str, now: datetime) -> datetime:
        """A tool failed once more; until when it is left alone now."""
        return self._tools.setdefault(name, Block()).fail(now)

    def ended(self, job: Job, record: RunRecord, now: datetime) -> None:
        """What the end of a run says about its tool and about the site."""
        match record.state:
            case RunState.UNREACHABLE:
                self.site.fail(now)
                if not self.away:  # each further try has its run.ended
                    log.warning("site.unreachable", reason=record.reason, run=job.id, next_try=self.site.until)
                self.away = True
            case RunState.FAILED:
                self.fail(job.tool_name, now)
            case RunState.DONE | RunState.HELD:
                self._tools.pop(job.tool_name, None)
                if self.away and isinstance(job.tool, RowTool):
                    log.info("site.back", failures=self.site.failures or None)
                    self.site, self.away = Block(), False
