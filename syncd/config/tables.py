"""The tables of `syncd.toml` that every installation has."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, PlainValidator

from syncd.config.freezes import FreezeTable
from syncd.config.notices import Notices
from syncd.config.problems import nearest
from syncd.core.alarms import Free, Reserve
from syncd.core.durations import Seconds, at_least
from syncd.core.expected import Holidays
from syncd.core.rows import Encoding, Separator
from syncd.core.settings import Located, Settings

DAY = 86_400.0


def _zone(value: object) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(str(value))
    except (LookupError, ValueError, OSError) as error:
        hint = nearest(str(value), available_timezones())
        raise ValueError(f"is not a time zone. {hint}".removesuffix(" ")) from error


def _name_pattern(pattern: str) -> str:
    if not pattern or "/" in pattern or "\0" in pattern:
        raise ValueError('must be a pattern for a file name, without "/", such as "*.part"')
    return pattern


def _name(name: str) -> str:
    if "/" in name or "\0" in name or name in {".", ".."}:
        raise ValueError('must be the name of a file in the drop folder, without "/"')
    return name


class Site(Settings):
    """The Moodle site as people know it."""

    name: str = Field(default="campus", min_length=1)
    """What the site is called in reports and logs."""
    timezone: Annotated[ZoneInfo, PlainValidator(_zone)] = ZoneInfo("UTC")
    """The site's clock: for timers, names and reports. Default: the machine's zone."""
    holidays: Holidays = ()
    """Days on which no file is expected, the last of a period too: `["2026-12-24/2027-01-03", "2027-05-01"]`."""


class Drop(Settings):
    """The folder into which files are uploaded."""

    folder: Located
    """Where uploads arrive, for example `<moodledata>/sync`."""
    settle: Seconds = 2.0
    """How long a file must stay unchanged before it is taken."""
    recursive: bool = True
    """Whether sub-folders are looked into; they become sub-folders of the repository."""
    hold_file: Annotated[str, AfterValidator(_name)] = "alock.txt"
    """While a file of this name lies in the drop folder, nothing is taken. Empty: there is no such file."""
    ignore: tuple[Annotated[str, AfterValidator(_name_pattern)], ...] = ("*.filepart", "*.part", "*.tmp")
    """Patterns for names that are never taken; names that begin with `.` or `_` never are."""
    watch: Literal["auto", "inotify", "poll"] = "auto"
    """How to hear of uploads: by the kernel (`inotify`), only by looking every `poll_every` (`poll`), or as fits the
    file system (`auto`)."""
    poll_every: Annotated[Seconds, at_least(1)] = 30.0
    """How often to look at the folder whatever the watch says."""
    canary_every: Seconds = 3600.0
    """How often a hidden file is made, and removed at once, to find out whether the kernel still tells of uploads.
    `0s`: never."""
    sshd: Literal["auto", "on", "off"] = "auto"
    """Whether sshd's log tells of uploads which was closed and which broke off: `auto`, where syncd can read it; `on`,
    it is said where it can't; `off`."""
    stuck_after: Seconds = 3600.0
    """An upload that has not settled for so long is said as a warning."""


class Repository(Settings):
    """The permanent folder of command files, archives and reports."""

    folder: Located
    """Where the command files, `archives/` and `reports/` lie."""
    keep_archives: Annotated[Seconds, at_least(DAY)] = 365 * DAY
    """How long archives are kept; older ones are removed each night. At least a day."""
    keep_reports: Annotated[Seconds, at_least(DAY)] = 365 * DAY
    """How long reports are kept; older ones are removed each night. At least a day."""


class State(Settings):
    """What syncd must remember."""

    folder: Located
    """Where the ledger, the spool and the control socket lie. Default: `$STATE_DIRECTORY`, which systemd sets."""


class Csv(Settings):
    """How command files are written, where a tool does not say otherwise."""

    separator: Separator = "auto"
    """Between the cells: `auto`, `,`, `;`, `tab` or `:`."""
    encoding: Encoding = "auto"
    """How files are written: `auto`, `utf-8`, `iso-8859-1`, `windows-1252`, `utf-16`."""


def _prom(path: Path | None) -> Path | None:
    if path and path.suffix != ".prom":
        raise ValueError('must end in ".prom": node_exporter reads no other file')
    return path


class Metrics(Settings):
    """Numbers for Prometheus."""

    file: Annotated[Located | None, AfterValidator(_prom)] = None
    """A file, in a folder that is there, for node_exporter's textfile collector; its name ends in `.prom`. Default: no
    file."""
    every: Annotated[Seconds, at_least(1)] = 15.0
    """How often the numbers are brought up to date."""
    port: int = Field(default=0, ge=0, le=65_535)
    """A TCP port on which Prometheus can ask for them. 0: none."""
    address: str = Field(default="127.0.0.1", min_length=1)
    """The machine's own address on which that port is: who can reach it can read the numbers."""


class Alarms(Settings):
    """When syncd says that something stands as it should not."""

    every: Annotated[Seconds, at_least(1)] = 60.0
    """How often syncd looks for what gives reason for an alarm."""
    grace: Seconds = 300.0
    """How much later than `expected` a file may come without an alarm."""
    held_after: Seconds = 4 * 3600.0
    """A held run that has waited for a person for so long is said once more. `0s`: never."""
    slower_than: float = Field(default=3.0, ge=0, le=1000)
    """A run that has taken so many times what is usual for its tool and the size of its file is said while it goes on.
    0: never."""
    slow_at_least: Seconds = 600.0
    """A run that has not taken so long is not called slow, whatever is usual."""
    free_below: Free = Reserve(Fraction(5))
    """How much of the disks of the three folders must be free: a share, such as `5%`, of their room and of their
    inodes, or a size, such as `10G`. `0%`: this is not looked at."""


TABLES: Mapping[str, type[Settings] | None] = {
    "site": Site,
    "drop": Drop,
    "repository": Repository,
    "state": State,
    "target": None,
    "metrics": Metrics,
    "alarms": Alarms,
    "notices": Notices,
    "csv": Csv,
    "tools": None,
    "freeze": FreezeTable,
}
"""The tables of the file, in the order in which they are explained; None: its kind tells which keys it has."""
