"""What root does with the command line stays the daemon's to use."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.place import PROJECT, SETTINGS, Place, users

NOBODY = 65534

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else"),
]


@pytest.fixture
def theirs() -> Iterator[Place]:
    """An installation whose folders belong to another user, who can read this project and its Python."""
    if not all(folder.stat().st_mode & 0o001 for top in (PROJECT, Path(os.__file__)) for folder in top.parents):
        pytest.skip("nobody but root can read this project, or its Python")
    with tempfile.TemporaryDirectory() as made:
        place = Place(Path(made))
        place.settings.write_text(SETTINGS.format(timer="0 3 * * *"))
        for folder in ("drop", "repository", "state"):
            (place.folder / folder).mkdir()
            os.chown(place.folder / folder, NOBODY, NOBODY)
        place.folder.chmod(0o711)
        yield place


def test_what_root_leaves_belongs_to_the_daemons_user(theirs: Place) -> None:
    """After root has put a file and run it, everything in the folders is the other user's."""
    secret = theirs.folder / "users.csv"
    secret.write_text(users(2))
    secret.chmod(0o600)
    assert theirs.carries_out("files", "put", "users.csv", "erp/", "-c", "syncd.toml").code == 0
    said = theirs.says("run", "users")
    assert said.code == 0, said.err
    assert theirs.says("status").code == 0
    made = [path for folder in ("repository", "state") for path in (theirs.folder / folder).rglob("*")]
    assert len(made) > 10
    assert {path.stat().st_uid for path in made} == {NOBODY}
