"""A machine to try the service on: the real systemd as process 1 of namespaces of its own.

Nothing is installed for it and nothing is left behind: its disk is this machine's, with whatever is changed in memory.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from tests.waiting import wait_for

SCRIPT = Path(__file__).with_name("machine.sh")
PROGRAMS = (
    "bash",
    "unshare",
    "nsenter",
    "setpriv",
    "pivot_root",
    "ip",
    "systemctl",
    "journalctl",
    "/lib/systemd/systemd",
)
PATIENCE = 60.0
REBOOT = "133"
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/root",
}


def lacking(folder: Path) -> str:
    """Why there can be no such machine here, in a sentence; "" when there can be one."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "A machine to boot needs root, on Linux."
    if missing := [name for name in PROGRAMS if not shutil.which(name, path=ENVIRONMENT["PATH"])]:
        return f"A machine to boot needs {', '.join(missing)}."
    layers = f"lowerdir=/,upperdir={folder}/u,workdir={folder}/w"
    try_it = f"mount -t tmpfs t {folder} && mkdir {folder}/u {folder}/w && mount -t overlay o -o {layers} {folder}"
    ways = ["unshare", "--mount", "--pid", "--fork", "--uts", "--ipc", "--cgroup", "--net", "sh", "-c"]
    tried = subprocess.run([*ways, try_it], capture_output=True, text=True, check=False)
    return f"This machine lets nobody make one of his own: {tried.stderr.strip()}" if tried.returncode else ""


class Machine:
    """A machine that was booted; `root` is its disk, to be read and written from here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # By our number and its own: whoever is killed leaves them to the next, who sees that nobody has the number.
        self.leaves = [leaf / f"syncd-boot-{os.getpid()}-{token_hex(4)}" for leaf in _control_groups()]
        self._outer: subprocess.Popen[bytes] | None = None
        self._pid = 0

    @property
    def root(self) -> Path:
        """Its file system, as seen from here; absolute links in it lead out of it."""
        return Path(f"/proc/{self._pid}/root")

    def boot(self) -> None:
        """Start it, and wait until it is up."""
        for name in ("root", "disk"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "console").touch()
        for leaf in self.leaves:
            _sweep(leaf.parent)
            leaf.mkdir()
        # Should we be killed, it goes with us.
        alone = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount"]
        script = ["bash", str(SCRIPT), "outer", str(self.folder), *map(str, self.leaves)]
        with (self.folder / "console").open("ab") as console:
            self._outer = subprocess.Popen(
                [*alone, *script], stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True
            )
        self._wait_until_up()

    def reboot(self) -> None:
        """Shut it down in order, and boot it again: its disk stays, what was in memory does not."""
        before = self._pid
        self.does("systemctl", "--no-block", "exit", REBOOT)
        wait_for(lambda: not _alive(before), PATIENCE, "the machine went down")
        self._wait_until_up()

    def down(self) -> None:
        """Shut it down, and leave nothing of it."""
        if self._outer:
            if _alive(self._pid):
                self.run("systemctl", "--no-block", "exit", "0")
            with suppress(subprocess.TimeoutExpired):
                self._outer.wait(15)
            for pid in (self._pid, self._outer.pid):
                if _alive(pid):
                    os.kill(pid, 9)
            self._outer.wait()
        for leaf in self.leaves:
            wait_for(lambda leaf=leaf: _removed(leaf), PATIENCE, f"{leaf} is gone")  # type: ignore[misc]

    def run(
        self, *argv: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in it, as root, to its end."""
        done = subprocess.run(
            self.argv(*argv),
            input=stdin,
            capture_output=True,
            env={**ENVIRONMENT, **(env or {})},
            check=False,
            timeout=120,
        )
        out, err = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
        return subprocess.CompletedProcess(argv, done.returncode, out, err)

    def argv(self, *argv: str) -> list[str]:
        """The command that runs a program in it."""
        # In a session of its own: a signal to group 0 in there must not reach us.
        enter = ["nsenter", "-t", str(self._pid), "-m", "-p", "-u", "-i", "-n", "-C", "-r", "-w", "setsid", "-w"]
        return [*enter, *argv]

    def does(self, *argv: str, stdin: bytes = b"") -> str:
        """Run a program that must end well; what it wrote."""
        done = self.run(*argv, stdin=stdin)
        assert done.returncode == 0, f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def writes(self, path: str, content: str | bytes, mode: int = 0o644) -> Path:
        """Write a file in it, with the folders above."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        file.chmod(mode)
        return file

    def _wait_until_up(self) -> None:
        wait_for(self._up, PATIENCE, "the machine is up")

    def _up(self) -> bool:
        assert self._outer
        assert self._outer.poll() is None, (self.folder / "console").read_text(errors="replace")
        self._pid = self._init()
        return bool(self._pid) and self.run("systemctl", "is-system-running").stdout.strip() in {"running", "degraded"}

    def _init(self) -> int:
        """The number of its process 1 here: systemd, the child of unshare, the child of our script."""
        assert self._outer
        for unshare in _children(self._outer.pid):
            for init in _children(unshare):
                with suppress(OSError):
                    if Path(f"/proc/{init}/comm").read_text().strip() == "systemd":
                        return init
        return 0


@contextmanager
def booted(folder: Path) -> Iterator[Machine]:
    """A machine that is up, and gone with the context."""
    machine = Machine(folder)
    try:
        machine.boot()
        yield machine
    finally:
        machine.down()


def _control_groups() -> Iterator[Path]:
    """Where we are in each hierarchy. The machine gets a leaf in all: systemd mounts whichever lacks, from its root."""
    unified = next(line.split()[1] for line in _lines("/proc/mounts") if line.split()[2] == "cgroup2")
    for line in _lines("/proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        match controllers:
            case "":
                yield Path(unified, path.lstrip("/"))
            case "cpuset":
                pass  # a leaf without CPUs takes nobody in
            case _:
                yield Path("/sys/fs/cgroup", controllers.removeprefix("name="), path.lstrip("/"))


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _alive(pid: int) -> bool:
    with suppress(OSError):
        return pid > 0 and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def _sweep(groups: Path) -> None:
    for left in groups.glob("syncd-boot-*-*"):
        if not _alive(int(left.name.split("-")[2])):
            _removed(left)


def _removed(leaf: Path) -> bool:
    for folder, _, _ in os.walk(leaf, topdown=False):
        with suppress(OSError):
            os.rmdir(folder)
    return not leaf.exists()
