"""What every target promises of copies of courses, and of what is in them: one fact in each test."""

from typing import Any

import pytest

from syncd.core.functions import SITE_INFO
from syncd.errors import ItemRefused
from tests.targets.conftest import Corner

NOBODY = 99_999_999
DUPLICATE = "core_course_duplicate_course"
IMPORT = "core_course_import_course"
SET_SECTIONS = "local_syncd_set_sections"


def refusal(corner: Corner, function: str, **parameters: Any) -> str:
    """The code by which the target refuses a call."""
    with pytest.raises(ItemRefused) as refused:
        corner.target.call(function, parameters)
    return refused.value.code


def told(corner: Corner, course: int) -> dict[str, Any]:
    """What core tells of a course."""
    answer = corner.target.call("core_course_get_courses_by_field", {"field": "id", "value": str(course)})
    (found,) = answer["courses"]
    return dict(found)


def sections(corner: Corner, course: int) -> list[tuple[int, str]]:
    """The sections of a course, by number and name."""
    answer = corner.target.call("core_course_get_contents", {"courseid": course})
    return [(section["section"], section["name"]) for section in answer]


@pytest.fixture
def template(corner: Corner) -> int:
    """A course to be copied."""
    fields = {"numsections": 2, "summary": "About", "format": "weeks", "newsitems": 1, "idnumber": f"{corner.mark}-t"}
    (made,) = corner.create_courses(corner.course("template", **fields))
    return made


class TestDuplicating:
    """`core_course_duplicate_course`."""

    def copy(self, corner: Corner, template: int, **changes: Any) -> dict[str, Any]:
        """What it takes to copy a template."""
        names = {"fullname": f"{corner.mark} copy", "shortname": f"{corner.mark}-copy"}
        return {"courseid": template, "categoryid": 1, "visible": 0, **names, **changes}

    def test_a_copy_has_names_of_its_own(self, corner: Corner, template: int) -> None:
        """All else is the template's, but for the idnumber."""
        made = corner.target.call(DUPLICATE, self.copy(corner, template))
        corner.adopt(made["id"])
        course = told(corner, made["id"])
        assert (course["fullname"], course["shortname"]) == (f"{corner.mark} copy", f"{corner.mark}-copy")
        assert (course["visible"], course["idnumber"]) == (0, "")
        assert (course["summary"], course["format"], course["newsitems"]) == ("About", "weeks", 1)
        assert len(sections(corner, made["id"])) == 3
        assert "manual" in course["enrollmentmethods"]

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"courseid": NOBODY}, "invalidcourseid"),
            ({"categoryid": NOBODY}, "invalidrecordunknown"),
            ({"shortname": "taken"}, "shortnametaken"),
        ],
        ids=repr,
    )
    def test_what_can_not_be_is_refused(self, corner: Corner, template: int, wrong: dict[str, Any], code: str) -> None:
        """By the code that creation has, or another."""
        if "shortname" in wrong:
            wrong = {"shortname": f"{corner.mark}-template"}
        assert refusal(corner, DUPLICATE, **self.copy(corner, template, **wrong)) == code


class TestImporting:
    """`core_course_import_course`."""

    def test_content_is_added(self, corner: Corner, template: int) -> None:
        """The course keeps its fields and its enrolment methods."""
        (made,) = corner.create_courses(corner.course("goal", summary="Own", numsections=1))
        corner.target.call(IMPORT, {"importfrom": template, "importto": made, "deletecontent": 0})
        course = told(corner, made)
        assert (course["summary"], course["enrollmentmethods"]) == ("Own", ["manual"])
        assert len(sections(corner, made)) == 3

    def test_with_the_content_go_the_summary_and_all_enrolment_methods(self, corner: Corner, template: int) -> None:
        """Nobody can be enrolled by hand afterwards."""
        (made,) = corner.create_courses(corner.course("goal", summary="Own"))
        corner.target.call(IMPORT, {"importfrom": template, "importto": made, "deletecontent": 1})
        course = told(corner, made)
        assert (course["summary"], course["enrollmentmethods"]) == ("", [])
        assert course["fullname"] == f"{corner.mark} goal"

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"importfrom": NOBODY}, "invalidcourseid"),
            ({"importto": NOBODY}, "invalidcourseid"),
            ({"deletecontent": 7}, "invalidextparam"),
        ],
        ids=repr,
    )
    def test_what_can_not_be_is_refused(self, corner: Corner, template: int, wrong: dict[str, Any], code: str) -> None:
        """Both courses must be there."""
        call = {"importfrom": template, "importto": template, "deletecontent": 0} | wrong
        assert refusal(corner, IMPORT, **call) == code


class TestContents:
    """`core_course_get_contents`."""

    def test_a_course_that_is_not_there_is_refused(self, corner: Corner) -> None:
        """One asks for one course at a time."""
        assert refusal(corner, "core_course_get_contents", courseid=NOBODY) == "invalidrecordunknown"

    def test_a_section_s_name_is_told_as_html(self, corner: Corner, template: int) -> None:
        """Even to those who ask for the stored text."""
        if SET_SECTIONS not in {one["name"] for one in corner.target.call(SITE_INFO, {})["functions"]}:
            pytest.skip("this site has no companion plugin to name sections")
        corner.target.call(SET_SECTIONS, {"sections": [{"courseid": template, "section": 1, "name": "A & B"}]})
        assert sections(corner, template)[1] == (1, "A &amp; B")
