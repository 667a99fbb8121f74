"""Something to look at while long work goes on: at a terminal, on standard error, and nowhere else."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Follow = Callable[[Mapping[str, Any]], None]
"""Is told how far a run is: its `phase`, `rows` done, and `total` (0: not known)."""

PHASES = {"read": "Reading", "plan": "Asking the site", "apply": "Applying", "run": "Running the program"}


@contextmanager
def following() -> Iterator[Follow]:
    """A bar that shows how far a run is."""
    if not sys.stderr.isatty():
        yield lambda _progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    phase = TextColumn("{task.description}")
    columns = (SpinnerColumn(), phase, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Waiting", total=None)

        def follow(progress: Mapping[str, Any]) -> None:
            phase = str(progress.get("phase", ""))
            bar.update(
                task,
                description=PHASES.get(phase, phase),
                completed=int(progress.get("rows", 0)),
                total=int(progress.get("total", 0)) or None,
            )

        yield follow


@contextmanager
def busy(text: str) -> Iterator[None]:
    """A spinner beside a few words."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(text)):
        yield
