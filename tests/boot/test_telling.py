"""People are told from within the sandbox."""

import json
from collections.abc import Iterator
from email import message_from_string
from email.policy import default
from pathlib import Path

import pytest

from tests.boot.installed import PATIENCE, UNITS, Service
from tests.boot.machine import Machine
from tests.notices import sinks
from tests.waiting import wait_for

PYTHON = "/opt/syncd/bin/python3"
SERVER = """
import json, ssl, sys, time
from pathlib import Path
sys.path.insert(0, "/opt/post")
from sinks import Post, Web
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/opt/post/certificate", "/opt/post/key")
post = Post(context=context, wants_login=True)
port = post.open()
web = Web()
hook = web.open()
while True:
    mails = [mail.as_string() for mail in post.mails]
    Path("/run/post.new").write_text(json.dumps({
        "port": port, "hook": hook, "mails": mails, "encrypted": post.encrypted, "calls": len(web.calls)
    }))
    Path("/run/post.new").rename("/run/post")
    time.sleep(0.05)
"""
NOTICES = """
[notices]
mail_to = ["it@example.org"]
smtp_host = "localhost"
smtp_port = {port}
smtp_security = "starttls"
smtp_ca_file = "/etc/syncd/mail-ca.pem"
smtp_user = "syncd"
smtp_password_credential = "smtp"
services_file = "/etc/syncd/services"
"""


@pytest.fixture
def post(host: Machine, tmp_path: Path) -> Iterator[Path]:
    """What a mail server on the machine has, as a file."""
    certificate = sinks.certificate(tmp_path)
    for file in (Path(sinks.__file__), certificate, certificate.with_name("key")):
        host.writes(f"/opt/post/{file.name}", file.read_bytes())
    host.writes("/opt/post/serve.py", SERVER)
    host.writes("/etc/syncd/mail-ca.pem", certificate.read_bytes())
    host.does("systemd-run", "--unit=post", PYTHON, "/opt/post/serve.py")
    told = host.root / "run/post"
    wait_for(told.exists, PATIENCE, "a mail server")
    yield told
    host.run("systemctl", "stop", "post")
    host.does("rm", "-f", "/run/post", "/etc/credstore.encrypted/syncd.smtp")


def test_notices_leave_the_sandbox_with_a_password_from_an_encrypted_credential(service: Service, post: Path) -> None:
    """As the handbook and site.conf have it: no file holds the password, and no line of the unit is in the way.

    Nor is any in the way of apprise.
    """
    machine, ports = service.machine, json.loads(post.read_text())
    machine.writes("/etc/syncd/services", f"json://localhost:{ports['hook']}/\n", 0o640)
    machine.does("chgrp", "syncd", "/etc/syncd/services")
    machine.does("install", "-d", "-m", "0700", "/etc/credstore.encrypted")
    stored = "/etc/credstore.encrypted/syncd.smtp"
    machine.does("systemd-creds", "encrypt", "--name=smtp", "-", stored, stdin=sinks.LOGIN[1].encode())
    (line,) = [
        line
        for line in (UNITS / "drop-ins/site.conf").read_text().splitlines()
        if "LoadCredentialEncrypted=smtp" in line
    ]
    service.drop_in("smtp", f"[Service]\n{line.removeprefix('#')}\n")
    service.settings(NOTICES.format(port=ports["port"]))
    service.start()
    assert service.syncd("notices", "test").splitlines() == [
        "way       result  why",
        "mail      sent",
        "services  sent",
    ]
    wait_for(lambda: json.loads(post.read_text())["calls"] == 1, PATIENCE, "a call of the service")
    machine.does("ln", "-s", "/etc/passwd", f"{service.drop}/link.csv")
    wait_for(lambda: len(json.loads(post.read_text())["mails"]) == 2, PATIENCE, "a test and a notice")
    found = json.loads(post.read_text())
    notice = message_from_string(found["mails"][1], policy=default)
    assert "link.csv can't be taken in" in notice["Subject"]
    # The catalog came with the program: it says what to do.
    assert "Do what the field" in notice.get_content()
    assert found["encrypted"] == [True, True]
    assert sinks.LOGIN[1] not in machine.does("journalctl", "-q", "-u", service.unit, "-o", "json", "-n", "100")
