"""What came of a run that somebody asked for, and waited for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from syncd.core.names import shown


def concluded(repository: Path, answer: Mapping[str, Any]) -> int:
    """Print the report of a run, and return its exit code."""
    if report := answer.get("report"):
        path = repository / "reports" / report
        try:
            click.echo(path.read_text(encoding="utf-8"), nl=False)
        except OSError as error:
            click.echo(f"The run {answer['run']} is {answer['state']}, but {path} can't be read: {error.strerror}.")
    elif text := answer.get("text"):
        click.echo(text)
    else:
        because = f": {shown(answer['reason'])}" if answer.get("reason") else ""
        click.echo(f"The run {answer['run']} is {answer['state']}{because}.")
    return int(answer.get("exit", 0))
