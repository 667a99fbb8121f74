"""The notices: hears the log, and has people told by the ways that the settings name."""

import math
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

from syncd import logs
from syncd.config import Config
from syncd.config import Notices as Settings
from syncd.control import Request
from syncd.core.digest import Day, digest
from syncd.core.notices import Happening, Rhythm, Wishes
from syncd.errors import Fault, Problem, UsageError
from syncd.events import EVENTS
from syncd.notices.catalog import explain
from syncd.notices.mail import Mail
from syncd.notices.ping import Ping
from syncd.notices.postman import Postman, Rules, Trial, outcome, tried
from syncd.notices.secrets import secret
from syncd.notices.services import Services
from syncd.notices.standing import Standing
from syncd.notices.ways import Send
from syncd.targets.rest.token import CREDENTIALS

FOLDER = "notices"
"""Where in the state folder lies what is still to be told."""

NOTHING = "the settings name nobody to be told: set mail_to, services_file or ping_file in [notices]"


class Notices:
    """Does nothing as long as the settings name no way to tell anybody. Only the loop calls it.

    Nothing here waits for another machine: that is for the postman's thread, and the ping's.
    """

    def __init__(self, state: Path) -> None:
        self._state = state
        self._settings = Settings()
        self._rules: Rules | None = None
        self._postman: Postman | None = None
        self._deafen: Callable[[], None] = _nothing
        self._ping: Pinger | None = None
        self._next_ping = math.inf

    def go_by(self, config: Config) -> None:
        """Go by these settings from now on."""
        settings, self._settings = config.notices, config.notices
        rules = self._rules = rules_of(config)
        if self._postman:
            self._postman.tell(rules)
        elif rules.ways:
            self._postman = Postman(self._state / FOLDER, rules, explain)
            self._postman.begin()
            self._deafen = logs.listen(self._hear)
        ping = ping_of(settings)
        if not self._ping or not self._ping.calls(ping, settings.ping_every):
            self._ping = Pinger(ping, settings.ping_every) if ping else None
            self._next_ping = 0.0

    def _hear(self, level: str, event: str, fields: Mapping[str, Any]) -> None:
        """An event was logged, by whatever thread. What notices themselves log is not told: it would go round."""
        ends = (EVENTS[event].ends if event in EVENTS else "") or str(fields.get("alarm", ""))
        rules, postman = self._rules, self._postman
        if rules and postman and not event.startswith("notices.") and (ends or rules.wishes.wanted(event, level)):
            postman.tell(Happening(event, level, datetime.now(UTC), logs.worded(fields), ends))

    def next_at(self) -> float:
        """When `turn` is to be called next, by the monotonic clock."""
        return self._next_ping if self._ping else math.inf

    def turn(self, monotonic: float, *, well: bool) -> None:
        """The loop turned: call the ping's address if it is time to, and all is `well`."""
        if self._ping and monotonic >= self._next_ping:
            self._next_ping = monotonic + self._settings.ping_every
            if well:
                self._ping.call()

    def tell(self, day: Day) -> None:
        """Have a summary sent."""
        if self._rules and self._postman:
            self._postman.tell(digest(day, site=self._rules.site, ending=self._rules.ending))

    @property
    def troubles(self) -> list[str]:
        """What keeps people from being told, in sentences."""
        return self._postman.troubles if self._postman else []

    def try_out(self, request: Request) -> None:
        """Send a test by every way; the request is answered when it is known what became of it."""
        ping, postman = self._ping, self._postman
        ways = self._rules.ways if self._rules else {}
        if not (ways or ping):
            raise UsageError(NOTHING)

        def answer(outcome: Mapping[str, str]) -> None:
            request.answer({"ways": {**outcome, **(ping.tried() if ping else {})}})

        if postman and ways:
            postman.tell(Trial(answer))
        else:
            Thread(target=answer, args=({},), daemon=True, name="ping").start()

    def close(self) -> None:
        """Hear no more; what is not sent yet waits for the next start."""
        self._deafen()
        self._deafen = _nothing
        if self._postman:
            self._postman.close()


class Pinger:
    """Calls the ping's address, each time in a thread of its own: the loop never waits for it."""

    def __init__(self, ping: Ping, every: float) -> None:
        self._ping = ping
        self._every = every
        self._standing = Standing("ping", every)
        self._calling: Thread | None = None

    def calls(self, ping: Ping | None, every: float) -> bool:
        """Whether it is this address that it calls, so often."""
        return (ping, every) == (self._ping, self._every)

    def call(self) -> None:
        """Call it, unless the last call is still under way."""
        if not (self._calling and self._calling.is_alive()):
            self._calling = Thread(target=self._call, daemon=True, name="ping")
            self._calling.start()

    def _call(self) -> None:
        if reason := self.tried()["ping"]:
            self._standing.failed(reason)
        else:
            self._standing.worked()

    def tried(self) -> dict[str, str]:
        """What became of a call: why it failed, or nothing."""
        return outcome({"ping": self._ping})


def try_out(config: Config) -> dict[str, str]:
    """What became of a test by every way, from this process. Raises `UsageError` when the settings name none."""
    ping = ping_of(config.notices)
    rules = rules_of(config)
    if not (rules.ways or ping):
        raise UsageError(NOTHING)
    return {**tried(rules), **(outcome({"ping": ping}) if ping else {})}


def unusable(notices: Settings) -> list[Problem]:
    """What the settings name and what can't be used: a secret that can't be read, a library that is not installed.

    It is looked at when a person asks for it. Nothing of it keeps the daemon from its work, which is more important.
    """
    deeds: list[tuple[str, str, Callable[[], object]]] = []
    if notices.smtp_user:
        file, credential = notices.smtp_password_file, notices.smtp_password_credential
        deeds.append(("smtp_password", credential, lambda: secret(file, credential, os.environ)))
    if notices.services_file or notices.services_credential:
        services = Services(file=notices.services_file, credential=notices.services_credential)
        deeds.append(("services", notices.services_credential, services.check))
    if ping := ping_of(notices):
        deeds.append(("ping", notices.ping_credential, ping.address))
    return list(_failures(deeds))


def _failures(deeds: Iterable[tuple[str, str, Callable[[], object]]]) -> Iterator[Problem]:
    for key, credential, deed in deeds:
        if credential and CREDENTIALS not in os.environ:
            continue  # only the service has it
        try:
            deed()
        except Fault as error:
            yield Problem(f"notices.{key}_{'credential' if credential else 'file'}", f"can't be used: {error}")


def rules_of(config: Config) -> Rules:
    """What the settings say of what is told, when and how."""
    notices = config.notices
    return Rules(
        config.site.name,
        Wishes(notices.about, notices.not_about, notices.urgent),
        Rhythm(config.site.timezone, timedelta(seconds=notices.at_most_every), notices.quiet),
        _ways(notices),
        notices.ways,
        notices.digest_ways,
        f"syncd on {socket.gethostname()}, for the site {config.site.name}. What it tells, to whom and when:\n"
        f"[notices] in {config.source.absolute()}",
    )


def _ways(notices: Settings) -> dict[str, Send]:
    ways: dict[str, Send] = {}
    for way, to in (("mail", notices.mail_to), ("digest", notices.digest_to if notices.digest else ())):
        if not to:
            continue
        ways[way] = Mail(
            to=to,
            sender=notices.mail_from or "",
            host=notices.smtp_host,
            port=notices.smtp_port,
            security=notices.smtp_security,
            user=notices.smtp_user,
            password_file=notices.smtp_password_file,
            password_credential=notices.smtp_password_credential,
            ca_file=notices.smtp_ca_file,
        )
    if "services" in notices.ways:
        ways["services"] = Services(file=notices.services_file, credential=notices.services_credential)
    return ways


def ping_of(notices: Settings) -> Ping | None:
    """What is called as long as all is well, if the settings name it."""
    if not (notices.ping_file or notices.ping_credential):
        return None
    return Ping(file=notices.ping_file, credential=notices.ping_credential)


def _nothing() -> None:
    pass
