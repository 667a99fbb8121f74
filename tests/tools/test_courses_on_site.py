"""Files of courses on whole sites."""

from datetime import datetime

import pytest

from tests.run.workshop import PARIS
from tests.tools.courses_site import activities, courses, is_there, make_activity, path, sections, told
from tests.tools.on_site import OnSite


class TestMaking:
    """Courses that the site has not."""

    def test_a_course_is_made_once(self, site: OnSite) -> None:
        """A second run of the same file changes nothing, whatever its columns."""
        header = (
            "shortname;fullname;idnumber;category;summary;format;visible;startdate;enddate;lang;newsitems;groupmode"
        )
        header += ";enablecompletion;coursedisplay;showgrades;maxbytes"
        row = f"{site.mark}a;Algebra & more;{site.mark}i;{site.mark}Top/Year 1;<p>About</p>;weeks;no;2026-09-01"
        row += ";30/06/2027;en;2;1;0;1;0;1048576"
        assert site.run(courses(), header, row).outcomes == ["created"]
        course = told(site, "a")
        assert path(site, course["categoryid"]) == "Top/Year 1"
        wanted = {"fullname": "Algebra & more", "idnumber": f"{site.mark}i", "summary": "<p>About</p>", "visible": 0}
        wanted |= {"format": "weeks", "lang": "en", "newsitems": 2, "groupmode": 1, "enablecompletion": 0}
        wanted |= {"showgrades": 0, "maxbytes": 1048576}
        assert {name: course[name] for name in wanted} == wanted
        assert course["startdate"] == datetime(2026, 9, 1, tzinfo=PARIS).timestamp()
        assert course["enddate"] == datetime(2027, 6, 30, tzinfo=PARIS).timestamp()
        assert site.run_again().outcomes == ["unchanged"]

    def test_a_short_name_in_other_capitals_is_that_course(self, site: OnSite) -> None:
        """As Moodle's database has it: nothing is made or renamed, and idnumbers stay exact."""
        assert site.run(courses(), "shortname,fullname,idnumber", f"{site.mark}ab,A,{site.mark}i").codes == [""]
        run = site.run(courses(), "shortname,fullname", f"{site.mark}AB,B")
        assert run.outcomes == ["updated"], run.lines
        assert (told(site, "ab")["shortname"], told(site, "ab")["fullname"]) == (f"{site.mark}ab", "B")
        assert site.run_again().outcomes == ["unchanged"]
        rows = [f"{site.mark}cd,C", f"{site.mark}CD,C"]
        assert site.run(courses(), "shortname,fullname", *rows).outcomes == ["created", "unchanged"]
        row = f"{site.mark}I,{site.mark}ab,B"
        run = site.run(courses(identity="idnumber"), "idnumber,shortname,fullname", row)
        assert run.codes == ["shortname-taken"]

    def test_categories_are_made_level_by_level_and_once(self, site: OnSite) -> None:
        """Slashes at the ends don't count; levels that are there are used, and courses of one path share it."""
        rows = [
            f"{site.mark}a,A,/{site.mark}Top/Year 1/",
            f"{site.mark}b,B,{site.mark}Top/Year 1",
            f"{site.mark}c,C,{site.mark}Top / Year 2",
            f"{site.mark}d,D,{site.mark}Top",
        ]
        assert site.run(courses(), "shortname,fullname,category", *rows).outcomes == ["created"] * 4
        places = [told(site, name)["categoryid"] for name in "abcd"]
        assert [path(site, place) for place in places] == ["Top/Year 1", "Top/Year 1", "Top/Year 2", "Top"]
        assert places[0] == places[1]
        assert site.run_again().outcomes == ["unchanged"] * 4

    def test_a_category_goes_by_id_or_idnumber_too(self, site: OnSite) -> None:
        """One that is not there refuses the row, and stops no other; of the plugin's runs it was the end."""
        item = {"name": f"{site.mark}Top", "idnumber": f"{site.mark}top"}
        (made,) = site.call("core_course_create_categories", categories=[item])
        rows = [f"{site.mark}a,A,99999999", f"{site.mark}b,B,{made['id']}"]
        run = site.run(courses(), "shortname,fullname,category", *rows)
        assert run.codes == ["category-missing", ""]
        rows = [f"{site.mark}c,C,{site.mark}top", f"{site.mark}d,D,{site.mark}x"]
        run = site.run(courses(category_identity="idnumber"), "shortname,fullname,category", *rows)
        assert run.codes == ["", "category-missing"]
        assert {told(site, name)["categoryid"] for name in "bc"} == {made["id"]}
        rows = [f"{site.mark}e,E,{site.mark}top,", f"{site.mark}f,F,,{site.mark}Top / A/B"]
        run = site.run(courses(), "shortname,fullname,category_idnumber,category_path", *rows)
        assert path(site, told(site, "f")["categoryid"]) == "Top/A/B"

    def test_without_a_category_it_lies_in_the_first_or_where_the_settings_say(self, site: OnSite) -> None:
        """The plugin made a category without a name."""
        site.run(courses(), "shortname,fullname", f"{site.mark}a,A")
        assert told(site, "a")["categoryid"] == 1
        tool = courses(defaults={"category": f"{site.mark}Top", "format": "weeks", "lang": "en"})
        site.run(tool, "shortname,fullname,format", f"{site.mark}b,B,topics")
        assert path(site, told(site, "b")["categoryid"]) == "Top"
        assert (told(site, "b")["format"], told(site, "b")["lang"]) == ("topics", "en")

    def test_a_refused_row_stops_no_other(self, site: OnSite) -> None:
        """Each value is checked as Moodle would, and a bad one refuses its row alone."""
        header = "shortname,fullname,format,startdate,enddate,newsitems,visible,groupmode,idnumber"
        rows = [
            f"{site.mark}a,A,nosuch,,,,,,",
            f"{site.mark}b,B,,soon,,,,,",
            f"{site.mark}c,C,,2026-09-01,2026-08-01,,,,",
            f"{site.mark}d,D,,,,11,,,",
            f"{site.mark}e,E,,,,,perhaps,,",
            f"{site.mark}f,F,,,,,,3,",
            f"{site.mark}g,G <b>,,,,,,,",
            f"{site.mark}h,,,,,,,,",
            ",I,,,,,,,",
            f"{site.mark}j,J,,,,,,,{'x' * 101}",
            f"{site.mark}k,K,,,,,,,{site.mark}i",
            f"{site.mark}l,L,,,,,,,{site.mark}i",
            f"{site.mark}m,M,,,,,,,",
        ]
        run = site.run(courses(), header, *rows)
        assert run.codes[:10] == ["value-wrong"] * 7 + ["value-missing", "identity-missing", "value-long"]
        assert [run.outcomes[place] for place in (10, 12)] == ["created", "created"]
        assert run.codes[11] == "site-refused"
        assert "ID number is already used" in run.lines[11].reason
        assert site.run_again().codes[11] == "idnumber-taken"

    def test_an_empty_date_is_no_date(self, site: OnSite) -> None:
        """Of the plugin, it was the first of January 1970."""
        site.run(courses(), "shortname,fullname,startdate,enddate", f"{site.mark}a,A,,0")
        assert told(site, "a")["startdate"] > 1_700_000_000
        assert told(site, "a")["enddate"] == 0
        assert site.run_again().outcomes == ["unchanged"]


class TestChanging:
    """Courses that the site has."""

    def test_only_columns_of_the_file_are_touched(self, site: OnSite) -> None:
        """The plugin wrote defaults over all that its file was silent about."""
        fields = {"idnumber": f"{site.mark}i", "summary": "About", "groupmode": 2, "lang": "en", "visible": 0}
        site.make_courses("a", startdate=1_700_000_000, format="weeks", **fields)
        before = told(site, "a")
        assert site.run(courses(), "shortname,fullname", f"{site.mark}a,Neu").outcomes == ["updated"]
        after = told(site, "a")
        assert after["fullname"] == "Neu"
        kept = (*fields, "startdate", "format", "categoryid", "newsitems")
        assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
        assert site.run_again().outcomes == ["unchanged"]

    def test_an_empty_cell_clears_an_idnumber_or_summary_and_nothing_else(self, site: OnSite) -> None:
        """Whatever else a course has, it must have."""
        site.make_courses("a", idnumber=f"{site.mark}i", summary="About", lang="en", groupmode=2, newsitems=3)
        header = "shortname,fullname,idnumber,summary,lang,groupmode,newsitems,format,category,startdate,enddate"
        assert site.run(courses(), header, f"{site.mark}a,,,,,,,,,,").outcomes == ["updated"]
        course = told(site, "a")
        assert (course["idnumber"], course["summary"]) == ("", "")
        assert (course["fullname"], course["lang"], course["groupmode"]) == (f"{site.mark}a", "en", 2)
        assert site.run_again().outcomes == ["unchanged"]

    def test_courses_are_left_alone_unless_the_settings_say_otherwise(self, site: OnSite) -> None:
        """As the plugin does, until it is told to force updates."""
        site.make_courses("a")
        run = site.run(courses(force_update=False), "shortname,fullname", f"{site.mark}a,Neu", f"{site.mark}b,B")
        assert run.outcomes == ["unchanged", "created"]
        assert "force_update" in run.lines[0].notes
        assert told(site, "a")["fullname"] == f"{site.mark}a"

    def test_a_course_moves_unless_it_is_protected(self, site: OnSite) -> None:
        """To a category that is there, or one that is made."""
        site.make_courses("a")
        row = f"{site.mark}a,A,{site.mark}Top/In"
        site.run(courses(protect_category=True), "shortname,fullname,category", row)
        assert told(site, "a")["categoryid"] == 1
        assert site.run(courses(), "shortname,fullname,category", row).outcomes == ["updated"]
        assert path(site, told(site, "a")["categoryid"]) == "Top/In"
        assert site.run_again().outcomes == ["unchanged"]

    def test_dates_change_alone_or_together(self, site: OnSite) -> None:
        """Moodle takes no end without the beginning beside it."""
        site.make_courses("a", startdate=1_800_000_000)
        site.run(courses(), "shortname,enddate", f"{site.mark}a,2028-06-30")
        course = told(site, "a")
        assert course["startdate"] == 1_800_000_000
        assert course["enddate"] == datetime(2028, 6, 30, tzinfo=PARIS).timestamp()
        run = site.run(courses(), "shortname,startdate", f"{site.mark}a,2029-01-01")
        assert run.codes == ["value-wrong"]
        run = site.run(courses(), "shortname,format,enddate", f"{site.mark}a,weeks,2028-07-31")
        assert run.outcomes == ["updated"]
        assert told(site, "a")["enddate"] == datetime(2028, 7, 31, tzinfo=PARIS).timestamp()
        assert site.run_again().outcomes == ["unchanged"]

    def test_courses_are_found_by_other_identities(self, site: OnSite) -> None:
        """A course found by its idnumber may be renamed where that is allowed; ids are never chosen."""
        (made,) = site.make_courses("a", idnumber=f"{site.mark}i")
        row = f"{site.mark}neu,Neu,{site.mark}i"
        assert site.run(courses(identity="idnumber"), "shortname,fullname,idnumber", row).codes == ["rename"]
        tool = courses(identity="idnumber", allow_rename=True)
        assert site.run(tool, "shortname,fullname,idnumber", row).outcomes == ["updated"]
        assert told(site, "neu")["id"] == made
        rows = [f"{made},{site.mark}neu,Other", f"99999999,{site.mark}b,B"]
        run = site.run(courses(identity="id"), "id,shortname,fullname", *rows)
        assert (run.outcomes, run.codes) == (["updated", "rejected"], ["", "course-missing"])

    def test_a_course_found_by_halves(self, site: OnSite) -> None:
        """It gets the idnumber that it has not; one that has another is not meant."""
        site.make_courses("a")
        site.make_courses("b", idnumber=f"{site.mark}other")
        rows = [f"{site.mark}a,A,{site.mark}i", f"{site.mark}b,B,{site.mark}j"]
        run = site.run(courses(identity="idnumber"), "shortname,fullname,idnumber", *rows)
        assert run.codes == ["", "shortname-taken"]
        assert told(site, "a")["idnumber"] == f"{site.mark}i"

    def test_moodle_s_own_upload_renames_and_deletes(self, site: OnSite) -> None:
        """Its columns are understood, where the settings allow it."""
        site.make_courses("a", "b")
        rows = [f"{site.mark}a,{site.mark}neu,", f"{site.mark}b,,1"]
        assert site.run(courses(), "shortname,rename,delete", *rows).codes == ["rename", "not-allowed"]
        tool = courses(allow_rename=True, allow_delete=True)
        assert site.run(tool, "shortname,rename,delete", *rows).outcomes == ["updated", "deleted"]
        assert (is_there(site, "neu"), is_there(site, "b")) == (True, False)
        assert site.run_again().outcomes == ["unchanged", "unchanged"]

    def test_protected_courses_are_left_alone(self, site: OnSite) -> None:
        """Whatever the file says."""
        site.make_courses("a")
        run = site.run(courses(protected=[f"{site.mark}a"]), "shortname,fullname", f"{site.mark}a,Neu")
        assert run.codes == ["protected"]

    def test_later_rows_see_what_earlier_ones_did(self, site: OnSite) -> None:
        """Two rows about one course keep their order, also when the first makes it."""
        rows = [f"{site.mark}a,A,{site.mark}Top", f"{site.mark}a,B,", f"{site.mark}a,B,{site.mark}Top"]
        run = site.run(courses(), "shortname,fullname,category", *rows)
        assert run.outcomes == ["created", "updated", "unchanged"]
        assert told(site, "a")["fullname"] == "B"


class TestFittingOut:
    """Sections, enrolment methods and teachers."""

    def test_sections_are_named(self, site: OnSite) -> None:
        """A new course gets as many as the file names; without the companion they are left alone, then and later."""
        header = "shortname,fullname,topic0,topic1,topic3"
        row = f"{site.mark}a,A,Welcome|<p>Hello</p>,First & foremost,Third|x"
        run = site.run(courses(), header, row)
        assert run.outcomes == ["created"]
        again = site.run_again()
        assert again.outcomes == ["unchanged"]
        names = sections(site, told(site, "a")["id"])
        assert len(names) == 4
        if site.has_companion:
            assert [names[0], names[1], names[3]] == ["Welcome", "First &amp; foremost", "Third"]
        else:
            assert "companion" in run.lines[0].notes
            assert again.lines[0].notes == run.lines[0].notes

    def test_guests_and_self_enrolment(self, site: OnSite) -> None:
        """They are opened and closed as the columns say; without the companion the report says that they are not."""
        header = "shortname,fullname,guest,self"
        run = site.run(courses(), header, f"{site.mark}a,A,1,0", f"{site.mark}b,B,0,0")
        methods = told(site, "a")["enrollmentmethods"]
        if site.has_companion:
            assert sorted(methods) == ["guest", "manual"]
            assert site.run_again().outcomes == ["unchanged", "unchanged"]
            assert site.run(courses(), header, f"{site.mark}a,A,0,1").outcomes == ["updated"]
            assert sorted(told(site, "a")["enrollmentmethods"]) == ["manual", "self"]
        else:
            assert methods == ["manual"]
            assert "guest" in run.lines[0].notes
        assert run.lines[1].notes == ""

    def test_teachers_are_enrolled_with_their_role(self, site: OnSite) -> None:
        """The plugin wrote a bare role, always the same; here the column says which, and they are enrolled."""
        ana, ben, *_ = site.make_users(".ana", ".ben", ".cem", ".dee")
        site.make_courses("b")
        header = "shortname,fullname,teacher1_account,teacher1_role,teacher2_account,teacher2_role"
        rows = [
            f"{site.mark}a,A,{site.mark}.ana,editingteacher,{ben},",
            f"{site.mark}b,B,{site.mark}.cem@example.org,manager,{site.mark}.dee,student",
            f"{site.mark}c,C,{site.mark}.nobody,teacher,,",
            f"{site.mark}d,D,{site.mark}.ana,nosuch,,",
        ]
        run = site.run(courses(), header, *rows)
        assert run.codes == ["", "", "user-missing", "role-missing"]
        people = {
            name: [role["shortname"] for role in one["roles"]]
            for course in "ab"
            for name, one in site.enrolled(told(site, course)["id"]).items()
        }
        assert people == {".ana": ["editingteacher"], ".ben": ["teacher"], ".cem": ["manager"], ".dee": ["student"]}
        assert is_there(site, "c")  # made all the same: only the teacher is refused
        assert run.lines[2].reason.startswith("a part of the row was carried out, and then: the site has no account")
        assert site.run_again().outcomes == ["unchanged", "unchanged", "rejected", "rejected"]
        assert ana

    def test_a_corrected_tryback_brings_the_teacher_into_the_course_that_was_made(self, site: OnSite) -> None:
        """Also where courses that exist are left as they are; nothing else of the course is touched."""
        site.make_users(".ana")
        tool, header = courses(force_update=False), "shortname,fullname,teacher1_account"
        site.run(tool, header, f"{site.mark}a,A,{site.mark}.nobody")
        (tryback,) = site.shop.repository.folder.rglob("*tryback*")
        corrected = tryback.read_bytes().replace(b".nobody", b".ana").replace(b'"A"', b'"B"')
        tryback.unlink()
        assert site.run_bytes(tool, corrected).outcomes == ["updated"]
        assert set(site.enrolled(told(site, "a")["id"])) == {".ana"}
        assert told(site, "a")["fullname"] == "A"
        assert site.run_again().outcomes == ["unchanged"]

    def test_a_simulation_tells_what_would_be_done_of_a_row(self, site: OnSite) -> None:
        """The course would be made, and the teacher refused."""
        header = "shortname,fullname,teacher1_account"
        (line,) = site.run(courses(), header, f"{site.mark}a,A,{site.mark}.nobody", simulated=True).lines
        assert (line.outcome, line.code) == ("rejected", "user-missing")
        assert "planned for a part of the row: created" in line.notes
        assert "core_course_create_courses" in line.notes
        assert not is_there(site, "a")

    def test_a_role_is_added_to_who_is_enrolled(self, site: OnSite) -> None:
        """The enrolment that is there stays as it is."""
        (ana,) = site.make_users(".ana")
        (made,) = site.make_courses("a")
        item = {"roleid": 5, "userid": ana, "courseid": made, "timestart": 1_900_000_000}
        site.call("enrol_manual_enrol_users", enrolments=[item])
        header = "shortname,teacher1_account,teacher1_role"
        site.run(courses(), header, f"{site.mark}a,{site.mark}.ana,editingteacher")
        roles = {role["shortname"] for role in site.enrolled(made)[".ana"]["roles"]}
        assert roles == {"student", "editingteacher"}
        active = [{"name": "onlyactive", "value": "1"}]
        assert site.call("core_enrol_get_enrolled_users", courseid=made, options=active) == []


class TestTemplates:
    """Courses made after another, or filled from it."""

    def test_a_new_course_is_a_copy_with_its_own_fields(self, site: OnSite) -> None:
        """What the file says counts more than what the template has."""
        (template,) = site.make_courses("t", numsections=3, summary="Of the template", format="weeks", newsitems=1)
        header = "shortname,fullname,template,category,idnumber,startdate,visible,summary"
        row = f"{site.mark}a,A,{site.mark}t,{site.mark}Top,{site.mark}i,2027-09-01,0,Own"
        assert site.run(courses(), header, row, f"{site.mark}b,B,{site.mark}t,,,,,").outcomes == ["created", "created"]
        course = told(site, "a")
        assert course["id"] != template
        assert (course["format"], course["newsitems"], course["summary"]) == ("weeks", 1, "Own")
        assert (course["idnumber"], course["visible"]) == (f"{site.mark}i", 0)
        assert course["startdate"] == datetime(2027, 9, 1, tzinfo=PARIS).timestamp()
        assert path(site, course["categoryid"]) == "Top"
        assert told(site, "b")["summary"] == "Of the template"
        assert len(sections(site, course["id"])) == 4

    def test_a_template_that_is_not_there_refuses_the_row(self, site: OnSite) -> None:
        """And a path on the server is never opened."""
        rows = [f"{site.mark}a,A,{site.mark}t,", f"{site.mark}b,B,/etc/x.mbz,", f"{site.mark}c,C,,/etc/x.mbz"]
        run = site.run(courses(), "shortname,fullname,template,backupfile", *rows)
        assert run.codes == ["course-missing", "value-wrong", "value-wrong"]
        assert [line.column for line in run.lines] == ["template", "template", "backupfile"]

    def test_an_existing_course_gets_what_it_lacks_once(self, site: OnSite) -> None:
        """Where the settings say so; what has something of the template is not filled a second time."""
        template, made = site.make_courses("t", "a", numsections=2, summary="Own")
        make_activity(site, template)
        row = f"{site.mark}a,{site.mark}t"
        assert site.run(courses(), "shortname,template", row).outcomes == ["unchanged"]
        assert activities(site, made) == []
        run = site.run(courses(template_mode="add"), "shortname,template", row, row)
        assert run.outcomes == ["updated", "unchanged"]
        assert len(activities(site, made)) == 1
        assert site.run_again().outcomes == ["unchanged", "unchanged"]
        assert len(activities(site, made)) == 1

    def test_replacing_takes_all_enrolments_away(self, site: OnSite) -> None:
        """Moodle can't do one without the other: the row is refused unless there is something that mends it."""
        template, made = site.make_courses("t", "a", numsections=2, summary="Own")
        make_activity(site, template)
        ana, _ = site.make_users(".ana", ".ben")
        site.call("enrol_manual_enrol_users", enrolments=[{"roleid": 5, "userid": ana, "courseid": made}])
        header = "shortname,template,teacher1_account"
        run = site.run(courses(template_mode="replace"), header, f"{site.mark}a,{site.mark}t,{site.mark}.ben")
        if not site.has_companion:
            assert run.codes == ["not-allowed"]
            assert sorted(site.enrolled(made)) == [".ana"]
            return
        assert "all enrolments" in run.lines[0].notes
        assert sorted(site.enrolled(made)) == [".ben"]
        assert told(site, "a")["enrollmentmethods"] == ["manual"]
        assert told(site, "a")["summary"] == "Own"
        assert site.run_again().outcomes == ["unchanged"]


class TestCustomFields:
    """The site's own course fields."""

    def test_cells_become_what_each_kind_of_field_stores(self, site: OnSite) -> None:
        """One that the site has not refuses the row: Moodle would drop it without a word."""
        header = "shortname,fullname,customfield_code,customfield_level,customfield_remote,customfield_opens"
        rows = [
            f"{site.mark}a,A,X & Y,2,yes,2026-09-01",
            f"{site.mark}b,B,,Master,,",
            f"{site.mark}c,C,<b>,,,",
            f"{site.mark}d,D,,,perhaps,",
        ]
        unknown = site.run(courses(), "shortname,fullname,customfield_nosuch", f"{site.mark}x,X,1")
        assert unknown.codes == ["field-missing"]
        if site.moodle:
            pytest.skip("this site has no course fields")
        run = site.run(courses(), header, *rows)
        assert run.codes == ["", "value-wrong", "value-wrong", "value-wrong"]
        fields = {one["shortname"]: one["valueraw"] for one in told(site, "a")["customfields"]}
        day = datetime(2026, 9, 1, tzinfo=PARIS).timestamp()
        assert fields == {"code": "X & Y", "level": 2, "remote": 1, "opens": day}
        assert site.run_again().outcomes[0] == "unchanged"
        assert site.run(courses(), header, f"{site.mark}a,A,,1,,").outcomes == ["updated"]
        fields = {one["shortname"]: one["valueraw"] for one in told(site, "a")["customfields"]}
        assert fields == {"code": "", "level": 1, "remote": 1, "opens": day}


def test_new_categories_may_be_hidden(site: OnSite) -> None:
    """Core can't do that: without the companion the report says so."""
    row = f"{site.mark}a,A,{site.mark}Top/In"
    run = site.run(courses(new_categories_visible=False), "shortname,fullname,category", row)
    assert run.outcomes == ["created"]
    criteria = [{"key": "id", "value": str(told(site, "a")["categoryid"])}]
    (category,) = site.call("core_course_get_categories", criteria=criteria, addsubcategories=0)
    if "local_syncd_set_categories" in site.functions:
        assert category["visible"] == 0
    else:
        assert "companion" in run.lines[0].notes
    assert site.run_again().outcomes == ["unchanged"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_rows_in_any_order_give_the_same_site(site: OnSite, order: tuple[int, ...]) -> None:
    """Where they are about different courses, which of them makes a category makes no difference."""
    rows = [
        f"{site.mark}a,A,{site.mark}Top/In",
        f"{site.mark}b,B,{site.mark}Top",
        f"{site.mark}c,C,{site.mark}Top/In/Deep",
    ]
    run = site.run(courses(), "shortname,fullname,category", *[rows[place] for place in order])
    assert run.outcomes == ["created"] * 3
    found = {name: path(site, told(site, name)["categoryid"]) for name in "abc"}
    assert found == {"a": "Top/In", "b": "Top", "c": "Top/In/Deep"}
