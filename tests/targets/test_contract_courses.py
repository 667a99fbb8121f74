"""What every target promises of courses: Moodle's behaviour, one fact in each test."""

from typing import Any

import pytest

from syncd.errors import ItemRefused
from tests.targets.conftest import Corner

CREATE = "core_course_create_courses"
NOBODY = 99_999_999
YEAR = 365 * 86_400


def brief(value: object) -> str:
    """The name of a case."""
    return repr(value)[:40]


def refused(corner: Corner, *courses: dict[str, Any]) -> ItemRefused:
    """What the target says of a creation that it must refuse."""
    with pytest.raises(ItemRefused) as refusal:
        corner.target.call(CREATE, {"courses": list(courses)})
    return refusal.value


def update(corner: Corner, *courses: dict[str, Any]) -> list[dict[str, Any]]:
    """Update courses and return the warnings."""
    return list(corner.target.call("core_course_update_courses", {"courses": list(courses)})["warnings"])


def warned(corner: Corner, course_id: int, **changes: Any) -> list[str]:
    """Update a course and return the codes of the warnings, none or one."""
    return [str(warning["warningcode"]) for warning in update(corner, {"id": course_id} | changes)]


def told(corner: Corner, course_id: int) -> dict[str, Any]:
    """What `core_course_get_courses` tells of one course."""
    (course,) = corner.target.call("core_course_get_courses", {"options": {"ids": [course_id]}})
    return dict(course)


def found(corner: Corner, field: str, value: object) -> list[dict[str, Any]]:
    """The courses that one look-up finds."""
    answer = corner.target.call("core_course_get_courses_by_field", {"field": field, "value": str(value)})
    return list(answer["courses"])


class TestCreatingCourses:
    """`core_course_create_courses`."""

    def test_ids_come_back_in_the_order_sent(self, corner: Corner) -> None:
        """A course can be told from the others of its batch by its place in the answer."""
        zoe, abe = corner.create_courses(corner.course("zoe"), corner.course("abe"))
        assert told(corner, zoe)["shortname"] == f"{corner.mark}-zoe"
        assert told(corner, abe)["shortname"] == f"{corner.mark}-abe"

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"fullname": " "}, "errorinvalidparam"),
            ({"shortname": ""}, "errorinvalidparam"),
            ({"fullname": "a <b>"}, "invalidparameter"),
            ({"categoryid": NOBODY}, "errorcatcontextnotvalid"),
            ({"categoryid": 0}, "errorcatcontextnotvalid"),
            ({"format": "Two Words"}, "invalidparameter"),
            ({"lang": ""}, "errorinvalidparam"),
            ({"lang": "no-such"}, "errorinvalidparam"),
            ({"startdate": "2026-09-01"}, "invalidparameter"),
            ({"startdate": ""}, "invalidparameter"),
            ({"startdate": 10, "enddate": 5}, "enddatebeforestartdate"),
            ({"startdate": 0, "enddate": 5}, "nostartdatenoenddate"),
            ({"showgrades": "yes"}, "invalidparameter"),
            ({"shortname": "x" * 256}, "dmlwriteexception"),
            ({"fullname": "x" * 1334}, "dmlwriteexception"),
            ({"idnumber": "x" * 101}, "dmlwriteexception"),
            ({"shoesize": 43}, "invalidparameter"),
            ({"theme": "boost"}, "invalidparameter"),
            ({"legacyfiles": 0}, "invalidparameter"),
            ({"summaryformat": 9}, "formatnotsupported"),
        ],
        ids=brief,
    )
    def test_one_bad_item_refuses_the_batch(self, corner: Corner, wrong: dict[str, Any], code: str) -> None:
        """A creation is one transaction."""
        assert refused(corner, corner.course("good"), corner.course("bad", **wrong)).code == code
        assert found(corner, "shortname", f"{corner.mark}-good") == []

    @pytest.mark.parametrize(
        "name",
        [
            "1 < 2",
            "A & B > C",
            '<span lang="en" class="multilang">x</span><span class="multilang" lang="fr">y</span>',
            '<lang lang="en">x</lang>',
        ],
    )
    def test_a_name_may_be_in_several_languages(self, corner: Corner, name: str) -> None:
        """Tags that tell languages apart are stored as sent; so is `<` before a blank."""
        (made,) = corner.create_courses(corner.course(fullname=name))
        assert told(corner, made)["fullname"] == name

    @pytest.mark.parametrize("name", ["1 <2", "x<3", "a <", "<b>x</b>", '<span lang="en">x</span>'])
    def test_a_name_has_no_other_tags(self, corner: Corner, name: str) -> None:
        """What Moodle would have to clean, it refuses."""
        assert refused(corner, corner.course(fullname=name)).code == "invalidparameter"

    @pytest.mark.parametrize("end", ["first", "FIRST", "first "])
    def test_short_names_are_unique_in_any_case(self, corner: Corner, end: str) -> None:
        """The refusal names the value that is taken."""
        corner.create_courses(corner.course())
        taken = refused(corner, corner.course("second", shortname=f"{corner.mark}-{end}"))
        assert taken.code == "shortnametaken"
        assert f"({corner.mark}-{end})" in taken.message

    def test_idnumbers_are_unique_but_for_the_empty_one(self, corner: Corner) -> None:
        """Many courses have no idnumber."""
        corner.create_courses(corner.course("one", idnumber=""), corner.course("two", idnumber=f"{corner.mark}-i"))
        assert refused(corner, corner.course("three", idnumber=f"{corner.mark}-I")).code == "courseidnumbertaken"
        corner.create_courses(corner.course("four", idnumber=""))

    @pytest.mark.parametrize(
        "odd",
        [
            {"format": "nosuch"},
            {"groupmode": 7},
            {"newsitems": -3},
            {"enablecompletion": 2},
            {"defaultgroupingid": NOBODY},
            {"numsections": 99},
        ],
        ids=brief,
    )
    def test_values_that_mean_nothing_are_stored(self, corner: Corner, odd: dict[str, Any]) -> None:
        """Moodle checks neither that a format is there nor that a number is one of those it knows."""
        (made,) = corner.create_courses(corner.course(**odd))
        ((name, value),) = odd.items()
        assert told(corner, made)[name] == value

    def test_a_theme_and_unknown_custom_fields_are_dropped_without_a_word(self, corner: Corner) -> None:
        """Neither is refused where the site does not know it or does not allow it."""
        fields = [{"shortname": "nosuch", "value": "1"}]
        (made,) = corner.create_courses(corner.course(forcetheme="nosuch", customfields=fields))
        assert told(corner, made)["forcetheme"] == ""
        assert "customfields" not in told(corner, made)

    def test_what_is_not_said_gets_the_site_s_defaults(self, corner: Corner) -> None:
        """A course begins today and ends in a year, and has no section but the general one."""
        course = told(corner, *corner.create_courses(corner.course()))
        usual = {"format": "topics", "newsitems": 5, "showgrades": 1, "visible": 1, "lang": "", "enablecompletion": 1}
        assert {name: course[name] for name in usual} == usual
        assert course["enddate"] - course["startdate"] == YEAR
        assert course["numsections"] == 0

    def test_people_are_enrolled_by_hand(self, corner: Corner) -> None:
        """Of the methods that a new course has, only this one is open."""
        (made,) = corner.create_courses(corner.course())
        assert found(corner, "id", made)[0]["enrollmentmethods"] == ["manual"]

    def test_a_course_by_weeks_ends_with_its_last(self, corner: Corner) -> None:
        """The end that the call gives is lost, unless the format is told to leave it alone."""
        begin = 1_700_000_000
        weeks = {"format": "weeks", "startdate": begin, "enddate": begin + YEAR, "numsections": 2}
        free = {"courseformatoptions": [{"name": "automaticenddate", "value": "0"}]}
        bound, told_so = corner.create_courses(corner.course("bound", **weeks), corner.course("so", **weeks | free))
        assert told(corner, bound)["enddate"] < begin + YEAR
        assert told(corner, told_so)["enddate"] == begin + YEAR


class TestUpdatingCourses:
    """`core_course_update_courses`."""

    def test_what_is_not_given_stays(self, corner: Corner) -> None:
        """Only what differs need be sent."""
        (made,) = corner.create_courses(corner.course(idnumber=corner.mark, summary="about"))
        assert warned(corner, made, fullname=f"{corner.mark} neu") == []
        course = told(corner, made)
        assert (course["fullname"], course["idnumber"], course["summary"]) == (
            f"{corner.mark} neu",
            corner.mark,
            "about",
        )

    def test_each_course_is_updated_by_itself(self, corner: Corner) -> None:
        """A bad one is warned of by its id, and the others are updated."""
        (made,) = corner.create_courses(corner.course())
        (warning,) = update(corner, {"id": NOBODY, "fullname": "x"}, {"id": made, "fullname": corner.mark})
        assert (warning["itemid"], warning["warningcode"]) == (NOBODY, "invalidrecordunknown")
        assert told(corner, made)["fullname"] == corner.mark

    def test_a_wrong_type_refuses_the_batch(self, corner: Corner) -> None:
        """Types are checked before anything is stored."""
        (made,) = corner.create_courses(corner.course())
        with pytest.raises(ItemRefused):
            update(corner, {"id": made, "fullname": corner.mark}, {"id": made, "groupmode": "x"})
        assert told(corner, made)["fullname"] == f"{corner.mark} first"

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"fullname": ""}, "errorinvalidparam"),
            ({"shortname": " "}, "errorinvalidparam"),
            ({"lang": "no-such"}, "errorinvalidparam"),
            ({"startdate": 10, "enddate": 5}, "enddatebeforestartdate"),
            ({"enddate": 2_000_000_000}, "nostartdatenoenddate"),
            ({"fullname": "x" * 1334}, "dmlwriteexception"),
            ({"summaryformat": 9}, "formatnotsupported"),
        ],
        ids=brief,
    )
    def test_a_bad_value_is_warned_of(self, corner: Corner, wrong: dict[str, Any], code: str) -> None:
        """Dates are checked by what the call holds: an end needs its beginning beside it."""
        (made,) = corner.create_courses(corner.course())
        before = told(corner, made)
        assert warned(corner, made, **wrong) == [code]
        assert told(corner, made) == before

    def test_names_of_other_courses_are_taken(self, corner: Corner) -> None:
        """Of short names and idnumbers, each belongs to one; a course may write its own otherwise."""
        first, _ = corner.create_courses(corner.course("one"), corner.course("two", idnumber=corner.mark))
        assert warned(corner, first, shortname=f"{corner.mark}-two") == ["shortnametaken"]
        assert warned(corner, first, idnumber=corner.mark) == ["courseidnumbertaken"]
        assert warned(corner, first, shortname=f"{corner.mark}-ONE") == []

    def test_an_idnumber_can_be_cleared_and_a_language_can_not(self, corner: Corner) -> None:
        """The empty text is an idnumber, but no language."""
        (made,) = corner.create_courses(corner.course(idnumber=corner.mark, lang="en"))
        assert warned(corner, made, idnumber="") == []
        assert warned(corner, made, lang="") == ["errorinvalidparam"]
        assert (told(corner, made)["idnumber"], told(corner, made)["lang"]) == ("", "en")

    def test_a_course_moved_nowhere_is_warned_of_and_lost(self, corner: Corner) -> None:
        """It then lies in a category that is not there, and is hidden."""
        (made,) = corner.create_courses(corner.course())
        assert warned(corner, made, categoryid=NOBODY) == ["invalidrecordunknown"]
        assert (told(corner, made)["categoryid"], told(corner, made)["visible"]) == (NOBODY, 0)
        assert warned(corner, made, categoryid=1, visible=1) == []

    def test_the_number_of_sections_stays(self, corner: Corner) -> None:
        """It can be said at creation only."""
        (made,) = corner.create_courses(corner.course(numsections=2))
        assert warned(corner, made, numsections=5) == []
        assert told(corner, made)["numsections"] == 2

    def test_the_site_s_own_course_stays(self, corner: Corner) -> None:
        """The first page is a course too, and can be neither updated nor deleted."""
        assert warned(corner, 1, summary="") == ["invalidcourse"]
        (warning,) = corner.target.call("core_course_delete_courses", {"courseids": [1]})["warnings"]
        assert warning["warningcode"] == "cannotdeletecategorycourse"


class TestDeletingCourses:
    """`core_course_delete_courses`."""

    def test_each_course_is_deleted_by_itself(self, corner: Corner) -> None:
        """One that is not there is warned of by its id, and the others go."""
        (made,) = corner.create_courses(corner.course())
        (warning,) = corner.target.call("core_course_delete_courses", {"courseids": [NOBODY, made]})["warnings"]
        assert (warning["itemid"], warning["warningcode"]) == (NOBODY, "unknowncourseidnumber")
        assert found(corner, "id", made) == []


class TestFindingCourses:
    """`core_course_get_courses` and `core_course_get_courses_by_field`."""

    def test_text_is_the_same_in_any_case(self, corner: Corner) -> None:
        """The database compares: case and last blanks make no difference."""
        (made,) = corner.create_courses(corner.course(idnumber=f"{corner.mark}-id"))
        assert [one["id"] for one in found(corner, "shortname", f"{corner.mark}-FIRST ")] == [made]
        assert [one["id"] for one in found(corner, "idnumber", f"{corner.mark}-ÍD")] == [made]

    @pytest.mark.parametrize("value", [NOBODY, "abc"])
    def test_nobody_is_simply_absent(self, corner: Corner, value: object) -> None:
        """An unknown id is no error, nor is one that is no number."""
        assert found(corner, "id", value) == []
        assert corner.target.call("core_course_get_courses", {"options": {"ids": [NOBODY]}}) == []

    def test_an_unknown_field_is_refused(self, corner: Corner) -> None:
        """Courses are not found by their full name."""
        with pytest.raises(ItemRefused):
            found(corner, "fullname", "x")

    def test_the_courses_of_a_category_are_found(self, corner: Corner) -> None:
        """Those of categories below are not."""
        (top,) = corner.create_categories(corner.category("top"))
        (inner,) = corner.create_categories(corner.category("inner", parent=top))
        here, _ = corner.create_courses(corner.course("a", categoryid=top), corner.course("b", categoryid=inner))
        assert [one["id"] for one in found(corner, "category", top)] == [here]
