"""Notices by mail (SMTP, RFC 5321)."""

import os
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from pathlib import Path
from typing import Literal

from syncd.notices.secrets import secret
from syncd.notices.ways import PATIENCE, Message, NotSent

PORTS = {"none": 25, "starttls": 587, "tls": 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Mail to these people, by this server. Call it to send a message; raises `NotSent`, or `Fault` for a secret."""

    to: tuple[str, ...]
    sender: str = ""
    host: str = "localhost"
    port: int = 0
    security: Literal["none", "starttls", "tls"] = "none"
    user: str = ""
    password_file: Path | None = None
    password_credential: str = ""
    ca_file: Path | None = None

    def __call__(self, message: Message, done: frozenset[str] = frozenset()) -> None:
        """Send a message to all who don't have it yet."""
        recipients = [address for address in self.to if address not in done]
        password = secret(self.password_file, self.password_credential, os.environ) if self.user else ""
        try:
            with self._connection() as server:
                if self.user:
                    server.login(self.user, password)
                refused = server.sendmail(self._from(), recipients, self._written(message))
        except smtplib.SMTPRecipientsRefused as error:
            raise NotSent(self._refusal(error.recipients)) from None
        except smtplib.SMTPResponseException as error:
            raise NotSent(f"{self._where()} answers {_told(error.smtp_code, error.smtp_error)}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"{self._where()}: {_anonymous(str(error)) or type(error).__name__}") from None
        if refused:
            raise NotSent(self._refusal(refused), done | (set(recipients) - refused.keys()))

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        server = self._connected()
        try:
            yield server
        finally:
            with suppress(OSError, smtplib.SMTPException):  # what was taken stays so, whatever is said at the end
                server.quit()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        port = self.port or PORTS[self.security]
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.host, port, timeout=PATIENCE, context=self._trusted())
        server = smtplib.SMTP(self.host, port, timeout=PATIENCE)
        if self.security == "starttls":
            try:
                server.starttls(context=self._trusted())
            except BaseException:
                server.close()
                raise
        return server

    def _trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)

    def _from(self) -> str:
        return self.sender or f"syncd@{socket.getfqdn()}"

    def _written(self, message: Message) -> bytes:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = f"syncd <{self._from()}>"
        mail["To"] = ", ".join(self.to)
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(localtime())
        mail["Message-ID"] = f"<{message.id}@{socket.getfqdn()}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
        if message.level == "error":
            mail["Importance"] = "high"
        mail.set_content(message.text, cte="quoted-printable")
        return mail.as_bytes()

    def _where(self) -> str:
        return f"the mail server {self.host}, port {self.port or PORTS[self.security]}"

    def _refusal(self, refused: dict[str, tuple[int, bytes]]) -> str:
        code, words = next(iter(refused.values()))
        return f"{self._where()} refuses {len(refused)} of {len(self.to)} recipients: {_told(code, words)}"


def _told(code: int, words: bytes | str) -> str:
    with suppress(AttributeError):
        words = words.decode("utf-8", "replace")  # type: ignore[union-attr]  # typeshed and smtplib disagree
    return f"{code} {_anonymous(str(words))}"


def _anonymous(text: str) -> str:
    """What a server says, without anybody's address: that does not belong in the log."""
    return re.sub(r"[^\s<>\"']+@[^\s<>\"']+", "…", " ".join(text.split()))
