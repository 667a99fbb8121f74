"""`syncd.toml`: read once, wholly checked, frozen."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import available_timezones

import tomli

from syncd.config.checks import closed, crossing, entangled, inside, misplaced
from syncd.config.freezes import FreezeTable, senseless
from syncd.config.notices import Notices
from syncd.config.problems import in_order
from syncd.config.reading import Reading, state_directory
from syncd.config.tables import Alarms, Csv, Drop, Metrics, Repository, Site, State
from syncd.core.freeze import Freeze
from syncd.core.settings import Written
from syncd.errors import Problem, SettingsError
from syncd.targets.base import TargetSettings
from syncd.tools.base import Tool

__all__ = [
    "Alarms",
    "Config",
    "Csv",
    "Drop",
    "Metrics",
    "Notices",
    "Repository",
    "Site",
    "State",
    "load",
    "machine_zone",
    "read",
]


@dataclass(frozen=True)
class Config:
    """All that the settings say; `tools` are in the order of the file."""

    source: Path
    site: Site
    drop: Drop
    repository: Repository
    state: State
    target: TargetSettings
    metrics: Metrics
    alarms: Alarms
    notices: Notices
    csv: Csv
    tools: Mapping[str, Tool]
    freezes: tuple[Freeze, ...]


def load(path: Path, environment: Mapping[str, str] = os.environ, *, writable: bool = True) -> Config:
    """Read and check the settings; raises `SettingsError` with every problem, in the order of the file.

    Relative paths are relative to the file. `environment` gives `STATE_DIRECTORY` and `TZ`. `writable=False` is for
    who only looks: the folders need not be writable then.
    """
    return read(_bytes(path), path, environment, writable=writable)


def read(content: bytes, path: Path, environment: Mapping[str, str] = os.environ, *, writable: bool = True) -> Config:
    """As `load`, for settings that are to be the file `path`."""
    tables = _parsed(content, path)
    reading = Reading(_filled(tables, environment), Written(path.absolute().parent))
    reading.check_names()
    site = reading.table(Site, "site")
    drop = reading.table(Drop, "drop")
    repository = reading.table(Repository, "repository")
    state = reading.table(State, "state")
    target = reading.target()
    metrics = reading.table(Metrics, "metrics")
    alarms = reading.table(Alarms, "alarms")
    notices = reading.table(Notices, "notices")
    csv = reading.table(Csv, "csv")
    tools = reading.tools()
    freezes = reading.each(FreezeTable, "freeze")
    folders, files = reading.folders, reading.files
    found = [*reading.found, *misplaced(files), *crossing(files), *entangled(folders)]
    if metrics and metrics.file:
        found += inside("metrics.file", metrics.file, folders)
    if site:
        found += senseless(freezes, site.timezone, reading.tool_names)
    if writable:
        found += closed(folders)
    if found or not (site and drop and repository and state and target and metrics and alarms and notices and csv):
        raise SettingsError(str(path), in_order(found, tables))
    periods = tuple(freeze.period(site.timezone) for freeze in freezes.values())
    return Config(
        path, site, drop, repository, state, target, metrics, alarms, notices, csv, MappingProxyType(tools), periods
    )


def machine_zone(environment: Mapping[str, str] = os.environ) -> str:
    """The machine's time zone: `TZ` where it names one, else where /etc/localtime leads, else UTC."""
    named = environment.get("TZ", "").removeprefix(":")
    linked = os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2]
    return next((name for name in (named, linked) if name in available_timezones()), "UTC")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        problem = Problem(
            "file", f"can't be read: {error.strerror}", hint="syncd init writes one; -c FILE names another."
        )
        raise SettingsError(str(path), [problem]) from error


def _parsed(content: bytes, path: Path) -> dict[str, Any]:
    try:
        return tomli.loads(content.decode())
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(str(path), [Problem(f"line {line}", "is not UTF-8, as TOML must be")]) from error
    except tomli.TOMLDecodeError as error:
        problem = Problem(f"line {error.lineno}, column {error.colno}", f"is not TOML: {_lowered(error.msg)}")
        raise SettingsError(str(path), [problem]) from error


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def _filled(tables: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """The tables with what they leave to the machine."""
    state_folder = state_directory(environment)
    site, state = tables.get("site", {}), tables.get("state", {})
    return {
        **tables,
        "site": {"timezone": machine_zone(environment), **site} if isinstance(site, dict) else site,
        "state": {"folder": state_folder, **state} if state_folder and isinstance(state, dict) else state,
    }
