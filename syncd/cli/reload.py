"""`syncd reload`: the settings, read again by the running daemon."""

import click

from syncd.cli.installation import Installation
from syncd.cli.verb import Verb
from syncd.errors import Fault


@click.command("reload", cls=Verb)
@click.pass_obj
def reload(installation: Installation) -> None:
    """Have the daemon read its settings again, and say what came of it.

    Wrong ones are refused, with exit code 2, and the old ones stay. `systemctl reload syncd` does this.

    \b
    Example:
      syncd reload
    """
    from syncd.control import NotRunning, ask

    folder = installation.load().state.folder
    try:
        answer = ask(folder, "reload", {})
    except NotRunning:
        raise Fault(f"no syncd runs for {folder}: if [state] folder was changed, restart it, else start it") from None
    click.echo(f"the settings were read again; tools: {', '.join(answer['tools']) or 'none'}")
