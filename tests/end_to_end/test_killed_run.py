"""kill -9 at each deed of a run: whatever happens, the next start brings it to its end, and nothing is done twice."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from syncd.core.model import RunState
from syncd.daemon.dispatch import Dispatch
from syncd.daemon.notes import Ended, Note, Progress
from syncd.daemon.orders import Orders
from syncd.disk.ledger import Ledger
from syncd.disk.records import RunRecord
from syncd.disk.repository import Repository
from syncd.run import Place
from syncd.targets.sandbox import SandboxSettings
from syncd.tools.base import Tool
from syncd.tools.command import CommandTool
from syncd.tools.users import UsersTool
from tests.disk.folders import sha256
from tests.killing import apart, killed

PATIENCE = 90.0
FILE = "erp/users.csv"
CONTENT = b"""username,firstname,lastname,email,idnumber
ana,Ana,D\xc3\xadaz,ana@example.org,E1
ben,Ben,Roy,not an address,E2
eva,Eva,Ray,eva@example.org,E3
"""
USERS = UsersTool.model_validate({"file": FILE, "timer": "on arrival", "guard": {"errors": "100%"}})
PERMANENT = USERS.model_copy(update={"after_run": "keep"})


@dataclass(frozen=True, slots=True)
class Works:
    """The folders in which a tool runs, one process after the other."""

    top: Path

    @property
    def repository(self) -> Path:
        """Where the file waits."""
        return self.top / "repository"

    @property
    def applied(self) -> Path:
        """The lines that a program wrote, one for each time that it was run."""
        return self.top / "applied"

    def make(self) -> None:
        """A file waits, and there is a site."""
        Repository(self.repository).make()
        (self.repository / FILE).parent.mkdir()
        (self.repository / FILE).write_bytes(CONTENT)
        Ledger(self.top / "ledger.sqlite").close()
        site = SandboxSettings().open(self.top)
        site.call("core_webservice_get_site_info", {})
        site.close()

    def run_what_waits(self, tool: Tool, **others: Tool) -> None:
        """One process's life: what an earlier one left is brought to its end, then what is due is run."""
        repository, notes = Repository(self.repository), SimpleQueue[Note]()
        repository.tidy()
        loops, runs = Ledger(self.top / "ledger.sqlite"), Ledger(self.top / "ledger.sqlite")
        site = SandboxSettings().open(self.top)
        place = Place(
            repository=repository,
            ledger=runs,
            target=site,
            connections=2,
            site="campus",
            spool=self.top / "spool",
            now=_now,
        )
        orders = Orders(tools={"users": tool, **others}, encoding="auto", separator="auto")
        dispatch = Dispatch(orders, repository, loops, place, notes.put)
        try:
            dispatch.resume()
            while wanted := dispatch.wanted(_now()):
                dispatch.start(wanted, _now())
                while dispatch.under_way:
                    match notes.get(timeout=PATIENCE):
                        case Progress() as note:
                            dispatch.progressed(note)
                        case Ended() as note:
                            assert not note.error, note.error
                            dispatch.ended(note, _now())
        finally:
            dispatch.close()
            site.close()
            loops.close()
            runs.close()

    # What is left

    def runs(self) -> list[RunRecord]:
        """All that the ledger knows."""
        ledger = Ledger(self.top / "ledger.sqlite")
        try:
            return ledger.runs(limit=1_000)
        finally:
            ledger.close()

    def report(self, run: RunRecord) -> Mapping[str, Any]:
        """The report of a run, of which all three forms must be there."""
        text, rows, data = (
            self.repository / "reports" / (run.report.removesuffix(".txt") + suffix)
            for suffix in (".txt", ".rows.csv", ".json")
        )
        assert text.is_file() and rows.is_file()
        report: Mapping[str, Any] = json.loads(data.read_text(encoding="utf-8"))
        return report

    def copies(self) -> list[str]:
        """The files that hold the very bytes that were to be run."""
        return [
            str(file.relative_to(self.repository))
            for file in self.repository.rglob("*")
            if file.is_file() and file.read_bytes() == CONTENT
        ]

    def accounts(self) -> list[str]:
        """The usernames that the site has, of those in the file."""
        site = SandboxSettings().open(self.top)
        try:
            found = site.call("core_user_get_users_by_field", {"field": "username", "values": ["ana", "ben", "eva"]})
            return sorted(user["username"] for user in found)
        finally:
            site.close()

    def leftovers(self) -> list[Path]:
        """What only a run under way may have."""
        places = (self.repository / ".running", self.repository / ".incoming", self.top / "spool")
        return [path for place in places if place.is_dir() for path in place.iterdir()]


def _now() -> datetime:
    return datetime.now(UTC)


def program(works: Works) -> CommandTool:
    """A tool whose program must never be run twice on the same bytes."""
    argv = ["/bin/sh", "-c", 'echo ran >>"$1"', "sh", str(works.applied)]
    return CommandTool.model_validate({"file": FILE, "timer": "on arrival", "argv": argv})


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Works:
    """Where nothing has been run yet."""
    works = Works(tmp_path_factory.mktemp("template"))
    apart(works.make)
    return works


@contextmanager
def copied(template: Works, top: Path) -> Iterator[Works]:
    """The same works once more, for one death."""
    shutil.copytree(template.top, top)
    yield Works(top)
    shutil.rmtree(top)


def a_life(works: Works, tool: Tool) -> Callable[[], None]:
    """What a process does."""
    return lambda: works.run_what_waits(tool)


def assert_users_were_applied_once(works: Works, *, keep: bool = False) -> None:
    """One run, done, with its report; two accounts, one refused row, and the file where it belongs."""
    (run,) = works.runs()
    assert (run.state, run.sha256) == (RunState.DONE, sha256(CONTENT))
    report = works.report(run)
    assert report["state"] == "done"
    assert report["counts"].get("created", 0) + report["counts"].get("unchanged", 0) == 2
    assert report["counts"]["rejected"] == 1
    assert sorted(works.copies()) == sorted([report["archive"]] + [FILE] * keep)
    assert report["tryback"] and b"ben,Ben,Roy" in (works.repository / report["tryback"]).read_bytes()
    assert works.accounts() == ["ana", "eva"]
    assert works.leftovers() == []


def assert_program_ran_at_most_once(works: Works) -> None:
    """Either the program ran once and the run is done, or it is held: then nobody knows whether it ran."""
    ran = works.applied.read_text().count("ran\n") if works.applied.exists() else 0
    (run,) = works.runs()
    report = works.report(run)
    assert (run.state, report["state"]) in {(RunState.DONE, "done"), (RunState.HELD, "held")}
    if run.state is RunState.DONE:
        assert (ran, works.copies()) == (1, [report["archive"]])
    else:
        assert ran <= 1
        assert works.copies() == [FILE]
    assert works.leftovers() == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_at_any_deed_of_a_run_is_mended_by_the_next_start(template: Works, tmp_path: Path, after: bool) -> None:
    """Killed before or after each deed, one restart ends the run with a report, and each row is applied once."""
    for step in count():
        with copied(template, tmp_path / str(step)) as works:
            died = killed(a_life(works, USERS), step, after=after)
            apart(a_life(works, USERS))
            assert_users_were_applied_once(works)
        if not died:
            break
    assert step > 40


def test_a_permanent_file_is_there_after_any_kill(template: Works, tmp_path: Path) -> None:
    """A file that is kept is archived as a copy, once, and waits under its name whenever the kill came."""
    for step in count():
        with copied(template, tmp_path / str(step)) as works:
            died = killed(a_life(works, PERMANENT), step, after=True)
            apart(a_life(works, PERMANENT))
            assert_users_were_applied_once(works, keep=True)
        if not died:
            break


def test_a_program_is_never_run_twice_by_a_kill(template: Works, tmp_path: Path) -> None:
    """A run of a program that was interrupted is held for a person, with a report; one that ended is only let go."""
    states, unknown = set(), 0
    for step in count():
        with copied(template, tmp_path / str(step)) as works:
            died = killed(a_life(works, program(works)), step, after=True)
            apart(a_life(works, program(works)))
            assert_program_ran_at_most_once(works)
            states |= {run.state for run in works.runs()}
            unknown += works.applied.exists() and works.runs()[0].state is RunState.HELD
        if not died:
            break
    assert states == {RunState.DONE, RunState.HELD}
    assert unknown <= 1, "once the end of the program is noted, no kill makes it unknown"


def test_a_kill_in_the_mending_of_a_killed_run_is_mended_too(template: Works, tmp_path: Path) -> None:
    """Killed again while it mends what the first kill broke, the third start still brings the run to its end."""
    for first in range(5, 90, 17):
        for second in count(0, 11):
            with copied(template, tmp_path / f"{first}-{second}") as works:
                killed(a_life(works, USERS), first, after=True)
                died = killed(a_life(works, USERS), second, after=True)
                apart(a_life(works, USERS))
                assert_users_were_applied_once(works)
            if not died:
                break
