"""The list of events, the handbook and the source know the same events."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.events import EVENTS

ROOT = Path(__file__).parent.parent
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def logged(source: Path) -> Iterator[tuple[str, str]]:
    """Each event that a module logs, as a plain text, with the place where it does."""
    for call in ast.walk(ast.parse(source.read_text())):
        match call:
            case ast.Call(func=ast.Attribute(attr=level), args=[ast.Constant(value=str(event)), *_]) if level in LEVELS:
                yield event, f"{source.relative_to(ROOT)}:{call.lineno}"


def documented() -> dict[str, str]:
    """The table of the handbook: event to meaning."""
    return dict(re.findall(r"^\| `(\S+)` \| (.+?) \|", (ROOT / "docs/LOG.md").read_text(), re.MULTILINE))


def test_every_event_that_is_logged_is_listed() -> None:
    """An event in the source that `syncd.events` does not list is an event that nobody can look up."""
    unlisted = [
        f"{place} logs {event!r}: add it to syncd/events.py and docs/LOG.md"
        for source in sorted((ROOT / "syncd").rglob("*.py"))
        for event, place in logged(source)
        if event not in EVENTS
    ]
    assert not unlisted, "\n".join(unlisted)


def test_the_handbook_says_what_the_list_says() -> None:
    """`docs/LOG.md` holds a line for each event, with the same meaning, and none besides."""
    wanted = [f"| `{event}` | {meaning} |" for event, meaning in EVENTS.items() if documented().get(event) != meaning]
    assert not wanted, "docs/LOG.md lacks, or says otherwise:\n" + "\n".join(wanted)
    assert not documented().keys() - EVENTS.keys(), "docs/LOG.md has events that syncd/events.py does not list"


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_a_noun_and_what_became_of_it(event: str) -> None:
    """Two lower-case words with a dot between them."""
    assert re.fullmatch(r"[a-z]+\.[a-z]+", event)
