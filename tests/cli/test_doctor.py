"""Whether the site lets syncd do what the tools need."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.place import Place
from tests.targets.loopback import TOKEN, Loopback, loopback


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Loopback]:
    """A site on loopback."""
    with loopback(tmp_path) as server:
        yield server


def acts_on(place: Place, url: str, token: str = TOKEN) -> None:
    """Have the settings name a Moodle site."""
    file = place.folder / "token"
    file.touch(mode=0o600)
    file.write_text(token)
    target = f'\n[target]\nkind = "rest"\nurl = "{url}"\ntoken_file = "token"\nproxy = "none"\n'
    place.settings.write_text(place.settings.read_text() + target)


def test_a_good_site_lacks_nothing(place: Place, site: Loopback) -> None:
    """Its name and its speed are shown; of the many things that are there, how many."""
    acts_on(place, site.url)
    said = place.says("doctor")
    assert said.code == 0, said.out
    assert "Practice site (https://sandbox.invalid)" in said.out
    assert "core_user_create_users" not in said.out
    assert TOKEN not in said.out
    assert place.tells("doctor")["ready"] is True


def test_a_bad_token_is_said_with_what_to_do(place: Place, site: Loopback) -> None:
    """The exit code is that of whom an administrator of Moodle must help."""
    acts_on(place, site.url, "abcdef")
    said = place.says("doctor")
    assert said.code == 1
    assert "make one in Moodle" in said.out


def test_a_site_that_is_away_has_the_exit_code_of_that(place: Place) -> None:
    """A script can tell it from a site that lacks something."""
    acts_on(place, "http://127.0.0.1:9")
    said = place.says("doctor", "--json")
    assert said.code == 6
    found = json.loads(said.out)
    assert found["ready"] is False
    assert [(one["topic"], one["state"]) for one in found["findings"]] == [("site", "unreachable")]
    assert "To do in Moodle" not in place.says("doctor").out


def test_a_practice_site_needs_no_doctor(place: Place) -> None:
    """And none is made by looking."""
    before = sorted(place.folder.rglob("*"))
    said = place.says("doctor")
    assert said.code == 0
    assert "practice site" in said.out
    assert place.tells("doctor") == {"ready": True, "findings": [], "to_do": []}
    assert sorted(place.folder.rglob("*")) == before


def test_a_practice_site_without_the_plugin_lacks_its_functions(place: Place) -> None:
    """What a tool can't do without is named as on a real site, with what gives it to the practice site."""
    tool = '\n[tools.again]\nkind = "courses-reset"\nfile = "erp/again.csv"\n[target]\ncompanion = false\n'
    place.settings.write_text(place.settings.read_text() + tool)
    before = sorted(place.folder.rglob("*"))
    said = place.says("doctor")
    assert said.code == 1, said.out
    assert "the tool again can't do without it" in " ".join(said.out.split())
    assert "companion = true" in said.out
    found = json.loads(place.says("doctor", "--json").out)
    assert "local_syncd_reset_courses" in {one["name"] for one in found["findings"] if one["state"] == "missing"}
    assert found["ready"] is False
    assert sorted(place.folder.rglob("*")) == before


def test_a_plugin_that_may_be_installed_already_is_not_said_to_be_absent(place: Place, site: Loopback) -> None:
    """Where the service holds none of its functions, nobody can tell from outside which of the two is wanting."""
    acts_on(place, site.url)
    site.hides = "local_syncd_"
    said = " ".join(place.says("doctor").out.split())
    assert "Install the plugin local_syncd (docs/MOODLE.md) or, if it is installed, add to the token's service:" in said
    assert "is not there" not in said
    site.hides = "local_syncd_get_users"
    said = " ".join(place.says("doctor").out.split())
    assert "Install the plugin" not in said
    assert "add to the token's service, from the plugin local_syncd (update it where it lacks them):" in said


@pytest.mark.skipif(
    not os.environ.get("SYNCD_TEST_MOODLE_LEAST_TOKEN"), reason="SYNCD_TEST_MOODLE_LEAST_TOKEN names no Moodle's token"
)
def test_a_real_moodle_with_a_least_privilege_token_lacks_nothing(place: Place) -> None:
    """The role that docs/MOODLE.md describes is enough."""
    acts_on(place, os.environ["SYNCD_TEST_MOODLE_URL"], os.environ["SYNCD_TEST_MOODLE_LEAST_TOKEN"])
    said = place.says("doctor")
    assert said.code == 0, said.out
