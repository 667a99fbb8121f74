"""How large requests are, by how long they took."""

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.pace import SLOW, paced

SIZES = st.integers(1, 1000)


def test_a_slow_request_halves_the_next() -> None:
    """Until one item is left, which is never less than that."""
    assert paced(100, 100, SLOW + 0.1, 100) == 50
    assert paced(1, 1, SLOW * 10, 100) == 1


def test_a_quick_one_lets_the_next_grow_slowly() -> None:
    """A quarter more, and never more than the function takes."""
    assert paced(40, 40, 1.0, 100) == 50
    assert paced(1, 1, 1.0, 100) == 2
    assert paced(90, 90, 1.0, 100) == 100


def test_one_that_is_neither_leaves_the_size() -> None:
    """So does a small one that was quick: it tells nothing of larger ones."""
    assert paced(40, 40, 4.0, 100) == 40
    assert paced(40, 3, 0.1, 100) == 40


def test_a_slow_small_request_tells_that_even_so_many_are_too_many() -> None:
    """The last batch of a window may be the slow one."""
    assert paced(100, 10, SLOW + 1, 100) == 5


@given(SIZES, SIZES, st.floats(0, 100), SIZES)
def test_a_size_stays_between_one_and_the_most(size: int, sent: int, seconds: float, most: int) -> None:
    """Whatever happens."""
    assert 1 <= paced(min(size, most), sent, seconds, most) <= most
