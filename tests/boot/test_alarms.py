"""The service as it watches itself: within the sandbox of its unit, and read in the journal."""

import json

from syncd.events import EVENTS
from tests.boot.installed import PATIENCE, Service
from tests.waiting import wait_for

USERS = "username,firstname,lastname,email\nanne,Anne,Ahlers,anne@example.org\n"
OFTEN = '[alarms]\nevery = "1s"\nfree_below = "100%"\n'


def test_an_alarm_is_explained_in_the_journal_and_shown_by_systemctl(service: Service) -> None:
    """Under its own id, with what to do; `systemctl status` says that there is one."""
    service.settings(OFTEN)
    service.start()
    raised = service.hears("disk.filling")
    assert raised["cure"].startswith("Make room")
    explained = service.machine.does("journalctl", "-x", f"MESSAGE_ID={EVENTS['disk.filling'].id}")
    assert "A disk is filling up" in explained
    text = "waiting for files; 1 alarm: syncd status"
    wait_for(lambda: service.shows("StatusText") == text, PATIENCE, text)


def test_a_drop_folder_that_was_replaced_is_said(service: Service) -> None:
    """The unit's sandbox lets nobody write into the new one: a canary tells soon, and a restart helps."""
    settings = service.path("/etc/syncd/syncd.toml")
    settings.write_text(settings.read_text().replace('poll_every = "1s"', 'poll_every = "1s"\ncanary_every = "1s"'))
    service.start()
    service.machine.does("rm", "-r", service.drop)
    service.machine.does("install", "-d", "-o", "erp", "-g", "sftp", "-m", "2770", service.drop)
    assert "systemctl restart syncd" in service.hears("canary.failed")["cure"]
    service.machine.does("systemctl", "restart", service.unit)
    service.drops(USERS)
    assert service.done()["created"] == "1"
    assert not service.events("watch.deaf")


def test_a_canary_flies_within_the_sandbox(service: Service) -> None:
    """The unit lets it, in the drop folder of a sender."""
    settings = service.path("/etc/syncd/syncd.toml")
    settings.write_text(settings.read_text().replace("poll_every", 'canary_every = "1s"\npoll_every'))
    service.start()

    def heard() -> bool:
        told = service.machine.does("/opt/syncd/bin/syncd", "status", "--json")
        return json.loads(told)["drop"]["canary"] is not None

    wait_for(heard, PATIENCE, "a canary that is heard")
