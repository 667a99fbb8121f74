"""Passwords and secret addresses: where they come from. They are never told, not even in an error."""

from collections.abc import Mapping
from pathlib import Path

from syncd.errors import Fault
from syncd.targets.rest.token import CREDENTIALS


def secret(file: Path | None, credential: str, environment: Mapping[str, str]) -> str:
    """What stands in a file, or in a credential that systemd gave to the service; "" where neither is named.

    Raises `Fault` when it can't be read, or when everybody may read the file.
    """
    if file:
        text = _read(file)
        if file.stat().st_mode & 0o007:
            raise Fault(f"{file} is open to everybody, and holds a secret: chmod 0640 {file}")
        return text
    if not credential:
        return ""
    folder = environment.get(CREDENTIALS, "")
    if not folder:
        raise Fault(
            f"systemd gave no credentials to this process (${CREDENTIALS} is not set): the credential {credential} is "
            f"only the service's; add LoadCredential={credential}:/etc/syncd/{credential} to its unit"
        )
    return _read(Path(folder) / Path(credential).name)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Fault(f"{path} can't be read, and should hold a secret") from error
