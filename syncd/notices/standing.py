"""How a way stands: said when it fails and when it is good again, and not between."""

from datetime import timedelta

from syncd import logs

log = logs.get()

FIRST_PAUSE = 30.0
LONGEST_PAUSE = 1800.0


class Standing:
    """Whether a way works, and how long to leave it alone when it does not: longer each time, or always `every`."""

    def __init__(self, way: str, every: float = 0.0) -> None:
        self.way = way
        self._every = every
        self.reason = ""
        self._failures = 0

    def failed(self, reason: str, defect: Exception | None = None) -> float:
        """It failed; how many seconds to wait before the next try."""
        pause = self._every or min(LONGEST_PAUSE, FIRST_PAUSE * float(1 << min(self._failures, 10)))
        self._failures += 1
        if not self.reason:
            log.warning(
                "notices.failed", way=self.way, reason=reason, tries_in=timedelta(seconds=pause), exc_info=defect
            )
        self.reason = reason
        return pause

    def worked(self) -> None:
        """It worked."""
        if self.reason:
            log.info("notices.back", way=self.way, was=self.reason)
        self.reason, self._failures = "", 0
