"""`syncd notices`: how people are told."""

from collections.abc import Mapping

import click

from syncd.cli.installation import Installation
from syncd.cli.output import document, table
from syncd.cli.verb import Family, Verb


@click.command("test", cls=Verb)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def test(installation: Installation, as_json: bool) -> int:
    """Send a test message by every way that the settings name, and say which failed, and why.

    The daemon sends it, if it runs, from where notices are sent: with its credentials, and within its sandbox.
    The exit code is 1 when a way failed.

    \b
    Example:
      syncd notices test
    """
    outcome = _tried(installation)
    if as_json:
        document({"ways": outcome})
    else:
        table(["way", "result", "why"], [[way, "failed" if why else "sent", why] for way, why in outcome.items()])
    return 1 if any(outcome.values()) else 0


def _tried(installation: Installation) -> Mapping[str, str]:
    from syncd.cli.bearings import bearings
    from syncd.control import NotRunning, ask

    try:
        return dict(ask(bearings(installation).state, "notices", {})["ways"])
    except NotRunning:
        from syncd.daemon.notices import try_out

        return try_out(installation.load())


notices = Family(
    "notices",
    help="""How people are told of what happens, by mail and by other services.

    \b
    Example:
      syncd notices test
    """,
    short_help="Try out whether people can be told, by mail and by other services.",
    sections={"Try": [test]},
)
