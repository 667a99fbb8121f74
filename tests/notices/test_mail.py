"""Notices by mail, to a real server on this machine."""

import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from syncd.core.notices import Gathered
from syncd.errors import Fault
from syncd.notices.mail import Mail
from syncd.notices.outbox import Outbox
from syncd.notices.ways import Message, NotSent
from tests.notices.sinks import LOGIN, Post, certificate

NOTICE = Message(
    "0123", "[campus] erp/användare.csv held: 320 of 3,000 rows", "It waits.\n\n.\nÅsa decides.\n", "error"
)


def mail(post: Post, **settings: Any) -> Mail:
    """Mail by this server."""
    return Mail(**{"to": ("it@example.org",), "sender": "syncd@example.org", "host": "localhost"} | settings)


def secret_file(folder: Path, text: str) -> Path:
    """A file that holds a secret, as it must be."""
    file = folder / "secret"
    file.write_text(text)
    file.chmod(0o640)
    return file


def secured(post: Post, folder: Path) -> Path:
    """Let a server have a certificate; returns it."""
    made = certificate(folder)
    post.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    post.context.load_cert_chain(made, made.with_name("key"))
    return made


def test_a_mail_arrives_as_it_was_written(post: Post) -> None:
    """Subject and text, in any script, a line with a dot alone too; and no holiday answers it."""
    mail(post, port=post.open(), to=("it@example.org", "erp@example.org"))(NOTICE)
    (sent,) = post.mails
    assert sent["Subject"] == NOTICE.subject
    assert post.text() == NOTICE.text
    assert sent["From"] == "syncd <syncd@example.org>"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["Message-ID"].startswith("<0123@")
    assert post.recipients == [["it@example.org", "erp@example.org"]]


def test_what_is_sent_once_more_bears_the_same_id(post: Post) -> None:
    """Whoever has it already can tell."""
    send = mail(post, port=post.open())
    send(NOTICE)
    send(NOTICE)
    first, second = post.mails
    assert first["Message-ID"] == second["Message-ID"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_password_is_sent_encrypted(post: Post, tmp_path: Path, security: str) -> None:
    """By STARTTLS, or with TLS from the first byte; the certificate is checked."""
    trusted = secured(post, tmp_path)
    post.wants_login, post.from_the_start = True, security == "tls"
    user, password = LOGIN
    file = secret_file(tmp_path, f"{password}\n")
    mail(post, port=post.open(), security=security, user=user, password_file=file, ca_file=trusted)(NOTICE)
    assert post.logins == [LOGIN]
    assert post.encrypted == [True]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_knows_is_not_trusted(post: Post, tmp_path: Path, security: str) -> None:
    """Nothing is sent to who is not known to be the mail server."""
    secured(post, tmp_path)
    post.from_the_start = security == "tls"
    with pytest.raises(NotSent, match="certificate verify failed"):
        mail(post, port=post.open(), security=security)(NOTICE)
    assert post.mails == []


def test_a_server_without_starttls_gets_nothing(post: Post) -> None:
    """Whoever asked for a secret way does not get another."""
    with pytest.raises(NotSent, match="STARTTLS"):
        mail(post, port=post.open(), security="starttls")(NOTICE)
    assert post.mails == []


def test_a_wrong_password_is_said_and_not_shown(post: Post, tmp_path: Path) -> None:
    """The server's own words say what is wrong."""
    trusted = secured(post, tmp_path)
    file = secret_file(tmp_path, "hemlighet")
    with pytest.raises(NotSent, match="535 wrong user or password") as refusal:
        mail(post, port=post.open(), security="starttls", user="syncd", password_file=file, ca_file=trusted)(NOTICE)
    assert "hemlighet" not in str(refusal.value)


def test_who_was_refused_alone_is_tried_again(post: Post) -> None:
    """The others have the mail, and don't get it twice; nobody's address is told."""
    post.refuses = lambda address: address.startswith("nobody")
    send = mail(post, port=post.open(), to=("it@example.org", "nobody@example.org"))
    with pytest.raises(NotSent, match="refuses 1 of 2 recipients: 550") as refusal:
        send(NOTICE)
    assert "nobody@" not in str(refusal.value)
    post.refuses = lambda address: False
    send(NOTICE, refusal.value.done)
    assert post.recipients == [["it@example.org"], ["nobody@example.org"]]


def test_who_has_it_is_never_mailed_again_whatever_becomes_of_the_others(post: Post, tmp_path: Path) -> None:
    """The rest are refused once more, all of them, and then the server is busy, and syncd begins anew."""
    post.refuses = lambda address: address.startswith("nobody")
    send = mail(post, port=post.open(), to=("it@example.org", "nobody@example.org"))
    outbox = Outbox(tmp_path)
    outbox.add(NOTICE, ("mail",), datetime(2026, 11, 25, 11, 0, tzinfo=UTC), Gathered())
    for busy in ("", "", "451 later", ""):
        post.busy = busy
        (one,) = outbox.waiting("mail")
        with pytest.raises(NotSent) as refusal:
            send(one.message, one.done)
        outbox.partly(one, refusal.value.done)
        outbox = Outbox(tmp_path)
    assert post.recipients == [["it@example.org"]]
    post.refuses = lambda address: False
    (one,) = outbox.waiting("mail")
    send(one.message, one.done)
    assert post.recipients == [["it@example.org"], ["nobody@example.org"]]


@pytest.mark.parametrize("farewell", ["421 4.4.2 timed out", "", "\N{BOMB}"])
def test_a_mail_that_was_taken_is_sent_whatever_the_server_says_at_the_end(post: Post, farewell: str) -> None:
    """It is not sent again because of the farewell, and who was refused is told apart as always."""
    post.farewell, post.refuses = farewell, lambda address: address.startswith("nobody")
    port = post.open()
    mail(post, port=port)(NOTICE)
    with pytest.raises(NotSent, match="refuses 1 of 2") as refusal:
        mail(post, port=port, to=("it@example.org", "nobody@example.org"))(NOTICE)
    assert refusal.value.done == {"it@example.org"}


def test_all_refused_is_said(post: Post) -> None:
    """Nobody has it."""
    post.refuses = lambda address: True
    with pytest.raises(NotSent, match="refuses 1 of 1 recipients") as refusal:
        mail(post, port=post.open())(NOTICE)
    assert refusal.value.done == frozenset()


def test_a_busy_server_is_quoted(post: Post) -> None:
    """What it said is the reason."""
    post.busy = "451 4.3.0 later, it@example.org"
    with pytest.raises(NotSent, match=r"answers 451 4\.3\.0 later, …"):
        mail(post, port=post.open())(NOTICE)


def test_no_server_is_said_with_its_name_and_port() -> None:
    """Who reads it knows where to look."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(NotSent, match=f"the mail server localhost, port {port}: .*refused"):
        Mail(to=("it@example.org",), port=port)(NOTICE)


def test_a_password_for_all_to_read_is_not_used(post: Post, tmp_path: Path) -> None:
    """As with the token of the site."""
    file = secret_file(tmp_path, "geheim")
    file.chmod(0o644)
    with pytest.raises(Fault, match=r"open to everybody.*chmod 0640"):
        mail(post, port=post.open(), security="tls", user="syncd", password_file=file)(NOTICE)
