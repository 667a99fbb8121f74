"""The folders as they stand, with what syncd's account and a sender can do there."""

import os
import stat as modes
import struct
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from syncd.core.machine import Account, Contents, Exchange, FileSystem, Folder, Secret, Trial
from syncd.disk.drop import CLAIMS
from syncd.disk.machine.accounts import PATIENCE, account_of, can_be, done_as, group_name, members, user_name
from syncd.disk.machine.trials import clear, give, look_through, scratch_name, take, trial, try_folder
from syncd.disk.mounts import mount_above, mount_of

NAMED_USER, OWNING_GROUP, NAMED_GROUP, MASK = 0x02, 0x04, 0x08, 0x10
"""Tags of an ACL's entries (linux/posix_acl.h)."""

ALL = 0o7


def seen(
    path: Path, account: Account, *, listen: bool = False, made: bool = False, patience: float = PATIENCE
) -> Folder:
    """A folder, or what is above it where it is not there; nothing of it is changed. `made`: systemd will make it.

    One that does not answer within `patience` seconds is not touched again: whoever does would hang with it.
    """
    asked = done_as(account, lambda: {"there": os.path.isdir(path)}, patience)
    if asked is None:
        return _hanging(path)
    there = os.path.isdir(path)
    place = path if there else next(above for above in path.parents if os.path.isdir(above))
    if made and not there:
        told = Trial()
    elif can_be(account):
        told = trial(done_as(account, lambda: try_folder(str(place), listen=listen), patience))
    else:
        told = Trial(tried=False)
    stat = place.stat()
    return Folder(
        path=str(path),
        there=there,
        owner=stat.st_uid,
        owner_name=user_name(stat.st_uid),
        group=stat.st_gid,
        group_name=group_name(stat.st_gid),
        mode=modes.S_IMODE(stat.st_mode),
        default_acl=_lets_in(_default_acl(place), account, stat),
        strangers=_open_to_strangers(place),
        system=_system(place, stat.st_dev),
        trial=told,
    )


def _hanging(path: Path) -> Folder:
    mount = mount_above(path)
    system = FileSystem(mount.kind, mount.place, 0, 0, None, mount.network)
    return Folder(str(path), True, 0, "", 0, "", 0, False, False, system, Trial(answered=False))


def contents(path: Path, account: Account) -> Contents:
    """What lies in the drop folder."""
    if not can_be(account):
        return Contents(tried=False)
    told = done_as(account, lambda: look_through(str(path)))
    if told is None:
        return Contents(whole=False)
    return Contents(
        folders=told["folders"],
        closed=tuple(told["closed"]),
        unreadable=tuple(told["unreadable"]),
        claims=_claims(path, account),
        whole=told["whole"],
    )


def senders(folder: Folder, account: Account) -> list[Account]:
    """Who puts files into a folder: its owner, or else the members of its group, as far as they are not syncd's."""
    uids = [folder.owner, *members(folder.group)]
    return [account_of(uid) for uid in dict.fromkeys(uids) if uid not in {0, account.uid}]


def exchange(path: Path, sender: Account, account: Account) -> Exchange | None:
    """Have a sender make something in the drop folder, and syncd take it; only root can.

    `None` where not even root may enter the folder: a file server takes it for nobody (exports(5), root_squash).
    """
    name = scratch_name()
    # By a handle, because the sender comes through a chroot, and need not be able to walk here.
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return None
    try:
        gave = _refusals(done_as(sender, lambda: give(folder, name)), "write")
        took = {} if gave else _refusals(done_as(account, lambda: take(str(path), name)), "take")
    finally:
        clear(folder, name)
        os.close(folder)
    return Exchange(sender.name, gave, took)


def secret(path: Path, account: Account) -> Secret:
    """A file of the administrator's."""
    stat = path.stat()
    told = done_as(account, lambda: {"readable": os.access(path, os.R_OK)}) if can_be(account) else {"readable": True}
    return Secret(str(path), stat.st_uid, stat.st_gid, modes.S_IMODE(stat.st_mode), bool(told and told["readable"]))


def _refusals(told: Mapping[str, Any] | None, deed: str) -> dict[str, str]:
    return dict(told) if told is not None else {deed: "no answer in time"}


def _system(place: Path, device: int) -> FileSystem:
    mount, room = mount_of(place), os.statvfs(place)
    # Some file systems make inodes as they go, and say 0.
    inodes = room.f_favail if room.f_files else None
    return FileSystem(mount.kind, mount.place, device, room.f_bavail * room.f_frsize, inodes, mount.network)


def _default_acl(place: Path) -> dict[tuple[int, int], int]:
    """The entries of a folder's default ACL: rights by tag and id."""
    with suppress(OSError):
        # acl(5) as the kernel keeps it: a version, then tag, rights and id of each entry.
        raw = os.getxattr(place, "system.posix_acl_default")
        return {(tag, who): rights for tag, rights, who in struct.iter_unpack("<HHI", raw[4:])}
    return {}


def _lets_in(acl: Mapping[tuple[int, int], int], account: Account, stat: os.stat_result) -> bool:
    limit = next((rights for (tag, _), rights in acl.items() if tag == MASK), ALL)
    inherits = bool(stat.st_mode & modes.S_ISGID) and stat.st_gid in account.groups
    return any(
        rights & limit == ALL
        for (tag, who), rights in acl.items()
        if (tag == NAMED_USER and who == account.uid)
        or (tag == NAMED_GROUP and who in account.groups)
        or (tag == OWNING_GROUP and inherits)
    )


def _open_to_strangers(place: Path) -> bool:
    if not place.stat().st_mode & 0o005:
        return False
    return all(above.stat().st_mode & 0o001 for above in place.absolute().parents)


def _claims(path: Path, account: Account) -> str:
    try:
        there = os.lstat(path / CLAIMS)
    except OSError:
        return ""
    if not modes.S_ISDIR(there.st_mode):
        return "it is no folder, and syncd claims files in one of its own"
    if there.st_uid != account.uid:
        return f"it belongs to {user_name(there.st_uid)}, and syncd claims files in a folder of its own"
    return ""
