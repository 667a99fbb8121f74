"""The canary's hour: finds out whether the watch still tells what happens in the drop folder, and how soon."""

import errno
import math
from collections.abc import Callable
from pathlib import Path

from syncd import logs
from syncd.daemon.vigil import Vigil
from syncd.disk.canary import clear, fly, hatched

log = logs.get()

FIRST = 10.0
"""Seconds after the start when the first one flies, if it is not to fly still more often."""

PATIENCE = 5.0
"""Seconds after which it is not waited for any longer."""

AGAIN = 600.0
"""Seconds until one flies again where the last told nothing good."""


RIGHTS = "Let syncd's group write into the drop folder, chmod g+rwxs: it must, to take files."

CURES = {
    errno.EROFS: "It is mounted read-only, or its unit's sandbox shows it so: name it in ReadWritePaths=. If it is, "
    "the folder was replaced since syncd started: systemctl restart syncd.",
    errno.ENOSPC: "Make room on its disk.",
    errno.EDQUOT: "Give syncd's account a larger quota there, or make room.",
}
"""What to do where none can be made, by the error; in all other cases it is `RIGHTS`."""


class Canary:
    """Lets a hidden file appear in the drop folder, which the watch must tell of like of any other.

    A watch that does not is armed anew, and tried again at once; if that does not help it is deaf: `poll_every` alone
    brings looks, until a later canary is heard. Times are seconds of the monotonic clock. Only the loop calls it.
    """

    def __init__(self, folder: Path, vigil: Vigil, every: float, clock: Callable[[], float]) -> None:
        """One flies every so many seconds; 0: none ever does."""
        self._folder = folder
        self._vigil = vigil
        self._every = every
        self._next = clock() + min(FIRST, every) if every and vigil.watch else math.inf
        self._armings = vigil.armings
        self._sent: float | None = None
        self._tries = 0
        self._cleared = False
        self.delay: float | None = None
        """Seconds from the last canary that was heard until the loop knew of it."""
        self.heard_at: float | None = None
        """When that was."""
        self.failed = ""
        """Why none could be made at the last try."""
        self.cure = ""

    def remember(self, failed: str, cure: str) -> None:
        """So it was said before: it is not said again, but its end is."""
        if self._every and self._vigil.watch:
            self.failed, self.cure = failed, cure

    def turn(self, now: float) -> None:
        """Hear what the watch told of the canary that is out; let one fly if it is time to."""
        if self._every and self._armings != self._vigil.armings:  # by a look: is all well with what it found?
            self._armings = self._vigil.armings
            self._next = min(self._next, now + min(FIRST, self._every))
        if self._sent is not None:
            self._listen(self._sent, now)
        if self._sent is None and now >= self._next:
            self._send(now)

    def next_at(self) -> float:
        """When `turn` is to be called next if the watch tells nothing."""
        return self._next if self._sent is None else self._sent + PATIENCE

    def _send(self, now: float) -> None:
        watch = self._vigil.watch
        self._next = now + min(AGAIN, self._every)
        if watch is None or not watch.armed:  # in a storm, or lost: that is known, and said
            return
        try:
            if not self._cleared:
                clear(self._folder)
                self._cleared = True
            if self._vigil.deaf:
                self._arm()
            watch.expect(name := hatched())
            fly(self._folder, name)
        except (FileNotFoundError, NotADirectoryError):  # the reception says that the folder is gone
            return
        except OSError as error:
            self._failed(error)
        else:
            self._sent = now

    def _failed(self, error: OSError) -> None:
        if not self.failed:
            log.warning(
                "canary.failed",
                folder=str(self._folder),
                reason=str(error),
                cure=CURES.get(error.errno or 0, RIGHTS),
            )
        self.failed, self.cure = str(error), CURES.get(error.errno or 0, RIGHTS)

    def _listen(self, sent: float, now: float) -> None:
        watch = self._vigil.watch
        heard = watch.heard_expected() if watch else None  # late, if the machine is busy, but not deaf
        if heard is not None:
            self._heard(now, now - sent)
        elif watch is None or not watch.armed:
            self._sent, self._tries = None, 0
        elif now >= sent + PATIENCE:
            self._unheard(now)

    def _heard(self, now: float, delay: float) -> None:
        log.debug("canary.heard", delay=delay)
        self.delay, self.heard_at = delay, now
        if self._vigil.deaf or self.failed:
            log.info("watch.back", delay=delay)
        elif self._tries:
            log.info("watch.armed", reason="a canary was not heard until the watch was armed anew")
        self._vigil.deaf, self.failed = False, ""
        self._sent, self._tries, self._next = None, 0, now + self._every

    def _unheard(self, now: float) -> None:
        self._sent = None
        self._tries += 1
        if self._vigil.deaf:
            self._tries = 0
        elif self._tries == 1:
            self._arm()
            self._send(now)
        else:
            self._tries = 0
            self._vigil.deaf = True
            log.warning(
                "watch.deaf",
                folder=str(self._folder),
                looks_every=self._vigil.poll_every,
                cure='Nothing is lost. If this file system never tells, set watch = "poll" in [drop].',
            )

    def _arm(self) -> None:
        self._vigil.arm()
        self._armings = self._vigil.armings
