"""The vigil: when to look at the drop folder, woken by the watch or the clock, in a storm a few times a second."""

from collections.abc import Iterable

from syncd import logs
from syncd.disk.watch import Watch

log = logs.get()

BREATH = 0.05
"""Seconds between two looks while events come: many writes are one piece of news."""

STORM = 1_000
"""Events within a second that make a storm: listening would cost more than looking."""

STORM_LOOK = 0.25
CALM = 1.0
"""Seconds without any change after which a storm is over."""

REST = 4.0
"""How much longer than a look the pause after it is: a folder of 100,000 files takes at most a fifth of the time."""


class Vigil:
    """Decides when to look. Times are seconds of the monotonic clock. Only the loop calls it.

    `watch` is None where events can't be trusted (network file systems): then the clock alone decides.
    """

    def __init__(self, watch: Watch | None, poll_every: float) -> None:
        self.watch = watch
        self.poll_every = poll_every
        self.armings = 0
        """How often it was armed so far."""
        self.deaf = False
        """Whether the watch, though it is armed, was found to tell nothing."""
        self._next = 0.0
        self._earliest = 0.0
        self._events = 0
        self._second = 0.0
        self._storm = False
        self._calm_since = 0.0
        self._said_lost = False

    def remember(self, *, lost: bool, deaf: bool) -> None:
        """So it was said before: it is not said again, but its end is."""
        self._said_lost = lost and self.watch is not None
        self.deaf = deaf and self.watch is not None

    @property
    def means(self) -> str:
        """How changes are noticed at present: `inotify`, `storm` or `poll`."""
        if self._storm:
            return "storm"
        return "inotify" if self.watch and self.watch.armed and not self.deaf else "poll"

    @property
    def lost(self) -> bool:
        """Whether the watch can't be armed, though it is wanted."""
        return self._said_lost and not (self.watch and self.watch.armed)

    def arm(self) -> None:
        """Listen, if that is wanted and can be; a look is due afterwards, as nothing was heard before."""
        if self.watch is None:
            return
        try:
            self.watch.arm()
        except OSError as error:
            self._lost(error)
        else:
            log.debug("watch.armed")
            self.armings += 1
            self._next = 0.0

    def looks(self, now: float) -> None:
        """A look begins: what happens from now on wakes again. What woke it may have been a storm."""
        if self.watch is None:
            return
        if now - self._second >= 1:
            self._second, self._events = now, 0
        self._events += self.watch.heard()
        if self._events >= STORM and not self._storm:
            log.info("watch.storm", events=self._events)
            self.watch.disarm()
            self._storm, self._calm_since = True, now

    def again(self, at: float) -> None:
        """Look at this time at the latest, or as soon as the last look allows: so often the watch can wake, too."""
        self._next = min(self._next, max(at, self._earliest))

    def wants_look(self, now: float) -> bool:
        """Whether it is time to look."""
        return now >= self._next

    def next_look(self) -> float:
        """When the next look is due if nothing happens."""
        return self._next

    def failed(self, now: float, retry: float) -> None:
        """The folder could not be looked at, which is said by who tried: what can't be read can't be watched."""
        self._next = now + retry

    def looked(self, began: float, ended: float, *, changed: bool, folders: Iterable[str] = ()) -> None:
        """A look is over. `changed`: something came, went or grew since the last one. `folders`: the sub-folders."""
        self._earliest = ended + max(BREATH, REST * (ended - began))
        self._next = max(ended + self.poll_every, self._earliest)
        if self._storm:
            if changed:
                self._calm_since = ended
            if ended - self._calm_since >= CALM:
                self._storm = False
                self.arm()  # and look once more
            else:
                self._next = max(ended + STORM_LOOK, self._earliest)
        elif self.watch and not self.watch.alive():
            self.arm()
            if self.watch.armed:
                log.info("watch.armed", reason="the folder was replaced, or the watch had ended")
        elif self.watch:
            self._cover(self.watch, folders)

    def _cover(self, watch: Watch, folders: Iterable[str]) -> None:
        try:
            if watch.cover(folders):
                self.again(0.0)  # something may have happened there before it was listened to
            self._said_lost = False
        except OSError as error:
            watch.disarm()
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        if isinstance(error, FileNotFoundError | NotADirectoryError):  # the folder is gone: the next look tells
            return
        if not self._said_lost:
            log.warning("watch.lost", reason=str(error), looks_every=self.poll_every)
            self._said_lost = True

    def close(self) -> None:
        """Listen no more."""
        if self.watch:
            self.watch.disarm()
