"""What accounts other than the daemon's do with the command line: root, and who is of its group."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncd.control import NotRunning, ask
from tests.cli.place import PATIENCE, PROJECT, SETTINGS, Place, users
from tests.waiting import wait_for

NOBODY = 65534
MEMBER = 65533
"""Somebody of nobody's group."""

SYSTEMS = "/usr/bin/python3"

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else"),
]


def _open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


def _python() -> str:
    """A Python that every account can run: this one, or the system's of the same version; "" for none."""
    if _open_to_all(Path(os.__file__)) and _open_to_all(Path(sys.executable)):
        return sys.executable
    asked = "import sys; print(sys.version_info[:2])"
    says = subprocess.run([SYSTEMS, "-c", asked], capture_output=True, text=True, check=False).stdout.strip()
    return SYSTEMS if says == str(sys.version_info[:2]) else ""


PYTHON = _python() if os.geteuid() == 0 and Path(SYSTEMS).exists() else ""
PACKAGES = Path(pytest.__file__).parents[1]


@pytest.fixture
def theirs() -> Iterator[Place]:
    """An installation whose folders belong to another user, who can read this project and a Python."""
    if not PYTHON or not _open_to_all(PROJECT / "syncd") or not _open_to_all(PACKAGES / "pytest"):
        pytest.skip("nobody but root can read this project, or a Python for it")
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
    for verb in (["files", "put", "users.csv", "erp/"], ["run", "users"], ["status"]):
        _does(theirs, *verb)
    made = [path for folder in ("repository", "state") for path in (theirs.folder / folder).rglob("*")]
    assert len(made) > 10
    assert {path.stat().st_uid for path in made} == {NOBODY}


def test_who_is_of_the_group_can_look_while_no_daemon_runs(theirs: Place) -> None:
    """The right to read is enough to see runs and reports, and looking leaves nothing behind."""
    _has_run(theirs)
    before = sorted(theirs.folder.rglob("*"))
    _member_sees_all(theirs)
    assert sorted(theirs.folder.rglob("*")) == before


def test_who_is_of_the_group_can_look_while_the_daemon_runs(theirs: Place) -> None:
    """What the daemon has just noted is seen too, by who can't write the files that SQLite keeps beside the ledger."""
    _has_run(theirs)
    with _daemon(theirs):
        _member_sees_all(theirs)
        _waits(theirs, 3)
        _does(theirs, "run", "users")
        assert _does(theirs, "runs", user=MEMBER).count("-users") == 2


def test_who_is_of_no_group_of_it_is_told(theirs: Place) -> None:
    """A stranger sees no history, and is told whose it is."""
    _has_run(theirs)
    said = _carried_out(theirs, "runs", user=MEMBER, group=MEMBER)
    assert said.returncode == 1
    assert "of the group that syncd runs as" in said.stderr


def _has_run(place: Place) -> None:
    for folder in ("repository", "state"):
        (place.folder / folder).chmod(0o750)
    _waits(place, 2)
    _does(place, "run", "users")


def _waits(place: Place, rows: int) -> None:
    (place.erp / "users.csv").write_text(users(rows))
    for made in (place.erp, place.erp / "users.csv"):
        os.chown(made, NOBODY, NOBODY)


def _member_sees_all(place: Place) -> None:
    assert "done" in _does(place, "runs", user=MEMBER)
    assert "2 rows changed it" in _does(place, "report", user=MEMBER)
    assert "done" in _does(place, "status", user=MEMBER)
    for verb in (["agenda"], ["files", "tree"], ["files", "ls", "archives"]):
        _does(place, *verb, user=MEMBER)


def _does(place: Place, *arguments: str, user: int = 0) -> str:
    done = _carried_out(place, *arguments, user=user)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _carried_out(
    place: Place, *arguments: str, user: int = 0, group: int = NOBODY
) -> "subprocess.CompletedProcess[str]":
    with _process(place, *arguments, user=user, group=group) as process:
        out, err = process.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def _process(place: Place, *arguments: str, user: int, group: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [PYTHON, "-P", "-m", "syncd", *arguments, "-c", str(place.settings)],
        cwd=place.folder,
        env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PACKAGES}", "PYTHONDONTWRITEBYTECODE": "1"},
        user=user or None,
        group=group if user else None,
        extra_groups=[] if user else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def _daemon(place: Place) -> Iterator[None]:
    with _process(place, "serve", user=NOBODY, group=NOBODY) as daemon:
        try:
            wait_for(lambda: _answers(place), PATIENCE, "a daemon that answers")
            yield
        finally:
            daemon.terminate()
            daemon.communicate(timeout=PATIENCE)


def _answers(place: Place) -> bool:
    try:
        return bool(ask(place.folder / "state", "status", {}))
    except NotRunning:
        return False
