"""`syncd agenda`: when tools run next."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from heapq import merge
from itertools import groupby, islice
from typing import Any

import click

from syncd.cli.installation import Installation
from syncd.cli.output import document, table, when
from syncd.cli.verb import Verb


@click.command("agenda", cls=Verb)
@click.option("-n", "--number", type=click.IntRange(1, 10_000), default=10, show_default=True, help="How many times.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def agenda(installation: Installation, number: int, as_json: bool) -> None:
    """List the next times of all tools, on the site's clock.

    A tool runs at its time if a file waits for it. Tools without a time are named below the list.

    \b
    Example:
      syncd agenda -n 20
    """
    from syncd.cli.asking import standing
    from syncd.cli.bearings import bearings

    zone = bearings(installation).zone
    tools = standing(installation)["tools"]
    now = datetime.now(zone)
    times = upcoming(tools, now, number)
    untimed = [tool for tool in tools if not tool["next"]]
    if as_json:
        rest = [{key: tool[key] for key in ("tool", "file", "timer")} for tool in untimed]
        document({"zone": str(zone), "times": times, "untimed": rest})
        return
    table(
        [f"time ({zone})", "tool", "file", "timer", ""],
        [
            [when(datetime.fromisoformat(time["at"])), time["tool"], time["file"], time["timer"], _mark(time)]
            for time in times
        ],
    )
    for tool in untimed:
        click.echo(f"{tool['tool']}: {' and '.join(tool['timer']) or 'only by syncd run'}")


def upcoming(tools: Sequence[Mapping[str, Any]], now: datetime, number: int) -> list[dict[str, Any]]:
    """The next times of the tools together, in order; several timers of a tool that coincide are one."""
    from syncd.core.agenda import next_ticks, parse

    order = {tool["tool"]: at for at, tool in enumerate(tools)}
    ticks = merge(
        *(
            [(tick.timestamp(), order[tool["tool"]], timer) for tick in next_ticks([parse(timer)], now, number)]
            for tool in tools
            for timer in tool["timer"]
        )
    )
    together = groupby(ticks, key=lambda tick: tick[:2])
    return [
        _time(tools[at], datetime.fromtimestamp(moment, now.tzinfo), [timer for *_, timer in same])
        for (moment, at), same in islice(together, number)
    ]


def _time(tool: Mapping[str, Any], at: datetime, timers: list[str]) -> dict[str, Any]:
    pause = tool["paused"]
    paused = bool(pause) and (not pause["until"] or at < datetime.fromisoformat(pause["until"]))
    return {
        "at": at.isoformat(),
        "tool": tool["tool"],
        "file": tool["file"],
        "timer": ", ".join(timers),
        "paused": paused,
    }


def _mark(time: Mapping[str, Any]) -> str:
    return "paused" if time["paused"] else ""
