"""What verbs print: tables in colour at a terminal, plain aligned text in a pipe, JSON for programs."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import click

from syncd.core.names import shown

NUMBERS = frozenset({"activities", "bytes", "enrolled", "id", "queued"})
"""The columns that are aligned to the right."""

LONG = frozenset({"category", "file", "name", "path", "rows", "timer", "to do", "what", "why"})
"""The columns that are folded where the terminal is narrow."""

COLOURS = {
    "done": "green",
    "running": "cyan",
    "held": "yellow",
    "interrupted": "yellow",
    "unreachable": "yellow",
    "refused": "red",
    "failed": "red",
    "ok": "green",
    "optional": "yellow",
    "unseen": "yellow",
    "warning": "yellow",
    "missing": "red",
}
"""How the states of runs, and of what a site has, are painted."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def document(value: object) -> None:
    """Print one JSON document, in UTF-8 whatever the terminal is set to."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    # A name that is not UTF-8 carries lone surrogates, which many JSON readers refuse: the text \udce9 stands for one.
    text = _SURROGATE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text)
    click.echo(text.encode())


def heading(text: str) -> None:
    """Print the line above a table, after an empty one."""
    click.echo()
    click.echo(click.style(shown(text), bold=True) if sys.stdout.isatty() else shown(text))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; cells are any text, and are shown escaped."""
    cells = [[shown(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _painted(columns, cells)
    else:
        _plain(columns, cells)


def _painted(columns: Sequence[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in NUMBERS else "left"
        drawn.add_column(column, justify=justify, overflow="fold", no_wrap=column not in LONG)
    for row in rows:
        drawn.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in row))
    Console().print(drawn)


def _plain(columns: Sequence[str], rows: list[list[str]]) -> None:
    lines = [list(columns), *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    for line in lines:
        cells = (
            cell.rjust(width) if column in NUMBERS else cell.ljust(width)
            for column, cell, width in zip(columns, line, widths, strict=True)
        )
        click.echo("  ".join(cells).rstrip())


def moment(text: str | None) -> str:
    """An ISO time in a table, to the minute; "" for none."""
    return minute(datetime.fromisoformat(text)) if text else ""


def minute(time: datetime) -> str:
    """A time in a table, to the minute: it is on the site's clock."""
    return f"{time:%Y-%m-%d %H:%M}"


def when(time: datetime) -> str:
    """A time in a sentence, to the second, with its offset."""
    return f"{time:%Y-%m-%d %H:%M:%S %z}"


def counted(counts: Mapping[str, int], state: str) -> str:
    """Rows by outcome in one line, those that are none left out; of a held run they are only planned."""
    numbers = ", ".join(f"{number:,} {outcome}" for outcome, number in counts.items() if number)
    return f"planned: {numbers}" if numbers and state == "held" else numbers
