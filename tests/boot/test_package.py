"""The Debian package on a machine: installed, upgraded with work in flight, downgraded, removed, purged."""

from collections.abc import Iterator

import pytest

from syncd import __version__
from tests.boot import machine, sender
from tests.boot.installed import Service
from tests.boot.machine import Machine, booted
from tests.boot.test_serving import USERS
from tests.boot.test_trouble import SLOW, under_way
from tests.packaged import FORMER, Packages
from tests.run.workshop import good_users
from tests.waiting import wait_for

NEW, OLD = "/root/new.deb", "/root/former.deb"
NEWER_LEDGER = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA user_version = 99')"


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory, packages: Packages) -> Iterator[Machine]:
    """A machine that has never seen syncd, with both packages in root's home, and with a sender."""
    if why := machine.lacking(tmp_path_factory.mktemp("layers")):
        pytest.skip(why)
    with booted(tmp_path_factory.mktemp("debian")) as running:
        running.writes(NEW, packages.new.read_bytes())
        running.writes(OLD, packages.former.read_bytes())
        running.run("rm", "/var/lib/man-db/auto-update")  # a list of all manual pages takes longer than all the rest
        running.writes("/etc/sysusers.d/senders.conf", "g sftp -\n")
        running.does("systemd-sysusers")
        sender.welcome(running)
        yield running


@pytest.fixture
def clean(debian: Machine) -> Iterator[Machine]:
    """That machine, on which every test begins and ends without the package."""
    yield debian
    debian.does("dpkg", "--purge", "syncd")
    debian.does("sh", "-c", "rm -rf /opt/syncd /srv/syncd /srv/sftp/erp/* /etc/systemd/system/syncd*.d")


def installs(machine: Machine, package: str) -> str:
    """Install a package, up or down; what is said about it."""
    return machine.does("dpkg", "--install", package)


def instance(machine: Machine, name: str = "") -> Service:
    """An instance with settings and folders, enabled and not started."""
    service = Service(machine, name)
    service.prepare()
    service.mark()
    machine.does("systemctl", "enable", service.unit)
    return service


def there(machine: Machine, *paths: str) -> set[str]:
    """Which of these paths are there."""
    return {path for path in paths if not machine.run("test", "-e", path).returncode}


def test_installed_everything_has_its_place_and_nothing_runs(clean: Machine) -> None:
    """The settings are still to be written: the unit is neither enabled nor started, and says what lacks if it is."""
    said = installs(clean, NEW)
    assert "nothing runs yet" in said
    assert clean.does("syncd", "--version").strip() == f"syncd {__version__}"
    assert clean.run("systemctl", "is-enabled", "syncd").stdout.strip() == "disabled"
    assert clean.run("systemctl", "is-active", "syncd").stdout.strip() == "inactive"
    assert clean.does("stat", "-c", "%U:%a", "/srv/syncd", "/etc/syncd", "/etc/credstore").split() == [
        "syncd:750",
        "root:755",
        "root:700",
    ]
    assert "syncd begins" in clean.does("journalctl", "--list-catalog")
    assert clean.run("systemctl", "start", "syncd").returncode
    assert "/etc/syncd/syncd.toml" in clean.does("journalctl", "-q", "-o", "cat", "-u", "syncd")


def test_two_commands_after_it_files_are_taken(clean: Machine) -> None:
    """`syncd init` writes what the package does not bring, and no unit; the journal explains what happens."""
    installs(clean, NEW)
    service = Service(clean)
    service.mark()
    clean.does(
        "syncd",
        "init",
        "--yes",
        "--drop",
        service.drop,
        "--sender",
        "erp",
        "--kinds",
        "users=users.csv",
        "--url",
        "practice",
    )
    assert not there(clean, "/etc/systemd/system/syncd.service", "/etc/tmpfiles.d/syncd.conf", "/usr/local/bin/syncd")
    clean.does("systemctl", "enable", "--now", "syncd")
    service.drops(USERS)
    assert service.done()["created"] == "2"
    assert "░░ Subject: syncd notices dropped files" in clean.does("journalctl", "-q", "-x", "-u", service.unit)


def test_an_upgrade_with_work_in_flight_loses_nothing_and_does_nothing_twice(clean: Machine) -> None:
    """The run ends its batch; then, not before, files are replaced; the new version goes on, with the instances too."""
    installs(clean, OLD)
    service, campus, library = instance(clean), instance(clean, "campus"), instance(clean, "library")
    ended = "/root/ended"  # what lay there when the old process was gone
    look = f"grep -h __version__ /opt/syncd/lib/python3*/site-packages/syncd/__init__.py >>{ended}"
    service.drop_in("look", f"[Service]\nExecStopPost=+/bin/sh -c '{look}'\n")
    campus.start()
    under_way(service)
    wait_for(lambda: "running users" in service.shows("StatusText"), 20)
    installs(clean, NEW)
    assert service.hears("run.ended")["state"] == "interrupted"
    assert clean.does("cat", ended) == f'__version__ = "{FORMER}"\n'
    done = service.done()
    assert int(done["created"]) + int(done.get("unchanged", 0)) == SLOW
    for each in (service, campus):
        assert [event["version"] for event in each.events("daemon.started")] == [FORMER, __version__]
        assert each.shows("Result") == "success"
    assert library.shows("ActiveState") == "inactive"  # nobody had started it
    campus.drops(USERS)
    assert campus.done()["created"] == "2"
    assert not there(clean, "/run/syncd.upgrade")


def test_an_upgrade_after_which_one_does_not_start_is_complete_all_the_same(clean: Machine) -> None:
    """It names the one whose settings are wrong, and the others run: apt is not left half-way."""
    installs(clean, OLD)
    service, campus = instance(clean), instance(clean, "campus")
    service.start()
    campus.start()
    service.settings("[")
    upgrade = clean.run("dpkg", "--install", NEW)
    assert upgrade.returncode == 0
    assert "syncd.service could not be started" in upgrade.stderr
    assert (service.shows("ActiveState"), campus.shows("ActiveState")) == ("failed", "active")
    service.settings()
    installs(clean, NEW)
    assert service.shows("ActiveState") == "active"


def test_a_downgrade_works_and_a_newer_ledger_is_refused_in_a_sentence(clean: Machine) -> None:
    """dpkg itself succeeds; the service says which way out there is, and the newer version takes up where it was."""
    installs(clean, NEW)
    service = instance(clean)
    service.start()
    installs(clean, OLD)
    assert service.hears("daemon.started", 2)["version"] == FORMER
    service.drops(USERS)
    service.done()
    service.stop()
    clean.does("/usr/bin/python3", "-c", NEWER_LEDGER, f"{service.state}/ledger.sqlite")
    assert clean.run("systemctl", "start", service.unit).returncode
    said = [entry["MESSAGE"] for entry in service.entries()]
    assert any("written by a newer syncd" in message and "install that version again" in message for message in said)
    assert (service.shows("ExecMainStatus"), service.shows("NRestarts")) == ("2", "0")
    clean.does("systemctl", "stop", service.unit)


def test_removed_it_leaves_settings_and_work_and_a_new_installation_goes_on(clean: Machine) -> None:
    """What was told, remembered and archived stays; the service is stopped in order, and is enabled still."""
    installs(clean, NEW)
    service = instance(clean)
    service.start()
    service.drops(good_users(2))
    service.done()
    clean.does("dpkg", "--remove", "syncd")
    assert service.hears("daemon.stopped")
    assert not there(clean, "/opt/syncd", "/usr/bin/syncd", "/usr/lib/systemd/system/syncd.service")
    assert there(clean, "/etc/syncd/syncd.toml", f"{service.state}/ledger.sqlite", f"{service.repository}/archives")
    installs(clean, NEW)
    assert clean.does("systemctl", "is-enabled", "syncd").strip() == "enabled"
    service.start()
    service.drops(good_users(3))
    assert service.done(2)["created"] == "1"


def test_purged_it_forgets_what_it_was_told_and_keeps_what_is_peoples(clean: Machine) -> None:
    """Settings, tokens, ledger and links go; repository, drop folder and user stay, and it says so."""
    installs(clean, NEW)
    service, campus = instance(clean), instance(clean, "campus")
    clean.does("syncd", "init", "library", "--yes", "--url", "practice")
    for each in (service, campus):
        each.start()
        each.drops(USERS)
        each.done()
    clean.writes("/etc/credstore/syncd.token", "secret", 0o600)
    clean.writes("/etc/credstore/syncd.campus.token", "secret", 0o600)
    clean.writes("/etc/credstore/other.token", "other's", 0o600)
    said = clean.does("dpkg", "--purge", "syncd")
    assert "/srv/syncd, the repository, stays" in said
    gone = ("/opt/syncd", "/etc/syncd", "/var/lib/syncd", "/etc/credstore/syncd.token", "/run/syncd")
    assert not there(clean, *gone, "/etc/credstore/syncd.campus.token")
    assert not clean.does("find", "/etc/systemd/system", "-lname", "*syncd*")
    assert not clean.does("find", "/etc/sysusers.d", "/etc/systemd/system/", "-path", "*syncd*library*", "-type", "f")
    assert there(clean, "/etc/systemd/system/syncd.service.d/site.conf")  # an administrator's
    for each in (service, campus):
        assert there(clean, f"{each.repository}/archives", f"{each.repository}/reports", each.drop)
    assert there(clean, "/etc/credstore/other.token")
    assert clean.does("id", "-un", "syncd").strip() == "syncd"
    assert "syncd begins" not in clean.does("journalctl", "--list-catalog")
    clean.does("rm", "/etc/credstore/other.token")


def test_purging_spares_a_repository_in_the_state_folder(clean: Machine) -> None:
    """Somebody put it there: people's files are never deleted with the program."""
    installs(clean, NEW)
    mine = "/var/lib/syncd/campus-repository/archives/20261122-091743_users.csv"
    clean.writes(mine, "username\n")
    assert "/var/lib/syncd holds a repository and stays" in clean.does("dpkg", "--purge", "syncd")
    assert there(clean, mine)
    clean.does("rm", "-r", "/var/lib/syncd")


def test_what_was_installed_there_by_hand_is_not_mixed_with_it(clean: Machine) -> None:
    """The package says what to do, and touches nothing."""
    clean.writes("/opt/syncd/pyvenv.cfg", "home = /usr/bin\n")
    tried = clean.run("dpkg", "--install", NEW)
    assert tried.returncode
    assert "Move it away first: mv /opt/syncd /opt/syncd.old" in tried.stderr
    assert there(clean, "/opt/syncd/pyvenv.cfg")
    assert not there(clean, "/opt/syncd/bin")


def test_a_unit_that_hides_the_packages_is_mentioned(clean: Machine) -> None:
    """What was copied to /etc by hand goes on to be used, whatever an upgrade brings."""
    unit = "/etc/systemd/system/syncd@.service"
    clean.writes(unit, "[Service]\nExecStart=/bin/true\n")
    assert f"{unit} is used instead of the package's" in installs(clean, NEW)
    clean.does("rm", unit)


def test_the_journal_tells_instances_apart(clean: Machine) -> None:
    """`-u syncd@NAME` is one, `-u 'syncd@*'` is all of them."""
    installs(clean, NEW)
    services = [instance(clean, name) for name in ("campus", "library")]
    for each in services:
        each.start()
    query = ("journalctl", "-q", "-o", "cat", "--output-fields=SYNCD_SETTINGS", "SYNCD_EVENT=daemon.started", "-u")
    assert clean.does(*query, "syncd@campus").split()[-1:] == ["/etc/syncd/campus.toml"]
    assert set(clean.does(*query, "syncd@*").split()) == {"/etc/syncd/campus.toml", "/etc/syncd/library.toml"}
