"""The machine itself: what it starts from, and that nothing of it stays."""

from pathlib import Path

import pytest

from tests.boot.machine import Machine, booted, lacking


def left(word: str) -> list[str]:
    """Mounts and control groups of this machine in which a word occurs."""
    mounts = [line for line in Path("/proc/self/mounts").read_text().splitlines() if word in line]
    groups = [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/*{word}*")]
    return mounts + groups


def test_nothing_of_it_is_left(tmp_path: Path) -> None:
    """No mount, no control group, no process, and no file of ours was changed."""
    layers = tmp_path / "layers"
    layers.mkdir()
    if why := lacking(layers):
        pytest.skip(why)
    with booted(tmp_path / "machine") as machine:
        names = [leaf.name for leaf in machine.leaves]
        assert left(names[0])
        machine.writes("/etc/syncd-was-here", "x")
        root = machine.root
    assert not Path("/etc/syncd-was-here").exists()
    assert not root.exists()
    assert not left(names[0])
    assert not left(str(tmp_path))


def test_every_unit_that_it_starts_is_up(bare_machine: Machine) -> None:
    """So that a failure in a test of syncd is syncd's."""
    assert bare_machine.does("systemctl", "is-system-running").strip() == "running"
