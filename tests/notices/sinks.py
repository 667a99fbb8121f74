"""A mail server and a web server on this machine that keep what they are sent."""

import base64
import socketserver
import ssl
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

LOGIN = ("syncd", "geheim")


def certificate(folder: Path) -> Path:
    """A certificate for `localhost`, with its key beside it, that nobody signed but itself."""
    made = folder / "certificate"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key"), "-out", str(made)]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)
    return made


@dataclass(slots=True)
class Post:
    """A mail server. What it was sent is in `mails`, with who was to get it; what it answers can be changed."""

    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    refuses: Callable[[str], bool] = lambda _address: False
    busy: str = ""
    """What it answers to every mail instead of taking it, such as `451 try again`."""
    farewell: str = "221 bye"
    """What it answers to QUIT."""
    wants_login: bool = False
    logins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    context: ssl.SSLContext | None = None
    from_the_start: bool = False
    _server: socketserver.ThreadingTCPServer | None = None

    def open(self, port: int = 0) -> int:
        """Listen, and return the port."""
        post = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with suppress(OSError):  # the other one went away
                    _Talk(post, self).hold()

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Listen no more."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    @property
    def subjects(self) -> list[str]:
        """The subjects of its mails."""
        return [str(mail["Subject"]) for mail in self.mails]

    def text(self, number: int = -1) -> str:
        """The text of a mail."""
        return str(self.mails[number].get_content()).replace("\r\n", "\n")


class _Talk:
    """One connection (RFC 5321)."""

    def __init__(self, post: Post, handler: socketserver.StreamRequestHandler) -> None:
        self.post = post
        self.socket = handler.request
        self.secret = False
        self.to: list[str] = []

    def _files(self) -> None:
        """Begin to read and write anew: what came before encryption does not count (RFC 3207)."""
        self.reads, self.writes = self.socket.makefile("rb"), self.socket.makefile("wb")

    def _encrypt(self) -> None:
        assert self.post.context
        self.socket = self.post.context.wrap_socket(self.socket, server_side=True)
        self.secret = True

    def say(self, line: str) -> None:
        """Answer."""
        self.writes.write(line.encode() + b"\r\n")
        self.writes.flush()

    def hold(self) -> None:
        """Talk until the other one ends it."""
        try:
            if self.post.from_the_start:
                self._encrypt()
            self._files()
            self._talk()
        finally:
            self.socket.close()

    def _talk(self) -> None:
        self.say("220 post.example.org ESMTP")
        while line := self.reads.readline().decode().strip():
            word, _, rest = line.partition(" ")
            match word.upper():
                case "EHLO" | "HELO":
                    self._greet()
                case "STARTTLS":
                    self.say("220 go on")
                    self._encrypt()
                    self._files()
                case "AUTH":
                    self._login(rest)
                case "MAIL":
                    self.to = []
                    self.say("530 log in first" if self.post.wants_login and not self.post.logins else "250 ok")
                case "RCPT":
                    self._recipient(rest.partition("<")[2].partition(">")[0])
                case "DATA":
                    self._take()
                case "QUIT":
                    self.say(self.post.farewell)
                    return
                case _:
                    self.say("250 ok")

    def _greet(self) -> None:
        offers = ["post.example.org", *(["STARTTLS"] if self.post.context and not self.secret else []), "AUTH PLAIN"]
        for offer in offers[:-1]:
            self.say(f"250-{offer}")
        self.say(f"250 {offers[-1]}")

    def _login(self, rest: str) -> None:
        _, user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
        if (user, password) != LOGIN:
            self.say("535 wrong user or password")
            return
        self.post.logins.append((user, password))
        self.say("235 welcome")

    def _recipient(self, address: str) -> None:
        if self.post.refuses(address):
            self.say(f"550 5.1.1 <{address}>: there is nobody of this name")
            return
        self.to.append(address)
        self.say("250 ok")

    def _take(self) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.reads.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        if self.post.busy:
            self.say(self.post.busy)
            return
        self.post.mails.append(message_from_bytes(b"".join(lines), policy=default))
        self.post.recipients.append(self.to)
        self.post.encrypted.append(self.secret)
        self.say("250 taken")


@dataclass(slots=True)
class Web:
    """A web server. Its requests are in `calls`: method, path and body; it answers `status`."""

    calls: list[tuple[str, str, bytes]] = field(default_factory=list)
    status: int = 200
    _server: ThreadingHTTPServer | None = None

    def open(self) -> int:
        """Listen, and return the port."""
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                web.calls.append((self.command, self.path, self.rfile.read(length)))
                self.send_response(web.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_GET

            def log_message(self, *words: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Listen no more."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
