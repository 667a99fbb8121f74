"""Why a file waits: one sentence for each state, true, with what a person can do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from syncd.daemon import status
from syncd.errors import SiteRefused
from tests.daemon.desk import TOO_FEW, Desk
from tests.daemon.served import Served
from tests.daemon.test_backoff import interrupted
from tests.faulty import AWAY
from tests.run.workshop import FILE, good_users, program, users

Office = Callable[..., Desk]


def why(desk: Desk, path: str = FILE) -> str:
    """Why a file waits."""
    found = status.waiting(desk.dispatch, desk.workshop.repository, desk.workshop.clock)
    return next(str(one["why"]) for one in found if one["file"] == path)


def test_a_file_that_waits_for_its_tick(office: Office) -> None:
    """When that is, on the site's clock."""
    desk = office(users=users(timer="30 14 * * *"))
    desk.drop(good_users(2))
    desk.runs()
    assert why(desk) == "the tool users runs at 14:30:00"


def test_a_file_that_waits_for_a_tick_of_another_day(office: Office) -> None:
    """With its date."""
    desk = office(users=users(timer="0 3 * * *"))
    desk.drop(good_users(2))
    desk.runs()
    assert why(desk) == "the tool users runs at 2026-11-23 03:00"


def test_a_file_of_a_tool_without_a_timer(office: Office) -> None:
    """It runs by hand."""
    desk = office(users=users())
    desk.drop(good_users(2))
    desk.runs()
    assert why(desk) == "the tool users runs by syncd run users alone"


def test_a_file_that_is_about_to_run(office: Office) -> None:
    """Between its arrival and its run."""
    desk = office(users=users(timer="on arrival"))
    desk.drop(good_users(2))
    assert why(desk) == "the tool users is about to run"


def test_a_permanent_file_that_was_run(office: Office) -> None:
    """It waits for its next tick, although an arrival would run at once."""
    desk = office(users=users(timer=["on arrival", "0 15 * * *"], after_run="keep"))
    desk.drop(good_users(2))
    desk.runs()
    assert why(desk) == "the tool users runs at 15:00:00"


def test_a_file_for_which_there_is_no_tool(office: Office) -> None:
    """Nobody will ever run it."""
    desk = office(users=users(timer="on arrival"))
    desk.drop(good_users(2), "other.csv")
    assert why(desk, "other.csv") == "no tool is configured for this name"


def test_a_held_file(office: Office) -> None:
    """Why it is held, and how to decide."""
    desk = office(users=users(timer="on arrival", guard={"rows_at_least": 9}))
    desk.drop(good_users(2))
    (run,) = desk.runs()
    assert why(desk) == f"held: {run.reason} (syncd approve {run.id}, or syncd reject {run.id})"


@pytest.mark.parametrize(("hours", "until"), [(None, ""), (3, "until 15:00:00 "), (30, "until 2026-11-23 18:00 ")])
def test_a_file_of_a_paused_tool(office: Office, hours: int | None, until: str) -> None:
    """Until when, by whom, and how to resume it."""
    desk = office(users=users(timer="on arrival"))
    end = (desk.workshop.clock + timedelta(hours=hours)).isoformat() if hours else None
    desk.ask("pause", tool="users", until=end)
    desk.drop(good_users(2))
    desk.runs()
    assert why(desk) == f"the tool users is paused {until}by ana (syncd resume users)"


def test_a_run_that_a_freeze_met_half_done(office: Office) -> None:
    """Its file waits nowhere, so the run is named, with what it waits for."""
    desk = office(users=users(timer="on arrival"))
    desk.drop(good_users(2))
    run = interrupted(desk)
    now = desk.workshop.clock
    desk.freeze(now, now + timedelta(days=2))
    desk.restart()
    desk.runs()
    frozen = "the tool users is frozen until 2026-11-24 12:00: change of years (ana)"
    assert status.broken_off(desk.dispatch, now) == [{"run": run.id, "file": FILE, "why": frozen}]
    assert [one.id for one in desk.runs(days=2)] == [run.id]
    assert status.broken_off(desk.dispatch, now) == []


def test_a_frozen_file(office: Office) -> None:
    """Until when, why, and whom to ask; and what will become of one that was approved."""
    desk = office(users=users(timer="0 3 * * *", guard=TOO_FEW))
    desk.drop(good_users(2))
    desk.runs()
    (run,) = desk.runs(hours=16)
    desk.freeze(desk.workshop.clock, desk.workshop.clock + timedelta(days=2))
    assert why(desk).startswith("held: ")
    desk.answer("approve", run=run.id)
    frozen = "the tool users is frozen until 2026-11-25 04:00: change of years (ana)"
    assert why(desk) == f"approved by ana; {frozen}"
    desk.drop(good_users(3))
    assert why(desk) == frozen
    (tool,) = status.tools(desk.dispatch, desk.workshop.ledger, desk.workshop.clock)
    assert tool["next"] == tool["frozen"] == "2026-11-25T04:00:00+01:00"


def test_a_file_of_a_site_that_is_away(office: Office) -> None:
    """When the next try is, and how to have it at once."""
    desk = office(users=users(timer="on arrival"), others=users(file="others.csv", timer="on arrival"))
    desk.workshop.site.away = AWAY
    desk.drop(good_users(2))
    desk.drop(good_users(2), "others.csv")
    desk.runs()
    assert why(desk) == "the site could not be reached; next try at 12:01:00, or by syncd run users"
    assert why(desk, "others.csv") == "the site could not be reached; next try at 12:01:00, or by syncd run others"


def test_a_file_whose_run_failed(office: Office) -> None:
    """Another tool's failure is not its reason."""
    desk = office(users=users(timer="on arrival"), program=program("/nowhere", file="p.csv", timer="on arrival"))
    desk.workshop.site.away = SiteRefused("no")
    desk.drop(good_users(2))
    desk.runs()
    assert why(desk) == "the last run failed; next try at 12:01:00, or by syncd run users"


def test_a_file_that_waits_for_another_run(office: Office) -> None:
    """One runs at a time."""
    desk = office(users=users(timer="on arrival"), others=users(file="others.csv", timer="on arrival"))
    desk.drop(good_users(2))
    desk.drop(good_users(2), "others.csv")
    now = desk.workshop.clock
    desk.dispatch.start(desk.dispatch.wanted(now), now)
    assert desk.dispatch.under_way
    run = desk.dispatch.under_way.job.id
    assert why(desk, "others.csv") == f"the run {run} is under way; one runs at a time"
    assert (status.doing(desk.dispatch, now) or {})["run"] == run


def test_a_file_that_may_not_be_read(office: Office) -> None:
    """What to do about it."""
    desk = office(users=users(timer="on arrival"))
    desk.drop(good_users(2))
    desk.dispatch.waitlist.refresh()
    (file,) = desk.workshop.repository.waiting(FILE)
    desk.dispatch.waitlist.refresh = lambda: None  # type: ignore[method-assign]  # root may read everything
    desk.dispatch.waitlist.unreadable = frozenset({file})
    assert why(desk) == "syncd may not read it (chmod g+r)"


def test_each_tool_tells_its_next_time_and_its_last_run(office: Office) -> None:
    """And how the last run ended."""
    desk = office(users=users(timer=["on arrival", "0 3 * * *"]), others=users(file="others.csv"))
    desk.drop(good_users(2))
    (run,) = desk.runs()
    first, second = status.tools(desk.dispatch, desk.workshop.ledger, desk.workshop.clock)
    assert (first["next"], first["paused"]) == ("2026-11-23T03:00:00+01:00", None)
    assert (first["last"]["run"], first["last"]["counts"]) == (run.id, {"created": 2})
    assert (second["next"], second["last"]) == (None, None)


def drop_of(served: Served) -> dict[str, Any]:
    """What the status says of the drop folder."""
    found: dict[str, Any] = served.status()["drop"]
    return found


def test_the_drop_folder_tells_why_each_file_is_still_there(served: Served) -> None:
    """Settling, held by its sender, or something that is never taken, with what to do."""
    served.settings(change=lambda text: text.replace('"100ms"', '"1h"'))
    served.start()
    (served.drop / "link.csv").symlink_to("/etc/passwd")
    served.drops(good_users(2))
    served.hears("file.refused")
    assert "it is taken once it was quiet for 1 h" in served.why_dropped("users.csv")
    assert drop_of(served)["count"] == 2
    link = next(one for one in drop_of(served)["files"] if one["file"] == "link.csv")
    assert link["why"] == "it is a link, and links are never followed"
    assert link["cure"]
    (served.drop / "alock.txt").touch()
    served.hears("drop.held")
    assert served.why_dropped("users.csv") == "the sender's hold file is there"
    assert drop_of(served)["held_since"]


def test_the_status_names_the_daemon(served: Served) -> None:
    """Its process, its settings, and that nothing is wrong."""
    served.start()
    found = served.status()
    assert served.process
    assert (found["daemon"]["pid"], found["daemon"]["running"]) == (served.process.pid, True)
    assert (found["daemon"]["site"], found["trouble"], found["doing"]) == ("campus", [], None)
