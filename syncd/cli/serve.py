"""`syncd serve`: the daemon."""

import os
import sys
from functools import partial

import click

from syncd.cli.installation import Installation
from syncd.cli.verb import Verb


@click.command("serve", cls=Verb)
@click.pass_obj
def serve(installation: Installation) -> None:
    """Run the daemon: take dropped files in, run the tools on their timers.

    It stays in the foreground until SIGTERM or Ctrl-C; a second one hurries it. SIGHUP reads the settings again.
    systemd starts it; by hand it is for trying things out.

    \b
    Example:
      syncd serve -c ./syncd.toml
    """
    from syncd import logs
    from syncd.daemon.loop import Daemon
    from syncd.notify import Notify

    logs.configure(logs.choose(sys.stderr, os.environ))
    load = partial(installation.load, writable=True)
    Daemon(load(), load, Notify.from_environment(os.environ, os.getpid())).serve()
