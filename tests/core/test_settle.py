"""Which dropped files are finished: sightings and times in, decisions out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.settle import (
    KEPT,
    OBSTACLES,
    STUCK,
    Said,
    Sighting,
    Upload,
    judged,
    next_settled,
    observed,
    settled,
    stuck,
)

QUIET = 2.0
FILE = Sighting("users.csv", device=1, inode=7, size=100, changed=5_000, modified=4_000)

sightings = st.builds(
    Sighting,
    path=st.sampled_from(["a.csv", "b.csv", "erp/c.csv"]),
    device=st.just(1),
    inode=st.integers(1, 3),
    size=st.integers(0, 2),
    changed=st.integers(0, 3),
    modified=st.integers(0, 3),
    obstacle=st.sampled_from(["", "", "", *sorted(OBSTACLES)]),
)
looks = st.lists(
    st.tuples(
        st.floats(0.1, 3, allow_nan=False),
        st.lists(sightings, max_size=3, unique_by=lambda sighting: sighting.path),
    ),
    max_size=12,
)


def test_a_file_settles_once_it_was_quiet_for_long_enough() -> None:
    """Nothing happened to it for `quiet` seconds, the last moment included."""
    uploads = observed({}, [FILE], now=10.0)
    assert settled(uploads.values(), 11.9, QUIET) == []
    assert settled(observed(uploads, [FILE], 11.9).values(), 12.0, QUIET) == [FILE]


@pytest.mark.parametrize(
    "changed",
    [replace(FILE, size=101), replace(FILE, changed=5_001), replace(FILE, inode=8), replace(FILE, device=2)],
    ids=["size", "ctime", "inode", "device"],
)
def test_any_change_begins_the_wait_again(changed: Sighting) -> None:
    """Other bytes, another ctime or another file of the name: it has to be quiet from now on."""
    uploads = observed(observed({}, [FILE], 10.0), [changed], 11.9)
    assert settled(uploads.values(), 13.8, QUIET) == []
    assert settled(uploads.values(), 13.9, QUIET) == [changed]


def test_the_mtime_has_no_say() -> None:
    """Clients set mtimes as they like; the ctime tells when they did."""
    uploads = observed(observed({}, [FILE], 10.0), [replace(FILE, modified=9_999)], 11.9)
    assert settled(uploads.values(), 12.0, QUIET)


def test_a_file_that_went_away_is_forgotten() -> None:
    """When it comes back it has everything before it, although its inode may be the old one."""
    uploads = observed(observed(observed({}, [FILE], 10.0), [], 11.0), [FILE], 11.5)
    assert settled(uploads.values(), 12.0, QUIET) == []


@pytest.mark.parametrize("obstacle", sorted(OBSTACLES))
def test_what_can_not_be_taken_never_settles(obstacle: str) -> None:
    """An obstacle is for a person; it is neither settled, nor waited for, nor stuck."""
    uploads = observed({}, [replace(FILE, obstacle=obstacle)], 0.0).values()
    assert settled(uploads, 1e9, QUIET) == []
    assert next_settled(uploads, QUIET) is None
    assert stuck(uploads, 1e9, 3600) == []


def test_every_obstacle_says_the_reason_and_the_cure() -> None:
    """The reason goes on in a sentence, the cure is one, and no two obstacles read alike."""
    for reason, cure in OBSTACLES.values():
        assert reason[0].islower() and not reason.endswith(".")
        assert cure[0].isupper() and cure.endswith(".")
    assert len(set(OBSTACLES.values())) == len(OBSTACLES)


def test_the_longest_waiting_file_comes_first() -> None:
    """Files are taken in the order in which their senders finished them."""
    files = [replace(FILE, path=path, changed=changed) for path, changed in (("b", 3), ("c", 1), ("a", 2))]
    assert [one.path for one in settled(observed({}, files, 0.0).values(), QUIET, QUIET)] == ["c", "a", "b"]


def test_the_next_moment_is_that_of_the_quietest_file() -> None:
    """The loop sleeps until then if nothing happens; for ever, when nothing is under way."""
    uploads = observed({}, [FILE], 10.0)
    uploads = observed(uploads, [FILE, replace(FILE, path="later.csv")], 11.0)
    assert next_settled(uploads.values(), QUIET) == 12.0
    assert next_settled([], QUIET) is None


def test_an_upload_that_goes_on_and_on_is_stuck() -> None:
    """Each change begins the wait again, but not the patience with one and the same file."""
    uploads: dict[str, Upload] = {}
    for second in range(100):
        uploads = observed(uploads, [replace(FILE, size=second)], float(second))
    assert [upload.first for upload in stuck(uploads.values(), 99.0, 60.0)] == [0.0]
    assert stuck(uploads.values(), 59.0, 60.0) == []


def test_another_file_of_the_name_is_not_stuck() -> None:
    """A sender who replaces a file every now and then is no upload that never ends."""
    uploads = observed(observed({}, [FILE], 0.0), [replace(FILE, inode=8)], 59.0)
    assert stuck(uploads.values(), 61.0, 60.0) == []


def test_what_is_whole_need_not_be_quiet() -> None:
    """Who receives it knows that its sender has closed it."""
    uploads = judged(observed({}, [FILE], 10.0), lambda _: Said.WHOLE)
    assert settled(uploads.values(), 10.0, QUIET) == [FILE]
    assert next_settled(uploads.values(), QUIET) == 10.0


@pytest.mark.parametrize("said", sorted(KEPT))
def test_what_is_open_or_broken_never_settles(said: Said) -> None:
    """However quiet it is; that it is stuck is said all the same. Other words make it as any other."""
    uploads = judged(observed({}, [FILE], 10.0), lambda _: said)
    assert settled(uploads.values(), 1e9, QUIET) == []
    assert next_settled(uploads.values(), QUIET) is None
    assert [upload.sighting for upload in stuck(uploads.values(), 1e9, 60.0)] == [FILE]
    assert settled(judged(uploads, lambda _: Said.NOTHING).values(), 12.0, QUIET) == [FILE]


def test_what_was_said_counts_until_the_file_changes() -> None:
    """A word is about the file as it was seen."""
    uploads = judged(observed({}, [FILE], 10.0), lambda _: Said.WHOLE)
    assert observed(uploads, [FILE], 11.0)["users.csv"].said is Said.WHOLE
    assert observed(uploads, [replace(FILE, size=101)], 11.0)["users.csv"].said is Said.NOTHING


def test_each_way_to_be_stuck_says_the_reason_and_the_cure() -> None:
    """The reason goes on in a sentence, the cure is one."""
    assert STUCK.keys() == set(Said)
    for reason, cure in STUCK.values():
        assert reason[0].islower() and not reason.endswith(".")
        assert cure[0].isupper() and cure.endswith(".")


@given(looks)
def test_only_what_was_seen_alike_for_long_enough_is_settled(looks: list[tuple[float, list[Sighting]]]) -> None:
    """Law: each look of the last `quiet` seconds saw a settled file, always the same, and so did the one before."""
    uploads: dict[str, Upload] = {}
    history: list[tuple[float, list[Sighting]]] = []
    now = 0.0
    for passed, seen in looks:
        now += passed
        uploads = observed(uploads, seen, now)
        history.append((now, seen))
        for one in settled(uploads.values(), now, QUIET):
            since = max((at for at, saw in history if not any(other.same(one) for other in saw)), default=0.0)
            first = next(at for at, _ in history if at > since)
            assert now - first >= QUIET - 1e-9  # the sums of the looks are rounded


@given(looks)
def test_looking_is_enough(looks: list[tuple[float, list[Sighting]]]) -> None:
    """Law: what is known is exactly what the last look saw, and nothing is under way for less time than it is there."""
    uploads: dict[str, Upload] = {}
    now = 0.0
    for passed, seen in looks:
        now += passed
        uploads = observed(uploads, seen, now)
        assert set(uploads) == {one.path for one in seen}
        assert all(upload.first <= upload.since <= now for upload in uploads.values())
        if (moment := next_settled(uploads.values(), QUIET)) is not None:
            assert settled(uploads.values(), moment, QUIET)
            assert not settled(uploads.values(), moment - 0.01, QUIET)
