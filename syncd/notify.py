"""What syncd tells systemd about itself, as sd_notify(3) lays down."""

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

_PATIENCE = 1.0
"""Seconds to wait for a systemd that does not read: a message lost is better than a loop that stands."""


@dataclass(frozen=True, slots=True)
class Notify:
    """A line to systemd; where nobody is at its other end, messages are lost without a word.

    `interval` says every how many seconds `watchdog` is to be called: half of what systemd waits for, as sd_notify(3)
    advises. None: systemd does not watch.
    """

    address: str = ""
    interval: float | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], pid: int) -> Self:
        """The line that systemd has laid for the process `pid`."""
        usec = environment.get("WATCHDOG_USEC", "")
        ours = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
        interval = int(usec) / 2_000_000 if ours and usec.isdecimal() and int(usec) > 0 else None
        return cls(environment.get("NOTIFY_SOCKET", ""), interval)

    def ready(self) -> None:
        """Start-up, or a reload, is done."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """What syncd is doing, in one line for `systemctl status`."""
        # Each line of a message is an assignment: a text must not make one of its own.
        self._send(f"STATUS={' '.join(text.split())}")

    def reloading(self) -> None:
        """The settings are being read again; `ready` ends it."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={now}")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def watchdog(self) -> None:
        """The loop still turns."""
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self.address.startswith(("/", "@")):
            return
        # A leading @ stands for the NUL byte of Linux's abstract names (unix(7)).
        address = os.fsencode(self.address)
        address = b"\0" + address[1:] if address.startswith(b"@") else address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.settimeout(_PATIENCE)
            line.sendto(message.encode(errors="backslashreplace"), address)
