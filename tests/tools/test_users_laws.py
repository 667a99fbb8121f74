"""What holds of every users file, found by real runs on the practice site."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from syncd.tools.users import UsersTool
from tests.run.workshop import FILE, NO_LIMITS
from tests.tools.on_site import OnSite

COLUMNS = (
    "username",
    "firstname",
    "lastname",
    "email",
    "idnumber",
    "city",
    "phone1",
    "middlename",
    "interests",
    "suspended",
    "deleted",
    "oldusername",
    "cohort",
    "cohort1",
    "course1",
    "role1",
    "enrol1",
    "start1",
    "group1",
    "profile_field_level",
    "profile_field_born",
    "profile_field_nothing",
)
AS_FOUND = (Phase.explicit, Phase.reuse, Phase.generate)
"""A run is dear: a file that breaks a law is shown as it was found."""

MARK = "m"
PEOPLE = range(6)
UNTOLD = frozenset({"middlename", "profile_field_level", "profile_field_born", "profile_field_nothing"})

Row = dict[str, str]


def _row(number: int, cells: Row) -> Row:
    name = f"{MARK}.u{number}"
    return {
        "username": name,
        "firstname": "Ana",
        "lastname": "x",
        "email": f"{name}@example.org",
        "idnumber": name,
    } | cells


sometimes = st.fixed_dictionaries(
    {},
    optional={
        "city": st.sampled_from(["", "Lyon", "Metz"]),
        "phone1": st.sampled_from(["", "01"]),
        "middlename": st.sampled_from(["", "Lou"]),
        "interests": st.sampled_from(["", "go", "Chess, go"]),
        "suspended": st.sampled_from(["", "0", "1"]),
        "deleted": st.sampled_from(["", "0", "1"]),
        "idnumber": st.just(""),
        "cohort": st.sampled_from(["", "A", "B"]),
        "cohort1": st.sampled_from(["", "m-one"]),
        "course1": st.sampled_from(["mC1", "mC2", ""]),
        "role1": st.sampled_from(["", "teacher"]),
        "enrol1": st.sampled_from(["manual", ""]),
        "start1": st.sampled_from(["", "2026-01-01"]),
        "group1": st.sampled_from(["", "G", "H"]),
        "profile_field_level": st.sampled_from(["", "L1", "L2"]),
        "profile_field_born": st.sampled_from(["", "2001-02-03"]),
        "profile_field_nothing": st.sampled_from(["", "x"]),
    },
)
good = st.dictionaries(st.sampled_from(PEOPLE), sometimes, min_size=1).map(
    lambda chosen: [_row(number, cells) for number, cells in chosen.items()]
)
spoils = st.sampled_from(
    [
        {"firstname": ""},
        {"email": "nobody"},
        {"course1": "mC1", "enrol1": "by hand"},
        {"username": "admin"},
    ]
)
there = st.sets(st.sampled_from(PEOPLE), max_size=4)
kinds = st.booleans()


def users(**settings: Any) -> UsersTool:
    """A users tool without limits."""
    return UsersTool.model_validate({"file": FILE, "guard": NO_LIMITS, "protect_emails": False, **settings})


@contextmanager
def practice(companion: bool, people: set[int]) -> Iterator[OnSite]:
    """A practice site with two courses, and some of the people."""
    with TemporaryDirectory() as folder:
        site = OnSite(Path(folder), moodle=False, companion=companion)
        site.mark = MARK
        try:
            site.make_courses("C1", "C2")
            if people:
                site.make_users(*(f".u{number}" for number in sorted(people)))
            yield site
        finally:
            site.leave()


def written(rows: Sequence[Row]) -> list[str]:
    """Rows as lines of a file; every cell is quoted."""
    return [",".join(f'"{row.get(column, "")}"' for column in COLUMNS) for row in rows]


def outcomes(site: OnSite, rows: Sequence[Row]) -> dict[str, str]:
    """What a run of some rows makes of each account."""
    run = site.run(users(), ",".join(COLUMNS), *written(rows))
    return {row["email"]: outcome for row, outcome in zip(rows, run.outcomes, strict=True)}


def picture(site: OnSite) -> dict[str, Any]:
    """What is on a site, but for numbers and moments."""
    told = site.call("core_user_get_users", criteria=[{"key": "email", "value": f"{MARK}%"}])["users"]
    names = {one["id"]: one["username"] for one in told}
    accounts = {one["username"]: {key: value for key, value in one.items() if key != "id"} for one in told}
    cohorts = {one["id"]: one["idnumber"] for one in site.call("core_cohort_get_cohorts")}
    members = site.call("core_cohort_get_cohort_members", cohortids=list(cohorts)) if cohorts else []
    courses = {}
    for course in site.call("core_course_get_courses"):
        if course["shortname"].startswith(MARK):
            people = site.call("core_enrol_get_enrolled_users", courseid=course["id"])
            groups = {
                one["id"]: one["name"] for one in site.call("core_group_get_course_groups", courseid=course["id"])
            }
            joined = site.call("core_group_get_group_members", groupids=list(groups)) if groups else []
            courses[course["shortname"]] = (
                {one["username"]: sorted(role["shortname"] for role in one["roles"]) for one in people},
                {groups[one["groupid"]]: sorted(names[user] for user in one["userids"]) for one in joined},
            )
    return {
        "accounts": accounts,
        "cohorts": {cohorts[one["cohortid"]]: sorted(names[user] for user in one["userids"]) for one in members},
        "courses": courses,
    }


@settings(max_examples=25, phases=AS_FOUND)
@given(kinds, there, good)
def test_a_second_run_changes_nothing(companion: bool, people: set[int], rows: list[Row]) -> None:
    """Whatever a file asks for, it is there afterwards."""
    with practice(companion, people) as site:
        first = outcomes(site, rows)
        before = picture(site)
        again = outcomes(site, rows)
        assert set(again.values()) <= {"unchanged", "rejected"}
        assert {email for email, one in again.items() if one == "rejected"} <= {
            email for email, one in first.items() if one == "rejected"
        }
        assert picture(site) == before


@settings(max_examples=15, phases=AS_FOUND)
@given(kinds, there, good, st.randoms(use_true_random=False))
def test_rows_in_any_order_give_the_same_site(companion: bool, people: set[int], rows: list[Row], chance: Any) -> None:
    """Rows about different people don't depend on one another."""
    shuffled = list(rows)
    chance.shuffle(shuffled)
    pictures, results = [], []
    for some in (rows, shuffled):
        with practice(companion, people) as site:
            results.append(outcomes(site, some))
            pictures.append(picture(site))
    assert results[0] == results[1]
    assert pictures[0] == pictures[1]


@settings(max_examples=15, phases=AS_FOUND)
@given(kinds, there, good, st.lists(st.tuples(st.integers(0, 6), spoils), min_size=1, max_size=3))
def test_refused_rows_stop_no_others(
    companion: bool, people: set[int], rows: list[Row], spoilt: list[tuple[int, Row]]
) -> None:
    """What becomes of the other rows is the same with them and without."""
    mixed = list(rows)
    for number, (place, spoil) in enumerate(spoilt):
        mixed.insert(place, _row(10 + number, spoil))
    bad = [f"{MARK}.u{10 + number}" for number in range(len(spoilt))]
    with practice(companion, people) as site:
        alone = outcomes(site, rows)
        wanted = picture(site)
    with practice(companion, people) as site:
        run = site.run(users(), ",".join(COLUMNS), *written(mixed))
        found = list(zip(mixed, run.outcomes, strict=True))
        assert [outcome for row, outcome in found if row["idnumber"] in bad] == ["rejected"] * len(bad)
        assert {row["email"]: outcome for row, outcome in found if row["idnumber"] not in bad} == alone
        assert picture(site) == wanted


several = st.lists(
    st.tuples(st.sampled_from(range(3)), sometimes.filter(lambda cells: cells.get("idnumber") != "")),
    min_size=2,
    max_size=6,
).map(lambda chosen: [_row(number, cells) for number, cells in chosen])


@settings(max_examples=15, phases=AS_FOUND)
@given(kinds, there, several)
def test_a_file_does_what_its_rows_would_do_one_by_one(companion: bool, people: set[int], rows: list[Row]) -> None:
    """Rows about one account meet it as those before them left it, though all are planned before any is sent."""
    header = ",".join(COLUMNS)
    if not companion:  # a file knows what its rows have sent; the site does not tell it to the next file
        rows = [{column: cell for column, cell in row.items() if column not in UNTOLD} for row in rows]
    with practice(companion, people) as site:
        together = site.run(users(), header, *written(rows)).outcomes
        wanted = picture(site)
    with practice(companion, people) as site:
        alone = [outcome for line in written(rows) for outcome in site.run(users(), header, line).outcomes]
        assert alone == together
        assert picture(site) == wanted
