"""Notices say what the journal's catalog says."""

from pathlib import Path

import pytest

from syncd.events import EVENTS
from syncd.notices.catalog import explain, read

CATALOG = Path(__file__).parents[2] / "packaging/systemd/syncd.catalog"


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_is_explained(event: str) -> None:
    """In a few words, and with what to do."""
    found = explain(event)
    assert 0 < len(found.subject) <= 60
    assert found.paragraphs
    assert all(paragraph and not paragraph.startswith("\n") for paragraph in found.paragraphs)


def test_the_catalog_is_read_whole() -> None:
    """Every entry, each line of its text."""
    text = CATALOG.read_text(encoding="utf-8")
    entries = read(text)
    assert entries.keys() == {event.id for event in EVENTS.values()}
    told = {line for entry in entries.values() for part in entry.paragraphs for line in part.splitlines()}
    written = [
        line for line in text.splitlines() if line and not line.startswith(("#", "-- ", "Subject: ", "Defined-By: "))
    ]
    assert [line for line in written if line not in told] == []


def test_an_event_of_another_version_is_told_by_its_name() -> None:
    """What waits in the outbox may come from a newer syncd."""
    assert explain("moon.risen").subject == "moon.risen"


@pytest.mark.parametrize("event", [name for name, event in EVENTS.items() if event.ends])
def test_what_ends_trouble_names_it(event: str) -> None:
    """An event that there is, and that is no end itself."""
    trouble = EVENTS[EVENTS[event].ends]
    assert not trouble.ends
