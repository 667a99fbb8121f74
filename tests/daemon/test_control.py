"""The control socket: what is asked reaches the loop, and whoever asks can harm nobody."""

import json
import os
import pwd
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from syncd.control import LONGEST, NAME, PEERS, Control, NotRunning, Refused, Request, ask
from syncd.errors import Fault
from tests.waiting import wait_for

Answer = Callable[[Request], None]


def echo(request: Request) -> None:
    """Answer with what was asked."""
    request.progress({"rows": 1})
    request.answer({"verb": request.verb, "arguments": dict(request.arguments), "who": request.who})


def refuse(request: Request) -> None:
    """Refuse."""
    request.refuse("no", 4)


def be_silent(request: Request) -> None:
    """Never answer."""


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Callable[[Answer], Path]]:
    """Makes a daemon's end of the socket that does this with each request; returns its state folder."""
    controls: list[Control] = []

    def listen(answer: Answer) -> Path:
        controls.append(Control(tmp_path, answer))
        return tmp_path

    yield listen
    for control in controls:
        control.close()


def raw(state: Path, sent: bytes) -> bytes:
    """What the daemon sends back to these bytes."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(5)
        peer.connect(str(state / NAME))
        peer.sendall(sent)
        peer.shutdown(socket.SHUT_WR)
        found = b""
        while piece := peer.recv(4096):
            found += piece
        return found


def test_a_request_is_answered(listening: Callable[[Answer], Path]) -> None:
    """With its progress on the way; who asks is what the kernel says."""
    told: list[object] = []
    answer = ask(listening(echo), "run", {"tool": "users", "file": "\udce9 é"}, told.append)
    me = pwd.getpwuid(os.getuid()).pw_name
    assert answer == {"verb": "run", "arguments": {"tool": "users", "file": "\udce9 é"}, "who": me}
    assert told == [{"rows": 1}]


def test_a_refusal_carries_its_exit_code(listening: Callable[[Answer], Path]) -> None:
    """As the verb ends with it."""
    with pytest.raises(Refused, match="no") as refused:
        ask(listening(refuse), "run", {})
    assert refused.value.exit_code == 4


def test_without_a_daemon_there_is_nobody(tmp_path: Path) -> None:
    """No socket, or one that a killed daemon has left."""
    with pytest.raises(NotRunning):
        ask(tmp_path, "status", {})
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / NAME))
    with pytest.raises(NotRunning):
        ask(tmp_path, "status", {})


def test_a_socket_that_was_left_is_replaced(listening: Callable[[Answer], Path], tmp_path: Path) -> None:
    """A killed daemon does not keep the next one from listening."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / NAME))
    assert ask(listening(echo), "status", {})["verb"] == "status"


def test_the_socket_is_for_its_user_and_group(listening: Callable[[Answer], Path]) -> None:
    """Whoever may write it may ask."""
    assert stat.S_IMODE((listening(echo) / NAME).stat().st_mode) == 0o660


def test_a_daemon_that_ends_leaves_no_socket(tmp_path: Path) -> None:
    """And whoever asks then is told so."""
    control = Control(tmp_path, echo)
    control.close()
    assert not (tmp_path / NAME).exists()
    with pytest.raises(NotRunning):
        ask(tmp_path, "status", {})


def test_a_daemon_that_ends_before_it_has_answered_says_so(tmp_path: Path) -> None:
    """What was asked for may go on: the sentence does not claim that it failed."""
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(str(tmp_path / NAME))
        daemon.listen()
        broken: list[Exception] = []

        def asking() -> None:
            try:
                ask(tmp_path, "run", {})
            except Fault as error:
                broken.append(error)

        asker = Thread(target=asking)
        asker.start()
        peer, _ = daemon.accept()
        peer.recv(100)
        peer.close()
        asker.join(5)
    assert "may go on" in str(broken[0])


def test_a_long_path_is_no_obstacle(tmp_path: Path) -> None:
    """A socket's own path may have 107 bytes; the state folder's may have more."""
    state = tmp_path / ("s" * 120)
    state.mkdir()
    control = Control(state, echo)
    assert ask(state, "status", {})["verb"] == "status"
    control.close()


def test_a_state_folder_that_can_not_hold_a_socket_is_a_fault(tmp_path: Path) -> None:
    """A sentence, not a traceback."""
    with pytest.raises(Fault, match="can't be made"):
        Control(Path("/proc/self"), echo)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\n",
        b"hello\n",
        b"\xff\xfe\n",
        b"[]\n",
        b'"run"\n',
        b'{"verb": "run"}\n',
        b'{"verb": "run", "arguments": 7}\n',
        b"[" * 50_000 + b"\n",
    ],
)
def test_what_is_no_request_is_refused(listening: Callable[[Answer], Path], sent: bytes) -> None:
    """It never reaches the loop, and the next one is answered."""
    state = listening(echo)
    reply = json.loads(raw(state, sent))
    assert reply == {"error": "this is not a request that syncd understands", "exit": 2}
    assert ask(state, "status", {})["verb"] == "status"


def test_a_request_without_end_is_cut_off(listening: Callable[[Answer], Path]) -> None:
    """No more is kept of it than a request may have."""
    state = listening(echo)
    with suppress(ConnectionError):
        raw(state, b'{"verb": "run", "arguments": {}' + b" " * 100 * LONGEST)
    assert ask(state, "status", {})["verb"] == "status"


def test_peers_that_say_nothing_keep_nobody_waiting(listening: Callable[[Answer], Path]) -> None:
    """Nor do those that go away before they are answered."""
    state = listening(echo)
    silent = [socket.socket(socket.AF_UNIX) for _ in range(50)]
    for peer in silent:
        peer.connect(str(state / NAME))
    for peer in silent[:25]:
        peer.sendall(b'{"verb": "run", "arguments": {}}\n')
        peer.close()
    assert ask(state, "status", {})["verb"] == "status"
    for peer in silent[25:]:
        peer.close()


def test_a_request_goes_on_when_its_peer_goes_away(listening: Callable[[Answer], Path]) -> None:
    """What was begun is not undone because nobody waits for it any more."""
    asked: list[Request] = []
    state = listening(asked.append)
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(state / NAME))
        peer.sendall(b'{"verb": "run", "arguments": {}}\n')
        wait_for(lambda: asked)
    (request,) = asked
    for rows in range(100):
        request.progress({"rows": rows})
    request.answer({})
    assert request.done.is_set()


def test_idle_peers_lock_nobody_out_for_good(listening: Callable[[Answer], Path]) -> None:
    """While there are too many, the next is told so at once; when they are gone, there is room again."""
    state = listening(echo)
    idle = [socket.socket(socket.AF_UNIX) for _ in range(PEERS)]
    for peer in idle:
        peer.connect(str(state / NAME))

    def full() -> bool:
        with suppress(Refused, Fault):
            ask(state, "status", {})
            return False
        return True

    wait_for(full, 10)
    for peer in idle:
        peer.close()
    wait_for(lambda: not full(), 10)
