"""kill -9 at each deed of a run that defers rows: they are neither lost nor run twice, and their file goes once."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from syncd.core.model import Outcome, RunState
from syncd.disk.repository import Repository
from syncd.targets.sandbox import SandboxSettings
from syncd.tools.users import UsersTool
from tests.end_to_end.test_killed_run import CONTENT, FILE, Works, copied
from tests.killing import apart, killed
from tests.run.needy import NEEDY_FILE, cities, needy

NAMED = cities("admin", "ana", "nobody")
NEEDY = needy(timer="on arrival", order=1, guard={"changes": "100%", "errors": 1})
BY_HAND = UsersTool.model_validate({"file": FILE, "guard": {"errors": "100%"}})
AT_ONCE = BY_HAND.model_copy(update={"timer": NEEDY.timer})


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Works:
    """A file whose rows name accounts waits, and the file of these accounts."""
    works = Works(tmp_path_factory.mktemp("template"))
    apart(works.make)
    (works.repository / NEEDY_FILE).write_bytes(NAMED)
    return works


def a_life(works: Works, users: UsersTool = BY_HAND) -> Callable[[], None]:
    """What a process does; accounts are made by hand alone, unless it is said otherwise."""
    return lambda: works.run_what_waits(NEEDY, accounts=users)


def city_of(works: Works, username: str) -> str:
    """The city of an account."""
    site = SandboxSettings().open(works.top)
    try:
        (account,) = site.call("core_user_get_users_by_field", {"field": "username", "values": [username]})
        return str(account.get("city", ""))
    finally:
        site.close()


def assert_rows_were_deferred_once(works: Works) -> None:
    """One run, done, its file in the archives, and its deferred rows in a file of their own."""
    (run,) = works.runs()
    assert run.state is RunState.DONE
    report = works.report(run)
    assert (report["counts"]["deferred"], report["counts"]["rejected"]) == (2, 0)
    assert (works.repository / report["archive"]).read_bytes() == NAMED
    waiting = {file.path for file in Repository(works.repository).waiting()}
    assert waiting == {FILE, report["deferred"]}
    mark, *rows = (works.repository / NEEDY_FILE).read_text().splitlines()
    assert (mark.split(" at ")[0], rows) == (f"# deferred by {run.id}", ["username", "ana", "nobody"])
    assert city_of(works, "admin") == "admin"
    assert works.leftovers() == []


def assert_all_was_run(works: Works) -> None:
    """What came with the other file is done, what did not is refused, and nothing waits."""
    again, made, first = works.runs()
    assert (first.path, first.counts[Outcome.DEFERRED]) == (NEEDY_FILE, 2)
    assert (made.path, made.state) == (FILE, RunState.DONE)
    assert (again.path, again.counts[Outcome.REJECTED], sum(again.counts.values())) == (NEEDY_FILE, 1, 2)
    assert city_of(works, "ana") == "ana"
    assert Repository(works.repository).waiting() == []
    assert works.leftovers() == []
    assert CONTENT in [file.read_bytes() for file in (works.repository / "archives").iterdir() if file.is_file()]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_at_any_deed_loses_no_deferred_row(template: Works, tmp_path: Path, after: bool) -> None:
    """Killed before or after each deed, one restart ends the run; its deferred rows wait, whole and once."""
    for step in count():
        with copied(template, tmp_path / str(step)) as works:
            died = killed(a_life(works), step, after=after)
            apart(a_life(works))
            assert_rows_were_deferred_once(works)
        if not died:
            break
    assert step > 40


def test_a_kill_at_any_deed_of_all_three_runs_ends_well(template: Works, tmp_path: Path) -> None:
    """The rows, the file that brings what they name, and the rows once more: whenever the kill came."""
    for step in count(0, 3):
        with copied(template, tmp_path / str(step)) as works:
            died = killed(a_life(works, AT_ONCE), step, after=True)
            apart(a_life(works, AT_ONCE))
            assert_all_was_run(works)
        if not died:
            break
    assert step > 100
