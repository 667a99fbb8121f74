"""`syncd doctor`: whether the machine and the site let syncd do what it must."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncd.cli.installation import Installation
from syncd.cli.output import document, heading, table
from syncd.cli.verb import Verb
from syncd.core.names import shown

if TYPE_CHECKING:
    from syncd.config import Config
    from syncd.core.findings import Finding
    from syncd.disk.machine.service import Service
    from syncd.run.examining import Findings

HERE = {
    "account": "The account that syncd runs as",
    "settings": "Settings and secrets",
    "drop": "The drop folder",
    "sender": "Those who drop files",
    "repository": "The repository",
    "state": "The state folder",
    "kernel": "The kernel",
    "clock": "The clock",
    "service": "The service",
}
THERE = {
    "site": "The site",
    "token": "The token",
    "server": "The server",
    "function": "Functions that the tools need",
    "companion": "Functions of the companion plugin",
    "capability": "Capabilities of the token's user",
}

FEW = 3
"""Of functions and capabilities that are well, more than these are only counted."""

MENU = "Site administration > Server > Web services > External services"
INSTALL = "Install the plugin local_syncd"
UPDATE = f"{MENU}: add to the token's service, from the plugin local_syncd (update it where it lacks them)"
PRACTISED = "These are functions of the plugin local_syncd, which the practice site has with [target] companion = true."
FUNCTIONS = frozenset({"function", "companion"})
ROLES = "Site administration > Users > Permissions > Define roles"
ASLEEP = "The service does not run: only while it does can root see the credentials that it is given."
PRACTICE = 'The target is the practice site, which lacks nothing. A Moodle site: [target] kind = "rest".'


@click.command("doctor", cls=Verb)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def doctor(installation: Installation, as_json: bool) -> int:
    """Look whether this machine and the site let syncd do what it must, and say what to do.

    Rights are tried as the account that syncd runs as, and as senders, where root calls this; a running daemon is not
    disturbed. Hidden files that are made for it are gone again, and nothing is changed on the site. The exit code is 0
    when nothing is missing that syncd or a tool can't do without, 1 when something is, and 6 when the site can't be
    reached.

    \b
    Examples:
      sudo syncd doctor
      syncd doctor --json | jq '.findings[] | select(.state == "missing")'
    """
    from dataclasses import asdict

    from syncd.cli.machine import examine_machine, refuse_to_hang, service_for

    refuse_to_hang(installation.source)
    config = installation.load()
    service = service_for(config)
    here = examine_machine(config, service)
    if not as_json:
        _print_all(HERE, here)
        _print_cures(list(_typed(here, "missing")), "To do on this machine")
        if worth := list(_typed(here, "warning", "optional", "unseen")):
            _print_cures(worth, "Worth doing on this machine")
    there = _examined(config, service)
    cures = _cures(config, there.findings)
    findings = [*here, *there.findings]
    missing = any(one.state == "missing" for one in findings)
    if as_json:
        to_do = [*(one.cure for one in here if one.cure), *cures]
        ready = not missing and not there.error
        document({"ready": ready, "findings": [asdict(one) for one in findings], "to_do": to_do})
    else:
        _print_site(config, there, cures)
    if there.error:
        return there.error.exit_code
    return 1 if missing else 0


def _examined(config: "Config", service: "Service | None") -> "Findings":
    """What is found of the site; of the practice site, what is found of a new one: none is made by looking."""
    from contextlib import ExitStack, closing
    from tempfile import TemporaryDirectory

    from syncd.core.findings import Finding
    from syncd.errors import Fault
    from syncd.run.examining import Findings, examine

    if service:
        service.lend_credentials(os.environ)
    with ExitStack() as stack:
        folder = config.state.folder
        if config.target.kind == "sandbox":
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="syncd-doctor-")))
        try:
            target = stack.enter_context(closing(config.target.open(folder)))
        except Fault as fault:
            asleep = service is not None and not service.pid
            why = f"{fault}. {ASLEEP}" if asleep else str(fault)
            return Findings((Finding("token", "token", "missing", why),), fault)
        found = examine(target, config.tools)
    if config.target.kind == "sandbox" and not any(_wanting(one) for one in found.findings):
        return Findings(())
    return found


def _wanting(finding: "Finding") -> bool:
    """Whether a function is not there."""
    return finding.topic in FUNCTIONS and finding.state != "ok"


def _cures(config: "Config", findings: Sequence["Finding"]) -> list[str]:
    cures = list(_to_do(findings))
    if config.target.kind == "sandbox":
        cures = [PRACTISED if cure.startswith(INSTALL) else cure for cure in cures]
    return cures


def _print_site(config: "Config", found: "Findings", cures: Sequence[str]) -> None:
    practice = config.target.kind == "sandbox"
    if practice and not found.findings:
        click.echo()
        click.echo(PRACTICE)
        return
    _print_all(THERE, found.findings, short=True)
    if cures or not found.error:
        _print_cures(cures, "To do for the practice site" if practice else "To do in Moodle")


def _typed(findings: Sequence["Finding"], *states: str) -> Iterator[str]:
    """The cures of findings in such a state, each below its reason, as a shell takes both."""
    for one in findings:
        if one.cure and one.state in states:
            yield f"# {shown(f'{one.name}: {one.why}')}\n{_copied(one.cure)}"


def _copied(cure: str) -> str:
    """A command as a shell takes it, backslashes and all; one that holds what a terminal obeys is only shown."""
    return cure if cure.isprintable() else shown(cure)


def _print_cures(cures: Sequence[str], title: str) -> None:
    heading(title)
    for cure in dict.fromkeys(cures) or ["Nothing."]:
        click.echo(cure)


def _print_all(titles: dict[str, str], findings: Sequence["Finding"], *, short: bool = False) -> None:
    for topic, title in titles.items():
        _print(title, [one for one in findings if one.topic == topic], short=short)


def _print(title: str, findings: Sequence["Finding"], *, short: bool) -> None:
    """What was found of one topic; where there is much of it, and `short`, only how much of it is well."""
    well = [one for one in findings if one.state == "ok"]
    short = short and len(well) > FEW
    if findings:
        heading(f"{title} ({len(well)} of {len(findings)} are there)" if short else title)
    rows = [[one.name, one.state, one.why] for one in findings if not short or one.state != "ok"]
    if rows:
        topic = findings[0].topic
        table(["folder" if topic == "state" else topic, "state", "why"], rows)


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
