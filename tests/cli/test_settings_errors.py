"""What is wrong with the settings or the command line is said, all of it, without a traceback."""

import pytest

from tests.cli.place import Place

WRONG = """\
[site]
timezone = "Europe/Pariss"
[drop]
folder = "drop"
setle = "2s"
[repository]
folder = "drop/inside"
[state]
folder = "state"
[tools.users]
file = "users.csv"
timer = "every 1s"
"""


@pytest.mark.parametrize("verb", [["check"], ["serve"], ["status"], ["run", "users"], ["files", "ls"]])
def test_every_problem_is_said_at_once(place: Place, verb: list[str]) -> None:
    """Each problem stands on a line of its own with its key, and the exit code is 2."""
    place.settings.write_text(WRONG)
    said = place.says(*verb)
    assert said.code == 2
    assert said.out == ""
    for key in ("site.timezone: ", "drop.setle: ", "repository.folder: ", "tools.users.timer: "):
        assert any(line.startswith(key) for line in said.err.splitlines()), said.err


def test_good_settings_are_shown(place: Place) -> None:
    """`check` says OK and names tools, files and timers."""
    said = place.says("check")
    assert said.code == 0
    assert said.out.startswith("OK: ")
    for text in ("campus", "Europe/Paris", "users", "erp/users.csv", "0 3 * * *", "partners", "by hand"):
        assert text in said.out


def test_no_settings_at_all_is_a_sentence(place: Place) -> None:
    """Where no settings are named and none lie at their usual places, that is said."""
    place.settings.rename(place.folder / "other.toml")
    said = place.carries_out("status")
    assert said.code == 2
    assert "-c FILE" in said.err


@pytest.mark.parametrize("line", [["-c", "x.toml", "check"], ["check", "-c", "x.toml"], ["check", "--config=x.toml"]])
def test_settings_are_named_before_the_verb_or_after(place: Place, line: list[str]) -> None:
    """`-c` counts on either side of the verb."""
    place.settings.rename(place.folder / "x.toml")
    assert place.carries_out(*line).code == 0


def test_settings_of_this_folder_are_found(place: Place) -> None:
    """Without `-c` the file `syncd.toml` here is read."""
    assert place.carries_out("files", "tree").code == 0


@pytest.mark.parametrize(
    "line",
    [
        ["sreve"],
        ["run"],
        ["run", "nobody"],
        ["run", "users", "--file", "nothing.csv"],
        ["approve", "20261122-091743-users"],
        ["pause", "users", "--until", "yesterday"],
        ["pause", "nobody"],
        ["runs", "--tool", "nobody"],
        ["report", "nothing"],
        ["agenda", "-n", "0"],
        ["files", "get", "nothing"],
        ["completion", "tcsh"],
    ],
)
def test_what_makes_no_sense_is_usage(place: Place, line: list[str]) -> None:
    """A command line that can't be meant ends with a sentence and exit code 2."""
    said = place.says(*line)
    assert said.code == 2
    assert said.err.strip()
