"""An edit has broken the settings while the daemon runs well on those that it read before."""

from pathlib import Path

import pytest

from syncd.config.salvage import state_of
from tests.cli.place import Place, users

NO_TOML = "[drop\n"
WRONG_KEY = '[drop]\nsetle = "2s"\n'


def broken(place: Place, by: str) -> Place:
    """Break the settings of a place."""
    text = place.settings.read_text()
    place.settings.write_text(text.replace("[drop]\n", by))
    return place


@pytest.mark.parametrize("by", [NO_TOML, WRONG_KEY])
def test_the_daemon_is_seen_and_told_what_to_do(served: Place, by: str) -> None:
    """The verbs that only look, or hand a wish on, work, and each says first what is wrong with the file."""
    run = served.holds_a_run()
    broken(served, by)
    for verb in (["status"], ["agenda"], ["runs"], ["report", run], ["pause", "users", "--until", "2h"]):
        said = served.says(*verb)
        assert said.code == 0, said.err
        assert said.err.startswith(f"Warning: {served.settings} can't be used")
        assert "setle: is not" in said.err or "is not TOML" in said.err
    assert "serves campus" in served.says("status").out
    assert served.says("resume", "users").out == "users runs again\n"
    assert served.says("reject", run).code == 0
    served.erp.joinpath("users.csv").write_text(users(1))
    assert "1 unchanged" in served.says("run", "users").out


def test_json_stays_json(served: Place) -> None:
    """The warning is for people: it is on standard error."""
    broken(served, WRONG_KEY)
    assert served.tells("status")["daemon"]["zone"] == "Europe/Paris"


def test_what_needs_the_settings_says_that_they_are_wrong(served: Place) -> None:
    """A broken file is never half used, and the daemon refuses to reload it."""
    broken(served, WRONG_KEY)
    for verb in (["check"], ["reload"], ["files", "ls"], ["doctor"]):
        said = served.says(*verb)
        assert said.code == 2
        assert "setle" in said.err


def test_without_a_daemon_nothing_works(place: Place) -> None:
    """Nobody could tell what the verb was to work on."""
    broken(place, WRONG_KEY)
    for verb in (["status"], ["runs"], ["pause", "users"]):
        assert place.says(*verb).code == 2


def test_many_problems_are_counted(served: Place) -> None:
    """What the administrator came for is not pushed off the screen."""
    broken(served, "[drop]\n" + "".join(f"wrong_{number} = 1\n" for number in range(9)))
    assert "and 6 more: syncd check" in served.says("status").err


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ('[state]\nfolder = "state"\n[site\n', "state"),
        ('[site\n[state]\n# here\nfolder = "/var/state"  # yes\n', "/var/state"),
        ('state.folder = "dotted"\n', "dotted"),
        ("[state]\nfolder = 3\n", "from systemd"),
        ("[state]\n", "from systemd"),
        ("state = 3\n", "from systemd"),
    ],
)
def test_the_state_folder_is_found_in_what_is_left(tmp_path: Path, text: str, folder: str) -> None:
    """In a file that is no TOML the table is read by itself."""
    (tmp_path / "syncd.toml").write_text(text)
    assert state_of(tmp_path / "syncd.toml", {"STATE_DIRECTORY": str(tmp_path / "from systemd")}) == tmp_path / folder


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("/etc/syncd/syncd.toml", Path("/var/lib/syncd")),
        ("/etc/syncd/nobody-has-this.toml", Path("/var/lib/syncd/nobody-has-this")),
        ("/nowhere/syncd.toml", None),
    ],
)
def test_where_nothing_is_left_the_units_folder_is_meant(path: str, folder: Path | None) -> None:
    """For settings of the units, and for no others: another daemon must not answer in their place."""
    assert Path(path).exists() or state_of(Path(path), {}) == folder
