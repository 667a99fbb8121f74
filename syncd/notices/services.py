"""Notices by the services that the apprise library knows, each an address that holds secrets."""

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from syncd.errors import Fault
from syncd.notices.secrets import secret
from syncd.notices.ways import Message, NotSent

MISSING = (
    "the library apprise is not installed, which services need: install it where syncd is, "
    "/opt/syncd/bin/pip install 'syncd[apprise]'"
)
UNKNOWN = "is no address that apprise knows"
KINDS = {"info": "info", "warning": "warning", "error": "failure"}
"""The levels as apprise calls them."""


def installed() -> bool:
    """Whether apprise is there. It is not loaded: it is large."""
    return find_spec("apprise") is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services of a file, or of a credential. Call it to send a message; raises `NotSent`, or `Fault`."""

    file: Path | None = None
    credential: str = ""

    def __call__(self, message: Message, done: frozenset[str] = frozenset()) -> None:
        """Send a message to all that don't have it yet; `done` names them by a hash of their address."""
        failed: list[str] = []
        reached = set(done)
        for number, address in self._addresses():
            if (mark := hashlib.sha256(address.encode()).hexdigest()[:12]) in done:
                continue
            if reason := _notified(address, message):
                failed.append(f"line {number} {reason}")
            else:
                reached.add(mark)
        if failed:
            raise NotSent("; ".join(failed), frozenset(reached))

    def check(self) -> None:
        """Raise `Fault` when the services can't be used as they are written."""
        if wrong := [number for number, address in self._addresses() if not _understood(address)]:
            raise Fault(f"line {wrong[0]} of the services {UNKNOWN}")

    def _addresses(self) -> list[tuple[int, str]]:
        if not installed():
            raise Fault(MISSING)
        lines = enumerate(secret(self.file, self.credential, os.environ).splitlines(), 1)
        found = [(number, line.strip()) for number, line in lines if line.strip() and not line.strip().startswith("#")]
        if not found:
            raise Fault("the services are to stand one on each line, and there is none")
        return found


def _understood(address: str) -> bool:
    from apprise import Apprise

    with _overheard():
        return Apprise.instantiate(address, suppress_exceptions=True) is not None


def _notified(address: str, message: Message) -> str:
    """Why a service did not take a message; "" when it did."""
    from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType, PersistentStoreMode

    with _overheard() as words:
        # It keeps nothing on the disk: what it would keep are secrets.
        asset = AppriseAsset(app_id="syncd", app_desc="syncd", storage_mode=PersistentStoreMode.MEMORY)
        service = Apprise(asset=asset)
        if not service.add(address):
            return UNKNOWN
        sent = service.notify(
            title=message.subject,
            body=message.text,
            notify_type=NotifyType(KINDS[message.level]),
            body_format=NotifyFormat.TEXT,
        )
    kind = address.partition(":")[0]
    return "" if sent else f"({kind}) did not take it{_without_secrets(words, address)}"


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """What apprise logs meanwhile, which goes nowhere else: it may hold secrets."""
    words: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            words.append(record.getMessage())

    logger, ear = logging.getLogger("apprise"), Ear(logging.WARNING)
    logger.addHandler(ear)
    logger.propagate = False
    try:
        yield words
    finally:
        logger.removeHandler(ear)


def _without_secrets(words: list[str], address: str) -> str:
    secrets = [part for part in re.split(r"[/:@?&=,]+", address.partition("://")[2]) if len(part) > 3]
    text = " ".join(words[-1].split()) if words else ""
    for part in sorted(secrets, key=len, reverse=True):
        text = text.replace(part, "…")
    return f": {text[:200]}" if text else ""
