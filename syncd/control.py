"""The control socket: verbs that act go through it to the running daemon, so that nothing ever runs twice at once.

A request is one line of JSON, answers are lines of JSON: any number of `{"progress": …}`, then one `{"answer": …}` or
`{"error": text, "exit": code}`. Who may connect is who may write the socket (mode 0660); who asked is what the kernel
says of the peer (unix(7), SO_PEERCRED), or, where it can't tell, what the peer says (docs/decisions/0031-who-asked.md).
"""

import json
import os
import pwd
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import BoundedSemaphore, Event, Thread
from typing import Any

from syncd.errors import Fault, SyncdError

NAME = "control.sock"
LONGEST = 1 << 16
PATIENCE = 10.0
BREATH = 0.1
PEERS = 32
"""How many may ask at once."""

LONGEST_NAME = 64
UNMAPPED = 65_534
"""What the kernel says of a user who does not exist in the user namespace that asks."""

AT_ONCE = frozenset({"status", "look", "pause", "resume", "reload"})
"""Verbs that wait for no run: the loop answers them within a turn."""


class NotRunning(Exception):
    """No daemon answers in this state folder."""


class Refused(SyncdError):
    """The daemon's answer is an error; its exit code is the verb's."""

    def __init__(self, text: str, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Request:
    """Something that a person wants of the daemon. Exactly one of `answer` and `refuse` ends it."""

    verb: str
    arguments: Mapping[str, Any]
    who: str
    replies: SimpleQueue[dict[str, Any]] = field(default_factory=SimpleQueue)
    done: Event = field(default_factory=Event)

    def progress(self, state: Mapping[str, Any]) -> None:
        """Tell how far things are."""
        self.replies.put({"progress": state})

    def answer(self, value: object) -> None:
        """End the request well."""
        self.replies.put({"answer": value})
        self.done.set()

    def refuse(self, text: str, exit_code: int) -> None:
        """End the request with an error."""
        self.replies.put({"error": text, "exit": exit_code})
        self.done.set()

    def outcome(self) -> Iterator[dict[str, Any]]:
        """The replies as they come, up to the last."""
        while True:
            reply = self.replies.get()
            yield reply
            if "progress" not in reply:
                return


class Control:
    """The daemon's end of the socket."""

    def __init__(self, state: Path, post: Callable[[Request], None]) -> None:
        """Listen; each request goes to `post`. Raises `Fault` when the socket can't be made."""
        self._post = post
        self._closing = False
        self._places = BoundedSemaphore(PEERS)
        self._path = state / NAME
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            with _short(state) as folder:
                self._socket.bind(f"{folder}/{NAME}")
            os.chmod(self._path, 0o660)
            self._socket.listen(16)
        except OSError as error:
            self._socket.close()
            raise Fault(f"the control socket {self._path} can't be made: {error.strerror}") from error
        Thread(target=self._accept, name="control", daemon=True).start()

    def close(self) -> None:
        """Take no more requests."""
        self._closing = True
        self._path.unlink(missing_ok=True)
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while not self._closing:
            try:
                peer, _ = self._socket.accept()
            except OSError:  # the end, or a machine without a handle to spare: that passes
                time.sleep(BREATH)
                continue
            if not self._places.acquire(blocking=False):
                with peer, suppress(OSError):
                    peer.settimeout(BREATH)
                    peer.sendall(_line({"error": "too many ask at once; ask again", "exit": 1}))
                continue
            try:
                Thread(target=self._attend, args=(peer,), name="control-peer", daemon=True).start()
            except RuntimeError:  # no thread to spare
                self._places.release()
                peer.close()

    def _attend(self, peer: socket.socket) -> None:
        try:
            self._serve(peer)
        finally:
            self._places.release()

    def _serve(self, peer: socket.socket) -> None:
        # The peer may go away at any moment; what it asked for goes on.
        with peer, suppress(OSError):
            peer.settimeout(PATIENCE)
            with peer.makefile("rb") as lines:
                line = lines.readline(LONGEST)
            try:
                asked = json.loads(line)
                verb, arguments = str(asked["verb"]), dict(asked["arguments"])
            except (ValueError, KeyError, TypeError, RecursionError):
                peer.sendall(_line({"error": "this is not a request that syncd understands", "exit": 2}))
                return
            request = Request(verb, arguments, _who(peer, str(asked.get("who", ""))))
            self._post(request)
            for reply in request.outcome():
                peer.sendall(_line(reply))


def ask(state: Path, verb: str, arguments: Mapping[str, Any], progress: Callable[[Any], None] | None = None) -> Any:
    """Ask the running daemon, and return its answer.

    Raises `NotRunning` when there is none, `Refused` when it refuses, `Fault` when it breaks off.
    """
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(PATIENCE)
    with peer:
        try:
            with _short(state) as folder:
                peer.connect(f"{folder}/{NAME}")
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunning from error
        except (BlockingIOError, TimeoutError) as error:
            raise Fault("too many ask the daemon at once; ask again") from error
        except PermissionError as error:
            raise Fault(
                f"you may not talk to the daemon: {state / NAME} is for its user and group (be root, or of the group)"
            ) from error
        peer.settimeout(PATIENCE if verb in AT_ONCE else None)
        try:
            return _answer(peer, verb, arguments, progress)
        except TimeoutError as error:
            raise Fault(f"the daemon does not answer: it is busy, or its loop stands ({PATIENCE:.0f} s)") from error
        except OSError as error:
            raise Fault("the daemon stopped before it had answered; what was asked for may go on later") from error


def _answer(
    peer: socket.socket, verb: str, arguments: Mapping[str, Any], progress: Callable[[Any], None] | None
) -> Any:
    peer.sendall(_line({"verb": verb, "arguments": arguments, "who": login_name()}))
    with peer.makefile("rb") as replies:
        for line in replies:
            reply = json.loads(line)
            if "answer" in reply:
                return reply["answer"]
            if "error" in reply:
                raise Refused(reply["error"], reply["exit"])
            if progress:
                progress(reply["progress"])
    raise ConnectionResetError


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    # A socket's path may have 107 bytes (unix(7)); a folder's handle has a short one.
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)


def login_name() -> str:
    """Who acts, for the ledger and the reports."""
    return _name(os.getuid())


def _who(peer: socket.socket, says: str) -> str:
    _, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    if uid != UNMAPPED or _every_user_exists() or not says.isprintable():
        return _name(uid)
    return f"{says[:LONGEST_NAME] or 'somebody'} (not proven)"


def _every_user_exists() -> bool:
    # In a user namespace, as PrivateUsers=yes makes one, others all have one number (user_namespaces(7)).
    try:
        first = Path("/proc/self/uid_map").read_text(encoding="ascii").split()
    except OSError:
        return True
    return first == ["0", "0", str(2**32 - 1)]


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _line(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"
