"""The practice site: one SQLite file that answers Moodle's web-service functions as Moodle does."""

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from threading import Lock
from types import ModuleType
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from syncd.core.functions import BUNDLE, SITE_INFO
from syncd.errors import Fault, SiteRefused, SiteUnreachable
from syncd.targets.base import TargetSettings
from syncd.targets.sandbox.bundle import bundle
from syncd.targets.sandbox.companion import PREFIX as COMPANION
from syncd.targets.sandbox.function import Answers, check_answer
from syncd.targets.sandbox.parameters import as_sent, structure
from syncd.targets.sandbox.profile import ProfileField
from syncd.targets.sandbox.site import ADMIN_ID, Visit, connect

PROFILE_FIELDS = (
    "student_type",
    "entry_year",
    "level:menu:L1/L2/L3",
    "vip:checkbox",
    "born:datetime",
    "unique_code:unique",
)

PATIENCE = 120.0
"""Seconds for which a call waits while another process writes."""


def _field(text: str) -> str:
    ProfileField.written(text)
    return text


class SandboxSettings(TargetSettings):
    """`[target] kind = "sandbox"`: a practice site in the state folder, to rehearse on."""

    kind: ClassVar[str] = "sandbox"

    profile_fields: tuple[Annotated[str, AfterValidator(_field)], ...] = PROFILE_FIELDS
    """The site's custom profile fields by their shortnames, each with its kind where it is not plain text:
    `vip:checkbox`, `born:datetime`, `level:menu:L1/L2`, `badge:unique`. As in Moodle, others are dropped without a
    word."""

    companion: bool = True
    """Whether the site has the companion plugin, `local_syncd`; without it, syncd does what Moodle's core can."""

    def open(self, state: Path) -> "Sandbox":
        """The practice site `sandbox.sqlite` in `state`, made at the first call if it is not there."""
        return Sandbox(state / "sandbox.sqlite", profile_fields=self.profile_fields, companion=self.companion)


class Sandbox:
    """A Moodle site in one file, with its administrator (id 2), its guest (id 1) and nobody else at first.

    It keeps Moodle's promises and traps: what is refused whole, what only warns, what is ignored without a word.
    `clock` tells the time in seconds since 1970. Calls that write take turns; for another process that writes they wait
    `patience` seconds.
    """

    def __init__(
        self,
        path: Path,
        *,
        profile_fields: tuple[str, ...] = PROFILE_FIELDS,
        companion: bool = True,
        clock: Callable[[], float] = time.time,
        patience: float = PATIENCE,
    ) -> None:
        self._path = path
        fields = [ProfileField.written(text) for text in profile_fields]
        self._profile_fields = {field.shortname: field for field in fields}
        self._functions = _functions(companion=companion)
        self._clock = clock
        self._patience = patience
        # SQLite has no queue: of several that wait for its lock, one may be passed over until its patience ends.
        self._turn = Lock()
        # A deque's append and pop are atomic: a call takes an idle connection and gives it back.
        self._idle: deque[sqlite3.Connection] = deque()

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Carry out `function` in one transaction and return what Moodle's JSON answer would hold."""
        if (called := self._functions.get(function)) is None:
            raise SiteRefused(f"The practice site has no web-service function {function}.")
        taken = called.takes(as_sent(parameters))
        with (
            self._turn if called.writes else nullcontext(),
            self._errors_translated(),
            self._connection() as connection,
            _transaction(connection, called.writes),
        ):
            answer = called.answer(Visit(connection, int(self._clock()), self._profile_fields), **taken)
        check_answer(answer)
        return answer

    def close(self) -> None:
        """Close every idle connection."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            tables = [part.TABLES for part in _parts() if hasattr(part, "TABLES")]
            connection = connect(self._path, tables, self._patience)
        try:
            yield connection
        finally:
            self._idle.append(connection)

    @contextmanager
    def _errors_translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:  # locked, disk full, read-only, folder gone
            raise SiteUnreachable(f"The practice site {self._path} can't be used now: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise Fault(
                f"The practice site {self._path} is damaged ({error}): set the file aside to begin a new one."
            ) from error


@contextmanager
def _transaction(connection: sqlite3.Connection, writes: bool) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself rolls back when the disk is full
            connection.execute("ROLLBACK")
        raise


def _site_info(functions: Iterable[str]) -> dict[str, Any]:
    return {
        "sitename": "Practice site",
        "siteurl": "https://sandbox.invalid",
        "username": "admin",
        "firstname": "Admin",
        "lastname": "User",
        "fullname": "Admin User",
        "userid": ADMIN_ID,
        "lang": "en",
        "userissiteadmin": True,
        "release": "5.1 (practice)",
        "version": "2025100600.02",
        "functions": [{"name": name, "version": "2025100600"} for name in sorted(functions)],
    }


@cache
def _parts() -> tuple[ModuleType, ...]:
    """The modules of this package: those with `FUNCTIONS` answer them, those with `TABLES` need these.

    The site's own tables come first: others may have triggers on them.
    """
    names = sorted((module.name for module in iter_modules(__path__)), key=lambda name: (name != "site", name))
    return tuple(import_module(f"{__name__}.{name}") for name in names)


@cache
def _functions(*, companion: bool) -> Mapping[str, Answers]:
    found: dict[str, Answers] = {}
    for part in _parts():
        found |= getattr(part, "FUNCTIONS", {})
    if not companion:
        found = {name: answers for name, answers in found.items() if not name.startswith(COMPANION)}
    names = [*found, SITE_INFO, BUNDLE]
    found[SITE_INFO] = Answers(structure({}), lambda visit: _site_info(names), writes=False)
    return found | {BUNDLE: bundle(found)}
