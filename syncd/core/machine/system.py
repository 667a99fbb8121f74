"""Whether the account, the settings' files, the kernel, the clock and systemd let syncd work."""

from collections.abc import Iterator, Sequence

from syncd.core.findings import Finding, State
from syncd.core.machine import Account, Clock, Folder, Inotify, Secret, Unit, typed

PLENTY = 524_288
"""Watches that no drop folder uses up."""

UNIVERSAL = frozenset({"UTC", "Etc/UTC", "Universal", "Etc/Universal", "Zulu", "Etc/Zulu", "UCT", "Etc/UCT"})


def judge_account(account: Account, unit: Unit | None, *, tried: bool = True) -> Iterator[Finding]:
    """What is found of the account that syncd runs as; not `tried`: whoever calls can't be it."""
    if unit and not unit.user_known:
        cure = "systemd-sysusers   # with packaging/systemd/syncd.sysusers in /etc/sysusers.d/syncd.conf"
        yield Finding("account", unit.user, "missing", f"{unit.name} names a user that is not there", cure)
    name = f"{account.name} (uid {account.uid})"
    if account.uid == 0:
        why = f"{account.told_by}: syncd needs no root, and should have an account of its own"
        cure = "run it by packaging/systemd/syncd.service, whose user is syncd"
        yield Finding("account", name, "warning", why, cure)
    else:
        yield Finding("account", name, "ok", account.told_by)
    if not tried:
        why = f"whoever calls this is neither root nor {account.name} with all its groups, and can try nothing as it"
        yield Finding("account", "rights", "unseen", why, "sudo syncd doctor")


def judge_settings(settings: Secret, account: Account) -> Iterator[Finding]:
    """What is found of the settings file: who writes it has programs run."""
    path = typed(settings.path)
    if not settings.readable:
        cure = f"chgrp {account.gid} {path} && chmod 0640 {path}"
        yield Finding("settings", settings.path, "missing", f"{account.name} can't read it", cure)
    if settings.mode & 0o002:
        why = "any account of this machine can change it, and have programs run by it"
        yield Finding("settings", settings.path, "missing", why, f"chmod o-w {path}")
    elif settings.mode & 0o020 and settings.group != 0:
        why = "its group can change it, and have programs run by it"
        yield Finding("settings", settings.path, "warning", why, f"chmod g-w {path}")
    elif settings.readable:
        yield Finding("settings", settings.path, "ok")


def judge_token_file(token: Secret, account: Account) -> Iterator[Finding]:
    """What is found of the file that holds the token."""
    path = typed(token.path)
    if token.mode & 0o007:
        why = "any account of this machine can have the token, and all that it may do in Moodle"
        yield Finding("settings", token.path, "missing", why, f"chmod o-rwx {path}   # and make a new token in Moodle")
    elif not token.readable:
        cure = f"chgrp {account.gid} {path} && chmod 0640 {path}"
        yield Finding("settings", token.path, "missing", f"{account.name} can't read the token", cure)
    elif token.mode & 0o020:
        yield Finding("settings", token.path, "warning", "its group can change the token", f"chmod g-w {path}")
    else:
        yield Finding("settings", token.path, "ok", "the token is closed to others")


def judge_inotify(inotify: Inotify, drop: Folder, folders: int, *, wanted: bool) -> Iterator[Finding]:
    """What is found of the kernel's limits; `wanted` is whether syncd listens at all, `folders` how many it would."""
    if not wanted:
        return
    line = "echo 'fs.inotify.{} = {}' >> /etc/sysctl.d/60-syncd.conf && sysctl --system && systemctl restart syncd"
    refused = drop.trial.inotify
    if "open files" in refused:
        why = f"the kernel gives no more listeners (fs.inotify.max_user_instances is {inotify.instances:,}): {refused}"
        yield Finding("kernel", "inotify", "missing", why, line.format("max_user_instances", 1_024))
    elif "No space" in refused:
        why = f"the kernel gives no watch on the drop folder: {refused}"
        yield Finding("kernel", "inotify", "missing", why, line.format("max_user_watches", PLENTY))
    elif refused and not drop.trial.refused:
        yield Finding("kernel", "inotify", "warning", f"the kernel gives no watch on the drop folder: {refused}")
    elif not inotify.watches:
        yield Finding("kernel", "inotify", "unseen", "its limits can't be read")
    else:
        why = f"{folders:,} of {inotify.watches:,} watches (fs.inotify.max_user_watches)"
        state: State = "missing" if folders > inotify.watches else "warning" if folders * 2 > inotify.watches else "ok"
        cure = line.format("max_user_watches", max(PLENTY, 4 * folders)) if state != "ok" else ""
        yield Finding("kernel", "inotify", state, why, cure)


def judge_lease(drop: Folder) -> Iterator[Finding]:
    """Whether the kernel tells of those who have a file open for writing."""
    if not drop.there or not drop.trial.tried or drop.trial.refused or not drop.trial.answered:
        return
    if drop.trial.lease:
        yield Finding("kernel", "lease", "ok", "the kernel tells of writers of syncd's own files (F_SETLEASE)")
    else:
        why = f"{drop.system.kind or 'this file system'} tells of no writers (F_SETLEASE): syncd goes by quiet alone"
        yield Finding("kernel", "lease", "optional", why, "have senders upload as NAME.part, then rename (SENDERS.md)")


def judge_clock(clock: Clock, zone: str) -> Iterator[Finding]:
    """What is found of the clock; `zone` is the settings'."""
    match clock.synchronised:
        case True:
            yield Finding("clock", "synchronised", "ok")
        case False:
            why = "nothing keeps the machine's clock right: timers and reports go by it"
            yield Finding("clock", "synchronised", "warning", why, "apt-get install chrony   # or systemd-timesyncd")
        case None:
            yield Finding("clock", "synchronised", "unseen", "the kernel does not tell")
    if zone in UNIVERSAL:
        why = "timers and reports go by UTC, without summer time: is that the clock of the people there?"
        yield Finding("clock", "zone", "warning", why, 'timezone = "Europe/Paris" in [site], then: syncd reload')
    elif zone == clock.zone:
        yield Finding("clock", "zone", "ok", f"{zone}, as the machine's")
    else:
        yield Finding("clock", "zone", "ok", f"timers and reports go by {zone}; the machine's clock shows {clock.zone}")


def judge_unit(unit: Unit, drop: Folder) -> Iterator[Finding]:
    """What is found of the service."""
    if unit.stale:
        why = "its unit was changed, and systemd goes by the old one"
        yield Finding("service", unit.name, "missing", why, f"systemctl daemon-reload && systemctl restart {unit.name}")
    if unit.closed:
        yield Finding("service", "sandbox", "missing", _closed(unit), _opened(unit))
    else:
        yield Finding("service", "sandbox", "ok", "lets it write the drop folder, the repository and the state folder")
    if not unit.active:
        yield Finding("service", unit.name, "warning", "it does not run", f"systemctl start {unit.name}")
    elif not unit.stale:
        yield Finding("service", unit.name, "ok", "it runs")
    if not unit.enabled:
        why = "it is not started when the machine starts"
        yield Finding("service", "at boot", "warning", why, f"systemctl enable {unit.name}")
    place = drop.system.mounted_at
    if place not in {"", "/"} and not any(_within(mount, place) for mount in unit.mounts):
        why = f"the drop folder lies on {place}, for which the service does not wait"
        cure = _drop_in(unit.name, f"[Unit]\\nRequiresMountsFor={drop.path}")
        yield Finding("service", "mounts", "warning", why, cure)
    if not unit.journal_kept:
        why = "the journal is in memory: the log is gone with each start of the machine"
        yield Finding("service", "journal", "warning", why, "mkdir -p /var/log/journal && journalctl --flush")


def _closed(unit: Unit) -> str:
    return f"its sandbox does not let it write {', '.join(unit.closed)}"


def _opened(unit: Unit) -> str:
    home = [path for path in unit.closed if _within(path, "/home") or _within(path, "/root")]
    lines = ["[Service]", *(f"ReadWritePaths={path}" for path in unit.closed if path not in home)]
    if home:
        lines += ["ProtectHome=tmpfs", *(f"BindPaths={path}" for path in home)]
    return _drop_in(unit.name, "\\n".join(lines))


def _drop_in(unit: str, text: str) -> str:
    folder = f"/etc/systemd/system/{unit}.d"
    write = f"mkdir -p {folder} && printf '{text}\\n' > {folder}/doctor.conf"
    return f"{write} && systemctl daemon-reload && systemctl restart {unit}"


def _within(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")


def closed_by(unit_writes: Sequence[str], folders: Sequence[str], *, strict: bool, home: bool) -> tuple[str, ...]:
    """The folders that a sandbox keeps from being written, by the lines of the unit: those of ReadWritePaths= and the
    unit's own folders, ProtectSystem=strict, and ProtectHome=."""
    hidden = ("/home", "/root", "/run/user") if home else ()
    return tuple(
        folder
        for folder in folders
        if (strict or any(_within(folder, top) for top in hidden))
        and (not any(_within(folder, path) for path in unit_writes))
    )
