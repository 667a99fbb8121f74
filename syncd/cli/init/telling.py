"""What will be made, whether that is meant, and what is to be done next."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from syncd.cli.init.answers import Setup
from syncd.cli.init.making import described
from syncd.cli.init.pieces import HIDDEN, SHIPPED_PROGRAM, Piece, Program, to_serve, to_try
from syncd.cli.init.place import Place
from syncd.cli.init.rights import cures
from syncd.cli.init.shipped import Shipped
from syncd.cli.output import heading
from syncd.errors import Fault


def pieces(setup: Setup, shipped: Shipped, answers: Mapping[str, str], token: str) -> Iterator[Piece]:
    """The pieces of the set-up."""
    place = setup.place
    there = place.inside(place.settings)
    text = there.read_text(encoding="utf-8") if there.exists() else setup.text(answers)
    if place.here:
        return to_try(place, answers, text, token)
    return to_serve(place, shipped, answers, text, token, program(place))


def program(place: Place) -> str:
    """The program that the unit is to start."""
    ours = f"{sys.prefix}/bin/syncd"
    if place.other:
        return ours if place.inside(ours).exists() else SHIPPED_PROGRAM
    return ours if Path(ours).exists() else shutil.which("syncd") or SHIPPED_PROGRAM


def check_program(place: Place) -> None:
    """Raise `Fault` where a service, which is no root, could not start this program."""
    if place.shipped(f"systemd/system/{place.unit_file}"):
        return
    for path in (program(place), os.path.realpath(sys.executable)):
        closed = [str(above) for above in Path(path).parents if not above.stat().st_mode & 0o001]
        if closed or path.startswith((*HIDDEN, "/tmp/", "/var/tmp/")):
            raise Fault(
                f"a service can't start {path}: it sees neither homes nor what is for root alone. "
                "Install syncd below /opt, with the system's Python (docs/INSTALL.md)."
            )


def agreed(place: Place, pieces: Sequence[Piece]) -> bool:
    """Whether who sits at the terminal wants these to be made."""
    heading("This will be made, where it is not there")
    for piece in pieces:
        if not isinstance(piece, Program):
            click.echo(f"  {described(piece)}")
    click.echo()
    return click.confirm("Make it?", default=True)


def what_is_next(setup: Setup, answers: Mapping[str, str], *, has_token: bool, copied: str) -> None:
    """Say what only an administrator can do; `copied` is the file whose token was copied, if there was one."""
    heading("Next")
    steps = [*_steps(setup, answers, has_token=has_token)]
    if copied:
        steps.insert(0, f"rm {shlex.quote(copied)}    (its token was copied)")
    for number, line in enumerate(steps, 1):
        click.echo(f"  {number}. {line}")


def _steps(setup: Setup, answers: Mapping[str, str], *, has_token: bool) -> Iterator[str]:
    place = setup.place
    file = setup.first_file(answers)
    if place.here:
        command = "syncd" if shutil.which("syncd") else program(place)
        yield f"{command} serve"
        yield f"drop a file as {answers['drop']}/{file}, and see: {command} status"
        return
    named = f" -c {place.instance}" if place.instance else ""
    for cure in cures(place, answers):
        yield f"{cure}    (else syncd does not get at the folder)"
    if not has_token:
        yield f"write the web-service token into {place.token}, mode 0600 (docs/MOODLE.md says how to get one)"
    if place.other:
        yield f"on that machine, once it runs: systemctl enable --now {place.unit.removesuffix('.service')}"
    else:
        yield f"systemctl enable --now {place.unit.removesuffix('.service')}"
    yield f"syncd doctor{named}"
    yield f"drop a file as {answers['drop']}/{file}, and see: syncd status{named}"
    yield f"look through {place.settings}: each key stands there with what it means; then systemctl reload {place.unit}"
