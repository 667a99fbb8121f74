"""What is safe to repeat is tried again, for a while; nothing else is."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest

from syncd.core.bundle import bundle
from syncd.core.model import Call
from syncd.errors import AnswerLost, ItemRefused, SiteRefused, SiteUnreachable
from syncd.run.job import Interrupted
from syncd.run.patience import LONGEST, TRIES, Patient

READ, WRITE = "core_user_get_users_by_field", "core_user_create_users"
AWAY, LOST = SiteUnreachable("away"), AnswerLost("lost")
DATABASE = ItemRefused("dmlreadexception", "Error reading from database")


class Site:
    """A site that fails as often as it is told to, and a clock that only its waiting moves."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls = 0
        self.now = 0.0

    def call(self, function: str, parameters: Mapping[str, Any]) -> str:
        """Fail, or answer."""
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"

    def close(self) -> None:
        """Nothing is open."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def patient(self, patience: float = 1000.0) -> Patient:
        """A patient line to it."""
        return Patient(self, self.sleep, patience, clock=lambda: self.now, chance=lambda: 0.5)


@pytest.mark.parametrize("function", [READ, WRITE])
def test_what_was_never_carried_out_is_sent_again(function: str) -> None:
    """Nobody was there: the second try does it."""
    site = Site(AWAY)
    assert site.patient().call(function, {}) == "answer"
    assert (site.calls, site.now) == (2, 1.0)


def test_a_question_whose_answer_was_lost_is_asked_again() -> None:
    """Reading twice does no harm; so is one in which the database failed."""
    site = Site(LOST, DATABASE)
    assert site.patient().call(READ, {}) == "answer"


@pytest.mark.parametrize("error", [LOST, DATABASE])
def test_a_deed_whose_answer_was_lost_is_not(error: Exception) -> None:
    """It may have been done."""
    site = Site(error)
    with pytest.raises(type(error)):
        site.patient().call(WRITE, {})
    assert site.calls == 1


def test_a_bundle_is_what_its_calls_are() -> None:
    """One deed among them makes it a deed."""
    for functions, calls in (((READ, READ), 2), ((READ, WRITE), 1)):
        site = Site(LOST)
        call = bundle([Call(function, {}) for function in functions])
        with suppress(AnswerLost):
            site.patient().call(call.function, call.parameters)
        assert site.calls == calls


@pytest.mark.parametrize("error", [ItemRefused("invalidparameter", "no"), SiteRefused("no"), KeyError("defect")])
def test_what_time_does_not_mend_is_raised_at_once(error: Exception) -> None:
    """A refusal stays one."""
    site = Site(error)
    with pytest.raises(type(error)):
        site.patient().call(READ, {})
    assert (site.calls, site.now) == (1, 0.0)


def test_pauses_grow_up_to_a_longest() -> None:
    """And the tries come to an end."""
    site = Site(*[AWAY] * 20)
    with pytest.raises(SiteUnreachable):
        site.patient().call(READ, {})
    assert site.calls == TRIES
    assert site.now == 1 + 2 + 4 + 8 + LONGEST + LONGEST


def test_a_site_that_stays_away_is_given_up_when_patience_ends() -> None:
    """The whole of it, whatever was tried: the next call has only what is left of it."""
    site = Site(*[AWAY] * 20)
    patient = site.patient(10.0)
    for _ in range(2):
        with pytest.raises(SiteUnreachable):
            patient.call(READ, {})
    assert site.now <= 10.0


def test_a_site_that_came_back_is_waited_for_anew() -> None:
    """Patience counts from when it went away."""
    site = Site(AWAY, AWAY)
    patient = site.patient(4.0)
    assert patient.call(READ, {}) == "answer"
    site.failures = [AWAY, AWAY]
    assert patient.call(READ, {}) == "answer"


def test_a_run_that_must_end_is_not_slept_through() -> None:
    """Whatever ends the wait ends the call."""

    def stopped(_seconds: float) -> None:
        raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        Patient(Site(AWAY), stopped, 60.0).call(READ, {})


def test_without_patience_nothing_is_repeated() -> None:
    """A practice site has none."""
    site = Site(AWAY)
    with pytest.raises(SiteUnreachable):
        site.patient(0.0).call(READ, {})
    assert site.calls == 1
