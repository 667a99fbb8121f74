"""`syncd runs` and `syncd report`: what was run, and what came of it."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING, Any

import click

from syncd.cli import completing
from syncd.cli.history import history, the_run
from syncd.cli.installation import Installation
from syncd.cli.output import counted, document, minute, table
from syncd.cli.verb import Verb
from syncd.errors import Fault, UsageError

if TYPE_CHECKING:
    from syncd.disk.records import RunRecord


@click.command("runs", cls=Verb)
@click.option("--tool", metavar="TOOL", default="", shell_complete=completing.tool_names, help="Of this tool alone.")
@click.option("-n", "--number", type=click.IntRange(1, 1_000_000), default=20, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def runs(installation: Installation, tool: str, number: int, as_json: bool) -> None:
    """List the newest runs, and what became of them.

    \b
    Example:
      syncd runs --tool users -n 5
    """
    from syncd.cli.bearings import bearings

    known = bearings(installation)
    if tool and tool not in known.tools:
        raise UsageError(f"there is no tool {tool} in the settings; there are: {', '.join(known.tools) or 'none'}")
    with history(known.state) as ledger:
        found = ledger.runs(tool=tool, limit=number) if ledger else []
    zone = known.zone
    if as_json:
        document([_described(run, zone) for run in found])
    elif found:
        table(["run", "state", "file", "started", "rows", "why"], [_row(run, zone) for run in found])
    else:
        click.echo("No run yet")


def _described(run: RunRecord, zone: tzinfo) -> dict[str, Any]:
    return {
        "run": run.id,
        "tool": run.tool,
        "kind": run.kind,
        "file": run.path,
        "bytes": run.size,
        "sha256": run.sha256,
        "asked_by": run.asked_by,
        "approved_by": run.approved_by,
        "simulated": run.simulated,
        "state": run.state,
        "started": run.started.astimezone(zone).isoformat(timespec="seconds"),
        "ended": run.ended.astimezone(zone).isoformat(timespec="seconds") if run.ended else None,
        "counts": run.counts,
        "reason": run.reason,
        "report": run.report,
    }


def _row(run: RunRecord, zone: tzinfo) -> list[str]:
    counts = counted({str(outcome): number for outcome, number in run.counts.items()}, run.state)
    state = f"{run.state} (simulated)" if run.simulated else str(run.state)
    return [run.id, state, run.path, minute(run.started.astimezone(zone)), counts, run.reason]


@click.command("report", cls=Verb)
@click.argument("run", default="", shell_complete=completing.runs)
@click.option("--json", "suffix", flag_value=".json", help="Print the report for programs.")
@click.option("--rows", "suffix", flag_value=".rows.csv", help="Print one line of CSV for each row of the file.")
@click.pass_obj
def report(installation: Installation, run: str, suffix: str | None) -> None:
    """Print the report of a run, of the newest if none is named.

    The beginning of a run's name is enough when only one has it.

    \b
    Examples:
      syncd report
      syncd report 20261122-0917
      syncd report --rows > rows.csv
    """
    from syncd.cli.bearings import bearings

    known = bearings(installation)
    with history(known.state) as ledger:
        if not ledger:
            raise UsageError("there is no report yet")
        found = the_run(ledger, run)
    if not found.report:
        raise UsageError(f"the run {found.id} has no report: it is {found.state}")
    path = known.repository / "reports" / (found.report.removesuffix(".txt") + (suffix or ".txt"))
    try:
        click.echo(path.read_bytes(), nl=False)
    except FileNotFoundError as error:
        raise Fault(f"{path} is gone: reports are kept for repository.keep_reports") from error
