"""The list of events, the handbook, the journal's catalog and the source know the same events."""

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.core.alarms import SAID
from syncd.events import EVENTS

ROOT = Path(__file__).parent.parent
CATALOG = ROOT / "packaging/systemd/syncd.catalog"
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
ENTRY = re.compile(
    r"# (?P<event>\S+)\n"
    r"-- (?P<id>[0-9a-f]{32})\n"
    r"Subject: (?P<subject>[^\n]{1,60})\n"
    r"Defined-By: syncd\n"
    r"\n"
    r"(?P<text>(?:[^#;\-\n][^\n]*\n|\n(?=[^#\n]))+)"
)
NOT_OF_A_SENDER = {"SYNCD_RUN", "SYNCD_TOOL"}


def sources() -> Iterator[tuple[Path, ast.Module]]:
    """Each module with its syntax tree."""
    for source in sorted((ROOT / "syncd").rglob("*.py")):
        yield source, ast.parse(source.read_text())


def logged() -> Iterator[tuple[str, str, set[str]]]:
    """Each event that a module logs as a plain text, the place where it does, and the fields that it gives there."""
    for source, tree in sources():
        for call in ast.walk(tree):
            match call:
                case ast.Call(func=ast.Attribute(attr=level), args=[ast.Constant(value=str(event)), *_]) if (
                    level in LEVELS
                ):
                    fields = {str(word.arg) for word in call.keywords if not isinstance(word.value, ast.BoolOp)}
                    yield event, f"{source.relative_to(ROOT)}:{call.lineno}", fields


def documented() -> dict[str, tuple[str, ...]]:
    """The table of the handbook: event to meaning, level and fields."""
    rows = re.findall(r"^\| `(\S+)` \| (.+?) \| (.+?) \| (.*?) ?\|$", (ROOT / "docs/LOG.md").read_text(), re.MULTILINE)
    return {event: tuple(rest) for event, *rest in rows}


def catalogued() -> dict[str, re.Match[str]]:
    """The entries of the catalog by their events; what stands between them must be nothing."""
    head, *entries = re.split(r"\n\n(?=# \S+\n-- )", CATALOG.read_text().rstrip("\n") + "\n")
    assert all(line.startswith("#") for line in head.splitlines()), head
    found = {}
    for entry in entries:
        match = ENTRY.fullmatch(entry if entry.endswith("\n") else f"{entry}\n")
        assert match, f"no entry of a catalog as syncd writes them:\n{entry}"
        assert match["event"] not in found, f"{match['event']} stands there twice"
        found[match["event"]] = match
    return found


def test_every_event_that_is_logged_is_listed() -> None:
    """An event in the source that `syncd.events` does not list is an event that nobody can look up."""
    unlisted = [
        f"{place} logs {event!r}: add it to syncd/events.py, docs/LOG.md and {CATALOG.relative_to(ROOT)}"
        for event, place, _ in logged()
        if event not in EVENTS
    ]
    assert not unlisted, "\n".join(unlisted)


def test_every_listed_event_is_logged() -> None:
    """What nothing logs any more leaves the list."""
    texts = {
        node.value
        for source, tree in sources()
        if source.name != "events.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
    }
    assert not EVENTS.keys() - texts


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_a_noun_and_what_became_of_it(event: str) -> None:
    """Two lower-case words with a dot between them."""
    assert re.fullmatch(r"[a-z]+\.[a-z]+", event)


def test_no_two_events_have_one_id() -> None:
    """A MESSAGE_ID is 128 bits in small hexadecimal digits, and says which event it is."""
    ids = [event.id for event in EVENTS.values()]
    assert len(set(ids)) == len(ids)
    assert [one for one in ids if not re.fullmatch("[0-9a-f]{32}", one)] == []


# The handbook


def test_the_handbook_says_what_the_list_says() -> None:
    """`docs/LOG.md` holds a line for each event, with the same meaning, and none besides."""
    said = {name: row[0] for name, row in documented().items()}
    wanted = [f"| `{name}` | {event.meaning} |" for name, event in EVENTS.items() if said.get(name) != event.meaning]
    assert not wanted, "docs/LOG.md lacks, or says otherwise:\n" + "\n".join(wanted)
    assert not said.keys() - EVENTS.keys(), "docs/LOG.md has events that syncd/events.py does not list"


def test_the_handbook_says_which_events_are_notices() -> None:
    """Its level is what `journalctl -p` goes by."""
    notices = {name for name, (_, level, _) in documented().items() if "notice" in level}
    assert notices == {name for name, event in EVENTS.items() if event.remarkable}


def test_the_handbook_names_the_fields_of_each_event() -> None:
    """Who looks for an entry by its fields must know their names."""
    rows = documented()
    said = {name: set(re.findall(r"[a-z0-9_]+", fields)) for name, (_, _, fields) in rows.items()}
    lacking = [
        f"docs/LOG.md: {event} has the fields {', '.join(sorted(fields - said[event]))}"
        for event, _, fields in logged()
        if event in rows and "see above" not in rows[event][2]
        if fields - said[event] - {"exc_info", "None"}
    ]
    assert not lacking, "\n".join(lacking)


# The catalog


def test_the_catalog_has_each_event_with_its_id() -> None:
    """Each event is explained, under its own id, and nothing else is."""
    assert {event: entry["id"] for event, entry in catalogued().items()} == {
        name: event.id for name, event in EVENTS.items()
    }


def test_the_catalog_fits_a_terminal() -> None:
    """journalctl puts two signs and blanks before each line and breaks none."""
    texts = [entry[0].partition("\n")[2] for entry in catalogued().values()]
    assert [line for text in texts for line in text.splitlines() if len(line) > 92] == []


def test_the_catalog_shows_no_field_that_a_sender_chose() -> None:
    """journalctl shows such a field raw: the name of a file could hold what a terminal obeys."""
    shown = {field for entry in catalogued().values() for field in re.findall("@(.*?)@", entry[0])}
    assert shown <= NOT_OF_A_SENDER


def test_the_catalog_shows_only_fields_that_are_there() -> None:
    """For a field that an entry lacks, journalctl would show the field's name."""
    given: dict[str, list[set[str]]] = {}
    for event, _, fields in logged():
        given.setdefault(event, []).append({f"SYNCD_{field.upper()}" for field in fields})
    for event, entry in catalogued().items():
        for fields in given.get(event, []):
            assert set(re.findall("@(.*?)@", entry[0])) <= fields, event


@pytest.mark.skipif(not shutil.which("journalctl"), reason="needs journalctl")
def test_journalctl_takes_the_catalog(tmp_path: Path) -> None:
    """The real tool compiles it without a word, and has each subject and text afterwards."""
    place = tmp_path / "usr/lib/systemd/catalog"
    place.mkdir(parents=True)
    (tmp_path / "var/lib/systemd/catalog").mkdir(parents=True)
    shutil.copy(CATALOG, place)

    def journalctl(*words: str) -> str:
        ran = subprocess.run(["journalctl", f"--root={tmp_path}", *words], capture_output=True, text=True, check=True)
        assert ran.stderr == ""
        return ran.stdout

    assert journalctl("--update-catalog") == ""
    dumped = journalctl("--dump-catalog")
    for entry in catalogued().values():
        assert entry[0].partition("\n")[2].rstrip() in dumped


# Bursts


@pytest.mark.parametrize("unit", sorted(CATALOG.parent.glob("*.service")), ids=lambda unit: str(unit.name))
def test_the_units_let_a_burst_be_logged_in_full(unit: Path) -> None:
    """Each dropped file has its line; journald's own limit would drop most of a hundred thousand."""
    if "syncd serve" in (text := unit.read_text()):
        assert "\nLogRateLimitBurst=1000000\n" in text
        assert "\nLogRateLimitIntervalSec=1s\n" in text  # 0 would be no value at all, and the journal's own be taken


@pytest.mark.parametrize("page", ["LOG.md", "ALARMS.md"])
def test_the_query_for_alarms_names_all_of_them_and_their_ends(page: str) -> None:
    """Those that the table of alarms has."""
    table = re.findall(r"^\| (`[a-z]+\.[a-z]+`.*)$", (ROOT / "docs/ALARMS.md").read_text(), re.MULTILINE)
    named = {name for row in table for name in re.findall(r"`([a-z]+\.[a-z]+)`", row)} & EVENTS.keys()
    (query,) = re.findall(
        r"^    journalctl .*SYNCD_EVENT=file\.late.*$", (ROOT / "docs" / page).read_text(), re.MULTILINE
    )
    assert set(re.findall(r"SYNCD_EVENT=(\S+)", query)) == named | {"alarm.over"}
    assert named >= SAID | {"file.late", "file.small", "run.slow", "run.waiting", "disk.filling"}
    assert {one for one, event in EVENTS.items() if event.ends in named} <= named
