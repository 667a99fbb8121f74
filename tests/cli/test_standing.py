"""What syncd is doing, what waits, and when tools run."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.cli.place import Place, users
from tests.end_to_end.daemon import Syncd
from tests.waiting import wait_for

PARIS = ZoneInfo("Europe/Paris")


def test_status_has_one_shape(place: Place, served: Place) -> None:
    """The document is the same with a daemon and without, but for what only a daemon knows."""
    with_daemon = served.tells("status")
    assert with_daemon["daemon"]["running"] is True
    assert set(with_daemon) == {
        *("daemon", "doing", "broken_off", "drop", "waiting", "held", "freezes", "alarms", "tools", "trouble")
    }
    assert [tool["tool"] for tool in with_daemon["tools"]] == ["users", "partners"]


def test_status_says_that_no_daemon_runs(place: Place) -> None:
    """Without a daemon the first line says so, and what waits is shown all the same, each with its reason."""
    (place.erp / "users.csv").write_text(users(1))
    (place.erp / "other.csv").write_text("?")
    (place.folder / "drop" / "new.csv").write_text("?")
    (place.folder / "drop" / "link").symlink_to("/etc/passwd")
    said = place.says("status")
    assert said.code == 0
    assert said.out.startswith("syncd is not running")
    found = place.tells("status")
    assert {file["file"]: file["why"] for file in found["waiting"]} == {
        "erp/users.csv": "syncd is not running (start it, or: syncd run users)",
        "erp/other.csv": "no tool is configured for this name",
    }
    assert {file["file"]: file["why"] for file in found["drop"]["files"]} == {
        "new.csv": "syncd is not running",
        "link": "it is a link, and links are never followed",
    }


def test_without_a_daemon_looking_changes_nothing(place: Place) -> None:
    """Verbs that look leave no file behind, not even a ledger."""
    before = sorted(place.folder.rglob("*"))
    for verb in (["status"], ["agenda"], ["runs"], ["check"], ["files", "ls"], ["files", "tree"]):
        assert place.says(*verb).code == 0
    assert sorted(place.folder.rglob("*")) == before


def test_status_shows_what_the_daemon_sees(served: Place) -> None:
    """A file that waits is named with the time of its tool."""
    (served.folder / "drop" / "erp").mkdir()
    (served.folder / "drop" / "erp" / "users.csv").write_text(users(1))
    wait_for((served.repository / "erp" / "users.csv").exists)
    said = served.says("status")
    assert "serves campus" in said.out
    assert "the tool users runs at" in said.out


def test_held_runs_and_the_last_run_are_shown(either: Place) -> None:
    """`status` names the held run, why it is held, and how the tool's last run ended."""
    run = either.holds_a_run()
    said = either.says("status").out
    assert run in said
    assert "the limit is" in said
    assert "planned: 40 deleted" in said


def test_names_can_steer_no_terminal(place: Place) -> None:
    """A name with control characters is shown escaped, in text; in JSON it can be read by every program."""
    (place.repository / "a\x1b[31m\nb.csv").write_text("?")
    (place.repository / "caf\udce9.csv").write_text("?")
    for verb in (["status"], ["files", "ls"], ["files", "tree"]):
        said = place.says(*verb).out
        assert "a\\x1b[31m\\nb.csv" in said
        assert "caf\\xe9.csv" in said
    names = {file["file"] for file in place.tells("status")["waiting"]}
    assert names == {"a\x1b[31m\nb.csv", "caf\\udce9.csv"}


def test_the_agenda_is_in_order(place: Place) -> None:
    """The next times come in order, with zone and offset; tools without a time are named apart."""
    found = place.tells("agenda", "-n", "4")
    times = [datetime.fromisoformat(time["at"]) for time in found["times"]]
    assert found["zone"] == "Europe/Paris"
    assert times == sorted(times)
    assert len(times) == 4
    assert {time.hour for time in times} == {3}
    assert {time.utcoffset() for time in times} <= {timedelta(hours=1), timedelta(hours=2)}
    assert [tool["tool"] for tool in found["untimed"]] == ["partners"]
    said = place.says("agenda").out
    assert "Europe/Paris" in said
    assert "partners: only by syncd run" in said


def test_timers_of_one_tool_that_coincide_are_one_time(place: Place) -> None:
    """Two timers of a tool that tick together are one line that names both."""
    place.settings.write_text(place.settings.read_text().replace('"0 3 * * *"', '"every 1h", "every 30m"'))
    times = place.tells("agenda", "-n", "2")["times"]
    assert {time["timer"] for time in times} == {"every 30m", "every 1h, every 30m"}


def test_a_pause_is_seen_and_ended(either: Place) -> None:
    """A paused tool is marked in the agenda and the status, until it is resumed."""
    said = either.says("pause", "users", "--until", "2h")
    assert said.code == 0
    assert said.out.startswith("users is paused until 2")
    (users_tool, _) = either.tells("status")["tools"]
    assert users_tool["paused"]["until"]
    assert "paused until" in either.says("status").out
    assert either.says("resume", "users").out == "users runs again\n"
    assert either.says("resume", "users").out == "users was not paused\n"


def test_everything_is_paused_and_resumed_at_once(either: Place) -> None:
    """Whoever does so at three in the morning need not know the names; one or all must be meant."""
    said = either.says("pause", "--all", "--until", "2h").out
    assert [line.split()[0] for line in said.splitlines()] == ["users", "partners"]
    assert all(tool["paused"] for tool in either.tells("status")["tools"])
    either.says("resume", "partners")
    assert either.says("resume", "--all").out == "users runs again\npartners was not paused\n"
    for words in (["pause"], ["resume"], ["pause", "users", "--all"]):
        refused = either.says(*words)
        assert refused.code == 2
        assert "name one tool, or say --all" in refused.err


def test_times_within_a_pause_are_marked(place: Place) -> None:
    """Only the times that a pause swallows are marked."""
    place.says("pause", "users", "--until", "30h")
    marks = [time["paused"] for time in place.tells("agenda", "-n", "3")["times"]]
    assert marks[0] is True
    assert marks[2] is False
    assert "paused" in place.says("agenda").out


def freeze(place: Place, begins: timedelta, ends: timedelta) -> datetime:
    """Freeze the place from and until so long from now, with its daemon, if it has one; returns the end."""
    now = datetime.now(PARIS).replace(microsecond=0)
    table = f'from = "{now + begins}"\nuntil = "{now + ends}"\nwho = "ana"\nwhy = "change of years"\n'
    place.settings.write_text(f"{place.settings.read_text()}\n[[freeze]]\n{table}")
    place.says("reload")
    return now + ends


def test_a_freeze_is_seen_with_who_and_why(either: Place) -> None:
    """In the status of the file that waits for its end, and where a person would run it."""
    (either.erp / "users.csv").write_text(users(1))
    end = freeze(either, -timedelta(hours=1), timedelta(days=3))
    said = either.says("status").out
    assert f"No run starts until {end:%Y-%m-%d %H:%M}" in said
    assert "change of years (ana)" in said
    found = either.tells("status")
    assert [one["in_force"] for one in found["freezes"]] == [True]
    assert found["waiting"][0]["why"] == f"the tool users is frozen until {end:%Y-%m-%d %H:%M}: change of years (ana)"
    refused = either.says("run", "users")
    assert (refused.code, refused.out) == (7, "")
    assert "change of years (ana). Nothing was run" in refused.err
    assert either.says("run", "users", "--simulate").code == 0
    assert (either.erp / "users.csv").exists()


def test_what_was_approved_in_a_freeze_waits_for_nobody(either: Place) -> None:
    """The approval is noted at once, and the status no longer asks for a decision."""
    run = either.holds_a_run()
    freeze(either, -timedelta(hours=1), timedelta(days=3))
    said = either.says("approve", run)
    assert said.code == 0
    assert f"The run {run} is approved. It is made when the freeze is over" in said.out
    found = either.tells("status")
    assert found["held"] == []
    assert "; the tool users is frozen until" in found["waiting"][0]["why"]
    assert found["waiting"][0]["why"].startswith("approved by ")


def test_the_agenda_goes_on_when_a_freeze_is_over(place: Place) -> None:
    """What falls into it is one time, at its end, and says so."""
    place.settings.write_text(place.settings.read_text().replace('"0 3 * * *"', '"every 15m"'))
    end = freeze(place, -timedelta(hours=1), timedelta(days=30))
    first, second = place.tells("agenda", "-n", "2")["times"]
    assert (datetime.fromisoformat(first["at"]), first["thawed"]) == (end, True)
    assert end < datetime.fromisoformat(second["at"]) <= end + timedelta(minutes=15)
    assert second["thawed"] is False
    assert place.says("agenda").out.count("after a freeze") == 1


def test_a_ruined_ledger_hides_no_files(place: Place) -> None:
    """Where the ledger can't be read, `status` says so and still shows what waits."""
    (place.erp / "users.csv").write_text(users(1))
    (place.folder / "state").mkdir()
    (place.folder / "state" / "ledger.sqlite").write_text("this is no ledger, whatever its name says")
    found = json.loads(place.says("status", "--json").out)
    assert "ledger" in found["trouble"][0]
    assert [file["file"] for file in found["waiting"]] == ["erp/users.csv"]
    assert place.says("runs").code == 1


def test_status_and_log_say_that_syncd_only_looks(place: Place) -> None:
    """How often; on a network file system nobody has to ask for it, and everybody is told."""
    text = place.settings.read_text().replace("[drop]", '[drop]\nwatch = "poll"\npoll_every = "40s"')
    place.settings.write_text(text)
    syncd = Syncd(place.folder)
    try:
        syncd.start()
        assert syncd.events("watch.off")[0]["looks_every"] == 40
        assert "syncd looks into the drop folder every 40 s" in place.says("status").out
        assert place.tells("status")["drop"]["looks_every"] == 40
        assert syncd.stop() == 0
    finally:
        syncd.kill()
