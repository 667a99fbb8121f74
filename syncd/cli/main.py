"""The command line's entry: every verb, and the one place where errors become exit codes."""

import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from syncd import __version__
from syncd.cli.agenda import agenda
from syncd.cli.check import check
from syncd.cli.completion import completion
from syncd.cli.courses import courses
from syncd.cli.decide import approve, reject
from syncd.cli.doctor import doctor
from syncd.cli.files import files
from syncd.cli.init import init
from syncd.cli.notices import notices
from syncd.cli.pause import pause, resume
from syncd.cli.reload import reload
from syncd.cli.run import run
from syncd.cli.runs import report, runs
from syncd.cli.serve import serve
from syncd.cli.status import status
from syncd.cli.verb import STOPPED, Family
from syncd.errors import SettingsError, SyncdError

syncd = Family(
    "syncd",
    help="""Takes dropped command files and runs them, whole and once, against a Moodle site.

    `syncd VERB --help` says more, with examples. Every verb takes -c FILE.
    """,
    epilog="Exit codes: 0 done, 1 fault, 2 settings or usage, 3 some rows rejected, 4 held, 5 file refused, "
    "6 site unreachable, 7 frozen by the settings.",
    sections={
        "Serve and check": [init, serve, reload, check, doctor, notices],
        "Watch": [status, agenda, runs, report],
        "Run and decide": [run, approve, reject, pause, resume],
        "Files": [files],
        "Courses": [courses],
        "Your shell": [completion],
    },
)
click.version_option(__version__, prog_name="syncd", message="%(prog)s %(version)s")(syncd)


def main() -> NoReturn:
    """Carry out the command line, and end the process."""
    sys.exit(carry_out(sys.argv[1:]))


def carry_out(arguments: Sequence[str]) -> int:
    """Carry out a command line, and return its exit code; what goes wrong is said on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that can't show a letter is no reason to fail
    try:
        code = syncd.main(list(arguments), prog_name="syncd", standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except SettingsError as error:
        _say(f"{error.source} can't be used:", *map(str, error.problems))
        return error.exit_code
    except SyncdError as error:
        _say(f"syncd: {error}")
        return error.exit_code
    except BrokenPipeError:
        # Whoever read has gone, as head does; without this Python complains when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        _say(f"syncd: {f'{error.filename}: ' if error.filename else ''}{error.strerror or error}")
        return 1
    except (KeyboardInterrupt, click.Abort):
        return STOPPED


def _say(*lines: str) -> None:
    for line in lines:
        click.echo(line, err=True)
