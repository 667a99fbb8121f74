"""The target `rest`, on a real HTTP server that answers as a Moodle site does."""

import json
import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qsl

import pytest

from syncd.errors import AnswerLost, Fault, ItemRefused, SiteRefused, SiteUnreachable
from syncd.targets.rest import Rest, RestSettings

TOKEN = "0123456789abcdef0123456789abcdef"


class Site(ThreadingHTTPServer):
    """A web server on loopback; `reply` is what it answers, `asked` what it was asked, `peers` who asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.reply: Callable[[], tuple[int, bytes]] = lambda: (200, b"null")
        self.asked: list[list[tuple[str, str]]] = []
        self.peers: set[tuple[str, int]] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append(parse_qsl(body, keep_blank_values=True))
        self.server.peers.add(self.client_address)
        status, answer = self.server.reply()
        if not status:  # the connection breaks instead
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    """A site that answers."""
    with Site() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def target(site: Site) -> Iterator[Rest]:
    """The target on that site."""
    rest = Rest(site.url, TOKEN, timeout=5, connections=2)
    yield rest
    rest.close()


def says(site: Site, answer: object, status: int = 200) -> None:
    """Let the site answer this."""
    site.reply = lambda: (status, json.dumps(answer).encode())


def test_nested_values_are_sent_as_php_reads_them(site: Site, target: Rest) -> None:
    """Lists and objects become names with brackets, and truth becomes 1 or 0."""
    target.call("f", {"users": [{"name": "Zoë", "on": True, "customfields": [{"type": "a", "value": ""}]}]})
    assert site.asked[0][:4] == [
        ("users[0][name]", "Zoë"),
        ("users[0][on]", "1"),
        ("users[0][customfields][0][type]", "a"),
        ("users[0][customfields][0][value]", ""),
    ]


def test_the_token_comes_last(site: Site, target: Rest) -> None:
    """A request that PHP cuts off loses the token first, and so changes nothing."""
    target.call("core_user_update_users", {"users": [{"id": 3}]})
    assert site.asked[0][-1] == ("wstoken", TOKEN)
    assert dict(site.asked[0])["moodlewssettingraw"] == "1"


def test_a_call_with_too_many_variables_is_never_sent(site: Site, target: Rest) -> None:
    """PHP would drop what is over its limit without a word."""
    with pytest.raises(ItemRefused, match="4503 variables"):
        target.call("f", {"values": list(range(4501))})
    assert site.asked == []


def test_an_answer_is_what_the_json_holds(site: Site, target: Rest) -> None:
    """Also nothing at all, as functions without a result answer."""
    assert target.call("f", {}) is None
    says(site, [{"id": 7}])
    assert target.call("f", {}) == [{"id": 7}]


def test_connections_are_kept_alive(site: Site, target: Rest) -> None:
    """Twenty calls one after another take one connection."""
    for _ in range(20):
        target.call("f", {})
    assert len(site.peers) == 1


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (
            {"exception": "x", "errorcode": "invalidtoken", "message": "Invalid token"},
            SiteRefused,
            "make one in Moodle",
        ),
        (
            {"exception": "x", "errorcode": "accessexception", "message": "No"},
            SiteRefused,
            "not in the token's service",
        ),
        ({"exception": "x", "errorcode": "sitemaintenance", "message": "No"}, SiteUnreachable, "in maintenance"),
        (
            {"exception": "x", "errorcode": "invalidparameter", "message": "Bad", "debuginfo": "<b>taken</b>: u1"},
            ItemRefused,
            "Bad taken : u1",
        ),
        ({"exception": "Error", "message": "Call to undefined"}, ItemRefused, "Call to undefined"),
    ],
)
def test_moodles_errors_are_sorted_by_who_must_act(
    site: Site, target: Rest, answer: object, error: type[Exception], text: str
) -> None:
    """An error comes with status 200, and its code tells whose it is."""
    says(site, answer)
    with pytest.raises(error, match=text):
        target.call("f", {})


@pytest.mark.parametrize(
    ("status", "error"),
    [(503, SiteUnreachable), (403, SiteRefused), (404, SiteRefused), (302, SiteRefused), (504, AnswerLost)],
)
def test_other_statuses_are_sorted_too(site: Site, target: Rest, status: int, error: type[Exception]) -> None:
    """A gateway's time-out leaves open what Moodle did; a redirect is not followed with the token."""
    says(site, "", status)
    with pytest.raises(error) as raised:
        target.call("f", {})
    assert type(raised.value) is error


def test_what_is_no_json_is_no_moodle(site: Site, target: Rest) -> None:
    """Some other page answers under the address."""
    site.reply = lambda: (200, b"<html>Welcome</html>")
    with pytest.raises(SiteRefused, match="check the url"):
        target.call("f", {})


def test_a_broken_connection_leaves_the_answer_open(site: Site, target: Rest) -> None:
    """The request was sent: Moodle may have carried it out."""
    site.reply = lambda: (0, b"")
    with pytest.raises(AnswerLost):
        target.call("f", {})


def test_nobody_there_is_unreachable_and_nothing_was_sent() -> None:
    """A refused connection carried nothing."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        rest = Rest(f"http://127.0.0.1:{taken.getsockname()[1]}", TOKEN, timeout=2, connections=1)
        with pytest.raises(SiteUnreachable) as raised:
            rest.call("f", {})
    assert type(raised.value) is SiteUnreachable


def test_the_token_is_nowhere_to_be_read(site: Site, target: Rest) -> None:
    """Not in what the target looks like, and not in its errors."""
    site.reply = lambda: (0, b"")
    with pytest.raises(AnswerLost) as raised:
        target.call("f", {})
    assert TOKEN not in f"{target!r} {raised.value!r} {raised.value.__cause__!r}"


class TestToken:
    """The file that holds the token."""

    def test_is_stripped_and_used(self, tmp_path: Path, site: Site) -> None:
        """A line end after it does no harm."""
        settings = RestSettings(url=site.url + "/", token_file=_file(tmp_path, TOKEN + "\n", 0o640))
        settings.open(tmp_path).call("f", {})
        assert site.asked[0][-1] == ("wstoken", TOKEN)

    def test_must_not_be_open_to_everybody(self, tmp_path: Path) -> None:
        """Whoever has it can do what syncd can."""
        settings = RestSettings(url="https://moodle.example.org", token_file=_file(tmp_path, TOKEN, 0o644))
        with pytest.raises(Fault, match="chmod 0640"):
            settings.open(tmp_path)

    def test_must_be_a_token(self, tmp_path: Path) -> None:
        """What else is in the file is not told."""
        settings = RestSettings(url="https://moodle.example.org", token_file=_file(tmp_path, "two words", 0o600))
        with pytest.raises(Fault, match="letters and digits") as raised:
            settings.open(tmp_path)
        assert "two words" not in str(raised.value)


def _file(folder: Path, content: str, mode: int) -> Path:
    path = folder / "token"
    path.write_text(content)
    path.chmod(mode)
    return path
