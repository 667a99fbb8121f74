"""`syncd agenda`: when tools run next."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from heapq import merge
from itertools import groupby, islice
from typing import Any

import click

from syncd.cli.installation import Installation
from syncd.cli.output import document, table, when
from syncd.cli.verb import Verb
from syncd.core.freeze import Freeze


@click.command("agenda", cls=Verb)
@click.option("-n", "--number", type=click.IntRange(1, 10_000), default=10, show_default=True, help="How many times.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def agenda(installation: Installation, number: int, as_json: bool) -> None:
    """List the next times of all tools, on the site's clock.

    A tool runs at its time if a file waits for it. What falls into a freeze is made once, at its end. Tools without a
    time are named below the list.

    \b
    Example:
      syncd agenda -n 20
    """
    from syncd.cli.asking import standing
    from syncd.cli.bearings import bearings

    zone = bearings(installation).zone
    found = standing(installation)
    tools = found["tools"]
    times = upcoming(tools, found["freezes"], datetime.now(zone), number)
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


def upcoming(
    tools: Sequence[Mapping[str, Any]], freezes: Sequence[Mapping[str, Any]], now: datetime, number: int
) -> list[dict[str, Any]]:
    """The next times of the tools together, in order; several timers of a tool that coincide are one."""
    from syncd.core.agenda import next_ticks, parse
    from syncd.core.freeze import thaw

    periods = [_freeze(freeze) for freeze in freezes]
    order = {tool["tool"]: at for at, tool in enumerate(tools)}
    ticks = merge(
        *(
            [
                (tick.timestamp(), order[tool["tool"]], timer)
                for tick in next_ticks([parse(timer)], now, number, partial(thaw, periods, tool["tool"]))
            ]
            for tool in tools
            for timer in tool["timer"]
        )
    )
    together = groupby(ticks, key=lambda tick: tick[:2])
    return [
        _time(tools[at], datetime.fromtimestamp(moment, now.tzinfo), [timer for *_, timer in same], periods)
        for (moment, at), same in islice(together, number)
    ]


def _freeze(freeze: Mapping[str, Any]) -> Freeze:
    begins, ends = (datetime.fromisoformat(freeze[key]) for key in ("from", "until"))
    return Freeze(begins=begins, ends=ends, who=freeze["who"], why=freeze["why"], tools=tuple(freeze["tools"]))


def _time(tool: Mapping[str, Any], at: datetime, timers: list[str], freezes: Sequence[Freeze]) -> dict[str, Any]:
    pause = tool["paused"]
    paused = bool(pause) and (not pause["until"] or at < datetime.fromisoformat(pause["until"]))
    return {
        "at": at.isoformat(),
        "tool": tool["tool"],
        "file": tool["file"],
        "timer": ", ".join(timers),
        "paused": paused,
        "thawed": any(freeze.ends == at for freeze in freezes if freeze.means(tool["tool"])),
    }


def _mark(time: Mapping[str, Any]) -> str:
    return "paused" if time["paused"] else "after a freeze" if time["thawed"] else ""
