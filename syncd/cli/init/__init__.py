"""`syncd init`: from an installed program to a service."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncd.cli.installation import Installation
from syncd.cli.verb import Verb
from syncd.errors import UsageError

if TYPE_CHECKING:
    from syncd.cli.init.place import Place


@click.command("init", cls=Verb)
@click.argument("name", default="")
@click.option("--yes", is_flag=True, help="Ask nothing: what no option says is as usual.")
@click.option("--dry-run", is_flag=True, help="Show what would be written and run; do nothing.")
@click.option(
    "--here", is_flag=True, help="For a try, as who you are: settings and folders in this folder, no service."
)
@click.option("--site", metavar="NAME", help="What the site is called, in reports and logs.")
@click.option("--zone", metavar="ZONE", help="The site's time zone, such as Europe/Paris.")
@click.option(
    "--moodle",
    metavar="FOLDER",
    type=click.Path(),
    help="Its Moodle's folder, or config.php: tells data folder and address.",
)
@click.option("--drop", metavar="FOLDER", type=click.Path(), help="The folder into which files are uploaded.")
@click.option("--sender", metavar="ACCOUNT", help="The account that uploads, to come into the group.")
@click.option("--group", metavar="GROUP", help="The group of those who upload; syncd comes into it.")
@click.option(
    "--repository", metavar="FOLDER", type=click.Path(), help="The folder where files wait and archives are kept."
)
@click.option("--url", metavar="URL", help="The Moodle site's address, or practice, to rehearse without one.")
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(),
    help="A file with the web-service token, to be copied; -: standard input.",
)
@click.option("--kinds", metavar="KINDS", help="What the files hold: users,courses=erp/courses.csv")
@click.option(
    "--root",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    default="/",
    help="Set up another file system than this machine's own, such as an image.",
)
@click.pass_obj
def init(
    installation: Installation,
    /,
    name: str,
    yes: bool,
    dry_run: bool,
    here: bool,
    token_file: str | None,
    root: Path,
    **given: str | None,
) -> int:
    """Set syncd up: ask a few questions, then write settings, token, users, folders and units.

    With a NAME, the instance syncd@NAME, one of several on a machine. What is there already is kept, never
    overwritten; of settings that are there, nothing is asked. At a terminal each question has its usual answer.

    \b
    Examples:
      syncd init
      syncd init --yes --moodle /var/www/moodle --token-file token.txt
      syncd init library --yes --drop /srv/sftp/library/sync
      syncd init --here
    """
    from syncd.cli.init import asking, making, telling
    from syncd.cli.init.answers import Setup
    from syncd.cli.init.place import Place
    from syncd.cli.init.shipped import shipped

    place = Place(name, root, here)
    found = shipped()
    ask = not (yes or dry_run)
    setup = Setup(place, found.settings.read_text(encoding="utf-8"), attended=ask)
    _refuse_what_can_not_be(installation, place, alone=yes or dry_run, dry_run=dry_run)
    told = {option: answer for option, answer in given.items() if answer is not None}
    answers = asking.answered(setup, told, ask=ask)
    token = asking.token(setup, answers, token_file, ask=ask)
    pieces = list(telling.pieces(setup, found, answers, token))
    if dry_run:
        making.show(place, pieces)
        return 0
    if not yes and not telling.agreed(place, pieces):
        click.echo("Nothing was written.")
        return 1
    making.make(place, pieces)
    copied = token_file if token_file and token_file != "-" else ""
    telling.what_is_next(setup, answers, has_token=asking.has_token(setup, answers), copied=copied)
    return 0


def _refuse_what_can_not_be(installation: Installation, place: Place, *, alone: bool, dry_run: bool) -> None:
    from syncd.cli.init.telling import check_program

    if installation.named:
        raise UsageError("syncd init writes the settings itself: a NAME, or --here, says which, not -c")
    if place.instance and (place.here or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", place.instance)):
        raise UsageError("a NAME is of letters, digits, - and _; a try by --here has none")
    if place.instance == "syncd":
        raise UsageError("/etc/syncd/syncd.toml is the settings of syncd without a NAME: leave it out")
    if place.here and place.other:
        raise UsageError("--here is for this machine, --root for another's file system: one of them")
    if not alone and not sys.stdin.isatty():
        raise UsageError("there is nobody to ask: say --yes, and by options what is not as usual")
    if place.here or dry_run:
        return
    if os.geteuid() != 0:
        raise UsageError("a service is set up by root (sudo syncd init); for a try as who you are: syncd init --here")
    if not place.other:
        check_program(place)
