"""What the shell offers for a half-written argument; when anything goes wrong, nothing."""

import os
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING

import click

from syncd.cli.installation import Installation
from syncd.core.patterns import is_pattern

if TYPE_CHECKING:
    from syncd.disk.repository import Repository

Offer = Callable[[click.Context, click.Parameter, str], list[str]]


def _quiet(offer: Offer) -> Offer:
    @wraps(offer)
    def offered(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
        try:
            return [text for text in offer(ctx, parameter, begun) if text.startswith(begun)]
        except Exception:  # a shell in the middle of a line is no place for an error
            return []

    return offered


@_quiet
def tool_names(ctx: click.Context, _parameter: click.Parameter, _begun: str) -> list[str]:
    """The tools of the settings."""
    return list(ctx.ensure_object(Installation).load().tools)


@_quiet
def held_runs(ctx: click.Context, _parameter: click.Parameter, _begun: str) -> list[str]:
    """The runs that wait for a person's word."""
    from syncd.cli.asking import standing

    return [run["run"] for run in standing(ctx.ensure_object(Installation))["held"]]


@_quiet
def runs(ctx: click.Context, _parameter: click.Parameter, _begun: str) -> list[str]:
    """The newest runs."""
    from syncd.cli.history import history

    with history(ctx.ensure_object(Installation).load().state.folder) as ledger:
        return [run.id for run in ledger.runs(limit=100)] if ledger else []


@_quiet
def repository_paths(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """The files and folders of the repository, one folder further; a folder alone is gone into."""
    from syncd.disk.repository import Repository

    repository = Repository(ctx.ensure_object(Installation).load().repository.folder)
    found = _paths(repository, begun)
    return _paths(repository, found[0]) or found if len(found) == 1 and found[0].endswith("/") else found


@_quiet
def courses_files(ctx: click.Context, _parameter: click.Parameter, _begun: str) -> list[str]:
    """What may be done about courses, and the files of the tools that do it."""
    from syncd.cli.course_file import KINDS

    tools = ctx.ensure_object(Installation).load().tools.values()
    return [*KINDS, *(tool.file for tool in tools if tool.kind in KINDS.values() and not is_pattern(tool.file))]


def _paths(repository: "Repository", begun: str) -> list[str]:
    folder = begun[: begun.rfind("/") + 1]
    with os.scandir(repository.inside(folder, writable=False)) as entries:
        names = [folder + entry.name + "/" * entry.is_dir() for entry in entries if not entry.name.startswith(".")]
    return sorted(name for name in names if name.startswith(begun))
