"""docs/SFTP.md as it is written: its commands make an account that can drop files, and nothing else."""

import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.boot.installed import PATIENCE, PROJECT, SETTINGS, Service
from tests.boot.machine import Machine
from tests.boot.test_serving import USERS
from tests.waiting import wait_for

PAGE = (PROJECT / "docs/SFTP.md").read_text()
NAME = "payroll"
"""Whoever follows the page has a sender of this name; `erp`, as the page has it, is another test's."""

DROP = f"/srv/sftp/{NAME}/sync"
KEY = f"/root/{NAME}"
OPTIONS = ["-i", KEY, "-o", "StrictHostKeyChecking=accept-new", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"]
PLACE = f"{NAME}@localhost"

pytestmark = [
    pytest.mark.sshd,
    pytest.mark.skipif(not shutil.which("sftp"), reason="OpenSSH's sftp can't be found (Debian: openssh-client)."),
]


def commands(heading: str) -> str:
    """The commands below a heading of the page, for our sender; packages are there already, or can't be had."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("erp", NAME).splitlines()
    lacking = ["apt-get ", *([] if shutil.which("setfacl") else ["setfacl "])]
    return "\n".join(line for line in lines if not line.startswith(tuple(lacking)))


def follow(machine: Machine, heading: str) -> str:
    """Type what stands below a heading; what was shown."""
    return machine.does("sh", "-euc", commands(heading))


@pytest.fixture(scope="module")
def cage(host: Machine) -> Iterator[Machine]:
    """A machine where somebody has followed the page, as far as syncd."""
    host.does("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY, "-C", NAME)
    host.does("ln", "-sf", "/opt/syncd/bin/syncd", "/usr/local/bin/syncd")
    follow(host, "The account")
    public = (host.root / KEY[1:]).with_suffix(".pub").read_text().strip().removesuffix(f" {NAME}")
    host.does("sh", "-euc", commands("Its key").replace("ssh-ed25519 AAAA-the-line-that-you-were-given", public))
    follow(host, "Its cage, and the drop folder")
    follow(host, "sshd")
    follow(host, "sshd's word in the journal")
    yield host
    host.run("systemctl", "disable", "--now", f"srv-sftp-{NAME}-dev-log.mount")


@pytest.fixture
def fed(cage: Machine, service: Service) -> Service:
    """syncd on that drop folder, as the page has it."""
    text = SETTINGS.format(name="campus", target="", drop=DROP, repository=service.repository, state=service.state)
    cage.writes("/etc/syncd/syncd.toml", text)
    cage.does("rm", f"/etc/systemd/system/{service.unit}.d/site.conf")
    follow(cage, "syncd")
    return service


def sftp(machine: Machine, *lines: str) -> str:
    """What the sender gets for some commands of sftp, whatever comes of them."""
    done = machine.run("sftp", "-b", "-", *OPTIONS, PLACE, stdin="".join(f"{line}\n" for line in lines).encode())
    return done.stdout + done.stderr


def sends(machine: Machine, *lines: str) -> None:
    """Carry out commands of sftp as the sender; each must succeed."""
    done = machine.run("sftp", "-b", "-", *OPTIONS, PLACE, stdin="".join(f"{line}\n" for line in lines).encode())
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_upload_is_taken_and_run(fed: Service) -> None:
    """By a real client with the key, under another name and renamed; and without that."""
    fed.machine.writes("/root/users.csv", USERS, 0o644)
    sends(fed.machine, "put /root/users.csv sync/users.csv.part", "rename sync/users.csv.part sync/users.csv")
    assert fed.done()["created"] == "2"
    sends(fed.machine, "put /root/users.csv sync/users.csv")
    assert fed.done(2)["unchanged"] == "2"
    assert fed.machine.does("ls", "-A", DROP).split() == [".syncd"]


def test_doctor_finds_nothing_missing(fed: Service) -> None:
    """It tries the folder as this sender and as the service, whose groups only its unit names."""
    fed.machine.run("useradd", "--system", "--groups", "sftp", "clerk")
    said = follow(fed.machine, "Try it")
    assert "clerk" not in said, "an administrator of the group is no sender"
    assert f"what {NAME} makes with the umask 0007, syncd can take" in said
    assert "lets it write the drop folder" in said
    assert f"/srv/sftp/{NAME}, which nobody but root can change" in said
    assert "sshd tells the journal what becomes of uploads" in said
    about = [line for line in said.splitlines() if line.startswith(f"{NAME}: ")]
    assert len(about) == 3
    assert all(" ok " in line for line in about)
    assert "Nothing." in said.partition("To do on this machine")[2].partition("Worth")[0]


def test_syncd_hears_what_sshd_says(fed: Service) -> None:
    """Through the cage's socket and the journal, by the groups that the page gives the service."""
    fed.machine.writes("/root/heard.csv", "x\n", 0o644)
    sends(fed.machine, "put /root/heard.csv sync/heard.part", "rm sync/heard.part")
    wait_for(lambda: "sshd's word: heard" in fed.syncd("status"), PATIENCE, "sshd's word")


def test_sshd_tells_the_journal_of_each_upload(cage: Machine) -> None:
    """From within the cage."""
    cage.writes("/root/told.csv", "x\n", 0o644)
    sends(cage, "put /root/told.csv sync/told.part", "rm sync/told.part")
    asked = ["journalctl", "-q", "-t", "internal-sftp", "-o", "cat", "--no-pager"]
    wait_for(lambda: 'close "/sync/told.part" bytes read 0 written 2' in cage.does(*asked), PATIENCE, "sshd's word")


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("ls /etc", "not found"),
        ("get ../../../etc/passwd /root/stolen", "not found"),
        ("put /root/told.csv /told.csv", "Permission denied"),
        ("mkdir /home", "Permission denied"),
        ("chmod 0777 sync", "Permission denied"),
        ("rm /dev/log", "Permission denied"),
    ],
)
def test_it_gets_nowhere_else(cage: Machine, line: str, refused: str) -> None:
    """Neither out of its cage, nor to change it."""
    cage.writes("/root/told.csv", "x\n", 0o644)
    assert refused in sftp(cage, line)


def test_a_link_leads_nowhere_outside(cage: Machine) -> None:
    """It is read within the cage."""
    said = sftp(cage, "ln -s /etc/passwd sync/link", "get sync/link /root/stolen")
    cage.does("rm", "-f", f"{DROP}/link")
    assert "No such file" in said
    assert not (cage.root / "root/stolen").exists()


@pytest.mark.parametrize(
    ("argv", "refused"),
    [
        (["ssh", *OPTIONS, PLACE, "id"], "This service allows sftp connections only"),
        (["ssh", *OPTIONS, "-tt", PLACE], "PTY allocation request failed"),
        (["ssh", *OPTIONS, "-W", "localhost:22", PLACE], "stdio forwarding failed"),
        (["ssh", *OPTIONS, "-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:localhost:22", PLACE], "forwarding failed"),
        (["sftp", "-o", "PubkeyAuthentication=no", *OPTIONS, PLACE], "Permission denied (publickey)"),
    ],
)
def test_it_can_do_nothing_else(cage: Machine, argv: list[str], refused: str) -> None:
    """No shell, no terminal, no tunnel either way, no log-in but by the key."""
    done = cage.run(*argv)
    assert done.returncode
    assert refused in done.stdout + done.stderr


def test_what_put_r_makes_is_said_with_what_mends_it(fed: Service) -> None:
    """The page and doctor agree: a folder of the sender's is closed to syncd, and one command opens it."""
    machine = fed.machine
    machine.writes("/root/many/hr/users.csv", USERS, 0o644)
    (machine.root / "root/many/hr").chmod(0o755)
    sftp(machine, "put -r /root/many/hr sync/")
    assert fed.hears("file.refused")["obstacle"] == "unmovable"
    said = machine.run("syncd", "doctor").stdout
    (mended,) = [line for line in said.splitlines() if line.startswith(f"find {DROP} ")]
    machine.does("sh", "-euc", mended)
    wait_for((fed.path(fed.repository) / "hr/users.csv").exists, PATIENCE, "the file was taken")
    machine.does("rm", "-rf", f"{DROP}/hr")


def test_a_part_of_a_shared_drop_folder_is_shown_in_the_cage(fed: Service) -> None:
    """Mounted there: what comes by it lies in a folder of its sender's name, and doctor and sshd's word know."""
    machine = fed.machine
    follow(machine, "Several senders")
    settings = machine.root / "etc/syncd/syncd.toml"
    machine.writes("/etc/syncd/syncd.toml", settings.read_text().replace(DROP, "/srv/drop"))
    machine.does("sed", "-i", f"s#{DROP}#/srv/drop#", f"/etc/systemd/system/{fed.unit}.d/sftp.conf")
    machine.does("systemctl", "daemon-reload")
    machine.does("systemctl", "restart", fed.unit)
    try:
        machine.writes("/root/users.csv", USERS, 0o644)
        sends(machine, "put /root/users.csv sync/users.part", "rename sync/users.part sync/users.csv")
        assert fed.hears("file.arrived")["file"] == f"{NAME}/users.csv"
        said = machine.run("syncd", "doctor")
        assert said.returncode == 0, said.stdout
        assert f"{NAME}: cage  " in said.stdout
        machine.does("umount", DROP)
        assert "Permission denied" in sftp(machine, "put /root/users.csv sync/lost.csv"), "it lands where nobody looks"
        machine.does("mount", DROP)
    finally:
        machine.does("systemctl", "stop", fed.unit)
        machine.does("umount", DROP)
        machine.does("install", "-d", "-o", "root", "-g", "sftp", "-m", "2770", DROP)
        machine.does("sed", "-i", "\\#^/srv/drop/#d", "/etc/fstab")
        machine.does("rm", "-r", "/srv/drop")


def test_a_full_disk_fails_the_upload_and_takes_nothing_half(fed: Service) -> None:
    """As a quota does: under a name for drafts, what was written so far stays where it is."""
    machine = fed.machine
    machine.does("systemctl", "stop", fed.unit)
    machine.does("mount", "-t", "tmpfs", "-o", f"size=256k,mode=2770,gid={gid(machine)}", "small", DROP)
    try:
        machine.does("systemctl", "start", fed.unit)
        machine.writes("/root/big.csv", USERS + "x" * 1_000_000, 0o644)
        said = sftp(machine, "put /root/big.csv sync/users.csv.part", "rename sync/users.csv.part sync/users.csv")
        assert "Failure" in said
        assert machine.does("ls", DROP).split() == ["users.csv.part"]
        assert not fed.events("file.arrived")
    finally:
        machine.does("systemctl", "stop", fed.unit)
        machine.does("umount", DROP)


def test_a_sender_that_is_taken_away_leaves_nothing_but_its_files(cage: Machine) -> None:
    """Neither a way in, nor a session that was open, nor a mount; what it has uploaded stays. It is the last test."""
    cage.does("rm", "-rf", f"{DROP}/.syncd")
    follow(cage, "Several senders")
    cage.writes("/root/users.csv", USERS, 0o644)
    sends(cage, "put /root/users.csv sync/users.csv")
    session = subprocess.Popen(cage.argv("sftp", *OPTIONS, PLACE), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: cage.run("pgrep", "-u", NAME).returncode == 0, PATIENCE, "a session")
        follow(cage, "Taking a sender away")
        wait_for(lambda: session.poll() is not None, PATIENCE, "its session ended")
        assert "Permission denied" in sftp(cage, "ls")
        assert NAME not in cage.does("cat", "/etc/passwd", "/etc/fstab", "/proc/mounts")
        assert not [path for path in ("/srv/sftp", "/etc/systemd/system") if NAME in cage.does("ls", path)]
        assert cage.does("cat", f"/srv/drop/{NAME}/users.csv") == USERS
    finally:
        session.kill()
        session.communicate()
        cage.does("rm", "-r", "/srv/drop")


def gid(machine: Machine) -> str:
    """The number of the senders' group."""
    return machine.does("getent", "group", "sftp").split(":")[2]
