"""The wishes: runs that people asked for, in the order in which they did."""

from datetime import datetime

from syncd.control import Request
from syncd.core.freeze import thaw
from syncd.core.model import RunState
from syncd.daemon.asked import Asked
from syncd.daemon.freezes import told
from syncd.daemon.orders import Orders
from syncd.daemon.waitlist import Waitlist
from syncd.disk.ledger import Ledger


class Wishes:
    """In a freeze what would change the site is turned away; the approval of a held run is noted, and kept for its end.

    So an approval is never forgotten: it stands with the held run in the ledger.
    """

    def __init__(self, orders: Orders, waitlist: Waitlist, ledger: Ledger) -> None:
        self.orders = orders
        self._waitlist = waitlist
        self._ledger = ledger
        self._asked: list[Asked] = []

    def add(self, asked: Asked, now: datetime) -> None:
        """Somebody wants a run: it comes after those that were asked for before, and before all that is due."""
        self._asked.append(asked)
        self._heed_freezes(now)

    def next(self, now: datetime) -> Asked | None:
        """What is to be done first."""
        self._heed_freezes(now)
        if not self._asked:
            self._asked += self._approved(now)[:1]
        return self._asked[0] if self._asked else None

    def take(self, asked: Asked) -> None:
        """It is being done."""
        self._asked.remove(asked)

    def reorder(self, orders: Orders) -> None:
        """Go by other settings; what was asked of a tool that is gone comes to nothing."""
        self.orders = orders
        for asked in [one for one in self._asked if one.tool not in orders.tools]:
            self._asked.remove(asked)
            asked.failed(f"the tool {asked.tool} is no longer in the settings")

    def turn_away(self, reason: str) -> None:
        """Whoever waits for a run that has not begun shall wait no longer."""
        while self._asked:
            self._asked.pop().failed(reason)

    def _heed_freezes(self, now: datetime) -> None:
        for asked in [one for one in self._asked if one.changes_something]:
            if freeze := self.orders.frozen(asked.tool, now):
                words = told(freeze, thaw(self.orders.freezes, asked.tool, now))
                if asked.held:
                    self._note_approval(asked, words)  # where the ledger fails, it is still asked for
                else:
                    asked.frozen(words)
                self._asked.remove(asked)

    def _note_approval(self, asked: Asked, words: str) -> None:
        assert asked.held
        record = self._ledger.run(asked.held.id)
        if not record or record.state is not RunState.HELD:
            asked.too_late(asked.held.id)
            return
        self._waitlist.hold(self._ledger.change_run(record, approved_by=asked.who))
        asked.noted(record.id, words)

    def _approved(self, now: datetime) -> list[Asked]:
        """The held runs that were approved in a freeze which is over."""
        approved = [run for run in self._waitlist.all_held() if run.approved_by and run.tool in self.orders.tools]
        return [
            Asked(run.tool, Request("approve", {"run": run.id}, run.approved_by), run.path, held=run)
            for run in approved
            if not self.orders.frozen(run.tool, now)
        ]
