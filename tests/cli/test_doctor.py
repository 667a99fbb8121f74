"""Whether the machine and the site let syncd do what it must."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from syncd.cli.doctor import HERE, THERE
from syncd.core.findings import Topic
from tests.cli.place import PROJECT, Place
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
    assert [(one["topic"], one["state"]) for one in found["findings"] if one["topic"] in THERE] == [
        ("site", "unreachable")
    ]
    shown = place.says("doctor").out
    assert "To do in Moodle" not in shown
    assert "The drop folder" in shown


def test_a_practice_site_needs_no_doctor(place: Place) -> None:
    """And none is made by looking."""
    before = sorted(place.folder.rglob("*"))
    said = place.says("doctor")
    assert said.code == 0
    assert "practice site" in said.out
    told = place.tells("doctor")
    assert told["ready"] is True
    assert not [one for one in told["findings"] if one["topic"] in THERE]
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
    assert "plugin is not there" not in said
    site.hides = "local_syncd_get_users"
    said = " ".join(place.says("doctor").out.split())
    assert "Install the plugin" not in said
    assert "add to the token's service, from the plugin local_syncd (update it where it lacks them):" in said


def test_every_topic_has_a_title() -> None:
    """A finding of another topic would be shown nowhere."""
    assert HERE.keys() | THERE.keys() == set(get_args(Topic))


def here(place: Place, topic: str) -> dict[str, Any]:
    """What doctor finds of one topic, by name."""
    found = json.loads(place.says("doctor", "--json").out)
    return {one["name"]: one for one in found["findings"] if one["topic"] == topic}


def test_what_is_wrong_on_the_machine_is_said_with_a_command(place: Place) -> None:
    """In words, in JSON, and in the exit code."""
    place.settings.chmod(0o666)
    said = place.says("doctor")
    assert said.code == 1
    mended = f"chmod o-w {place.settings}"
    assert f"have programs run by it\n{mended}\n" in said.out.partition("To do on this machine")[2]
    found = json.loads(place.says("doctor", "--json").out)
    assert (found["ready"], mended in found["to_do"]) == (False, True)
    assert here(place, "settings")[str(place.settings)]["cure"] == mended


def test_a_missing_drop_folder_is_to_be_made(place: Place) -> None:
    """And none is made by looking."""
    (place.folder / "drop").rmdir()
    assert here(place, "drop")[str(place.folder / "drop")]["state"] == "missing"
    assert not (place.folder / "drop").exists()


def test_what_watching_relies_on_is_looked_at(place: Place) -> None:
    """Where syncd only looks, no watch is needed."""
    assert here(place, "kernel")["inotify"]["state"] in {"ok", "warning"}
    place.settings.write_text(place.settings.read_text().replace("[drop]", '[drop]\nwatch = "poll"'))
    assert "inotify" not in here(place, "kernel")


def test_a_token_that_others_may_read_is_said_with_all_the_rest(place: Place, site: Loopback) -> None:
    """The site is not asked with such a token; the machine is looked at all the same."""
    acts_on(place, site.url)
    (place.folder / "token").chmod(0o644)
    said = place.says("doctor")
    assert said.code == 1
    assert "chmod o-rwx" in said.out
    assert "is open to everybody" in said.out
    assert "The clock" in said.out
    assert TOKEN not in said.out


def test_a_running_daemon_is_not_disturbed(served: Place) -> None:
    """What is tried in its drop folder is no upload, and its ledger and lock are left alone."""
    before = served.tells("status")
    assert served.says("doctor").code == 0
    after = served.tells("status")
    assert (after["drop"]["count"], after["waiting"], after["trouble"]) == (0, [], [])
    assert before["daemon"]["pid"] == after["daemon"]["pid"]


HANGING = """
import ctypes, os, sys
from pathlib import Path
libc = ctypes.CDLL(None, use_errno=True)
server = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={server},rootmode=40000,user_id=0,group_id=0".encode()
if libc.mount(b"server", os.fsencode(sys.argv[2]), b"fuse.away", 0, options):
    sys.exit(f"no mount: {os.strerror(ctypes.get_errno())}")
from syncd.cli.machine import refuse_to_hang
from syncd.disk.machine.accounts import ourselves
from syncd.disk.machine.folders import seen
from syncd.errors import Fault
found = seen(Path(sys.argv[2]), ourselves(""), patience=0.5)
print(found.trial.answered, found.system.kind)
try:
    refuse_to_hang(Path(sys.argv[1]), patience=0.5)
except Fault as fault:
    print(fault)
"""


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system")
@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="this machine has no FUSE")
def test_a_file_server_that_is_away_is_named_and_not_waited_for(place: Place) -> None:
    """A file system of which nobody answers, as of a server that hangs: whatever touches it would hang too."""
    drop = place.folder / "drop"
    argv = ["unshare", "--mount", sys.executable, "-c", HANGING, str(place.settings), str(drop)]
    done = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    if "no mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip(done.stderr)
    first, second = done.stdout.splitlines()
    assert first == "False fuse.away"
    assert second.startswith(f"{drop} (fuse.away) does not answer")


@pytest.mark.skipif(
    not os.environ.get("SYNCD_TEST_MOODLE_LEAST_TOKEN"), reason="SYNCD_TEST_MOODLE_LEAST_TOKEN names no Moodle's token"
)
def test_a_real_moodle_with_a_least_privilege_token_lacks_nothing(place: Place) -> None:
    """The role that docs/MOODLE.md describes is enough."""
    acts_on(place, os.environ["SYNCD_TEST_MOODLE_URL"], os.environ["SYNCD_TEST_MOODLE_LEAST_TOKEN"])
    said = place.says("doctor")
    assert said.code == 0, said.out
