"""`syncd check`: the settings."""

from datetime import datetime

import click

from syncd.cli.installation import Installation
from syncd.cli.output import heading, minute, table
from syncd.cli.verb import Verb
from syncd.errors import SettingsError


@click.command("check", cls=Verb)
@click.pass_obj
def check(installation: Installation) -> None:
    """Read the settings, and say everything that is wrong in them.

    Nothing is changed. With settings that can't be used the exit code is 2, and each line names a key, what is wrong
    with it, and the nearest right name.

    \b
    Example:
      syncd check -c /etc/syncd/syncd.toml && systemctl reload syncd
    """
    config = installation.load(writable=True)
    if config.notices.ways or config.notices.ping_file or config.notices.ping_credential:
        from syncd.daemon.notices import unusable

        if problems := unusable(config.notices):
            raise SettingsError(str(config.source), problems)
    from syncd.core.agenda import next_tick

    click.echo(f"OK: {config.source}")
    heading(f"The site {config.site.name} ({config.target.kind}), on the clock of {config.site.timezone}")
    table(
        ["folder", "path"],
        [
            ["drop", str(config.drop.folder)],
            ["repository", str(config.repository.folder)],
            ["state", str(config.state.folder)],
        ],
    )
    heading(f"Tools ({len(config.tools)})")
    now = datetime.now(config.site.timezone)
    table(
        ["tool", "kind", "file", "timer", "next"],
        [
            [
                name,
                tool.kind,
                tool.file,
                ", ".join(str(timer) for timer in tool.timer) or "by hand",
                minute(tick) if (tick := next_tick(tool.timer, now)) else "",
            ]
            for name, tool in config.tools.items()
        ],
    )
