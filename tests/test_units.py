"""The units that ship: known to systemd in every line, locked in, alike, and each line with its reason."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from syncd.core.durations import parse
from syncd.targets.command import GRACE

UNITS = Path(__file__).parents[1] / "packaging/systemd"
NAMES = ("syncd.service", "syncd@campus.service")
MOST_EXPOSED = 10
"""Tenths of `systemd-analyze security`, of a hundred."""

analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze can't be found (systemd).")


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with a program that is there."""
    program = tmp_path / "syncd"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name in NAMES:
        text = (UNITS / name.replace("@campus", "@")).read_text()
        (tmp_path / name).write_text(text.replace("/opt/syncd/bin/syncd", str(program)))
    return tmp_path


def analyzed(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """What systemd-analyze says."""
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60)


def settings(text: str) -> dict[str, list[str]]:
    """Each key of a unit, and what it is set to."""
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^([A-Z]\w+)=(.*)$", text, re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


@analyze
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("drop_in", ["", "site.conf", "programs.conf"])
def test_systemd_has_nothing_to_say_against_them(units: Path, name: str, drop_in: str) -> None:
    """Nor against the drop-ins: an unknown key or a bad value is only said, so that silence is what counts."""
    if drop_in:
        folder = units / f"{name}.d"
        folder.mkdir()
        shutil.copy(UNITS / "drop-ins" / drop_in, folder)
    said = analyzed("verify", "--man=no", str(units / name))
    assert (said.returncode, said.stderr) == (0, "")


@analyze
@pytest.mark.parametrize("name", NAMES)
def test_they_are_exposed_to_one_point_of_ten_at_most(units: Path, name: str) -> None:
    """systemd's own count of what a service could reach."""
    options = ["--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}"]
    said = subprocess.run(
        ["systemd-analyze", "security", *options, str(units / name)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_template_is_the_unit_but_for_the_name() -> None:
    """What one has learned about the one holds for the other."""
    one, template = (settings((UNITS / name).read_text()) for name in ("syncd.service", "syncd@.service"))
    del one["Description"], template["Description"]
    nameless = {
        key: [re.sub(r"[/.@]%i", "", each.replace("/%i.toml", "/syncd.toml")) for each in values]
        for key, values in template.items()
    }
    assert nameless == one


@pytest.mark.parametrize(
    "file", sorted(UNITS.rglob("*.service")) + sorted(UNITS.rglob("*.conf")), ids=lambda file: file.name
)
def test_each_paragraph_of_a_unit_begins_with_its_reason(file: Path) -> None:
    """A line that nobody can give a reason for is a line that nobody dares to change."""
    for paragraph in file.read_text().split("\n\n"):
        lines = [line for line in paragraph.splitlines() if not line.startswith("[")]
        bare = lines and lines[0].startswith(("User=", "WantedBy=", "Description="))
        assert not lines or bare or lines[0].startswith("#"), lines[0]


@pytest.mark.parametrize("name", ["syncd.service", "syncd@.service"])
def test_a_stop_has_time_for_what_is_under_way(name: str) -> None:
    """A program is asked to end, has its grace, and its run is concluded, before systemd loses patience."""
    found = settings((UNITS / name).read_text())
    (hurry,) = re.findall(r"--hurry-after (\S+)", found["ExecStart"][0])
    (patience,) = found["TimeoutStopSec"]
    assert parse(hurry) + GRACE + 30 <= parse(patience.replace("min", "m"))
