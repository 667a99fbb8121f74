"""By which paths a folder can be reached: the same files may be mounted at several places."""

import os
from pathlib import Path

from syncd.disk.mounts import MOUNTS, all_mounts


def places(folder: Path, mounts: str = MOUNTS) -> list[str]:
    """All real paths of a folder, its own first: others are bind mounts of it, or of a folder above it."""
    own = os.path.realpath(folder)
    try:
        found = list(all_mounts(mounts))
    except OSError:
        return [own]
    holders = [mount for mount in found if _below(own, mount.place) is not None]
    if not holders:
        return [own]
    holder = max(
        reversed(holders), key=lambda mount: len(mount.place)
    )  # of those at one place, the last hides the others
    inside = _joined(holder.root, _below(own, holder.place) or "")
    others = (
        _joined(mount.place, below)
        for mount in found
        if mount.device == holder.device and (below := _below(inside, mount.root)) is not None
    )
    return list(dict.fromkeys([own, *others]))


def _below(path: str, folder: str) -> str | None:
    """What of a path is below a folder, "" for the folder itself; `None` when it is not below it."""
    top = folder.rstrip("/")
    if path in {top, folder}:
        return ""
    return path[len(top) + 1 :] if path.startswith(top + "/") else None


def _joined(folder: str, below: str) -> str:
    return f"{folder.rstrip('/')}/{below}" if below else folder
