"""Stops, reloads and reboots."""

from tests.boot.installed import UNITS, Service
from tests.boot.test_serving import USERS
from tests.boot.test_trouble import SLOW, under_way
from tests.run.workshop import good_users
from tests.waiting import wait_for

MORE = """
[tools.more]
kind = "users"
file = "more.csv"
timer = "on arrival"
"""
SLEEPS = """
[tools.program]
kind = "command"
file = "program.csv"
timer = "on arrival"
argv = ["/bin/sleep", "600"]
"""
HURRY = """[Service]
ExecStart=
ExecStart=/opt/syncd/bin/syncd serve --hurry-after 500ms
"""


def test_a_reload_comes_back_when_the_new_settings_hold(service: Service) -> None:
    """Who waited for it can rely on them."""
    service.start()
    service.settings(MORE)
    service.machine.does("systemctl", "reload", service.unit)
    assert service.events("settings.reloaded")
    service.drops(USERS, "more.csv")
    assert service.hears("run.ended")["tool"] == "more"


def test_a_reload_of_wrong_settings_fails_and_nothing_changes(service: Service) -> None:
    """systemctl says so, the journal says what is wrong, and the old settings stay."""
    service.start()
    pid = service.pid
    service.settings('[tools.more]\nkind = "user"\n')
    assert service.machine.run("systemctl", "reload", service.unit).returncode
    assert any("tools.more.kind" in entry["MESSAGE"] for entry in service.entries())
    service.drops(USERS)
    assert service.hears("run.ended")["created"] == "2"
    assert (service.shows("ActiveState"), service.pid) == ("active", pid)


def test_a_hangup_reloads_too(service: Service) -> None:
    """For who has no systemctl; wrong settings are in the log."""
    service.start()
    service.settings("[")
    service.machine.does("systemctl", "kill", "-s", "HUP", service.unit)
    assert service.hears("settings.refused")["problems"]
    assert service.shows("SubState") == "running"


def test_a_stop_in_mid_run_is_graceful_and_the_next_start_goes_on(service: Service) -> None:
    """The batches under way end; nothing is lost, nothing done twice."""
    under_way(service)
    wait_for(lambda: "running users" in service.shows("StatusText"), 20)
    service.stop()
    assert (service.shows("Result"), service.shows("ExecMainStatus")) == ("success", "0")
    assert service.hears("run.ended")["state"] == "interrupted"
    service.start()
    ended = service.done()
    assert int(ended["created"]) + int(ended.get("unchanged", 0)) == SLOW


def test_a_program_is_hurried_before_systemd_kills(service: Service) -> None:
    """The unit's one SIGTERM is enough: the run is noted as broken off, and held at the next start."""
    service.settings(SLEEPS)
    service.drop_in("hurry", HURRY)
    service.start()
    service.drops("x\n", "program.csv")
    service.hears("run.started")
    service.stop()
    assert (service.shows("Result"), service.shows("ExecMainStatus")) == ("success", "0")
    service.start()
    assert "interrupted" in service.hears("run.held")["reason"]


def test_a_reboot_with_files_waiting_loses_none(service: Service) -> None:
    """One was being run, one was not looked at yet; both are run when the machine is up again."""
    service.settings(MORE)
    service.machine.does("systemctl", "enable", service.unit)
    under_way(service)
    service.drops(USERS, "more.csv")
    service.machine.reboot()
    service.hears("daemon.ready", 2)
    service.done(2)
    by_tool = {event["tool"]: event for event in service.all_done()}
    assert by_tool["more"]["created"] == "2"
    assert int(by_tool["users"]["created"]) + int(by_tool["users"].get("unchanged", 0)) == SLOW
    service.machine.does("systemctl", "disable", service.unit)


def test_the_drop_folders_own_mount_comes_first_and_is_never_missed(service: Service) -> None:
    """With the drop-in that ships: the start brings the mount; when it goes, syncd goes before it."""
    machine, drop = service.machine, service.drop
    shipped = (UNITS / "drop-ins/site.conf").read_text()
    service.drop_in("shipped", shipped.replace("/var/moodledata/sync", drop))
    unit = machine.does("systemd-escape", "--path", "--suffix=mount", drop).strip()
    owner = ",".join(f"{name}={machine.does('id', f'-{name[0]}', 'erp').strip()}" for name in ("uid", "gid"))
    mount = f"[Mount]\nWhat=tmpfs\nWhere={drop}\nType=tmpfs\nOptions=mode=2770,{owner}\n"
    machine.writes(f"/etc/systemd/system/{unit}", mount)
    machine.does("systemctl", "daemon-reload")
    service.start()
    assert machine.does("findmnt", "-no", "FSTYPE", drop).strip() == "tmpfs"
    service.drops(USERS)
    assert service.done()["created"] == "2"
    machine.does("systemctl", "stop", unit)
    assert (service.shows("ActiveState"), service.shows("Result")) == ("inactive", "success")
    machine.does("rm", f"/etc/systemd/system/{unit}")


def test_an_instance_keeps_its_folders_when_another_stops(service: Service, library: Service) -> None:
    """What systemd removes with the one is not the other's; so both can be restarted at once."""
    for one in (service, library):
        one.start()
    kept = library.path(f"/run/{library.shows('RuntimeDirectory')}")
    assert kept.is_dir()
    service.machine.does("systemctl", "stop", service.unit)
    assert not service.path("/run/syncd").exists()
    assert kept.is_dir()


def test_two_instances_serve_two_sites_side_by_side(campus: Service, library: Service) -> None:
    """Each has its own settings, folders and journal; stopping one leaves the other."""
    for service in (campus, library):
        service.start()
    campus.drops(USERS)
    library.drops(good_users(5))
    assert (campus.hears("run.ended")["created"], library.hears("run.ended")["created"]) == ("2", "5")
    campus.stop()
    assert not campus.path(campus.drop).joinpath("users.csv").exists()
    library.drops(good_users(6))
    assert library.hears("run.ended", 2)["created"] == "1"
    assert len(campus.events("run.ended")) == 1
