"""What `[notices]` may say, and what is said of what it may not."""

from pathlib import Path

import pytest

from syncd.config import Config, load
from syncd.daemon.notices import unusable
from syncd.errors import Problem, SettingsError
from tests.notices.test_mail import secret_file

FOLDERS = '[drop]\nfolder = "drop"\n[repository]\nfolder = "repository"\n[state]\nfolder = "state"\n'


def loaded(folder: Path, text: str) -> Config:
    """The settings with this table."""
    file = folder / "syncd.toml"
    file.write_text(f"{FOLDERS}[notices]\n{text}")
    return load(file, {})


def refused(folder: Path, text: str) -> str:
    """What is said of a table that is wrong."""
    with pytest.raises(SettingsError) as refusal:
        loaded(folder, text)
    return "\n".join(map(str, refusal.value.problems))


def test_nobody_is_told_unless_somebody_is_named(tmp_path: Path) -> None:
    """No way, and nothing to check."""
    notices = loaded(tmp_path, "").notices
    assert notices.ways == ()
    assert unusable(notices) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('quiet = "22:00"', "two times of a day"),
        ('quiet = "22:00-22:00"', "two times of a day"),
        ('quiet = "22:00-25:00"', "two times of a day"),
        ("quiet = 22", "two times of a day"),
        ('mail_to = ["it"]', "notices.mail_to[0]"),
        ('mail_to = ["a@example.org, b@example.org"]', "an e-mail address alone"),
        ('about = ["waning"]', "warning"),
        ('about = ["runs.*"]', "an event of the log"),
        ('not_about = ["run.hold"]', "run.held"),
        ('smtp_user = "syncd"\nsmtp_security = "tls"', "smtp_password_file or smtp_password_credential"),
        ('smtp_user = "syncd"\nsmtp_password_file = "x"', "a password is not sent for all to read"),
        ('ping_file = "a"\nping_credential = "b"', "must not have both ping_file and ping_credential"),
        ('digest = "25:00"', "a time of day"),
        ('digest = "every 1h"', "a time of day"),
        ('digest = "07:00"', "who gets it?"),
        ('ping_every = "5s"', "at least 1m"),
        ('smtp_security = "ssl"', "'none', 'starttls' or 'tls'"),
    ],
)
def test_what_makes_no_sense_is_said(tmp_path: Path, text: str, said: str) -> None:
    """With what would."""
    assert said in refused(tmp_path, text)


def test_the_summary_may_have_readers_of_its_own(tmp_path: Path) -> None:
    """At a time, or on some days."""
    notices = loaded(tmp_path, 'mail_to = ["a@x.org"]\ndigest_to = ["b@x.org"]\ndigest = "07:05"').notices
    assert (notices.ways, notices.digest_ways) == (("mail",), ("digest",))
    assert str(notices.digest) == "5 7 * * *"
    days = loaded(tmp_path, 'mail_to = ["a@x.org"]\ndigest = "0 7 * * Mon-Fri"').notices
    assert (days.digest_ways, str(days.digest)) == (("mail",), "0 7 * * Mon-Fri")


@pytest.mark.parametrize("text", ['smtp_password = "HEMLIGT"', 'ping = "https://hc-ping.com/HEMLIGT"'])
def test_a_secret_in_the_settings_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    """Who sees the error need not see the secret."""
    said = refused(tmp_path, text)
    assert "is not a key of this table" in said
    assert "HEMLIGT" not in said


def problems(folder: Path, text: str) -> list[Problem]:
    """What is wrong with what a table names."""
    return unusable(loaded(folder, text).notices)


def test_secrets_are_looked_at_when_a_person_asks(tmp_path: Path) -> None:
    """Each that can't be read is named, all at once; the daemon would begin without them."""
    text = (
        'smtp_security = "tls"\nsmtp_user = "syncd"\nsmtp_password_file = "a"\nservices_file = "b"\nping_file = "c"\n'
    )
    assert [problem.where for problem in problems(tmp_path, text)] == [
        "notices.smtp_password_file",
        "notices.services_file",
        "notices.ping_file",
    ]


def test_a_ping_that_is_no_address_is_said_and_not_repeated(tmp_path: Path) -> None:
    """It may be half of a secret."""
    secret_file(tmp_path, "hc-ping.com/HEMLIGT")
    (problem,) = problems(tmp_path, 'ping_file = "secret"')
    assert "https://" in str(problem)
    assert "HEMLIGT" not in str(problem)


def test_a_credential_is_only_looked_for_where_there_are_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a shell nobody has the service's credentials."""
    assert problems(tmp_path, 'ping_credential = "ping"') == []
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (problem,) = problems(tmp_path, 'ping_credential = "ping"')
    assert problem.where == "notices.ping_credential"
    (tmp_path / "ping").write_text("https://hc-ping.com/HEMLIGT\n")
    assert problems(tmp_path, 'ping_credential = "ping"') == []
