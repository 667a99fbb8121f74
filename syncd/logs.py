"""The log: fields in the journal, coloured lines at a terminal, JSON lines elsewhere.

``log = logs.get()`` at the top of a module, then ``log.info("file.arrived", file=name, bytes=size)``: an event that
`syncd.events` lists, and its fields, as they are: names are escaped here. A field that is None is left out.
No log that can't be written stops syncd.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger
from systemd import journal

from syncd.core.names import shown
from syncd.events import EVENTS

Level = Literal["debug", "info", "warning", "error"]

Write = Callable[[str, str, Mapping[str, Any], str], None]
"""Puts down one event: its level, its name, its fields and its traceback ("" when nothing was raised)."""

Listener = Callable[[str, str, Mapping[str, Any]], None]
"""Hears of an event: its level, its name and its fields, in the thread that logs it. It must be quick, and not log."""

_listeners: list[Listener] = []

_PRIORITIES = {"debug": "7", "info": "6", "warning": "4", "error": "3", "critical": "2"}  # syslog(3)
_NOTICE = "5"  # normal, but significant
_COLOURS = {"bold": 1, "faint": 2, "debug": 2, "info": 32, "warning": 33, "error": 31, "critical": 31}  # ECMA-48, SGR


class Mode(StrEnum):
    """How the log is written."""

    JOURNAL = "journal"
    COLOUR = "colour"
    PLAIN = "plain"
    JSON = "json"


def choose(stderr: TextIO, environment: Mapping[str, str]) -> Mode:
    """The mode that suits where standard error goes.

    The journal when systemd says that it reads this very stream (``$JOURNAL_STREAM``, systemd.exec(5)); at a terminal
    lines, coloured unless ``$NO_COLOR`` (no-color.org) or ``TERM=dumb`` asks for none; for everything else JSON.
    """
    try:
        found = os.fstat(stderr.fileno())
    except (OSError, ValueError):  # closed, or no file at all
        return Mode.JSON
    if environment.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}":
        return Mode.JOURNAL
    if not stderr.isatty():
        return Mode.JSON
    return Mode.PLAIN if environment.get("NO_COLOR") or environment.get("TERM") == "dumb" else Mode.COLOUR


def configure(mode: Mode, *, level: Level = "info", stream: TextIO | None = None) -> None:
    """From now on write every event of `level` and above in this mode, and what libraries log from warnings up.

    `stream` takes the lines (default: standard error); in journal mode it takes only what the journal won't.
    """
    write = _WRITERS[mode](sys.stderr if stream is None else stream)

    def end(_logger: object, level: str, event: EventDict) -> EventDict:
        name, traceback = str(event.pop("event")), event.pop("exception", "")
        fields = {key: value for key, value in event.items() if value is not None}
        write(level, name, fields, traceback)
        for listener in tuple(_listeners):
            listener(level, name, fields)
        raise structlog.DropEvent

    structlog.configure(
        processors=[structlog.processors.format_exc_info, end],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,  # modules have their logger before the mode is known
    )
    logging.basicConfig(handlers=[_Libraries()], level=logging.WARNING, force=True)


def get() -> FilteringBoundLogger:
    """The logger of a module; it can be had before `configure`."""
    return cast(FilteringBoundLogger, structlog.get_logger())


def listen(listener: Listener) -> Callable[[], None]:
    """Have every event that is written heard; the function returned ends that. Tracebacks are not told."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def worded(fields: Mapping[str, Any]) -> dict[str, str]:
    """The fields of an event as text, each on one line with what can't be printed escaped."""
    return {key: shown(_text(value)) for key, value in fields.items()}


class _Libraries(logging.Handler):
    """Where the logging of libraries comes in."""

    def emit(self, record: logging.LogRecord) -> None:
        say = get().error if record.levelno >= logging.ERROR else get().warning
        say("library.complained", library=record.name, message=record.getMessage(), exc_info=record.exc_info)


def _journal(fallback: TextIO) -> Write:
    def write(level: str, event: str, fields: Mapping[str, Any], traceback: str) -> None:
        line, priority = _line(event, fields), _priority(level, event)
        entry = {_journal_name(key): _text(value) for key, value in fields.items()} | {
            "MESSAGE": line + _indented(traceback),
            "PRIORITY": priority,
            "SYSLOG_IDENTIFIER": "syncd",
            "SYNCD_EVENT": event,
        }
        if event in EVENTS:
            entry["MESSAGE_ID"] = EVENTS[event].id
        if traceback:
            entry["SYNCD_EXCEPTION"] = traceback
        try:
            journal.sendv(*(key.encode() + b"=" + _raw(text) for key, text in entry.items()))
        except OSError:  # journald is down; its stream outlives it, and the new one reads what is left there
            _put(fallback, f"<{priority}>{line}")

    return write


def _priority(level: str, event: str) -> str:
    remarkable = level == "info" and event in EVENTS and EVENTS[event].remarkable
    return _NOTICE if remarkable else _PRIORITIES[level]


def _lines(stream: TextIO, paint: Callable[[str, str], str]) -> Write:
    def write(level: str, event: str, fields: Mapping[str, Any], traceback: str) -> None:
        clock = paint(f"{datetime.now().astimezone():%H:%M:%S}", "faint")
        line = f"{clock} {paint(f'{level:7}', level)} {_line(event, fields, paint)}"
        _put(stream, line + _indented(traceback))

    return write


def _coloured(text: str, role: str) -> str:
    return f"\x1b[{_COLOURS[role]}m{text}\x1b[0m"


def _uncoloured(text: str, _role: str) -> str:
    return text


def _json(stream: TextIO) -> Write:
    def write(level: str, event: str, fields: Mapping[str, Any], traceback: str) -> None:
        head = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, "event": event}
        raised = {"exception": traceback} if traceback else {}
        _put(stream, json.dumps(_storable({**head, **fields, **head, **raised})))  # first, and never overwritten

    return write


_WRITERS: Mapping[Mode, Callable[[TextIO], Write]] = {
    Mode.JOURNAL: _journal,
    Mode.COLOUR: partial(_lines, paint=_coloured),
    Mode.PLAIN: partial(_lines, paint=_uncoloured),
    Mode.JSON: _json,
}


def _put(stream: TextIO, line: str) -> None:
    # A full disk, a closed terminal, a reader that went away: no reason to stop working.
    with suppress(OSError, ValueError):
        stream.write(line + "\n")
        stream.flush()


def _line(event: str, fields: Mapping[str, Any], paint: Callable[[str, str], str] = _uncoloured) -> str:
    pairs = (f" {paint(f'{key}=', 'faint')}{_quoted(_text(value))}" for key, value in fields.items())
    return paint(shown(event), "bold") + "".join(pairs)


def _indented(traceback: str) -> str:
    return "".join(f"\n    {shown(line)}" for line in traceback.splitlines())


def _journal_name(key: str) -> str:
    # journald drops other names without a word (systemd.journal-fields(7)), and names longer than 64.
    return f"SYNCD_{re.sub('[^A-Z0-9_]', '_', key.upper())}"[:64]


def _raw(text: str) -> bytes:
    try:
        return os.fsencode(text)  # a file's name goes as the bytes that it is
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace")


def _text(value: object) -> str:
    match value:
        case bytes():
            return os.fsdecode(value)
        case bool():
            return "true" if value else "false"
        case float():
            return str(round(value, 3))
        case timedelta():
            return f"{round(value.total_seconds(), 3)}s"
        case date():
            return value.isoformat()
        case list() | tuple() | set() | frozenset():
            return ", ".join(map(_text, value))
        case _:
            return str(value)


def _storable(value: object) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {_storable(str(key)): _storable(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_storable(inner) for inner in value]
        case _:  # JSON can spell half a surrogate pair, but few programs can read it
            return re.sub("[\ud800-\udfff]", lambda half: shown(half[0]), _text(value))


def _quoted(text: str) -> str:
    safe = shown(text)
    runs_on = not text or safe != text or re.search('[ "=]', text)
    return '"' + safe.replace('"', r"\"") + '"' if runs_on else text
