"""Command files that a program takes whole, for example Moodle's own `uploaduser.php`."""

from collections.abc import Mapping
from string import Formatter
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, field_validator

from syncd.core.durations import Seconds
from syncd.core.settings import Located
from syncd.tools.base import Tool

PLACEHOLDERS = ("file", "name", "run", "site")


def _fields(argument: str) -> list[str]:
    """What stands between the braces of an argument."""
    try:
        parts = list(Formatter().parse(argument))
    except ValueError as error:
        raise ValueError("has a brace without its partner; write {{ and }} for braces") from error
    return [
        field + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
        for _, field, form, conversion in parts
        if field is not None
    ]


def _argument(argument: str) -> str:
    if unknown := [field for field in _fields(argument) if field not in PLACEHOLDERS]:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"has {{{unknown[0]}}}, which is none of {known}; write {{{{ and }}}} for braces")
    return _text(argument)


def _text(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold a NUL character")
    return text


def _variable(name: str) -> str:
    if not name or "=" in name:
        raise ValueError("must be the name of an environment variable")
    return _text(name)


class CommandTool(Tool):
    """`[tools.NAME] kind = "command"`: hands the whole file to a program; no shell is between."""

    kind: ClassVar[str] = "command"

    argv: tuple[Annotated[str, AfterValidator(_argument)], ...]
    """The program, an absolute path or a name on the PATH, and its arguments. `{file}` is the file's absolute path,
    `{name}` its path in the repository, `{run}` the run's id, `{site}` the site's name; other braces are doubled."""
    timeout: Seconds = 3600.0
    """How long the program may take; then it is ended, and the run is held."""
    folder: Located | None = None
    """Where the program works. Default: where syncd does."""
    environment: Mapping[Annotated[str, AfterValidator(_variable)], Annotated[str, AfterValidator(_text)]] = {}
    """Variables for the program, besides PATH, LANG, HOME and TZ."""
    success: tuple[Annotated[int, Field(ge=0, le=255)], ...] = (0,)
    """The exit codes that mean that the file was carried out."""
    output_limit: int = Field(default=65_536, ge=1_024)
    """How many bytes of what the program writes are kept for the report: its beginning and its end."""

    @field_validator("argv")
    @classmethod
    def _names_one_program(cls, argv: tuple[str, ...]) -> tuple[str, ...]:
        program = argv[0] if argv else ""
        if not program or ("/" in program and not program.startswith("/")):
            raise ValueError("must begin with the program: an absolute path, or a name on the PATH")
        # Whoever drops a file chooses its name, and must not choose the program by it.
        if _fields(program):
            raise ValueError("must begin with one program for all files: no placeholder can stand there")
        return argv

    def arguments(self, file: str, name: str, run: str, site: str) -> list[str]:
        """The program and its arguments for one run; each placeholder's value stays within its argument."""
        return [argument.format(file=file, name=name, run=run, site=site) for argument in self.argv]
