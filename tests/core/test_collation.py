"""What Moodle's database takes for the same text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.collation import alike


@pytest.mark.parametrize(
    ("one", "other"), [("Group A", "group a"), ("Été", "ETE"), ("G1", " G1 "), ("Straße", "STRASSE")]
)
def test_case_accents_and_outer_blanks_make_no_difference(one: str, other: str) -> None:
    """Two groups of a course can't be told apart by them."""
    assert alike(one) == alike(other)


@pytest.mark.parametrize(("one", "other"), [("G1", "G2"), ("G1", "G 1"), ("", "G"), ("名", "前")])
def test_other_differences_count(one: str, other: str) -> None:
    """They make another name."""
    assert alike(one) != alike(other)


@given(st.text(st.characters(max_codepoint=127)))
def test_what_is_alike_to_something_is_alike_to_itself(text: str) -> None:
    """Taking it twice changes nothing."""
    assert alike(alike(text)) == alike(text)
    assert alike(text.upper()) == alike(text.lower())
