"""`syncd doctor`: whether the site lets syncd do what the tools need."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from syncd.cli.installation import Installation
from syncd.cli.output import document, heading, table
from syncd.cli.verb import Verb

if TYPE_CHECKING:
    from syncd.run.examining import Finding

TOPICS = {
    "site": "The site",
    "token": "The token",
    "server": "The server",
    "function": "Functions that the tools need",
    "companion": "Functions of the companion plugin",
    "capability": "Capabilities of the token's user",
}

FEW = 3
"""Of things that are well, more than these are only counted."""

MENU = "Site administration > Server > Web services > External services"
ROLES = "Site administration > Users > Permissions > Define roles"


@click.command("doctor", cls=Verb)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def doctor(installation: Installation, as_json: bool) -> int:
    """Look whether the site lets syncd do what the tools need, and say what to tick in Moodle.

    Nothing is changed there. The exit code is 0 when nothing is missing that a tool can't do without, 1 when something
    is, and 6 when the site can't be reached.

    \b
    Examples:
      syncd doctor
      syncd doctor --json | jq '.findings[] | select(.state == "missing")'
    """
    from contextlib import closing
    from dataclasses import asdict

    from syncd.run.examining import examine

    config = installation.load()
    if config.target.kind == "sandbox":
        _say_practice(as_json)
        return 0
    with closing(config.target.open(config.state.folder)) as target:
        found = examine(target, config.tools)
    cures = list(_to_do(found.findings))
    if as_json:
        ready = not found.missing
        document({"ready": ready, "findings": [asdict(one) for one in found.findings], "to_do": cures})
    else:
        for topic, title in TOPICS.items():
            _print(title, [one for one in found.findings if one.topic == topic])
        heading("To do in Moodle")
        for cure in cures or ["Nothing."]:
            click.echo(cure)
    if found.error:
        return found.error.exit_code
    return 1 if found.missing else 0


def _say_practice(as_json: bool) -> None:
    if as_json:
        document({"ready": True, "findings": [], "to_do": []})
    else:
        click.echo('The target is the practice site, which lacks nothing. A Moodle site: [target] kind = "rest".')


def _print(title: str, findings: Sequence["Finding"]) -> None:
    """What was found of one topic; where there is much of it, only how much of it is well."""
    well = [one for one in findings if one.state == "ok"]
    short = len(well) > FEW
    if findings:
        heading(f"{title} ({len(well)} of {len(findings)} are there)" if short else title)
    rows = [[one.name, one.state, one.why] for one in findings if not short or one.state != "ok"]
    if rows:
        table([findings[0].topic, "state", "why"], rows)


def _to_do(findings: Sequence["Finding"]) -> Iterator[str]:
    def named(topic: str, *states: str) -> str:
        return ", ".join(one.name for one in findings if one.topic == topic and one.state in states)

    if functions := named("function", "missing"):
        yield f"{MENU}: add to the token's service: {functions}"
    if functions := named("function", "optional"):
        yield f"There too, to be faster: {functions}"
    if functions := named("companion", "missing", "optional"):
        yield f"Install the plugin local_syncd (docs/MOODLE.md), and add to the token's service: {functions}"
    if capabilities := named("capability", "missing"):
        yield f"{ROLES}: allow in the role of the token's user: {capabilities}"
    if capabilities := named("capability", "unseen"):
        yield f"Look whether that role has these, which nobody can see from outside: {capabilities}"
    yield from (one.why for one in findings if one.topic in {"site", "token", "server"} and one.state == "missing")
