"""Sizes as people say them."""

import pytest

from syncd.core.sizes import spoken


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1 kB"), (76_119_638_016, "76.1 GB"), (2_500_000_000_000, "2.5 TB")],
)
def test_sizes_are_said_in_the_unit_that_fits(number: int, said: str) -> None:
    """In three digits."""
    assert spoken(number) == said
