"""Which archives and reports are old enough to go."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.retention import Entry, expired

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=PARIS)
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
DAY = 86_400.0


def gone(path: str, modified: datetime = NOW, keep: float = 30 * DAY) -> bool:
    """Whether one file would go."""
    return bool(expired([Entry(path, modified)], NOW, keep))


def test_an_old_archive_goes_and_a_young_one_stays() -> None:
    """What is older than the keeping goes, and nothing else."""
    assert gone("archives/20261001-091743_users.csv")
    assert not gone("archives/20261101-091743_users.csv")


def test_the_name_tells_the_age_whatever_the_file_system_says() -> None:
    """A copy or a restored backup with another mtime keeps its age."""
    assert not gone("archives/20261120-091743_users.csv", modified=LONG_AGO)
    assert gone("reports/20200101-000000_report_users.csv.txt", modified=NOW)


@pytest.mark.parametrize("name", ["notes.txt", "20269999-250000_users.csv", "20200101_users.csv", "x_20200101-000000_"])
def test_without_a_stamp_the_modification_counts(name: str) -> None:
    """What has no stamp, or no possible one, is as old as its last modification."""
    assert gone(f"archives/{name}", modified=LONG_AGO)
    assert not gone(f"archives/{name}", modified=NOW)


def test_sub_folders_are_pruned_too() -> None:
    """Refused and superseded files age like the others."""
    assert gone("archives/refused/20200101-000000_users.csv")


@pytest.mark.parametrize(
    "path",
    [
        "users.csv",
        "erp/20200101-000000_users.csv",
        "archives",
        "reports",
        "archivesx/20200101-000000_a.csv",
        "archives/../20200101-000000_a.csv",
        "/archives/20200101-000000_a.csv",
        "erp/archives/20200101-000000_a.csv",
    ],
)
def test_nothing_else_ever_goes(path: str) -> None:
    """A command file that waits is never removed for its age."""
    assert not gone(path, modified=LONG_AGO)


def test_a_stamp_is_the_sites_time() -> None:
    """Names carry the site's clock; in the hour that comes twice the later time is meant."""
    now = datetime(2026, 10, 25, 2, 29, fold=1, tzinfo=PARIS) + timedelta(days=1)
    entry = Entry("archives/20261025-023000_users.csv", NOW)
    assert not expired([entry], now, DAY)
    assert expired([entry], now + timedelta(minutes=2), DAY)


@given(
    st.lists(
        st.builds(
            Entry,
            st.sampled_from(["archives/a", "reports/b", "c", "archives/20260101-000000_d"]),
            st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        )
    ),
    st.floats(0, 10_000 * DAY),
)
def test_keeping_longer_never_removes_more(entries: list[Entry], keep: float) -> None:
    """Whoever raises the keeping loses nothing by it, and what goes was in the list, in its order."""
    longer, shorter = expired(entries, NOW, keep + DAY), expired(entries, NOW, keep)
    assert all(entry in shorter for entry in longer)
    assert shorter == [entry for entry in entries if entry in shorter]
