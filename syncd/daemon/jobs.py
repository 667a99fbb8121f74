"""The jobs: what runs are given, new ones and those that an earlier process did not end."""

from collections.abc import Callable
from datetime import datetime
from itertools import count

from syncd.core.model import RunState
from syncd.core.names import stamp
from syncd.daemon.orders import Orders
from syncd.disk.ledger import Ledger
from syncd.disk.records import RunRecord
from syncd.disk.repository import InRun, Repository
from syncd.run import Job
from syncd.tools.program import ProgramTool


class Jobs:
    """Makes jobs, as the orders have it."""

    def __init__(self, orders: Orders, repository: Repository, ledger: Ledger, now: Callable[[], datetime]) -> None:
        """`now` is the site's time."""
        self.orders = orders
        self._repository = repository
        self._ledger = ledger
        self._now = now

    def free_id(self, tool: str, now: datetime) -> str:
        """What a new run is called."""
        first = f"{stamp(now)}-{tool}"
        candidates = (first if n == 1 else f"{first}-{n}" for n in count(1))
        return next(one for one in candidates if not self._ledger.run(one))

    def job(
        self,
        tool: str,
        file: InRun,
        *,
        record: RunRecord | None = None,
        asked_by: str = "timer",
        simulated: bool = False,
        resumed: bool = False,
    ) -> Job:
        """A run of a tool on a file that was handed to it; of one that the ledger has, `record` is that."""
        encoding, separator = self.orders.written(tool)
        return Job(
            id=file.run,
            tool_name=tool,
            tool=self.orders.tools[tool],
            file=file,
            asked_by=record.asked_by if record else asked_by,
            started=record.started.astimezone(self._now().tzinfo) if record else self._now(),
            encoding=encoding,
            separator=separator,
            simulated=simulated,
            approved_by=record.approved_by if record else "",
            approved_plan=record.plan if record else "",
            resumed=resumed,
        )

    def left_by_another(self, file: InRun) -> Job | None:
        """The run of a file that an earlier process began and did not end; `None` when its file waits as before."""
        record = self._ledger.run(file.run)
        tool = record.tool if record else self._tool_in_doubt(file)
        if tool not in self.orders.tools or (record and record.simulated):
            self._repository.give_back(file, queue=self.orders.queues(file.path), stamp=stamp(self._now()))
            return None
        if record and record.state is RunState.RUNNING:  # a stop in good order would have said so
            record = self._ledger.change_run(record, crashes=record.crashes + 1)
        return self.job(tool, file, record=record, resumed=True)

    def _tool_in_doubt(self, file: InRun) -> str:
        """The tool of a run that the ledger does not know, if that matters; its file waits as before if not.

        It did nothing yet, or the ledger was lost: then a program may have met the file, and a person must look at it.
        """
        tool = self.orders.tool_of(file.path)
        return tool if file.moved and isinstance(self.orders.tools.get(tool), ProgramTool) else ""
