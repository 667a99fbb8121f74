"""The starter: begins the run that is due, once no file is on its way that should come before it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from syncd.core.instants import elapsed
from syncd.daemon.dispatch import Dispatch
from syncd.daemon.reception import Reception

LONGEST_EXPECTED = 10.0
"""Seconds that a run waits for files that have settled and are on their way to it.

For files of tools that have their turn before it, it waits for so long and `settle`, though they are not settled yet.
"""


class Starter:
    """Holds a run that is due for as long as files come that belong before it, but not for ever.

    Only the loop calls it. `monotonic` is in seconds of the monotonic clock. `alone`: this process is there for one
    request; what was dropped before it has to settle in its eyes first.
    """

    def __init__(
        self, dispatch: Dispatch, settle: float, *, now: Callable[[], datetime], began: datetime, alone: bool
    ) -> None:
        self.settle = settle
        self._dispatch = dispatch
        self._now = now
        self._began = began
        self._alone = alone
        self._expecting = ""
        self._expected_since = 0.0
        self._lets_before: dict[str, float] = {}

    def turn(self, reception: Reception, monotonic: float) -> bool:
        """Start the run that is due; before it, look once more: what has settled comes first.

        Whether a start came to nothing: then others may be due, and no note will tell.
        """
        wanted = self._dispatch.wanted(self._now())
        if wanted and wanted != self._expecting:
            self._expected_since = monotonic
            reception.look(monotonic)
            reception.turn(monotonic)
        self._expecting = wanted
        if not wanted:
            self._lets_before.clear()
            return False
        if self._expects(reception, wanted, monotonic) or self._lets_others_before(reception, wanted, monotonic):
            return False
        self._expecting = ""
        self._lets_before.pop(wanted, None)
        self._dispatch.start(wanted, self._now())
        return not self._dispatch.under_way

    def _expects(self, reception: Reception, tool: str, monotonic: float) -> bool:
        """Whether a tool's run has to wait for a file that is on its way: not for ever, if they come one by one."""
        patiently, means = self._new(), self._dispatch.orders.means
        if not patiently and monotonic >= self._expected_since + LONGEST_EXPECTED:
            return False
        return reception.expecting(lambda path: means(tool, path), patiently=patiently)

    def _lets_others_before(self, reception: Reception, tool: str, monotonic: float) -> bool:
        """Whether a tool's run lets a file go first that is being uploaded with its own, and makes what that names."""
        until = self._lets_before_until(tool, monotonic)
        if monotonic >= until:
            return False
        within, means = timedelta(seconds=until - monotonic), self._dispatch.orders.means
        if self._dispatch.others_are_due(tool, self._now(), within):
            return True
        first = self._dispatch.go_before(tool, self._now(), within)
        return reception.expecting(lambda path: any(means(one, path) for one in first), patiently=True)

    def _lets_before_until(self, tool: str, monotonic: float) -> float:
        return self._lets_before.setdefault(tool, monotonic) + self.settle + LONGEST_EXPECTED

    def _new(self) -> bool:
        """Whether an upload of before this process can't have settled yet in its eyes."""
        return self._alone and elapsed(self._began, self._now()) < self.settle + 1

    def patience(self, monotonic: float) -> list[float]:
        """The seconds until `turn` is to be called if nothing happens; none when a note will come before."""
        if self._expecting and not self._new():
            until = max(self._expected_since + LONGEST_EXPECTED, self._lets_before_until(self._expecting, monotonic))
            return [until - monotonic]
        if self._expecting or self._alone:
            return []
        now = self._now()
        moment = self._dispatch.next_at(now)
        return [(moment.astimezone(UTC) - now.astimezone(UTC)).total_seconds()] if moment else []
