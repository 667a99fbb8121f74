"""Signals that speak to the daemon, heard at once whatever its threads are doing."""

import os
import signal
from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Thread

import pytest

from syncd.daemon.signals import HEARD, heard


def to_the_process(number: int) -> None:
    """Send a signal as systemd and kill(1) do."""
    os.kill(os.getpid(), number)


def to_another_thread(number: int) -> None:
    """Let a signal come to a thread that is not the main one, as the kernel may."""
    done = Event()
    other = Thread(target=done.wait)
    other.start()
    assert other.ident
    signal.pthread_kill(other.ident, number)
    done.set()
    other.join()


@pytest.mark.parametrize("send", [to_the_process, to_another_thread])
@pytest.mark.parametrize("number", HEARD)
def test_a_signal_wakes_who_sleeps_in_a_queue(number: int, send: Callable[[int], None]) -> None:
    """A main thread that sleeps in its mailbox has the signal's note at once, whichever thread the signal came to."""
    mailbox: SimpleQueue[int] = SimpleQueue()
    with heard(mailbox.put):
        sender = Thread(target=send, args=(number,))
        sender.start()
        assert mailbox.get(timeout=10) == number
        sender.join()


def test_signals_are_as_before_when_it_is_over() -> None:
    """The handlers that were there are there again, and nothing is woken any more."""
    before = [signal.getsignal(number) for number in HEARD]
    with heard(lambda _number: None):
        assert [signal.getsignal(number) for number in HEARD] != before
    assert [signal.getsignal(number) for number in HEARD] == before
    assert signal.set_wakeup_fd(-1) == -1
