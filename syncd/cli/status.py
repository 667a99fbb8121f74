"""`syncd status`: what syncd is doing, what waits, and why."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from syncd.cli.installation import Installation
from syncd.cli.output import counted, document, heading, moment, table, when
from syncd.cli.verb import Verb
from syncd.core.durations import spoken
from syncd.core.names import shown

Standing = Mapping[str, Any]


@click.command("status", cls=Verb)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def status(installation: Installation, as_json: bool) -> None:
    """Say what syncd is doing, what waits, and why.

    Each file in the drop folder and in the repository stands there with the reason why it still does. Where no daemon
    runs, what its folders tell is shown.

    \b
    Examples:
      syncd status
      syncd status --json | jq '.waiting[].why'
    """
    from syncd.cli.asking import standing

    found = standing(installation)
    if as_json:
        document(found)
        return
    for line in _sentences(found):
        click.echo(shown(line))
    _section("Alarms", ["since", "alarm", "what", "to do"], _alarms(found["alarms"]))
    _dropped(found["drop"])
    _section("Waiting in the repository", ["file", "bytes", "since", "queued", "why"], _waiting(found["waiting"]))
    _section("Held for a person: syncd approve RUN, or syncd reject RUN", ["run", "file", "why"], _held(found["held"]))
    _section("Tools", ["tool", "file", "timer", "next", "last run", "state", "rows"], _tools(found["tools"]))


def _sentences(found: Standing) -> Iterator[str]:
    daemon, doing = found["daemon"], found["doing"]
    if daemon["running"]:
        since = when(datetime.fromisoformat(daemon["since"]))
        yield f"syncd {daemon['version']} serves {daemon['site']} since {since} (process {daemon['pid']})"
    else:
        yield f"syncd is not running for {daemon['site']} ({daemon['settings']}): what its folders tell is shown"
    if doing:
        of = f" of {doing['total']:,}" if doing["total"] else ""
        rows = f"{doing['rows']:,}{of} rows, " if doing["rows"] or of else ""
        far = f"{doing['phase']}, {rows}{doing['took']:g} s"
        yield f"Running {doing['tool']} on {doing['file']}: {far} ({doing['run']})"
    elif daemon["running"]:
        yield "No run is under way"
    for run in found["broken_off"]:
        yield f"Broken off, to be gone on with: {run['run']} on {run['file']}: {run['why']}"
    yield from _watching(found["drop"])
    yield from map(_freeze, found["freezes"])
    yield from _hearing(found["drop"])
    yield from (f"Trouble: {text}" for text in found["trouble"])


def _freeze(freeze: Standing) -> str:
    of = f" of {', '.join(freeze['tools'])}" if freeze["tools"] else ""
    since = "" if freeze["in_force"] else f"from {moment(freeze['from'])} "
    return f"No run{of} starts {since}until {moment(freeze['until'])}: {freeze['why']} ({freeze['who']})"


def _watching(drop: Standing) -> Iterator[str]:
    if drop["gone"]:
        yield f"The drop folder {drop['folder']} can't be read: nothing is taken until it is there again (syncd doctor)"
        return
    if (canary := drop["canary"]) and drop["watch"] == "inotify":
        yield f"The kernel tells of uploads: within {canary['delay'] * 1000:.0f} ms, tried {spoken(canary['ago'])} ago"
    if drop["watch"] == "poll":
        every = spoken(drop["looks_every"])
        yield f"syncd looks into the drop folder every {every}: there the kernel is not relied on to tell of uploads"


def _alarms(alarms: Sequence[Standing]) -> list[list[str]]:
    return [[moment(alarm["since"]), alarm["alarm"], alarm["what"], alarm["cure"]] for alarm in alarms]


def _hearing(drop: Standing) -> Iterator[str]:
    if drop["sshd"]:
        yield f"sshd's word: {drop['sshd']}"


def _dropped(drop: Standing) -> None:
    title = f"In the drop folder {drop['folder']} ({drop['count']:,})"
    rows = [[file["file"], f"{file['bytes']:,}", _reason(file)] for file in drop["files"]]
    _section(title, ["file", "bytes", "why"], rows)
    if drop["held_since"]:
        since = datetime.fromtimestamp(drop["held_since"]).astimezone()
        click.echo(f"The sender's hold file is there since {when(since)}: nothing is taken until it goes.")
    if drop["count"] > len(rows):
        click.echo(f"and {drop['count'] - len(rows):,} more")


def _reason(file: Standing) -> str:
    return f"{file['why']}. {file['cure']}" if file.get("cure") else str(file["why"])


def _waiting(files: Sequence[Standing]) -> list[list[str]]:
    return [
        [file["file"], f"{file['bytes']:,}", moment(file["since"]), f"{file['queued'] or ''}", _in_short(file["why"])]
        for file in files
    ]


def _in_short(why: str) -> str:
    # The reason has a table of its own, with the run that it belongs to.
    return "held for a person, see below" if why.startswith("held: ") else why


def _held(runs: Sequence[Standing]) -> list[list[str]]:
    return [[run["run"], run["file"], run["reason"]] for run in runs]


def _tools(tools: Sequence[Standing]) -> list[list[str]]:
    return [
        [tool["tool"], tool["file"], ", ".join(tool["timer"]) or "by hand", _next(tool), *_last(tool["last"])]
        for tool in tools
    ]


def _next(tool: Standing) -> str:
    if not (pause := tool["paused"]):
        return f"frozen until {moment(tool['frozen'])}" if tool["frozen"] else moment(tool["next"])
    return f"paused until {moment(pause['until'])}" if pause["until"] else "paused"


def _last(run: Standing | None) -> tuple[str, str, str]:
    return (moment(run["ended"]), run["state"], counted(run["counts"], run["state"])) if run else ("", "", "")


def _section(title: str, columns: Sequence[str], rows: list[list[str]]) -> None:
    if rows:
        heading(title)
        table(columns, rows)
