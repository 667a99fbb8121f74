"""The page about the commands and the commands themselves stay together."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from syncd.cli.main import syncd
from syncd.errors import SyncdError

PAGE = (Path(__file__).parents[2] / "docs" / "COMMANDS.md").read_text(encoding="utf-8")
EVERYWHERE = {"-c", "--config", "-h", "--help"}


def verbs(family: click.Group = syncd, prefix: str = "syncd ") -> Iterator[tuple[str, click.Command]]:
    """Every verb with its whole name."""
    for name, verb in family.commands.items():
        if isinstance(verb, click.Group):
            yield from verbs(verb, f"{prefix}{name} ")
        else:
            yield prefix + name, verb


VERBS = dict(verbs())


def section(name: str) -> str:
    """What the page says of a verb."""
    found = re.search(rf"^### `{name}`\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def examples() -> list[str]:
    """The command lines of the page and of every verb's help, as far as the first sign that is the shell's."""
    texts = [PAGE, *(verb.help or "" for verb in VERBS.values())]
    lines = [line for text in texts for line in re.findall(r"^ {2,4}(syncd .*)$", text, re.MULTILINE)]
    return [re.split(r" (?:[|>]|&&) ", line)[0] for line in lines]


def test_page_and_program_have_the_same_verbs() -> None:
    """The page has a section for each verb, and for nothing else."""
    assert set(re.findall(r"^### `(.*)`$", PAGE, re.MULTILINE)) == set(VERBS)


@pytest.mark.parametrize("name", VERBS)
def test_every_option_is_on_the_page(name: str) -> None:
    """The table of a verb's section holds its options, and no others."""
    options = {word for option in VERBS[name].params if isinstance(option, click.Option) for word in option.opts}
    table = " ".join(re.findall(r"^\| (`-.*?) \|", section(name), re.MULTILINE))
    assert set(re.findall(r"`(-[^`]*)`", table)) == options - EVERYWHERE


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_teaches(name: str) -> None:
    """A verb's help begins with one sentence, and has an example of that verb."""
    first, _, rest = (VERBS[name].help or "").partition("\n\n")
    assert first.endswith(".")
    assert f"  {name}" in rest


@pytest.mark.parametrize("line", examples())
def test_every_example_can_be_typed(line: str) -> None:
    """An example is a command line that syncd understands."""
    arguments = shlex.split(line)[1:]
    context: click.Context | None = None
    command: click.Command = syncd
    while isinstance(command, click.Group):
        context = click.Context(command, parent=context)
        _, found, arguments = command.resolve_command(context, arguments)
        assert found
        command = found
    try:
        command.make_context(command.name, arguments, parent=context)
    except SyncdError as error:
        raise AssertionError(line) from error


def test_the_page_has_every_exit_code() -> None:
    """What the help says of exit codes, the page says too."""
    in_help = re.findall(r"(\d) ([a-z ]+)", syncd.epilog or "")
    on_page = re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)
    assert [code for code, _ in in_help] == on_page[:-1]
