"""What a person at a terminal sees, and what the shell offers."""

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.place import Place, users

PROJECT = Path(__file__).parents[2]


def at_terminal(place: Place, *arguments: str, **environment: str) -> str:
    """What a command line writes to a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "syncd", *arguments, "-c", str(place.settings)],
        cwd=place.folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "TERM": "xterm-256color", "COLUMNS": "120", **environment},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        written = b""
        with suppress(OSError):  # Linux says EIO when the last one closes its end (pty(7))
            while piece := os.read(ours, 4096):
                written += piece
    os.close(ours)
    return written.decode()


def test_a_terminal_gets_colours(place: Place) -> None:
    """States are painted at a terminal."""
    (place.erp / "users.csv").write_text(users(1))
    place.says("run", "users")
    assert "\x1b[32mdone" in at_terminal(place, "status")


def test_no_color_is_obeyed(place: Place) -> None:
    """With NO_COLOR set nothing is painted."""
    (place.erp / "users.csv").write_text(users(1))
    place.says("run", "users")
    said = at_terminal(place, "status", NO_COLOR="1")
    assert "done" in said
    assert "\x1b[3" not in said


def test_a_run_at_a_terminal_ends_with_its_report(either: Place) -> None:
    """What shows how far a run is leaves the report readable."""
    (either.erp / "users.csv").write_text(users(200))
    assert "200 rows changed it" in at_terminal(either, "run", "users")


def test_a_reader_that_goes_away_is_no_error(place: Place) -> None:
    """Piped into something that stops reading, as head does, a verb ends without a word."""
    for number in range(2000):
        (place.repository / f"file-{number:04}-{'x' * 100}.csv").touch()
    done = subprocess.run(
        f"{sys.executable} -m syncd files tree -c {place.settings} | head -n 1",
        shell=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert done.stderr == b""
    assert done.stdout.count(b"\n") == 1


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("syncd re", ["reload", "report", "reject", "resume"]),
        ("syncd -c {} run ", ["users", "partners"]),
        ("syncd run -c {} p", ["partners"]),
        ("syncd -c {} files get e", ["erp/other.csv", "erp/users.csv"]),
        ("syncd -c {} files ls erp/u", ["erp/users.csv"]),
        ("syncd -c {} approve ", []),
        ("syncd -c /nowhere run ", []),
    ],
)
def test_the_shell_offers_what_there_is(place: Place, line: str, offered: list[str]) -> None:
    """Verbs, tools, runs and paths of the repository complete; where that fails nothing is said."""
    for name in ("users.csv", "other.csv"):
        (place.erp / name).touch()
    words = line.format(place.settings)
    said = place.carries_out(
        _SYNCD_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(words.split(" ")) - 1)
    )
    assert said.err == ""
    assert [answer.removeprefix("plain,") for answer in said.out.split()] == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(place: Place, shell: str) -> None:
    """The script asks syncd itself by the variable _SYNCD_COMPLETE."""
    said = place.carries_out("completion", shell)
    assert said.code == 0
    assert f"_SYNCD_COMPLETE={shell}_complete" in said.out
