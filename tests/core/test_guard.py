"""The limits over which a run is held."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from syncd.core.guard import FEW, Count, Guard, Share, breaches
from syncd.core.model import Outcome

COUNTS = st.dictionaries(st.sampled_from(Outcome), st.integers(0, 10_000))


def broken(guard: Guard, rows: int, **counts: int) -> list[str]:
    """The limits that are broken when so many rows have these outcomes."""
    return [breach.limit for breach in breaches(guard, rows, {Outcome(name): n for name, n in counts.items()})]


def test_the_sentence_says_how_many_of_how_many_and_the_limit() -> None:
    """Whoever must approve reads everything that matters in one sentence."""
    (breach,) = breaches(Guard(), 1_000, {Outcome.DELETED: 100, Outcome.SUSPENDED: 20})
    assert str(breach) == ("deletes: 120 of 1,000 rows would delete or suspend something, the limit is 5 % (50 rows)")
    assert (breach.limit, breach.allowed, breach.found) == ("deletes", 50, 120)


def test_what_rows_take_away_besides_counts_too() -> None:
    """One row that empties a cohort of three thousand is a mass, whatever the size of the file."""
    (breach,) = breaches(Guard(), 100, {Outcome.DELETED: 1}, 2_999)
    assert breach.sentence == (
        "deletes: 1 of 100 rows would delete or suspend something, 3,000 things in all, the limit is 5 % "
        "(never less than 5 rows)"
    )
    assert (breach.allowed, breach.found) == (5, 3_000)


def test_a_share_always_allows_a_few_rows() -> None:
    """Five deletions in a file of six rows are somebody's work; six are too many."""
    assert not broken(Guard(changes=Count(100)), 6, deleted=FEW)
    (breach,) = breaches(Guard(changes=Count(100)), 6, {Outcome.DELETED: 6})
    assert breach.sentence.endswith("the limit is 5 % (never less than 5 rows)")


def test_a_file_of_only_what_is_new_is_not_held() -> None:
    """Each row of such a file changes something: a share of changes allows fifty, of deletions five all the same."""
    assert not broken(Guard(), 8, updated=8)
    assert not broken(Guard(), 50, updated=50)
    (breach,) = breaches(Guard(), 60, {Outcome.UPDATED: 51})
    assert breach.sentence.endswith("the limit is 50 % (never less than 50 rows)")
    assert broken(Guard(), 8, deleted=8) == ["deletes"]
    assert broken(Guard(changes=Count(7)), 8, updated=8) == ["changes"]


def test_a_share_means_nothing_for_corrected_rows() -> None:
    """Every row of a tryback changes something, or is refused once more; deletions and plain numbers count."""
    counts = {Outcome.UPDATED: 60, Outcome.REJECTED: 40}
    assert not breaches(Guard(), 100, counts, corrected=True)
    limits = Guard(changes=Count(59), errors=Count(39))
    assert [breach.limit for breach in breaches(limits, 100, counts, corrected=True)] == ["changes", "errors"]
    assert [breach.limit for breach in breaches(Guard(), 9, {Outcome.DELETED: 9}, corrected=True)] == ["deletes"]


def test_a_plain_number_is_exact() -> None:
    """A limit of no deletion holds the first one."""
    assert broken(Guard(deletes=Count(0)), 10_000, deleted=1) == ["deletes"]
    assert not broken(Guard(deletes=Count(1)), 10_000, deleted=1)


def test_creations_are_not_changes() -> None:
    """A first file, all new accounts, is not held."""
    assert not broken(Guard(), 10_000, created=10_000)


def test_updates_suspensions_and_deletions_are_changes() -> None:
    """Whatever touches an account that exists counts."""
    guard = Guard(deletes=Share(Fraction(100)))
    assert broken(guard, 300, updated=51, suspended=50, deleted=50) == ["changes"]
    assert not broken(guard, 300, updated=50, suspended=50, deleted=50)


def test_refused_rows_are_errors() -> None:
    """A file of which more than a tenth is refused is held."""
    assert broken(Guard(), 100, rejected=11) == ["errors"]
    assert not broken(Guard(), 100, rejected=10)


def test_a_file_with_too_few_rows_is_held() -> None:
    """A feed that shrank below what is possible is held, even if nothing in it is wrong."""
    (breach,) = breaches(Guard(rows_at_least=500), 1, {Outcome.UNCHANGED: 1})
    assert breach.sentence == "rows_at_least: the file has 1 row, at least 500 must be there"


def test_every_broken_limit_is_said() -> None:
    """Whoever approves knows all that they approve."""
    assert broken(Guard(rows_at_least=90), 80, deleted=60, rejected=20) == [
        "deletes",
        "changes",
        "errors",
        "rows_at_least",
    ]


def test_shares_are_exact() -> None:
    """No rounding of binary fractions moves a limit by a row."""
    guard = Guard.model_validate({"deletes": "0.7%"})
    assert guard.deletes == Share(Fraction(7, 10))
    assert guard.deletes.of(1_000) == 7
    assert guard.deletes.of(1_428) == 9


@pytest.mark.parametrize("value", [-1, 2.5, True, "5", "101%", "-5%", "five", "%", "", None])
def test_what_is_neither_a_number_of_rows_nor_a_share_is_refused(value: object) -> None:
    """A limit that nobody can understand never guards anything."""
    with pytest.raises(ValidationError, match="must be a number of rows"):
        Guard.model_validate({"deletes": value})


@given(st.integers(0, 10_000), COUNTS)
def test_the_whole_file_breaks_no_limit_of_a_hundred_per_cent(rows: int, counts: dict[Outcome, int]) -> None:
    """100 % switches a limit off."""
    off = Share(Fraction(100))
    guard = Guard(deletes=off, changes=off, errors=off, rows_at_least=0)
    within = {outcome: min(number, rows // len(Outcome)) for outcome, number in counts.items()}
    assert not breaches(guard, rows, within)


@given(st.integers(0, 10_000), COUNTS, st.sampled_from(Outcome))
def test_more_of_anything_never_breaks_fewer_limits(rows: int, counts: dict[Outcome, int], more: Outcome) -> None:
    """No outcome makes up for another."""
    before = {breach.limit for breach in breaches(Guard(), rows, counts)}
    after = {breach.limit for breach in breaches(Guard(), rows, {**counts, more: counts.get(more, 0) + 100})}
    assert before <= after
