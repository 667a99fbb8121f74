"""The log is tested with what it goes to: files, a terminal's pair, and a journald of its own."""

import io
import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from syncd import logs
from syncd.events import EVENTS
from syncd.logs import Mode
from tests.journald import JOURNAL, privately

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # with every control character and half a surrogate pair


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave logging as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    for handler in handlers:
        root.removeHandler(handler)  # `configure` closes what it takes away
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def written(mode: Mode, event: str = "file.arrived", **fields: Any) -> str:
    """What the log writes of one event."""
    stream = io.StringIO()
    logs.configure(mode, stream=stream)
    logs.get().info(event, **fields)
    return stream.getvalue()


# Where to


def test_a_file_gets_json(tmp_path: Path) -> None:
    """What is no terminal and not the journal is read by programs."""
    with open(tmp_path / "log", "w", encoding="utf-8") as stderr:
        assert logs.choose(stderr, {"TERM": "xterm"}) is Mode.JSON


def test_the_journal_is_known_by_its_device_and_inode(tmp_path: Path) -> None:
    """JOURNAL_STREAM counts only when it names this very stream: children redirected to a file inherit it too."""
    with open(tmp_path / "log", "w", encoding="utf-8") as stderr:
        found = os.fstat(stderr.fileno())
        assert logs.choose(stderr, {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}) is Mode.JOURNAL
        assert logs.choose(stderr, {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino + 1}"}) is Mode.JSON


@pytest.mark.parametrize(
    ("environment", "mode"),
    [
        ({"TERM": "xterm"}, Mode.COLOUR),
        ({}, Mode.COLOUR),
        ({"TERM": "dumb"}, Mode.PLAIN),
        ({"NO_COLOR": "1"}, Mode.PLAIN),
        ({"NO_COLOR": ""}, Mode.COLOUR),
        ({"JOURNAL_STREAM": "1:2"}, Mode.COLOUR),
    ],
)
def test_a_terminal_gets_colours_unless_it_asks_for_none(environment: dict[str, str], mode: Mode) -> None:
    """TERM=dumb and a NO_COLOR that is not empty take the colours away."""
    ours, theirs = os.openpty()
    with open(theirs, "w", encoding="utf-8") as stderr:
        assert logs.choose(stderr, environment) is mode
    os.close(ours)


def test_no_standard_error_at_all_is_no_trouble() -> None:
    """A stream without a file, or a closed one, is written to as JSON."""
    closed = io.StringIO()
    closed.close()
    assert logs.choose(io.StringIO(), {}) is Mode.JSON
    assert logs.choose(closed, {}) is Mode.JSON


# Lines


def test_a_line_reads_time_level_event_and_fields() -> None:
    """Fields come as key=value, in the order given, and without those that have no value."""
    line = written(Mode.PLAIN, file="erp/users.csv", bytes=1234, seconds=0.12345, run=None, tools=["users", "cohorts"])
    time, rest = line.split(" ", 1)
    assert re.fullmatch(r"\d\d:\d\d:\d\d", time)
    assert rest == 'info    file.arrived file=erp/users.csv bytes=1234 seconds=0.123 tools="users, cohorts"\n'


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("café.csv", "café.csv"),
        ("two words", '"two words"'),
        ("", '""'),
        ('say "a=b"', r'"say \"a=b\""'),
        ("a\nb\x1b[31m", r'"a\nb\x1b[31m"'),
        ("caf\udce9.csv", r'"caf\xe9.csv"'),
        (b"caf\xe9.csv", r'"caf\xe9.csv"'),
        ("\u202eexe.csv", r'"\u202eexe.csv"'),
        (True, "true"),
        (r"a\nb", r'"a\\nb"'),
        (PurePosixPath("/srv/drop"), "/srv/drop"),
        (timedelta(minutes=1.5), "90.0s"),
        (datetime(2026, 11, 22, 9, 17, tzinfo=UTC), "2026-11-22T09:17:00+00:00"),
    ],
)
def test_values_are_shown_so_that_they_can_be_told_apart(value: object, shown: str) -> None:
    """Quoted when they would run into the next field, escaped when they can't be printed."""
    assert written(Mode.PLAIN, value=value).rstrip("\n").partition("value=")[2] == shown


@given(event=ANY_TEXT, value=ANY_TEXT)
def test_nothing_reaches_a_terminal_that_it_would_obey(event: str, value: str) -> None:
    """Whatever a sender calls a file: one line, printable to the last character."""
    line = written(Mode.PLAIN, event, value=value)
    assert line.endswith("\n")
    assert line[:-1].isprintable()


def test_colours_are_the_only_difference_at_a_terminal() -> None:
    """Without its colours, the coloured line is the plain one."""
    coloured = written(Mode.COLOUR, file="a\x1b[31mb", bytes=3)
    for code in (0, 1, 2, 32):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured.split(" ", 1)[1] == written(Mode.PLAIN, file="a\x1b[31mb", bytes=3).split(" ", 1)[1]


def test_a_traceback_stands_indented_below_its_line() -> None:
    """What was raised is shown in full, and as harmless as the rest."""
    stream = io.StringIO()
    logs.configure(Mode.PLAIN, stream=stream)
    try:
        raise OSError("broke on \x1b[2J")
    except OSError:
        logs.get().exception("daemon.stopped")
    first, *others = stream.getvalue().splitlines()
    assert first.endswith("error   daemon.stopped")
    assert others[0] == "    Traceback (most recent call last):"
    assert others[-1] == r"    OSError: broke on \x1b[2J"


# JSON


def test_json_keeps_numbers_and_lists_and_says_when() -> None:
    """A program gets values as they are, and a time with its zone."""
    entry = json.loads(written(Mode.JSON, bytes=3, tools=("users", "cohorts"), ok=True, folder=PurePosixPath("/srv")))
    assert datetime.fromisoformat(entry.pop("time")).tzinfo is not None
    head = {"level": "info", "event": "file.arrived"}
    assert entry == head | {"bytes": 3, "tools": ["users", "cohorts"], "ok": True, "folder": "/srv"}


def test_a_field_can_not_pass_for_the_level() -> None:
    """Time, level and event are the log's own."""
    entry = json.loads(written(Mode.JSON, level="fatal", time="never"))
    assert entry["level"] == "info"
    assert entry["time"] != "never"


@given(event=ANY_TEXT, value=ANY_TEXT | st.lists(ANY_TEXT) | st.dictionaries(ANY_TEXT, ANY_TEXT))
def test_every_json_line_can_be_read_by_any_program(event: str, value: object) -> None:
    """One line each, and no half of a surrogate pair, which most readers of JSON refuse."""
    line = written(Mode.JSON, event, value=value)
    assert line.count("\n") == 1
    json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8")


# Levels, libraries, trouble


def test_what_lies_below_the_level_is_not_written() -> None:
    """Each level shows itself and the worse ones."""
    stream = io.StringIO()
    logs.configure(Mode.JSON, level="warning", stream=stream)
    log = logs.get()
    for say in (log.debug, log.info, log.warning, log.error):
        say("tool.paused")
    assert [json.loads(line)["level"] for line in stream.getvalue().splitlines()] == ["warning", "error"]


def test_a_logger_that_was_had_before_is_configured_too() -> None:
    """Modules ask for their logger when they are imported, long before the mode is known."""
    early = logs.get()
    stream = io.StringIO()
    logs.configure(Mode.JSON, stream=stream)
    early.info("daemon.started")
    assert json.loads(stream.getvalue())["event"] == "daemon.started"


def test_what_libraries_warn_of_is_in_the_log() -> None:
    """Their warnings and errors are events of ours; what they merely mention is not."""
    stream = io.StringIO()
    logs.configure(Mode.JSON, level="debug", stream=stream)
    watchdog = logging.getLogger("watchdog.observers")
    watchdog.info("all is well")
    watchdog.warning("queue of %d overflowed", 7)
    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"]) == ("library.complained", "warning")
    assert (entry["library"], entry["message"]) == ("watchdog.observers", "queue of 7 overflowed")


@pytest.mark.parametrize("mode", [Mode.COLOUR, Mode.PLAIN, Mode.JSON])
def test_a_log_that_can_not_be_written_stops_nothing(mode: Mode) -> None:
    """A full disk, or a stream that was closed, is no reason to stop working."""
    closed = io.StringIO()
    closed.close()
    logs.configure(mode, stream=closed)
    logs.get().error("disk.full")
    with open("/dev/full", "w", encoding="utf-8") as full:
        logs.configure(mode, stream=full)
        logs.get().error("disk.full")
        # What could not be written is still in Python's buffer, and would fail once more when it is closed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())


# The journal

LOGGED = (
    JOURNAL
    + """
"$0" "$@"
journalctl --sync
journalctl --quiet --all --output=json SYSLOG_IDENTIFIER=syncd
"""
)


def logging_in_journal_mode(statement: str) -> list[str]:
    """The command line of a program that logs to the journal."""
    program = f"from syncd import logs; logs.configure(logs.Mode.JOURNAL); log = logs.get(); {statement}"
    return [sys.executable, "-c", program]


def journalled(statement: str) -> list[dict[str, Any]]:
    """What a journal has of what is logged."""
    answer = privately(LOGGED, *logging_in_journal_mode(statement))
    assert answer.stderr == ""
    return [json.loads(line) for line in answer.stdout.splitlines()]


@pytest.mark.root
def test_the_journal_has_each_field_under_its_own_name() -> None:
    """Fields can be asked for by name; the bytes of a file's name come through unchanged; levels are priorities."""
    fields = r"file='caf\udce9\n.csv', bytes=3, tools=['a', 'b'], run=None, **{'é-x': 1}"
    (entry,) = journalled(f"log.warning('file.refused', {fields})")
    ours = {name: value for name, value in entry.items() if name.startswith("SYNCD_")}
    assert ours == {
        "SYNCD_EVENT": "file.refused",
        "SYNCD_FILE": list(b"caf\xe9\n.csv"),  # journalctl's way to write what is not UTF-8
        "SYNCD_BYTES": "3",
        "SYNCD_TOOLS": "a, b",
        "SYNCD___X": "1",
    }
    assert entry["MESSAGE"] == r'file.refused file="caf\xe9\n.csv" bytes=3 tools="a, b" é-x=1'
    assert entry["MESSAGE_ID"] == EVENTS["file.refused"].id
    assert entry["PRIORITY"] == "4"


@pytest.mark.root
def test_what_is_remarkable_is_a_notice() -> None:
    """Between what happens all day and what is wrong; a warning of the same event stays a warning."""
    entries = journalled(
        "log.info('site.back'); log.warning('site.back'); log.info('run.ended'); log.error('run.failed'); "
        "log.debug('site.back'); log.info('no.event')"
    )
    assert [entry["PRIORITY"] for entry in entries] == ["5", "4", "6", "3", "6"]
    assert "MESSAGE_ID" not in entries[-1]


@pytest.mark.root
def test_a_traceback_is_a_field_too() -> None:
    """It stands in the message for people, and alone for programs; nothing that was raised passes for other fields."""
    (entry,) = journalled("log.error('run.failed', event_='x', exc_info=OSError('broke\\nPRIORITY=0'))")
    assert entry["SYNCD_EXCEPTION"].endswith("OSError: broke\nPRIORITY=0")
    assert entry["PRIORITY"] == "3"
    assert entry["MESSAGE"].endswith("\n    OSError: broke\n    PRIORITY=0")


@pytest.mark.root
def test_a_burst_is_logged_whole() -> None:
    """Ten thousand and more entries in one breath all arrive, in order: logging waits for a journal that is busy."""
    entries = journalled("[log.info('file.arrived', file=f'{n}.csv') for n in range(12_000)]")
    assert [entry["SYNCD_FILE"] for entry in entries] == [f"{n}.csv" for n in range(12_000)]


@pytest.mark.root
def test_a_dead_journal_stops_nothing() -> None:
    """When journald left its socket behind, the line goes to standard error with its priority, and work goes on."""
    dead = "import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind('/run/systemd/journal/socket'); "
    answer = privately('"$0" "$@"', *logging_in_journal_mode(f"{dead}log.error('disk.full', folder='/srv'); print(1)"))
    assert answer.stderr == "<3>disk.full folder=/srv\n"
    assert answer.stdout == "1\n"
