"""Notices by apprise, to a real web server on this machine."""

import json
import logging
from pathlib import Path

import pytest

from syncd.errors import Fault
from syncd.notices.services import Services
from syncd.notices.ways import Message, NotSent
from tests.notices.sinks import Web

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # of apprise's mails

NOTICE = Message("0123", "[campus] a subject", "A text.\nÅsa decides.", "error")


def services(folder: Path, *lines: str) -> Services:
    """The services of a file with these lines."""
    file = folder / "services"
    file.write_text("\n".join(["# a comment", "", *lines]))
    file.chmod(0o640)
    return Services(file=file)


def test_a_service_gets_subject_text_and_how_grave_it_is(web: Web, tmp_path: Path) -> None:
    """As apprise hands it over."""
    services(tmp_path, f"json://127.0.0.1:{web.open()}/hook")(NOTICE)
    ((method, path, body),) = web.calls
    assert (method, path) == ("POST", "/hook")
    told = json.loads(body)
    assert (told["title"], told["message"], told["type"]) == (NOTICE.subject, NOTICE.text, "failure")


def test_only_a_service_that_failed_is_tried_again(web: Web, tmp_path: Path) -> None:
    """The others have it."""
    port, other = web.open(), Web(status=503)
    try:
        send = services(tmp_path, f"json://127.0.0.1:{port}/good", f"json://127.0.0.1:{other.open()}/bad")
        with pytest.raises(NotSent, match=r"^line 4 \(json\) did not take it") as failure:
            send(NOTICE)
        other.status = 200
        send(NOTICE, failure.value.done)
    finally:
        other.close()
    assert [path for _, path, _ in web.calls] == ["/good"]
    assert [path for _, path, _ in other.calls] == ["/bad", "/bad"]


def test_no_secret_is_told_or_logged(web: Web, tmp_path: Path) -> None:
    """Neither in the reason nor by what libraries log from warnings up: syncd's log takes that."""
    web.status = 403
    heard: list[str] = []
    ear = logging.Handler(logging.WARNING)
    ear.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]  # as short as a class
    logging.getLogger().addHandler(ear)
    with pytest.raises(NotSent) as failure:
        services(tmp_path, f"json://hemlig:lösenord@127.0.0.1:{web.open()}/T0KEN0KEN")(NOTICE)
    logging.getLogger().removeHandler(ear)
    assert heard == []
    assert "error=403" in str(failure.value)
    assert not [secret for secret in ("hemlig", "lösenord", "T0KEN0KEN") if secret in str(failure.value)]


def test_what_is_no_address_is_said_by_its_line(tmp_path: Path) -> None:
    """Not by its text, which may be a secret that was cut."""
    for broken in ("hemligt", "nosuch://hemligt"):
        with pytest.raises(NotSent, match=r"line 3 .*is no address that apprise knows") as failure:
            services(tmp_path, broken)(NOTICE)
        assert "hemligt" not in str(failure.value)
        with pytest.raises(Fault, match="line 3 of the services is no address"):
            services(tmp_path, broken).check()


def test_a_file_for_all_to_read_is_not_used(tmp_path: Path) -> None:
    """As with the token of the site."""
    send = services(tmp_path, "json://127.0.0.1")
    (tmp_path / "services").chmod(0o644)
    with pytest.raises(Fault, match="open to everybody"):
        send(NOTICE)


def test_an_empty_file_tells_nobody(tmp_path: Path) -> None:
    """And that is said."""
    with pytest.raises(Fault, match="there is none"):
        services(tmp_path)(NOTICE)
