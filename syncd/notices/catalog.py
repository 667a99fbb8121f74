"""What the journal's catalog says of each event: notices say the same."""

import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from syncd.core.notice_text import Explanation
from syncd.events import EVENTS

NAME = "syncd.catalog"
PLACES = (
    Path(__file__).parents[2] / "packaging/systemd",  # in a working copy
    Path(sys.prefix) / "share/syncd/systemd",  # where a wheel brings it
    Path("/usr/lib/systemd/catalog"),
    Path("/usr/local/lib/systemd/catalog"),
)

_ENTRY = re.compile(
    r"^-- (?P<id>[0-9a-f]{32})\nSubject: (?P<subject>.+)\n(?:\S+: .*\n)*\n(?P<text>(?:(?!# |-- ).*\n?)*)", re.M
)


def explain(event: str) -> Explanation:
    """What an event means, and what to do about it; only the first where there is no catalog."""
    if event not in EVENTS:
        return Explanation(event)
    return _catalog().get(EVENTS[event].id) or Explanation(_capital(EVENTS[event].meaning))


@cache
def _catalog() -> Mapping[str, Explanation]:
    for place in PLACES:
        with suppress(OSError, UnicodeDecodeError):
            return read((place / NAME).read_text(encoding="utf-8"))
    return {}


def read(catalog: str) -> dict[str, Explanation]:
    """The entries of a catalog, by their MESSAGE_IDs."""
    return {
        entry["id"]: Explanation(entry["subject"], tuple(entry["text"].strip("\n").split("\n\n")))
        for entry in _ENTRY.finditer(catalog)
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
