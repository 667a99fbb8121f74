"""`syncd doctor`: whether the site lets syncd do what the tools need."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncd.cli.installation import Installation
from syncd.cli.output import document, heading, table
from syncd.cli.verb import Verb

if TYPE_CHECKING:
    from syncd.config import Config
    from syncd.run.examining import Finding, Findings

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
INSTALL = "Install the plugin local_syncd"
UPDATE = f"{MENU}: add to the token's service, from the plugin local_syncd (update it where it lacks them)"
PRACTISED = "These are functions of the plugin local_syncd, which the practice site has with [target] companion = true."
FUNCTIONS = frozenset({"function", "companion"})
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
    from dataclasses import asdict

    config = installation.load()
    practice = config.target.kind == "sandbox"
    found = _examined(config)
    if practice and not any(one.topic in FUNCTIONS and one.state != "ok" for one in found.findings):
        _say_practice(as_json)
        return 0
    cures = list(_to_do(found.findings))
    if practice:
        cures = [PRACTISED if cure.startswith(INSTALL) else cure for cure in cures]
    if as_json:
        ready = not found.missing and not found.error
        document({"ready": ready, "findings": [asdict(one) for one in found.findings], "to_do": cures})
    else:
        for topic, title in TOPICS.items():
            _print(title, [one for one in found.findings if one.topic == topic])
        _print_cures(cures, "To do for the practice site" if practice else "To do in Moodle", away=bool(found.error))
    if found.error:
        return found.error.exit_code
    return 1 if found.missing else 0


def _examined(config: "Config") -> "Findings":
    """What is found of the site; of the practice site, what is found of a new one: none is made by looking."""
    from contextlib import ExitStack, closing
    from tempfile import TemporaryDirectory

    from syncd.run.examining import examine

    with ExitStack() as stack:
        folder = config.state.folder
        if config.target.kind == "sandbox":
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="syncd-doctor-")))
        return examine(stack.enter_context(closing(config.target.open(folder))), config.tools)


def _print_cures(cures: Sequence[str], title: str, *, away: bool) -> None:
    if cures or not away:
        heading(title)
        for cure in cures or ["Nothing."]:
            click.echo(cure)


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
        if any(one.topic == "site" and one.name.startswith("local_syncd ") for one in findings):
            yield f"{UPDATE}: {functions}"
        else:
            yield f"{INSTALL} (docs/MOODLE.md) or, if it is installed, add to the token's service: {functions}"
    if capabilities := named("capability", "missing"):
        yield f"{ROLES}: allow in the role of the token's user: {capabilities}"
    if capabilities := named("capability", "unseen"):
        yield f"Look whether that role has these, which nobody can see from outside: {capabilities}"
    yield from (one.why for one in findings if one.topic in {"site", "token", "server"} and one.state == "missing")
