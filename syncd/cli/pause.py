"""`syncd pause` and `syncd resume`: a tool's timers."""

from datetime import datetime
from typing import Any

import click

from syncd.cli.completing import tool_names
from syncd.cli.installation import Installation
from syncd.cli.output import when
from syncd.cli.verb import Verb
from syncd.errors import UsageError


@click.command("pause", cls=Verb)
@click.argument("tool", shell_complete=tool_names, required=False)
@click.option("--all", "everything", is_flag=True, help="All tools instead of one.")
@click.option(
    "--until",
    metavar="TIME",
    help="When it resumes by itself: 18:00, '2026-12-24 06:00', or a duration such as 2h.  [default: never]",
)
@click.pass_obj
def pause(installation: Installation, tool: str | None, everything: bool, until: str | None) -> None:
    """Let a tool's timers pass without running it.

    Its files wait meanwhile; `syncd run` still runs them. Times are on the site's clock.

    \b
    Examples:
      syncd pause users
      syncd pause users --until 18:00
      syncd pause --all --until 2h
    """
    from syncd.cli.asking import act
    from syncd.cli.bearings import bearings
    from syncd.cli.moments import parse_moment

    meant = _meant(tool, everything)
    now = datetime.now(bearings(installation).zone)
    end = parse_moment(until, now) if until else None
    answer = act(installation, "pause", {**meant, "until": end.isoformat(timespec="seconds") if end else None})
    for one in answer["tools"]:
        click.echo(f"{one} is paused until {when(end) if end else 'somebody resumes it'}: syncd resume {one}")


@click.command("resume", cls=Verb)
@click.argument("tool", shell_complete=tool_names, required=False)
@click.option("--all", "everything", is_flag=True, help="All tools instead of one.")
@click.pass_obj
def resume(installation: Installation, tool: str | None, everything: bool) -> None:
    """Let a paused tool run again.

    \b
    Examples:
      syncd resume users
      syncd resume --all
    """
    from syncd.cli.asking import act

    answer = act(installation, "resume", _meant(tool, everything))
    for one in answer["tools"]:
        click.echo(f"{one} runs again" if one in answer["resumed"] else f"{one} was not paused")


def _meant(tool: str | None, everything: bool) -> dict[str, Any]:
    if bool(tool) == everything:
        raise UsageError("name one tool, or say --all: syncd status names the tools")
    return {"tool": tool or "", "all": everything}
