"""Which syncd the command line is about: the settings that it goes by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.errors import UsageError

if TYPE_CHECKING:
    from syncd.cli.bearings import Bearings
    from syncd.config import Config

INSTANCES = Path("/etc/syncd")
USUAL = (Path("/etc/syncd/syncd.toml"), Path("syncd.toml"))


@dataclass
class Installation:
    """The settings file, or the instance, that `-c` named; None: the first of the usual ones that is there."""

    named: Path | None = None
    bearings: Bearings | None = None
    """As they were found once (cli/bearings.py)."""

    @property
    def source(self) -> Path:
        """The settings file; raises `UsageError` when none was named and none is at its usual place."""
        if self.named:
            return _of_instance(self.named) or self.named
        for path in USUAL:
            if path.exists():
                return path
        places = " nor ".join(str(path) for path in USUAL)
        raise UsageError(
            f"there are no settings: neither {places} is there. syncd init writes them; -c FILE names others."
        )

    def load(self, *, writable: bool = False) -> Config:
        """Read and check the settings; `writable` asks too whether the folders can be written."""
        # pydantic takes longer to start than most verbs take to end.
        from syncd import config

        return config.load(self.source, writable=writable)


def _of_instance(named: Path) -> Path | None:
    """The settings of the instance syncd@NAME, where NAME is no file here."""
    settings = INSTANCES / f"{named}.toml"
    return settings if named.name == str(named) and not named.exists() and settings.exists() else None
