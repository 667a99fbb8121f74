"""A run of a users file from its bytes to its report, on a practice site with faults."""

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import syncd.core
from syncd.core.model import Outcome, RunState
from syncd.errors import SiteRefused
from syncd.run import carry_out
from tests.faulty import AWAY, LOST, from_then_on, once
from tests.run.workshop import FILE, NO_LIMITS, Workshop, good_users, user_row, users, users_file

SCHEMA = json.loads((Path(syncd.core.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))
WITH_DEEDS = "username,firstname,lastname,email,idnumber,suspended,deleted"


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


# What the site does


def test_a_lost_answer_makes_rows_unknown_and_the_next_run_settles_them(workshop: Workshop) -> None:
    """They are never created twice: what was done shows up as unchanged."""
    workshop.site.after = once(0, LOST)
    run = workshop.make(users(), good_users(30))
    assert (run.state, run.counts) == (RunState.UNREACHABLE, {Outcome.UNKNOWN: 30})
    assert workshop.waiting == {FILE: good_users(30)}
    assert len(workshop.accounts()) == 30
    assert workshop.make(users()).counts == {Outcome.UNCHANGED: 30}
    assert len(workshop.accounts()) == 30


def test_a_lost_request_is_sent_again_by_the_next_run(workshop: Workshop) -> None:
    """The other way a call may be lost: nothing was done, so the next run does it."""
    workshop.site.before = once(0, LOST)
    workshop.make(users(), good_users(30))
    assert not workshop.accounts()
    workshop.make(users())
    assert len(workshop.accounts()) == 30


def test_a_site_that_is_away_from_the_start_changes_nothing(workshop: Workshop) -> None:
    """The file waits as it was; the report says why, and refuses no row."""
    workshop.site.away = AWAY
    run = workshop.make(users(), good_users(3))
    assert (run.state, run.reason) == (RunState.UNREACHABLE, "the site does not answer")
    assert workshop.waiting == {FILE: good_users(3)}
    assert workshop.report(run)["refused"] == []


def test_a_site_that_goes_away_in_the_middle_rejects_nothing(workshop: Workshop) -> None:
    """What was done is counted, the rest is skipped, the file waits again, and the next run does the rest."""
    workshop.site.before = from_then_on(2, AWAY)
    run = workshop.make(users(), good_users(350))
    assert run.state is RunState.UNREACHABLE
    assert run.counts == {Outcome.CREATED: 200, Outcome.SKIPPED: 150}
    assert workshop.waiting == {FILE: good_users(350)}
    workshop.site.before = lambda *_: None
    assert workshop.make(users()).counts == {Outcome.CREATED: 150, Outcome.UNCHANGED: 200}


def test_a_site_that_will_not_serve_fails_the_run(workshop: Workshop) -> None:
    """Moodle's administrator has to act; the file waits."""
    workshop.site.away = SiteRefused("the token has no right to core_user_create_users")
    run = workshop.make(users(), good_users(3))
    assert (run.state, run.reason) == (RunState.FAILED, "the token has no right to core_user_create_users")
    assert workshop.waiting == {FILE: good_users(3)}


# The guard


def few_deletions(count: int, of: int) -> bytes:
    """A file that deletes so many of the accounts that `good_users` made."""
    rows = [user_row(number) + (",0,1" if number < count else ",0,0") for number in range(of)]
    return users_file(rows, WITH_DEEDS)


def test_over_a_limit_nothing_is_sent(workshop: Workshop) -> None:
    """The run is held with the plan in its report, and the file waits."""
    workshop.make(users(), good_users(200))
    before = len(workshop.site.calls)
    run = workshop.make(users(), few_deletions(11, of=200))
    assert run.state is RunState.HELD
    assert run.reason.startswith("deletes: 11 of 200 rows would delete or suspend an account, the limit is 5 %")
    assert run.counts == {Outcome.DELETED: 11, Outcome.UNCHANGED: 189}
    assert workshop.report(run)["counts"] is None
    assert workshop.report(run)["planned"]["deleted"] == 11
    assert workshop.outcomes(run).count("skipped") == 11
    assert (len(workshop.site.calls), len(workshop.accounts())) == (before, 200)
    assert workshop.waiting == {FILE: few_deletions(11, of=200)}


def test_a_limit_that_is_kept_holds_nothing(workshop: Workshop) -> None:
    """Five per cent is five per cent."""
    workshop.make(users(), good_users(200))
    assert workshop.make(users(), few_deletions(10, of=200)).counts == {Outcome.DELETED: 10, Outcome.UNCHANGED: 190}


def test_an_approval_lets_exactly_that_plan_go(workshop: Workshop) -> None:
    """The same run goes on, does what it planned, and its report says who let it."""
    workshop.make(users(), good_users(200))
    held = workshop.make(users(), few_deletions(11, of=200))
    run = workshop.approved(users(), held)
    assert (run.id, run.state, run.approved_by) == (held.id, RunState.DONE, "ana")
    assert run.counts[Outcome.DELETED] == 11
    assert len(workshop.accounts()) == 189
    assert not workshop.waiting


def test_an_approval_is_stale_when_the_plan_has_changed(workshop: Workshop) -> None:
    """The site moved on, so other accounts would be deleted than the person saw: held again, with the new plan."""
    workshop.make(users(), good_users(200))
    held = workshop.make(users(), few_deletions(12, of=200))
    workshop.site.call("core_user_delete_users", {"userids": [workshop.accounts()["user0"]["id"]]})
    again = workshop.approved(users(), held)
    assert (again.id, again.state, again.approved_by) == (held.id, RunState.HELD, "")
    assert "the plan that ana approved is no longer what would be done" in again.reason
    assert len(workshop.accounts()) == 199
    assert workshop.approved(users(), again).state is RunState.DONE
    assert len(workshop.accounts()) == 188


def test_an_approval_is_stale_when_the_bytes_have_changed(workshop: Workshop) -> None:
    """Even where the plan would be the same: what waits is another file, and it waits for its own run."""
    workshop.make(users(), good_users(200))
    held = workshop.make(users(), few_deletions(11, of=200))
    workshop.put(few_deletions(11, of=200) + b"# another\n")
    run = workshop.approved(users(), held)
    assert run.state is RunState.SUPERSEDED
    assert len(workshop.accounts()) == 200
    assert workshop.waiting == {FILE: few_deletions(11, of=200) + b"# another\n"}


def test_a_rejection_of_other_bytes_puts_nothing_aside(workshop: Workshop) -> None:
    """A newer file that nobody has looked at is not what the person said no to."""
    workshop.make(users(), good_users(200))
    held = workshop.make(users(), few_deletions(11, of=200))
    workshop.put(good_users(2))
    assert workshop.decide(users(), held, rejected_by="ana").state is RunState.SUPERSEDED
    assert workshop.waiting == {FILE: good_users(2)}


def test_a_rejected_file_is_put_aside_with_a_report(workshop: Workshop) -> None:
    """It lies in archives/refused, and the report says who said no."""
    workshop.make(users(), good_users(200))
    held = workshop.make(users(), few_deletions(11, of=200))
    run = workshop.decide(users(), held, rejected_by="ana")
    assert run.state is RunState.REJECTED
    report = workshop.report(run)
    assert report["notes"] == ["rejected by ana"]
    assert workshop.files("archives/refused") == {Path(report["archive"]).name: few_deletions(11, of=200)}
    assert not workshop.waiting
    assert len(workshop.accounts()) == 200


def test_a_simulated_run_changes_nothing_and_keeps_the_limits(workshop: Workshop) -> None:
    """Same plan, same report, same limits; the file stays where it is, the site as it was."""
    first = workshop.make(users(), good_users(200), simulated=True)
    assert (first.state, first.counts) == (RunState.DONE, {Outcome.CREATED: 200})
    assert workshop.waiting == {FILE: good_users(200)}
    assert not workshop.accounts()
    assert not workshop.files("archives")
    workshop.make(users())
    second = workshop.make(users(), few_deletions(11, of=200), simulated=True)
    assert second.state is RunState.HELD
    assert workshop.waiting == {FILE: few_deletions(11, of=200)}
    assert len(workshop.accounts()) == 200


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


def test_a_file_that_is_cut_off_is_held(workshop: Workshop) -> None:
    """Its last row ends in the middle: a person must see it, and nothing is sent."""
    content = good_users(10)[:-20]
    run = workshop.make(users(), content)
    assert run.state is RunState.HELD
    assert run.reason.startswith("cut-off: ")
    assert not workshop.accounts()
    assert workshop.waiting == {FILE: content}


def test_a_file_with_too_few_rows_is_held(workshop: Workshop) -> None:
    """The query that wrote it has probably failed."""
    run = workshop.make(users(guard={"rows_at_least": 100}), good_users(99))
    assert run.state is RunState.HELD
    assert not workshop.accounts()


def test_a_file_of_mostly_bad_rows_is_held(workshop: Workshop) -> None:
    """Over the limit of refused rows not even the good ones are sent."""
    rows = [user_row(number, email="nonsense") if number % 2 else user_row(number) for number in range(100)]
    run = workshop.make(users(), users_file(rows))
    assert run.state is RunState.HELD
    assert not workshop.accounts()


# Stopping, and files that move


def test_a_run_that_is_stopped_goes_on_at_the_next_start(workshop: Workshop) -> None:
    """The batches under way end; the file stays with the run, which is planned again and does the rest."""

    def stop_after_two(_function: str, number: int) -> None:
        workshop.stopped = number >= 1

    workshop.site.after = stop_after_two
    workshop.place = replace(workshop.place, connections=1)
    run = workshop.make(users(), good_users(1_500))
    assert run.state is RunState.INTERRUPTED
    done = len(workshop.accounts())
    assert 0 < done < 1_500
    assert not workshop.waiting
    workshop.stopped = False
    workshop.site.after = lambda *_: None
    (resumed,) = workshop.resume(users())
    assert (resumed.id, resumed.state) == (run.id, RunState.DONE)
    assert resumed.counts == {Outcome.UNCHANGED: done, Outcome.CREATED: 1_500 - done}
    assert len(workshop.accounts()) == 1_500


@pytest.mark.parametrize("phase", ["read", "plan"])
def test_a_run_is_stopped_before_anything_is_sent(workshop: Workshop, phase: str) -> None:
    """Reading and planning look whether they must stop, too."""

    def told(found: str, _rows: int, _total: int) -> None:
        workshop.stopped = found == phase

    workshop.place = replace(workshop.place, progress=told)
    run = workshop.make(users(), good_users(5_000))
    assert run.state is RunState.INTERRUPTED
    assert not workshop.site.calls


def test_an_approved_run_that_was_stopped_keeps_its_approval(workshop: Workshop) -> None:
    """Stopped before anything was sent, it does what was approved when it goes on."""
    workshop.make(users(), good_users(200))
    held = workshop.make(users(), few_deletions(11, of=200))
    workshop.stopped = True
    assert workshop.approved(users(), held).state is RunState.INTERRUPTED
    workshop.stopped = False
    (run,) = workshop.resume(users(), approved_by="ana", approved_plan=held.plan)
    assert run.state is RunState.DONE
    assert len(workshop.accounts()) == 189


def test_a_file_that_changes_while_it_is_run_is_sent_no_further(workshop: Workshop) -> None:
    """Somebody has it open still: the run fails, the file waits, and the next run reads it anew."""
    job = workshop.job(users(), workshop.put(good_users(10)).name and FILE)

    def grow(phase: str, _rows: int, _total: int) -> None:
        if phase == "plan":
            with job.file.file.open("ab") as file:
                file.write(user_row(10).encode() + b"\n")

    run = carry_out(job, replace(workshop.place, progress=grow))
    assert (run.state, workshop.report(run)["refusal"]["code"]) == (RunState.FAILED, "replaced")
    assert not workshop.accounts()
    assert workshop.make(users()).counts == {Outcome.CREATED: 11}


def test_a_file_that_is_taken_away_while_it_is_run_ends_the_run(workshop: Workshop) -> None:
    """There is a report, and nothing is tried for ever."""
    workshop.put(good_users(10))
    job = workshop.job(users())
    job.file.file.unlink()
    run = carry_out(job, workshop.place)
    assert run.state is RunState.FAILED
    assert "taken away" in run.reason
    Draft202012Validator(SCHEMA).validate(workshop.report(run))
    assert not workshop.repository.running()


def test_a_defect_ends_the_run_and_keeps_the_file(workshop: Workshop) -> None:
    """What no part of syncd may raise is not tried for ever: there is a report, and the file waits."""

    class Broken(type(users())):  # type: ignore[misc]  # a kind with a defect
        def check(self, row: Any) -> Any:
            raise LookupError("secret cell")

    run = workshop.make(Broken.model_validate({"file": FILE}), good_users(3))
    assert run.state is RunState.FAILED
    assert run.reason == "a defect of syncd (LookupError); the log has more, please report it"
    assert workshop.waiting == {FILE: good_users(3)}
    assert run.report


def test_a_defect_in_the_middle_keeps_every_result(workshop: Workshop) -> None:
    """The report says what was done before it, row by row."""
    workshop.site.after = once(1, RuntimeError("defect"))
    run = workshop.make(users(), good_users(150))
    assert run.state is RunState.FAILED
    assert sorted(run.counts.values()) in ([50, 100], [100, 50])
    assert len(workshop.outcomes(run)) == 150


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
