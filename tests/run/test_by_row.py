"""A run of a users file from its bytes to its report, on a practice site with faults."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import syncd.core
from syncd.core.model import Outcome, RunState
from syncd.errors import SiteRefused
from syncd.run import carry_out
from syncd.run.applying import PAUSES
from tests.faulty import AWAY, LOST, from_then_on, none, once
from tests.run.workshop import FILE, NO_LIMITS, Workshop, good_users, user_row, users, users_file

SCHEMA = json.loads((Path(syncd.core.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))
WITH_DEEDS = "username,firstname,lastname,email,idnumber,suspended,deleted"


def test_rows_that_change_again_what_an_earlier_one_changed_are_told(workshop: Workshop) -> None:
    """A file that contradicts itself is never done: the report says where, in flat memory."""
    workshop.make(users(), good_users(2))
    closed, opened, other = user_row(0) + ",1,0", user_row(0) + ",0,0", user_row(1) + ",1,0"
    for _ in range(2):
        (note,) = workshop.report(workshop.make(users(), users_file([closed, other, opened, opened], WITH_DEEDS)))[
            "notes"
        ]
        assert note.startswith("what an earlier row changed is changed again by line 4: ")
    rows = [closed, other, *[opened, closed] * 6, opened]
    (note,) = workshop.report(workshop.make(users(guard=NO_LIMITS), users_file(rows, WITH_DEEDS)))["notes"]
    assert "by lines 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 3 more: " in note


def test_lines_passed_over_are_told_in_the_report(workshop: Workshop) -> None:
    """They are no rows, and have no result: without the note they would be lost in silence."""
    run = workshop.make(users(), users_file([user_row(1), "-" + user_row(2), user_row(3)]))
    assert workshop.report(run)["notes"][0].startswith("1 line was passed over as comments: line 3;")


def test_a_users_file_becomes_users(workshop: Workshop) -> None:
    """Each row makes its account; the file is archived, and nothing waits any more."""
    run = workshop.make(users(), good_users(3))
    assert (run.state, run.counts) == (RunState.DONE, {Outcome.CREATED: 3})
    assert workshop.usernames() == {"user0", "user1", "user2"}
    assert not workshop.waiting
    assert workshop.files("archives") == {"20261122-120001_users.csv": good_users(3)}


def test_the_same_file_again_changes_nothing(workshop: Workshop) -> None:
    """What holds already is unchanged, and the site is asked to change nothing."""
    workshop.make(users(), good_users(3))
    before = len(workshop.site.calls)
    again = workshop.make(users(), good_users(3))
    assert again.counts == {Outcome.UNCHANGED: 3}
    assert len(workshop.site.calls) == before


def test_bad_rows_are_refused_and_the_good_ones_made(workshop: Workshop) -> None:
    """Rows refused by syncd and rows refused by the site stand in the report and in the tryback, in file order."""
    rows = [user_row(0), user_row(1, email="nonsense"), user_row(2, email="taken@example.org"), user_row(3)]
    workshop.site.refuses = lambda item: item.get("email") == "taken@example.org"
    run = workshop.make(users(), users_file(rows))
    assert workshop.outcomes(run) == ["created", "rejected", "rejected", "created"]
    assert [row["line"] for row in workshop.report(run)["refused"]] == [3, 4]
    (tryback,) = workshop.waiting.items()
    assert tryback[0] == "erp/users_tryback_20261122-120001.csv"
    assert [line.rpartition(",")[0] for line in tryback[1].decode().splitlines()[1:]] == rows[1:3]


def test_a_tryback_runs_as_it_is(workshop: Workshop) -> None:
    """Once the reason is gone, the tryback makes what the file could not."""
    workshop.site.refuses = lambda item: item.get("username") == "user1"
    run = workshop.make(users(), good_users(3))
    workshop.site.refuses = lambda _: False
    again = workshop.make(users(), path=workshop.report(run)["tryback"])
    assert again.counts == {Outcome.CREATED: 1}
    assert workshop.usernames() == {"user0", "user1", "user2"}


def test_a_row_creates_an_account_and_a_later_one_suspends_it(workshop: Workshop) -> None:
    """Both are carried out in one run, in this order."""
    rows = [user_row(0) + ",0,0", user_row(0) + ",1,0"]
    run = workshop.make(users(guard=NO_LIMITS), users_file(rows, WITH_DEEDS))
    assert workshop.outcomes(run) == ["created", "suspended"]
    assert workshop.accounts()["user0"]["suspended"] is True


def test_a_new_cohort_its_account_and_its_membership_come_in_one_run(workshop: Workshop) -> None:
    """The row that makes the cohort makes its account as well, and nothing is left for the next run."""
    rows = [user_row(0) + ",2A", user_row(1) + ",2A"]
    content = users_file(rows, "username,firstname,lastname,email,idnumber,cohort")
    assert workshop.make(users(), content).counts == {Outcome.CREATED: 2}
    assert workshop.make(users(), content).counts == {Outcome.UNCHANGED: 2}


def test_a_name_that_an_earlier_row_frees_can_be_taken_by_a_later_one(workshop: Workshop) -> None:
    """The account of a name is deleted, or changes its address, and a new one gets it, in one file."""
    workshop.make(users(), good_users(2))
    rows = [
        user_row(0) + ",0,1",
        user_row(1, email="new@example.org") + ",0,0",
        user_row(2, username="user0", email="user0@example.org") + ",0,0",
        user_row(3, email="user1@example.org") + ",0,0",
    ]
    tool = users(guard=NO_LIMITS, protect_emails=False)
    assert workshop.outcomes(workshop.make(tool, users_file(rows, WITH_DEEDS))) == [
        "deleted",
        "updated",
        "created",
        "created",
    ]


# What the site does


def test_a_lost_answer_is_found_out_and_nothing_is_made_twice(workshop: Workshop) -> None:
    """What was done counts as done, though the site never said so; the run waited before it asked."""
    workshop.site.after = once(0, LOST)
    run = workshop.make(users(), good_users(30))
    assert (run.state, run.counts) == (RunState.DONE, {Outcome.CREATED: 30})
    assert len(workshop.accounts()) == 30
    assert workshop.site.calls == [("core_user_create_users", 30)]
    assert run.ended and (run.ended - run.started).total_seconds() >= PAUSES[0]
    workshop.put(good_users(30))
    assert workshop.make(users()).counts == {Outcome.UNCHANGED: 30}


def test_a_lost_request_is_sent_again(workshop: Workshop) -> None:
    """The other way a call may be lost: nothing was done, so it is done now."""
    workshop.site.before = once(0, LOST)
    run = workshop.make(users(), good_users(30))
    assert (run.state, run.counts) == (RunState.DONE, {Outcome.CREATED: 30})
    assert len(workshop.accounts()) == 30


def test_rows_whose_answers_are_lost_again_and_again_are_unknown_and_the_next_run_settles_them(
    workshop: Workshop,
) -> None:
    """They are never created twice: what was done shows up as unchanged."""
    workshop.site.before = from_then_on(0, LOST)
    run = workshop.make(users(), good_users(30))
    assert (run.state, run.counts) == (RunState.UNREACHABLE, {Outcome.UNKNOWN: 30})
    assert len(workshop.site.calls) == 1 + len(PAUSES)
    assert workshop.waiting == {FILE: good_users(30)}
    workshop.site.before = none
    assert workshop.make(users()).counts == {Outcome.CREATED: 30}
    assert len(workshop.accounts()) == 30


def test_a_run_that_waits_to_find_out_can_be_stopped(workshop: Workshop) -> None:
    """It is interrupted, and planned again at the next start."""

    def stopping(_function: str, _number: int) -> Exception:
        workshop.stopped = True
        return LOST

    workshop.site.after = stopping
    assert workshop.make(users(), good_users(30)).state is RunState.INTERRUPTED
    (resumed,) = workshop.resume(users())
    assert (resumed.state, resumed.counts) == (RunState.DONE, {Outcome.UNCHANGED: 30})


def test_a_site_that_is_away_from_the_start_changes_nothing(workshop: Workshop) -> None:
    """The file waits as it was; the report says why, and refuses no row."""
    workshop.site.away = AWAY
    run = workshop.make(users(), good_users(3))
    assert (run.state, run.reason) == (RunState.UNREACHABLE, "the site does not answer")
    assert workshop.waiting == {FILE: good_users(3)}
    assert workshop.report(run)["refused"] == []


def test_a_site_that_goes_away_in_the_middle_rejects_nothing(workshop: Workshop) -> None:
    """What was done is counted, the rest is skipped, the file waits again, and the next run does the rest."""
    workshop.site.before = from_then_on(2, AWAY)  # whichever of the equal batches come first
    run = workshop.make(users(), good_users(400))
    assert run.state is RunState.UNREACHABLE
    assert run.counts == {Outcome.CREATED: 200, Outcome.SKIPPED: 200}
    assert workshop.waiting == {FILE: good_users(400)}
    workshop.site.before = lambda *_: None
    assert workshop.make(users()).counts == {Outcome.CREATED: 200, Outcome.UNCHANGED: 200}


def test_a_site_that_will_not_serve_fails_the_run(workshop: Workshop) -> None:
    """Moodle's administrator has to act; the file waits."""
    workshop.site.away = SiteRefused("the token has no right to core_user_create_users")
    run = workshop.make(users(), good_users(3))
    assert (run.state, run.reason) == (RunState.FAILED, "the token has no right to core_user_create_users")
    assert workshop.waiting == {FILE: good_users(3)}


# Files that can't be run

HEADER = b"username,firstname,lastname,email,idnumber\n"
WRONG = {
    "empty": (b"", "empty"),
    "blank": (b"\n \n\n", "empty"),
    "header only": (HEADER, "empty"),
    "a column missing": (b"username,firstname\nana,Ana\n", "column-missing"),
    "a column unknown": (HEADER.replace(b"idnumber", b"idnumer"), "column-unknown"),
    "a column twice": (HEADER.replace(b"idnumber", b"email"), "column-twice"),
    "a NUL": (HEADER + b"ana\x00,Ana,D,ana@example.org,E1\n", "not-text"),
    "broken encoding": ("\ufeff".encode() + HEADER + b"ana,Ana,D\xedaz,ana@example.org,E1\n", "encoding"),
    "an open quote": (HEADER + b'ana,"Ana,D,ana@example.org,E1\nben,Ben,R,ben@example.org,E2\n', "quote-open"),
    "a zip": (b"PK\x03\x04" + bytes(range(256)), "not-text"),
}


@pytest.mark.parametrize(("content", "code"), WRONG.values(), ids=WRONG)
def test_a_file_that_can_not_be_understood_is_refused_whole(workshop: Workshop, content: bytes, code: str) -> None:
    """Nothing is sent, not even a question; the bytes lie in archives/refused, and the report gives the reason."""
    workshop.site.away = AssertionError("nothing may be asked")
    run = workshop.make(users(), content)
    report = workshop.report(run)
    assert (run.state, report["refusal"]["code"]) == (RunState.REFUSED, code)
    assert workshop.files("archives/refused") == {Path(report["archive"]).name: content}
    assert not workshop.waiting
    Draft202012Validator(SCHEMA).validate(report)


# Secrets


def test_no_password_is_left_behind(workshop: Workshop, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither reports, nor log, nor ledger, nor spool holds one, not even when the run is broken off; the archive and
    the tryback do, as they are the sender's own rows."""
    secret = "Pa55w0rd-of-ana"
    header = "username,firstname,lastname,email,idnumber,password"
    rows = [user_row(number) + f",{secret}" for number in range(150)]
    rows[3] = user_row(3, email="nonsense") + f",{secret}"
    rows[4] = f'{user_row(4)},,,,"{secret}"'

    def look(_function: str, _number: int) -> None:
        assert secret not in "".join(path.read_text("latin-1") for path in (workshop.state / "spool").iterdir())

    workshop.site.after = look
    workshop.site.refuses = lambda item: item["username"] == "user7"
    run = workshop.make(users(passwords="always"), users_file(rows, header))
    assert run.counts == {Outcome.CREATED: 147, Outcome.REJECTED: 3}
    left = [*(workshop.repository.folder / "reports").iterdir(), *workshop.state.rglob("*")]
    assert not [path for path in left if path.is_file() and secret.encode() in path.read_bytes()]
    assert secret not in "".join(capfd.readouterr())
    (tryback,) = workshop.waiting.values()
    assert secret.encode() in tryback


# Retries


def test_the_reports_of_one_run_share_a_name(workshop: Workshop) -> None:
    """Two runs within a second don't overwrite each other: the second's names all have the same number."""
    for _ in range(2):
        workshop.put(good_users(1))
        carry_out(workshop.job(users(), run=f"run-{_}"), workshop.place)
    assert sorted(workshop.files("archives")) == ["20261122-120000_users-2.csv", "20261122-120000_users.csv"]
    assert len([name for name in workshop.files("reports") if "-2." in name]) == 3


def test_times_are_the_sites(workshop: Workshop) -> None:
    """Names and reports carry the site's clock, also when the end is read from the ledger, which has UTC."""
    run = workshop.make(users(), good_users(1))
    assert workshop.report(run)["ended"].endswith("+01:00")
    assert run.ended and run.ended.utcoffset() == timedelta(hours=1)


def test_a_name_that_is_not_text_runs_like_any_other(workshop: Workshop) -> None:
    """Bytes that are no UTF-8 in a file's name don't keep it from being run, reported and archived."""
    path = os.fsdecode(b"erp/\xe9l\xe8ves [1].csv")
    run = workshop.make(users(file="erp/*.csv"), good_users(2), path=path)
    assert run.state is RunState.DONE
    archived = [os.fsencode(name) for name in workshop.files("archives")]
    assert archived == [b"20261122-120001_\xe9l\xe8ves [1].csv"]
    known = workshop.ledger.run(run.id)
    assert known
    assert (workshop.repository.folder / "reports" / known.report).exists()


def test_a_forgotten_cell_tells_no_password(workshop: Workshop) -> None:
    """The others slip, and the password stands under another column's name: nothing of such a row is kept or shown."""
    header = "username,firstname,lastname,email,idnumber,password"
    rows = [
        "ana,Ana,Diaz,Sesame1*x",
        "ben,Ben,Diaz,ben@example.org,Sesame1*x",
        *(user_row(n) + ",Sesame1*x" for n in range(9)),
    ]
    run = workshop.make(users(), users_file(rows, header))
    assert run.counts == {Outcome.REJECTED: 2, Outcome.CREATED: 9}
    reports = workshop.files("reports")
    assert len(reports) == 3
    assert not any(b"Sesame" in report for report in reports.values())


def test_rows_as_long_as_can_be_take_flat_windows(workshop: Workshop) -> None:
    """However long rows are, a window of them fits in memory."""
    rows = [user_row(n) + "," + "x" * 900_000 for n in range(12)]
    run = workshop.make(
        users(guard=NO_LIMITS), users_file(rows, "username,firstname,lastname,email,idnumber,description")
    )
    assert run.counts == {Outcome.CREATED: 12}


def test_a_simulation_tells_what_would_be_done_for_each_row(workshop: Workshop) -> None:
    """In the report of the rows, by the function that would be called."""
    run = workshop.make(users(guard=NO_LIMITS), users_file([user_row(0)]), simulated=True)
    (note,) = [line for line in workshop.rows_report(run) if "would call" in line]
    assert "core_user_create_users: " in note and "username = user0" in note


def test_a_held_run_tells_what_is_planned_for_each_row(workshop: Workshop) -> None:
    """So that a person can decide."""
    run = workshop.make(users(guard={"rows_at_least": 9}), users_file([user_row(0)]))
    assert run.state is RunState.HELD
    (note,) = [line for line in workshop.rows_report(run) if "would call" in line]
    assert "planned: created" in note
