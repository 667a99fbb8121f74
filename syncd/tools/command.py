"""Command files that a program takes whole, for example Moodle's own `uploaduser.php`."""

from string import Formatter
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, field_validator

from syncd.core.settings import Located
from syncd.tools.program import ProgramTool, program, text

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
    return text(argument)


class CommandTool(ProgramTool):
    """`[tools.NAME] kind = "command"`: hands the whole file to a program; no shell is between."""

    kind: ClassVar[str] = "command"

    argv: tuple[Annotated[str, AfterValidator(_argument)], ...]
    """The program, an absolute path or a name on the PATH, and its arguments. `{file}` is the file's absolute path,
    `{name}` its path in the repository, `{run}` the run's id, `{site}` the site's name; other braces are doubled."""
    folder: Located | None = None
    """Where the program works. Default: where syncd does."""
    success: tuple[Annotated[int, Field(ge=0, le=255)], ...] = (0,)
    """The exit codes that mean that the file was carried out."""

    @field_validator("argv")
    @classmethod
    def _names_one_program(cls, argv: tuple[str, ...]) -> tuple[str, ...]:
        program(argv)
        # Whoever drops a file chooses its name, and must not choose the program by it.
        if _fields(argv[0]):
            raise ValueError("must begin with one program for all files: no placeholder can stand there")
        return argv

    def arguments(self, file: str, name: str, run: str, site: str) -> list[str]:
        """The program and its arguments for one run; each placeholder's value stays within its argument."""
        return [argument.format(file=file, name=name, run=run, site=site) for argument in self.argv]
