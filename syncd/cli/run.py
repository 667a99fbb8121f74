"""`syncd run`: a tool, now."""

import click

from syncd.cli.completing import repository_paths, tool_names
from syncd.cli.installation import Installation
from syncd.cli.verb import Verb


@click.command("run", cls=Verb)
@click.argument("tool", shell_complete=tool_names)
@click.option(
    "--file",
    metavar="PATH",
    shell_complete=repository_paths,
    help="Run on this file of the repository, whatever file the settings name.",
)
@click.option("--simulate", is_flag=True, help="Read, plan and report, but send nothing; the file stays.")
@click.pass_obj
def run(installation: Installation, tool: str, file: str | None, simulate: bool) -> int:
    """Run a tool now, and wait for its report.

    It is the daemon that runs it, or this command where no daemon runs. Without --file the oldest file that waits for
    the tool is run. Pauses and timers don't matter; limits and freezes do.

    \b
    Examples:
      syncd run users
      syncd run users --simulate
      syncd run users --file archives/20261122-091743_users.csv
    """
    from syncd.cli.asking import act
    from syncd.cli.bearings import bearings
    from syncd.cli.outcome import concluded

    answer = act(installation, "run", {"tool": tool, "file": file or "", "simulate": simulate})
    return concluded(bearings(installation).repository, answer)
