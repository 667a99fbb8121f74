"""The moments that cells may hold."""

from datetime import UTC, datetime

import pytest

from syncd.tools.cells import Unfit, moment


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("20260901", datetime(2026, 9, 1)),  # noqa: DTZ001  # the zone is the site's
        ("19991231", datetime(1999, 12, 31)),  # noqa: DTZ001
        ("100000000", datetime.fromtimestamp(100_000_000, UTC)),
        ("1598940000", datetime.fromtimestamp(1_598_940_000, UTC)),
        ("0", None),
        ("", None),
    ],
)
def test_a_number_is_a_date_or_seconds(cell: str, found: datetime | None) -> None:
    """Eight digits are year, month and day, more are seconds since 1970."""
    assert moment(cell) == found


@pytest.mark.parametrize("cell", ["46266", "1", "-1", "-1598940000", "20261301", "20260230", "12345678", "00000000"])
def test_a_number_that_is_neither_is_refused(cell: str) -> None:
    """A day's number in a spreadsheet is no moment of 1970; the reason says what the cell may hold."""
    with pytest.raises(Unfit) as unfit:
        moment(cell)
    assert unfit.value.refusal.code == "value-wrong"
    assert "number" in unfit.value.refusal.reason
    assert "20260901" in unfit.value.refusal.cure
