"""Reading in a real journal what sshd says, and nobody else."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.journald import CATALOG, JOURNAL, privately

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """What readers were told."""
    if not shutil.which("journalctl") or not Path("/usr/bin/python3").exists():
        pytest.skip("needs journalctl and a Python of the system")
    script = CATALOG + JOURNAL + 'cd "$0" && exec "$1" -m tests.disk.overhearing'
    found: dict[str, Any] = json.loads(privately(script, str(Path(__file__).parents[2]), sys.executable).stdout)
    return found


def test_lines_of_sshd_are_told_and_forged_ones_are_not(answers: dict[str, Any]) -> None:
    """The kernel says which program a line is from; anybody may write a line that looks like it."""
    assert answers["before"] == ["one", "two"]


def test_what_comes_later_is_told_at_once(answers: dict[str, Any]) -> None:
    """Once, and nothing else is."""
    assert answers["live"] == ["three"]


def test_reading_goes_on_after_the_cursor(answers: dict[str, Any]) -> None:
    """What was told before is not told again; a cursor that is none counts as none."""
    assert answers["after the cursor"] == ["three"]
    assert answers["without a cursor"] == ["one", "two", "three"]


def test_the_kernel_tells_the_user(answers: dict[str, Any]) -> None:
    """And the process, in its boot."""
    assert answers["line"] == [1234, 1, "one"]


def test_who_may_not_read_it_is_told_what_it_takes(answers: dict[str, Any]) -> None:
    """Without the group, libsystemd shows an empty journal."""
    assert "systemd-journal" in answers["unreadable"]
