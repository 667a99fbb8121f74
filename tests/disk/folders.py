"""A drop folder, a repository and a ledger, with an intake between them, and the laws that hold of them."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from syncd.core.settle import Sighting
from syncd.disk.drop import Drop
from syncd.disk.intake import Intake, Taking
from syncd.disk.ledger import Ledger
from syncd.disk.records import Arrival
from syncd.disk.repository import Repository

ROUNDS = 5
"""In which an intake must have finished with files that nobody touches."""


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders below `top`, as one syncd has them; `elsewhere` is the repository's where it lies apart."""

    top: Path
    elsewhere: Path | None = None

    @property
    def drop(self) -> Path:
        """Where senders put files."""
        return self.top / "drop"

    @property
    def repository(self) -> Path:
        """Where they go."""
        return self.elsewhere or self.top / "repository"

    @property
    def ledger(self) -> Path:
        """The memory."""
        return self.top / "ledger.sqlite"

    def make(self) -> "Folders":
        """Make them, empty."""
        self.drop.mkdir(parents=True)
        Repository(self.repository).make()
        Ledger(self.ledger).close()
        return self

    def looking(self) -> Drop:
        """The drop folder as the settings have it by default."""
        return Drop(self.drop, recursive=True, hold_file="alock.txt", ignore=("*.filepart", "*.part", "*.tmp"))

    @contextmanager
    def intake(
        self,
        *,
        queues: Callable[[str], bool] = lambda _path: False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Iterator[Intake]:
        """An intake as a new process has it."""
        ledger = Ledger(self.ledger)
        intake = Intake(self.looking(), Repository(self.repository), ledger, queues=queues, now=now)
        try:
            yield intake
        finally:
            intake.close()
            ledger.close()

    def take_in(self, intake: Intake) -> Taking:
        """One round with all that lies there, as if it had settled."""
        drop = self.looking()
        return intake.take_in(_plain(drop.look()), _plain(drop.look_at_claims()))

    def take_in_all(self, *, queues: Callable[[str], bool] = lambda _path: False) -> None:
        """Start afresh, and go on until nothing is left to take."""
        Repository(self.repository).tidy()
        with self.intake(queues=queues) as intake:
            for _ in range(ROUNDS):
                self.take_in(intake)
                if not self.dropped() and not self.claimed():
                    return
        raise AssertionError(f"still there: {self.dropped()} {self.claimed()}")

    # What is where

    def dropped(self) -> dict[str, bytes]:
        """The files of the drop folder that are not claimed."""
        return {path: content for path, content in _files(self.drop).items() if not path.startswith(".syncd/")}

    def claimed(self) -> list[tuple[str, bytes]]:
        """The files that are claimed, each with the path that it had: several may have had the same."""
        claims = _files(self.drop / ".syncd")
        return sorted((path.partition("/")[2], content) for path, content in claims.items())

    def kept(self) -> dict[str, bytes]:
        """The files of the repository, without what runs leave in reports/."""
        return {path: content for path, content in _files(self.repository).items() if not path.startswith("reports/")}

    def waiting(self) -> dict[str, bytes]:
        """The files of the repository that may be run."""
        return {
            path: content
            for path, content in self.kept().items()
            if not path.startswith(("archives/", ".incoming/", ".running/", ".queue/"))
        }

    def arrivals(self) -> list[Arrival]:
        """All that the ledger knows to have come."""
        ledger = Ledger(self.ledger)
        try:
            return ledger.arrivals(limit=1_000_000)
        finally:
            ledger.close()

    def leftovers(self) -> list[str]:
        """The folders and files that only a round or a run under way may have."""
        hidden = (self.drop / ".syncd", self.repository / ".incoming", self.repository / ".running")
        return [os.path.join(str(folder), name) for folder in hidden if folder.is_dir() for name in os.listdir(folder)]

    # The laws

    def assert_each_in_one_place(self, contents: Counter[bytes]) -> None:
        """I1: every byte sequence is in exactly one place; and what came to the repository is in the ledger once."""
        claimed = [content for _, content in self.claimed()]
        places = Counter([*self.dropped().values(), *claimed, *self.kept().values()])
        assert places == contents
        self.assert_ledger_is_true()

    def assert_ledger_is_true(self) -> None:
        """I1 and I3: the ledger holds each byte sequence of the repository once, by its size and its hash."""
        noted = Counter((arrival.sha256, arrival.size) for arrival in self.arrivals())
        assert noted == Counter((sha256(content), len(content)) for content in self.kept().values())


def sha256(content: bytes) -> str:
    """The hash that the ledger has of some bytes."""
    return hashlib.sha256(content).hexdigest()


def _plain(sightings: list[Sighting]) -> list[Sighting]:
    plain = (sighting for sighting in sightings if not sighting.obstacle)
    return sorted(plain, key=lambda sighting: (sighting.changed, sighting.path))


def _files(top: Path) -> dict[str, bytes]:
    return {
        os.path.relpath(path, top): Path(path).read_bytes()
        for folder, _, names in os.walk(top)
        for name in names
        if os.path.isfile(path := os.path.join(folder, name)) and not os.path.islink(path)
    }
