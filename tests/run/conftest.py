"""A workshop for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """A place where runs can be made."""
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.close()
