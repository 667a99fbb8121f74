"""Command files that name courses, as the plugin's generators write them."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Literal

from syncd.core.lines import COMMENT_MARKS
from syncd.core.names import shown
from syncd.errors import UsageError

if TYPE_CHECKING:
    from syncd.cli.course_listing import Listed
    from syncd.config import Config
    from syncd.tools.base import Tool

Purpose = Literal["delete", "reset", "check"]

KINDS: Mapping[Purpose, str] = {"delete": "courses-delete", "reset": "courses-reset", "check": "courses-check"}

RESET = {
    "roles": "student teacher guest",
    "local_roles": "all",
    "completion": "yes",
    "grades": "all",
    "groups": "all",
    "groupings": "all",
    "blog_associations": "yes",
    "events": "yes",
    "logs": "yes",
    "notes": "yes",
    "comments": "yes",
    "modules": "all",
}
"""The columns of the plugin's reset generator, with what it writes into each row."""

COLUMNS = frozenset({"shortname", "idnumber", "id", "description"})
"""What the header of a list of courses may hold."""


def command_file(config: Config, purpose: Purpose, path: str, courses: Sequence[Listed]) -> tuple[bytes, str]:
    """A command file about some courses, for the tool that takes files of this path, and the tool's name ("": none).

    Raises `UsageError` when that tool is for something else, when a course lacks what the tool finds courses by, or
    when the file's encoding has no letter for it.
    """
    from syncd.daemon.plant import orders_of

    name = orders_of(config).tool_of(path)
    tool = config.tools[name] if name else None
    if tool and tool.kind != KINDS[purpose]:
        raise UsageError(f"{shown(path)} is for the tool {name}, which is of kind {tool.kind}: choose another name")
    identity = str(getattr(tool, "identity", "shortname"))
    if nameless := [course for course in courses if not getattr(course, identity)]:
        some = ", ".join(course.shortname for course in nameless[:10])
        raise UsageError(f"{len(nameless)} of these courses have no {identity}, by which {name} finds them: {some}")
    text = _text(purpose, identity, [str(getattr(course, identity)) for course in courses], _separator(config, tool))
    encoding = getattr(tool, "encoding", None) or config.csv.encoding
    try:
        return text.encode("utf-8" if encoding == "auto" else encoding), name
    except UnicodeEncodeError as error:
        raise UsageError(f"{encoding}, as this file must be, has no sign for {error.object[error.start]}") from error


def _separator(config: Config, tool: Tool | None) -> str:
    separator = getattr(tool, "separator", None) or config.csv.separator
    return {"auto": ";", "tab": "\t"}.get(separator, separator)


def _text(purpose: Purpose, identity: str, values: Sequence[str], separator: str) -> str:
    written = StringIO(newline="")
    # A row that begins like a comment would be passed over, unless it is quoted.
    commented = any(value[0] in COMMENT_MARKS for value in values)
    quoting: Literal[0, 1] = csv.QUOTE_ALL if commented else csv.QUOTE_MINIMAL
    rows = csv.writer(written, delimiter=separator, quoting=quoting, lineterminator="\n")
    if purpose == "reset":
        rows.writerow([identity, *RESET])
        rows.writerows([value, *RESET.values()] for value in values)
    else:
        # The plugin's lists have no header; without one, a course that is called like a column would be taken for it.
        if not COLUMNS.isdisjoint(re.split(r"[\s,;:]+", values[0].lower())):
            rows.writerow([identity])
        rows.writerows([value] for value in values)
    return written.getvalue()


def write(config: Config, path: str, content: bytes) -> None:
    """Write a new file into the repository, and let the daemon know; raises `UsageError` when the name is taken."""
    from syncd.cli.asking import nudge
    from syncd.cli.files_change import ours
    from syncd.disk.durable import sync_folder

    repository = ours(config)
    if not repository.can_take(path):
        raise UsageError(f"{shown(path)} can't be written: a folder has its name, or a file the name of its folder.")
    try:
        repository.write(path, [content])
    except FileExistsError as error:
        raise UsageError(f"{shown(path)} is there already, and nothing is overwritten.") from error
    sync_folder((repository.folder / path).parent)
    nudge(config)


def within(config: Config, name: str) -> str:
    """A name as a path in the repository; raises `UsageError` where no file may lie or one lies already."""
    from syncd.disk.repository import Repository

    repository = Repository(config.repository.folder)
    there = repository.inside(name, writable=True)
    if there.is_dir() or name.endswith("/"):
        raise UsageError(f"{shown(name)} is a folder: name the file")
    if there.exists() or there.is_symlink():
        raise UsageError(f"{shown(name)} is there already, and nothing is overwritten.")
    return str(there.relative_to(repository.folder))
