"""The service as an administrator knows it: started, told of, fed, read in the journal."""

import shutil

import pytest

from tests.boot import sender
from tests.boot.installed import Service

USERS = "username,firstname,lastname,email\nanne,Anne,Ahlers,anne@example.org\nben,Ben,Berg,ben@example.org\n"


def test_a_start_ends_when_it_is_ready(service: Service) -> None:
    """systemctl start comes back after READY, and status says in words what it does."""
    service.start()
    assert service.shows("ActiveState") == "active"
    assert service.events("daemon.ready")
    assert service.shows("StatusText") == "waiting for files"


def test_a_dropped_file_is_run_and_read_back_in_the_journal(service: Service) -> None:
    """Each field of the log is a field of the journal, and systemd vouches for the unit that it is from."""
    service.start()
    service.drops(USERS)
    ended = service.hears("run.ended")
    assert (ended["unit"], ended["state"], ended["created"]) == (service.unit, "done", "2")
    assert service.path(service.repository).joinpath(ended["report"]).read_text()


@pytest.mark.sshd
@pytest.mark.skipif(not shutil.which("sftp"), reason="OpenSSH's sftp can't be found (Debian: openssh-client).")
def test_an_upload_of_a_chrooted_sender_is_run(service: Service) -> None:
    """A real sshd, a real client, a sender who sees nothing but the drop folder."""
    service.start()
    service.machine.writes("/root/users.csv", USERS)
    sender.sends(service.machine, "cd sync\nput /root/users.csv .part.csv\nrename .part.csv users.csv\n")
    assert service.hears("run.ended")["created"] == "2"
    assert not list(service.path(service.drop).glob("*.csv"))
