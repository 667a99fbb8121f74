"""The waitlist: which files of the repository wait for which tool, and which of them are held for a person."""

from collections.abc import Iterable

from syncd.core.model import RunState
from syncd.daemon.orders import Orders
from syncd.disk.ledger import Ledger, RunRecord
from syncd.disk.repository import Repository, Waiting


class Waitlist:
    """What waited at the last `refresh`. Files put into the repository by hand or by any program count the same."""

    def __init__(self, orders: Orders, repository: Repository, ledger: Ledger) -> None:
        self.orders = orders
        self._repository = repository
        self._ledger = ledger
        self._waiting: dict[str, list[Waiting]] = {}
        self._went: dict[str, set[Waiting]] = {}
        self._kept: dict[str, set[Waiting]] = {}
        self._hashes: dict[Waiting, str] = {}
        self._held = {run.path: run for run in ledger.in_state(RunState.HELD) if not run.simulated}
        self.stale = True

    def refresh(self) -> None:
        """Look at the repository again, and let queues advance. Raises `OSError` when it can't be read."""
        self._repository.advance()
        self._waiting = {name: self._repository.waiting(tool.file) for name, tool in self.orders.tools.items()}
        self.stale = False

    def runnable(self, tool: str) -> list[Waiting]:
        """The files that the tool may run now, oldest first."""
        went = self._went.get(tool, ())
        return [file for file in self._waiting.get(tool, []) if file not in went and not self.held(file)]

    def news(self, tool: str) -> bool:
        """Whether one of them has not been run as it is (only a permanent file can have been)."""
        kept = self._kept.get(tool, ())
        return any(file not in kept for file in self.runnable(tool))

    def next_of(self, tool: str) -> Waiting | None:
        """The oldest file that the tool may run."""
        return next(iter(self.runnable(tool)), None)

    def begun(self, tool: str, file: Waiting) -> None:
        """A run of the file has begun: a permanent one is not run twice for one tick."""
        if self.orders.keeps(tool):
            self._went.setdefault(tool, set()).add(file)
            self._kept.setdefault(tool, set()).add(file)
        self.stale = True

    def tick_is_over(self, tool: str) -> None:
        """All files have had their turn: at the next tick permanent ones have it again."""
        self._went.pop(tool, None)

    # Held files

    def hold(self, run: RunRecord) -> None:
        """A run is held: its file waits for a person."""
        self._held[run.path] = run

    def free(self, run: RunRecord) -> None:
        """A person has decided."""
        if (held := self._held.get(run.path)) and held.id == run.id:
            del self._held[run.path]

    def held(self, file: Waiting) -> RunRecord | None:
        """The run that this very file waits with for a person's word. Other bytes under its name wait with none."""
        run = self._held.get(file.path)
        if run is None:
            return None
        if file not in self._hashes:
            try:
                self._hashes[file] = self._repository.digest(self._repository.folder / file.path).sha256
            except OSError:
                return None
        return run if self._hashes[file] == run.sha256 else None

    def all_held(self) -> list[RunRecord]:
        """The runs that wait for a person's word."""
        return list(self._held.values())

    def superseded(self, paths: Iterable[str]) -> list[RunRecord]:
        """The held runs whose files were replaced by newer ones; they are over."""
        return [run for path in paths if (run := self._held.pop(path, None))]
