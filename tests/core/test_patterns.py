"""Which paths a pattern of the settings means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.patterns import any_of, is_pattern, matches

names = st.text(st.characters(exclude_characters="/*?[]", exclude_categories=["Cs"]), min_size=1, max_size=8)
paths = st.lists(names, min_size=1, max_size=3).map("/".join)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("erp/users.csv", "erp/users.csv"),
        ("erp/users*.csv", "erp/users-2026.csv"),
        ("erp/users*.csv", "erp/users.csv"),
        ("*/users.csv", "erp/users.csv"),
        ("users?.csv", "users1.csv"),
        ("users[12].csv", "users2.csv"),
        ("*", ".hidden"),
        ("*.csv", "caf\udce9\n.csv"),
    ],
)
def test_a_pattern_means_a_path(pattern: str, path: str) -> None:
    """Part by part, as a shell does it; names may hold any byte."""
    assert matches(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.csv", "erp/users.csv"),
        ("erp/*", "erp/2026/users.csv"),
        ("erp/*/users.csv", "erp/users.csv"),
        ("*/users.csv", "users.csv"),
        ("Users.csv", "users.csv"),
        ("users[12].csv", "users3.csv"),
    ],
)
def test_a_pattern_does_not_mean_a_path(pattern: str, path: str) -> None:
    """A star stays within its folder, and capitals count."""
    assert not matches(pattern, path)


@given(paths)
def test_a_path_means_itself(path: str) -> None:
    """Law: without a sign of a pattern, it is one file's name."""
    assert not is_pattern(path)
    assert matches(path, path)


@given(paths, paths)
def test_a_path_means_nothing_else(path: str, other: str) -> None:
    """Law: one file's name is the name of one file."""
    assert matches(path, other) == (path == other)


@pytest.mark.parametrize("name", ["a.part", "a.filepart", ".part", "a\nb.part"])
def test_a_name_is_ignored_when_any_pattern_means_it(name: str) -> None:
    """The whole name, newlines included, by any of the patterns."""
    expression = any_of(["*.filepart", "*.part"])
    assert expression and expression.match(name)


@pytest.mark.parametrize("name", ["a.part.csv", "part", "a.PART", "partial.csv"])
def test_a_name_that_only_resembles_is_not_ignored(name: str) -> None:
    """Nothing is ignored but what was asked for."""
    expression = any_of(["*.filepart", "*.part"])
    assert expression and not expression.match(name)


def test_without_patterns_there_is_nothing_to_match() -> None:
    """No expression at all, rather than one that matches the empty name."""
    assert any_of([]) is None
