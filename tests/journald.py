"""A real journald of a test's own, in namespaces where the machine's journal and folders can't be touched."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

JOURNALD = Path("/lib/systemd/systemd-journald")

PRIVATE_RUN = """
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/journal
"""

JOURNAL = f"""
mkdir -p /run/log/journal /run/systemd/journald.conf.d
[ -s /etc/machine-id ] || {{ echo 0123456789abcdef0123456789abcdef >/run/id; mount --bind /run/id /etc/machine-id; }}
printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\nAudit=no\\n' >/run/systemd/journald.conf.d/test.conf
{JOURNALD} 2>/dev/null &
for _ in $(seq 500); do [ -S /run/systemd/journal/socket ] && break; sleep 0.02; done
"""
"""Starts journald."""

CATALOG = """
mkdir -p /run/local/upper /run/local/work
mount -t overlay -o lowerdir=/usr/local,upperdir=/run/local/upper,workdir=/run/local/work overlay /usr/local
mount -t tmpfs tmpfs /var/lib/systemd
"""
"""Lets a catalog be installed for as long as the script lasts."""

Privately = Callable[..., subprocess.CompletedProcess[str]]


def privately(script: str, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a script with an empty /run of its own; skips the test where the machine does not allow that."""
    apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c"]
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root and unshare")
    if subprocess.run([*apart, PRIVATE_RUN], capture_output=True, check=False).returncode:
        pytest.skip("this machine allows no namespaces")
    if JOURNAL in script and not JOURNALD.exists():
        pytest.skip("needs systemd-journald")
    done = subprocess.run(
        [*apart, PRIVATE_RUN + script, *arguments], capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done
