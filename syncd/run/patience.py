"""Patience with a site: what is safe to repeat is tried again for a while."""

import random
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from syncd.core.functions import BUNDLE, FUNCTIONS
from syncd.errors import AnswerLost, ItemRefused, SiteUnreachable
from syncd.targets.base import Target

TRIES = 7
"""How often one call is made, at most."""

FIRST, LONGEST = 1.0, 15.0
"""Seconds between two tries: about the first, then twice as long each time, up to the longest."""

DATABASE = frozenset({"dmlreadexception", "dmlwriteexception", "dmltransactionexception", "ddlexception"})
"""Codes by which Moodle says that its database failed it."""


class Patient:
    """A target that makes a call again where that does no harm and time may mend it.

    That is what was never carried out, because nobody was there or the site is in maintenance; and, of functions that
    only read, also what was not answered, or failed in the database. When the site has been away for so many seconds of
    `patience`, whatever was tried, the error is raised. `pause` waits, and raises when nothing more is to be sent.
    """

    def __init__(
        self,
        target: Target,
        pause: Callable[[float], None],
        patience: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._target = target
        self._pause = pause
        self._patience = patience
        self._clock = clock
        self._chance = chance
        self._away_since: float | None = None  # for all threads: they wait for one site
        self._lock = Lock()

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Carry out a function, as `Target.call` says, however many tries it takes."""
        tries = 0
        while True:
            try:
                answer = self._target.call(function, parameters)
            except (SiteUnreachable, ItemRefused) as error:
                tries += 1
                if not _may_be_repeated(error, function, parameters) or tries == TRIES:
                    raise
                if (wait := self._wait(tries)) is None:
                    raise
            else:
                self._away_since = None
                return answer
            self._pause(wait)

    def close(self) -> None:
        """Nothing: whoever opened the target closes it."""

    def _wait(self, tries: int) -> float | None:
        """Seconds until the next try; None when it has been enough."""
        # Jittered, so that several that lost the site do not all come back in the same instant.
        wait = min(LONGEST, FIRST * 2.0 ** (tries - 1)) * (0.5 + self._chance())
        with self._lock:
            now = self._clock()
            if self._away_since is None:
                self._away_since = now
            return wait if now + wait - self._away_since <= self._patience else None


def _may_be_repeated(error: SiteUnreachable | ItemRefused, function: str, parameters: Mapping[str, Any]) -> bool:
    match error:
        case AnswerLost():
            return only_reads(function, parameters)
        case SiteUnreachable():
            return True
        case ItemRefused():
            return error.code in DATABASE and only_reads(function, parameters)


def only_reads(function: str, parameters: Mapping[str, Any]) -> bool:
    """Whether a call changes nothing on the site, so that it can be made twice."""
    if function == BUNDLE:
        return all(request["function"] not in FUNCTIONS for request in parameters["requests"])
    return function not in FUNCTIONS
