"""The table `[notices]`: who is told, of what, how and when."""

import re
from contextlib import suppress
from datetime import datetime, time
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainValidator, model_validator

from syncd.config.problems import nearest
from syncd.core.agenda import Cron
from syncd.core.agenda import parse as timer_of
from syncd.core.durations import Seconds, at_least
from syncd.core.notices import WORDS, Quiet
from syncd.core.settings import Located, Settings
from syncd.events import EVENTS


def _quiet(value: object) -> Quiet | None:
    if value is None or isinstance(value, Quiet):
        return value
    with suppress(ValueError):
        begins, ends = map(_clock, re.split(" ?[-–] ?", str(value)))
        if begins != ends:
            return Quiet(begins, ends)
    raise ValueError('must be two times of a day, such as "22:00-06:00"')


def _digest(value: object) -> Cron | None:
    if value is None or isinstance(value, Cron):
        return value
    try:
        at = _clock(str(value))
    except ValueError:
        timer = timer_of(value) if isinstance(value, str) and len(value.split()) == 5 else None
        if isinstance(timer, Cron):
            return timer
        raise ValueError('must be a time of day, such as "07:00", or a cron expression: "0 7 * * Mon-Fri"') from None
    return Cron(f"{at.minute} {at.hour} * * *")


def _clock(text: str) -> time:
    """The time of day that a text is; raises `ValueError` for another."""
    return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007  # a time of any day, in any zone


def _address(address: str) -> str:
    if not re.fullmatch(r"[!-~]+@[!-~]+", address) or re.search(r"[,;<>()\"]", address):
        raise ValueError('must be an e-mail address alone, such as "it@example.org"')
    return address


def _about(entry: str) -> str:
    if entry not in WORDS and not any(fnmatchcase(event, entry) for event in EVENTS):
        hint = nearest(entry, [*WORDS, *EVENTS])
        raise ValueError(f'must be "warning", "error", or an event of the log, or a pattern of such. {hint}'.rstrip())
    return entry


Address = Annotated[str, AfterValidator(_address)]
About = Annotated[str, AfterValidator(_about)]


class Notices(Settings):
    """What people are told without having to look, by mail and by other services."""

    mail_to: tuple[Address, ...] = ()
    """Who gets mail. Default: nobody."""
    mail_from: Address | None = None
    """From whom it comes. Default: `syncd` at the machine's own name."""
    smtp_host: str = Field(default="localhost", min_length=1)
    """The mail server that takes it."""
    smtp_port: int = Field(default=0, ge=0, le=65_535)
    """Its port. 0: as `smtp_security` has it, 25, 587 or 465."""
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    """How the way there is kept secret: `starttls`, `tls` from the first byte, or not at all."""
    smtp_user: str = ""
    """Who syncd is for the mail server. Empty: nobody in particular."""
    smtp_password_file: Located | None = None
    """A file that holds the password alone, and that others can't read (mode 0600 or 0640)."""
    smtp_password_credential: str = ""
    """Instead: the name of a systemd credential that holds it."""
    smtp_ca_file: Located | None = None
    """Certificates (PEM) of authorities to trust, instead of the machine's own."""
    services_file: Located | None = None
    """A file of addresses as the apprise library has them, one on each line, that others can't read."""
    services_credential: str = ""
    """Instead: the name of a systemd credential that holds them."""
    about: tuple[About, ...] = ("warning",)
    """What is told: `warning` or `error` (all events of that level and above), events of the log, or patterns."""
    not_about: tuple[About, ...] = ()
    """What of it is not."""
    urgent: tuple[About, ...] = ("error",)
    """What of it does not wait for the end of the quiet hours."""
    at_most_every: Seconds = 600.0
    """How long after a message the next one waits, for what else comes."""
    quiet: Annotated[Quiet | None, PlainValidator(_quiet)] = None
    """Hours of each day in which only urgent things are told, on the site's clock. Default: none."""
    digest: Annotated[Cron | None, PlainValidator(_digest)] = None
    """When a summary is sent each day, on the site's clock: a time, or a cron expression. Default: never."""
    digest_to: tuple[Address, ...] = ()
    """Who gets it by mail. Default: as `mail_to`."""
    ping_file: Located | None = None
    """A file that holds an address alone, which is called as long as all is well; others can't read it."""
    ping_credential: str = ""
    """Instead: the name of a systemd credential that holds it."""
    ping_every: Annotated[Seconds, at_least(60)] = 300.0
    """How often it is called."""

    @model_validator(mode="after")
    def _secrets(self) -> "Notices":
        for file, credential in (
            ("smtp_password_file", "smtp_password_credential"),
            ("services_file", "services_credential"),
            ("ping_file", "ping_credential"),
        ):
            if getattr(self, file) and getattr(self, credential):
                raise ValueError(f"must not have both {file} and {credential}: which of them counts?")
        if self.smtp_user and not (self.smtp_password_file or self.smtp_password_credential):
            raise ValueError("must have smtp_password_file or smtp_password_credential, as there is an smtp_user")
        if self.smtp_user and self.smtp_security == "none":
            raise ValueError('must have smtp_security = "starttls" or "tls": a password is not sent for all to read')
        if self.digest and not self.digest_ways:
            raise ValueError("must have mail_to, digest_to or services_file, as there is a digest: who gets it?")
        return self

    @property
    def ways(self) -> tuple[str, ...]:
        """How notices leave: `mail`, `services`, both, or not at all."""
        return (*(["mail"] if self.mail_to else []), *self._services)

    @property
    def digest_ways(self) -> tuple[str, ...]:
        """How the summary leaves; `digest` is mail to others than `mail_to`."""
        mail = ["digest"] if self.digest_to else ["mail"] if self.mail_to else []
        return (*mail, *self._services) if self.digest else ()

    @property
    def _services(self) -> list[str]:
        return ["services"] if self.services_file or self.services_credential else []
