"""What every target promises of what is in courses: sections, enrolment methods, links, one fact in each test."""

from typing import Any

import pytest

from syncd.core.functions import SITE_INFO
from syncd.errors import ItemRefused
from tests.targets.conftest import Corner

NOBODY = 99_999_999


def call(corner: Corner, function: str, **parameters: Any) -> Any:
    """Call a function, on a site that has it."""
    if function not in {one["name"] for one in corner.target.call(SITE_INFO, {})["functions"]}:
        pytest.skip(f"this site has no {function}")
    return corner.target.call(function, parameters)


class TestMetaLinks:
    """`enrol_meta_add_instances` and `enrol_meta_delete_instances`."""

    def test_a_link_is_made_once(self, corner: Corner) -> None:
        """That it was there already is told by the status, and is no error."""
        meta, linked = corner.create_courses(corner.course("meta"), corner.course("linked"))
        items = [{"metacourseid": meta, "courseid": linked}]
        for made in (True, False):
            (answer,) = call(corner, "enrol_meta_add_instances", instances=items)
            assert answer["status"] is made
        for gone in (True, False):
            (answer,) = call(corner, "enrol_meta_delete_instances", instances=items)
            assert answer["status"] is gone

    @pytest.mark.parametrize("function", ["enrol_meta_add_instances", "enrol_meta_delete_instances"])
    @pytest.mark.parametrize("lacking", ["metacourseid", "courseid"])
    def test_both_courses_must_be_there(self, corner: Corner, function: str, lacking: str) -> None:
        """The refusal does not tell which one is not."""
        (made,) = corner.create_courses(corner.course())
        with pytest.raises(ItemRefused) as refused:
            call(corner, function, instances=[{"metacourseid": made, "courseid": made} | {lacking: NOBODY}])
        assert refused.value.code == "invalidparameter"


class TestCompanionCourses:
    """`local_syncd_get_courses`."""

    def test_courses_are_found_by_many_values_at_once(self, corner: Corner) -> None:
        """Those that are not there are absent; what is asked for is told, and the id."""
        made = corner.create_courses(corner.course("a", numsections=2), corner.course("b"))
        names = [f"{corner.mark}-{name}" for name in ("B", "a", "x")]
        found = call(corner, "local_syncd_get_courses", field="shortname", values=names, fields=["fullname"])
        assert {one["id"]: one["fullname"] for one in found} == {
            made[0]: f"{corner.mark} a",
            made[1]: f"{corner.mark} b",
        }
        (told,) = call(corner, "local_syncd_get_courses", field="id", values=[str(made[0])])
        assert told["numsections"] == 2
        assert told["enrolments"] == 0
        assert {"idnumber", "categoryid", "visible", "format", "summary", "coursedisplay", "modules"} <= told.keys()

    def test_the_site_s_own_course_is_absent(self, corner: Corner) -> None:
        """Nor does anybody mean it who asks for an empty idnumber."""
        assert call(corner, "local_syncd_get_courses", field="id", values=["1"]) == []
        assert call(corner, "local_syncd_get_courses", field="idnumber", values=[""]) == []

    def test_an_unknown_field_is_refused(self, corner: Corner) -> None:
        """Whether one looks by it or asks for it."""
        with pytest.raises(ItemRefused) as refused:
            call(corner, "local_syncd_get_courses", field="fullname", values=["x"])
        assert refused.value.code == "fieldunknown"


class TestSections:
    """`local_syncd_set_sections` and `local_syncd_get_sections`."""

    def test_a_section_is_named_and_made(self, corner: Corner) -> None:
        """With it, all that lack before it are made; what is not given stays."""
        (made,) = corner.create_courses(corner.course())
        items = [
            {"courseid": made, "section": 2, "name": "Second", "summary": "<p>About</p>"},
            {"courseid": made, "section": 2, "name": "Other"},
        ]
        answers = call(corner, "local_syncd_set_sections", sections=items)
        assert [(one["index"], one["code"]) for one in answers] == [(0, ""), (1, "")]
        found = call(corner, "local_syncd_get_sections", courseids=[made])
        assert [(one["section"], one["name"], one["summary"]) for one in found] == [
            (0, "", ""),
            (1, "", ""),
            (2, "Other", "<p>About</p>"),
        ]

    def test_each_item_is_answered_for(self, corner: Corner) -> None:
        """A bad one stops no other."""
        (made,) = corner.create_courses(corner.course())
        items: list[dict[str, Any]] = [
            {"courseid": NOBODY, "section": 1, "name": "x"},
            {"courseid": made, "section": -1, "name": "x"},
            {"courseid": made, "section": 1, "name": "x" * 256},
            {"courseid": made, "section": 1, "name": "x"},
        ]
        answers = call(corner, "local_syncd_set_sections", sections=items)
        assert [one["code"] for one in answers] == ["invalidcourseid", "sectioninvalid", "fieldinvalid", ""]


class TestEnrolmentMethods:
    """`local_syncd_set_enrol_methods` and `local_syncd_get_enrol_methods`."""

    def test_a_new_course_has_three(self, corner: Corner) -> None:
        """People are enrolled by hand; guests and self-enrolment are closed."""
        (made,) = corner.create_courses(corner.course())
        found = call(corner, "local_syncd_get_enrol_methods", courseids=[made])
        assert {one["enrol"]: one["status"] for one in found} == {"manual": 0, "guest": 1, "self": 1}

    def test_they_are_opened_and_closed(self, corner: Corner) -> None:
        """The password of one is never told, only that there is one."""
        (made,) = corner.create_courses(corner.course())
        items: list[dict[str, Any]] = [
            {"courseid": made, "enrol": "self", "status": 0, "password": "Rehearse-1", "name": "Join"},
            {"courseid": made, "enrol": "manual", "status": 1},
            {"courseid": made, "enrol": "cohort", "status": 0},
            {"courseid": NOBODY, "enrol": "self", "status": 0},
        ]
        answers = call(corner, "local_syncd_set_enrol_methods", methods=items)
        assert [one["code"] for one in answers] == ["", "", "methodunknown", "invalidcourseid"]
        found = call(corner, "local_syncd_get_enrol_methods", courseids=[made])
        assert {one["enrol"]: (one["status"], one["password"], one["name"]) for one in found} == {
            "manual": (1, False, ""),
            "guest": (1, False, ""),
            "self": (0, True, "Join"),
        }

    def test_a_link_tells_its_course(self, corner: Corner) -> None:
        """Of a meta link, `customint1` is the linked course."""
        meta, linked = corner.create_courses(corner.course("meta"), corner.course("linked"))
        call(corner, "enrol_meta_add_instances", instances=[{"metacourseid": meta, "courseid": linked}])
        found = call(corner, "local_syncd_get_enrol_methods", courseids=[meta])
        assert [one["customint1"] for one in found if one["enrol"] == "meta"] == [linked]


class TestHidingCategories:
    """`local_syncd_set_categories`."""

    def test_a_category_is_hidden_and_shown(self, corner: Corner) -> None:
        """Core has no web service for it; one that is not there stops no other."""
        (made,) = corner.create_categories(corner.category())
        for visible in (0, 1):
            items = [{"id": NOBODY, "visible": visible}, {"id": made, "visible": visible}]
            answers = call(corner, "local_syncd_set_categories", categories=items)
            assert [one["code"] for one in answers] == ["unknowncategory", ""]
            criteria = [{"key": "id", "value": str(made)}]
            (told,) = call(corner, "core_course_get_categories", criteria=criteria)
            assert told["visible"] == visible


class TestResettingCourses:
    """`local_syncd_reset_courses`."""

    def test_each_course_is_answered_for(self, corner: Corner) -> None:
        """An option that nobody knows refuses its course alone."""
        (made,) = corner.create_courses(corner.course())
        wished: list[tuple[int, dict[str, str]]] = [
            (made, {"reset_events": "1", "unenrol_roles": "student teacher"}),
            (made, {"reset_logs": "1"}),
            (made, {"reset_events": "yes"}),
            (made, {"unenrol_roles": "nosuch"}),
            (made, {"modules": "-nosuch"}),
            (NOBODY, {"reset_events": "1"}),
        ]
        courses = [
            {"courseid": course, "options": [{"name": name, "value": value} for name, value in options.items()]}
            for course, options in wished
        ]
        answers = call(corner, "local_syncd_reset_courses", courses=courses)
        assert [one["code"] for one in answers] == [
            "",
            "optionunknown",
            "optioninvalid",
            "roleunknown",
            "moduleunknown",
            "invalidcourseid",
        ]

    def test_a_new_beginning_moves_the_end(self, corner: Corner) -> None:
        """The course keeps its length."""
        day = 86_400
        dates = {"startdate": 1_700_000_000, "enddate": 1_700_000_000 + 10 * day}
        (made,) = corner.create_courses(corner.course(**dates))
        options = [{"name": "reset_start_date", "value": str(1_700_000_000 + 5 * day)}]
        call(corner, "local_syncd_reset_courses", courses=[{"courseid": made, "options": options}])
        (told,) = corner.target.call("core_course_get_courses", {"options": {"ids": [made]}})
        assert told["startdate"] == 1_700_000_000 + 5 * day
        assert told["enddate"] == 1_700_000_000 + 15 * day
