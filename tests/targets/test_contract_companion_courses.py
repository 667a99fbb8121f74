"""What the companion promises about courses, their sections and their enrolment methods."""

from typing import Any

import pytest

from syncd.errors import ItemRefused
from tests.targets.companion import Companion, companion_of
from tests.targets.conftest import Corner

STUDENT = 5
TEACHER = 4
NOBODY = 7


@pytest.fixture
def companion(corner: Corner) -> Companion:
    """The companion of each target."""
    return companion_of(corner)


@pytest.fixture
def course(companion: Companion) -> int:
    """A course with two sections."""
    (made,) = companion.corner.create_courses(companion.corner.course(numsections=2))
    return made


class TestFinding:
    """`local_syncd_get_courses`."""

    @pytest.mark.parametrize("field", ["id", "shortname", "idnumber"])
    def test_only_what_is_asked_for_is_told(self, companion: Companion, field: str) -> None:
        """A course comes with its id and the named fields; what is not there is absent."""
        mark = companion.corner.mark
        new = companion.corner.course(idnumber=f"{mark}-ID")
        (made,) = companion.corner.create_courses(new)
        missing = made + 1_000_000 if field == "id" else f"{mark}-nothing"
        values = [missing, (new | {"id": made})[field]]
        found = companion.ask("get_courses", field=field, values=values, fields=["shortname", "visible"])
        assert found == [{"id": made, "shortname": new["shortname"], "visible": 1}]

    def test_the_courses_of_a_category_are_found_by_it(self, companion: Companion) -> None:
        """Those that lie there themselves, not those below."""
        corner = companion.corner
        (category,) = corner.create_categories(corner.category())
        (below,) = corner.create_categories(corner.category("below", parent=category))
        here, _ = corner.create_courses(
            corner.course("here", categoryid=category), corner.course("below", categoryid=below)
        )
        found = companion.ask("get_courses", field="category", values=[category], fields=["categoryid"])
        assert found == [{"id": here, "categoryid": category}]

    def test_everything_is_told_when_nothing_is_named(self, companion: Companion) -> None:
        """As stored, with what is counted: sections, enrolments, activities, the last visit."""
        new = companion.corner.course(
            fullname=f"{companion.corner.mark} A & B",
            idnumber="",
            summary="<p>é</p>",
            format="weeks",
            startdate=1_700_000_000,
            enddate=1_800_000_000,
            groupmode=2,
            groupmodeforce=1,
            newsitems=3,
            showgrades=0,
            numsections=3,
            enablecompletion=0,
            visible=0,
            courseformatoptions=[
                {"name": "automaticenddate", "value": "0"},
                {"name": "coursedisplay", "value": "1"},
            ],
        )
        (made,) = companion.corner.create_courses(new)
        (told,) = companion.ask("get_courses", field="id", values=[made])
        sent = {name: value for name, value in new.items() if name != "courseformatoptions"}
        assert {name: told[name] for name in sent} == sent
        counted = {"coursedisplay": 1, "enrolments": 0, "lastaccess": 0, "legacyfiles": 0, "theme": "", "lang": ""}
        assert {name: told[name] for name in counted} == counted
        assert told["timecreated"] > 0
        assert told.keys() >= {"modules", "sortorder", "timemodified", "maxbytes", "showreports", "defaultgroupingid"}

    def test_a_shortname_is_found_as_the_database_compares(self, companion: Companion, course: int) -> None:
        """Whoever asks compares exactly."""
        values = [f"{companion.corner.mark}-FIRST"]
        assert companion.ask("get_courses", field="shortname", values=values, fields=["id"]) == [{"id": course}]

    def test_the_front_page_is_no_course(self, companion: Companion) -> None:
        """Nothing that syncd does to courses may be done to it."""
        assert companion.ask("get_courses", field="id", values=[1]) == []

    def test_no_idnumber_finds_nothing(self, companion: Companion, course: int) -> None:
        """Courses without one are not found by none."""
        assert companion.ask("get_courses", field="idnumber", values=[""]) == []

    @pytest.mark.parametrize("wrong", [{"field": "fullname"}, {"fields": ["colour"]}])
    def test_an_unknown_field_refuses_the_call(self, companion: Companion, wrong: dict[str, Any]) -> None:
        """A misspelt name is not merely empty."""
        with pytest.raises(ItemRefused) as refused:
            companion.ask("get_courses", **({"field": "id", "values": ["2"], "fields": []} | wrong))
        assert refused.value.code == "fieldunknown"


class TestSections:
    """`local_syncd_get_sections` and `local_syncd_set_sections`."""

    def test_names_and_summaries_are_set_and_told(self, companion: Companion, course: int) -> None:
        """What is not given stays as it was."""
        first, second = (
            {"courseid": course, "section": 1, "name": "Algebra & é", "summary": "<p>x</p>"},
            {"courseid": course, "section": 2, "name": "Geometry"},
        )
        assert [code for _, code in companion.do("set_sections", "sections", first, second)] == ["", ""]
        companion.do("set_sections", "sections", {"courseid": course, "section": 1, "summary": ""})
        told = companion.ask("get_sections", courseids=[course])
        assert [(section["section"], section["name"], section["summary"]) for section in told] == [
            (0, "", ""),
            (1, "Algebra & é", ""),
            (2, "Geometry", ""),
        ]

    def test_a_section_that_lacks_is_made_with_those_before_it(self, companion: Companion, course: int) -> None:
        """A course has no gaps."""
        ((made, code),) = companion.do("set_sections", "sections", {"courseid": course, "section": 4, "name": "Last"})
        assert made > 0
        assert not code
        told = companion.ask("get_sections", courseids=[course])
        assert [(section["section"], section["name"]) for section in told] == [
            (0, ""), (1, ""), (2, ""), (3, ""), (4, "Last"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"courseid": 1}, "invalidcourseid"),
            ({"courseid": 987654321}, "invalidcourseid"),
            ({"section": -1}, "sectioninvalid"),
            ({"section": 1000}, "sectioninvalid"),
            ({"name": "x" * 256}, "fieldinvalid"),
        ],
        ids=repr,
    )
    def test_what_can_t_be_says_why(self, companion: Companion, course: int, wrong: dict[str, Any], code: str) -> None:
        """And the others are done."""
        good = {"courseid": course, "section": 1, "name": "Good"}
        assert [found for _, found in companion.do("set_sections", "sections", good | wrong, good)] == [code, ""]

    def test_a_course_that_is_not_there_has_no_sections(self, companion: Companion, course: int) -> None:
        """It is simply absent."""
        told = companion.ask("get_sections", courseids=[course, course + 1_000_000])
        assert {section["courseid"] for section in told} == {course}


class TestMethods:
    """`local_syncd_get_enrol_methods` and `local_syncd_set_enrol_methods`."""

    def test_every_way_into_a_course_is_told_in_order(self, companion: Companion, course: int) -> None:
        """A new course lets people be enrolled by hand; guests and self-enrolment are there, and closed."""
        told = companion.ask("get_enrol_methods", courseids=[course])
        assert [(one["enrol"], one["status"], one["roleid"], one["password"]) for one in told] == [
            ("manual", 0, STUDENT, False),
            ("guest", 1, 0, False),
            ("self", 1, STUDENT, False),
        ]
        assert {one["courseid"] for one in told} == {course}

    def test_a_method_is_opened_and_closed(self, companion: Companion, course: int) -> None:
        """Its first instance, whose id is answered; what is not given stays."""
        opened = {"courseid": course, "enrol": "self", "status": 0, "password": "Open-sesame-1", "roleid": TEACHER}
        ((made, code),) = companion.do("set_enrol_methods", "methods", opened | {"name": "Come in"})
        assert not code
        (told,) = (one for one in companion.ask("get_enrol_methods", courseids=[course]) if one["enrol"] == "self")
        seen = {key: told[key] for key in ("id", "status", "password", "roleid", "name")}
        assert seen == {"id": made, "status": 0, "password": True, "roleid": TEACHER, "name": "Come in"}
        companion.do("set_enrol_methods", "methods", {"courseid": course, "enrol": "self", "status": 1})
        (told,) = (one for one in companion.ask("get_enrol_methods", courseids=[course]) if one["enrol"] == "self")
        assert (told["status"], told["password"], told["name"]) == (1, True, "Come in")

    def test_a_method_that_lacks_is_added(self, companion: Companion, course: int) -> None:
        """An import can leave a course without any."""
        corner = companion.corner
        if not companion.has("core_course_import_course"):
            pytest.skip("The site can't import courses.")
        (other,) = corner.create_courses(corner.course("other"))
        corner.target.call("core_course_import_course", {"importfrom": other, "importto": course, "deletecontent": 1})
        assert companion.ask("get_enrol_methods", courseids=[course]) == []
        ((made, code),) = companion.do(
            "set_enrol_methods", "methods", {"courseid": course, "enrol": "manual", "status": 0}
        )
        assert not code
        (told,) = companion.ask("get_enrol_methods", courseids=[course])
        assert (told["id"], told["enrol"], told["status"], told["roleid"]) == (made, "manual", 0, STUDENT)

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"courseid": 1}, "invalidcourseid"),
            ({"courseid": 987654321}, "invalidcourseid"),
            ({"enrol": "cohort"}, "methodunknown"),
            ({"enrol": "../x"}, "methodunknown"),
            ({"status": 2}, "fieldinvalid"),
            ({"roleid": NOBODY}, "roleunassignable"),
            ({"roleid": 987654321}, "roleunassignable"),
        ],
        ids=repr,
    )
    def test_what_can_t_be_says_why(self, companion: Companion, course: int, wrong: dict[str, Any], code: str) -> None:
        """And the others are done."""
        good = {"courseid": course, "enrol": "guest", "status": 0}
        answers = companion.do("set_enrol_methods", "methods", good | wrong, good)
        assert [found for _, found in answers] == [code, ""]
