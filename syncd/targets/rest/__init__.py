"""A Moodle site, by its REST web services."""

import os
import ssl
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from syncd.core.durations import Seconds
from syncd.core.settings import Located
from syncd.targets.base import Target, TargetSettings
from syncd.targets.rest.connections import connected
from syncd.targets.rest.failures import ENDPOINT
from syncd.targets.rest.site import Rest
from syncd.targets.rest.token import token_in_credential, token_in_file, token_in_variable


def _site(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError('must be the address of the Moodle site, such as "https://moodle.example.org"')
    if parts.username or parts.password:
        raise ValueError("must hold no user name and no password")
    return url.rstrip("/").removesuffix(ENDPOINT)


def _readable(path: Path) -> Path:
    if not os.access(path, os.R_OK):
        raise ValueError("must be a file that syncd can read")
    return path


def _certificates(path: Path) -> Path:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=_readable(path))
    except OSError as error:
        raise ValueError("must hold certificates (PEM), each from BEGIN CERTIFICATE to END CERTIFICATE") from error
    return path


def _proxy(proxy: str) -> str:
    if proxy in {"auto", "none"}:
        return proxy
    parts = urlsplit(proxy)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError('must be "auto", "none", or the address of a proxy, such as "http://proxy.example.org:3128"')
    return proxy


class RestSettings(TargetSettings):
    """`[target] kind = "rest"`: a Moodle site, by its REST web services."""

    kind: ClassVar[str] = "rest"

    url: Annotated[str, AfterValidator(_site)]
    """The address of the Moodle site, as in its `$CFG->wwwroot`."""
    token_file: Annotated[Located, AfterValidator(_readable)] | None = None
    """A file that holds the web-service token alone, and that others can't read (mode 0600 or 0640)."""
    token_credential: str = ""
    """Instead: the name of a systemd credential that holds it (`LoadCredential=`, `LoadCredentialEncrypted=`)."""
    token_variable: str = ""
    """Instead: the name of an environment variable that holds it."""
    timeout: Seconds = 60.0
    """How long an answer may take; after that nobody knows whether the call was carried out."""
    patience: Seconds = 60.0
    """How long a run waits for a site that is away, trying again; then it ends, and its file waits."""
    max_variables: int = Field(default=4_500, ge=1_000, le=1_000_000)
    """Variables in one request. PHP drops what is over its `max_input_vars` without a word."""
    ca_file: Annotated[Located, AfterValidator(_certificates)] | None = None
    """Certificates (PEM) of authorities to trust, instead of the machine's own."""
    proxy: Annotated[str, AfterValidator(_proxy)] = "auto"
    """The proxy on the way: `auto`, as the environment says (HTTPS_PROXY, HTTP_PROXY, NO_PROXY); `none`; or its
    address."""

    @model_validator(mode="after")
    def _one_token(self) -> "RestSettings":
        if sum(map(bool, (self.token_file, self.token_credential, self.token_variable))) != 1:
            raise ValueError("must have one of token_file, token_credential and token_variable: where the token is")
        return self

    @property
    def waits(self) -> float:
        """Seconds for which a run waits for a site that is away."""
        return self.patience

    def open(self, state: Path) -> Target:
        """The site; raises `Fault` when the token can't be read or is open to everybody."""
        pool = connected(self.url, self.proxy, self.ca_file, timeout=self.timeout, connections=self.connections)
        return Rest(self.url, self._token(), pool, max_variables=self.max_variables)

    def _token(self) -> str:
        if self.token_file:
            return token_in_file(self.token_file)
        if self.token_credential:
            return token_in_credential(self.token_credential, os.environ)
        return token_in_variable(self.token_variable, os.environ)
