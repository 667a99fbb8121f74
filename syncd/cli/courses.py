"""`syncd courses`: the site's courses, and files that do something about some of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from syncd.cli.bar import busy
from syncd.cli.completing import courses_files
from syncd.cli.course_file import KINDS, Purpose
from syncd.cli.installation import Installation
from syncd.cli.output import document, minute, table
from syncd.cli.verb import Verb
from syncd.core.names import shown
from syncd.errors import Fault, UsageError

if TYPE_CHECKING:
    from datetime import tzinfo

    from syncd.cli.course_listing import Listed, Selection
    from syncd.config import Config

UNTOLD = "not known without the companion plugin: who is enrolled, activities, last access"


@click.command("courses", cls=Verb)
@click.option("--category", metavar="CATEGORY", default="", help="In or below it: an id, idnumber or path.")
@click.option("--pattern", metavar="PATTERN", default="", help="With such a short name, as in 'PHY-*'.")
@click.option("--empty", is_flag=True, help="In which nobody is enrolled.")
@click.option("--older-than", metavar="TIME", help="Made at least so long ago, as in 365d.")
@click.option("--never-used", is_flag=True, help="In which nobody has ever been.")
@click.option(
    "--to-file",
    metavar="WHAT NAME",
    type=(click.Choice(list(KINDS)), str),
    help="Write them into a new command file of the repository, to delete, reset or check them.",
    shell_complete=courses_files,
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def courses(
    installation: Installation,
    category: str,
    pattern: str,
    empty: bool,
    older_than: str | None,
    never_used: bool,
    to_file: tuple[Purpose, str] | None,
    as_json: bool,
) -> None:
    """List the site's courses, those that fit all that is asked for.

    Nothing on the site is changed. A file that is written waits as a dropped one does, for its tool's timer and limits.

    \b
    Examples:
      syncd courses --category Science/Physics
      syncd courses --empty --older-than 730d --to-file delete erp/deletecourses.csv
    """
    from syncd.cli.course_file import command_file, within, write
    from syncd.cli.course_listing import Selection
    from syncd.cli.machine import lend_credentials
    from syncd.cli.owner import act_as_owner

    config = installation.load()
    selection = Selection(category, pattern, empty, _moment(older_than), never_used)
    if to_file and to_file[0] != "check" and selection.of_all:
        raise UsageError(f"that would {to_file[0]} every course of the site: say which ones, as by --category")
    lend_credentials(config)
    act_as_owner(config)
    path = within(config, to_file[1]) if to_file else ""
    with busy("Asking the site"):
        found = _found(config, selection)
    said = ""
    if to_file:
        if not found:
            raise UsageError("no course fits: no file was written")
        content, tool = command_file(config, to_file[0], path, found)
        write(config, path, content)
        meant = (
            f"for the tool {tool}" if tool else f"but no tool of kind {KINDS[to_file[0]]} is configured for this name"
        )
        said = f"{len(found)} course{'s' if found[1:] else ''} in {shown(path)}, {meant}"
    _show(config, found, path, as_json=as_json)
    if said:
        click.echo(said, err=as_json)


def _moment(older_than: str | None) -> int | None:
    """The moment before which courses were made that are older than this."""
    from syncd.core.durations import parse

    if older_than is None:
        return None
    try:
        return int(datetime.now(UTC).timestamp() - parse(older_than))
    except ValueError as error:
        raise UsageError(f"--older-than {shown(older_than)} {error}") from error


def _found(config: Config, selection: Selection) -> list[Listed]:
    from concurrent.futures import ThreadPoolExecutor

    from syncd.cli.course_listing import listing
    from syncd.daemon.plant import target_of

    if config.target.kind == "sandbox":
        _make_state(config)
    target = target_of(config)
    try:
        with ThreadPoolExecutor(config.target.connections) as pool:
            return listing(target, selection, pool.map)
    finally:
        target.close()


def _make_state(config: Config) -> None:
    """Make the state folder, where a practice site lies, as the first run does."""
    try:
        config.state.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise Fault(f"{error.filename} can't be made: {error.strerror}") from error


def _show(config: Config, found: list[Listed], path: str, *, as_json: bool) -> None:
    zone = config.site.timezone
    if as_json:
        document({"courses": [_told(course, zone) for course in found], "file": path})
        return
    table(
        ["id", "shortname", "idnumber", "name", "category", "made", "enrolled", "activities", "last access"],
        [
            [
                str(course.id),
                course.shortname,
                course.idnumber,
                course.fullname,
                course.category,
                _minute(course.created, zone),
                _number(course.enrolled),
                _number(course.activities),
                "" if course.last_access is None else _minute(course.last_access, zone) or "never",
            ]
            for course in found
        ],
    )
    if any(course.activities is None for course in found):
        click.echo(UNTOLD, err=True)


def _told(course: Listed, zone: tzinfo) -> dict[str, Any]:
    def moment(seconds: int | None) -> str | None:
        return datetime.fromtimestamp(seconds, zone).isoformat(timespec="seconds") if seconds else None

    return {
        "id": course.id,
        "shortname": course.shortname,
        "idnumber": course.idnumber,
        "fullname": course.fullname,
        "categoryid": course.categoryid,
        "category": course.category,
        "visible": course.visible,
        "created": moment(course.created),
        "enrolled": course.enrolled,
        "activities": course.activities,
        "last_access": moment(course.last_access),
        "used": None if course.last_access is None else bool(course.last_access),
    }


def _minute(seconds: int, zone: tzinfo) -> str:
    return minute(datetime.fromtimestamp(seconds, zone)) if seconds else ""


def _number(count: int | None) -> str:
    return "" if count is None else f"{count:,}"
