"""What every target promises of course categories: Moodle's behaviour, one fact in each test."""

from typing import Any

import pytest

from syncd.errors import ItemRefused
from tests.targets.conftest import Corner

CREATE = "core_course_create_categories"
UPDATE = "core_course_update_categories"
DELETE = "core_course_delete_categories"
NOBODY = 99_999_999


def brief(value: object) -> str:
    """The name of a case."""
    return repr(value)[:40]


def refused(corner: Corner, function: str, *categories: dict[str, Any]) -> str:
    """The code by which the target refuses a call."""
    with pytest.raises(ItemRefused) as refusal:
        corner.target.call(function, {"categories": list(categories)})
    return refusal.value.code


def found(corner: Corner, key: str, value: object, *, below: bool = False) -> list[dict[str, Any]]:
    """The categories that fit one criterion."""
    criteria = [{"key": key, "value": str(value)}]
    answer = corner.target.call("core_course_get_categories", {"criteria": criteria, "addsubcategories": int(below)})
    return list(answer)


def names(corner: Corner, *ids: int) -> list[str]:
    """The names of those of some categories that are there, without the mark."""
    there = found(corner, "ids", ",".join(map(str, ids)))
    return sorted(category["name"].removeprefix(f"{corner.mark} ") for category in there)


class TestCreatingCategories:
    """`core_course_create_categories`."""

    def test_ids_come_back_in_the_order_sent(self, corner: Corner) -> None:
        """A category can be told from the others of its batch by its place in the answer."""
        zoe, abe = corner.create_categories(corner.category("zoe"), corner.category("abe"))
        assert (names(corner, zoe), names(corner, abe)) == (["zoe"], ["abe"])

    def test_a_category_lies_below_its_parent(self, corner: Corner) -> None:
        """Where it lies is told by its parent, its depth and its path."""
        (top,) = corner.create_categories(corner.category("top"))
        (inner,) = corner.create_categories(corner.category("inner", parent=top))
        (told,) = found(corner, "id", inner)
        assert (told["parent"], told["depth"], told["path"]) == (top, 2, f"/{top}/{inner}")

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"name": ""}, "categorynamerequired"),
            ({"name": "x" * 256}, "categorytoolong"),
            ({"name": "a <b>"}, "invalidparameter"),
            ({"idnumber": "x" * 101}, "idnumbertoolong"),
            ({"parent": NOBODY}, "unknowcategory"),
            ({"descriptionformat": 9}, None),
            ({"visible": 0}, "invalidparameter"),
        ],
        ids=brief,
    )
    def test_one_bad_item_refuses_the_batch(self, corner: Corner, wrong: dict[str, Any], code: str | None) -> None:
        """A creation is one transaction. Whether the category is visible can't be said."""
        said = refused(corner, CREATE, corner.category("good"), corner.category("bad", **wrong))
        assert said == code or code is None
        assert found(corner, "idnumber", f"{corner.mark}-good") == []

    def test_names_are_not_unique(self, corner: Corner) -> None:
        """Two categories of one parent may have one name, and a name of blanks is a name."""
        same = [{"name": f"{corner.mark} same"}, {"name": f"{corner.mark} same"}, {"name": "  "}]
        assert len(set(corner.create_categories(*same))) == 3

    def test_idnumbers_are_unique_in_any_case(self, corner: Corner) -> None:
        """An idnumber that differs from another's only in case is taken."""
        corner.create_categories(corner.category("one"))
        taken = corner.category("two", idnumber=f"{corner.mark}-ONE")
        assert refused(corner, CREATE, taken) == "categoryidnumbertaken"

    def test_text_is_stored_as_sent(self, corner: Corner) -> None:
        """Neither blanks nor signs are touched."""
        (made,) = corner.create_categories({"name": f" {corner.mark} A & B "})
        assert found(corner, "id", made)[0]["name"] == f" {corner.mark} A & B "

    def test_a_category_without_an_idnumber_has_none(self, corner: Corner) -> None:
        """It is told as null."""
        (made,) = corner.create_categories({"name": corner.mark})
        assert found(corner, "id", made)[0]["idnumber"] is None


class TestFindingCategories:
    """`core_course_get_categories`."""

    def test_text_is_the_same_in_any_case(self, corner: Corner) -> None:
        """The database compares: case and accents make no difference."""
        (made,) = corner.create_categories(corner.category("ecole"))
        assert [one["id"] for one in found(corner, "idnumber", f"{corner.mark}-École")] == [made]

    def test_what_lies_below_comes_too(self, corner: Corner) -> None:
        """With `addsubcategories`, all that lies below what was found, however deep."""
        (top,) = corner.create_categories(corner.category("top"))
        (inner,) = corner.create_categories(corner.category("inner", parent=top))
        (deep,) = corner.create_categories(corner.category("deep", parent=inner))
        assert {one["id"] for one in found(corner, "id", top, below=True)} == {top, inner, deep}
        assert [one["id"] for one in found(corner, "parent", top)] == [inner]

    def test_nobody_is_simply_absent(self, corner: Corner) -> None:
        """An unknown id is no error; an unknown criterion is."""
        assert found(corner, "id", NOBODY) == []
        with pytest.raises(ItemRefused, match="search"):
            found(corner, "path", "/1")

    def test_courses_are_counted_where_they_lie(self, corner: Corner) -> None:
        """Those of categories below are not counted."""
        (top,) = corner.create_categories(corner.category("top"))
        (inner,) = corner.create_categories(corner.category("inner", parent=top))
        corner.create_courses(corner.course(categoryid=inner))
        assert found(corner, "id", top)[0]["coursecount"] == 0
        assert found(corner, "id", inner)[0]["coursecount"] == 1


class TestUpdatingCategories:
    """`core_course_update_categories`."""

    def test_what_is_not_given_stays(self, corner: Corner) -> None:
        """A new name leaves idnumber and place as they are."""
        (made,) = corner.create_categories(corner.category("one"))
        corner.target.call(UPDATE, {"categories": [{"id": made, "name": f"{corner.mark} neu"}]})
        (told,) = found(corner, "id", made)
        assert (told["name"], told["idnumber"], told["parent"]) == (f"{corner.mark} neu", f"{corner.mark}-one", 0)

    def test_a_category_moves_with_all_below(self, corner: Corner) -> None:
        """Its path, and those of what lies below, change."""
        (top,) = corner.create_categories(corner.category("top"))
        (inner,) = corner.create_categories(corner.category("inner", parent=top))
        (other,) = corner.create_categories(corner.category("other"))
        corner.target.call(UPDATE, {"categories": [{"id": top, "parent": other}]})
        assert found(corner, "id", inner)[0]["path"] == f"/{other}/{top}/{inner}"

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"name": ""}, "categorynamerequired"),
            ({"parent": NOBODY}, "invalidrecordunknown"),
            ({"id": NOBODY, "name": "x"}, "unknowncategory"),
            ({"visible": 0}, "invalidparameter"),
        ],
        ids=brief,
    )
    def test_one_bad_item_refuses_the_batch(self, corner: Corner, wrong: dict[str, Any], code: str) -> None:
        """An update is one transaction too."""
        good, bad = corner.create_categories(corner.category("good"), corner.category("bad"))
        items = {"id": good, "name": f"{corner.mark} neu"}, {"id": bad} | wrong
        assert refused(corner, UPDATE, *items) == code
        assert names(corner, good) == ["good"]

    def test_a_category_can_not_lie_below_itself(self, corner: Corner) -> None:
        """Moodle keeps the tree a tree."""
        (top,) = corner.create_categories(corner.category("top"))
        (inner,) = corner.create_categories(corner.category("inner", parent=top))
        assert refused(corner, UPDATE, {"id": top, "parent": inner}) == "cannotmovecategory"


class TestDeletingCategories:
    """`core_course_delete_categories`."""

    def test_what_it_holds_moves_to_its_parent(self, corner: Corner) -> None:
        """Unless it is told to delete all, nothing else goes."""
        (top,) = corner.create_categories(corner.category("top"))
        (inner,) = corner.create_categories(corner.category("inner", parent=top))
        (deep,) = corner.create_categories(corner.category("deep", parent=inner))
        (course,) = corner.create_courses(corner.course(categoryid=inner))
        corner.target.call(DELETE, {"categories": [{"id": inner}]})
        assert names(corner, top, inner, deep) == ["deep", "top"]
        assert found(corner, "id", deep)[0]["path"] == f"/{top}/{deep}"
        (told,) = corner.target.call("core_course_get_courses", {"options": {"ids": [course]}})
        assert told["categoryid"] == top

    def test_nothing_can_move_to_the_top(self, corner: Corner) -> None:
        """A category of the top, even an empty one, needs another that takes what it holds."""
        first, second = corner.create_categories(corner.category("first"), corner.category("second"))
        assert refused(corner, DELETE, {"id": first}) == "movecatcontentstoroot"
        corner.target.call(DELETE, {"categories": [{"id": first, "newparent": second}]})
        assert names(corner, first, second) == ["second"]

    def test_all_that_it_holds_goes(self, corner: Corner) -> None:
        """With `recursive`, the categories and courses in it are deleted as well."""
        (top,) = corner.create_categories(corner.category("top"))
        (inner,) = corner.create_categories(corner.category("inner", parent=top))
        (course,) = corner.create_courses(corner.course(categoryid=inner))
        corner.target.call(DELETE, {"categories": [{"id": top, "recursive": 1}]})
        assert names(corner, top, inner) == []
        assert corner.target.call("core_course_get_courses", {"options": {"ids": [course]}}) == []

    def test_one_that_is_not_there_refuses_the_batch(self, corner: Corner) -> None:
        """Of empty categories, all are deleted or none."""
        (made,) = corner.create_categories(corner.category())
        assert refused(corner, DELETE, {"id": made, "recursive": 1}, {"id": NOBODY, "recursive": 1}) == (
            "unknowncategory"
        )
        assert names(corner, made) == ["first"]
