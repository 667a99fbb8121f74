"""Taking in, whatever senders, managers and crashes do, in any order: a machine that Hypothesis drives."""

import os
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from syncd.core.settle import Sighting, Upload, observed, settled
from syncd.disk.intake import Intake
from syncd.disk.repository import Repository
from tests.disk.folders import Folders, sha256
from tests.killing import ending

QUIET = 2.0
NAMES = ("users.csv", "deltas.csv", "caf\udce9.csv", "two\nlines.csv", "erp/users.csv", "erp/2026/users.csv", "erp")
IGNORED = (".users.csv", "_users.csv", "users.csv.part")

names = st.sampled_from(NAMES)
steps = st.integers(0, 40)

Named = tuple[str, bytes]
"""Bytes under the name that their sender gave them."""


class Crash(BaseException):
    """The process ends here."""


def _nothing() -> None:
    """Nobody comes between."""


class Drops(RuleBasedStateMachine):
    """`dropped` are the bytes that senders left, `claimed` what was taken from them, `arrived` what the ledger has."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        folder = Path(self._stack.enter_context(TemporaryDirectory()))
        self.folders = Folders(folder / "syncd").make()
        self.dropped: dict[str, bytes] = {}
        self.claimed = Counter[Named]()
        self.arrived = Counter[Named]()
        self.handles: list[int] = []
        self.now = 0.0
        self.uploads: dict[str, Upload] = {}
        self.claims: dict[str, Upload] = {}
        self.numbers = count()
        self.whole = True
        self.between: Callable[[], None] = _nothing
        self._start()

    def teardown(self) -> None:
        """Close everything."""
        self._life.close()
        for handle in self.handles:
            os.close(handle)
        self._stack.close()

    def _start(self) -> None:
        """A new process."""
        Repository(self.folders.repository).tidy()
        self._life = ExitStack()
        self.intake: Intake = self._life.enter_context(
            self.folders.intake(queues=lambda path: "deltas" in path, now=self._moment)
        )
        self.uploads, self.claims = {}, {}

    def _moment(self) -> datetime:
        # The intake asks for the time when a file is copied and not yet let go: there others may come between.
        between, self.between = self.between, _nothing
        between()
        return datetime.now(UTC)

    def _new(self) -> bytes:
        return b"content %d;" % next(self.numbers)

    def _path(self, name: str) -> Path | None:
        """Where a sender would put a file of this name; None where he can't."""
        path = self.folders.drop / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            return None
        return None if path.is_dir() or path.is_symlink() or path.is_fifo() else path

    # Senders

    @rule(some=st.lists(names, min_size=1, max_size=4))
    def uploads_files(self, some: list[str]) -> None:
        """Or overwrites them."""
        for name in some:
            if path := self._path(name):
                self.dropped[name] = self._new()
                path.write_bytes(self.dropped[name])

    @precondition(lambda self: self.dropped)
    @rule(data=st.data())
    def appends(self, data: st.DataObject) -> None:
        """As a client that resumes, or one that opens the file for each piece."""
        name, piece = self._one_dropped(data), self._new()
        with (self.folders.drop / name).open("ab") as file:
            file.write(piece)
        self.dropped[name] += piece

    def _one_dropped(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.dropped)))

    @rule(name=names, posix=st.booleans())
    def renames_into_place(self, name: str, posix: bool) -> None:
        """Over what is there, or by a link that replaces nothing and an unlink."""
        path = self._path(name)
        if path is None or (not posix and path.exists()):
            return
        content, draft = self._new(), path.with_name(".draft")
        draft.write_bytes(content)
        if posix:
            os.rename(draft, path)
        else:
            os.link(draft, path)
            os.unlink(draft)
        self.dropped[name] = content

    @precondition(lambda self: self.dropped)
    @rule(data=st.data())
    def deletes(self, data: st.DataObject) -> None:
        """His own file, before anybody took it."""
        self._delete(self._one_dropped(data))

    def _delete(self, name: str) -> None:
        if self.dropped.pop(name, None):
            (self.folders.drop / name).unlink()

    @rule(name=names, what=st.sampled_from(["link", "fifo", "folder"]))
    def makes_something_else(self, name: str, what: str) -> None:
        """In the place of a file of his, or where there was none."""
        if path := self._path(name):
            self._delete(name)
            match what:
                case "link":
                    path.symlink_to("nowhere")
                case "fifo":
                    os.mkfifo(path)
                case _:
                    path.mkdir()

    @rule(name=names)
    def removes_something_else(self, name: str) -> None:
        """Or an empty folder."""
        path = self.folders.drop / name
        if path.is_symlink() or path.is_fifo():
            path.unlink()
        elif path.is_dir() and not os.listdir(path):
            path.rmdir()

    @rule(name=st.sampled_from(IGNORED))
    def leaves_something_unfinished(self, name: str) -> None:
        """It stays for ever."""
        (self.folders.drop / name).write_bytes(self._new())

    @precondition(lambda self: self.dropped and len(self.handles) < 4)
    @rule(data=st.data())
    def keeps_a_handle(self, data: st.DataObject) -> None:
        """On a file of his, whatever becomes of its name."""
        self.handles.append(os.open(self.folders.drop / self._one_dropped(data), os.O_RDONLY))

    @precondition(lambda self: self.handles)
    @rule(data=st.data())
    def writes_late(self, data: st.DataObject) -> None:
        """Through a handle: to a file that may have been claimed, or taken in, long ago."""
        self._write_late(data.draw(st.sampled_from(self.handles)))

    def _write_late(self, handle: int, *, copied: bool = False) -> None:
        piece, inode = self._new(), os.fstat(handle).st_ino
        for name, content in self.dropped.items():
            if (self.folders.drop / name).stat().st_ino == inode:
                self.dropped[name] = content + piece
        for file in (self.folders.drop / ".syncd").rglob("*"):
            if file.is_file() and file.stat().st_ino == inode:
                name, content = "/".join(file.relative_to(self.folders.drop / ".syncd").parts[1:]), file.read_bytes()
                if not copied:  # else both are arrivals: what was there when it was copied, and what is there now
                    self.claimed[name, content] -= self.claimed[name, content]
                self.claimed[name, content + piece] += 1
        with open(f"/proc/self/fd/{handle}", "ab") as file_again:
            file_again.write(piece)

    @precondition(lambda self: not self.holding)
    @rule()
    def holds(self) -> None:
        """Everything, until he says so."""
        (self.folders.drop / "alock.txt").touch()

    @precondition(lambda self: self.holding)
    @rule()
    def holds_no_more(self) -> None:
        """What was held goes on."""
        (self.folders.drop / "alock.txt").unlink(missing_ok=True)

    @property
    def holding(self) -> bool:
        """Whether nothing may be taken."""
        return (self.folders.drop / "alock.txt").exists()

    # Managers

    @precondition(lambda self: +self.arrived)
    @rule(data=st.data(), name=names)
    def a_manager_moves_a_file(self, data: st.DataObject, name: str) -> None:
        """To where he likes it, also under a name that senders use."""
        waiting = sorted(self.folders.waiting())
        target = self.folders.repository / data.draw(st.sampled_from([name, f"attic/{next(self.numbers)}"]))
        if waiting and not os.path.lexists(target):
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError):
                return
            os.rename(self.folders.repository / data.draw(st.sampled_from(waiting)), target)

    @rule(name=names)
    def a_manager_makes_a_folder(self, name: str) -> None:
        """Perhaps one that has a file's name."""
        path = self.folders.repository / name
        if not os.path.lexists(path) and path.parent.is_dir():
            path.mkdir()

    @rule(name=names)
    def a_manager_removes_a_folder(self, name: str) -> None:
        """An empty one."""
        path = self.folders.repository / name
        if path.is_dir() and not os.listdir(path):
            path.rmdir()

    # syncd

    @rule(seconds=st.sampled_from([0.0, 0.7, QUIET]))
    def time_passes(self, seconds: float) -> None:
        """And syncd looks."""
        self.now += seconds
        drop = self.folders.looking()
        self.uploads = observed(self.uploads, drop.look(), self.now)
        self.claims = observed(self.claims, drop.look_at_claims(), self.now)

    @precondition(lambda self: self.uploads or self.claims)
    @rule()
    def a_round(self) -> None:
        """As the reception begins one."""
        fresh, claimed = self._settled()
        before = dict(self.dropped)
        taking = self.intake.take_in(fresh, claimed)
        self._take_stock()
        self.whole = True
        assert {one.sighting.path for one in taking.left} <= {one.path for one in fresh}
        assert before.keys() - self.dropped.keys() <= {one.path for one in fresh}
        event(f"taken: {len(taking.taken)}, left: {sorted({one.obstacle for one in taking.left})}")

    def _settled(self) -> tuple[list[Sighting], list[Sighting]]:
        fresh = [] if self.holding else settled(self.uploads.values(), self.now, QUIET)
        return fresh, settled(self.claims.values(), self.now, QUIET)

    @precondition(lambda self: self.dropped or +self.claimed)
    @rule()
    def everything_settles(self) -> None:
        """Long enough, and a round."""
        for _ in range(2):
            self.time_passes(QUIET)
        self.a_round()

    @precondition(lambda self: self.dropped)
    @rule(data=st.data())
    def a_round_with_somebody_writing(self, data: st.DataObject) -> None:
        """Between the copy of a file and the end of the round."""
        handle = os.open(self.folders.drop / self._one_dropped(data), os.O_RDONLY)
        for _ in range(2):
            self.time_passes(QUIET)

        def between() -> None:
            self._take_stock()
            self._write_late(handle, copied=True)

        self.between = between
        self.a_round()
        self.between = _nothing
        os.close(handle)

    @precondition(lambda self: self.dropped or +self.claimed)
    @rule(step=steps, after=st.booleans())
    def a_crash(self, step: int, after: bool) -> None:
        """At some deed of a round; then a new process begins."""

        def end() -> None:
            raise Crash

        for _ in range(2):
            self.time_passes(QUIET)
        fresh, claimed = self._settled()
        try:
            with ending(step, end, after=after):
                self.intake.take_in(fresh, claimed)
        except Crash:
            self.whole = False
            event(f"crashed with {len(fresh)} fresh and {len(claimed)} claimed")
        else:
            self.whole = True
        self._life.close()
        self._take_stock()
        self._start()

    def _take_stock(self) -> None:
        """Follow what the round did: what was claimed, and what the ledger says has arrived, must be what was there."""
        there = self.folders.dropped()
        for name in [name for name in self.dropped if name not in there]:
            self.claimed[name, self.dropped.pop(name)] += 1
        noted = Counter((arrival.path, arrival.sha256) for arrival in self.folders.arrivals())
        known = Counter({(name, sha256(content)): number for (name, content), number in self.arrived.items()})
        hashes = {(name, sha256(content)): (name, content) for name, content in self.claimed}
        assert not known - noted, "the ledger forgot an arrival"
        for arrival in (noted - known).elements():
            assert arrival in hashes, f"{arrival} arrived, and nobody sent it"
            self.arrived[hashes[arrival]] += 1
            self.claimed[hashes[arrival]] -= 1

    # Laws

    @invariant()
    def what_is_dropped_is_untouched(self) -> None:
        """A file that was not claimed is as its sender left it."""
        there = {name: content for name, content in self.folders.dropped().items() if name in NAMES}
        assert there == self.dropped

    @invariant()
    def nothing_is_lost(self) -> None:
        """Whatever was claimed is somewhere, at any moment."""
        there = {*(content for _, content in self.folders.claimed()), *self.folders.kept().values()}
        assert {content for _, content in (+self.claimed + +self.arrived)} <= there

    @precondition(lambda self: self.whole)
    @invariant()
    def everything_is_in_one_place(self) -> None:
        """I1 and I3, whenever no round was broken off: claimed or in the repository, once, and as the ledger has it."""
        assert Counter(self.folders.claimed()) == self.claimed
        kept = Counter(self.folders.kept().values())
        assert kept == Counter(content for _, content in self.arrived.elements())
        self.folders.assert_ledger_is_true()
        if not +self.claimed:
            assert self.folders.leftovers() == []


Drops.TestCase.settings = settings(settings(), stateful_step_count=40)
TestIntake = Drops.TestCase
