"""What the lines mean that sshd logs of SFTP, at `-l INFO` (sftp-server(8))."""

import re
from dataclasses import dataclass

Parts = tuple[str, ...]
"""A path as its names, without `/`: of an absolute path in somebody's chroot, or of one that begins in a folder that
the line does not tell. Byte for byte (surrogateescape)."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log, with what the journal vouches for.

    `session` is one process in one boot, `user` the number of the account that it works for, `at` nanoseconds since
    1970 by this machine's clock.
    """

    session: str
    user: int
    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A file is about to be opened: sshd says so before it tries. `fresh`: what was in it goes."""

    path: Parts
    writes: bool
    fresh: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """An open file is closed: by its client, or `forced` by the end of its connection."""

    path: Parts
    read: int
    written: int
    forced: bool


@dataclass(frozen=True, slots=True)
class Renamed:
    """A file or folder is about to get another name, or a further one."""

    old: Parts
    new: Parts


@dataclass(frozen=True, slots=True)
class Touched:
    """A file's times, mode or owner are about to be set."""

    path: Parts


@dataclass(frozen=True, slots=True)
class WriteFailed:
    """What a client sent could not be written. `start` is how the path begins: none where none is told."""

    start: Parts


@dataclass(frozen=True, slots=True)
class Refused:
    """What the client asked for last could not be done."""


@dataclass(frozen=True, slots=True)
class SessionBegan:
    """The first line of a session."""


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The last line of a session, after those of its files that were still open."""


Meaning = Opened | Closed | Renamed | Touched | WriteFailed | Refused | SessionBegan | SessionEnded

# Names stand in the lines as vis(3) writes them, which leaves `"` as it is: what follows a name is tied to the end.
_OPEN = re.compile(r'open "(?P<path>.*)" flags (?P<flags>[A-Z,]*) mode 0[0-7]+')
_CLOSE = re.compile(r'(?P<forced>forced )?close "(?P<path>.*)" bytes read (?P<read>\d+) written (?P<written>\d+)')
_RENAME = re.compile(r'(?:posix-rename|rename|hardlink) old "(?P<names>.*)"')
_SET = re.compile(r'set "(?P<path>.*)" (?:size|modtime|mode|owner) .*')
_WRITE_FAILED = re.compile(r'(?:error: )?process_write: write(?: "(?P<start>.*)":| failed).*')
_STATUS = re.compile(r"sent status (?P<status>.*)")
_EMPTY = frozenset({"TRUNCATE", "EXCL"})
_GOOD = frozenset({"Success", "End of file"})


def meaning(text: str) -> Meaning | None:
    """What a line says of files; `None` for all else, and for lines that were cut off for their length."""
    if found := _OPEN.fullmatch(text):
        flags = found["flags"].split(",")
        return Opened(_parts(found["path"]), "WRITE" in flags, bool(_EMPTY.intersection(flags)))
    if found := _CLOSE.fullmatch(text):
        return Closed(_parts(found["path"]), int(found["read"]), int(found["written"]), forced=bool(found["forced"]))
    if found := _RENAME.fullmatch(text):
        names = found["names"].split('" new "')
        return Renamed(_parts(names[0]), _parts(names[1])) if len(names) == 2 else None
    if found := _SET.fullmatch(text):
        return Touched(_parts(found["path"]))
    if found := _WRITE_FAILED.fullmatch(text):
        return WriteFailed(_parts(found["start"] or ""))
    if found := _STATUS.fullmatch(text):
        return None if found["status"] in _GOOD else Refused()
    if text.startswith("session opened for local user "):
        return SessionBegan()
    return SessionEnded() if text.startswith("session closed for local user ") else None


def parts_of(path: str) -> Parts:
    """A path's names, as if there were no links; what leads above its beginning is passed over."""
    parts: list[str] = []
    for name in path.split("/"):
        if name == "..":
            del parts[-1:]
        elif name not in {"", "."}:
            parts.append(name)
    return tuple(parts)


def _parts(escaped: str) -> Parts:
    return parts_of(_plain(escaped))


_ESCAPE = re.compile(rb"\\(\\|[0-7]{3}|[abfnrtvs0])")
_LETTERS = {
    b"\\": b"\\",
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"v": b"\v",
    b"s": b" ",
    b"0": b"\0",
}


def _plain(escaped: str) -> str:
    """The name that vis(3) wrote with VIS_CSTYLE and VIS_OCTAL."""
    plain = _ESCAPE.sub(_unescaped, escaped.encode("utf-8", "surrogateescape"))
    return plain.decode("utf-8", "surrogateescape")


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes([int(code, 8) & 0xFF]) if len(code) == 3 else _LETTERS[code]
