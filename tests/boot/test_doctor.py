"""Each thing that goes wrong in practice, on a real machine: doctor finds it, and what it says to type mends it."""

import shutil
from collections.abc import Iterator
from subprocess import CompletedProcess

import pytest

from tests.boot.installed import Service

DOCTOR = ["/opt/syncd/bin/syncd", "doctor"]

BROKEN = {
    "the drop folder is root's alone": "chown root:root {drop} && chmod 0755 {drop}",
    "another group has the drop folder": "groupadd -f erps && chgrp erps {drop} && usermod -aG erps erp",
    "the drop folder is gone": "rm -r {drop}",
    "much at once": """
        systemctl start syncd && touch -d '+1 min' /etc/systemd/system/syncd.service
        chmod 3770 {drop}
        rm -rf {drop}/.syncd && install -d -o erp {drop}/.syncd
        install -d -o erp -g sftp -m 0755 {drop}/hr
        install -o erp -g sftp -m 0600 /dev/null {drop}/other.csv
        chown root: {repository}
        chmod 0666 /etc/syncd/syncd.toml
        """,
    "the service has no way to the drop folder": "chmod 0700 /srv/sftp/erp",
    "the cage is the sender's": "chown erp: /srv/sftp/erp",
}
"""What somebody did to a machine that was well."""

NEEDS = {"the service has no way to the drop folder": "setfacl", "the cage is the sender's": "sshd"}


def to_do(said: CompletedProcess[str]) -> list[str]:
    """What it says must be typed."""
    lines = said.stdout.partition("To do on this machine\n")[2].partition("\n\n")[0].splitlines()
    return [line for line in lines if line != "Nothing." and not line.startswith("#")]


@pytest.fixture
def restored(service: Service) -> Iterator[Service]:
    """A machine that is well, and is so again afterwards."""
    yield service
    service.machine.run("setfacl", "-b", "/srv/sftp/erp")  # first: it gives the group what its ACL said
    service.machine.does("sh", "-ec", "chown root: /srv/sftp/erp; chmod 0755 /srv/sftp/erp; chmod 0644 /etc/syncd/*")
    service.machine.run("gpasswd", "-d", "syncd", "erps")


def test_a_machine_that_is_well_has_nothing_to_do(service: Service) -> None:
    """With the service, and before it is started."""
    assert to_do(service.machine.run(*DOCTOR)) == []
    service.start()
    said = service.machine.run(*DOCTOR)
    assert (said.returncode, to_do(said)) == (0, []), said.stdout
    assert "what erp makes with the umask 0007, syncd can take" in said.stdout


def test_who_is_neither_root_nor_syncd_is_told_what_can_not_be_seen(service: Service) -> None:
    """And nothing wrong: what is refused to them need not be to syncd."""
    service.start()
    service.machine.run("useradd", "--system", "paul")
    said = service.machine.run("runuser", "-u", "paul", "--", *DOCTOR)
    assert (said.returncode, to_do(said)) == (0, []), said.stdout
    assert "only root can try what syncd may do there" in said.stdout


@pytest.mark.parametrize("what", BROKEN)
def test_what_doctor_says_to_type_mends_it(restored: Service, what: str) -> None:
    """As it stands, without a word more; afterwards nothing is missing."""
    program = NEEDS.get(what, "sh")
    if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
        pytest.skip(f"{program} can't be found")
    machine = restored.machine
    machine.does("sh", "-euc", BROKEN[what].format(drop=restored.drop, repository=restored.repository))
    said = machine.run(*DOCTOR)
    assert (said.returncode, bool(to_do(said))) == (1, True), said.stdout + said.stderr
    for command in to_do(said):
        machine.does("sh", "-euc", command)
    said = machine.run(*DOCTOR)
    assert (said.returncode, to_do(said)) == (0, []), said.stdout + said.stderr
    machine.does("systemctl", "restart", restored.unit)
