"""Desks and daemons for tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from syncd.tools.base import Tool
from tests.daemon.desk import Desk
from tests.daemon.served import Served, Systemd
from tests.run.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """A place where runs can be made."""
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.close()


@pytest.fixture
def office(workshop: Workshop) -> Iterator[Callable[..., Desk]]:
    """Makes the desk of these tools."""
    desks: list[Desk] = []

    def make(**tools: Tool) -> Desk:
        desks.append(Desk(workshop, tools))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A daemon that is not started yet; it has one tool, for users."""
    served = Served(tmp_path)
    served.settings()
    yield served
    served.kill()
    for file in served.open_files:
        file.close()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    """The other end of the notify socket of every process that the test starts."""
    systemd = Systemd(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", str(systemd.address))
    yield systemd
    systemd.close()
