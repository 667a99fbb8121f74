"""Signals that speak to the daemon, heard at once whatever its threads are doing."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextmanager
def heard(post: Callable[[int], None]) -> Iterator[None]:
    """Hand the number of each of these signals to `post`, in a thread of its own, for as long as the context lasts.

    Python's own handlers run when the main thread runs again, and one that sleeps on a lock is not woken by a signal
    that came an instant earlier, or to another thread. The byte that `signal.set_wakeup_fd` has written wakes a reader.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    listener = Thread(target=_listen, args=(reading, post), name="signals")
    listener.start()
    fd_before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    before = [(number, signal.signal(number, _let_the_listener)) for number in HEARD]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
        signal.set_wakeup_fd(fd_before)
        os.close(writing)
        listener.join()
        os.close(reading)


def _listen(reading: int, post: Callable[[int], None]) -> None:
    while numbers := os.read(reading, 64):
        for number in numbers:
            post(number)


def _let_the_listener(_number: int, _frame: object) -> None:
    """The signal must be caught for its byte to be written; nothing else is to be done here."""
