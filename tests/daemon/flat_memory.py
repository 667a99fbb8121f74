"""Makes a run of the file `users.csv` in a folder, on a site that remembers nothing, and prints what it took.

A program of its own, as only the memory of a whole process can be measured.
"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from syncd import logs
from syncd.core.functions import FUNCTIONS, SITE_INFO
from syncd.core.model import Outcome
from syncd.run import carry_out
from syncd.tools.users import UsersTool
from tests.run.workshop import Workshop, users

_ids = count(1)


class Forgetful:
    """A site on which nobody is, however many are made."""

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Make accounts, find none."""
        if function == SITE_INFO:
            return {"userid": 2, "functions": [{"name": name} for name in UsersTool.functions]}
        items = parameters[FUNCTIONS[function].items] if function in FUNCTIONS else []
        return [{"id": next(_ids)} for _ in items]

    def close(self) -> None:
        """Nothing is open."""


def main(folder: Path) -> None:
    """Make the run."""
    logs.configure(logs.Mode.JSON)
    workshop = Workshop(folder / "workshop")
    (folder / "users.csv").rename(workshop.put(b""))
    run = carry_out(workshop.job(users()), replace(workshop.place, target=Forgetful()))
    workshop.close()
    # Not ru_maxrss: that remembers the process that this one was forked from.
    peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    print(run.counts[Outcome.CREATED], peak)  # noqa: T201  # its answer


def _peak() -> int:
    """Most kilobytes that were resident. (ru_maxrss of a child begins with what its parent had.)"""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
