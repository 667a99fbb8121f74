"""The upkeep: each night archives and reports that have reached their age go, and nothing else."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from syncd import logs
from syncd.config import Repository as Ages
from syncd.core.agenda import Cron
from syncd.core.retention import PACE, Entry, aged, expired
from syncd.daemon.notes import Note, Pruned
from syncd.disk.ledger import Ledger
from syncd.disk.repository import ARCHIVES, REPORTS, Repository

log = logs.get()

NIGHTLY = Cron("17 3 * * *")
TICK = "(retention)"
"""The name under which the ledger keeps the last night; no tool can have it."""

AGED = "(age)"
"""The name under which it keeps the moment from which ages were counted that night."""

SLOWED = (
    "Where syncd was off for that long, nothing: it catches up in the nights that follow. "
    "Otherwise set the clock right."
)


class Upkeep:
    """Prunes the repository once a night, also the night that was missed. Only the loop calls it."""

    def __init__(self, repository: Repository, ledger: Ledger, post: Callable[[Note], None]) -> None:
        self._repository = repository
        self._ledger = ledger
        self._post = post
        ticked = ledger.ticked()
        self._last = ticked.get(TICK)
        self._aged = ticked.get(AGED, self._last)
        self._work = ThreadPoolExecutor(1, thread_name_prefix="upkeep")

    def turn(self, now: datetime, ages: Ages) -> None:
        """Begin to prune if a night has come since the last time."""
        instant = now.astimezone(UTC)
        if (
            self._last is None or self._aged is None or self._last > instant
        ):  # the first time, or the clock was set back
            self._note(instant, min(instant, self._aged or instant))
        elif (night := NIGHTLY.after(self._last.astimezone(now.tzinfo))) and night <= instant:
            if instant - self._last > PACE:
                log.warning("retention.slowed", last=self._last.astimezone(now.tzinfo), clock=now, cure=SLOWED)
            self._note(instant, aged(self._aged, instant))
            self._work.submit(self._prune, self._aged.astimezone(now.tzinfo), ages)

    def _note(self, last: datetime, counted: datetime) -> None:
        self._ledger.note_ticks({TICK: last, AGED: counted})
        self._last, self._aged = last, counted

    def _prune(self, now: datetime, ages: Ages) -> None:
        count = 0
        error: Exception | None = None
        try:
            for folder, keep in ((ARCHIVES, ages.keep_archives), (REPORTS, ages.keep_reports)):
                entries = [
                    Entry(path, datetime.fromtimestamp(modified, UTC))
                    for path, modified in self._repository.leftovers(folder)
                ]
                count += self._repository.prune(entry.path for entry in expired(entries, now, keep))
        except Exception as problem:  # whatever it was, the loop must hear of it
            error = problem
        self._post(Pruned(count, error))

    def pruned(self, note: Pruned) -> None:
        """A night's work is over."""
        if note.error:
            log.warning("retention.failed", reason=str(note.error), deleted=note.count)
        elif note.count:
            log.info("retention.pruned", deleted=note.count)

    def close(self) -> None:
        """Let the work under way end."""
        self._work.shutdown()
