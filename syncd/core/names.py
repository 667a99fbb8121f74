"""The names that syncd gives to files in the repository, and how any name is shown."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

ReportSuffix = Literal[".txt", ".json", ".rows.csv"]
"""For people, for programs, and one line for each row."""

_LONGEST = 255  # bytes, on every file system of Linux
_ROOM_FOR_NUMBER = len("-99999")
_SUFFIX = re.compile(r"(?<=.)(\.rows\.csv|\.[^./\s]{1,15})\Z", re.DOTALL)
_TRYBACK = re.compile(r"_tryback_\d{8}-\d{4}(\d\d)?(-\d+)?(?=(\.[^./\s]{1,15})?\Z)")
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def stamp(moment: datetime) -> str:
    """A moment as it stands in names, to the second, in the zone that it carries: `20261122-091743`."""
    return f"{moment:%Y%m%d-%H%M%S}"


def archive_name(stamp: str, name: str) -> str:
    """What a command file is called in the archives: `20261122-091743_users.csv`."""
    stem, suffix = _parted(name)
    return _fitted(f"{stamp}_", stem, suffix)


def report_name(stamp: str, name: str, suffix: ReportSuffix) -> str:
    """What a report on a command file is called: `20261122-091743_report_users.csv.txt`.

    The reports of one run differ in their suffix only, however long the name is.
    """
    longest = ".rows.csv"
    whole = _fitted(f"{stamp}_report_", name, longest)
    return whole.removesuffix(longest) + suffix


def tryback_name(stamp: str, name: str) -> str:
    """What the tryback of a command file is called: `users_tryback_20261122-091743.csv`.

    A tryback's own tryback gets the new stamp in the place of the old one.
    """
    stem, suffix = _parted(_TRYBACK.sub("", name))
    return _fitted("", stem, f"_tryback_{stamp}{suffix}")


def numbered(path: str, n: int) -> str:
    """The name, or path, to try for the n-th time, as nothing is ever overwritten: the second is `users-2.csv`.

    `.rows.csv` counts as one suffix, so that the reports of one run keep their names alike.
    """
    if n == 1:
        return path
    folder, slash, name = path.rpartition("/")
    stem, suffix = _parted(name)
    return folder + slash + _fitted("", stem, f"-{n}{suffix}", room_for_number=0)


def is_tryback(name: str) -> bool:
    """Whether a name is that of a tryback, of syncd or of the plugin tool_sync before it."""
    return bool(_TRYBACK.search(name))


def command_name(name: str) -> str:
    """The name of the command file that a tryback is of; other names as they are. Paths may be given too."""
    return _TRYBACK.sub("", name)


def shown(name: str) -> str:
    r"""A name or value for a terminal, a log or a report: one line, without control or invisible characters.

    These are shown as `\n`, `\x1b` or `\u202e`, a byte that is not UTF-8 as `\xe9`, and a backslash as two, so that
    different names never look alike. Never fails.
    """
    return name if name.isprintable() and "\\" not in name else "".join(map(_visible, name))


def enumerated(names: Sequence[str]) -> str:
    """Names as a sentence lists them: `a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _visible(character: str) -> str:
    code = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte of a name that is not UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _parted(name: str) -> tuple[str, str]:
    found = _SUFFIX.search(name)
    return (name[: found.start()], found[0]) if found else (name, "")


def _fitted(before: str, stem: str, after: str, room_for_number: int = _ROOM_FOR_NUMBER) -> str:
    room = _LONGEST - room_for_number - _size(before) - _size(after)
    return before + _squeezed(stem, room) + after


def _squeezed(text: str, room: int) -> str:
    if _size(text) <= room:
        return text
    head, tail = text[: len(text) // 2], text[len(text) // 2 :]
    while _size(head) + 1 + _size(tail) > room:
        head, tail = (head[:-1], tail) if len(head) > len(tail) else (head, tail[1:])
    return f"{head}~{tail}"


def _size(name: str) -> int:
    return len(name.encode("utf-8", "surrogateescape"))
