"""The real `sftp` client at work in one folder of a real sshd."""

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from demo.sftp_server import SftpServer, quoted

PATIENCE = 60.0


class Client:
    """One sftp client that works on its commands; it can be frozen, and killed as if its cable had been cut."""

    def __init__(self, argv: list[str], commands: bytes) -> None:
        self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
        assert self._process.stdin
        self._process.stdin.write(commands)
        self._process.stdin.close()
        self._process.stdin = None

    def end(self) -> None:
        """Wait until everything is done; fails with what the client says when it could not do it."""
        said, _ = self._process.communicate(timeout=PATIENCE)
        assert self._process.returncode == 0, said.decode(errors="replace")

    def freeze(self) -> None:
        """Stop it where it is; its connection stays."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, with the ssh below it."""
        self._signal(signal.SIGKILL)
        self._process.communicate(timeout=PATIENCE)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whoever uploads: its commands start in `folder`, the drop folder."""

    server: SftpServer
    folder: Path
    clients: list[Client] = field(default_factory=list)

    def does(self, *commands: str) -> None:
        """Carry out some commands, one after another; fails when one of them does."""
        self.begins(*commands).end()

    def puts(self, local: Path, remote: str) -> None:
        """Upload one file."""
        self.does(put(local, remote))

    def begins(self, *commands: str, kilobytes_per_second: int = 0) -> Client:
        """Begin to carry out some commands. A throttled client writes 32 KiB at a time."""
        slowly = ("-l", str(kilobytes_per_second * 8), "-B", "32768", "-R", "1") if kilobytes_per_second else ()
        lines = [f"cd {quoted(str(self.folder))}", *commands, ""]
        client = Client(self.server.client(*slowly), os.fsencode("\n".join(lines)))
        self.clients.append(client)
        return client

    def leaves(self) -> None:
        """End what is still under way."""
        for client in self.clients:
            client.thaw()
            client.kill()


def put(local: Path, remote: str) -> str:
    """The command that uploads one file."""
    return f"put {quoted(str(local))} {quoted(remote)}"
