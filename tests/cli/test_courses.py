"""Course control: which courses there are, and files about some of them."""

import csv
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from syncd.cli.course_listing import Selection, listing
from syncd.errors import SiteRefused, UsageError
from syncd.targets.base import Target
from syncd.targets.sandbox import Sandbox
from tests.cli.place import SETTINGS, Place
from tests.tools.on_site import CoreAlone

TOOLS = """
[tools.doomed]
kind = "courses-delete"
file = "erp/deletecourses.csv"
identity = "idnumber"

[tools.again]
kind = "courses-reset"
file = "erp/again.csv"
identity = "id"

[tools.wanted]
kind = "courses-check"
file = "erp/courses.csv"
"""
DAY = 86_400


def made(site: Target, *courses: Mapping[str, Any]) -> list[int]:
    """Make courses, and return their ids."""
    items = [{"fullname": f"The {one['shortname']}", "categoryid": 1, **one} for one in courses]
    return [one["id"] for one in site.call("core_course_create_courses", {"courses": items})]


def furnish(folder: Path) -> Target:
    """A practice site with courses: PHY-1, old, with a user; phy-2 below Science; TEST without an idnumber."""
    clock = [1_000_000_000.0]
    site = Sandbox(folder / "sandbox.sqlite", clock=lambda: clock[0])
    (science,) = site.call("core_course_create_categories", {"categories": [{"name": "Science", "idnumber": "SCI"}]})
    physics = {"name": "Physics", "parent": science["id"]}
    (below,) = site.call("core_course_create_categories", {"categories": [physics]})
    (old,) = made(site, {"shortname": "PHY-1", "idnumber": "P1", "categoryid": science["id"]})
    clock[0] += 100 * DAY
    made(site, {"shortname": "phy-2", "idnumber": "P2", "categoryid": below["id"]}, {"shortname": "TEST"})
    user = {"username": "ana", "firstname": "A", "lastname": "B", "email": "ana@example.org", "password": "Rehearse-1"}
    (ana,) = site.call("core_user_create_users", {"users": [user]})
    enrolment = {"roleid": 5, "userid": ana["id"], "courseid": old}
    site.call("enrol_manual_enrol_users", {"enrolments": [enrolment]})
    return site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Target]:
    """A practice site with courses."""
    site = furnish(tmp_path)
    yield site
    site.close()


@pytest.fixture
def college(place: Place) -> Place:
    """An installation whose practice site has courses, with tools for files about them."""
    place.settings.write_text(SETTINGS.format(timer="0 3 * * *") + TOOLS)
    (place.folder / "state").mkdir()
    furnish(place.folder / "state").close()
    return place


def names(site: Target, **selection: Any) -> list[str]:
    """The short names of the courses that are meant."""
    return [course.shortname for course in listing(site, Selection(**selection), map)]


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        ({}, ["TEST", "PHY-1", "phy-2"]),
        ({"category": "Science"}, ["PHY-1", "phy-2"]),
        ({"category": "SCI"}, ["PHY-1", "phy-2"]),
        ({"category": " Science / Physics "}, ["phy-2"]),
        ({"category": "1"}, ["TEST"]),
        ({"pattern": "PHY-*"}, ["PHY-1", "phy-2"]),
        ({"pattern": "phy-?", "category": "Science/Physics"}, ["phy-2"]),
        ({"empty": True}, ["TEST", "phy-2"]),
        ({"made_before": 1_000_000_000 + DAY}, ["PHY-1"]),
        ({"made_before": 1_000_000_000 + DAY, "empty": True}, []),
    ],
    ids=repr,
)
@pytest.mark.parametrize("companion", [False, True])
def test_courses_are_those_that_fit_everything(
    site: Target, companion: bool, selection: Mapping[str, Any], found: list[str]
) -> None:
    """With the companion plugin and without it, they come by where they lie; the site's first page is none."""
    assert names(site if companion else CoreAlone(site), **selection) == found


def test_what_the_site_does_not_tell_is_not_made_up(site: Target) -> None:
    """Without the companion a number is unknown, not 0, and what nobody can know is refused with the reason."""
    told = {course.shortname: course for course in listing(CoreAlone(site), Selection(), map)}
    assert (told["PHY-1"].enrolled, told["PHY-1"].last_access) == (None, None)
    with pytest.raises(SiteRefused, match="companion"):
        names(CoreAlone(site), never_used=True)
    assert names(site, never_used=True) == ["TEST", "PHY-1", "phy-2"]
    whole = {course.shortname: course for course in listing(site, Selection(), map)}
    assert (whole["PHY-1"].enrolled, whole["TEST"].enrolled) == (1, 0)


def test_a_category_that_is_not_there_is_said(site: Target) -> None:
    """Nothing is listed for a name that was misspelt."""
    with pytest.raises(UsageError, match="Sience"):
        names(site, category="Sience")


def test_courses_are_listed(college: Place) -> None:
    """A line for each in a pipe, an object for each in JSON, with times on the site's clock."""
    said = college.says("courses", "--category", "Science")
    assert said.code == 0, said.err
    first, second, third = said.out.splitlines()
    assert first.split()[:4] == ["id", "shortname", "idnumber", "name"]
    assert "Science / Physics" in third
    assert "2001-09-09 03:46" in second
    told = college.tells("courses", "--pattern", "PHY-1")
    (course,) = told["courses"]
    assert (course["enrolled"], course["used"], course["created"]) == (1, False, "2001-09-09T03:46:40+02:00")


def test_an_older_than_that_is_none_is_refused(college: Place) -> None:
    """A number without a unit might mean anything."""
    assert college.says("courses", "--older-than", "30").code == 2
    assert college.says("courses", "--older-than", "30d").code == 0


def test_a_file_names_courses_as_its_tool_finds_them(college: Place) -> None:
    """It waits for that tool, is run from there, and does what it says."""
    said = college.says("courses", "--category", "Science", "--to-file", "delete", "erp/deletecourses.csv")
    assert said.code == 0, said.err
    assert "2 courses in erp/deletecourses.csv, for the tool doomed" in said.out
    assert (college.erp / "deletecourses.csv").read_text() == "P1\nP2\n"
    assert [file["file"] for file in college.tells("status")["waiting"]] == ["erp/deletecourses.csv"]
    assert college.says("run", "doomed").code == 0
    assert [course["shortname"] for course in college.tells("courses")["courses"]] == ["TEST"]


def test_a_file_to_check_is_a_list(college: Place) -> None:
    """The whole site may be checked; in JSON the file is named too."""
    told = college.tells("courses", "--to-file", "check", "erp/courses.csv")
    assert told["file"] == "erp/courses.csv"
    assert (college.erp / "courses.csv").read_text() == "TEST\nPHY-1\nphy-2\n"
    assert college.says("run", "wanted").code == 0


def test_a_file_to_reset_has_the_generators_columns(college: Place) -> None:
    """Each row says that everything is reset, as the plugin's page wrote it."""
    said = college.says("courses", "--pattern", "PHY-1", "--to-file", "reset", "erp/resetcourses.csv")
    assert "no tool of kind courses-reset is configured" in said.out
    (row,) = csv.DictReader(StringIO((college.erp / "resetcourses.csv").read_text()), delimiter=";")
    assert row == {
        "shortname": "PHY-1",
        "roles": "student teacher guest",
        "local_roles": "all",
        "completion": "yes",
        "grades": "all",
        "groups": "all",
        "groupings": "all",
        "blog_associations": "yes",
        "events": "yes",
        "logs": "yes",
        "notes": "yes",
        "comments": "yes",
        "modules": "all",
    }


def test_a_reset_file_is_what_the_kind_takes(college: Place) -> None:
    """By the identity of its tool, and with columns that it knows."""
    said = college.says("courses", "--pattern", "PHY-*", "--to-file", "reset", "erp/again.csv")
    assert "2 courses in erp/again.csv, for the tool again" in said.out
    header, first, _ = (college.erp / "again.csv").read_text().splitlines()
    assert header.startswith("id;roles;")
    assert first.split(";")[0].isdecimal()
    assert college.says("run", "again", "--simulate").code == 0


def test_nothing_is_overwritten(either: Place) -> None:
    """A file that waits under the name stays as it is."""
    (either.erp / "mine.csv").write_text("mine")
    said = either.says("courses", "--pattern", "*", "--to-file", "check", "erp/mine.csv")
    assert (said.code, "is there already" in said.err) == (2, True)
    assert (either.erp / "mine.csv").read_text() == "mine"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (["--to-file", "delete", "erp/deletecourses.csv"], "every course"),
        (["--to-file", "reset", "erp/resetcourses.csv"], "every course"),
        (["--pattern", "*", "--to-file", "delete", "erp/deletecourses.csv"], "TEST"),
        (["--pattern", "*", "--to-file", "delete", "erp/users.csv"], "of kind users"),
        (["--pattern", "nothing", "--to-file", "check", "erp/courses.csv"], "no course fits"),
        (["--pattern", "*", "--to-file", "check", "archives/courses.csv"], "archives"),
        (["--pattern", "*", "--to-file", "check", "erp/"], "folder"),
    ],
)
def test_a_file_that_must_not_be_is_not_written(college: Place, line: list[str], why: str) -> None:
    """Every course at once, one that its tool could not find, another kind's file, no course, syncd's own folders."""
    said = college.says("courses", *line)
    assert (said.code, why in said.err) == (2, True), said.err
    assert list(college.erp.iterdir()) == []


@pytest.mark.parametrize("name", ["#1", "(old)", "a;b", 'say "hi"', "id", "PHY:id", "description", "é"])
def test_any_short_name_is_read_back_as_it_was(college: Place, name: str) -> None:
    """Whatever a course is called, the file names it and no other."""
    site = Sandbox(college.folder / "state" / "sandbox.sqlite")
    made(site, {"shortname": name}, {"shortname": "z"})
    site.call("core_course_delete_courses", {"courseids": [one["id"] for one in _known(site, "TEST")]})
    site.close()
    assert college.says("courses", "--category", "1", "--to-file", "check", "erp/courses.csv").code == 0
    assert college.says("run", "wanted").code == 0
    (report,) = (college.repository / "reports").glob("*.rows.csv")
    rows = list(csv.DictReader(StringIO(report.read_text())))
    assert sorted(row["outcome"] for row in rows) == ["unchanged", "unchanged"]


def _known(site: Target, shortname: str) -> list[dict[str, Any]]:
    found = site.call("core_course_get_courses_by_field", {"field": "shortname", "value": shortname})
    return list(found["courses"])


def test_before_the_first_run_the_practice_site_is_made(place: Place) -> None:
    """Whoever looks first is told that there is no course, not that a file can't be opened."""
    assert not (place.folder / "state").exists()
    assert place.tells("courses")["courses"] == []
