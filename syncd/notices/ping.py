"""The dead man's call: an address that is called as long as all is well.

A call that fails to come raises the alarm at its other end.
"""

import os
import re
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from syncd import __version__
from syncd.errors import Fault
from syncd.notices.secrets import secret
from syncd.notices.ways import NotSent

PATIENCE = 10.0
"""Seconds that it has to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """The address that stands in a file, or in a credential. Call it; raises `NotSent`, or `Fault` for the address."""

    file: Path | None = None
    credential: str = ""

    def __call__(self) -> None:
        """A plain GET, through the proxy that the environment names; whatever the answer holds does not matter."""
        request = Request(self.address(), headers={"User-Agent": f"syncd/{__version__}"})
        try:
            with urlopen(request, timeout=PATIENCE) as answer:
                answer.read(1024)
        except HTTPError as error:
            raise NotSent(f"it answers {error.code}") from None
        except URLError as error:
            raise NotSent(str(error.reason)) from None
        except HTTPException as error:  # its words may hold the address
            raise NotSent(type(error).__name__) from None
        except OSError as error:
            raise NotSent(str(error) or type(error).__name__) from None

    def address(self) -> str:
        """The address; raises `Fault` when it is none."""
        address = secret(self.file, self.credential, os.environ)
        if not re.fullmatch(r"https?://[!-~]+", address):
            raise Fault('the address of the ping must stand alone, and begin with "https://" or "http://"')
        if "@" in re.split("[/?#]", address, maxsplit=3)[2]:
            raise Fault(
                'the address of the ping names a user or a password before an "@", which syncd does not send: '
                "use an address that is secret by its path"
            )
        return address
