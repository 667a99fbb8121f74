"""Runs that are stopped, whose file moves, or that meet a defect: all is accounted for, and goes on."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import syncd.core
from syncd.core.model import Outcome, RunState
from syncd.run import carry_out
from tests.faulty import once
from tests.run.workshop import FILE, Workshop, good_users, user_row, users, users_file

SCHEMA = json.loads((Path(syncd.core.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))
WITH_DEEDS = "username,firstname,lastname,email,idnumber,suspended,deleted"


def few_deletions(count: int, of: int) -> bytes:
    """A file that deletes so many of the accounts that `good_users` made."""
    rows = [user_row(number) + (",0,1" if number < count else ",0,0") for number in range(of)]
    return users_file(rows, WITH_DEEDS)


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

    def grow(phase: str, rows: int, _total: int) -> None:
        if phase == "plan" and rows:
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
