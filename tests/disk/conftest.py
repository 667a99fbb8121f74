"""The folders that the tests of the disk work in."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.disk.folders import Folders


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what only root can do."""
    if item.get_closest_marker("root") and os.geteuid() != 0:
        pytest.skip("only root can act as somebody else, or mount a disk")


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """A drop folder, a repository and a ledger, all empty."""
    return Folders(tmp_path / "syncd").make()


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every account can use, unlike pytest's."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.fixture(autouse=True)
def _leaves_no_handle_open() -> Iterator[None]:
    """Whatever a test does, no handle of ours stays open."""
    before = _handles()
    yield
    assert _handles() <= before, "handles were left open"


def _handles() -> int:
    return len(os.listdir("/proc/self/fd"))
