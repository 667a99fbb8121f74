"""Which daemon is meant by settings that can't be used: their state folder."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import tomli

from syncd.config.reading import state_directory

ETC = Path("/etc/syncd")
STATES = Path("/var/lib/syncd")
"""Where the units have the state of the settings in /etc/syncd: syncd.toml here, NAME.toml in a folder NAME."""

_TABLE = re.compile(r"^[ \t]*\[state\][^\n]*\n(.*?)(?=^[ \t]*\[|\Z)", re.MULTILINE | re.DOTALL)


def state_of(path: Path, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The state folder of settings that can't be used, or None when it can't be known."""
    if named := _named(path):
        return path.absolute().parent / named
    if folder := state_directory(environment):
        return Path(folder)
    if path.absolute().parent == ETC:
        return STATES if path.stem == "syncd" else STATES / path.stem
    return None


def _named(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The table by itself can be read where the file as a whole is no TOML.
    own = _TABLE.search(text)
    for source in (text, f"[state]\n{own[1]}" if own else ""):
        with suppress(tomli.TOMLDecodeError, AttributeError):
            folder = tomli.loads(source).get("state", {}).get("folder")
            if isinstance(folder, str) and folder and "\0" not in folder:
                return folder
    return ""
