"""A private sshd: OpenSSH's own server on loopback, for the current user, made from one folder."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOST = "drop"
PATIENCE = 10.0
"""Seconds for sshd to come up, to let somebody in, and to go."""

_SERVER = """\
ListenAddress 127.0.0.1
Port {port}
HostKey "{folder}/host_key"
AuthorizedKeysFile "{folder}/client_key.pub"
AllowUsers {user}
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM {pam}
StrictModes no
PidFile none
Subsystem sftp internal-sftp
ForceCommand internal-sftp
"""

_CLIENT = """\
Host {host}
    HostName 127.0.0.1
    Port {port}
    User {user}
    IdentityFile "{folder}/client_key"
    IdentitiesOnly yes
    UserKnownHostsFile "{folder}/known_hosts"
    BatchMode yes
    LogLevel ERROR
"""


class NoServer(Exception):
    """There can be no private sshd here; the text is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class SftpServer:
    """A private sshd that runs; its keys, settings and log lie in `folder`."""

    folder: Path

    def client(self, *options: str) -> list[str]:
        """The command that reads sftp's own commands from standard input and carries them out on this server."""
        return ["sftp", "-F", str(self.folder / "client"), *options, "-b", "-", HOST]


def lacking() -> str:
    """What this machine lacks for a private sshd, in a sentence; "" when there is all."""
    names = [name for name in ("sshd", "sftp", "ssh-keygen") if not _program(name)]
    return f"OpenSSH's {' and '.join(names)} can't be found (Debian: openssh-server)." if names else ""


def quoted(name: str) -> str:
    """A name as one word of sftp's commands."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


@contextmanager
def private_sshd(folder: Path) -> Iterator[SftpServer]:
    """A server that lets in the current user, with a key that lies in `folder` alone; it ends with the context.

    Raises `NoServer`.
    """
    if sentence := lacking():
        raise NoServer(sentence)
    if os.geteuid() == 0:
        # Where Debian's sshd locks in its unprivileged half; made at boot only where the service is enabled.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for key in ("host_key", "client_key"):
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "syncd", "-f", str(folder / key))
    sshd = _started(folder)
    try:
        yield SftpServer(folder)
    finally:
        _end(sshd)


def _started(folder: Path) -> "subprocess.Popen[bytes]":
    """An sshd that lets us in. Without PAM it needs nothing more; with PAM it lets in accounts without a password."""
    for pam in ("no", "yes"):
        sshd = _listening(folder, pam)
        why = _refusal(folder)
        if not why:
            return sshd
        _end(sshd)
    raise NoServer(f"sshd lets nobody in: {why} {_last_words(folder)}")


def _listening(folder: Path, pam: str) -> "subprocess.Popen[bytes]":
    """An sshd that listens; a port that was free may be taken a moment later, so several are tried."""
    for _ in range(5):
        port = _free_port()
        _write_settings(folder, port, pam)
        sshd = subprocess.Popen([_program("sshd"), "-D", "-f", str(folder / "server"), "-E", str(folder / "log")])
        if _answers(sshd, port):
            return sshd
        _end(sshd)
    raise NoServer(f"sshd does not start: {_last_words(folder)}")


def _end(sshd: "subprocess.Popen[bytes]") -> None:
    sshd.terminate()
    sshd.wait(PATIENCE)


def _write_settings(folder: Path, port: int, pam: str) -> None:
    names = {"folder": folder, "port": port, "pam": pam, "host": HOST, "user": pwd.getpwuid(os.getuid()).pw_name}
    (folder / "server").write_text(_SERVER.format_map(names))
    (folder / "client").write_text(_CLIENT.format_map(names))
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {(folder / 'host_key.pub').read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(sshd: "subprocess.Popen[bytes]", port: int) -> bool:
    end = time.monotonic() + PATIENCE
    while sshd.poll() is None and time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as line:
                return line.recv(4) == b"SSH-"
        except OSError:
            time.sleep(0.02)
    return False


def _refusal(folder: Path) -> str:
    """What the client says when it is not let in; "" when it is."""
    client = SftpServer(folder).client()
    try:
        done = subprocess.run(client, input="pwd\n", capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return "it does not answer."
    return (done.stderr.strip() or "for no reason.") if done.returncode else ""


def _last_words(folder: Path) -> str:
    log = folder / "log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return " / ".join(lines[-3:]) or "it says nothing."


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=PATIENCE)
    if done.returncode:
        raise NoServer(f"{argv[0]} failed: {done.stderr.strip()}")


def _program(name: str) -> str:
    # sshd lies in a folder that only root's path has.
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin") or ""
