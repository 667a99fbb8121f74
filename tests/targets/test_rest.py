"""The target `rest`, on a real HTTP server that answers as a Moodle site does."""

import json
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydantic import ValidationError
from urllib3 import ProxyManager

from syncd.errors import AnswerLost, Fault, ItemRefused, SiteRefused, SiteUnreachable, SyncdError, TooMuch
from syncd.targets.rest import RestSettings
from syncd.targets.rest.connections import connected
from syncd.targets.rest.site import Rest

TOKEN = "0123456789abcdef0123456789abcdef"


class Site(ThreadingHTTPServer):
    """A web server on loopback; `reply` is what it answers, `asked` what it was asked, `peers` who asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.reply: Callable[[], tuple[int, bytes]] = lambda: (200, b"null")
        self.asked: list[list[tuple[str, str]]] = []
        self.peers: set[tuple[str, int]] = set()
        self.headers: dict[str, str] = {}
        self.paths: list[str] = []
        self.bodies: list[str] = []
        self.logins: list[str] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.bodies.append(body)
        self.server.asked.append(parse_qsl(body, keep_blank_values=True))
        self.server.peers.add(self.client_address)
        self.server.paths.append(self.path)
        self.server.logins += self.headers.get_all("Proxy-Authorization", [])
        status, answer = self.server.reply()
        if not status:  # the connection breaks instead
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    """A site that answers."""
    with Site() as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def target(site: Site) -> Iterator[Rest]:
    """The target on that site."""
    rest = reached(site.url)
    yield rest
    rest.close()


def reached(url: str, *, timeout: float = 5, max_variables: int = 4_500, **how: Any) -> Rest:
    """The target on a site, straight and with the machine's own certificates unless said otherwise."""
    through = {"proxy": "none", "ca_file": None} | how
    return Rest(url, TOKEN, connected(url, timeout=timeout, connections=2, **through), max_variables=max_variables)


def says(site: Site, answer: object, status: int = 200) -> None:
    """Let the site answer this."""
    site.reply = lambda: (status, json.dumps(answer).encode())


def test_nested_values_are_sent_as_php_reads_them(site: Site, target: Rest) -> None:
    """Lists and objects become names with brackets, and truth becomes 1 or 0."""
    target.call("f", {"users": [{"name": "Zoë", "on": True, "customfields": [{"type": "a", "value": ""}]}]})
    assert site.asked[0][2:6] == [
        ("users[0][name]", "Zoë"),
        ("users[0][on]", "1"),
        ("users[0][customfields][0][type]", "a"),
        ("users[0][customfields][0][value]", ""),
    ]


def test_the_token_comes_last(site: Site, target: Rest) -> None:
    """A request that PHP cuts off loses the token first, and so changes nothing."""
    target.call("core_user_update_users", {"users": [{"id": 3}]})
    assert site.asked[0][-1] == ("wstoken", TOKEN)
    assert site.asked[0][0] == ("moodlewsrestformat", "json"), "else the refusal would be XML"
    assert dict(site.asked[0])["moodlewssettingraw"] == "1"


def test_a_call_with_too_many_variables_is_never_sent(site: Site, target: Rest) -> None:
    """PHP would drop what is over its limit without a word."""
    with pytest.raises(TooMuch, match="4503 variables"):
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
            "not in the token's service.*expired.*other addresses",
        ),
        ({"exception": "x", "errorcode": "sitemaintenance", "message": "No"}, SiteUnreachable, "in maintenance"),
        (
            {"exception": "x", "errorcode": "invalidparameter", "message": "Bad", "debuginfo": "<b>taken</b>: u1"},
            ItemRefused,
            "Bad <b>taken</b>: u1",
        ),
        ({"exception": "Error", "message": "Call to undefined"}, SiteRefused, "administrator .*Call to undefined"),
        (
            {"exception": "x", "errorcode": "nopermissions", "message": "no (Create users)"},
            SiteRefused,
            r"tick it .*\(Create users",
        ),
        ({"exception": "x", "errorcode": "upgraderunning", "message": "No"}, SiteUnreachable, "being upgraded"),
        ({"exception": "x", "errorcode": "wsaccessusersuspended", "message": "No"}, SiteRefused, "it is suspended"),
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
        rest = reached(f"http://127.0.0.1:{taken.getsockname()[1]}")
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


def test_a_function_that_is_not_there_is_no_bad_item(site: Site, target: Rest) -> None:
    """Moodle has one code for both: whether the token has the function is looked up."""
    missing = {"exception": "x", "errorcode": "invalidrecordunknown", "message": "Can't find data record"}

    def reply() -> tuple[int, bytes]:
        told = {"functions": [{"name": "core_user_delete_users"}]}
        asked = dict(site.asked[-1])["wsfunction"]
        return 200, json.dumps(told if asked == "core_webservice_get_site_info" else missing).encode()

    site.reply = reply
    for _ in range(2):
        with pytest.raises(ItemRefused):
            target.call("core_user_delete_users", {"userids": [7]})
    assert len(site.asked) == 3
    with pytest.raises(SiteRefused, match="no function core_user_levitate_users"):
        target.call("core_user_levitate_users", {})


def test_text_that_is_none_reaches_moodle_as_bytes_that_it_refuses(site: Site, target: Rest) -> None:
    """Nothing else would know what to do with half a sign."""
    target.call("f", {"a": "\ud83d", "b": "\udce9"})
    assert "a=%ED%A0%BD&b=%ED%B3%A9&" in site.bodies[-1]


# Functions that commit item by item


BROKEN_OFF = [
    {"exception": "dml_write_exception", "errorcode": "dmlwriteexception", "message": "Error writing to database"},
    {"exception": "dml_read_exception", "errorcode": "dmlreadexception", "message": "Error reading from database"},
    {"exception": "dml_connection_exception", "errorcode": "dbconnectionfailed", "message": "No connection"},
    {"exception": "dml_transaction_exception", "errorcode": "dmltransactionexception", "message": "No"},
    {"exception": "Error", "message": "MySQL server has gone away"},
]


@pytest.mark.parametrize("answer", BROKEN_OFF)
def test_a_database_that_goes_away_between_two_items_leaves_the_answer_open(
    site: Site, target: Rest, answer: object
) -> None:
    """The companion commits each item by itself: some may have been made, and nobody told which."""
    says(site, answer)
    with pytest.raises(AnswerLost, match="broke off in local_syncd_create_users"):
        target.call("local_syncd_create_users", {"users": [{"username": "ana"}]})
    asked = {"requests": [{"function": "core_user_create_users", "arguments": "{}"}] * 2}
    with pytest.raises(AnswerLost):
        target.call("tool_mobile_call_external_functions", asked)


@pytest.mark.parametrize("answer", BROKEN_OFF)
def test_a_call_that_is_carried_out_wholly_or_not_at_all_has_an_answer(
    site: Site, target: Rest, answer: object
) -> None:
    """Moodle takes back what such a call began, and what only reads began nothing."""
    says(site, answer)
    asked = {"requests": [{"function": "core_group_get_course_groups", "arguments": "{}"}]}
    for function, parameters in [
        ("core_user_create_users", {"users": [{"username": "ana"}]}),
        ("local_syncd_get_users", {}),
        ("tool_mobile_call_external_functions", asked),
    ]:
        with pytest.raises(SyncdError) as raised:
            target.call(function, parameters)
        assert not isinstance(raised.value, AnswerLost)


# Requests that are too large


def counting(site: Site, most: int) -> None:
    """Let the site be a PHP that drops all variables over its limit, without a word."""

    def reply() -> tuple[int, bytes]:
        if ("wstoken", TOKEN) in site.asked[-1][:most]:
            return 200, b"null"
        return 200, b'{"exception": "x", "errorcode": "invalidtoken", "message": "Invalid token"}'

    site.reply = reply


def test_a_request_that_php_cut_off_is_known_from_a_bad_token(site: Site, target: Rest) -> None:
    """The token came last and was lost, nothing was changed; what follows is smaller before it is sent."""
    counting(site, 1_000)
    with pytest.raises(TooMuch, match="max_input_vars"):
        target.call("f", {"values": list(range(2_000))})
    sent = len(site.asked)
    with pytest.raises(TooMuch):
        target.call("f", {"values": list(range(1_100))})
    assert len(site.asked) == sent
    target.call("f", {"values": list(range(900))})


def test_a_bad_token_is_said_to_be_one_however_large_the_request(site: Site, target: Rest) -> None:
    """A small request with the same token fails as well."""
    says(site, {"exception": "x", "errorcode": "invalidtoken", "message": "Invalid token"})
    with pytest.raises(SiteRefused, match="token is not valid"):
        target.call("f", {"values": list(range(2_000))})


def test_a_request_that_was_too_long_for_php_is_known_too(site: Site, target: Rest) -> None:
    """PHP takes none of a body over its post_max_size: a picture that is too large is no bad token."""

    def reply() -> tuple[int, bytes]:
        if sum(len(value) for _, value in site.asked[-1]) > 2_000_000:
            return 200, b'{"exception": "x", "errorcode": "invalidtoken", "message": "Invalid token"}'
        return 200, b"null"

    site.reply = reply
    with pytest.raises(TooMuch, match="post_max_size"):
        target.call("core_files_upload", {"filecontent": "x" * 3_000_000})


def test_a_request_that_the_web_server_does_not_take_is_too_much(site: Site, target: Rest) -> None:
    """Halves of it may do."""
    says(site, "", 413)
    with pytest.raises(TooMuch):
        target.call("f", {})


# What is no answer


@pytest.mark.parametrize(
    ("body", "error", "text"),
    [
        (b"", AnswerLost, "empty"),
        (b"<br />\n<b>Fatal error</b>: Allowed memory size of 134217728 bytes exhausted", AnswerLost, "Allowed memory"),
        (b'[{"id": 7}, {"i', AnswerLost, "cut off"),
        (b"<!DOCTYPE html><html><head><title>Log in</title>", SiteRefused, '"Log in".*check the url'),
    ],
)
def test_what_is_no_json_is_told_apart(
    site: Site, target: Rest, body: bytes, error: type[Exception], text: str
) -> None:
    """PHP broke off, and may have done something before; or some other page answers under the address."""
    site.reply = lambda: (200, body)
    with pytest.raises(error, match=text) as raised:
        target.call("f", {})
    assert type(raised.value) is error


def test_a_redirect_tells_the_right_address(site: Site, target: Rest) -> None:
    """From http to https, or to another name: what to write is said, and the token is not sent there."""
    site.headers = {"Location": "https://www.example.org/moodle/webservice/rest/server.php"}
    says(site, "", 301)
    with pytest.raises(SiteRefused, match=r"write url = 'https://www\.example\.org/moodle'"):
        target.call("f", {})


def test_a_refusal_that_is_not_moodles_is_told_apart(site: Site, target: Rest) -> None:
    """Moodle's own has no text; a firewall's has."""
    site.reply = lambda: (403, b"")
    with pytest.raises(SiteRefused, match="enable web services"):
        target.call("f", {})
    site.reply = lambda: (403, b"<html>Blocked</html>")
    with pytest.raises(SiteRefused, match="firewall"):
        target.call("f", {})


def test_a_capability_that_is_lacking_is_named(site: Site, target: Rest) -> None:
    """Moodle's own words are in the language of the site."""
    says(site, {"exception": "x", "errorcode": "nopermissions", "message": "Nein"})
    with pytest.raises(SiteRefused, match="moodle/user:create"):
        target.call("core_user_create_users", {})


def test_a_course_that_is_gone_is_no_fault_of_the_site(site: Site, target: Rest) -> None:
    """A known defect of Moodle 5.1 is a PHP error in place of an empty answer."""
    says(site, {"exception": "Error", "message": 'Attempt to assign property "contextvalidated" on null'})
    with pytest.raises(ItemRefused):
        target.call("core_course_get_courses_by_field", {"field": "ids", "value": "7,8"})


def test_an_answer_that_takes_too_long_is_lost(site: Site) -> None:
    """The request was sent, and nobody knows what becomes of it."""
    waiting = Event()
    site.reply = lambda: (200 if waiting.wait(10) else 500, b"null")
    with pytest.raises(AnswerLost, match="timed out"):
        reached(site.url, timeout=0.2).call("f", {})
    waiting.set()


# The way there


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that no authority signed, with its key."""
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{folder}/key", "-out", f"{folder}/certificate"]
    subprocess.run([*command, *names], check=True, capture_output=True)
    return folder / "certificate"


@pytest.fixture
def secure(site: Site, certificate: Path) -> Site:
    """A site behind that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key"))
    site.socket = context.wrap_socket(site.socket, server_side=True)
    return site


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(secure: Site) -> None:
    """Nothing is sent, and the reason says what it is about."""
    with pytest.raises(SiteUnreachable, match="not to be trusted") as raised:
        reached(secure.url.replace("http:", "https:")).call("f", {})
    assert type(raised.value) is SiteUnreachable
    assert secure.asked == []


def test_an_authority_of_ones_own_is_trusted(secure: Site, certificate: Path) -> None:
    """Its certificate is named in the settings."""
    assert reached(secure.url.replace("http:", "https:"), ca_file=certificate).call("f", {}) is None


def test_a_certificate_of_another_name_is_not_trusted(secure: Site, certificate: Path) -> None:
    """Whoever vouches for it."""
    there = f"https://localhost:{secure.server_address[1]}"
    with pytest.raises(SiteUnreachable, match="not to be trusted"):
        reached(there, ca_file=certificate).call("f", {})


def test_a_ca_file_without_certificates_is_a_mistake_in_the_settings(tmp_path: Path, certificate: Path) -> None:
    """Not a site that is not to be trusted."""
    settings = {"url": "https://moodle.example.org", "token_variable": "A"}
    assert RestSettings.model_validate(settings | {"ca_file": certificate}).ca_file == certificate
    (tmp_path / "other").write_text("no certificate")
    for wrong in (tmp_path / "other", certificate.with_name("key")):
        with pytest.raises(ValidationError, match="must hold certificates"):
            RestSettings.model_validate(settings | {"ca_file": wrong})


def test_a_proxy_is_gone_through(site: Site) -> None:
    """It gets the whole address of the site, and its own log-in, which the site does not see."""
    proxy = site.url.replace("//", "//ana:S3cret%21@")
    reached("http://moodle.invalid", proxy=proxy).call("f", {})
    assert site.paths == ["http://moodle.invalid/webservice/rest/server.php"]
    assert site.logins == ["Basic YW5hOlMzY3JldCE="]


def test_a_proxy_that_wants_a_log_in_is_the_one_that_is_blamed(site: Site) -> None:
    """Over http its answer looks like the site's; over https it never does."""
    site.reply = lambda: (407, b"")
    with pytest.raises(SiteUnreachable, match=r"the proxy on the way .* log-in") as raised:
        reached("http://moodle.invalid", proxy=site.url).call("f", {})
    assert type(raised.value) is SiteUnreachable


@pytest.mark.parametrize(
    ("environment", "through"),
    [({"http_proxy": "PROXY"}, True), ({"all_proxy": "PROXY"}, True), ({"https_proxy": "PROXY"}, False)],
)
def test_the_environment_names_a_proxy(
    site: Site, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], through: bool
) -> None:
    """By the site's scheme, and unless NO_PROXY names the site."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value.replace("PROXY", site.url))

    def is_used() -> bool:
        return isinstance(connected("http://moodle.invalid", "auto", None, timeout=1, connections=1), ProxyManager)

    assert is_used() == through
    monkeypatch.setenv("no_proxy", "other.invalid,moodle.invalid")
    assert not is_used()


def test_a_proxy_that_is_not_there_is_no_lost_answer() -> None:
    """Nothing was sent."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{taken.getsockname()[1]}"
        for site in ("http://moodle.invalid", "https://moodle.invalid"):
            with pytest.raises(SiteUnreachable) as raised:
                reached(site, proxy=proxy).call("f", {})
            assert type(raised.value) is SiteUnreachable


class TestWhereTheTokenIs:
    """In a file, in a credential of systemd, or in a variable: in just one of them."""

    def test_a_credential_is_read(self, tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        """systemd says where its folder is; modes are its own affair."""
        (tmp_path / "moodle").write_text(TOKEN + "\n")
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
        RestSettings(url=site.url, token_credential="moodle").open(tmp_path).call("f", {})
        assert site.asked[0][-1] == ("wstoken", TOKEN)

    def test_a_credential_outside_of_the_service_is_a_fault_with_a_way_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who runs a verb by hand learns why it can't reach the site."""
        monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
        with pytest.raises(Fault, match="LoadCredential=moodle"):
            RestSettings(url="https://moodle.example.org", token_credential="moodle").open(tmp_path)

    def test_a_variable_is_read(self, tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        """And its value is told to nobody."""
        monkeypatch.setenv("SYNCD_TOKEN", TOKEN)
        RestSettings(url=site.url, token_variable="SYNCD_TOKEN").open(tmp_path).call("f", {})
        assert site.asked[0][-1] == ("wstoken", TOKEN)
        with pytest.raises(Fault, match="not set") as raised:
            RestSettings(url=site.url, token_variable=f"X{TOKEN}").open(tmp_path)
        assert TOKEN not in str(raised.value)

    @pytest.mark.parametrize("where", [{}, {"token_variable": "A", "token_credential": "b"}])
    def test_it_is_in_one_place(self, where: dict[str, str]) -> None:
        """With none or two, nobody would know which counts."""
        with pytest.raises(ValidationError, match="must have one of token_file, token_credential"):
            RestSettings.model_validate({"url": "https://moodle.example.org", **where})
