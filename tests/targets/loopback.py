"""A site on loopback: Moodle's REST protocol in front of the practice site."""

import json
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

from syncd.core.functions import SITE_INFO
from syncd.errors import ItemRefused, SiteRefused
from syncd.targets.base import Target
from syncd.targets.sandbox import SandboxSettings

TOKEN = "0123456789abcdef0123456789abcdef"


class Loopback(ThreadingHTTPServer):
    """A web server that has a practice site answer.

    `breaks(function)` tells whether the connection breaks "before" the call is carried out or "after" it ("": neither);
    a number is a status that is answered instead. Functions whose names begin with `hides`, and those that
    the service `lacks`, are not told of.
    """

    daemon_threads = True

    def __init__(self, site: Target) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.site = site
        self.hides = "-"
        self.lacks: frozenset[str] = frozenset()
        self.breaks: Callable[[str], str] = lambda _function: ""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Loopback

    def do_POST(self) -> None:
        sent = parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True)
        broken = self.server.breaks(dict(sent).get("wsfunction", ""))
        if broken.isdigit():
            self._say(int(broken), b"")
            return
        body = json.dumps(self._answer(dict(sent))).encode() if broken != "before" else b""
        if broken:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._say(200, body)

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, sent: dict[str, str]) -> Any:
        function, token = sent.pop("wsfunction", ""), sent.pop("wstoken", "")
        for setting in ("moodlewsrestformat", "moodlewssettingraw"):
            sent.pop(setting, "")
        if token != TOKEN:
            return {"exception": "x", "errorcode": "invalidtoken", "message": "Invalid token - token not found"}
        try:
            answer = self.server.site.call(function, nested(sent))
        except ItemRefused as refused:
            return {"exception": "x", "errorcode": refused.code, "message": refused.message}
        except SiteRefused:
            return {"exception": "x", "errorcode": "accessexception", "message": "Access control exception"}

        if function == SITE_INFO:
            hides, lacks = self.server.hides, self.server.lacks
            told = [
                one for one in answer["functions"] if not one["name"].startswith(hides) and one["name"] not in lacks
            ]
            answer["functions"] = told
        return answer

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def nested(sent: Mapping[str, str]) -> Any:
    """Fields of a form as PHP reads them."""
    tree: dict[str, Any] = {}
    for name, value in sent.items():
        first, *inner = re.findall(r"[^\[\]]+", name)
        path = [first, *inner]
        at = tree
        for key in path[:-1]:
            at = at.setdefault(key, {})
        at[path[-1]] = value
    return {key: _lists(value) for key, value in tree.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(one) for key, one in value.items()}
    return list(inner.values()) if list(inner) == [str(number) for number in range(len(inner))] else inner


@contextmanager
def loopback(folder: Path) -> Iterator[Loopback]:
    """A site whose practice site lies in `folder`."""
    site = SandboxSettings().open(folder)
    with Loopback(site) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
            site.close()
