"""sshd's word: what a real sshd logs of real clients, and what syncd makes of it."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.boot import sender
from tests.boot.installed import UNITS, Service
from tests.boot.machine import Machine
from tests.waiting import wait_for

pytestmark = [
    pytest.mark.sshd,
    pytest.mark.skipif(not shutil.which("sftp"), reason="OpenSSH's sftp can't be found (Debian: openssh-client)."),
]
USERS = "username,firstname,lastname,email\nanne,Anne,Ahlers,anne@example.org\nben,Ben,Berg,ben@example.org\n"
LONG = "".join(f"# {number:070}\n" for number in range(14_000)) + USERS
"""A megabyte of comments, and two rows."""
SOON = 10.0


@pytest.fixture
def told(host: Machine, service: Service) -> Iterator[Service]:
    """syncd, on a machine where sshd logs SFTP, and where syncd may read it."""
    sender.speaks(host)
    service.drop_in("sshd", (UNITS / "drop-ins/sshd.conf").read_text())
    yield service
    host.run("rm", "-f", "/root/long.csv", "/root/users.csv")


def settings(service: Service, *, settle: str, more: str = "") -> None:
    """Its settings, with another `settle`."""
    service.settings()
    file = service.path("/etc/syncd/syncd.toml")
    file.write_text(file.read_text().replace('settle = "300ms"', f'settle = "{settle}"\n{more}'))


def breaks_off(machine: Machine, service: Service, name: str, *, kills: str = "", meanwhile: str = "") -> None:
    """Begin to upload a long file, and kill the client half-way, or `kills`, its process on the server.

    `meanwhile`, another client does this, and is waited for.
    """
    machine.writes("/root/long.csv", LONG)
    upload = [*sender.CLIENT[:3], "-l", "4000", *sender.CLIENT[3:], "erp@localhost"]
    client = subprocess.Popen(
        machine.argv("sh", "-c", 'echo $$ >/root/pid; exec "$@"', "sh", *upload),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert client.stdin
    client.stdin.write(f"put /root/long.csv sync/{name}\n".encode())
    client.stdin.close()
    there = service.path(service.drop) / name
    wait_for(lambda: there.exists() and there.stat().st_size > 100_000, SOON, "half of it is there")
    if meanwhile:
        sender.sends(machine, meanwhile)
        wait_for(lambda: there.stat().st_size > 100_000, SOON, "the first one writes on")
        assert "its upload is going on, as sshd says" in service.syncd("status")
    killed = f"$(pgrep -f '{kills}')" if kills else "-$(cat /root/pid)"
    machine.does("bash", "-c", f"kill -9 -- {killed}")
    client.wait(SOON)
    assert there.stat().st_size < len(LONG)


def test_an_upload_that_broke_off_waits_to_be_resumed(host: Machine, told: Service) -> None:
    """It is marked at once, kept beyond `settle` and a restart of syncd, said, and taken once it was resumed."""
    settings(told, settle="300ms", more='stuck_after = "2s"\nsshd = "on"')
    told.start()
    breaks_off(host, told, "users.csv")
    assert told.hears("upload.broken")["file"] == "users.csv"
    assert "upload broke off" in told.syncd("status")
    host.does("systemctl", "kill", "-s", "KILL", told.unit)
    told.hears("daemon.ready", 2)
    stuck = told.hears("upload.stuck")
    assert (stuck["file"], stuck["reason"]) == ("users.csv", "its connection broke off, or its disk was full")
    assert (told.path(told.drop) / "users.csv").exists()
    assert not told.events("file.arrived")
    sender.sends(host, "reput /root/long.csv sync/users.csv\n")
    assert told.hears("run.ended")["created"] == "2"
    assert int(told.hears("file.arrived")["bytes"]) == len(LONG)


def test_an_upload_that_was_closed_is_taken_without_waiting(host: Machine, told: Service) -> None:
    """However long `settle` is: under its own name, or renamed to it."""
    settings(told, settle="60s")
    told.start()
    host.writes("/root/users.csv", USERS)
    for count, upload in enumerate(("put /root/users.csv", "put /root/users.csv .u\nrename .u users.csv"), 1):
        began = time.monotonic()
        sender.sends(host, f"cd sync\n{upload}\n")
        told.hears("file.arrived", count)
        assert time.monotonic() - began < SOON
    assert re.search(r"^sshd's word: heard$", told.syncd("status"), re.MULTILINE)


def test_an_upload_whose_sshd_was_killed_is_not_taken(host: Machine, told: Service) -> None:
    """sshd can't say any more that it broke off: that its process is gone tells. It is once it was uploaded anew;
    and a broken one once a person answers for it, with a copy."""
    settings(told, settle="300ms")
    told.start()
    breaks_off(host, told, "users.csv", kills="^sshd: erp@internal-sftp")
    assert "its upload is going on, as sshd says" in told.syncd("status")
    assert told.hears("upload.broken")["file"] == "users.csv"
    sender.sends(host, "put /root/long.csv sync/users.csv\n")
    assert told.done()["created"] == "2"
    host.does("ln", "-s", ".", f"{told.drop}/.link")
    breaks_off(host, told, ".link/other.csv")
    host.does("rm", f"{told.drop}/.link")
    assert told.hears("upload.broken", 2)["file"] == "other.csv"
    host.does("sh", "-c", f"cd {told.drop} && cp other.csv .copy && mv .copy other.csv")
    assert told.hears("file.arrived", 2)["file"] == "other.csv"


def test_a_file_that_two_upload_at_once_is_not_taken_before_both_have_closed_it(host: Machine, told: Service) -> None:
    """Though the second one was quick, and closed it. The first one writes on, and breaks off."""
    settings(told, settle="300ms")
    told.start()
    host.writes("/root/users.csv", USERS)
    breaks_off(host, told, "users.csv", meanwhile="put /root/users.csv sync/users.csv\n")
    assert told.hears("upload.broken")["file"] == "users.csv"
    assert not told.events("file.arrived")


def test_where_the_journal_swallowed_lines_settle_decides(host: Machine, told: Service) -> None:
    """journald drops lines of who logs too much, and says so: the end of an upload may be among them."""
    settings(told, settle="300ms")
    told.start()
    breaks_off(host, told, "users.csv", kills="^sshd: erp@internal-sftp")
    few = ["-p", "LogRateLimitIntervalSec=1s", "-p", "LogRateLimitBurst=5"]
    much = "for each in $(seq 50); do echo $each; done; sleep 1.1; echo later"
    host.does("systemd-run", "--wait", "--collect", "-q", *few, "sh", "-c", much)
    told.hears("file.arrived")


def test_without_the_right_to_read_it_is_said_where_it_is_wanted(service: Service) -> None:
    """Once, and the rest goes on as without."""
    settings(service, settle="300ms", more='sshd = "on"')
    service.start()
    assert "systemd-journal" in service.hears("sshd.unheard")["reason"]
    service.drops(USERS)
    assert service.hears("run.ended")["created"] == "2"
    assert "sshd's word: not readable" in service.syncd("status")
