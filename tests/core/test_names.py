"""The names that syncd gives to files in the repository, and how any name is shown."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.names import archive_name, is_tryback, numbered, report_name, shown, stamp, tryback_name

STAMP = "20261122-091743"
# As Python gives them for the bytes on a disk: lone surrogates stand for bytes that are not UTF-8.
NAMES = st.binary(min_size=1, max_size=255).map(
    lambda name: name.replace(b"/", b"_").replace(b"\0", b"_").decode("utf-8", "surrogateescape")
)
ANYTHING = st.text(st.characters(codec=None), max_size=8)


def size(name: str) -> int:
    """How many bytes a name takes on the disk."""
    return len(name.encode("utf-8", "surrogateescape"))


def test_a_stamp_is_the_moment_in_its_own_zone() -> None:
    """The site's time is read off the names, to the second."""
    assert stamp(datetime(2026, 11, 22, 9, 17, 43, 999999, timezone(timedelta(hours=1)))) == STAMP


def test_names_are_those_of_the_design() -> None:
    """Archives sort by time, reports name the whole file, trybacks sort beside their file."""
    assert archive_name(STAMP, "users.csv") == "20261122-091743_users.csv"
    assert report_name(STAMP, "users.csv", ".txt") == "20261122-091743_report_users.csv.txt"
    assert report_name(STAMP, "users.csv", ".rows.csv") == "20261122-091743_report_users.csv.rows.csv"
    assert tryback_name(STAMP, "users.csv") == "users_tryback_20261122-091743.csv"
    assert tryback_name(STAMP, "users") == "users_tryback_20261122-091743"


def test_a_taken_name_gets_a_number_before_its_suffix() -> None:
    """The first try is the name itself, and the reports of one run stay alike."""
    assert numbered("20261122-091743_users.csv", 1) == "20261122-091743_users.csv"
    assert numbered("20261122-091743_users.csv", 2) == "20261122-091743_users-2.csv"
    assert numbered("20261122-091743_report_users.csv.txt", 2) == "20261122-091743_report_users.csv-2.txt"
    assert numbered("20261122-091743_report_users.csv.rows.csv", 2) == "20261122-091743_report_users.csv-2.rows.csv"
    assert numbered("users", 10) == "users-10"


def test_a_path_is_numbered_in_its_last_part() -> None:
    """Folders keep their names, dots and length."""
    assert numbered("erp.d/users", 2) == "erp.d/users-2"
    assert numbered("folder/" * 50 + "users.csv", 2) == "folder/" * 50 + "users-2.csv"


def test_a_tryback_of_a_tryback_gets_a_new_stamp() -> None:
    """Names do not grow with each round of corrections."""
    assert tryback_name("20261123-080000", "users_tryback_20261122-091743-2.csv") == "users_tryback_20261123-080000.csv"


@pytest.mark.parametrize(
    "name",
    ["users_tryback_20261122-091743.csv", "users_tryback_20261122-091743-2.csv", "users_tryback_20261122-0917.csv"],
)
def test_trybacks_are_known_by_their_names(name: str) -> None:
    """Those of syncd, numbered or not, and those of the plugin before it."""
    assert is_tryback(name)


@pytest.mark.parametrize(
    "name", ["users.csv", "tryback.csv", "users_tryback_.csv", "users_tryback_20261122-091743_x.csv"]
)
def test_other_names_are_no_trybacks(name: str) -> None:
    """A command file may have the word in its name."""
    assert not is_tryback(name)


@given(NAMES, st.integers(1, 99999))
def test_every_name_given_fits_the_disk_and_keeps_its_stamp(name: str, n: int) -> None:
    """Law: no name passes 255 bytes, numbered or not; stamps survive, and a tryback is known for one."""
    given_names = (
        archive_name(STAMP, name),
        tryback_name(STAMP, name),
        *(report_name(STAMP, name, suffix) for suffix in (".txt", ".json", ".rows.csv")),
    )
    for given_name in given_names:
        assert size(numbered(given_name, n)) <= 255
        assert STAMP in numbered(given_name, n)
    assert is_tryback(numbered(tryback_name(STAMP, name), n))


@given(NAMES, st.integers(1, 99999))
def test_the_reports_of_a_run_differ_in_their_suffix_only(name: str, n: int) -> None:
    """Law: whatever the length of the name and the number it gets."""
    text = numbered(report_name(STAMP, name, ".txt"), n).removesuffix(".txt")
    assert numbered(report_name(STAMP, name, ".json"), n) == f"{text}.json"
    assert numbered(report_name(STAMP, name, ".rows.csv"), n) == f"{text}.rows.csv"


def test_a_long_name_is_shortened_in_its_middle() -> None:
    """Its beginning and its suffix can still be read."""
    name = archive_name(STAMP, "a" * 120 + "é" * 60 + ".csv")
    assert name.startswith(f"{STAMP}_aaa")
    assert name.endswith("éé.csv")
    assert "~" in name


def test_what_can_not_be_seen_is_shown_escaped() -> None:
    """A name can neither break a line nor steer a terminal nor hide a character."""
    assert shown("a b é.csv") == "a b é.csv"
    assert shown("a\nb\x1b[2J\udce9\\\u202e\x85") == r"a\nb\x1b[2J\xe9\\\u202e\u0085"


@given(ANYTHING)
def test_anything_can_be_shown(name: str) -> None:
    """Law: what is shown is one printable line that can be written as UTF-8."""
    assert shown(name).isprintable()
    assert shown(name).encode().decode() == shown(name)


@given(ANYTHING, ANYTHING)
def test_different_names_never_look_alike(one: str, other: str) -> None:
    """Law: who sees two names can tell whether they are the same."""
    assert (shown(one) == shown(other)) == (one == other)
