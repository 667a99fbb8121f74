"""What a kind does when every row was carried out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.core.model import Call, Outcome, RunState
from syncd.errors import SiteRefused
from syncd.tools.base import Afterwards, Memory
from tests.run.needy import NEEDY_FILE, Needy, cities
from tests.run.workshop import Workshop

LIMITS = {"deletes": "100%", "changes": "100%", "errors": "100%"}


class Tidy(Needy):
    """A kind that afterwards counts the accounts that have a city."""

    def afterwards(self, memory: Memory, *, whole: bool) -> Afterwards:
        """Ask, and tell the number."""
        (found,) = yield [Call("core_user_get_users", {"criteria": [{"key": "email", "value": "%"}]})]
        settled = sum(1 for user in found["users"] if user.get("city"))
        return (f"{settled} settled, {'whole' if whole else 'not whole'}, now {memory.site.now > 0}",)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    """A workshop with two accounts."""
    workshop = Workshop(tmp_path)
    users = [
        {"username": name, "firstname": "A", "lastname": "B", "email": f"{name}@example.org", "auth": "ldap"}
        for name in ("ana", "ben")
    ]
    workshop.site.site.call("core_user_create_users", {"users": users})
    yield workshop
    workshop.close()


def tidy() -> Tidy:
    """A tool of this kind."""
    return Tidy.model_validate({"file": NEEDY_FILE, "guard": LIMITS})


def notes(shop: Workshop, *usernames: str, **how: bool) -> list[str]:
    """The remarks of a run on these accounts."""
    run = shop.make(tidy(), cities(*usernames), NEEDY_FILE, **how)
    assert run.state is RunState.DONE
    return list(shop.report(run)["notes"])


def test_it_comes_after_all_rows(shop: Workshop) -> None:
    """It finds what they have done, and its remarks stand in the report."""
    assert notes(shop, "ana", "ben") == ["2 settled, whole, now True"]


def test_it_comes_also_when_nothing_was_to_be_done(shop: Workshop) -> None:
    """A run that was broken off before it is made up for."""
    notes(shop, "ana")
    assert notes(shop, "ana") == ["1 settled, whole, now True"]


def test_a_simulation_leaves_it_out(shop: Workshop) -> None:
    """It might change something."""
    assert notes(shop, "ana", simulated=True) == []


def test_a_row_that_the_plan_refuses_does_not_keep_it(shop: Workshop) -> None:
    """The plan met the row, and knows of it."""
    assert notes(shop, "ana", "nobody") == ["1 settled, whole, now True"]


def test_what_goes_wrong_there_is_said_at_the_end_of_the_run(shop: Workshop) -> None:
    """The rows keep their results."""

    class Refused(Needy):
        def afterwards(self, memory: Memory, *, whole: bool) -> Afterwards:
            raise SiteRefused("the site does not like it")
            yield ()

    tool = Refused.model_validate({"file": NEEDY_FILE, "guard": LIMITS})
    run = shop.make(tool, cities("ana"), NEEDY_FILE)
    assert (run.state, run.reason) == (RunState.FAILED, "the site does not like it")
    assert run.counts[Outcome.UPDATED] == 1
