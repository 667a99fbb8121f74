"""The books: a connection to the ledger for each thread, opened anew when somebody took the ledger away."""

from collections.abc import Collection
from datetime import datetime

from syncd import logs
from syncd.daemon.plant import Plant
from syncd.disk.ledger import Ledger

log = logs.get()


class Books:
    """The connections of the loop, of the intake and of the runs. Only the loop opens them anew."""

    def __init__(self, plant: Plant, now: datetime) -> None:
        self._plant = plant
        self.loop = plant.open_ledger(now)  # checked whole: that is done once
        self.intake, self.runs = (Ledger(plant.ledger_path) for _ in range(2))
        self._doubtful: set[Ledger] = set()

    def doubt(self) -> None:
        """The ledger failed somebody: it may be ruined."""
        self._doubtful = {self.loop, self.intake, self.runs}

    def mend(self, now: datetime, idle: Collection[Ledger]) -> bool:
        """Open anew those of the idle connections that lost the ledger; a ruined one is set aside.

        Returns whether the loop's is among them: what only this process knows has to be noted once more. Raises
        `LedgerFault` when there can't be a ledger now.
        """
        lost = [ledger for ledger in idle if ledger in self._doubtful or ledger.lost()]
        if not lost:
            return False
        if self.loop in lost and self.loop.lost():
            log.warning("ledger.lost", cure="Somebody took it away. History is lost; files and work are not.")
        self._doubtful.update(lost)
        self._plant.open_ledger(now).close()
        for ledger in lost:
            ledger.reopen()
            self._doubtful.discard(ledger)
        return self.loop in lost

    def close(self) -> None:
        """Let go of the ledger."""
        for ledger in (self.loop, self.intake, self.runs):
            ledger.close()
