"""The waitlist: which files of the repository wait for which tool, and which of them are held for a person."""

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from syncd.core.deferral import HEAD, Deferral, deferral_of
from syncd.core.model import RunState
from syncd.daemon.orders import Orders
from syncd.disk.ledger import Ledger
from syncd.disk.records import RunRecord
from syncd.disk.repository import Repository, Waiting
from syncd.disk.tree import digest_of, head


class Waitlist:
    """What waited at the last `refresh`. Files put into the repository by hand or by any program count the same."""

    def __init__(
        self,
        orders: Orders,
        repository: Repository,
        ledger: Ledger,
        *,
        now: Callable[[], datetime],
        coming: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """`coming()` are the paths that files will have which are being uploaded or taken in."""
        self.orders = orders
        self._now = now
        self._coming = coming
        self._repository = repository
        self._ledger = ledger
        self._waiting: dict[str, list[Waiting]] = {}
        self._went: dict[str, set[Waiting]] = {}
        self._kept: dict[str, set[Waiting]] = {}
        self._hashes: dict[Waiting, str] = {}
        self._deferrals: dict[Waiting, Deferral | None] = {}
        self._held = {run.path: run for run in ledger.in_state(RunState.HELD) if not run.simulated}
        self.unreadable: frozenset[Waiting] = frozenset()
        """Files that wait and that syncd may not read: their tools don't run on them."""
        self.stale = True

    def refresh(self) -> None:
        """Look at the repository again, and let queues advance. Raises `OSError` when it can't be read."""
        self._repository.advance()
        self._waiting = {name: self._repository.waiting(tool.file) for name, tool in self.orders.tools.items()}
        there = {file for files in self._waiting.values() for file in files}
        self.unreadable = frozenset(
            file for file in there if not os.access(self._file(file.path), os.R_OK, effective_ids=True)
        )
        known = self._hashes.items()
        self._hashes = {file: sha256 for file, sha256 in known if file in there or file.path in self._held}
        self._deferrals = {file: self._deferral(file) for file in there - self.unreadable}
        self.stale = False

    def _file(self, path: str) -> str:
        return os.path.join(self._repository.folder, path)

    def runnable(self, tool: str) -> Iterator[Waiting]:
        """The files that the tool may run now, oldest first."""
        went = self._went.get(tool, ())
        waiting = (file for file in self._waiting.get(tool, []) if file not in self.unreadable)
        return (file for file in waiting if file not in went and not self.held(file) and not self.waits_for(tool, file))

    def yet_to_run(self, tool: str) -> Iterator[Waiting]:
        """The files that wait for a tool whatever they wait for, but a person's word; what stays after its run, until
        it was run as it is."""
        return (file for file in self._waiting.get(tool, []) if not self.held(file) and not self._is_known(tool, file))

    def news(self, tool: str) -> bool:
        """Whether one of them has not been run as it is (only a permanent file can have been)."""
        return any(not self._is_known(tool, file) for file in self.runnable(tool))

    def _is_known(self, tool: str, file: Waiting) -> bool:
        """Whether a permanent file was run as it is, by this process or an earlier one."""
        kept = self._kept.setdefault(tool, set())
        if file not in kept and self.orders.keeps(tool) and (sha256 := self._sha256(file)):
            runs = self._ledger.of_bytes(sha256)
            if any(run.tool == tool and run.state is RunState.DONE and not run.simulated for run in runs):
                kept.add(file)
        return file in kept

    def next_of(self, tool: str) -> Waiting | None:
        """The oldest file that the tool may run."""
        return next(self.runnable(tool), None)

    def begun(self, tool: str, path: str) -> None:
        """A run of a file has begun: a permanent one is not run twice for one tick."""
        waiting = self._waiting.get(tool, [])
        if self.orders.keeps(tool):
            files = {file for file in waiting if file.path == path}
            self._went.setdefault(tool, set()).update(files)
            self._kept.setdefault(tool, set()).update(files)
        else:
            self._waiting[tool] = [file for file in waiting if file.path != path]
        self.stale = True

    def tick_is_over(self, tool: str) -> None:
        """All files have had their turn: at the next tick permanent ones have it again."""
        self._went.pop(tool, None)

    # Deferred rows

    def promised(self, tool: str, path: str) -> dict[str, str]:
        """The kinds of things that other files may bring to a tool's file of this path, each with one such file.

        That is what waits, held files too, or is on its way here; permanent files count until they were run as they
        are. Of files that wait for others themselves only those of earlier turns count, so that no two wait for each
        other.
        """
        brought: dict[str, str] = {}
        turns = self.orders.in_turn()
        for name in turns:
            if things := self.orders.tools[name].brings:
                earlier = turns.index(name) < turns.index(tool)
                if file := next(self._bringing(name, path, deferred=earlier), ""):
                    brought |= dict.fromkeys(things - brought.keys(), file)
        return brought

    def _bringing(self, tool: str, path: str, *, deferred: bool) -> Iterator[str]:
        for file in self._waiting.get(tool, []):
            readable = file not in self.unreadable and file.path != path
            if readable and not self._is_known(tool, file) and (deferred or not self._deferrals.get(file)):
                yield file.path
        yield from (coming for coming in self._coming() if coming != path and self.orders.means(tool, coming))

    def waits_for(self, tool: str, file: Waiting) -> str:
        """What the deferred rows of a file wait for, for people; "" when the file may be run.

        They wait no longer when a newer file of their name queues behind them, or for a day.
        """
        deferral = self._deferrals.get(file)
        if not deferral or deferral.over(self._now()):
            return ""
        promised = self.promised(tool, file.path)
        things = deferral.of(promised)
        if not things or self._repository.queued(file.path):
            return ""
        return " and ".join(f"a {thing} that {promised[thing]} may bring" for thing in things)

    def deferred_of(self, tool: str) -> Waiting | None:
        """The oldest file of a tool with rows that wait for other files."""
        return next((file for file in self._waiting.get(tool, []) if self.waits_for(tool, file)), None)

    def _deferral(self, file: Waiting) -> Deferral | None:
        if file not in self._deferrals:
            try:
                return deferral_of(head(self._repository.folder / file.path, HEAD))
            except OSError:
                return None
        return self._deferrals[file]

    # Held files

    def hold(self, run: RunRecord) -> RunRecord | None:
        """A run is held: its file waits for a person. Returns the one that was held with that name before."""
        before = self._held.get(run.path)
        self._held[run.path] = run
        return before if before and before.id != run.id else None

    def free(self, path: str) -> RunRecord | None:
        """The file of this name waits for nobody's word any more; returns the run that it was held with."""
        return self._held.pop(path, None)

    def held(self, file: Waiting) -> RunRecord | None:
        """The run that this very file waits with for a person's word. Other bytes under its name wait with none."""
        run = self._held.get(file.path)
        return run if run and self._sha256(file) == run.sha256 else None

    def held_of(self, tool: str) -> RunRecord | None:
        """The run of the oldest file of a tool that is held."""
        return next((run for file in self._waiting.get(tool, []) if (run := self.held(file))), None)

    def all_held(self) -> list[RunRecord]:
        """The runs that are held, those too that were approved in a freeze and wait for its end."""
        return list(self._held.values())

    def undecided(self) -> list[RunRecord]:
        """The runs that wait for a person's word."""
        return [run for run in self._held.values() if not run.approved_by]

    def waits_with(self, run: RunRecord) -> bool:
        """Whether a file waits with this run for a person's word, still the very bytes that it was planned from."""
        held = self._held.get(run.path)
        return held is not None and held.id == run.id and self._waits(held)

    def orphans(self) -> list[RunRecord]:
        """The held runs whose file is gone, or has become another one: nobody can decide on them any more."""
        return [run for run in self._held.values() if not self._waits(run)]

    def _waits(self, run: RunRecord) -> bool:
        try:
            there = os.lstat(self._file(run.path))
            file = Waiting(run.path, there.st_size, there.st_mtime_ns)
            return (self._sha256(file) or run.sha256) == run.sha256
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _sha256(self, file: Waiting) -> str:
        """The hash of a file that waits; "" when it can't be read."""
        if file not in self._hashes:
            try:
                self._hashes[file] = digest_of(self._repository.folder / file.path).sha256
            except OSError:
                return ""
        return self._hashes[file]

    def superseded(self, paths: Iterable[str]) -> list[RunRecord]:
        """The held runs whose files were replaced by newer ones; they are over."""
        return [run for path in paths if (run := self.free(path))]
