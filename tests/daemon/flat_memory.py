"""Makes a run of the file `users.csv` in a folder, on a site that remembers nothing, and prints what it took.

A program of its own, as only the memory of a whole process can be measured.
"""

import resource
import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from syncd.core.functions import FUNCTIONS
from syncd.core.model import Outcome
from syncd.run import carry_out
from tests.run.workshop import Workshop, users

_ids = count(1)


class Forgetful:
    """A site on which nobody is, however many are made."""

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Make accounts, find none."""
        items = parameters[FUNCTIONS[function].items] if function in FUNCTIONS else []
        return [{"id": next(_ids)} for _ in items]

    def close(self) -> None:
        """Nothing is open."""


def main(folder: Path) -> None:
    """Make the run."""
    workshop = Workshop(folder / "workshop")
    (folder / "users.csv").rename(workshop.put(b""))
    run = carry_out(workshop.job(users()), replace(workshop.place, target=Forgetful()))
    workshop.close()
    print(run.counts[Outcome.CREATED], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)  # noqa: T201  # its answer


if __name__ == "__main__":
    main(Path(sys.argv[1]))
