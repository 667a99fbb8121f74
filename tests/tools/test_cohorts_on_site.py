"""Files of cohorts on a whole site."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.core.model import RunState
from syncd.tools.cohorts import CohortsTool
from tests.run.workshop import FILE, NO_LIMITS
from tests.tools.on_site import OnSite

MEMBERS = "cmd,cidnumber,userid"
WHOLE = "cmd,cidnumber,cname,cdescription,ccatcontextidnumber"


def cohorts(**keys: Any) -> CohortsTool:
    """A cohorts tool without limits, and with the defaults of its kind but for some settings."""
    return CohortsTool.model_validate({"file": FILE, "guard": NO_LIMITS, **keys})


def members(site: OnSite, name: str) -> set[str]:
    """Who is in the cohort of an idnumber, by username, both without the mark."""
    cohort = on_site(site)[name]
    (told,) = site.call("core_cohort_get_cohort_members", cohortids=[cohort["id"]])
    if not told["userids"]:
        return set()
    found = site.call("core_user_get_users_by_field", field="id", values=told["userids"])
    return {user["username"].removeprefix(site.mark) for user in found}


def on_site(site: OnSite) -> dict[str, dict[str, Any]]:
    """The cohorts of the test, by their idnumbers without the mark."""
    told = site.call("core_cohort_get_cohorts", cohortids=[])
    mine = [cohort for cohort in told if cohort["idnumber"].startswith(site.mark)]
    return {cohort["idnumber"].removeprefix(site.mark): cohort for cohort in mine}


def make_category(site: OnSite, name: str) -> int:
    """Make a category of the idnumber `mark` + name."""
    marked = f"{site.mark}{name}"
    (made,) = site.call("core_course_create_categories", categories=[{"name": marked, "idnumber": marked}])
    return int(made["id"])


def of_category(site: OnSite, category: int) -> list[str]:
    """The cohorts of a category, or of the whole site, by their idnumbers without the mark."""
    context = {"contextlevel": "coursecat" if category else "system", "instanceid": category}
    search = {"query": site.mark, "context": context, "includes": "self", "limitnum": 0}
    found = site.call("core_cohort_search_cohorts", **search)["cohorts"]
    return sorted(cohort["idnumber"].removeprefix(site.mark) for cohort in found)


def test_a_cohort_is_made_and_filled_once(site: OnSite) -> None:
    """The first row makes it, the others join, and a second run of the file changes nothing."""
    site.make_users("ana", "ben")
    m = site.mark
    run = site.run(cohorts(), MEMBERS + ",cname", *(f"add,{m}C1,{m}{name},{m} One" for name in ("ana", "ben")))
    assert run.outcomes == ["created", "created"]
    assert on_site(site)["C1"]["name"] == f"{m} One"
    assert members(site, "C1") == {"ana", "ben"}
    assert site.run_again().outcomes == ["unchanged", "unchanged"]


def test_a_new_cohort_without_a_name_is_named_by_its_key(site: OnSite) -> None:
    """An idnumber serves as the name, and a name as the idnumber."""
    assert site.run(cohorts(), "cidnumber", f"{site.mark}C1").outcomes == ["created"]
    assert on_site(site)["C1"]["name"] == f"{site.mark}C1"
    by_name = cohorts(cohort_identity="name")
    assert site.run(by_name, "cname", f"{site.mark}C1", f"{site.mark}C2").outcomes == ["unchanged", "created"]
    assert on_site(site)["C2"]["name"] == f"{site.mark}C2"
    assert site.run_again().outcomes == ["unchanged", "unchanged"]


def test_only_what_the_file_says_is_changed(site: OnSite) -> None:
    """An absent column and an empty cell leave what there is; what differs is changed, once."""
    category = make_category(site, "K")
    m = site.mark
    row = f"add,{m}C1,{m} One,<b>A</b> & B,{m}K"
    assert site.run(cohorts(), WHOLE, row).outcomes == ["created"]
    assert of_category(site, category) == ["C1"]
    assert site.run(cohorts(), WHOLE, f"add,{m}C1,,,", f"add,{m}C1,{m} One,,").outcomes == ["unchanged"] * 2
    assert site.run(cohorts(), "cidnumber,cname", f"{m}C1,{m} Uno").outcomes == ["updated"]
    assert on_site(site)["C1"]["name"] == f"{m} Uno"
    assert on_site(site)["C1"]["description"] == "<b>A</b> & B"
    assert of_category(site, category) == ["C1"]
    assert site.run(cohorts(), "cidnumber,ccatcontext", f"{m}C1,0").outcomes == ["updated"]
    assert (of_category(site, category), of_category(site, 0)) == ([], ["C1"])
    assert site.run_again().outcomes == ["unchanged"]
    assert site.run(cohorts(), "cidnumber,ccatcontext", f"{m}C1,{category}").outcomes == ["updated"]
    assert site.run(cohorts(), WHOLE, row).outcomes == ["updated"]
    assert site.run_again().outcomes == ["unchanged"]


def test_an_unknown_category_refuses_the_row(site: OnSite) -> None:
    """The cohort does not silently become one of the whole site."""
    m = site.mark
    run = site.run(cohorts(), WHOLE, f"add,{m}C1,,,{m}nowhere", f"add,{m}C2,,,")
    assert run.codes == ["category-missing", ""]
    assert set(on_site(site)) == {"C2"}


def test_an_unknown_member_is_a_refused_row_and_never_a_deleted_cohort(site: OnSite) -> None:
    """Whatever the settings, and whatever the command."""
    site.make_users("ana")
    site.make_cohorts("C1")
    m = site.mark
    rows = [f"del,{m}C1,{m}nobody", f"add,{m}C1,{m}nobody", f"add,{m}C2,{m}nobody", f"add,{m}C1,{m}ana"]
    run = site.run(cohorts(allow_delete=True), MEMBERS, *rows)
    assert run.codes == ["user-missing", "user-missing", "user-missing", ""]
    assert run.lines[0].column == "userid"
    assert set(on_site(site)) == {"C1"}
    assert members(site, "C1") == {"ana"}


def test_a_member_is_taken_out(site: OnSite) -> None:
    """Once: who is no member is left alone."""
    site.make_users("ana", "ben")
    site.make_cohorts("C1")
    m = site.mark
    site.run(cohorts(), MEMBERS, f"add,{m}C1,{m}ana", f"add,{m}C1,{m}ben")
    rows = [f"del,{m}C1,{m}ana", f"del,{m}none,{m}ben"]
    assert site.run(cohorts(), MEMBERS, *rows).outcomes == ["deleted", "unchanged"]
    assert members(site, "C1") == {"ben"}
    assert site.run_again().outcomes == ["unchanged", "unchanged"]


@pytest.mark.parametrize("identity", ["id", "idnumber", "username", "email"])
def test_members_are_found_by_any_identity(site: OnSite, identity: str) -> None:
    """As the tool's settings say."""
    (ana,) = site.make_users("ana")
    site.make_cohorts("C1")
    value = str(ana) if identity == "id" else site.user("ana")[identity].upper()
    value = site.user("ana")["idnumber"] if identity == "idnumber" else value
    tool = cohorts(user_identity=identity)
    assert site.run(tool, MEMBERS, f"add,{site.mark}C1,{value}").outcomes == ["created"]
    assert site.run_again().outcomes == ["unchanged"]
    assert members(site, "C1") == {"ana"}


def test_cohorts_are_found_by_their_ids(site: OnSite) -> None:
    """None is made of an id; one that is there may get another idnumber, unless another cohort has it."""
    one, two = site.make_cohorts("C1", "C2")
    m = site.mark
    rows = [f"{one},{m}C9,", f"{two},{m}c9,", f"{two + 1_000_000},,{m} x"]
    run = site.run(cohorts(cohort_identity="id"), "cid,cidnumber,cname", *rows)
    assert run.codes == ["", "idnumber-taken", "cohort-missing"]
    assert set(on_site(site)) == {"C9", "C2"}
    assert site.run_again().outcomes == ["unchanged", "rejected", "rejected"]


def test_free_takes_out_all_but_whom_later_rows_keep(site: OnSite) -> None:
    """A file that empties a cohort and fills it again takes nobody out who stays: their courses would go with it."""
    site.make_users("ana", "ben", "eve")
    site.make_cohorts("C1")
    m = site.mark
    site.run(cohorts(), MEMBERS, f"add,{m}C1,{m}ana", f"add,{m}C1,{m}ben")
    rows = [f"free,{m}C1,", f"add,{m}C1,{m}ben", f"add,{m}C1,{m}eve"]
    run = site.run(cohorts(), MEMBERS, *rows)
    assert run.outcomes == ["deleted", "unchanged", "created"]
    assert members(site, "C1") == {"ben", "eve"}
    assert site.run_again().outcomes == ["unchanged"] * 3
    assert site.run(cohorts(), MEMBERS, f"free,{m}C1,").outcomes == ["deleted"]
    assert members(site, "C1") == set()


def test_rows_about_one_cohort_keep_their_order(site: OnSite) -> None:
    """Joined and freed is empty; freed and joined is not; made, deleted and made again is there."""
    site.make_users("ana", "ben")
    m = site.mark
    rows = [f"add,{m}C1,{m}ana", f"free,{m}C1,", f"add,{m}C1,{m}ben", f"del,{m}C1,{m}ben", f"add,{m}C1,{m}ben"]
    assert "rejected" not in site.run(cohorts(), MEMBERS, *rows).outcomes
    assert members(site, "C1") == {"ben"}
    rows = [f"add,{m}C2", f"del,{m}C2", f"add,{m}C2", f"del,{m}C1", f"add,{m}C1"]
    run = site.run(cohorts(allow_delete=True), "cmd,cidnumber", *rows)
    assert run.outcomes == ["created", "deleted", "created", "deleted", "created"]
    assert set(on_site(site)) == {"C1", "C2"}
    assert members(site, "C1") == set()


def test_rows_far_apart_know_of_each_other(site: OnSite) -> None:
    """What a row more than a window before has done is not forgotten, whether it is done by then or not."""
    if site.moodle:
        pytest.skip("it is a matter of planning")
    site.make_users("ana", "ben")
    m = site.mark
    between = [f"del,{m}none,{m}ana"] * 2_100
    rows = [f"add,{m}C1,{m}ana", *between, f"free,{m}C1,", f"add,{m}C1,{m}ben", *between, f"free,{m}C1,"]
    outcomes = [one for one in site.run(cohorts(), MEMBERS, *rows).outcomes if one != "unchanged"]
    assert outcomes == ["created", "deleted", "created", "deleted"]
    assert members(site, "C1") == set()


def test_a_whole_cohort_is_deleted_once(site: OnSite) -> None:
    """And only by a file without the column userid, where that is allowed."""
    site.make_cohorts("C1", "C2")
    m = site.mark
    tool = cohorts(allow_delete=True)
    assert site.run(tool, MEMBERS, f"del,{m}C1,").codes == ["value-missing"]
    assert site.run(cohorts(), "cmd,cidnumber", f"del,{m}C1").codes == ["not-allowed"]
    assert site.run(tool, "cmd,cidnumber", f"del,{m}C1").outcomes == ["deleted"]
    assert set(on_site(site)) == {"C2"}
    assert site.run_again().outcomes == ["unchanged"]


def test_a_row_counts_for_all_the_members_that_it_takes_away(site: OnSite) -> None:
    """One row empties or deletes a large cohort: a person looks at that first, as at so many rows."""
    names = [f"m{number}" for number in range(7)]
    site.make_users(*names)
    m = site.mark
    site.run(cohorts(), MEMBERS, *(f"add,{m}C1,{m}{name}" for name in names))
    for command, header, things in (("free", MEMBERS, 7), ("del", "cmd,cidnumber", 8)):
        tool = CohortsTool.model_validate({"file": FILE, "allow_delete": True})
        row = f"{command},{m}C1" + "," * (header == MEMBERS)
        record = site.shop.make(tool, f"{header}\n{row}\n".encode(), FILE)
        assert record.state is RunState.HELD
        assert f"1 of 1 row would delete or suspend something, {things} things in all" in record.reason
    assert members(site, "C1") == set(names)


def test_a_cohort_without_an_idnumber_is_never_met_by_chance(site: OnSite) -> None:
    """Neither deleted nor filled nor updated, though a file names none."""
    system = {"type": "system", "value": ""}
    m = site.mark
    taken = [one for one in site.call("core_cohort_get_cohorts", cohortids=[]) if not one["idnumber"]]
    if not taken:
        site.call("core_cohort_create_cohorts", cohorts=[{"categorytype": system, "name": m, "idnumber": ""}])
    tool = cohorts(allow_delete=True)
    run = site.run(tool, "cmd,cidnumber,cname", f"del,,{m}", f"free,,{m}", f"add,,{m} other")
    assert run.codes == ["value-missing"] * 3


def test_what_another_cohort_has_is_not_taken(site: OnSite) -> None:
    """An idnumber alike to the database, or the very name, refuses the row before Moodle does, or does not."""
    site.make_cohorts("zoe")
    m = site.mark
    rows = [f"{m}ZOE,{m} x", f"{m}zoë,{m} y", f"{m}C3,{m}zoe", f"{m}C4,{m} new", f"{m}C5,{m} new", f"{m}c4,{m} z"]
    run = site.run(cohorts(), "cidnumber,cname", *rows)
    assert run.codes == ["idnumber-taken", "idnumber-taken", "name-taken", "", "name-taken", "idnumber-taken"]
    again = site.run(cohorts(same_names=True), "cidnumber,cname", *rows)
    assert again.codes == ["idnumber-taken", "idnumber-taken", "", "", "", "idnumber-taken"]


def test_no_cohort_is_made_where_none_may_be(site: OnSite) -> None:
    """With `create` off an unknown cohort refuses its rows, and another file may bring it."""
    assert site.run(cohorts(create=False), "cidnumber", f"{site.mark}C1").codes == ["cohort-missing"]
    assert on_site(site) == {}


def test_several_cohorts_of_one_name_are_not_guessed_between(site: OnSite) -> None:
    """Found by name, one of two is nobody's choice."""
    m = site.mark
    site.run(cohorts(same_names=True), "cidnumber,cname", f"{m}C1,{m} x", f"{m}C2,{m} x")
    assert site.run(cohorts(cohort_identity="name"), "cname", f"{m} x").codes == ["ambiguous"]


def test_a_simulation_writes_nothing(site: OnSite) -> None:
    """Not even what the plugin's simulation wrote."""
    site.make_users("ana")
    run = site.run(cohorts(), MEMBERS, f"add,{site.mark}C1,{site.mark}ana", simulated=True)
    assert run.outcomes == ["created"]
    assert on_site(site) == {}


def test_a_large_cohort_is_emptied_in_few_calls(site: OnSite) -> None:
    """One row is one step, however many leave."""
    if site.moodle:
        pytest.skip("it takes long there, and no other call")
    names = [f"u{number}" for number in range(600)]
    site.make_users(*names)
    m = site.mark
    site.run(cohorts(), MEMBERS, *(f"add,{m}C1,{m}{name}" for name in names))
    assert len(members(site, "C1")) == 600
    run = site.run(cohorts(), MEMBERS, f"free,{m}C1,")
    assert run.lines[0].notes == "members taken out: 600"
    assert members(site, "C1") == set()


# Laws, on the practice site

rows = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "del"]),
        st.sampled_from(["C1", "C2", "c2"]),
        st.sampled_from(["ana", "ben", "nobody", ""]),
        st.sampled_from(["", "One", "Two"]),
    ),
    max_size=6,
)


def run_rows(site: OnSite, some: Sequence[Sequence[str]], **keys: Any) -> list[str]:
    """What becomes of rows of a command, a cohort, a member and a name."""
    m = site.mark
    marked = [f"{cmd},{m}{key},{user and m + user},{name and m + name}" for cmd, key, user, name in some]
    return site.run(cohorts(**keys), MEMBERS + ",cname", *marked).outcomes


@pytest.fixture(scope="module", params=[False, True], ids=["core", "companion"])
def practice(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Fresh practice sites, without the companion plugin or with it."""

    def fresh() -> OnSite:
        site = OnSite(tmp_path_factory.mktemp("practice"), moodle=False, companion=request.param)
        site.make_users("ana", "ben")
        return site

    return fresh


def unlike(some: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Rows of which no two are about one membership or say unlike things of one cohort."""
    names: dict[str, str] = {}
    kept: dict[tuple[str, ...], tuple[str, ...]] = {}
    for cmd, key, user, name in some:
        kept.setdefault((key, user), (cmd, key, user, names.setdefault(key.lower(), name)))
    return list(kept.values())


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=rows)
def test_a_second_run_of_any_file_changes_nothing(practice: Any, rows: list[tuple[str, ...]]) -> None:
    """Law: what a file asks for is there after the first run."""
    some = unlike(rows)
    if not some:
        return
    site = practice()
    try:
        first = run_rows(site, some)
        second = run_rows(site, some)
        assert set(second) <= {"unchanged", "rejected"}
        assert [one == "rejected" for one in first] == [one == "rejected" for one in second]
    finally:
        site.leave()


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=rows, order=st.randoms(use_true_random=False))
def test_rows_in_any_order_give_the_same_site(practice: Any, rows: list[tuple[str, ...]], order: Any) -> None:
    """Law: where rows are about different memberships, it makes no difference which comes first."""
    some = [row for row in unlike(rows) if row[0] == "add" and row[1] != "c2"]
    if not some:
        return
    mixed = list(some)
    order.shuffle(mixed)
    found = []
    for one in (some, mixed):
        site = practice()
        try:
            run_rows(site, one, same_names=True)
            found.append({key: members(site, key) for key in on_site(site)})
        finally:
            site.leave()
    assert found[0] == found[1]
