"""The ping, to real servers on this machine."""

import socket
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from syncd.errors import Fault
from syncd.notices.ping import Ping
from syncd.notices.ways import NotSent
from tests.notices.sinks import Web


def ping(folder: Path, address: str) -> Ping:
    """A ping whose address stands in a file."""
    file = folder / "ping"
    file.write_text(f"{address}\n")
    file.chmod(0o640)
    return Ping(file=file)


def test_it_is_a_plain_get_of_its_address(web: Web, tmp_path: Path) -> None:
    """An "@" after the host is the address's own."""
    ping(tmp_path, f"http://127.0.0.1:{web.open()}/hemlig?to=it@example.org")()
    assert [(method, path) for method, path, _ in web.calls] == [("GET", "/hemlig?to=it@example.org")]


@pytest.mark.parametrize("place", ["user:hemlig@127.0.0.1", "hemlig@127.0.0.1:1", "user:hem@lig@127.0.0.1"])
@pytest.mark.parametrize("rest", ["/up", "", "?a=b", "#c"])
def test_a_user_in_the_address_is_refused_and_not_told(tmp_path: Path, place: str, rest: str) -> None:
    """Its password would be taken for the port, and be told as a wrong one."""
    for deed in (ping(tmp_path, f"https://{place}{rest}"), ping(tmp_path, f"https://{place}{rest}").address):
        with pytest.raises(Fault, match="names a user or a password") as failure:
            deed()
        assert "hem" not in str(failure.value)


def test_what_is_wrong_with_a_call_does_not_show_the_address(tmp_path: Path) -> None:
    """A port that is none is told by its kind alone."""
    with pytest.raises(NotSent, match=r"^InvalidURL$"):
        ping(tmp_path, "http://127.0.0.1:hemlig/up")()


def test_an_answer_that_is_no_http_is_not_quoted(tmp_path: Path) -> None:
    """It may repeat what it was sent."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def answer() -> None:
            talk, _ = server.accept()
            with talk:
                talk.recv(4096)
                talk.sendall(b"GET /hemlig\r\n\r\n")

        thread = Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(NotSent, match=r"^BadStatusLine$"):
            ping(tmp_path, f"http://127.0.0.1:{server.getsockname()[1]}/hemlig")()
        thread.join(10)
