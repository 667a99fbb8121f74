"""Whole runs over HTTP, on a site whose connections break."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.core.model import Outcome, RunState
from syncd.run import carry_out
from syncd.targets.rest.connections import connected
from syncd.targets.rest.site import Rest
from tests.run.workshop import NOON, Workshop, good_users, user_row, users, users_file
from tests.targets.loopback import TOKEN, Loopback, loopback

CREATE, UPDATE, DELETE = "core_user_create_users", "core_user_update_users", "core_user_delete_users"
LOOK_UP = "core_user_get_users_by_field"


@pytest.fixture
def site(workshop: Workshop) -> Iterator[Loopback]:
    """A site on loopback, whose practice site is that of the workshop."""
    with loopback(workshop.state) as server:
        server.hides = "local_syncd_"  # what is tried here is what every site has
        pool = connected(server.url, "none", None, timeout=5, connections=4)
        target = Rest(server.url, TOKEN, pool, max_variables=1_000)
        workshop.place = replace(workshop.place, target=target, patience=60.0)
        yield server
        pool.clear()


def breaking(*broken: tuple[str, str]) -> Callable[[str], str]:
    """Each of these functions is broken off so, once, in this order."""
    left = list(broken)

    def breaks(function: str) -> str:
        if left and function.endswith(left[0][0].removeprefix("core_user")):
            return left.pop(0)[1]
        return ""

    return breaks


def test_a_file_is_carried_out_over_rest(workshop: Workshop, site: Loopback) -> None:
    """Also one whose batches are too large for one request: they are halved before they are sent."""
    run = workshop.make(users(), good_users(400))
    assert (run.state, run.counts) == (RunState.DONE, {Outcome.CREATED: 400})
    assert workshop.make(users(), good_users(400)).counts == {Outcome.UNCHANGED: 400}


def test_bad_rows_are_found_over_rest(workshop: Workshop, site: Loopback) -> None:
    """Moodle refuses the whole batch without a reason; the good rows are made."""
    header = "username,firstname,lastname,email,idnumber,password"
    rows = [user_row(number) + ",Rehearse-1" for number in range(30)]
    rows[7] = user_row(7) + ",rehearse"
    run = workshop.make(users(), users_file(rows, header))
    assert run.counts == {Outcome.CREATED: 29, Outcome.REJECTED: 1}


@pytest.mark.parametrize("when", ["before", "after", "504"])
@pytest.mark.parametrize(
    ("function", "deed", "outcome"),
    [
        (CREATE, {}, Outcome.CREATED),
        (UPDATE, {"firstname": "Bea"}, Outcome.UPDATED),
        (DELETE, {"deleted": "1"}, Outcome.DELETED),
    ],
)
def test_a_connection_that_breaks_never_does_anything_twice(
    workshop: Workshop, site: Loopback, when: str, function: str, deed: Mapping[str, str], outcome: Outcome
) -> None:
    """Whether it breaks before the deed or after it, each row has the outcome that was planned, and is done once."""
    header = "username,firstname,lastname,email,idnumber,deleted"
    rows = [user_row(number) + "," for number in range(20)]
    tool = users(guard={"deletes": "100%", "changes": "100%"})
    if outcome is not Outcome.CREATED:
        workshop.make(tool, users_file(rows, header))
        name, deleted = deed.get("firstname", "Ana"), deed.get("deleted", "")
        rows = [user_row(number, firstname=name) + "," + deleted for number in range(20)]
    site.breaks = breaking((function, when))
    run = workshop.make(tool, users_file(rows, header))
    assert (run.state, run.counts) == (RunState.DONE, {outcome: 20}), run.reason
    assert len(workshop.accounts()) == (0 if outcome is Outcome.DELETED else 20)
    assert workshop.make(tool, users_file(rows, header)).counts == {Outcome.UNCHANGED: 20}


def test_an_account_that_was_made_unseen_is_suspended_all_the_same(workshop: Workshop, site: Loopback) -> None:
    """The id that the second act needs was never told."""
    header = "username,firstname,lastname,email,idnumber,suspended"
    rows = [user_row(number) + ",1" for number in range(10)]
    site.breaks = breaking((CREATE, "after"))
    run = workshop.make(users(), users_file(rows, header))
    assert (run.state, run.counts) == (RunState.DONE, {Outcome.CREATED: 10})
    assert all(account["suspended"] for account in workshop.accounts().values())


def test_questions_are_asked_again_until_the_site_is_back(workshop: Workshop, site: Loopback) -> None:
    """Broken connections, a gateway's time-out, maintenance: the run goes on when it is over."""
    site.breaks = breaking((LOOK_UP, "after"), (LOOK_UP, "504"), (LOOK_UP, "503"), (LOOK_UP, "before"))
    run = workshop.make(users(), good_users(10))
    assert (run.state, run.counts) == (RunState.DONE, {Outcome.CREATED: 10})
    assert workshop.clock > NOON


def test_a_site_that_stays_in_maintenance_ends_the_run(workshop: Workshop, site: Loopback) -> None:
    """After patience; the file waits, and nothing is refused."""
    site.breaks = lambda _function: "503"
    run = workshop.make(users(), good_users(10))
    assert run.state is RunState.UNREACHABLE
    assert (workshop.clock - NOON).total_seconds() < 90
    site.breaks = lambda _function: ""
    assert workshop.make(users()).counts == {Outcome.CREATED: 10}


def test_a_run_that_waits_for_the_site_can_be_stopped(workshop: Workshop, site: Loopback) -> None:
    """It does not sleep through it."""

    def stopping(_function: str) -> str:
        workshop.stopped = True
        return "503"

    workshop.put(good_users(10))
    site.breaks = stopping
    assert carry_out(workshop.job(users()), workshop.place).state is RunState.INTERRUPTED


def test_no_token_is_left_behind(workshop: Workshop, site: Loopback, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither in reports nor in the log, whatever breaks."""
    site.breaks = lambda function: "before" if function.startswith("core_user_create") else ""
    workshop.make(users(), good_users(3))
    written: list[Path] = [path for path in workshop.folder.rglob("*") if path.is_file()]
    assert not [path for path in written if TOKEN.encode() in path.read_bytes()]
    assert TOKEN not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("columns", "cells", "lacking"),
    [
        ("course1,role1", ",C1,student", "core_role_assign_roles"),
        ("course1,enrol1", ",C1,manual", "enrol_manual_enrol_users"),
        ("course1,group1", ",C1,G", "core_group_add_group_members"),
        ("cohort1", ",staff", "core_cohort_add_cohort_members"),
        ("cohortid", ",staff", "core_cohort_create_cohorts"),
    ],
)
def test_a_file_whose_columns_need_what_the_service_lacks_is_not_begun(
    workshop: Workshop, site: Loopback, columns: str, cells: str, lacking: str
) -> None:
    """No account is made that would stay without its courses or cohorts; a file without such columns runs."""
    site.lacks = frozenset({lacking})
    run = workshop.make(
        users(), users_file([user_row(1) + cells], f"username,firstname,lastname,email,idnumber,{columns}")
    )
    assert lacking in run.reason
    assert workshop.accounts() == {}
    assert workshop.make(users(), good_users(1)).counts == {Outcome.CREATED: 1}
