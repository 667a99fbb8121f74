"""How sshd lets a sender in, asked of a real sshd with settings of its own."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.core.machine import Login
from syncd.disk.machine.logins import login_of

SSHD = "/usr/sbin/sshd"
SENDER = "nobody"
SHOWN = """
import sys
from pathlib import Path
from syncd.disk.machine.logins import shows
print(shows(Path(sys.argv[1]), Path(sys.argv[2])))
"""

pytestmark = [
    pytest.mark.root,
    pytest.mark.sshd,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may ask sshd"),
    pytest.mark.skipif(not os.path.exists(SSHD), reason="sshd can't be found (Debian: openssh-server)."),
]


@pytest.fixture
def top() -> Iterator[Path]:
    """A folder for a cage."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        (Path(made) / SENDER / "sync").mkdir(parents=True)
        yield Path(made)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key of the machine, without which sshd tells nothing."""
    file = tmp_path_factory.mktemp("sshd") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)
    return file


def asked(key: Path, drop: Path, *lines: str) -> Login:
    """What an sshd with these lines holds the sender to."""
    settings = key.with_name("sshd_config")
    settings.write_text("\n".join([f"HostKey {key}", f"Match User {SENDER}", *lines, ""]))
    login = login_of(SENDER, drop, ["-f", str(settings)])
    if login is None:
        if not os.path.isdir("/run/sshd"):
            pytest.skip("sshd tells nothing without /run/sshd")
        raise AssertionError(subprocess.run([SSHD, "-T", "-f", settings], capture_output=True, check=False).stderr)
    return login


def test_the_handbooks_lines_are_understood(key: Path, top: Path) -> None:
    """All that is asked of it; below /tmp the cage has a flaw."""
    command = "ForceCommand internal-sftp -l INFO -u 0007"
    found = asked(key, top / SENDER / "sync", f"ChrootDirectory {top}/%u", command, "DisableForwarding yes")
    assert found == Login(SENDER, True, f"{top}/{SENDER}", "/tmp", True, 0o007, True, False, False)


def test_nothing_said_is_nothing_held_to(key: Path, top: Path) -> None:
    """A shell, the whole machine, tunnels."""
    found = asked(key, top)
    assert (found.sftp_only, found.cage, found.umask, found.tunnels) == (False, "", None, True)


@pytest.mark.parametrize(
    ("command", "umask", "tells"),
    [
        ("internal-sftp", None, False),
        ("internal-sftp -u 027 -l VERBOSE", 0o027, True),
        ("internal-sftp -lINFO -u0007 -f LOCAL3", 0o007, True),
        ("internal-sftp -l ERROR", None, False),
        ('internal-sftp -d "/a b" -u 7', 0o007, False),
    ],
)
def test_options_of_internal_sftp_are_read(key: Path, top: Path, command: str, umask: int | None, tells: bool) -> None:
    """Apart from their option or at it."""
    found = asked(key, top, f"ForceCommand {command}")
    assert (found.sftp_only, found.umask, found.tells) == (True, umask, tells)


def test_a_home_can_be_a_cage(key: Path, top: Path) -> None:
    """By its token."""
    assert asked(key, top, "ChrootDirectory %h").cage == pwd.getpwnam(SENDER).pw_dir


def test_a_drop_folder_elsewhere_is_not_shown(key: Path, top: Path) -> None:
    """Unless a part of it is mounted into the cage."""
    elsewhere = top / "drop"
    (elsewhere / "erp").mkdir(parents=True)
    assert not asked(key, elsewhere, f"ChrootDirectory {top}/%u").shows_drop
    script = 'mount --bind "$1" "$2" && exec "$3" -c "$4" "$5" "$6"'
    mounted, cage = str(top / SENDER / "sync"), str(top / SENDER)
    words = [str(elsewhere / "erp"), mounted, sys.executable, SHOWN, cage, str(elsewhere)]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", script, "sh", *words], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"


def test_the_journals_socket_is_seen_in_the_cage(key: Path, top: Path) -> None:
    """A plain file of its name is none."""
    place = top / SENDER / "dev" / "log"
    place.parent.mkdir()
    place.touch()
    assert not asked(key, top, f"ChrootDirectory {top}/%u").socket
    place.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(place))
        assert asked(key, top, f"ChrootDirectory {top}/%u").socket


def test_the_first_folder_that_is_not_roots_alone_is_the_flaw(key: Path) -> None:
    """By owner, or by rights of others."""
    top = Path(tempfile.mkdtemp(dir="/var/lib"))
    try:
        top.chmod(0o755)
        cage = top / "a" / "b"
        cage.mkdir(parents=True)
        line = f"ChrootDirectory {cage}"
        assert asked(key, cage, line).flaw == ""
        cage.chmod(0o775)
        assert asked(key, cage, line).flaw == str(cage)
        os.chown(cage.parent, 65534, 0)
        assert asked(key, cage, line).flaw == str(cage.parent)
    finally:
        shutil.rmtree(top)
