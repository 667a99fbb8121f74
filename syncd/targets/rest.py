"""A Moodle site, by its REST web services."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import urlencode, urlsplit

import urllib3
from pydantic import AfterValidator
from urllib3.exceptions import HTTPError, MaxRetryError, NameResolutionError, NewConnectionError, SSLError

from syncd import __version__
from syncd.core.durations import Seconds
from syncd.core.settings import Located
from syncd.errors import AnswerLost, Fault, ItemRefused, SiteRefused, SiteUnreachable, TooMuch
from syncd.targets.base import Target, TargetSettings

ENDPOINT = "/webservice/rest/server.php"

MOST_VARIABLES = 4_500
"""Variables in one request. PHP drops what is over max_input_vars (5,000 or more on Moodle 5.1) without a word."""

CONNECT_TIMEOUT = 10.0

NOT_SERVED = {
    "invalidtoken": "the token is not valid: make one in Moodle and put it into token_file",
    "accessexception": "the function is not in the token's service, or its user may not use that",
    "nopermissions": "the token's user lacks a capability",
}
"""Moodle's error codes that say that it won't serve us at all, each with what an administrator must do."""


def _site(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError('must be the address of the Moodle site, such as "https://moodle.example.org"')
    if parts.username or parts.password:
        raise ValueError("must hold no user name and no password")
    return url.rstrip("/").removesuffix(ENDPOINT)


def _readable(path: Path) -> Path:
    if not os.access(path, os.R_OK):
        raise ValueError("must be a file that syncd can read: it holds the web-service token, and nothing else")
    return path


class RestSettings(TargetSettings):
    """`[target] kind = "rest"`: a Moodle site, by its REST web services."""

    kind: ClassVar[str] = "rest"

    url: Annotated[str, AfterValidator(_site)]
    """The address of the Moodle site, as in its `$CFG->wwwroot`."""
    token_file: Annotated[Located, AfterValidator(_readable)]
    """A file that holds the web-service token, and that others can't read (mode 0600 or 0640)."""
    timeout: Seconds = 60.0
    """How long an answer may take; after that nobody knows whether the call was carried out."""

    patience: Seconds = 60.0
    """How long a run waits for a site that is away, trying again; then it ends, and its file waits."""

    @property
    def waits(self) -> float:
        """Seconds for which a run waits for a site that is away."""
        return self.patience

    def open(self, state: Path) -> Target:
        """The site; raises `Fault` when the token can't be read or is open to everybody."""
        return Rest(self.url, _token(self.token_file), timeout=self.timeout, connections=self.connections)


class Rest:
    """Calls web-service functions of a Moodle site over connections that are kept alive. TLS is checked."""

    def __init__(self, url: str, token: str, *, timeout: float, connections: int) -> None:
        self._url = url
        self._token = token
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=connections,
            block=True,
            retries=False,
            timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT, timeout), read=timeout),
            headers={"User-Agent": f"syncd/{__version__}", "Content-Type": "application/x-www-form-urlencoded"},
        )

    def __repr__(self) -> str:
        return f"Rest({self._url!r})"

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Carry out a function, as `Target.call` says. A call with too many items is refused before it is sent."""
        variables = [*_flat(parameters), ("moodlewssettingraw", "1"), ("moodlewsrestformat", "json")]
        if len(variables) > MOST_VARIABLES:
            raise TooMuch(f"{len(variables)} variables are more than one request may have")
        # Last, so that a request that PHP cuts off fails loudly and changes nothing.
        body = urlencode([*variables, ("wsfunction", function), ("wstoken", self._token)], errors="surrogateescape")
        try:
            response = self._pool.request("POST", self._url + ENDPOINT, body=body, redirect=False)
        except MaxRetryError as error:
            raise self._unreachable(function, error.reason or error) from error
        except HTTPError as error:
            raise self._unreachable(function, error) from error
        return self._answer(function, response.status, response.data)

    def _unreachable(self, function: str, error: Exception) -> SiteUnreachable:
        if isinstance(error, NewConnectionError | NameResolutionError | urllib3.exceptions.ConnectTimeoutError):
            return SiteUnreachable(f"{self._url} can't be reached: {_plain(error)}")
        if isinstance(error, SSLError):
            return SiteUnreachable(f"{self._url} is not to be trusted: {_plain(error)}")
        return AnswerLost(f"{self._url} did not answer {function}: {_plain(error)}")

    def _answer(self, function: str, status: int, body: bytes) -> Any:
        match status:
            case 200:
                pass
            case 503 | 429:
                raise SiteUnreachable(f"{self._url} is in maintenance or overloaded (HTTP {status})")
            case 403:
                raise SiteRefused(
                    f"{self._url} forbids it (HTTP 403): enable web services and the REST protocol in Moodle"
                )
            case _ if status >= 500:
                raise AnswerLost(f"{self._url} failed in {function} (HTTP {status})")
            case _:
                raise SiteRefused(
                    f"{self._url} answers HTTP {status} where Moodle's web services should be: check the url"
                )
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise SiteRefused(f"{self._url} answers, but not as Moodle's web services do: check the url") from error
        if isinstance(answer, dict) and "exception" in answer:
            raise self._refusal(function, answer)
        return answer

    def _refusal(self, function: str, answer: Mapping[str, Any]) -> SiteUnreachable | SiteRefused | ItemRefused:
        code, message = str(answer.get("errorcode", "")), _text(answer)
        if code == "sitemaintenance":
            return SiteUnreachable(f"{self._url} is in maintenance")
        if code in NOT_SERVED:
            return SiteRefused(f"{self._url} refuses {function}: {NOT_SERVED[code]} (Moodle says: {message})")
        return ItemRefused(code or str(answer["exception"]), message)


def _token(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Fault(f"the token in {path} can't be read") from error
    if mode & 0o007:
        raise Fault(f"{path} is open to everybody, and holds a token: chmod 0640 {path}")
    if not re.fullmatch(r"[0-9A-Za-z]+", token):
        raise Fault(f"{path} must hold the web-service token alone: letters and digits")
    return token


def _flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """PHP's form of nested values: `users[0][customfields][0][type]`."""
    match value:
        case Mapping():
            for key, inner in value.items():
                yield from _flat(inner, f"{name}[{key}]" if name else str(key))
        case list() | tuple():
            for number, inner in enumerate(value):
                yield from _flat(inner, f"{name}[{number}]")
        case bool():
            yield name, "1" if value else "0"
        case _:
            yield name, str(value)


def _text(answer: Mapping[str, Any]) -> str:
    said = " ".join(str(answer[key]) for key in ("message", "debuginfo") if answer.get(key))
    return " ".join(re.sub(r"<[^>]*>", " ", said).split())


def _plain(error: Exception) -> str:
    # urllib3 puts the connection's repr before what happened.
    return str(error).rpartition(">: ")[2] or type(error).__name__
