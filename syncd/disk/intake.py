"""Taking in: a settled file is claimed, copied, noted, placed and let go, so that a crash anywhere loses nothing."""

import errno
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime

from syncd.core.names import command_name, stamp
from syncd.core.settle import Sighting
from syncd.disk.drop import Claimed, Drop, Left
from syncd.disk.durable import Digest, digest
from syncd.disk.ledger import Ledger
from syncd.disk.records import Arrival
from syncd.disk.repository import Repository

THREADS = 8
"""Copies under way at once: most of a copy is waiting for the disk."""

UNSTORABLE = frozenset({errno.EILSEQ, errno.EINVAL, errno.ENAMETOOLONG, errno.EFBIG})
"""Errors that are one file's own: its name or its size is more than the repository's disk can hold."""


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A file that is in the repository now; `older` is what `Repository.place` says of an older one of its name."""

    arrival: Arrival
    older: str


@dataclass(slots=True)
class Taking:
    """What one round of taking in did."""

    taken: list[TakenIn] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


class Intake:
    """Takes files into the repository. One round at a time; each may use several threads.

    The order of the deeds is the promise: claim, copy and sync, note in the ledger, place, and only then let go of what
    the sender wrote. `recover` finds from the places alone where a round was broken off.

    A tryback that is dropped, as it is or corrected, is a command file again: it comes in under the name of the file
    whose rows it holds, behind one of that name that waits.
    """

    def __init__(
        self,
        drop: Drop,
        repository: Repository,
        ledger: Ledger,
        *,
        queues: Callable[[str], bool],
        now: Callable[[], datetime],
    ) -> None:
        """`queues(path)` tells whether files of this name wait in order, `now` is the site's time."""
        self._drop = drop
        self._repository = repository
        self._ledger = ledger
        self._queues = queues
        self._now = now
        self._whole = False  # a round was broken off, by an error or by the end of an earlier process
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="copy")

    def close(self) -> None:
        """End the threads; waits for the copies under way."""
        self._pool.shutdown()

    def take_in(self, fresh: Sequence[Sighting], claimed: Sequence[Sighting]) -> Taking:
        """Take in settled files of the drop folder, and settled ones that were claimed before.

        A file that moves meanwhile stays claimed, to settle again. Raises `OSError`, `LedgerFault` or `Fault` when the
        disk is in trouble; what was claimed by then is taken in by a later round.
        """
        done = Taking()
        if not self._whole:
            self._recover(done)
            there = set(self._drop.look_at_claims())
            claimed = [one for one in claimed if one in there]
        self._whole = False
        with ExitStack() as stack:
            ours = list(self._drop.reopen(claimed, stack)) + self._claim(fresh, stack, done)
            self._bring(ours, done)
        self._whole = True
        return done

    def _claim(self, fresh: Sequence[Sighting], stack: ExitStack, done: Taking) -> list[Claimed]:
        welcome, names = [], set()
        for sighting in fresh:
            name = command_name(sighting.path)
            if not self._repository.can_take(name):
                done.left.append(Left(sighting, "name-taken"))
            elif name in names:  # a tryback and its command file at once: one after the other
                done.left.append(Left(sighting, ""))
            else:
                names.add(name)
                welcome.append(sighting)
        found = self._drop.claim(welcome, stack) if welcome else []
        done.left += (one for one in found if isinstance(one, Left))
        return [one for one in found if isinstance(one, Claimed)]

    def _bring(self, ours: list[Claimed], done: Taking) -> None:
        copies = [self._pool.submit(self._copy, one) for one in ours]
        wait(copies)  # also when one fails: none may go on with a handle that is closed
        whole = []
        for claimed, copy in zip(ours, copies, strict=True):
            match copy.result():
                case Digest() as copied:
                    whole.append((claimed, copied))
                case Left() as left:
                    done.left.append(left)
        if not whole:
            return
        arrivals = [self._arrival(claimed, copied) for claimed, copied in whole]
        for claim in {arrival.claim for arrival in arrivals}:
            self._repository.staging.sync(claim, [one.path for one in arrivals if one.claim == claim])
        self._ledger.note_arrivals(arrivals)
        for (claimed, _), arrival in zip(whole, arrivals, strict=True):
            done.taken.append(self._place(arrival, behind=claimed.path != arrival.path))
        self._settle_names(arrivals)
        self._drop.release([claimed for claimed, _ in whole])

    def _copy(self, claimed: Claimed) -> Digest | Left | None:
        """Stage a claimed file; `None` when it changed while it was copied, or is being written."""
        name, size = command_name(claimed.path), claimed.seen.size
        try:
            copied = self._repository.staging.stage(claimed.claim, name, claimed.file, size, claimed.finished)
        except OSError as error:
            if error.errno not in UNSTORABLE:
                raise
            with suppress(OSError):  # a name that can't be made can't be removed either
                self._repository.staging.unstage(claimed.claim, name)
            back = self._drop.give_back(claimed)
            return Left(back, "unstorable") if back else None
        if claimed.moved() or copied.size != size:
            self._repository.staging.unstage(claimed.claim, name)
            return None
        return copied

    def _arrival(self, claimed: Claimed, copied: Digest) -> Arrival:
        return Arrival(claimed.claim, command_name(claimed.path), self._now(), copied.size, copied.sha256)

    def _place(self, arrival: Arrival, *, behind: bool = False) -> TakenIn:
        """Give a staged file its name; `behind` one that waits, where it must not take its place."""
        path, at = arrival.path, stamp(arrival.arrived)
        older = self._repository.place(arrival.claim, path, queue=behind or self._queues(path), stamp=at)
        return TakenIn(arrival, older)

    def _settle_names(self, arrivals: Sequence[Arrival]) -> None:
        self._repository.sync_placed([arrival.path for arrival in arrivals])
        for claim in {arrival.claim for arrival in arrivals}:
            self._repository.staging.clear(claim)

    # After a crash, or an error

    def _recover(self, done: Taking) -> None:
        """Bring a broken-off round to its end, or back to its beginning, for each file by where it is."""
        placed, trybacks = [], self._claimed_trybacks()
        for claim, path in self._repository.staging.staged():
            arrival = self._ledger.arrival(claim, path)
            if arrival:
                done.taken.append(self._place(arrival, behind=(claim, path) in trybacks))
                placed.append(arrival)
            else:  # never noted: the claimed file is still there, and is copied again
                self._repository.staging.unstage(claim, path)
            self._repository.staging.clear(claim)
        self._settle_names(placed)
        self._let_go()
        self._drop.clear_claims()
        self._whole = True

    def _claimed_trybacks(self) -> set[tuple[str, str]]:
        """The claims of trybacks, each with the name under which it comes in."""
        claims = (one.path.partition("/") for one in self._drop.look_at_claims())
        return {(claim, name) for claim, _, path in claims if (name := command_name(path)) != path}

    def _noted(self, claimed: Claimed) -> Arrival | None:
        return self._ledger.arrival(claimed.claim, command_name(claimed.path))

    def _let_go(self) -> None:
        """Release the claimed files whose bytes are in the repository already."""
        with ExitStack() as stack:
            claimed = list(self._drop.reopen(self._drop.look_at_claims(), stack))
            noted = [(one, arrival) for one in claimed if (arrival := self._noted(one))]
            same = [one for one, arrival in noted if digest(one.file).sha256 == arrival.sha256]
            other = [one for one, _ in noted if one not in same]
            self._drop.release(same)
            self._drop.claim_again(other)
