"""`syncd pause` and `syncd resume`: a tool's timers."""

from datetime import datetime

import click

from syncd.cli.completing import tool_names
from syncd.cli.installation import Installation
from syncd.cli.output import when
from syncd.cli.verb import Verb


@click.command("pause", cls=Verb)
@click.argument("tool", shell_complete=tool_names)
@click.option(
    "--until",
    metavar="TIME",
    help="When it resumes by itself: 18:00, '2026-12-24 06:00', or a duration such as 2h.  [default: never]",
)
@click.pass_obj
def pause(installation: Installation, tool: str, until: str | None) -> None:
    """Let a tool's timers pass without running it.

    Its files wait meanwhile; `syncd run` still runs them. Times are on the site's clock.

    \b
    Examples:
      syncd pause users
      syncd pause users --until 18:00
    """
    from syncd.cli.asking import act
    from syncd.cli.bearings import bearings
    from syncd.cli.moments import parse_moment

    now = datetime.now(bearings(installation).zone)
    end = parse_moment(until, now) if until else None
    act(installation, "pause", {"tool": tool, "until": end.isoformat(timespec="seconds") if end else None})
    click.echo(f"{tool} is paused until {when(end) if end else 'somebody resumes it'}: syncd resume {tool}")


@click.command("resume", cls=Verb)
@click.argument("tool", shell_complete=tool_names)
@click.pass_obj
def resume(installation: Installation, tool: str) -> None:
    """Let a paused tool run again.

    \b
    Example:
      syncd resume users
    """
    from syncd.cli.asking import act

    answer = act(installation, "resume", {"tool": tool})
    click.echo(f"{tool} runs again" if answer["was_paused"] else f"{tool} was not paused")
