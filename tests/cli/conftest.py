"""Places to carry out command lines in, with a daemon and without."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.place import SETTINGS, Place
from tests.end_to_end.daemon import Syncd


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An installation in which no daemon runs."""
    place = Place(tmp_path / "syncd")
    for folder in ("drop", "repository"):
        (place.folder / folder).mkdir(parents=True)
    place.settings.write_text(SETTINGS.format(timer="0 3 * * *"))
    return place


@pytest.fixture
def served(place: Place) -> Iterator[Place]:
    """The same with a daemon."""
    syncd = Syncd(place.folder)
    try:
        syncd.start()
        yield place
        assert syncd.stop() == 0
    finally:
        syncd.kill()


@pytest.fixture(params=["alone", "with a daemon"])
def either(request: pytest.FixtureRequest) -> Place:
    """What holds here holds whether a daemon does the work or the command itself."""
    return request.getfixturevalue("place" if request.param == "alone" else "served")  # type: ignore[no-any-return]  # pytest types no fixture
