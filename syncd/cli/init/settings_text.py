"""The documented settings with a site's own values in them: their comments stay."""

import json
import re
from collections.abc import Mapping, Sequence

from syncd.errors import Fault

BETWEEN = "\n\n\n"
"""What stands between the tables of the documented settings, each with its comment."""

TIMER = '["on arrival", "every 15m"]'


def settings_text(documented: str, values: Mapping[str, Mapping[str, str]], tools: Sequence[tuple[str, str]]) -> str:
    """The text with `values` (table, key, value) in place of the examples, and with these tools (kind, file) alone."""
    blocks: list[str] = []
    told = False
    for block in documented.rstrip("\n").split(BETWEEN):
        heading = re.search(r"^\[([a-z]+)", block, re.MULTILINE)
        name = heading[1] if heading else ""
        if name != "tools":
            blocks.append(_filled(block, values.get(name, {})))
        elif not told:  # the first has the comments
            blocks += [_as_tool(block, *tools[0]), *(_tool(*each) for each in tools[1:])]
            told = True
    return BETWEEN.join(blocks) + "\n"


def quoted(value: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(value, ensure_ascii=False)


def _filled(block: str, values: Mapping[str, str]) -> str:
    for key, value in values.items():
        lines = list(re.finditer(rf'^(?:#\s+)?{key} = (?:"[^"]*"|\S+)( +#.*)?$', block, re.MULTILINE))
        if not lines:
            raise Fault(f"the documented settings have no line for {key}: they are of another version than this syncd")
        place = lines[-1]
        block = f"{block[: place.start()]}{key} = {quoted(value)}{place[1] or ''}{block[place.end() :]}"
    return block


def _as_tool(block: str, kind: str, file: str) -> str:
    block = block.replace("[tools.users]", f"[tools.{quoted_name(kind)}]")
    for line, told in ((r"^# kind = .*$", f"# kind = {quoted(kind)}"), (r"^file = .*$", f"file = {quoted(file)}")):
        block = re.sub(line, lambda _, told=told: told, block, count=1, flags=re.MULTILINE)  # type: ignore[misc]
    return block


def _tool(kind: str, file: str) -> str:
    return f"[tools.{quoted_name(kind)}]\nfile = {quoted(file)}\ntimer = {TIMER}"


def quoted_name(name: str) -> str:
    """A name as a part of a table's heading: wrong ones too, so that the settings can say what is wrong."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quoted(name)
