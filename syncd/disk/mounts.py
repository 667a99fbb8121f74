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
    """A mounted file system: its kind as in mount(8), "" where nobody tells, and where it is mounted.

    What is seen at `place` is `root`, a folder of the file system on `device` ("8:1"); `number` is the mount's own.
    """

    kind: str = ""
    place: str = ""
    root: str = ""
    device: str = ""
    number: str = ""

    @property
    def network(self) -> bool:
        """Whether others than this machine may write to it."""
        return self.kind.startswith(NETWORK) and self.kind not in LOCAL


def mount_of(folder: Path, mounts: str = MOUNTS) -> Mount:
    """The file system on which a folder lies; raises `OSError` when it is not there."""
    device = os.stat(folder).st_dev
    on = f"{os.major(device)}:{os.minor(device)}"
    number = _number(folder) if mounts == MOUNTS else ""
    found = Mount()
    for mount in all_mounts(mounts):
        if mount.number == number if number else mount.device == on:
            found = mount
    return found


def mount_above(path: Path) -> Mount:
    """The file system on which a path lies by its name alone: one that hangs is not asked."""
    above = [mount for mount in all_mounts() if path.is_relative_to(mount.place)]
    return max(above, key=lambda mount: len(mount.place), default=Mount())


def network_mounts() -> list[Mount]:
    """The mounted file systems that others may write to."""
    return [mount for mount in all_mounts() if mount.network]


def all_mounts(mounts: str = MOUNTS) -> Iterator[Mount]:
    """All of them, in the kernel's order; raises `OSError` where it does not tell."""
    with open(mounts, encoding="utf-8", errors="surrogateescape") as lines:
        # proc(5): "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
        for fields in (line.rstrip("\n").split(" ") for line in lines):
            if "-" in fields:
                number, _, device, root, place = fields[:5]
                kind = fields[fields.index("-") + 1]
                yield Mount(kind, _unescaped(place), _unescaped(root), device, number)


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
