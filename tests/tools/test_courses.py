"""Rows and headers of courses files, and what they wish; and laws that hold for any file."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from syncd.core.codes import CODES
from syncd.core.model import Refusal, Row
from syncd.tools.base import Memory
from syncd.tools.courses.wish import CourseWish, Place, Section, Teacher
from tests.tools.courses_site import courses
from tests.tools.on_site import OnSite

UPLOADCOURSE = (
    "shortname,fullname,idnumber,category,category_idnumber,category_path,visible,startdate,enddate,summary,format,theme,"
    "lang,newsitems,showgrades,showreports,legacyfiles,maxbytes,groupmode,groupmodeforce,enablecompletion,"
    "downloadcontent,showactivitydates,delete,rename,backupfile,templatecourse,reset,enrolment_1,enrolment_1_role,"
    "role_student,customfield_level,tags"
)
PLUGIN = (
    "fullname,shortname,category,sortorder,summary,format,idnumber,showgrades,newsitems,startdate,marker,maxbytes,"
    "legacyfiles,showreports,visible,visibleold,coursedisplay,groupmode,enablecompletion,groupmodeforce,"
    "defaultgroupingid,lang,theme,timecreated,timemodified,self,guest,template,topic0,topic52,teacher1_account,"
    "teacher1_role"
)


def wish(**cells: str) -> CourseWish:
    """What a good row with these cells wishes."""
    found = courses().check(Row(2, {"shortname": "ALG", "fullname": "Algebra"} | cells, ""))
    assert isinstance(found, CourseWish), found
    return found


def refused(**cells: str) -> tuple[str, str]:
    """Why a row is refused whatever the site says, and in which column."""
    found = courses().check(Row(2, {"shortname": "ALG", "fullname": "Algebra"} | cells, ""))
    assert isinstance(found, Refusal), found
    assert found.code in CODES
    return found.code, found.column


class TestHeaders:
    """Which columns a file may have."""

    @pytest.mark.parametrize("header", [UPLOADCOURSE, PLUGIN], ids=["uploadcourse", "plugin"])
    def test_files_of_the_plugin_and_of_moodle_s_upload_are_taken(self, header: str) -> None:
        """What can't be carried out is said once, for the whole file."""
        remarks = " ".join(courses().check_header(header.split(",")))
        assert "left out" in remarks
        assert "legacyfiles" in remarks

    def test_a_template_that_does_nothing_is_said(self) -> None:
        """Where the settings leave existing courses alone."""
        assert any("template" in remark for remark in courses().check_header(["shortname", "template"]))
        tool = courses(template_mode="add")
        assert not any("template" in remark for remark in tool.check_header(["shortname", "template"]))


class TestRows:
    """What cells mean."""

    def test_only_what_the_file_has_is_wished(self) -> None:
        """Columns that are absent are nothing, and neither are cells beside them."""
        found = wish()
        assert (found.fields, found.dates, found.place) == ({"shortname": "ALG", "fullname": "Algebra"}, {}, None)
        assert (found.sections, found.teachers, found.methods, found.custom) == ({}, (), {}, {})

    def test_categories_go_by_number_path_or_idnumber(self) -> None:
        """A number is an id; anything else is a path, without slashes at its ends."""
        assert wish(category="12").place == Place("id", ("12",), "category", "12")
        found = wish(category="/Science/ Year 1 /").place
        assert found and found.value == ("Science", "Year 1")
        assert wish(category_path="A/B / C").place == Place("path", ("A/B", "C"), "category_path", "A/B / C")
        assert wish(category_idnumber="12").place == Place("idnumber", ("12",), "category_idnumber", "12")
        assert wish(category="").place is None

    def test_sections_are_names_and_perhaps_summaries(self) -> None:
        """An empty cell leaves a section alone, and so does an empty name."""
        found = wish(topic0="", topic1="First", topic2="Second|About|it", topic52="|About").sections
        assert found == {
            1: Section("First", None),
            2: Section("Second", "About|it"),
            52: Section(None, "About"),
        }

    def test_teachers_have_the_role_that_the_row_says(self) -> None:
        """Or else the one of the settings; who is not named is nobody."""
        cells = {"teacher1_account": "ana", "teacher1_role": "editingteacher", "teacher2_account": "ben"}
        found = wish(**cells, teacher3_account="", teacher3_role="manager").teachers
        assert found == (Teacher(1, "ana", "editingteacher"), Teacher(2, "ben", "teacher"))

    def test_words_for_yes_and_no(self) -> None:
        """Moodle is sent 1 and 0."""
        found = wish(visible="yes", showgrades="0", self="1", guest="no")
        assert (found.fields["visible"], found.fields["showgrades"]) == ("1", "0")
        assert found.methods == {"guest": False, "self": True}

    @pytest.mark.parametrize(
        ("cells", "code", "column"),
        [
            ({"shortname": ""}, "identity-missing", "shortname"),
            ({"shortname": "x" * 256}, "value-long", "shortname"),
            ({"fullname": "x" * 1334}, "value-long", "fullname"),
            ({"fullname": "a <b>"}, "value-wrong", "fullname"),
            ({"format": "nosuch"}, "value-wrong", "format"),
            ({"format": "Two Words"}, "value-wrong", "format"),
            ({"lang": "English!"}, "value-wrong", "lang"),
            ({"startdate": "soon"}, "value-wrong", "startdate"),
            ({"newsitems": "11"}, "value-wrong", "newsitems"),
            ({"groupmode": "x"}, "value-wrong", "groupmode"),
            ({"visible": "perhaps"}, "value-wrong", "visible"),
            ({"category": "/"}, "value-missing", "category"),
            ({"category": "-1"}, "value-wrong", "category"),
            ({"category": "A <b>/B"}, "value-wrong", "category"),
            ({"topic1": "x" * 256}, "value-long", "topic1"),
            ({"self": "2"}, "value-wrong", "self"),
            ({"delete": "maybe"}, "value-wrong", "delete"),
            ({"template": "/var/backup.MBZ"}, "value-wrong", "template"),
            ({"templatecourse": "x.mbz"}, "value-wrong", "templatecourse"),
            ({"backupfile": "x.mbz"}, "value-wrong", "backupfile"),
            ({"rename": "a <b>"}, "value-wrong", "rename"),
        ],
        ids=lambda value: repr(value)[:40],
    )
    def test_a_bad_value_refuses_its_row(self, cells: dict[str, str], code: str, column: str) -> None:
        """With the column in which it stands."""
        assert refused(**cells) == (code, column)

    def test_a_format_of_the_site_may_be_set(self) -> None:
        """Moodle takes any word for a format."""
        assert refused(format="tiles") == ("value-wrong", "format")
        found = courses(formats=["tiles"]).check(Row(2, {"shortname": "A", "format": "tiles"}, ""))
        assert isinstance(found, CourseWish)

    def test_defaults_are_checked_when_the_settings_are_read(self) -> None:
        """A wrong one is the administrator's, and not the sender's."""
        courses(defaults={"category": "A/B", "format": "weeks", "startdate": "2026-09-01", "customfield_x": "1"})
        for wrong in ({"shortname": "x"}, {"newsitems": "99"}, {"startdate": "soon"}, {"nosuch": "1"}):
            with pytest.raises(ValidationError):
                courses(defaults=wrong)


def test_what_the_site_does_not_offer_refuses_only_rows_that_need_it() -> None:
    """A token whose service lacks what templates and teachers take serves for all other rows."""
    tool = courses(template_mode="add", allow_delete=True)
    cells = [{}, {"template": "T"}, {"teacher1_account": "ana"}, {"delete": "1"}]
    wishes = [
        tool.check(Row(line, {"shortname": f"C{line}", "fullname": "C", **more}, ""))
        for line, more in enumerate(cells, start=2)
    ]
    assert all(isinstance(one, CourseWish) for one in wishes)
    conversation = tool.plan([one for one in wishes if isinstance(one, CourseWish)], Memory(lambda _subject: False))
    calls = next(conversation)
    with pytest.raises(StopIteration) as end:
        while True:
            assert {call.function for call in calls} <= tool.functions
            category = {"id": 1, "name": "First", "parent": 0, "coursecount": 0}
            calls = conversation.send(
                [[category] if "categories" in one.function else {"courses": []} for one in calls]
            )
    steps = end.value.value
    assert [step.outcome for step in steps] == ["created", "rejected", "rejected", "rejected"]
    assert [step.refusal.code for step in steps[1:]] == ["not-allowed"] * 3


NAMES = ("a", "b", "c", "d")
HEADER = "shortname,fullname,category,visible,startdate,summary,topic1,guest,template,teacher1_account,format"
CELLS: dict[str, tuple[str, ...]] = {
    "fullname": ("", "Alpha", "A & B <b>"),
    "category": ("", "1", "99999", "m/In", "m", "m/In/Deep"),
    "visible": ("", "yes", "0", "perhaps"),
    "startdate": ("", "2026-09-01", "1700000000", "soon"),
    "summary": ("", "<p>About</p>"),
    "topic1": ("", "First", "First|About"),
    "guest": ("", "1", "0"),
    "template": ("", "", "", "mt"),
    "teacher1_account": ("", "m.ana", "m.nobody"),
    "format": ("", "weeks", "topics"),
}


@st.composite
def rows(draw: st.DrawFn) -> list[str]:
    """Rows about some courses, each named once."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    return [
        ",".join([f"m{name}", *(draw(st.sampled_from(CELLS[column])) for column in HEADER.split(",")[1:])])
        for name in names
    ]


def site_of(folder: str, companion: bool) -> OnSite:
    """A practice site with a template and a teacher."""
    site = OnSite(Path(folder), moodle=False, companion=companion)
    site.mark = "m"
    site.make_courses("t", numsections=2)
    site.make_users(".ana")
    return site


def seen(site: OnSite) -> list[dict[str, Any]]:
    """All that core tells of the courses, but for what depends on the order in which they were made."""
    found = site.call("core_course_get_courses_by_field")["courses"]
    every = {one["id"]: one["name"] for one in site.call("core_course_get_categories")}
    own = ("id", "categoryid", "sortorder", "timecreated", "timemodified")
    told = [
        {name: value for name, value in one.items() if name not in own} | {"lies in": every.get(one["categoryid"], "")}
        for one in found
    ]
    return sorted(told, key=lambda one: str(one["shortname"]))


@settings(max_examples=10, deadline=None)
@given(rows(), st.booleans())
def test_a_second_run_changes_nothing(lines: list[str], companion: bool) -> None:
    """Each row is unchanged then, or refused as before, and no refused row stops another."""
    with tempfile.TemporaryDirectory() as folder:
        site = site_of(folder, companion)
        try:
            first = site.run(courses(), HEADER, *lines)
            assert len(first.outcomes) == len(lines)
            site.run_again()  # without the companion, sections get their names now
            before = seen(site)
            second = site.run_again()
            assert set(second.outcomes) <= {"unchanged", "rejected"}
            assert [line.code for line in second.lines] == [line.code for line in first.lines]
            assert seen(site) == before
        finally:
            site.leave()


@settings(max_examples=6, deadline=None)
@given(rows(), st.randoms(use_true_random=False))
def test_rows_in_any_order_give_the_same_site(lines: list[str], random: Any) -> None:
    """Rows are about different courses here; which of them makes a category makes no difference."""
    found = []
    shuffled = list(lines)
    random.shuffle(shuffled)
    for order in (lines, shuffled):
        with tempfile.TemporaryDirectory() as folder:
            site = site_of(folder, companion=True)
            try:
                site.run(courses(), HEADER, *order)
                found.append(seen(site))
            finally:
                site.leave()
    assert found[0] == found[1]
