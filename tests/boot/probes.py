"""What a program of the service can reach, tried from within; run on the machine, by its Python, with nothing else.

Each probe is something that any user may do where nobody forbids it. Standard output gets a JSON object: the names of
directives, and whether each was "locked" or "open".
"""

import ctypes
import json
import mmap
import os
import socket
import subprocess
import tempfile
from collections.abc import Callable, Mapping

Probe = Callable[[], object]


def _write_elsewhere() -> None:
    with tempfile.TemporaryFile(dir="/srv/open"):
        pass


def _read_homes() -> None:
    os.listdir("/home/open")


def _see_tmp() -> None:
    os.stat("/tmp/of-others")


def _see_devices() -> None:
    os.stat("/dev/console")


def _see_init() -> None:
    os.stat("/proc/1")


def _see_memory() -> None:
    os.stat("/proc/meminfo")


def _see_modules() -> None:
    os.listdir("/usr/lib/modules/open")


def _see_owners() -> None:
    if os.stat("/srv/of-erp").st_uid == 65534:
        raise PermissionError


def _gain_privileges() -> None:
    if _status("NoNewPrivs") == "1":
        raise PermissionError


def _have_capabilities() -> None:
    if int(_status("CapBnd"), 16) == 0:
        raise PermissionError


def _set_group_id() -> None:
    with tempfile.NamedTemporaryFile() as file:
        os.chmod(file.name, 0o2700)


def _make_namespace() -> None:
    subprocess.run(["unshare", "--user", "true"], check=True, stderr=subprocess.DEVNULL)


def _write_code() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def _change_personality() -> None:
    if ctypes.CDLL(None, use_errno=True).personality(0x0040000) == -1:
        raise OSError(ctypes.get_errno(), "personality")


def _talk_netlink() -> None:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()


def _say_to_all() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        line.sendto(b"x", ("224.0.0.251", 5353))


def _change_owner() -> None:
    with tempfile.NamedTemporaryFile() as file:
        os.chown(file.name, os.getuid(), os.getgid())


def _choose_processors() -> None:
    os.sched_setaffinity(0, os.sched_getaffinity(0))


def _let_others_read() -> None:
    with open(os.path.join(os.environ["SCRATCH"], "made"), "w", encoding="ascii") as file:
        if not os.fstat(file.fileno()).st_mode & 0o004:
            raise PermissionError


def _status(name: str) -> str:
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))


PROBES: Mapping[str, Probe] = {
    "ProtectSystem": _write_elsewhere,
    "ProtectHome": _read_homes,
    "PrivateTmp": _see_tmp,
    "PrivateDevices": _see_devices,
    "ProtectProc": _see_init,
    "ProcSubset": _see_memory,
    "ProtectKernelModules": _see_modules,
    "PrivateUsers": _see_owners,
    "NoNewPrivileges": _gain_privileges,
    "CapabilityBoundingSet": _have_capabilities,
    "RestrictSUIDSGID": _set_group_id,
    "RestrictNamespaces": _make_namespace,
    "MemoryDenyWriteExecute": _write_code,
    "LockPersonality": _change_personality,
    "RestrictAddressFamilies": _talk_netlink,
    "IPAddressDeny": _say_to_all,
    "SystemCallFilter: @privileged": _change_owner,
    "SystemCallFilter: @resources": _choose_processors,
    "UMask": _let_others_read,
}


def _found(probe: Probe) -> str:
    try:
        probe()
    except (OSError, subprocess.CalledProcessError):
        return "locked"
    return "open"


if __name__ == "__main__":
    print(json.dumps({name: _found(probe) for name, probe in PROBES.items()}))  # noqa: T201
