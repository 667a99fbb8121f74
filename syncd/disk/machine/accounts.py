"""Accounts of the machine: whose groups count, and doing something as one of them."""

import grp
import json
import os
import pwd
import select
import signal
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from syncd.core.machine import Account

PATIENCE = 10.0
"""Seconds after which a disk is taken for one that does not answer."""


def user_name(uid: int) -> str:
    """What a user is called; its number where nobody has named it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_name(gid: int) -> str:
    """What a group is called; its number where nobody has named it."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def group_number(name: str) -> int | None:
    """The number of a group; `None` where there is none of this name."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def account_of(uid: int, told_by: str = "") -> Account:
    """A user with the groups of the user database."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(uid, uid, frozenset({uid}), str(uid), told_by)
    groups = frozenset({entry.pw_gid, *os.getgrouplist(entry.pw_name, entry.pw_gid)})
    return Account(uid, entry.pw_gid, groups, entry.pw_name, told_by)


def named(name: str, groups: Sequence[str], told_by: str) -> Account | None:
    """A user by name, with more groups that the user database need not know; `None` when there is no such user."""
    try:
        account = account_of(pwd.getpwnam(name).pw_uid, told_by)
    except KeyError:
        return None
    more = {number for group in groups if (number := group_number(group)) is not None}
    return Account(account.uid, account.gid, account.groups | more, account.name, told_by)


def of_process(pid: int, told_by: str) -> Account | None:
    """The account that a process runs as, as the kernel tells; `None` when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
        told = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
        uid, gid, groups = int(told["Uid"][1]), int(told["Gid"][1]), frozenset(map(int, told["Groups"]))
    except (OSError, KeyError, ValueError, IndexError):
        return None
    return Account(uid, gid, groups | {gid}, user_name(uid), told_by)


def ourselves(told_by: str) -> Account:
    """Who we are."""
    uid, gid = os.geteuid(), os.getegid()
    return Account(uid, gid, frozenset({gid, *os.getgroups()}), user_name(uid), told_by)


def members(gid: int) -> list[int]:
    """The users of a group, as far as the user database lists them."""
    try:
        listed = {pwd.getpwnam(name).pw_uid for name in grp.getgrgid(gid).gr_mem if _known(name)}
    except KeyError:
        listed = set()
    return sorted(listed | {entry.pw_uid for entry in pwd.getpwall() if entry.pw_gid == gid})


def _known(name: str) -> bool:
    with suppress(KeyError):
        return bool(pwd.getpwnam(name))
    return False


def can_be(account: Account) -> bool:
    """Whether a process of ours can do things as an account, with all its groups."""
    ours = ourselves("")
    return ours.uid == 0 or (ours.uid == account.uid and account.groups <= ours.groups)


def done_as(
    account: Account, deed: Callable[[], Mapping[str, Any]], patience: float = PATIENCE
) -> dict[str, Any] | None:
    """What a deed returns that a process of ours does as an account, its umask 0007; `None` when no answer came.

    Only root can be somebody else; others do it as themselves. The process ends with the deed, or is ended.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Python warns where other threads run: this child does one thing, and ends without them.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        os.close(reading)
        _do(account, deed, writing)
    os.close(writing)
    try:
        return _answer(reading, time.monotonic() + patience)
    finally:
        os.close(reading)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _reap(pid)


def _do(account: Account, deed: Callable[[], Mapping[str, Any]], writing: int) -> None:
    try:
        signal.signal(signal.SIGIO, signal.SIG_IGN)  # a broken lease sends it
        os.umask(0o007)
        if os.geteuid() == 0 and account.uid != 0:
            os.setgroups(sorted(account.groups))
            os.setgid(account.gid)
            os.setuid(account.uid)
        # Nothing may be imported any more, not even an encoding: this account need not be able to read Python.
        answer = json.dumps(dict(deed())).encode()
        while answer:
            answer = answer[os.write(writing, answer) :]
    finally:
        os._exit(0)


def _answer(reading: int, until: float) -> dict[str, Any] | None:
    told = b""
    while (left := until - time.monotonic()) > 0 and select.select([reading], [], [], left)[0]:
        if piece := os.read(reading, 65_536):
            told += piece
        else:
            answer = json.loads(told) if told else None
            return answer if isinstance(answer, dict) else None
    return None


def _reap(pid: int) -> None:
    # One that hangs in a dead server's call can't even be ended: whoever comes after us reaps it.
    for _ in range(20):
        with suppress(ChildProcessError):
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                time.sleep(0.05)
                continue
        return
