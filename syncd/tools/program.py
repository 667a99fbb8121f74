"""What all tools have that hand their file to a program."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from syncd.core.durations import Seconds
from syncd.tools.base import Tool


def text(text: str) -> str:
    """Text that can be an argument; raises `ValueError`."""
    if "\0" in text:
        raise ValueError("must not hold a NUL character")
    return text


def program(argv: Sequence[str]) -> None:
    """Raise `ValueError` unless arguments begin with a program that can be found."""
    first = argv[0] if argv else ""
    if not first or ("/" in first and not first.startswith("/")):
        raise ValueError("must begin with the program: an absolute path, or a name on the PATH")


def _variable(name: str) -> str:
    if not name or "=" in name:
        raise ValueError("must be the name of an environment variable")
    return text(name)


class ProgramTool(Tool):
    """A kind whose file a program takes; no shell is between."""

    timeout: Seconds = 3600.0
    """How long the program may take; then it is ended, and the run is held."""
    environment: Mapping[Annotated[str, AfterValidator(_variable)], Annotated[str, AfterValidator(text)]] = {}
    """Variables for the program, besides PATH, LANG, HOME and TZ."""
    output_limit: int = Field(default=65_536, ge=1_024)
    """How many bytes of what the program writes are kept for the report: its beginning and its end."""
