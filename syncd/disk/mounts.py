"""On which file system something lies, as the kernel tells."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MOUNTS = "/proc/self/mountinfo"

NETWORK = (
    "nfs", "cifs", "smb", "9p", "ceph", "glusterfs", "lustre", "afs", "virtiofs", "fuse", "ncpfs", "coda", "ocfs2",
    "gfs2", "gpfs", "beegfs", "orangefs", "panfs", "vboxsf", "vmhgfs", "prl_fs", "davfs",
)  # fmt: skip
"""How the names of file systems begin that others write to as well: inotify(7) sees only what this machine does. What
a program of FUSE shows is nearly always elsewhere (sshfs, rclone, s3fs, bindfs)."""

LOCAL = frozenset({"fuseblk"})
"""Those of that beginning that are this machine's own: a disk of Windows."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system: its kind as in mount(8), "" where nobody tells, and where it is mounted."""

    kind: str = ""
    place: str = ""

    @property
    def network(self) -> bool:
        """Whether others than this machine may write to it."""
        return self.kind.startswith(NETWORK) and self.kind not in LOCAL


def mount_of(folder: Path, mounts: str = MOUNTS) -> Mount:
    """The file system on which a folder lies; raises `OSError` when it is not there."""
    device = os.stat(folder).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    name = _number(folder) if mounts == MOUNTS else ""
    found = Mount()
    for fields, mount in _all(mounts):
        if fields[0] == name if name else fields[2] == number:
            found = mount
    return found


def mount_above(path: Path) -> Mount:
    """The file system on which a path lies by its name alone: one that hangs is not asked."""
    above = [mount for _, mount in _all(MOUNTS) if path.is_relative_to(mount.place)]
    return max(above, key=lambda mount: len(mount.place), default=Mount())


def network_mounts() -> list[Mount]:
    """The mounted file systems that others may write to."""
    return [mount for _, mount in _all(MOUNTS) if mount.network]


def _all(mounts: str) -> Iterator[tuple[list[str], Mount]]:
    with open(mounts, encoding="utf-8", errors="surrogateescape") as lines:
        # proc(5): "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
        for fields in map(str.split, lines):
            if "-" in fields:
                yield fields, Mount(fields[fields.index("-") + 1], _unescaped(fields[4]))


def _number(folder: Path) -> str:
    """The number of the mount, by which sub-volumes are found too; "" where it can't be had."""
    with suppress(OSError):
        handle = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        try:
            told = Path(f"/proc/self/fdinfo/{handle}").read_text(encoding="ascii")
        finally:
            os.close(handle)
        if found := re.search(r"^mnt_id:\s*(\d+)$", told, re.MULTILINE):
            return found[1]
    return ""


def _unescaped(place: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), place)
