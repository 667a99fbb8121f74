"""Every row is accounted for, whatever the site does in the middle of it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from math import log2
from threading import Lock
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.functions import FUNCTIONS
from syncd.core.model import APPLIED, Act, Outcome, Refusal, Result, Row, Step
from syncd.errors import ItemRefused, SiteRefused, SyncdError, TooMuch
from syncd.run.applying import PAUSES, Apply
from syncd.run.sending import Sending
from tests.faulty import AWAY, LOST, Fault, Faulty, from_then_on, none, once

CREATE, UPDATE, DELETE = "core_user_create_users", "core_user_update_users", "core_user_delete_users"
MAKE, JOIN = "core_cohort_create_cohorts", "core_cohort_add_cohort_members"


@dataclass(slots=True)
class Obedient:
    """A site that does whatever it is asked, and remembers each item in the order in which it was done."""

    done: list[Any] = field(default_factory=list)
    warnings: list[Mapping[str, Any]] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Do it."""
        items = parameters[FUNCTIONS[function].items]
        with self._lock:
            first = len(self.done)
            self.done += items
        match FUNCTIONS[function].answer:
            case "ids":
                return [{"id": 1000 + number} for number in range(first, first + len(items))]
            case "warnings" | "vague":
                return {"warnings": self.warnings}
            case "each":
                return [{"index": number, "id": 1000 + first + number} for number in range(len(items))]
            case "null":
                return None

    def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class Drafts:
    """A draft area; at each upload it notes what `seen` tells."""

    seen: Callable[[], int] = lambda: 0
    counted: list[int] = field(default_factory=list)

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Take a file."""
        self.counted.append(self.seen())
        return {"itemid": len(self.counted)}

    def close(self) -> None:
        """Nothing is open."""


def row(line: int, **cells: str) -> Row:
    """A row of a file."""
    return Row(line, cells, "")


def creation(line: int, subject: str = "", *more: Act) -> Step:
    """A row that makes an account."""
    return Step(line, Outcome.CREATED, subject or f"row:{line}", (Act(CREATE, {"username": f"user{line}"}), *more))


def update(line: int, subject: str = "", **item: Any) -> Step:
    """A row that changes an account whose id is the row's line."""
    return Step(line, Outcome.UPDATED, subject or f"row:{line}", (Act(UPDATE, {"id": line, **item}),))


def applied(steps: Sequence[Step], site: Any, ready: Any = lambda: None) -> tuple[list[Result], Exception | None]:
    """What becomes of each row, and what kept the rest from being sent."""
    times = Counter(step.subject for step in steps)
    with ThreadPoolExecutor(4) as pool:
        apply = Apply(site, pool, lambda subject: times[subject] > 1, ready)
        windows = apply.results((row(step.line), step) for step in steps)
        return [result for window in windows for result in window], apply.down


def outcomes(steps: Sequence[Step], site: Any) -> list[Outcome]:
    """The outcomes alone."""
    return [result.outcome for result in applied(steps, site)[0]]


def bad(*names: str) -> Any:
    """Refuses the items that make accounts of these names."""
    return lambda item: item.get("username") in names


@pytest.mark.parametrize("place", [0, 37, 99])
def test_a_refused_batch_is_halved_until_the_bad_row_stands_alone(place: int) -> None:
    """One bad row does not take its batch down, and to find it takes no more than two calls for each halving."""
    site = Faulty(Obedient(), refuses=bad(f"user{place}"))
    results, down = applied([creation(line) for line in range(100)], site)
    assert down is None
    assert [result.line for result in results if result.outcome is Outcome.REJECTED] == [place]
    assert sum(result.outcome is Outcome.CREATED for result in results) == 99
    assert len(site.calls) <= 1 + 2 * (log2(100) + 1)


def test_a_refused_row_says_what_moodle_says() -> None:
    """Its refusal carries Moodle's sentence and its code."""
    (result,), _ = applied([creation(2)], Faulty(Obedient(), refuses=bad("user2")))
    assert result.refusal
    assert result.refusal.code == "site-refused"
    assert result.refusal.reason == "Moodle says: Invalid parameter value detected [invalidparameter]"


def test_batches_are_as_large_as_the_function_takes_them() -> None:
    """A thousand rows of a kind are no more calls than they must be."""
    site = Faulty(Obedient())
    applied([creation(line) for line in range(250)], site)
    assert sorted(site.calls) == [(CREATE, 50), (CREATE, 100), (CREATE, 100)]


def test_costly_items_come_in_smaller_batches() -> None:
    """Moodle draws a picture within the call: so many as there are names would take a minute."""
    steps = [update(line, id=line, userpicture=line) for line in range(2, 52)]
    site = Faulty(Obedient())
    assert outcomes(steps, site) == [Outcome.UPDATED] * 50
    assert sorted(count for _, count in site.calls) == [10, 20, 20]


@pytest.mark.parametrize(("times", "outcome"), [(1, Outcome.CREATED), (2, Outcome.REJECTED)])
def test_a_call_that_met_another_is_made_once_more(times: int, outcome: Outcome) -> None:
    """Such a refusal says nothing of the item; one that stays does."""
    met = ItemRefused("storedfilecannotcreatefiledirs", "Cannot create local file pool directories.")
    upload = Step(2, Outcome.CREATED, "ana", (Act("core_files_upload", {"filename": "ana.jpg"}),))
    site = Faulty(Drafts(), before=lambda _function, number: met if number < times else None)
    assert outcomes([upload], site) == [outcome]


def test_an_item_is_made_when_it_is_sent() -> None:
    """A picture is large: of a thousand that are under way, only those in a call are in memory."""
    lines = range(2, 22)
    steps = [
        Step(line, Outcome.CREATED, str(line), (Act("core_files_upload", {}, {"filecontent": "content"}),))
        for line in lines
    ]
    read: list[int] = []

    class Cells(dict[str, str]):
        def __init__(self, line: int) -> None:
            super().__init__()
            self.line = line

        def __missing__(self, column: str) -> str:
            read.append(self.line)
            return column

    drafts = Drafts(seen=lambda: len(read))
    with ThreadPoolExecutor(1) as pool:
        apply = Apply(drafts, pool, lambda _subject: True, lambda: None)
        pairs = [(Row(step.line, Cells(step.line), ""), step) for step in steps]
        (results,) = apply.results(pairs)
    assert [result.outcome for result in results] == [Outcome.CREATED] * len(lines)
    assert drafts.counted == list(range(1, len(lines) + 1))


def test_warnings_that_name_an_item_refuse_that_row_alone() -> None:
    """An update is carried out but for the accounts that Moodle warns of."""
    site = Obedient(warnings=[{"item": "user", "itemid": 3, "warningcode": "invaliduserid", "message": "No such user"}])
    results, _ = applied([update(line) for line in (2, 3, 4)], site)
    assert [result.outcome for result in results] == [Outcome.UPDATED, Outcome.REJECTED, Outcome.UPDATED]
    assert results[1].refusal and "No such user" in results[1].refusal.reason


def test_rows_about_one_subject_keep_their_order() -> None:
    """The second is sent when the first is done, although calls are made side by side."""
    site = Obedient()
    steps = [update(line, f"id:{line % 3}", city=str(line)) for line in range(30)]
    applied(steps, site)
    for subject in range(3):
        cities = [int(item["city"]) for item in site.done if item["id"] % 3 == subject]
        assert cities == sorted(cities)
        assert len(cities) == 10


def test_a_later_row_gets_the_id_that_an_earlier_one_made() -> None:
    """Created in one row and suspended in another, an account is named by the id that the site gave."""
    site = Obedient()
    suspension = Step(3, Outcome.SUSPENDED, "id:1", (Act(UPDATE, {"suspended": 1}, takes={"id": ""}),))
    assert outcomes([creation(2, "id:1"), suspension], site) == [Outcome.CREATED, Outcome.SUSPENDED]
    assert site.done == [{"username": "user2"}, {"suspended": 1, "id": 1000}]


def test_a_row_can_create_and_suspend() -> None:
    """The acts of one row are sent in their order, each when the one before is done."""
    site = Obedient()
    steps = [creation(2, "", Act(UPDATE, {"suspended": 1}, takes={"id": ""}))]
    assert outcomes(steps, site) == [Outcome.CREATED]
    assert site.done[-1] == {"suspended": 1, "id": 1000}


def test_acts_are_sent_in_the_order_of_their_row_whatever_their_functions() -> None:
    """A cohort that is made first, an account, and its membership: all of it is done, in this order."""
    site = Obedient()
    member = {"cohorttype": {"type": "idnumber", "value": "C"}, "usertype": {"type": "username", "value": "user2"}}
    acts = (Act(MAKE, {"idnumber": "C"}, gives="cohort C"), Act(CREATE, {"username": "user2"}), Act(JOIN, member))
    assert outcomes([Step(2, Outcome.CREATED, "id:2", acts)], site) == [Outcome.CREATED]
    assert site.done == [{"idnumber": "C"}, {"username": "user2"}, member]


def test_acts_of_one_function_in_a_row_are_sent_together() -> None:
    """A cohort of a thousand members is emptied in a few calls, and one act that is refused does not hide the rest."""
    leave = "core_cohort_delete_cohort_members"
    acts = tuple(Act(leave, {"cohortid": 5, "userid": user}) for user in range(600))
    site = Faulty(Obedient(), refuses=lambda item: item["userid"] == 0)
    assert outcomes([Step(2, Outcome.DELETED, "cohort 5", acts[1:])], site) == [Outcome.DELETED]
    assert sorted(size for _, size in site.calls) == [99, 250, 250]
    (result,), _ = applied([Step(2, Outcome.DELETED, "cohort 5", acts[:3])], site)
    assert result.refusal and result.refusal.reason.startswith("a part of the row was carried out")


def test_an_act_that_takes_what_its_row_makes_is_sent_after_it() -> None:
    """Two levels of categories of one row are made one after the other."""
    site = Obedient()
    category = "core_course_create_categories"
    acts = (Act(category, {"name": "A"}, gives="A"), Act(category, {"name": "B"}, takes={"parent": "A"}))
    assert outcomes([Step(2, Outcome.CREATED, "a", acts)], site) == [Outcome.CREATED]
    assert site.done == [{"name": "A"}, {"name": "B", "parent": 1000}]


def test_a_row_that_must_come_after_another_does() -> None:
    """A cohort is deleted when the earlier row about a member of it is done, though deletions are sent first."""
    site = Obedient()
    joining = Step(2, Outcome.CREATED, "cohort 5, user 7", (Act(JOIN, {"member": 7}),))
    deletion = Step(3, Outcome.DELETED, "cohort 5", (Act("core_cohort_delete_cohorts", {"cohortid": 5}),))
    assert outcomes([joining, replace(deletion, after=joining.subject)], site) == [Outcome.CREATED, Outcome.DELETED]
    assert site.done == [{"member": 7}, 5]


def test_what_one_row_makes_another_can_take_by_name() -> None:
    """A category, one below it by the next row, and a third row's course in that: each id goes where it is taken."""
    site = Obedient()
    category, course = "core_course_create_categories", "core_course_create_courses"
    steps = [
        Step(2, Outcome.CREATED, "a", (Act(course, {"shortname": "C"}, takes={"in.category": "B"}),)),
        Step(3, Outcome.CREATED, "b", (Act(category, {"name": "A"}, gives="A"),)),
        Step(4, Outcome.CREATED, "c", (Act(category, {"name": "B"}, gives="B", takes={"parent": "A"}),)),
    ]
    steps = [
        replace(step, acts=tuple(replace(act, item={"in": {}, **act.item}) for act in step.acts)) for step in steps
    ]
    assert outcomes(steps, site) == [Outcome.CREATED] * 3
    assert [item["in"] | item for item in site.done] == [
        {"in": {}, "name": "A"},
        {"in": {}, "name": "B", "parent": 1000},
        {"in": {"category": 1001}, "shortname": "C", "category": 1001},
    ]


def test_what_another_row_failed_to_make_is_not_waited_for() -> None:
    """A row that takes what a refused row was to give is refused, and nothing of it is sent."""
    site = Faulty(Obedient(), refuses=lambda item: item == {"name": "A"})
    category = "core_course_create_categories"
    steps = [
        Step(2, Outcome.CREATED, "a", (Act(category, {"name": "A"}, gives="A"),)),
        Step(3, Outcome.CREATED, "b", (Act(category, {"name": "B"}, takes={"parent": "A"}),)),
    ]
    results, _ = applied(steps, site)
    assert [result.refusal and result.refusal.code for result in results] == ["site-refused", "earlier-row"]
    assert site.calls == [(category, 1)]


def test_what_needs_a_refused_row_is_refused_with_it() -> None:
    """Nothing is sent for an account that was not made; the reason points to the earlier row."""
    site = Faulty(Obedient(), refuses=bad("user2"))
    suspension = Step(3, Outcome.SUSPENDED, "id:1", (Act(UPDATE, {"suspended": 1}, takes={"id": ""}),))
    results, _ = applied([creation(2, "id:1"), suspension], site)
    assert [result.outcome for result in results] == [Outcome.REJECTED, Outcome.REJECTED]
    assert results[1].refusal and results[1].refusal.code == "earlier-row"
    assert (UPDATE, 1) not in site.calls


def test_half_a_row_says_what_was_done() -> None:
    """An account that was made and could not be suspended is a refused row whose reason says both."""
    site = Faulty(Obedient(), refuses=lambda item: "suspended" in item)
    (result,), _ = applied([creation(2, "", Act(UPDATE, {"suspended": 1}, takes={"id": ""}))], site)
    assert result.outcome is Outcome.REJECTED
    assert result.refusal and result.refusal.reason.startswith(
        "a part of the row was carried out, and then: Moodle says"
    )


def test_a_lost_answer_makes_its_rows_unknown() -> None:
    """They were sent: nobody can say that they were not carried out. What was not sent is skipped."""
    site = Faulty(Obedient(), after=once(0, LOST))
    with ThreadPoolExecutor(1) as pool:
        steps = [creation(line) for line in range(150)]
        apply = Apply(site, pool, lambda _: False, lambda: None)
        results = [one for window in apply.results((row(step.line), step) for step in steps) for one in window]
    assert apply.down is LOST
    assert {result.outcome for result in results[:100]} == {Outcome.UNKNOWN}
    assert {result.outcome for result in results[100:]} <= {Outcome.SKIPPED, Outcome.CREATED}


def test_a_site_that_goes_away_rejects_nothing() -> None:
    """What was applied stays applied, the rest is skipped, also rows that build upon one that was never sent."""
    site = Faulty(Obedient(), before=from_then_on(1, AWAY))
    suspension = Step(2_500, Outcome.SUSPENDED, "row:2400", (Act(UPDATE, {"suspended": 1}, takes={"id": ""}),))
    results, down = applied([creation(line) for line in range(2_500)] + [suspension], site)
    assert down is AWAY
    counts = Counter(result.outcome for result in results)
    assert counts == {Outcome.CREATED: 100, Outcome.SKIPPED: 2_401}


def test_nothing_more_is_sent_once_the_run_must_stop() -> None:
    """The batch that is under way ends; of its window no further one begins."""
    site = Faulty(Obedient())

    def ready() -> None:
        if site.calls:
            raise SyncdError("stop")

    with ThreadPoolExecutor(1) as pool:
        apply = Apply(site, pool, lambda _: False, ready)
        steps = [creation(line) for line in range(1_000)]
        list(apply.results((row(step.line), step) for step in steps))
    assert site.calls == [(CREATE, 100)]
    assert str(apply.down) == "stop"


@pytest.mark.parametrize("answer", [None, [], [{"id": 1}], [{"name": "x"}, {}], "no", [None, None]])
def test_an_answer_that_makes_no_sense_is_a_lost_one(answer: Any) -> None:
    """The accounts may have been made: their rows are unknown, and nothing more is sent."""

    class Confused(Obedient):
        def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
            return answer

    results, down = applied([creation(2), creation(3)], Confused())
    assert [result.outcome for result in results] == [Outcome.UNKNOWN, Outcome.UNKNOWN]
    assert down


def test_a_defect_in_a_target_loses_no_other_row() -> None:
    """An exception that no target may raise makes its own rows unknown; those beside it keep their results."""
    site = Faulty(Obedient(), after=once(2, KeyError("id")))
    results, down = applied([creation(line) for line in range(300)], site)
    assert isinstance(down, KeyError)
    assert Counter(result.outcome for result in results) == {Outcome.CREATED: 200, Outcome.UNKNOWN: 100}


def test_a_secret_is_read_from_its_row() -> None:
    """The step names the column; the password goes into the call and nowhere else."""
    site = Obedient()
    act = Act(CREATE, {"username": "user2"}, {"password": "password"})
    with ThreadPoolExecutor(1) as pool:
        pairs = [(row(2, password="S3cret-"), Step(2, Outcome.CREATED, "x", (act,)))]
        list(Apply(site, pool, lambda _: False, lambda: None).results(pairs))
    assert site.done == [{"username": "user2", "password": "S3cret-"}]


def test_passwords_that_nobody_knows_differ() -> None:
    """Two accounts without a password get two long random ones."""
    site = Obedient()
    applied([Step(line, Outcome.CREATED, f"{line}", (Act(CREATE, {}, {"password": ""}),)) for line in (2, 3)], site)
    first, second = (item["password"] for item in site.done)
    assert first != second
    assert min(len(first), len(second)) > 32


# The law

BEFORE = st.sampled_from([AWAY, LOST, SiteRefused("no right"), ValueError("defect")])
AFTER = st.sampled_from([LOST, ValueError("defect")])
FAULTS: st.SearchStrategy[tuple[Fault, Fault]] = st.one_of(
    st.just((none, none)),
    st.tuples(st.builds(once, st.integers(0, 6), BEFORE), st.just(none)),
    st.tuples(st.just(none), st.builds(once, st.integers(0, 6), AFTER)),
)
"""What goes wrong before a call is carried out, or after."""


@st.composite
def plans(draw: st.DrawFn) -> list[Step]:
    """Plans of rows that are refused beforehand, hold already, or act upon a few subjects."""
    steps = []
    for line in range(2, 2 + draw(st.integers(0, 60))):
        subject = f"id:{draw(st.integers(0, 20))}"
        match draw(st.sampled_from(["create", "update", "both", "unchanged", "rejected"])):
            case "create":
                steps.append(Step(line, Outcome.CREATED, subject, (Act(CREATE, {"line": line}),)))
            case "update":
                steps.append(Step(line, Outcome.UPDATED, subject, (Act(UPDATE, {"id": line, "line": line}),)))
            case "both":
                acts = (Act(MAKE, {"line": line, "first": 1}), Act(CREATE, {"line": line}))
                steps.append(Step(line, Outcome.CREATED, subject, acts))
            case "unchanged":
                steps.append(Step(line, Outcome.UNCHANGED, subject))
            case "rejected":
                steps.append(Step(line, Outcome.REJECTED, subject, refusal=Refusal("value-wrong", "bad")))
    return steps


@given(plans(), st.sets(st.integers(2, 62)), FAULTS)
def test_every_row_has_exactly_one_true_result(
    steps: list[Step], refused: set[int], faults: tuple[Fault, Fault]
) -> None:
    """In file order; what says applied was done once, what says skipped was not done at all."""
    site = Obedient()
    results, down = applied(steps, Faulty(site, lambda item: item["line"] in refused, *faults))

    assert [result.line for result in results] == [step.line for step in steps]
    done = Counter(item["line"] for item in site.done)
    for step, result in zip(steps, results, strict=True):
        if not step.acts:
            assert result.outcome is step.outcome
        elif result.outcome in APPLIED:
            assert result.outcome is step.outcome
            assert done[step.line] == len(step.acts)
        elif result.outcome is Outcome.REJECTED:
            assert result.refusal
            assert step.line in refused
        else:
            assert down
            assert result.outcome in {Outcome.SKIPPED, Outcome.UNKNOWN}
            assert result.outcome is Outcome.UNKNOWN or not done[step.line]
    for subject in {step.subject for step in steps}:
        lines = [item["line"] for item in site.done]
        of_subject = [step.line for step in steps if step.subject == subject and step.line in done]
        assert [line for line in dict.fromkeys(lines) if line in of_subject] == of_subject


# Bundles, paces, too much


def bundled(steps: Sequence[Step], site: Any, **how: Any) -> list[Result]:
    """The results on a site that has bundles, over one connection."""
    with ThreadPoolExecutor(1) as pool:
        apply = Apply(site, pool, lambda _: False, lambda: None, bundles=True, **how)
        return [one for window in apply.results((row(step.line), step) for step in steps) for one in window]


@pytest.mark.parametrize("places", [{0}, {99}, {17, 18, 60}, set(range(100)), set()])
def test_bad_rows_are_found_by_bundles_where_the_site_has_them(places: set[int]) -> None:
    """One bad row costs three calls more; nothing good is refused, and nothing is made twice."""
    site = Faulty(Obedient(), refuses=lambda item: item["username"] in {f"user{place}" for place in places})
    results = bundled([creation(line) for line in range(100)], site)
    assert {result.line for result in results if result.outcome is Outcome.REJECTED} == places
    assert sum(result.outcome is Outcome.CREATED for result in results) == 100 - len(places)
    done = [item["username"] for item in site.site.done]  # type: ignore[attr-defined]
    assert len(done) == len(set(done)) == 100 - len(places)
    assert len(site.calls) <= 3 + 2 * len(places)


def test_a_bundle_whose_answer_is_lost_leaves_its_rows_unknown() -> None:
    """Some of it may have been done; what is known of the rows before it stays known."""
    site = Faulty(Obedient(), refuses=bad("user60"), after=once(2, LOST))
    results = bundled([creation(line) for line in range(100)], site)
    assert Counter(result.outcome for result in results) == {Outcome.CREATED: 50, Outcome.UNKNOWN: 50}


def test_vague_warnings_are_found_by_bundles_too() -> None:
    """A warning that does not say whom it is about."""

    class Warning(Obedient):
        def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
            super().call(function, parameters)
            bad = [item for item in parameters["members"] if item["n"] == 7]
            return {"warnings": [{"warningcode": "1", "message": "unknown"} for _ in bad]}

    results = bundled([Step(n, Outcome.UPDATED, f"{n}", (Act(JOIN, {"n": n}),)) for n in range(20)], Faulty(Warning()))
    assert [result.line for result in results if result.outcome is Outcome.REJECTED] == [7]


def test_slow_requests_make_the_next_ones_smaller() -> None:
    """A request of a hundred takes ten seconds here: the ones that follow are halved until they are quick enough."""
    site = Slow(0.1)
    with ThreadPoolExecutor(1) as pool:
        sending = Sending[int](site, pool, lambda: None, clock=lambda: site.now)
        found = list(sending.send(FUNCTIONS[CREATE], ((n, {"username": f"{n}"}) for n in range(400))))
    assert sorted(name for name, _ in found) == list(range(400))
    assert site.sizes[:2] == [100, 50]
    assert max(site.sizes[1:]) <= 62
    assert sum(site.sizes) == 400


class Slow(Obedient):
    """A site that takes its time for each item."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.now = 0.0
        self.sizes: list[int] = []

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Do it, slowly."""
        answer = super().call(function, parameters)
        self.sizes.append(len(answer))
        self.now += self.seconds * len(answer)
        return answer


class Narrow(Obedient):
    """A site to which no call may be sent that holds more than a few items."""

    most = 30

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Do it, if it is not too much."""
        if len(parameters[FUNCTIONS[function].items]) > self.most:
            raise TooMuch("too many variables")
        return super().call(function, parameters)


def test_a_batch_that_is_too_large_to_be_sent_is_halved() -> None:
    """Until it fits; the batches that follow fit at once, and no row is refused for it."""
    site = Faulty(Narrow())
    with ThreadPoolExecutor(1) as pool:
        apply = Apply(site, pool, lambda _: False, lambda: None, bundles=True)
        results = [one for window in apply.results((row(n), creation(n)) for n in range(300)) for one in window]
    assert {result.outcome for result in results} == {Outcome.CREATED}
    assert [size for _, size in site.calls[:3]] == [100, 50, 25]
    assert max(size for _, size in site.calls[7:]) <= 31
    assert site.calls[-1][1] <= 30


def test_a_row_that_is_too_large_by_itself_is_refused() -> None:
    """Nothing can be halved any more."""

    class Closed(Narrow):
        most = 0

    (result,) = bundled([creation(2)], Closed())
    assert result.outcome is Outcome.REJECTED
    assert result.refusal and "too many variables" in result.refusal.reason


@pytest.mark.parametrize("times", [1, 2])
def test_a_batch_that_the_database_refused_is_sent_once_more_before_it_is_taken_apart(times: int) -> None:
    """Two requests only met: after a breath it goes through. When it does not, its parts may."""
    refusals = [ItemRefused("dmlwriteexception", "Error writing to database")] * times
    site = Faulty(Obedient(), before=lambda *_: refusals.pop() if refusals else None)
    waited: list[float] = []
    results = bundled([creation(line) for line in range(10)], site, pause=waited.append)
    assert {result.outcome for result in results} == {Outcome.CREATED}
    assert len(waited) == 1


class Meeting(Obedient):
    """A site where an item meets another one in the pool of files, as often as is set."""

    times = 1

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Do all but the item that met another."""
        answer = Obedient.call(self, function, parameters)
        met = [item["id"] for item in parameters["users"] if item["id"] == 7]
        if self.times and met:
            self.times -= 1
            answer["warnings"] = [
                {"itemid": 7, "warningcode": "storedfilecannotcreatefiledirs", "message": "Cannot create directories."}
            ]
        return answer


@pytest.mark.parametrize(("times", "outcome"), [(1, Outcome.UPDATED), (2, Outcome.REJECTED)])
def test_an_item_that_met_another_within_its_batch_is_sent_once_more(times: int, outcome: Outcome) -> None:
    """It alone: the others were carried out."""
    site = Meeting()
    site.times = times
    results = bundled([update(line) for line in range(2, 12)], site)
    assert [result.outcome for result in results] == [Outcome.UPDATED] * 5 + [outcome] + [Outcome.UPDATED] * 4
    assert [item["id"] for item in site.done] == [*range(2, 12), 7]


def test_a_site_that_goes_away_when_an_item_is_sent_once_more_loses_no_other() -> None:
    """What was carried out stays so."""
    site = Faulty(Meeting(), before=from_then_on(1, AWAY))
    results, down = applied([update(line) for line in range(2, 12)], site)
    assert down is AWAY
    assert [result.outcome for result in results] == [Outcome.UPDATED] * 5 + [Outcome.SKIPPED] + [Outcome.UPDATED] * 4


# Lost answers


class Remembering:
    """A site that makes what it is asked for once, and knows what is there; it plans rows anew against that."""

    def __init__(self) -> None:
        self.there: dict[str, int] = {}
        self.done: list[Any] = []
        self.planned: list[list[int]] = []

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Do it."""
        items = parameters[FUNCTIONS[function].items]
        self.done += items
        if function == CREATE:
            for item in items:
                assert item["username"] not in self.there, "made twice"
                self.there[item["username"]] = 1000 + len(self.there)
            return [{"id": self.there[item["username"]]} for item in items]
        return {"warnings": []} if FUNCTIONS[function].answer == "warnings" else None

    def close(self) -> None:
        """Nothing is open."""

    def replan(self, rows: Sequence[Row]) -> list[Step]:
        """What is still to be done of rows that make an account, or (with a city) change that of an earlier row."""
        self.planned.append([row.line for row in rows])
        return [self._step(row) for row in rows]

    def _step(self, row: Row) -> Step:
        name, city = row.cells["username"], row.cells.get("city", "")
        known = self.there.get(name)
        acts = [] if known else [Act(CREATE, {"username": name})]
        if city and known:
            acts.append(Act(UPDATE, {"id": known, "city": city}))
        elif city:
            acts.append(Act(UPDATE, {"city": city}, takes={"id": ""}))
        return Step(row.line, Outcome.UPDATED if acts else Outcome.UNCHANGED, name, tuple(acts))


def found_out(
    pairs: Sequence[tuple[Row, Step]], faulty: Faulty, site: Remembering, **how: Any
) -> tuple[list[Result], Exception | None]:
    """The results on a site that loses answers."""
    times = Counter(step.subject for _, step in pairs)
    with ThreadPoolExecutor(1) as pool:
        apply = Apply(faulty, pool, lambda name: times[name] > 1, lambda: None, replan=site.replan, **how)
        return [one for window in apply.results(pairs) for one in window], apply.down


def new(line: int, name: str) -> tuple[Row, Step]:
    """A row that makes an account."""
    return row(line, username=name), Step(line, Outcome.CREATED, name, (Act(CREATE, {"username": name}),))


def moved(line: int, name: str, city: str) -> tuple[Row, Step]:
    """A row that changes the account that an earlier row makes."""
    return row(line, username=name, city=city), Step(
        line, Outcome.UPDATED, name, (Act(UPDATE, {"city": city}, takes={"id": ""}),)
    )


LOSSES = [
    pytest.param({"before": once(0, LOST)}, id="before the deed"),
    pytest.param({"after": once(0, LOST)}, id="after the deed"),
]


@pytest.mark.parametrize("loss", LOSSES)
def test_nothing_is_made_twice_when_an_answer_is_lost(loss: dict[str, Any]) -> None:
    """What was done is found out, what was not is done, and every row has the outcome that was planned."""
    site = Remembering()
    results, down = found_out([new(line, f"u{line}") for line in range(250)], Faulty(site, **loss), site)
    assert down is None
    assert [result.outcome for result in results] == [Outcome.CREATED] * 250
    assert len(site.there) == 250
    assert {line for lines in site.planned for line in lines} == set(range(100)), "the others never were in doubt"


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("far", [0, 1_200])
def test_who_takes_what_was_found_to_be_made_gets_its_id(loss: dict[str, Any], far: int) -> None:
    """The id was never told: rows that need it are planned anew too, also many rows further down."""
    site = Remembering()
    between = [new(100 + line, f"u{line}") for line in range(far)]
    pairs = [new(2, "ana"), *between, moved(5_000, "ana", "Lyon"), moved(5_001, "ana", "Paris")]
    results, down = found_out(pairs, Faulty(site, **loss), site)
    assert down is None
    assert results[0].outcome is Outcome.CREATED
    assert [result.outcome for result in results[-2:]] == [Outcome.UPDATED] * 2
    cities = [item for item in site.done if "city" in item]
    assert cities == [{"id": site.there["ana"], "city": "Lyon"}, {"id": site.there["ana"], "city": "Paris"}]


@pytest.mark.parametrize("loss", LOSSES)
def test_a_row_whose_second_act_is_lost_goes_on_from_there(loss: dict[str, Any]) -> None:
    """Its first act is not carried out again."""
    site = Remembering()
    name, act = "ana", Act(UPDATE, {"city": "Lyon"}, takes={"id": ""})
    pair = row(2, username=name, city="Lyon"), Step(2, Outcome.CREATED, name, (Act(CREATE, {"username": name}), act))
    faults: dict[str, Any] = {when: once(1, LOST) for when in loss}
    results, down = found_out([pair], Faulty(site, **faults), site)
    assert (results[0].outcome, down) == (Outcome.CREATED, None)
    assert [item for item in site.done if "username" in item] == [{"username": "ana"}]


def test_an_answer_that_is_lost_again_and_again_ends_the_run() -> None:
    """After three tries the rows are unknown; what was known before stays known."""
    site = Remembering()
    faulty = Faulty(site, before=from_then_on(1, LOST))
    results, down = found_out([new(line, f"u{line}") for line in range(250)], faulty, site)
    assert down is LOST
    counts = Counter(result.outcome for result in results)
    assert counts == {Outcome.CREATED: 100, Outcome.UNKNOWN: 100, Outcome.SKIPPED: 50}
    assert len(faulty.calls) == 1 + 1 + len(PAUSES)


def test_the_site_is_asked_after_a_pause_and_twice_before_anything_is_sent_again() -> None:
    """Moodle goes on when nobody waits any more: an answer that still changes shows that it does."""
    site = Remembering()
    late = iter(["u0", "u1", "u2"])
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        if name := next(late, ""):
            site.there[name] = 1000 + len(site.there)

    results, down = found_out(
        [new(n, f"u{n}") for n in range(4)], Faulty(site, before=once(0, LOST)), site, pause=pause
    )
    assert down is None
    assert waited == [PAUSES[0]] * 4
    assert site.done == [{"username": "u3"}]
    assert {result.outcome for result in results} == {Outcome.CREATED}


def test_a_row_that_is_found_to_be_refused_says_why() -> None:
    """Somebody else may have taken the name meanwhile."""
    site = Remembering()
    refusal = Refusal("username-taken", "another account has this username")

    def replan(rows: Sequence[Row]) -> list[Step]:
        return [Step(one.line, Outcome.REJECTED, "ana", refusal=refusal) for one in rows]

    with ThreadPoolExecutor(1) as pool:
        faulty = Faulty(site, before=once(0, LOST))
        apply = Apply(faulty, pool, lambda _: False, lambda: None, replan=replan)
        ((result,),) = apply.results([new(2, "ana")])
    assert (result.outcome, result.refusal) == (Outcome.REJECTED, refusal)


def test_when_nothing_can_be_found_out_the_rows_are_unknown() -> None:
    """The site went away altogether."""
    site = Remembering()

    def replan(_rows: Sequence[Row]) -> list[Step]:
        raise AWAY

    with ThreadPoolExecutor(1) as pool:
        faulty = Faulty(site, after=once(0, LOST))
        apply = Apply(faulty, pool, lambda _: False, lambda: None, replan=replan)
        ((first, second),) = apply.results([new(2, "ana"), moved(3, "bea", "Lyon")])
    assert apply.down is AWAY
    assert (first.outcome, second.outcome) == (Outcome.UNKNOWN, Outcome.REJECTED)
