"""`syncd init` on a machine that has the program, and nothing else of syncd."""

import re
from collections.abc import Iterator

import pytest

from tests.boot.installed import PROJECT, Service
from tests.boot.machine import Machine

USERS = "username,firstname,lastname,email\nanne,Anne,Ahlers,anne@example.org\n"
TOKEN = "0123456789abcdef0123456789abcdef"
ASIDE = "/mnt/aside"
BROUGHT = (
    "/etc/syncd",
    "/etc/credstore",
    "/etc/sysusers.d/senders.conf",
    "/etc/systemd/system/syncd.service",
    "/etc/systemd/system/syncd@.service",
    "/usr/lib/sysusers.d/syncd.conf",
    "/usr/lib/tmpfiles.d/syncd.conf",
    "/usr/local/lib/systemd/catalog/syncd.catalog",
)
"""What the other tests' machine has of syncd."""

MADE = (
    "/etc/sysusers.d/syncd*",
    "/etc/tmpfiles.d/syncd*",
    "/etc/systemd/system/syncd*",
    "/usr/local/bin/syncd",
    "/srv/syncd",
    "/srv/sftp/erp/*",
    "/srv/sftp/library",
    "/var/lib/syncd",
)


@pytest.fixture
def bare(service: Service) -> Iterator[Machine]:
    """The machine without anything of syncd but its program; afterwards it is as before."""
    machine = service.machine
    saved = "; ".join(f"mkdir -p {ASIDE}$(dirname {path}); mv {path} {ASIDE}{path}" for path in BROUGHT)
    machine.does(
        "sh", "-euc", f"rm -rf {' '.join(MADE[3:])} /etc/systemd/system/syncd.service.d; {saved}; userdel syncd"
    )
    yield machine
    for unit in ("syncd.service", "syncd@library.service"):  # one that is not there would keep the other running
        machine.run("systemctl", "disable", "--now", unit)
    back = "; ".join(f"rm -rf {path}; mv {ASIDE}{path} {path}" for path in BROUGHT)
    machine.does(
        "sh", "-euc", f"rm -rf {' '.join(MADE)}; {back}; systemd-sysusers; systemd-tmpfiles --create syncd.conf"
    )
    machine.does("systemctl", "daemon-reload")


def test_a_service_comes_of_a_program(bare: Machine, service: Service) -> None:
    """Set up, started, fed: the file is run, and syncd doctor has nothing to complain of."""
    said = bare.does("/opt/syncd/bin/syncd", "init", "--yes", "--sender", "erp")
    assert "1. systemctl enable --now syncd\n" in said, said
    bare.does("systemctl", "enable", "--now", "syncd")
    assert service.shows("ActiveState") == "active"
    service.drops(USERS)
    assert service.done()["created"] == "1"
    doctor = bare.run("/usr/local/bin/syncd", "doctor")
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert " serves campus since " in bare.does("/usr/local/bin/syncd", "status")
    assert service.shows("SupplementaryGroups") == "sftp systemd-journal"
    verified = bare.run("systemd-analyze", "verify", "--man=no", "syncd.service")
    assert (verified.returncode, verified.stderr) == (0, "")
    bare.does("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=10", "syncd.service")


def typed(block: str) -> str:
    """The commands of a block of docs/INSTALL.md."""
    page = (PROJECT / "docs/INSTALL.md").read_text()
    (lines,) = re.findall(rf"^```sh {block}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return str(lines)


def test_what_the_page_says_updates_and_removes_it(bare: Machine, service: Service) -> None:
    """Every instance that runs is restarted, a unit that differs is named and taken, and of all only data stays."""
    library = Service(bare, "library")
    bare.does("/opt/syncd/bin/syncd", "init", "--yes")
    bare.does("/opt/syncd/bin/syncd", "init", "library", "--yes", "--drop", library.drop)
    bare.does("systemctl", "start", "syncd", "syncd@library")
    bare.does("sed", "-i", "s/^WatchdogSec=.*/WatchdogSec=61s/", "/etc/systemd/system/syncd.service")
    before = [one.shows("MainPID") for one in (service, library)]
    update = "".join(line for line in typed("update").splitlines(keepends=True) if "/pip " not in line)
    assert bare.does("sh", "-euc", update).split()[:2] == ["differs", "/etc/systemd/system/syncd.service"]
    after = [one.shows("MainPID") for one in (service, library)]
    assert not {*before, "0"} & {*after}
    bare.does("sh", "-euc", typed("unit"))
    assert "differs" not in bare.does("/opt/syncd/bin/syncd", "init", "--dry-run")
    assert service.shows("WatchdogUSec") == "1min"
    assert library.shows("ActiveState") == "active"
    bare.does("systemctl", "stop", "syncd@library")
    drop = bare.writes(f"{service.drop}/late.csv", USERS)
    bare.does("sh", "-euc", typed("remove").replace("/opt/syncd", ""))
    assert bare.does("find", "/etc", "/usr/local", "-name", "syncd*") == ""
    assert drop.exists()
    assert bare.does("ls", "/srv/syncd", "/var/lib/syncd").count("ledger.sqlite")


def test_an_instance_comes_beside_it(bare: Machine) -> None:
    """Another site has settings, folders and a token of its own, and verbs know it by its name."""
    library = Service(bare, "library")
    options = ["--yes", "--url", "http://127.0.0.1:9", "--token-file", "-", "--drop", library.drop]
    bare.does("/opt/syncd/bin/syncd", "init", "library", *options, stdin=TOKEN.encode())
    library.start()
    library.drops(USERS)
    assert library.hears("file.arrived")["file"] == "users.csv"
    assert bare.does("cat", f"/run/credentials/{library.unit}/token") == f"{TOKEN}\n"
    assert " serves library since " in bare.does("/usr/local/bin/syncd", "status", "-c", "library")
