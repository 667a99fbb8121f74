"""One boot for all the tests of it, with syncd installed, a sender, and an sshd for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.boot import installed, machine, sender
from tests.boot.installed import Service
from tests.boot.machine import Machine, booted


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is booted needs root."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.root)


@pytest.fixture(scope="session")
def bare_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine that runs, without syncd."""
    if why := machine.lacking(tmp_path_factory.mktemp("layers")):
        pytest.skip(why)
    with booted(tmp_path_factory.mktemp("machine")) as running:
        yield running


@pytest.fixture(scope="session")
def host(bare_machine: Machine) -> Machine:
    """A machine with syncd, and with the sender `erp`, who gets no further than to /srv/sftp/erp."""
    if why := installed.lacking(bare_machine):
        pytest.skip(why)
    installed.install(bare_machine)
    sender.welcome(bare_machine)
    return bare_machine


@pytest.fixture
def service(host: Machine) -> Iterator[Service]:
    """syncd as it was installed: its folders are empty, and it does not run yet."""
    yield from _service(host, "")


@pytest.fixture
def campus(host: Machine) -> Iterator[Service]:
    """The instance `campus`, likewise."""
    yield from _service(host, "campus")


@pytest.fixture
def library(host: Machine) -> Iterator[Service]:
    """The instance `library`, likewise."""
    yield from _service(host, "library")


def _service(host: Machine, name: str) -> Iterator[Service]:
    service = Service(host, name)
    if service.prepared:  # and reset after the test that had it
        service.mark()
    else:
        service.reset()
    yield service
    host.run("systemctl", "kill", "-s", "KILL", service.unit)
    service.reset()
