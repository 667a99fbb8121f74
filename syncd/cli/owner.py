"""Acting as the user whose folders these are, so that the daemon can use what a command of root leaves there."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncd.config import Config


def act_as_owner(config: Config) -> None:
    """If this is root, become the user of the state folder, for good; of nobody's folder root stays root."""
    folders = [folder for folder in (config.state.folder, config.repository.folder) if folder.is_dir()]
    owner = os.stat(folders[0]).st_uid if folders else 0
    if os.geteuid() != 0 or owner == 0:
        return
    _become(owner, [*folders, config.drop.folder])


def _become(user: int, folders: list[Path]) -> None:
    # systemd may give the daemon groups of which the user database knows nothing: those of its folders.
    groups = {os.stat(folder).st_gid for folder in folders if folder.is_dir()}
    name = _name(user)
    group = pwd.getpwuid(user).pw_gid if name else os.stat(folders[0]).st_gid
    os.setgroups(sorted({*(os.getgrouplist(name, group) if name else ()), *groups}))
    os.setgid(group)
    os.setuid(user)
    os.umask(0o027)


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return ""
