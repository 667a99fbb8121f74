"""A real sshd, and real daemons, for the tests that see the whole way through."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.sftp_server import SftpServer, lacking, private_sshd
from tests.end_to_end.daemon import SETTINGS, Syncd
from tests.end_to_end.sftp import Sender


@pytest.fixture(scope="session")
def sftp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    """OpenSSH's sshd on loopback, for all the tests."""
    if sentence := lacking():
        pytest.skip(sentence)
    with private_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def syncd(tmp_path: Path) -> Iterator[Syncd]:
    """A daemon that takes what has been quiet for half a second."""
    with serving(tmp_path, settle="500ms") as syncd:
        yield syncd


@pytest.fixture
def patient_syncd(tmp_path: Path) -> Iterator[Syncd]:
    """A daemon that leaves time enough to resume an upload."""
    with serving(tmp_path, settle="4s") as syncd:
        yield syncd


@contextmanager
def serving(tmp_path: Path, *, settle: str) -> Iterator[Syncd]:
    """A daemon that must end well, and must never have said that something is wrong with itself or the machine."""
    folder = tmp_path / "syncd"
    folder.mkdir()
    (folder / "syncd.toml").write_text(SETTINGS.format(settle=settle))
    syncd = Syncd(folder)
    try:
        syncd.start()
        yield syncd
        assert syncd.stop() == 0
        assert '"level": "error"' not in syncd.log.read_text()
    finally:
        syncd.kill()


@pytest.fixture
def sender(sftp_server: SftpServer, syncd: Syncd) -> Iterator[Sender]:
    """Somebody who uploads to `syncd`."""
    sender = Sender(sftp_server, syncd.drop)
    yield sender
    sender.leaves()


@pytest.fixture
def patient_sender(sftp_server: SftpServer, patient_syncd: Syncd) -> Iterator[Sender]:
    """Somebody who uploads to `patient_syncd`."""
    sender = Sender(sftp_server, patient_syncd.drop)
    yield sender
    sender.leaves()


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """The sender's own folder."""
    folder = tmp_path / "local"
    folder.mkdir()
    return folder
