"""Where things go: one instance on one machine, or a folder to try things out in."""

import grp
import os
import pwd
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where things go. `instance` is NAME of syncd@NAME, or ""; `root` is another machine's file system, or /.

    `here`: nothing but settings and folders, in the folder in which one is.
    """

    instance: str = ""
    root: Path = Path("/")
    here: bool = False

    @property
    def other(self) -> bool:
        """Whether another file system is written than this machine's own."""
        return self.root != Path("/")

    @property
    def settings(self) -> str:
        """The settings file."""
        return os.path.abspath("syncd.toml") if self.here else f"/etc/syncd/{self.instance or 'syncd'}.toml"

    @property
    def unit(self) -> str:
        """The unit's name."""
        return f"syncd@{self.instance}.service" if self.instance else "syncd.service"

    @property
    def unit_file(self) -> str:
        """The name of the unit's file: that of an instance is the template."""
        return "syncd@.service" if self.instance else "syncd.service"

    @property
    def state(self) -> str:
        """The state folder, which the unit makes."""
        return "var/state" if self.here else f"/var/lib/syncd/{self.instance}".rstrip("/")

    @property
    def token(self) -> str:
        """Where the token lies, for root alone."""
        if self.here:
            return os.path.abspath("token")
        return "/".join(("/etc/credstore", ".".join(filter(None, ("syncd", self.instance, "token")))))

    def inside(self, path: str) -> Path:
        """A path of that machine, as seen from here; in a folder to try things out, relative to it."""
        return Path(path) if self.here else self.root / path.lstrip("/")

    def shipped(self, path: str) -> bool:
        """Whether a package brought this file, below /usr or /lib."""
        return any(self.inside(f"{top}/{path}").exists() for top in ("/usr/lib", "/lib"))

    def user(self, name: str) -> int | None:
        """The number of an account there, or None."""
        if name == "root":  # also where sysusers has not yet made it
            return 0
        if self.other:
            return _number(self.inside("/etc/passwd"), name)
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
        return None

    def group(self, name: str) -> int | None:
        """The number of a group there, or None."""
        if self.other:
            return _number(self.inside("/etc/group"), name)
        with suppress(KeyError):
            return grp.getgrnam(name).gr_gid
        return None


def _number(table: Path, name: str) -> int | None:
    try:
        rows = [line.split(":") for line in table.read_text(encoding="utf-8", errors="replace").splitlines()]
    except FileNotFoundError:
        return None
    return next((int(row[2]) for row in rows if row[0] == name and len(row) > 2), None)
