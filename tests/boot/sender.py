"""A sender's account on a machine: chrooted, for sftp alone."""

from tests.boot.machine import Machine

HOME = "/srv/sftp/erp"
SSHD = """\
Match User erp
    ChrootDirectory /srv/sftp/%u
    ForceCommand internal-sftp -u 0007
    AuthorizedKeysFile /etc/ssh/authorized_keys/%u
    AllowTcpForwarding no
    X11Forwarding no
"""
DEV_LOG = f"""\
[Unit]
Requires=systemd-journald-dev-log.socket
After=systemd-journald-dev-log.socket
Before=ssh.service
[Mount]
What=/run/systemd/journal/dev-log
Where={HOME}/dev/log
Type=none
Options=bind
[Install]
WantedBy=multi-user.target
"""
CLIENT = ["sftp", "-b", "-", "-i", "/root/erp_key", "-o", "StrictHostKeyChecking=accept-new", "-o", "BatchMode=yes"]


def welcome(machine: Machine) -> None:
    """Make the account, with a key, and the sshd that lets it in."""
    machine.does("useradd", "--system", "--gid", "sftp", "--home-dir", "/", "--shell", "/usr/sbin/nologin", "erp")
    machine.does("install", "-d", "-m", "0755", "/srv/sftp", HOME)
    if not machine.run("sh", "-c", "command -v /usr/sbin/sshd && command -v sftp").stdout:
        return
    machine.does("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/erp_key")
    machine.writes("/etc/ssh/authorized_keys/erp", (machine.root / "root/erp_key.pub").read_text())
    machine.writes("/etc/ssh/sshd_config.d/erp.conf", SSHD)
    machine.does("ssh-keygen", "-A")
    machine.does("systemctl", "start", "ssh.service")


def sends(machine: Machine, commands: str) -> None:
    """Carry out commands of sftp as the sender; fails when one of them does."""
    machine.does(*CLIENT, "erp@localhost", stdin=commands.encode())


def speaks(machine: Machine) -> None:
    """Let sshd log what the sender does, and the lines reach the journal from within the chroot."""
    unit = f"{HOME[1:].replace('/', '-')}-dev-log.mount"
    if machine.run("systemctl", "is-active", "--quiet", unit).returncode == 0:
        return
    machine.does("install", "-d", "-m", "0755", f"{HOME}/dev")
    machine.writes(f"/etc/systemd/system/{unit}", DEV_LOG)
    machine.does("systemctl", "daemon-reload")
    machine.does("systemctl", "enable", "--now", unit)
    machine.writes("/etc/ssh/sshd_config.d/erp.conf", SSHD.replace("-u 0007", "-u 0007 -l INFO"))
    machine.does("systemctl", "reload", "ssh.service")
