"""By which paths a folder can be reached: the same files may be mounted at several places."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from syncd.disk.mounts import MOUNTS


@dataclass(frozen=True, slots=True)
class Mount:
    """`root`, a folder of the file system `device`, can be reached at `place`."""

    device: str
    root: str
    place: str


def places(folder: Path, mounts: str = MOUNTS) -> list[str]:
    """All real paths of a folder, its own first: others are bind mounts of it, or of a folder above it."""
    own = os.path.realpath(folder)
    try:
        found = list(_mounts(Path(mounts).read_bytes()))
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


def _mounts(text: bytes) -> Iterator[Mount]:
    # proc(5): "36 35 98:0 /root /place rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
    for line in text.splitlines():
        fields = line.split(b" ")
        if len(fields) > 4:
            yield Mount(fields[2].decode(), _plain(fields[3]), _plain(fields[4]))


def _plain(escaped: bytes) -> str:
    return os.fsdecode(re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), escaped))


def _below(path: str, folder: str) -> str | None:
    """What of a path is below a folder, "" for the folder itself; `None` when it is not below it."""
    top = folder.rstrip("/")
    if path in {top, folder}:
        return ""
    return path[len(top) + 1 :] if path.startswith(top + "/") else None


def _joined(folder: str, below: str) -> str:
    return f"{folder.rstrip('/')}/{below}" if below else folder
