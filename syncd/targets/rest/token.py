"""The web-service token: where it comes from. It is never told, not even in an error."""

import re
from collections.abc import Mapping
from pathlib import Path

from syncd.errors import Fault

CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""The variable by which systemd tells a service where its credentials are (systemd.exec(5))."""


def token_in_file(path: Path) -> str:
    """The token that is alone in a file; raises `Fault` when everybody may read it."""
    token = _read(path)
    if path.stat().st_mode & 0o007:
        raise Fault(f"{path} is open to everybody, and holds a token: chmod 0640 {path}")
    return checked(token, str(path))


def token_in_credential(name: str, environment: Mapping[str, str]) -> str:
    """The token in a credential that systemd gave to the service."""
    folder = environment.get(CREDENTIALS, "")
    if not folder:
        raise Fault(
            f"systemd gave no credentials to this process (${CREDENTIALS} is not set): the token is in the credential "
            f"{name}, which only the service has; add LoadCredential={name}:/etc/syncd/token to its unit"
        )
    return checked(_read(Path(folder) / Path(name).name), f"the credential {name}")


def token_in_variable(name: str, environment: Mapping[str, str]) -> str:
    """The token in an environment variable."""
    if not environment.get(name):
        raise Fault("the environment variable that token_variable names is not set: it must hold the token")
    return checked(environment[name].strip(), "the environment variable that token_variable names")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Fault(f"the token in {path} can't be read") from error


def checked(token: str, where: str) -> str:
    """The token, or a `Fault` that names where it is from, not what it is."""
    if not re.fullmatch(r"[0-9A-Za-z]+", token):
        raise Fault(f"{where} must hold the web-service token alone: letters and digits")
    return token
