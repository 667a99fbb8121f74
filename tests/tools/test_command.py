"""The settings of command tools, and the arguments that they make."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from syncd.core.settings import Written
from syncd.tools.command import CommandTool


def tool(**keys: Any) -> CommandTool:
    """A command tool as a settings file would make it."""
    table = {"file": "erp/users.csv", "argv": ["php", "{file}"]} | keys
    return CommandTool.model_validate(table, context=Written(Path("/etc/syncd")))


def problem(**keys: Any) -> tuple[str, str]:
    """Where the settings are wrong, and what is wrong."""
    with pytest.raises(ValidationError) as refused:
        tool(**keys)
    (error,) = refused.value.errors()
    return ".".join(map(str, error["loc"])), error["msg"]


def test_the_defaults_are_safe() -> None:
    """An hour's time-out, only 0 means done, and 64 KiB of output are kept."""
    made = tool()
    assert (made.timeout, made.success, made.output_limit, made.folder) == (3600.0, (0,), 65_536, None)
    assert not made.environment


def test_durations_and_folders_are_read_as_in_every_table() -> None:
    """A duration has a unit, and a relative folder is relative to the settings file."""
    made = tool(timeout="5m", folder="work")
    assert (made.timeout, made.folder) == (300.0, Path("/etc/syncd/work"))


def test_placeholders_are_filled() -> None:
    """Each stands for one thing of the run, alone or within an argument."""
    made = tool(argv=["/usr/bin/php", "--file={file}", "{name}", "{run}@{site}", "plain", "{{braces}}"])
    assert made.arguments("/repo/users.csv", "erp/users.csv", "17", "campus") == [
        "/usr/bin/php",
        "--file=/repo/users.csv",
        "erp/users.csv",
        "17@campus",
        "plain",
        "{braces}",
    ]


@given(st.text())
def test_a_value_stays_within_its_argument(name: str) -> None:
    """Whatever a sender calls a file, it changes neither the number of arguments nor another one."""
    made = tool(argv=["php", "--input={name}", "--end"])
    assert made.arguments("", name, "", "") == ["php", f"--input={name}", "--end"]


@pytest.mark.parametrize("argument", ["{fil}", "{}", "{0}", "{file!r}", "{file:>20}", "{file.name}", "{argv[0]}"])
def test_an_unknown_placeholder_is_a_problem_at_load(argument: str) -> None:
    """It is said where it stands, with the names that are right."""
    where, what = problem(argv=["php", "--x", argument])
    assert where == "argv.2"
    assert argument in what
    assert "{file}, {name}, {run}, {site}" in what


@pytest.mark.parametrize("argument", ["{", "}", "{file", "awk {print}}"])
def test_a_lone_brace_is_a_problem_at_load(argument: str) -> None:
    """The cure is said."""
    where, what = problem(argv=["php", argument])
    assert where == "argv.1"
    assert "{{" in what


@pytest.mark.parametrize("program", ["", "./here", "bin/php", "{file}", "/opt/{name}"])
def test_the_program_is_fixed(program: str) -> None:
    """It is an absolute path or a name: it depends neither on the folder nor on the file's name."""
    where, what = problem(argv=[program])
    assert where == "argv"
    assert "program" in what


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ({"argv": []}, "argv"),
        ({"argv": ["php", "nul\0"]}, "argv.1"),
        ({"success": [256]}, "success.0"),
        ({"environment": {"": "x"}}, "environment..[key]"),
        ({"environment": {"A=B": "x"}}, "environment.A=B.[key]"),
        ({"environment": {"A": "nul\0"}}, "environment.A"),
        ({"timeout": 90}, "timeout"),
        ({"output_limit": 1}, "output_limit"),
        ({"shell": True}, "shell"),
    ],
    ids=repr,
)
def test_what_can_t_work_is_a_problem_at_load(keys: dict[str, Any], where: str) -> None:
    """Nothing that could not be run waits for its first run to be found."""
    assert problem(**keys)[0] == where
