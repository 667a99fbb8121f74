"""What the ledger remembers, for those who only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.errors import Fault, UsageError

if TYPE_CHECKING:
    from syncd.disk.ledger import Ledger
    from syncd.disk.records import RunRecord

MOST = 1_000_000


@contextmanager
def history(state: Path) -> Iterator[Ledger | None]:
    """The ledger in a state folder; None while there is none.

    Raises `LedgerFault` for a ruined one, `Fault` for who may not read it.
    """
    from syncd.disk.ledger import NAME
    from syncd.disk.onlooker import Onlooker

    path = state / NAME
    try:
        ledger = Onlooker(path)
    except FileNotFoundError:
        ledger = None
    except PermissionError as error:
        raise Fault(f"you may not read the ledger {path}: be root, or of the group that syncd runs as") from error
    try:
        yield ledger
    finally:
        if ledger:
            ledger.close()


def the_run(ledger: Ledger, name: str) -> RunRecord:
    """The run that an id, or the beginning of just one, names; "": the newest that has a report."""
    if found := ledger.run(name):
        return found
    runs = ledger.runs(limit=MOST)
    if not name:
        with_report = next((run for run in runs if run.report), None)
        if not with_report:
            raise UsageError("there is no report yet")
        return with_report
    meant = [run for run in runs if run.id.startswith(name)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        some = ", ".join(run.id for run in meant[:5])
        raise UsageError(f"{len(meant)} runs begin with {name}: {some}{' …' if len(meant) > 5 else ''}")
    raise UsageError(f"there is no run {name}; syncd runs lists them")
