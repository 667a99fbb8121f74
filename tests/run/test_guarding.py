"""Over a limit nothing is sent: a person decides, on exactly these bytes and this plan."""

from pathlib import Path

from syncd.core.model import Outcome, RunState
from tests.run.workshop import FILE, Workshop, good_users, user_row, users, users_file

WITH_DEEDS = "username,firstname,lastname,email,idnumber,suspended,deleted"


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
    assert run.reason.startswith("deletes: 11 of 200 rows would delete or suspend something, the limit is 5 %")
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
    assert (workshop.report(held)["approved_by"], workshop.report(run)["approved_by"]) == (None, "ana")
    text = (workshop.repository.folder / "reports" / run.report).read_text()
    assert "Approved by ana\n" in text
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


def test_a_corrected_tryback_is_not_held(workshop: Workshop) -> None:
    """Each of its rows changes something: that is what it was corrected for."""
    workshop.make(users(), good_users(60))
    rows = [user_row(number, lastname="Roy") + ",the address is taken" for number in range(60)]
    run = workshop.make(users(), users_file(rows, "username,firstname,lastname,email,idnumber,tryback_reason"))
    assert (run.state, run.counts) == (RunState.DONE, {Outcome.UPDATED: 60})


def test_a_file_of_mostly_bad_rows_is_held(workshop: Workshop) -> None:
    """Over the limit of refused rows not even the good ones are sent."""
    rows = [user_row(number, email="nonsense") if number % 2 else user_row(number) for number in range(100)]
    run = workshop.make(users(), users_file(rows))
    assert run.state is RunState.HELD
    assert not workshop.accounts()
