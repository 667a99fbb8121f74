"""Where the folders are and which clock counts, for verbs that only look, or hand a wish to the daemon.

They work too where an edit has broken the settings and the daemon runs on those that it read before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from syncd.cli.installation import Installation
from syncd.control import NotRunning, ask
from syncd.errors import Fault, SettingsError

FEW = 3
"""More problems than these are only counted: `syncd check` says them all."""


@dataclass(frozen=True, slots=True)
class Bearings:
    """What such verbs need of the settings."""

    state: Path
    repository: Path
    zone: tzinfo
    tools: Sequence[str]


def bearings(installation: Installation) -> Bearings:
    """They are as the settings say, or, where those can't be used, as the daemon says that runs; that is warned of.

    Raises `SettingsError` when the settings can't be used and no daemon runs.
    """
    if not installation.bearings:
        installation.bearings = _found(installation)
    return installation.bearings


def _found(installation: Installation) -> Bearings:
    try:
        config = installation.load()
    except SettingsError as error:
        return _of_daemon(installation, error)
    return Bearings(config.state.folder, config.repository.folder, config.site.timezone, list(config.tools))


def _of_daemon(installation: Installation, error: SettingsError) -> Bearings:
    from syncd.config.salvage import state_of

    if not (state := state_of(installation.source)):
        raise error
    try:
        status: Mapping[str, Any] = ask(state, "status", {})
        daemon = status["daemon"]
        found = Bearings(
            state, Path(daemon["repository"]), ZoneInfo(daemon["zone"]), [tool["tool"] for tool in status["tools"]]
        )
    except (NotRunning, Fault, LookupError):
        raise error from None
    _warn(error)
    return found


def _warn(error: SettingsError) -> None:
    click.echo(
        f"Warning: {error.source} can't be used as it stands. The daemon goes on with the settings that it read "
        "before; it could not be started with these.",
        err=True,
    )
    for problem in error.problems[:FEW]:
        click.echo(f"  {problem}", err=True)
    if more := len(error.problems[FEW:]):
        click.echo(f"  and {more} more: syncd check", err=True)
