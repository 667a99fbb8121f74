"""Rows that name what another waiting file may bring are run once more, after it, and refused only then."""

from collections.abc import Callable
from typing import ClassVar

from syncd.core.model import Outcome, RunState
from syncd.daemon import status
from syncd.disk.records import RunRecord
from syncd.tools.cohorts import CohortsTool
from tests.daemon.desk import TOO_FEW, Desk
from tests.run.needy import NEEDY_FILE, Needy, cities, needy
from tests.run.workshop import FILE, HEADER, NO_LIMITS, good_users, user_row, users, users_file

Office = Callable[..., Desk]

EARLY = needy(timer="on arrival", order=1)
"""A tool that has its turn before that of what it needs: so runs a file that came before the others."""


class Bringing(Needy):
    """A kind that needs accounts, and may make some."""

    kind: ClassVar[str] = "bringing"
    brings: ClassVar[frozenset[str]] = frozenset({"user"})


def counts(run: RunRecord) -> dict[str, int]:
    """Rows by outcome, without those that are none."""
    return {outcome: number for outcome, number in run.counts.items() if number}


def why(desk: Desk, path: str) -> str:
    """Why a file waits."""
    found = status.waiting(desk.dispatch, desk.workshop.repository, desk.workshop.clock)
    return next(str(one["why"]) for one in found if one["file"] == path)


def test_a_set_dropped_together_is_applied_in_one_go(office: Office) -> None:
    """Though it is dropped in the wrong order, and the settings have it so."""
    desk = office(needy=needy(timer="on arrival"), users=users(timer="on arrival"))
    desk.drop(cities("user0", "user1"), NEEDY_FILE)
    desk.drop(good_users(2))
    made, given = desk.runs()
    assert (made.tool, given.tool, counts(given)) == ("users", "needy", {"updated": 2})


def test_a_row_waits_for_the_file_that_may_bring_what_it_names(office: Office) -> None:
    """It is not refused, does not count as an error, and is run as soon as that file was."""
    desk = office(needy=EARLY, users=users(timer="on arrival"))
    desk.drop(cities("admin", "user1"), NEEDY_FILE)
    desk.drop(good_users(2))
    first, made, again = desk.runs()
    assert [run.tool for run in (first, made, again)] == ["needy", "users", "needy"]
    assert counts(first) == {"updated": 1, "deferred": 1}
    assert counts(again) == {"updated": 1}
    assert desk.workshop.accounts()["user1"]["city"] == "user1"
    assert desk.workshop.waiting == {}


def test_the_report_says_what_became_of_them(office: Office) -> None:
    """Where they wait, and for what."""
    desk = office(needy=EARLY, users=users(timer="0 3 * * *"))
    desk.drop(cities("nobody"), NEEDY_FILE)
    desk.drop(good_users(2))
    (run,) = desk.runs()
    report = desk.workshop.report(run)
    assert (report["deferred"], report["counts"]["deferred"], report["tryback"]) == (NEEDY_FILE, 1, None)
    assert report["refused"][0]["outcome"] == "deferred"
    assert report["refused"][0]["notes"] == [
        f"deferred to the next run: the site has no such account (nobody); {FILE} may bring it"
    ]


def test_a_second_time_it_is_refused(office: Office) -> None:
    """With a tryback, although another file waits once more that might bring it; so nothing goes round for ever."""
    more = users(file="more.csv", timer="0 3 * * *")
    desk = office(
        needy=needy(timer="on arrival", order=1, guard={"errors": 1}), users=users(timer="0 15 * * *"), more=more
    )
    desk.runs()
    desk.drop(cities("nobody"), NEEDY_FILE)
    desk.drop(good_users(2))
    assert [counts(run) for run in desk.runs()] == [{"deferred": 1}]
    desk.drop(good_users(3), "more.csv")
    assert [run.tool for run in desk.runs_at(15)] == ["users"]
    _, again = desk.runs(hours=13)
    assert counts(again) == {"rejected": 1}
    assert desk.workshop.report(again)["tryback"]


def test_deferred_rows_are_as_they_were_read(office: Office) -> None:
    """They lie under the name of their file, below a line that says which run deferred them."""
    desk = office(needy=EARLY, users=users(timer="0 3 * * *"))
    desk.drop(b'username\r\n"nobody"\r\nadmin\r\n', NEEDY_FILE)
    desk.drop(good_users(2))
    (run,) = desk.runs()
    mark, *rows = desk.workshop.waiting[NEEDY_FILE].decode().split("\r\n")
    assert mark.startswith(f"# deferred by {run.id} at 2026-11-22T12:00:00+01:00 for want of user")
    assert rows == ["username", '"nobody"', ""]


def test_the_status_says_what_they_wait_for(office: Office) -> None:
    """So that nobody wonders why a file lies there."""
    desk = office(needy=EARLY, users=users(timer="0 3 * * *"))
    desk.drop(cities("nobody"), NEEDY_FILE)
    desk.drop(good_users(2))
    desk.runs()
    assert desk.runs(hours=1) == []
    assert why(desk, NEEDY_FILE) == (
        f"deferred: it names a user that {FILE} may bring; it is run once that was run (or by syncd run needy)"
    )


def test_nobody_has_to_wait_who_asks(office: Office) -> None:
    """What waits for another file is run at once when a person says so."""
    desk = office(needy=needy(timer="on arrival", order=1, guard={"errors": 1}), users=users(timer="0 3 * * *"))
    desk.drop(cities("nobody"), NEEDY_FILE)
    desk.drop(good_users(2))
    desk.runs()
    assert desk.answer("run", tool="needy")["answer"]["counts"] == {"rejected": 1}


def test_where_no_other_file_waits_a_row_is_refused(office: Office) -> None:
    """As it always was; a file whose tool can't bring such a thing is no reason to wait."""
    desk = office(needy=EARLY, other=needy(file="other.csv", timer="0 3 * * *"), users=users(timer="0 3 * * *"))
    desk.drop(cities("nobody"), NEEDY_FILE)
    desk.drop(cities("nobody"), "other.csv")
    (run,) = desk.runs()
    assert counts(run) == {"rejected": 1}


def test_a_held_file_may_bring_something_too(office: Office) -> None:
    """A person may approve it; when it was rejected the rows wait no longer."""
    desk = office(needy=EARLY, users=users(timer="on arrival", guard=TOO_FEW))
    desk.drop(good_users(2))
    (held,) = desk.runs()
    desk.drop(cities("user1"), NEEDY_FILE)
    (run,) = desk.runs()
    assert counts(run) == {"deferred": 1}
    assert desk.runs(hours=1) == []
    desk.answer("approve", run=held.id)
    desk.runs()
    assert desk.workshop.accounts()["user1"]["city"] == "user1"


def test_they_wait_for_a_day_at_most(office: Office) -> None:
    """Then their sender hears that they are refused."""
    desk = office(needy=needy(timer="on arrival", order=1, guard={"errors": 1}), users=users())
    desk.drop(cities("nobody"), NEEDY_FILE)
    desk.drop(good_users(2))
    desk.runs()
    assert desk.runs(hours=24) == []
    (run,) = desk.runs(hours=2)
    assert counts(run) == {"rejected": 1}


def test_a_newer_file_takes_their_place(office: Office) -> None:
    """As it would take that of the whole file; with `backlog = "every"` it comes after them."""
    desk = office(needy=EARLY, users=users(timer="0 3 * * *"))
    desk.drop(cities("nobody"), NEEDY_FILE)
    desk.drop(good_users(2))
    desk.runs()
    desk.drop(cities("admin"), NEEDY_FILE)
    (run,) = desk.runs()
    assert counts(run) == {"updated": 1}
    assert any("superseded" in path for path in desk.workshop.files("archives"))


def test_what_queues_behind_them_does_not_wait(office: Office) -> None:
    """One row must not stop all that comes after it: they are run, and then what is newer."""
    desk = office(
        needy=needy(timer="on arrival", order=1, backlog="every", guard={"errors": 1}), users=users(timer="0 3 * * *")
    )
    desk.drop(cities("nobody"), NEEDY_FILE)
    desk.drop(good_users(2))
    desk.runs()
    desk.drop(cities("admin"), NEEDY_FILE)
    again, newer = desk.runs()
    assert (counts(again), counts(newer)) == ({"rejected": 1}, {"updated": 1})


def test_a_permanent_file_defers_nothing(office: Office) -> None:
    """It is run again anyway."""
    desk = office(
        needy=needy(timer="on arrival", order=1, after_run="keep", guard={"errors": 1}), users=users(timer="0 3 * * *")
    )
    desk.drop(cities("nobody"), NEEDY_FILE)
    desk.drop(good_users(2))
    (run,) = desk.runs()
    assert counts(run) == {"rejected": 1}
    assert not desk.workshop.waiting[NEEDY_FILE].startswith(b"#")


def test_a_permanent_file_that_was_run_brings_nothing_more(office: Office) -> None:
    """Until it is another one."""
    desk = office(
        needy=needy(timer="on arrival", guard={"errors": 1}), users=users(timer="on arrival", after_run="keep")
    )
    desk.drop(good_users(2))
    desk.runs()
    desk.drop(cities("nobody"), NEEDY_FILE)
    (run,) = desk.runs()
    assert counts(run) == {"rejected": 1}


def test_a_simulation_says_it_and_writes_nothing(office: Office) -> None:
    """The report is that of the run, and the repository stays as it is."""
    desk = office(needy=needy(order=1), users=users(timer="0 3 * * *"))
    desk.drop(cities("nobody"), NEEDY_FILE)
    desk.drop(good_users(2))
    before = desk.workshop.waiting
    assert desk.answer("run", tool="needy", simulate=True)["answer"]["counts"] == {"deferred": 1}
    assert desk.workshop.waiting == before


def test_two_that_wait_for_each_other_are_run(office: Office) -> None:
    """Rows that lack what lies deferred elsewhere: the earlier turn is made, and nothing is stuck."""
    one, two = (
        needy(order=1, file="one.csv", timer="on arrival", guard={"errors": 1}),
        Bringing.model_validate({"file": "two.csv", "timer": "on arrival", "guard": {**NO_LIMITS}}),
    )
    desk = office(one=one, two=two, users=users(timer="0 15 * * *"))
    desk.runs()
    desk.drop(cities("nobody"), "one.csv")
    desk.drop(cities("nobody"), "two.csv")
    desk.drop(good_users(2))
    assert [counts(run) for run in desk.runs()] == [{"deferred": 1}, {"deferred": 1}]
    made = desk.runs_at(15)
    assert [(run.tool, counts(run).get(Outcome.REJECTED)) for run in made] == [("users", None), ("one", 1), ("two", 1)]


def test_a_file_of_accounts_and_one_of_cohorts_that_name_one_another_are_applied(office: Office) -> None:
    """The accounts are made without the cohort, the cohort finds them, and then they are in it: no row is refused."""
    cohorts = CohortsTool.model_validate({"file": "cohorts.csv", "timer": "on arrival", "guard": NO_LIMITS})
    desk = office(users=users(timer="on arrival", create_cohorts=False, guard=NO_LIMITS), cohorts=cohorts)
    desk.drop(users_file([user_row(0) + ",C1", user_row(1) + ",C1"], HEADER + ",cohort1"))
    desk.drop(b"cmd,cidnumber,cname,userid\nadd,C1,One,user0\nadd,C1,One,user1\n", "cohorts.csv")
    accounts, members, again = desk.runs()
    assert [run.tool for run in (accounts, members, again)] == ["users", "cohorts", "users"]
    assert (counts(accounts), counts(again)) == ({"deferred": 2}, {"unchanged": 2})
    assert Outcome.REJECTED not in counts(members)
    assert desk.workshop.waiting == {}


def test_deferred_rows_keep_their_turn_among_files(office: Office) -> None:
    """Of several files that wait, theirs comes when the file from which they are would have come."""
    desk = office(needy=needy(file="erp/cities*.csv", timer="on arrival", order=1), users=users(timer="0 15 * * *"))
    desk.runs()
    desk.drop(cities("user1"), "erp/cities1.csv")
    desk.drop(good_users(2))
    desk.runs()
    desk.workshop.later(minutes=1)
    desk.drop(cities("user1"), "erp/cities2.csv")
    desk.runs()
    assert [run.path for run in desk.runs_at(15)] == [FILE, "erp/cities1.csv", "erp/cities2.csv"]


def test_limits_are_those_of_the_whole_file(office: Office) -> None:
    """A few deferred rows are a part of what was dropped: not a file that is too short."""
    guard = {"rows_at_least": 3, "changes": "100%", "errors": 0}
    desk = office(needy=needy(timer="on arrival", order=1, guard=guard), users=users(timer="on arrival"))
    desk.drop(cities("admin", "guest", "user0"), NEEDY_FILE)
    desk.drop(good_users(1))
    first, _, again = desk.runs()
    assert (counts(first).get("deferred"), again.state, counts(again)) == (1, RunState.DONE, {"updated": 1})


def test_a_mark_that_no_run_has_made_opens_no_limit(office: Office) -> None:
    """Whoever writes one by hand gains nothing."""
    guard = {"rows_at_least": 9, "changes": "100%", "errors": "100%"}
    desk = office(needy=needy(timer="on arrival", guard=guard))
    mark = b"# deferred by 20261122-110000-needy at 2026-11-22T11:00:00+00:00 for want of user\n"
    desk.drop(mark + cities("admin"), NEEDY_FILE)
    (run,) = desk.runs()
    assert run.state is RunState.HELD
