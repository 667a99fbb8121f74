"""A plan settles every row once, in file order, and changes nothing."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.functions import BUNDLE
from syncd.core.model import Call, Outcome, Refusal, Row, Site, Step
from syncd.disk.spool import Spool
from syncd.errors import Fault, ItemRefused, SiteRefused, SiteUnreachable
from syncd.run.planning import WINDOW, Plan, plan
from syncd.run.reading import Checked
from syncd.tools.base import Conversation, Memory, RowTool, Wish
from tests.run.workshop import Workshop, good_users, user_row, users, users_file


class Asking(RowTool):
    """A kind that asks about each of its rows, and finds that all of them are to be made."""

    kind = "asking"
    columns = frozenset({"name"})

    def check(self, row: Row) -> Wish:
        """Every row is good."""
        return Wish(row.line, "")

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Ask once, with one call for each row."""
        yield [Call("ask", {"line": wish.line}) for wish in wishes]
        return [Step(wish.line, Outcome.CREATED, wish.subject) for wish in wishes]


class Forgetful(Asking):
    """A kind with a defect: it forgets its last row."""

    kind = "forgetful"

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Ask nothing."""
        yield []
        return [Step(wish.line, Outcome.CREATED, wish.subject) for wish in wishes[:-1]]


class Answering:
    """A site that answers anything, or that fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[Any] = []

    def call(self, function: str, parameters: Any) -> Any:
        """Answer."""
        self.asked.append(parameters)
        if self.error:
            raise self.error

    def close(self) -> None:
        """Nothing is open."""


def checked(good: Sequence[bool]) -> list[Checked]:
    """Rows from line 2 on, the bad ones refused beforehand."""
    return [
        (Row(line, {}, ""), Wish(line, f"row:{line}") if fine else Refusal("value-wrong", "bad"))
        for line, fine in enumerate(good, start=2)
    ]


def planned(
    rows: Sequence[Checked],
    spool: Spool,
    tool: RowTool | None = None,
    site: Any = None,
    promised: Mapping[str, str] | None = None,
) -> Plan:
    """The plan of some rows."""
    with ThreadPoolExecutor(4) as pool:
        tool = tool or Asking(file="x.csv")
        site = site or Answering()
        return plan(rows, tool, lambda _: False, Site(), site, pool, spool, lambda _: None, promised or {})


@given(st.lists(st.booleans(), max_size=30))
def test_every_row_has_one_step_in_file_order(tmp_path_factory: pytest.TempPathFactory, good: list[bool]) -> None:
    """Rows that were refused beforehand keep their place between those that are planned."""
    spool = Spool(tmp_path_factory.mktemp("spool"), "run")
    found = planned(checked(good), spool)
    steps = list(spool.plan())
    assert [step.line for step in steps] == list(range(2, 2 + len(good)))
    assert [step.outcome is Outcome.CREATED for step in steps] == good
    assert found.counts[Outcome.CREATED] == sum(good)
    assert found.counts[Outcome.REJECTED] == len(good) - sum(good)


def test_windows_join_without_a_seam(tmp_path: Path) -> None:
    """A file of several windows is planned as one."""
    spool = Spool(tmp_path, "run")
    found = planned(checked([True] * (2 * WINDOW + 7)), spool)
    assert found.counts == {Outcome.CREATED: 2 * WINDOW + 7}
    assert [step.line for step in spool.plan()] == list(range(2, 2 * WINDOW + 9))


def test_a_kind_that_forgets_a_row_is_found_out(tmp_path: Path) -> None:
    """A defect of a kind becomes a fault that names it, never a row without a result."""
    with pytest.raises(Fault, match="forgetful did not plan each row once"):
        planned(checked([True, True]), Spool(tmp_path, "run"), Forgetful(file="x.csv"))


def test_a_refused_question_is_a_fault(tmp_path: Path) -> None:
    """Questions are syncd's own: that the site refuses one is nothing that a sender could mend."""
    with pytest.raises(Fault, match="Moodle refuses a question"):
        planned(checked([True]), Spool(tmp_path, "run"), site=Answering(ItemRefused("invalidparameter", "Invalid")))


def test_a_site_that_is_away_ends_the_plan(tmp_path: Path) -> None:
    """What the target says is what the run ends with."""
    with pytest.raises(SiteUnreachable):
        planned(checked([True]), Spool(tmp_path, "run"), site=Answering(SiteUnreachable("away")))


class AskingOfCourses(Asking):
    """A kind that asks about each course by itself, and about something else."""

    kind = "courses-asking"

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Ask, and keep the answers."""
        calls = [Call(COURSE, {"field": "shortname", "value": f"C{wish.line}"}) for wish in wishes]
        self.heard.extend((yield [Call("ask", {}), *calls, Call("ask", {})]))
        return [Step(wish.line, Outcome.CREATED, wish.subject) for wish in wishes]

    @property
    def heard(self) -> list[Any]:
        """The answers."""
        return HEARD


COURSE = "core_course_get_courses_by_field"
HEARD: list[Any] = []


class Library:
    """A site that tells of a course what it was asked, one by one or in bundles; some courses it refuses."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.asked: list[str] = []

    def call(self, function: str, parameters: Any) -> Any:
        """Answer."""
        self.asked.append(function)
        if function == BUNDLE:
            return {"responses": list(self._responses(parameters["requests"]))}
        return self._answer(parameters)

    def _responses(self, requests: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for request in requests:
            arguments = json.loads(request["arguments"])
            if arguments["value"] in self.refused:
                yield {"error": True, "exception": "{}"}
                return
            yield {"error": False, "data": json.dumps(self._answer(arguments))}

    def _answer(self, parameters: Any) -> Any:
        if parameters.get("value") in self.refused:
            raise SiteRefused("no capability")
        return parameters.get("value", "other")

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(("functions", "calls"), [(frozenset({BUNDLE}), 2 + 4), (frozenset[str](), 2 + 120)])
def test_small_questions_go_in_bundles_where_the_site_has_them(
    tmp_path: Path, functions: frozenset[str], calls: int
) -> None:
    """The answers come in the order of the questions, however they were asked."""
    HEARD.clear()
    site = Library()
    with ThreadPoolExecutor(4) as pool:
        tool, spool = AskingOfCourses(file="x.csv"), Spool(tmp_path, "run")
        plan(checked([True] * 120), tool, lambda _: False, Site(functions), site, pool, spool, lambda _: None, {})
    assert len(site.asked) == calls
    assert ["other", *(f"C{line}" for line in range(2, 122)), "other"] == HEARD


def test_a_question_that_is_refused_in_a_bundle_is_asked_alone(tmp_path: Path) -> None:
    """So that the target says whose fault it is."""
    with ThreadPoolExecutor(1) as pool, pytest.raises(SiteRefused, match="no capability"):
        tool, spool, site = AskingOfCourses(file="x.csv"), Spool(tmp_path, "run"), Library("C5")
        plan(
            checked([True] * 9), tool, lambda _: False, Site(frozenset({BUNDLE})), site, pool, spool, lambda _: None, {}
        )


def test_the_digest_stands_for_what_would_be_sent(workshop: Workshop) -> None:
    """The same file on the same site has the same plan; another row, or another site, has another."""
    first = workshop.make(users(), good_users(10), simulated=True)
    assert workshop.make(users(), good_users(10), simulated=True).plan == first.plan
    assert workshop.make(users(), good_users(11), simulated=True).plan != first.plan
    workshop.make(users(), users_file([user_row(3)]))
    assert workshop.make(users(), good_users(10), simulated=True).plan != first.plan
    assert len(first.plan) == len(hashlib.sha256().hexdigest())
