"""Cohorts and their members, on every target: one fact in each test."""

from collections.abc import Iterator
from typing import Any

import pytest

from syncd.errors import ItemRefused
from tests.targets.conftest import Corner

SYSTEM = {"type": "system", "value": ""}


def refusal(corner: Corner, function: str, parameters: dict[str, Any]) -> str:
    """The code with which the target refuses a call."""
    with pytest.raises(ItemRefused) as refused:
        corner.target.call(function, parameters)
    return refused.value.code


@pytest.fixture
def category(corner: Corner) -> Iterator[int]:
    """The id of a category that is gone afterwards; its idnumber is the corner's mark."""
    made = corner.target.call(
        "core_course_create_categories", {"categories": [{"name": corner.mark, "idnumber": corner.mark}]}
    )
    yield made[0]["id"]
    corner.target.call("core_course_delete_categories", {"categories": [{"id": made[0]["id"], "recursive": 1}]})


def cohort(corner: Corner, cohort_id: int) -> dict[str, Any]:
    """One cohort, as the site tells of it."""
    (found,) = corner.target.call("core_cohort_get_cohorts", {"cohortids": [cohort_id]})
    return dict(found)


def update(corner: Corner, **changes: Any) -> None:
    """Update a cohort of the corner's own."""
    corner.target.call("core_cohort_update_cohorts", {"cohorts": [corner.cohort() | changes]})


def where(corner: Corner, includes: str, category: int = 0, **limits: int) -> list[str]:
    """The idnumbers of the corner's cohorts, without the mark, that a search from a category or the system finds."""
    context = {"contextlevel": "coursecat" if category else "system", "instanceid": category}
    search = {"query": corner.mark, "context": context, "includes": includes, **limits}
    answer = corner.target.call("core_cohort_search_cohorts", search)
    return [one["idnumber"].removeprefix(f"{corner.mark}-") for one in answer["cohorts"]]


def search(corner: Corner, query: str) -> list[str]:
    """The idnumbers of the corner's system cohorts, without the mark, that a search finds."""
    context = {"contextlevel": "system", "instanceid": 0}
    answer = corner.target.call("core_cohort_search_cohorts", {"query": query, "context": context})
    return sorted(cohort["idnumber"].removeprefix(f"{corner.mark}-") for cohort in answer["cohorts"])


def test_a_cohort_is_returned_as_created(corner: Corner) -> None:
    """Creation answers with the ids in the order sent, and a look-up by id knows them."""
    ids = corner.create_cohorts(corner.cohort("b"), corner.cohort("a", description="the A"))
    found = corner.target.call("core_cohort_get_cohorts", {"cohortids": ids})
    assert {cohort["id"]: cohort["idnumber"] for cohort in found} == {
        ids[0]: f"{corner.mark}-b",
        ids[1]: f"{corner.mark}-a",
    }
    assert corner.target.call("core_cohort_get_cohorts", {"cohortids": [max(ids) + 1_000_000]}) == []


def test_no_ids_mean_all_cohorts(corner: Corner) -> None:
    """Without ids the whole list comes."""
    (made,) = corner.create_cohorts(corner.cohort())
    assert made in [cohort["id"] for cohort in corner.target.call("core_cohort_get_cohorts", {})]


def test_names_may_be_equal_and_idnumbers_not(corner: Corner) -> None:
    """A taken idnumber refuses the whole batch."""
    corner.create_cohorts(corner.cohort("one"), corner.cohort("two", name=f"{corner.mark} one"))
    cohorts = [corner.cohort("three"), corner.cohort("one")]
    assert refusal(corner, "core_cohort_create_cohorts", {"cohorts": cohorts}) == "invalidparameter"
    assert search(corner, corner.mark) == ["one", "two"]


def test_a_search_looks_into_names_and_idnumbers(corner: Corner) -> None:
    """A part of either, in any case, is enough."""
    corner.create_cohorts(corner.cohort("one"), corner.cohort("two", idnumber=f"{corner.mark}-zwei"))
    assert search(corner, f"{corner.mark} TWO") == ["zwei"]
    assert search(corner, f"{corner.mark}-ZWEI") == ["zwei"]


def test_who_can_t_be_added_is_told_in_a_vague_warning(corner: Corner) -> None:
    """Unknown users and cohorts and members already there only warn; only the text says whom it is about."""
    user, made = corner.user(), corner.cohort()
    (user_id,), (cohort_id,) = corner.create(user), corner.create_cohorts(made)
    assert corner.join(made["idnumber"], user["username"]) == []
    again, unknown = corner.join(made["idnumber"], user["username"], f"{corner.mark}.nobody")
    assert (again["warningcode"], unknown["warningcode"]) == ("3", "2")
    assert f"{corner.mark}.nobody" in unknown["message"]
    (no_cohort,) = corner.join(f"{corner.mark}-none", user["username"])
    assert no_cohort["warningcode"] == "2"
    assert corner.members(cohort_id) == {user_id}


def test_a_deleted_user_leaves_its_cohorts(corner: Corner) -> None:
    """Deletion ends memberships."""
    made = corner.cohort()
    kept, gone = corner.create(corner.user("kept"), corner.user("gone"))
    (cohort_id,) = corner.create_cohorts(made)
    corner.join(made["idnumber"], f"{corner.mark}.kept", f"{corner.mark}.gone")
    corner.target.call("core_user_delete_users", {"userids": [gone]})
    assert corner.members(cohort_id) == {kept}


def test_cohorts_are_deleted_all_or_none(corner: Corner) -> None:
    """One unknown id keeps them all."""
    (made,) = corner.create_cohorts(corner.cohort())
    wrong = {"cohortids": [made, made + 1_000_000]}
    assert refusal(corner, "core_cohort_delete_cohorts", wrong) == "invalidrecordunknown"
    assert corner.target.call("core_cohort_delete_cohorts", {"cohortids": [made]}) is None
    unknown = {"cohortids": [made]}
    assert refusal(corner, "core_cohort_get_cohort_members", unknown) == "invalidrecordunknown"


# Where cohorts are


def test_a_cohort_may_belong_to_a_category(corner: Corner, category: int) -> None:
    """Named by its id or, in any case, its idnumber; what is no category, or has no idnumber, refuses the batch."""
    by_id = corner.cohort("a", categorytype={"type": "id", "value": str(category)})
    by_idnumber = corner.cohort("b", categorytype={"type": "idnumber", "value": corner.mark.upper()})
    corner.create_cohorts(by_id, by_idnumber, corner.cohort("c"))
    assert where(corner, "self", category) == ["a", "b"]
    for wrong in (("id", str(category + 1_000_000)), ("idnumber", f"{corner.mark}-no"), ("name", corner.mark)):
        unlike = corner.cohort("d", categorytype=dict(zip(("type", "value"), wrong, strict=True)))
        assert refusal(corner, "core_cohort_create_cohorts", {"cohorts": [unlike]}) == "invalidparameter"


def test_a_search_tells_where_cohorts_are(corner: Corner, category: int) -> None:
    """Of one place, of it and those above, or of all; what the place of a cohort is, nothing else in core tells."""
    corner.create_cohorts(corner.cohort("b"), corner.cohort("a", categorytype={"type": "id", "value": str(category)}))
    assert where(corner, "self") == ["b"]
    assert where(corner, "parents") == ["b"]
    assert where(corner, "parents", category) == ["a", "b"]
    assert where(corner, "all") == where(corner, "all", category) == ["a", "b"]
    context = {"contextlevel": "coursecat", "instanceid": category + 1_000_000}
    assert refusal(corner, "core_cohort_search_cohorts", {"query": "", "context": context}) == "invalidparameter"


def test_a_search_is_told_in_pages(corner: Corner) -> None:
    """`limitfrom` counts pages of `limitnum`, not cohorts; a limit of 0 is none."""
    corner.create_cohorts(*map(corner.cohort, "abcde"))
    assert where(corner, "all", limitfrom=1, limitnum=2) == ["c", "d"]
    assert where(corner, "all", limitfrom=0, limitnum=0) == list("abcde")


def test_the_cohorts_of_a_deleted_category_move_up(corner: Corner) -> None:
    """They are kept, whatever is deleted with the category."""
    (made,) = corner.target.call("core_course_create_categories", {"categories": [{"name": corner.mark}]})
    corner.create_cohorts(corner.cohort("a", categorytype={"type": "id", "value": str(made["id"])}))
    corner.target.call("core_course_delete_categories", {"categories": [{"id": made["id"], "recursive": 1}]})
    assert where(corner, "self") == ["a"]


# Changing them


def test_an_update_needs_name_idnumber_and_place(corner: Corner, category: int) -> None:
    """What is not meant to change must be sent again; a description that is not given stays."""
    (made,) = corner.create_cohorts(corner.cohort(description="<b>A</b> & B"))
    update(corner, id=made, name="Other", categorytype={"type": "id", "value": str(category)})
    assert (cohort(corner, made)["name"], cohort(corner, made)["description"]) == ("Other", "<b>A</b> & B")
    assert where(corner, "self", category) == ["first"]
    for lacking in ("name", "idnumber", "categorytype"):
        item = {key: value for key, value in corner.cohort().items() if key != lacking} | {"id": made}
        assert refusal(corner, "core_cohort_update_cohorts", {"cohorts": [item]}) == "invalidparameter"
    update(corner, id=made, name="Back")
    assert where(corner, "self") == ["first"]


def test_a_format_that_is_not_given_becomes_html(corner: Corner) -> None:
    """The update's default overwrites what there was."""
    (made,) = corner.create_cohorts(corner.cohort(description="plain", descriptionformat=2))
    update(corner, id=made)
    assert cohort(corner, made)["descriptionformat"] == 1


def test_cohorts_are_updated_all_or_none(corner: Corner) -> None:
    """An unknown cohort, a blank name, one that is too long, or an unknown category keeps all as they were."""
    (made,) = corner.create_cohorts(corner.cohort())
    wrongs: dict[str, dict[str, Any]] = {
        "invalidrecordunknown": {"id": made + 1_000_000},
        "dmlwriteexception": {"name": "x" * 255},
        "invalidparameter": {"name": " "},
    }
    for code, wrong in wrongs.items():
        items = [corner.cohort(id=made, name="Other"), corner.cohort(id=made) | wrong]
        assert refusal(corner, "core_cohort_update_cohorts", {"cohorts": items}) == code
    nowhere = corner.cohort(id=made, categorytype={"type": "idnumber", "value": f"{corner.mark}-no"})
    assert refusal(corner, "core_cohort_update_cohorts", {"cohorts": [nowhere]}) == "invalidparameter"
    assert cohort(corner, made)["name"] == f"{corner.mark} first"


def test_an_update_may_take_anothers_idnumber(corner: Corner) -> None:
    """Nothing stops it: who updates must look first."""
    one, _ = corner.create_cohorts(corner.cohort("one"), corner.cohort("two"))
    update(corner, id=one, idnumber=f"{corner.mark}-two")
    assert cohort(corner, one)["idnumber"] == f"{corner.mark}-two"


def test_an_idnumber_is_taken_in_any_case(corner: Corner) -> None:
    """Letters that differ in case or accents alone, and blanks behind, are no difference to the database."""
    corner.create_cohorts(corner.cohort("zoe"))
    for same in ("ZOE", "zoë", "zoe "):
        unlike = corner.cohort(idnumber=f"{corner.mark}-{same}")
        assert refusal(corner, "core_cohort_create_cohorts", {"cohorts": [unlike]}) == "invalidparameter"


# Who is in them


def test_members_are_taken_out_all_or_none(corner: Corner) -> None:
    """Who is no member is passed over; an unknown account or cohort keeps all as they were."""
    ana, ben = corner.create(corner.user("ana"), corner.user("ben"))
    (made,) = corner.create_cohorts(corner.cohort())
    corner.join(f"{corner.mark}-FIRST", f"{corner.mark}.ana")
    for wrong in ({"cohortid": made, "userid": ben + 1_000_000}, {"cohortid": made + 1_000_000, "userid": ana}):
        members = [{"cohortid": made, "userid": ana}, wrong]
        assert refusal(corner, "core_cohort_delete_cohort_members", {"members": members}) == "invalidrecordunknown"
    assert corner.members(made) == {ana}
    members = [{"cohortid": made, "userid": user} for user in (ben, ana)]
    assert corner.target.call("core_cohort_delete_cohort_members", {"members": members}) is None
    assert corner.members(made) == set()


def test_members_are_named_by_id_idnumber_and_username_alone(corner: Corner) -> None:
    """Any other name only warns."""
    (user,) = corner.create(corner.user())
    (made,) = corner.create_cohorts(corner.cohort())
    ways = [("name", "id"), ("id", "email")]
    members = [
        {"cohorttype": {"type": cohort_by, "value": str(made)}, "usertype": {"type": user_by, "value": str(user)}}
        for cohort_by, user_by in ways
    ]
    answer = corner.target.call("core_cohort_add_cohort_members", {"members": members})
    assert [warning["warningcode"] for warning in answer["warnings"]] == ["1", "1"]
    good = [{"cohorttype": {"type": "id", "value": str(made)}, "usertype": {"type": "id", "value": str(user)}}]
    assert corner.target.call("core_cohort_add_cohort_members", {"members": good}) == {"warnings": []}
    assert corner.members(made) == {user}
