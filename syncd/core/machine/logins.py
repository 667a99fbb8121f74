"""Whether sshd lets a sender in, holds it to its folder, and tells of its uploads."""

from collections.abc import Iterator

from syncd.core.findings import Finding, State
from syncd.core.machine import Account, Login, typed

PAGE = "docs/SFTP.md"


def judge_login(login: Login, account: Account, *, journal_group: int | None, wanted: str) -> Iterator[Finding]:
    """What is found of a sender's log-in; `journal_group` is who may read the journal, and `wanted` the setting
    of sshd's word."""
    who = login.sender
    if not login.sftp_only:
        why = f"sshd lets {who} do more than drop files: a shell, programs"
        yield Finding(
            "sender", f"{who}: sshd", "warning", why, f"ForceCommand internal-sftp -l INFO -u 0007   # {PAGE}"
        )
        return
    yield _cage(login)
    if login.tunnels:
        why = f"{who} may open tunnels through this machine into its network"
        yield Finding("sender", f"{who}: tunnels", "warning", why, f"DisableForwarding yes   # {PAGE}, sshd")
    if login.umask is None or login.umask & 0o070:
        why = (
            "sshd leaves the group no right to write the folders that it makes, and syncd can't take files out of them"
        )
        yield Finding(
            "sender", f"{who}: umask", "warning", why, f"ForceCommand internal-sftp -l INFO -u 0007   # {PAGE}"
        )
    else:
        yield Finding("sender", f"{who}: umask", "ok", f"{login.umask:04o}")
    if wanted != "off":
        yield _word(login, account, journal_group, "missing" if wanted == "on" else "optional")


def _cage(login: Login) -> Finding:
    name = f"{login.sender}: cage"
    if not login.cage:
        return Finding(
            "sender", name, "warning", "it sees the whole machine", f"ChrootDirectory /srv/sftp/%u   # {PAGE}"
        )
    if login.flaw:
        why = f"sshd lets it in no more: {login.flaw} must belong to root, and be writable by nobody else"
        cure = f"chown root: {typed(login.flaw)} && chmod go-w {typed(login.flaw)}"
        return Finding("sender", name, "missing", why, cure)
    if not login.shows_drop:
        why = f"{login.cage} does not show it the drop folder, nor a part of it"
        return Finding(
            "sender", name, "missing", why, f"mount --bind DROP {typed(login.cage)}/sync   # {PAGE}, several senders"
        )
    return Finding("sender", name, "ok", f"{login.cage}, which nobody but root can change")


def _word(login: Login, account: Account, journal_group: int | None, lacking: State) -> Finding:
    name = f"{login.sender}: sshd's word"
    place = f"{login.cage.rstrip('/')}/dev/log"
    if not login.tells:
        why = "sshd does not log what becomes of uploads; syncd waits for quiet instead"
        return Finding("sender", name, lacking, why, f"ForceCommand internal-sftp -l INFO -u 0007   # {PAGE}")
    if not login.socket:
        why = f"{place} is no socket: what sshd says of uploads is lost, and syncd waits for quiet instead"
        unit = f"$(systemd-escape -p --suffix=mount {typed(place)})"
        return Finding("sender", name, lacking, why, f"systemctl enable --now {unit}   # {PAGE}, sshd's word")
    if journal_group is not None and account.uid != 0 and journal_group not in account.groups:
        why = f"{account.name} may not read the journal, where sshd tells what becomes of uploads"
        cure = f"usermod -aG systemd-journal {typed(account.name)}   # or SupplementaryGroups= in the unit"
        return Finding("sender", name, lacking, why, cure)
    return Finding("sender", name, "ok", "sshd tells the journal what becomes of uploads")
