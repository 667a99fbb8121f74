"""Where the files are that syncd brings along: the documented settings, and what systemd needs."""

import sysconfig
from dataclasses import dataclass
from pathlib import Path

import syncd
from syncd.errors import Fault

SHARED = Path("/usr/share/syncd")


@dataclass(frozen=True, slots=True)
class Shipped:
    """The documented settings, and the folder with units, users, folders and catalog."""

    settings: Path
    systemd: Path


def shipped() -> Shipped:
    """What came with the syncd that runs: in its sources, or below the prefix that it was installed to."""
    sources = Path(syncd.__file__).parents[1]
    installed = Path(sysconfig.get_path("data")) / "share/syncd"
    places = [
        Shipped(sources / "syncd.toml", sources / "packaging/systemd"),
        *(Shipped(folder / "syncd.toml", folder / "systemd") for folder in (installed, SHARED)),
    ]
    for place in places:
        if place.settings.is_file() and place.systemd.is_dir():
            return place
    raise Fault(f"the files that come with syncd are neither in {installed} nor in {SHARED}: install it again, whole")
