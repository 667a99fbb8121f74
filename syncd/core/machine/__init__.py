"""What was seen of the machine that syncd runs on; the modules beside this one judge it."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Account:
    """A user with all the groups that count; `told_by` is how it is known, in words, "" where that is plain."""

    uid: int
    gid: int
    groups: frozenset[int]
    name: str
    told_by: str = ""


@dataclass(frozen=True, slots=True)
class FileSystem:
    """What a folder lies on. `kind` is as in mount(8), "" where the kernel does not say; inodes of `None` are not
    counted there."""

    kind: str
    mounted_at: str
    device: int
    free_bytes: int
    free_inodes: int | None
    network: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """What happened when an account tried a folder: the deeds that were refused, each with the kernel's reason.

    `skew` is how far the file system's clock is ahead of ours, in seconds; `inotify` why the kernel gives no watch;
    `closed_above` the first folder on the way that can't be entered. Not `answered`: nothing came back in time; not
    `tried`: whoever calls can't be that account.
    """

    refused: Mapping[str, str] = field(default_factory=dict)
    skew: float = 0.0
    lease: bool = True
    inotify: str = ""
    closed_above: str = ""
    answered: bool = True
    tried: bool = True


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as it stands, with what syncd's account can do there. One that is not `there` has what is of the
    folder above, in which syncd would make it.

    `default_acl` lets a group, or the account, write whatever is made in it; `strangers`: any account gets in.
    """

    path: str
    there: bool
    owner: int
    owner_name: str
    group: int
    group_name: str
    mode: int
    default_acl: bool
    strangers: bool
    system: FileSystem
    trial: Trial


@dataclass(frozen=True, slots=True)
class Contents:
    """What lies in the drop folder: `closed` folders are those that syncd may not look into or take out of, and
    `unreadable` files those that it may not read. `whole` is whether all was looked at."""

    folders: int = 0
    closed: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    claims: str = ""
    """Why the hidden folder of claims is not syncd's own; "" where it is, or is not there."""
    whole: bool = True
    tried: bool = True


@dataclass(frozen=True, slots=True)
class Exchange:
    """A file and a folder that `sender` made in the drop folder, and syncd took: what was refused to each."""

    sender: str
    gave: Mapping[str, str]
    took: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Login:
    """How sshd lets a sender in. `cage` is its ChrootDirectory, "" for none; `flaw` the folder on the way there that is
    not root's alone; `shows_drop`: the drop folder, or a part of it, is in the cage. `tells`: sshd logs what becomes of
    files; `socket`: the cage has a /dev/log for it. `umask` is None where sshd sets none."""

    sender: str
    sftp_only: bool
    cage: str
    flaw: str
    shows_drop: bool
    umask: int | None
    tells: bool
    socket: bool
    tunnels: bool


@dataclass(frozen=True, slots=True)
class Secret:
    """A file of the administrator's: the settings, the token."""

    path: str
    owner: int
    group: int
    mode: int
    readable: bool
    """For syncd's account."""


@dataclass(frozen=True, slots=True)
class Unit:
    """How systemd starts this syncd. `closed` are the folders, of those that syncd writes, which its sandbox shows to
    it read-only or not at all; `user_known`: there is such a user."""

    name: str
    active: bool
    enabled: bool
    stale: bool
    user: str
    user_known: bool
    closed: tuple[str, ...]
    mounts: tuple[str, ...]
    """What RequiresMountsFor= names."""
    journal_kept: bool


@dataclass(frozen=True, slots=True)
class Clock:
    """The machine's clock: `synchronised` is None where the kernel does not tell."""

    synchronised: bool | None
    zone: str


@dataclass(frozen=True, slots=True)
class Inotify:
    """The kernel's limits on listening, for each user; 0 where they can't be read."""

    watches: int
    instances: int


def typed(path: str) -> str:
    """A path as it is typed into a shell."""
    return shlex.quote(path)
