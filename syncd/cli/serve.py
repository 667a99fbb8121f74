"""`syncd serve`: the daemon."""

import os
import sys
from functools import partial

import click

from syncd.cli.installation import Installation
from syncd.cli.verb import Verb
from syncd.core.durations import parse


def _seconds(_context: click.Context, _option: click.Parameter, text: str) -> float:
    try:
        return parse(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} {error}") from error


@click.command("serve", cls=Verb)
@click.option(
    "--hurry-after",
    metavar="TIME",
    default="2m",
    show_default=True,
    callback=_seconds,
    help="How long after the signal to stop a program under way may go on before it is asked to end.",
)
@click.pass_obj
def serve(installation: Installation, hurry_after: float) -> None:
    """Run the daemon: take dropped files in, run the tools on their timers.

    It stays in the foreground until SIGTERM or Ctrl-C; a second one hurries it. SIGHUP reads the settings again, and
    so does `syncd reload`, which says what came of it.
    systemd starts it; by hand it is for trying things out.

    \b
    Example:
      syncd serve -c ./syncd.toml
    """
    from syncd import logs
    from syncd.daemon.loop import Daemon
    from syncd.daemon.room import wait_for_room
    from syncd.notify import Notify

    logs.configure(logs.choose(sys.stderr, os.environ))
    load = partial(installation.load, writable=True)
    notify = Notify.from_environment(os.environ, os.getpid())
    config = load()
    wait_for_room({config.state.folder: "the state folder", config.repository.folder: "the repository"}, notify)
    Daemon(config, load, notify, hurry_after=hurry_after).serve()
