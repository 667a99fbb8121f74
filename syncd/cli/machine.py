"""What `syncd doctor` finds of this machine: looked at, tried as syncd's account, and judged."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from syncd.config import Config, Drop, load, machine_zone
from syncd.core.findings import Finding
from syncd.core.machine import Account, Contents, Folder, Login
from syncd.core.machine.folders import judge_drop, judge_exchange, judge_no_sender, judge_repository, judge_state
from syncd.core.machine.logins import judge_login
from syncd.core.machine.system import (
    judge_account,
    judge_clock,
    judge_inotify,
    judge_lease,
    judge_settings,
    judge_token_file,
    judge_unit,
)
from syncd.disk.machine.accounts import PATIENCE, done_as, group_number, ourselves
from syncd.disk.machine.folders import contents, exchange, secret, seen, senders
from syncd.disk.machine.kernel import clock, inotify
from syncd.disk.machine.logins import login_of
from syncd.disk.machine.service import Service, account_without, service_of
from syncd.disk.mounts import network_mounts
from syncd.disk.watch import means
from syncd.errors import Fault, SettingsError

MOST = 10
"""Senders that are tried."""


def examine_machine(config: Config, service: Service | None) -> list[Finding]:
    """All that is found here; hidden files that are made for it are gone again."""
    return list(_examined(config, service))


def service_for(config: Config) -> Service | None:
    """The unit that serves these settings, if systemd runs and has one."""
    return service_of(config.source)


def lend_credentials(config: Config) -> None:
    """Let root reach the site with the token that systemd has given to the running service."""
    if getattr(config.target, "token_credential", "") and (service := service_for(config)):
        service.lend_credentials(os.environ)


def refuse_to_hang(settings: Path, patience: float = PATIENCE) -> None:
    """Raise `Fault` where even reading the settings would hang, because a file server does not answer."""
    if not network_mounts() or done_as(ourselves(""), lambda: _read(settings), patience) is not None:
        return
    silent = [
        f"{mount.place} ({mount.kind})"
        for mount in network_mounts()
        if done_as(ourselves(""), lambda mount=mount: {"free": os.statvfs(mount.place).f_bfree}, patience) is None  # type: ignore[misc]  # the default binds it
    ]
    where = ", ".join(silent) or "a disk"
    raise Fault(f"{where} does not answer: is its server away? Whatever touches it hangs, syncd too. dmesg | tail")


def _read(settings: Path) -> dict[str, bool]:
    try:
        load(settings, writable=False)
    except SettingsError:
        return {"good": False}
    return {"good": True}


def _examined(config: Config, service: Service | None) -> Iterator[Finding]:
    account = (service and service.account()) or account_without(config.state.folder, config.repository.folder)
    name = service.name if service else ""
    drop = seen(config.drop.folder, account, listen=config.drop.watch != "poll")
    inside = contents(config.drop.folder, account) if drop.trial.answered else Contents(whole=False)
    folders = [config.repository.folder, config.state.folder]
    unit = service.seen([config.drop.folder, *folders] if drop.trial.answered else folders) if service else None
    yield from judge_account(account, unit, tried=drop.trial.tried)
    yield from _secrets(config, account)
    yield from judge_drop(drop, inside, account, config.drop.watch, config.drop.poll_every, name)
    yield from _sent(config.drop, drop, account, name)
    yield from judge_repository(seen(config.repository.folder, account), account, drop, name)
    made = service is not None and service.makes(config.state.folder)
    yield from judge_state(seen(config.state.folder, account, made=made), account, name)
    listens = drop.there and drop.trial.answered and means(config.drop.folder, config.drop.watch) == "inotify"
    yield from judge_inotify(inotify(), drop, inside.folders + 1, wanted=listens)
    yield from judge_lease(drop)
    yield from judge_clock(clock(machine_zone()), str(config.site.timezone))
    if unit:
        yield from judge_unit(unit, drop)


def _secrets(config: Config, account: Account) -> Iterator[Finding]:
    yield from judge_settings(secret(config.source.absolute(), account), account)
    # A key of one kind of target alone.
    token = getattr(config.target, "token_file", None)
    if isinstance(token, Path):
        yield from judge_token_file(secret(token, account), account)


def _sent(settings: Drop, drop: Folder, account: Account, unit: str) -> Iterator[Finding]:
    if (
        not drop.there
        or drop.trial.closed_above
        or drop.trial.refused
        or not (drop.trial.tried and drop.trial.answered)
    ):
        return
    found = senders(drop, account)
    if not found:
        yield judge_no_sender(drop, account)
    elif os.geteuid() != 0:
        yield Finding("sender", found[0].name, "unseen", "only root can try what a sender can do", "sudo syncd doctor")
    else:
        logins = {sender: login_of(sender.name, settings.folder) for sender in found[:MOST]}
        for sender in _meant(logins):
            yield from judge_exchange(exchange(settings.folder, sender, account), drop, account, unit)
            if login := logins[sender]:
                readers = group_number("systemd-journal")
                yield from judge_login(login, account, journal_group=readers, wanted=settings.sshd)


def _meant(logins: Mapping[Account, Login | None]) -> list[Account]:
    """Of all who may drop, those who are to: locked in for it where some are, as administrators of the group are not;
    and nobody who is locked in elsewhere, as the senders to other folders are."""
    here = [sender for sender, login in logins.items() if login is None or login.shows_drop]
    locked_in = [sender for sender in here if (login := logins[sender]) and login.cage]
    return locked_in or here or list(logins)
