"""`syncd approve` and `syncd reject`: a person's word on a held run."""

import click

from syncd.cli.completing import held_runs
from syncd.cli.installation import Installation
from syncd.cli.verb import Verb


@click.command("approve", cls=Verb)
@click.argument("run", shell_complete=held_runs)
@click.pass_obj
def approve(installation: Installation, run: str) -> int:
    """Let a held run go on, and wait for its report.

    Exactly what was planned is approved: if the file or the plan has moved since, the run is held again.
    `syncd status` names the held runs, `syncd report RUN` says why they are held.

    \b
    Example:
      syncd approve 20261122-091743-users
    """
    return _decided(installation, "approve", run)


@click.command("reject", cls=Verb)
@click.argument("run", shell_complete=held_runs)
@click.pass_obj
def reject(installation: Installation, run: str) -> int:
    """Put the file of a held run aside, and send nothing.

    The file goes to archives/refused/.

    \b
    Example:
      syncd reject 20261122-091743-users
    """
    return _decided(installation, "reject", run)


def _decided(installation: Installation, verb: str, run: str) -> int:
    from syncd.cli.asking import act
    from syncd.cli.bearings import bearings
    from syncd.cli.outcome import concluded

    return concluded(bearings(installation).repository, act(installation, verb, {"run": run}))
