"""sshd's lines in a real journal, and who reads them: `python -m tests.disk.overhearing`, in a namespace of its own.

Prints as JSON what each reader was told.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from syncd.core.sftp_log import Line
from syncd.disk.journal import Heard, Journal, Lost

PATIENCE = 30.0
NOBODY = 65534
SPEAKER = Path("/usr/local/lib/sftp-server")
"""A program that the kernel calls by one of OpenSSH's names."""

SPEAKS = """
import os, socket, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.connect("/run/systemd/journal/dev-log")
for line in sys.stdin:
    log.send(f"<86>internal-sftp[{os.getpid()}]: {line.rstrip()}".encode())
    print(flush=True)
"""


class Speaker:
    """A process that logs as sshd does: as a program, and as a user."""

    def __init__(self, program: Path, user: int = 0) -> None:
        self._process = subprocess.Popen(
            [program, "-c", SPEAKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, user=user,
            env={**os.environ, "PYTHONHOME": "/usr"},
        )  # fmt: skip

    def says(self, *lines: str) -> None:
        """Log some lines; returns when they are sent."""
        assert self._process.stdin and self._process.stdout
        for line in lines:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
            self._process.stdout.readline()
        subprocess.run(["journalctl", "--sync"], check=True)

    def ends(self) -> None:
        """End it."""
        self._process.communicate()


@contextmanager
def reader(cursor: str = "") -> Iterator[SimpleQueue[Heard]]:
    """What somebody is told who reads from there on."""
    told: SimpleQueue[Heard] = SimpleQueue()
    journal = Journal(told.put)
    journal.start(cursor, 0.0)
    try:
        yield told
    finally:
        journal.close()


def texts(told: SimpleQueue[Heard], until: str = "") -> tuple[list[str], str]:
    """The texts of what was told until a line, or until that was all; and the cursor."""
    found: list[str] = []
    while True:
        heard = told.get(timeout=PATIENCE)
        assert not heard.unreadable, heard.unreadable
        found += ["LOST" if isinstance(line, Lost) else line.text for line in heard.lines]
        if until in found if until else heard.all:
            return found, heard.cursor


def unreadable() -> str:
    """What somebody is told who may not read it."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return Path("/run/unreadable").read_text()
    os.open("/run/unreadable", os.O_CREAT | os.O_WRONLY)
    os.chown("/run/unreadable", NOBODY, NOBODY)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    with reader() as told:
        Path("/run/unreadable").write_text(told.get(timeout=PATIENCE).unreadable)
    os._exit(0)


def main() -> None:
    """Log, and read."""
    SPEAKER.parent.mkdir(exist_ok=True)
    SPEAKER.write_bytes(Path("/usr/bin/python3").resolve().read_bytes())
    SPEAKER.chmod(0o755)
    answers: dict[str, object] = {}
    sshd, forger = Speaker(SPEAKER, 1234), Speaker(Path("/usr/bin/python3"), 1234)
    sshd.says("one", "two")
    forger.says("forged")
    with reader() as told:
        answers["before"], cursor = texts(told)
        sshd.says("three")
        answers["live"], _ = texts(told, "three")
        assert told.empty()
    with reader(cursor) as told:
        answers["after the cursor"], _ = texts(told)
    with reader("no cursor") as told:
        answers["without a cursor"], _ = texts(told)
    with reader() as told:
        line = next(line for line in told.get(timeout=PATIENCE).lines if isinstance(line, Line))
        answers["line"] = [line.user, line.session.count(":"), line.text]
    answers["unreadable"] = unreadable()
    sshd.ends()
    forger.ends()
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
