"""Whether the folders, and who may do what there, let syncd work."""

from collections.abc import Iterator, Mapping, Sequence

from syncd.core import sizes
from syncd.core.durations import spoken
from syncd.core.findings import Finding, State, Topic
from syncd.core.machine import Account, Contents, Exchange, Folder, Trial, typed

SETGID, STICKY, GROUP_ALL, OTHERS = 0o2000, 0o1000, 0o070, 0o007

SKEW = 2.0
"""Seconds by which a file system's clock may differ from ours."""

FULL, TIGHT = 100_000_000, 1_000_000_000
"""Free bytes below which syncd will stop soon, and those at which somebody should know."""

NO_NAMES, FEW_NAMES = 1_000, 10_000
"""Likewise the files that can still be made."""

DEEDS = {
    "look": "look into it",
    "write": "make a file in it",
    "rename": "rename a file in it",
    "remove": "remove a file from it",
    "read": "read what was dropped",
    "take": "take it out",
    "make a folder": "make a folder in it",
}


def judge_drop(
    folder: Folder, contents: Contents, account: Account, watch: str, poll_every: float, unit: str
) -> Iterator[Finding]:
    """What is found of the drop folder."""
    if not folder.there and folder.trial.tried and not folder.trial.closed_above:
        yield _absent(folder, account)
        return
    if not folder.trial.answered or not folder.there:
        yield _rights("drop", folder, account, unit)
        return
    yield _listening(folder, watch, poll_every)
    yield _rights("drop", folder, account, unit)
    if folder.mode & STICKY and account.uid not in {0, folder.owner}:
        why = "in a folder with the sticky bit syncd may not take what others have made"
        yield Finding("drop", "sticky bit", "missing", why, f"chmod -t {typed(folder.path)}")
    yield _inheritance(folder, account)
    if contents.claims:
        claims = f"{folder.path}/.syncd"
        cure = f"mv {typed(claims)} {typed(claims)}-foreign   # look first whose it is, and what is in it"
        yield Finding("drop", claims, "missing", contents.claims, cure)
    yield from _left_there(folder, contents)
    yield from _strangers("drop", folder, "what is dropped")
    yield from _room("drop", folder)
    yield from _skew("drop", folder)


def judge_repository(folder: Folder, account: Account, drop: Folder, unit: str) -> Iterator[Finding]:
    """What is found of the repository."""
    yield from _ours("repository", folder, account, unit)
    if not folder.trial.answered:
        return
    if folder.system.network:
        why = f"{folder.system.kind} is a network file system: only this one syncd may use it, from this machine alone"
        yield Finding("repository", "file system", "warning", why)
    else:
        where = "the drop folder's, too" if folder.system.device == drop.system.device else "not the drop folder's"
        yield Finding("repository", "file system", "ok", f"{folder.system.kind or 'unknown'}, {where}")
    yield from _strangers("repository", folder, "command files, with passwords where they hold some")
    yield from _room("repository", folder)


def judge_state(folder: Folder, account: Account, unit: str) -> Iterator[Finding]:
    """What is found of the state folder."""
    yield from _ours("state", folder, account, unit)
    if not folder.trial.answered:
        return
    if folder.system.network:
        why = f"{folder.system.kind} is a network file system: the ledger would break on it (SQLite's WAL)"
        yield Finding("state", "file system", "missing", why, '[state] folder = "/var/lib/syncd"')
    else:
        yield Finding("state", "file system", "ok", folder.system.kind or "unknown")
    yield from _strangers("state", folder, "the plans of runs, with people's data")
    yield from _room("state", folder)


def judge_exchange(exchange: Exchange | None, folder: Folder, account: Account, unit: str) -> Iterator[Finding]:
    """What is found of a file that a sender made, and syncd took; `None`: nobody could have it made."""
    if exchange is None:
        why = "the file server does not let this machine's root into the drop folder: what senders can do was not tried"
        yield Finding("sender", "senders", "unseen", why)
        return
    sender = exchange.sender
    if exchange.gave:
        deeds = _deeds(exchange.gave)
        cure = f"usermod -aG {typed(folder.group_name)} {typed(sender)} && chmod g+rwxs {typed(folder.path)}"
        yield Finding("sender", sender, "missing", f"{sender} can't {deeds}", cure)
    elif exchange.took:
        why = f"of what {sender} makes with the umask 0007, {account.name} can't {_deeds(exchange.took)}"
        yield Finding("sender", sender, "missing", why, _into_group(folder, account, unit))
    else:
        yield Finding("sender", sender, "ok", f"what {sender} makes with the umask 0007, {account.name} can take")


def judge_no_sender(folder: Folder, account: Account) -> Finding:
    """What is found of a drop folder that only syncd has rights on."""
    if folder.mode & 0o002 or folder.default_acl:
        return Finding("sender", "who may drop", "ok", "accounts that its rights let in")
    who = "root" if account.uid == 0 else f"{account.name} and root"
    why = f"nobody but {who} can put files there: it has no other owner, and its group no other member"
    cure = f"{_shared(folder, 'SENDER')}   # docs/SFTP.md"
    return Finding("sender", "who may drop", "warning", why, cure)


def _absent(folder: Folder, account: Account) -> Finding:
    group = f"groupadd -f sftp && usermod -aG sftp {typed(account.name)}"
    cure = f"{group} && install -d -o root -g sftp -m 2770 {typed(folder.path)}   # docs/SFTP.md"
    return Finding("drop", folder.path, "missing", "there is no such folder", cure)


def _listening(folder: Folder, watch: str, poll_every: float) -> Finding:
    kind, every = folder.system.kind or "unknown", spoken(poll_every)
    if watch == "poll":
        return Finding("drop", "file system", "ok", f'{kind}; syncd looks every {every} (watch = "poll")')
    if not folder.system.network:
        if kind == "overlay":
            why = "overlay: the kernel tells of what is uploaded here, not of what is written to the layers below"
            return Finding(
                "drop",
                "file system",
                "warning",
                why,
                'watch = "poll" in [drop], then: syncd reload   # if that happens',
            )
        return Finding("drop", "file system", "ok", f"{kind}: the kernel tells of uploads")
    if watch == "inotify":
        why = f'on {kind} the kernel does not tell of what other machines do, and watch = "inotify" relies on it'
        return Finding("drop", "file system", "missing", why, 'watch = "auto" in [drop], then: syncd reload')
    why = f"on {kind} the kernel does not tell of what other machines do: syncd looks every {every} by itself"
    return Finding(
        "drop", "file system", "warning", why, 'to hear sooner: poll_every = "5s" in [drop], then: syncd reload'
    )


def _ours(topic: Topic, folder: Folder, account: Account, unit: str) -> Iterator[Finding]:
    if folder.there or folder.trial != Trial():
        yield _rights(topic, folder, account, unit)
    else:
        yield Finding(topic, folder.path, "ok", "is not there yet; syncd makes it")


def _rights(topic: Topic, folder: Folder, account: Account, unit: str) -> Finding:
    trial = folder.trial
    if not trial.tried:
        return Finding(topic, folder.path, "unseen", f"only root can try what {account.name} may do there")
    if not trial.answered:
        why = f"{folder.system.kind or 'the disk'} did not answer in time"
        return Finding(topic, folder.path, "missing", why, "dmesg | tail   # a network server that is away?")
    if trial.closed_above:
        why = f"{account.name} can't enter {trial.closed_above}, on the way to it"
        return Finding(topic, folder.path, "missing", why, f"setfacl -m u:{account.name}:x {typed(trial.closed_above)}")
    if not trial.refused:
        return Finding(topic, folder.path, "ok", f"{account.name} can do there what it must")
    why = f"{account.name} can't {_deeds(trial.refused)}"
    if not folder.there:
        cure = f"install -d -o {typed(account.name)} -g {account.gid} -m 0750 {typed(folder.path)}"
    elif "Read-only" in why:
        cure = f"mount -o remount,rw {typed(folder.system.mounted_at)}"
    elif topic == "drop":
        cure = _into_group(folder, account, unit)
    else:
        cure = f"chown -R {typed(account.name)}: {typed(folder.path)}"
    return Finding(topic, folder.path, "missing", why, cure)


def _into_group(folder: Folder, account: Account, unit: str) -> str:
    """What lets an account in by the folder's group."""
    if folder.group == 0 or folder.group_name == folder.owner_name:
        return _shared(folder, account.name)
    steps = []
    if folder.group not in account.groups:
        steps.append(f"usermod -aG {typed(folder.group_name)} {typed(account.name)}")
    if folder.mode & (SETGID | GROUP_ALL) != SETGID | GROUP_ALL:
        steps.append(f"chmod g+rwxs {typed(folder.path)}")
    if unit and folder.group not in account.groups:
        steps.append(f"systemctl restart {unit}")
    return " && ".join(steps or [f"namei -l {typed(folder.path)}   # and getfacl: which of these closes it?"])


def _shared(folder: Folder, name: str) -> str:
    """What gives a folder to a group of its own, and an account to that group."""
    path = typed(folder.path)
    return f"groupadd -f sftp && usermod -aG sftp {typed(name)} && chgrp -R sftp {path} && chmod 2770 {path}"


def _inheritance(folder: Folder, account: Account) -> Finding:
    """Whether what senders make in the folder belongs to a group that syncd is in."""
    if folder.default_acl:
        return Finding("drop", "default ACL", "ok", "whatever is made there, syncd may read and take it")
    if folder.mode & SETGID or account.uid in {0, folder.owner}:
        return Finding("drop", "setgid bit", "ok", f"what is made there belongs to the group {folder.group_name}")
    why = "what senders make there belongs to their own group, and syncd may not be able to read it"
    return Finding("drop", "setgid bit", "warning", why, f"chmod g+s {typed(folder.path)}")


def _left_there(folder: Folder, contents: Contents) -> Iterator[Finding]:
    path = typed(folder.path)
    if contents.closed:
        why = (
            f"{_some(contents.closed)}: syncd can't take anything out of there. sftp's put -r and lftp's mirror make "
            "folders without the right to write for the group"
        )
        cure = f"find {path} -mindepth 1 -type d ! -name .syncd ! -perm -0070 -exec chmod g+rwxs {{}} +"
        yield Finding("drop", _counted(contents.closed, "closed folder"), "missing", why, cure)
    if contents.unreadable:
        why = f"{_some(contents.unreadable)}: syncd may not read them"
        cure = f"find {path} -type f ! -perm -0040 -exec chmod g+r {{}} +   # for the future: internal-sftp -u 0007"
        yield Finding("drop", _counted(contents.unreadable, "closed file"), "missing", why, cure)
    if not contents.tried:
        return
    if contents.whole and not (contents.closed or contents.unreadable):
        folders = f"{contents.folders:,} sub-folder{'' if contents.folders == 1 else 's'}"
        yield Finding("drop", "what lies there", "ok", f"{folders}, and none of what lies there is closed to syncd")
    if not contents.whole:
        yield Finding("drop", "what lies there", "unseen", "there is so much that not all of it was looked at")


def _strangers(topic: Topic, folder: Folder, what: str) -> Iterator[Finding]:
    if folder.there and folder.strangers:
        why = f"any account of this machine can read {what}"
        yield Finding(topic, "open to everybody", "warning", why, f"chmod o-rwx {typed(folder.path)}")


def _room(topic: Topic, folder: Folder) -> Iterator[Finding]:
    system = folder.system
    at = typed(system.mounted_at or folder.path)
    free = sizes.spoken(system.free_bytes)
    if system.free_bytes < FULL:
        yield Finding(topic, "free space", "missing", f"only {free} on {at}", f"df -h {at}   # then make room")
    elif system.free_bytes < TIGHT:
        yield Finding(topic, "free space", "warning", f"only {free} on {at}", f"df -h {at}   # then make room")
    else:
        yield Finding(topic, "free space", "ok", free)
    names = system.free_inodes
    if names is not None and names < FEW_NAMES:
        state: State = "missing" if names < NO_NAMES else "warning"
        why = f"only {names:,} more files can be made on {at}"
        yield Finding(topic, "free inodes", state, why, f"df -i {at}   # then remove files that nobody needs")


def _skew(topic: Topic, folder: Folder) -> Iterator[Finding]:
    skew = folder.trial.skew
    if abs(skew) > SKEW:
        way = "ahead of" if skew > 0 else "behind"
        why = f"the file system's clock is {spoken(round(abs(skew)))} {way} this machine's"
        cure = "chronyc tracking   # here and on the file server: both must be synchronised"
        yield Finding(topic, "its clock", "warning", why, cure)


def _deeds(refused: Mapping[str, str]) -> str:
    return "; ".join(f"{DEEDS.get(deed, deed)}: {why}" for deed, why in refused.items())


def _counted(paths: Sequence[str], one: str) -> str:
    return f"{len(paths):,} {one}{'s' if len(paths) > 1 else ''}"


def _some(paths: Sequence[str], most: int = 3) -> str:
    more = f" and {len(paths) - most:,} more" if len(paths) > most else ""
    return ", ".join(paths[:most]) + more
