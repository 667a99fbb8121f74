"""The numbered columns of users files, and values of profile fields, by themselves."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syncd.core.model import Act, Call, Outcome, Refusal, Row, Site
from syncd.errors import FileRefused
from syncd.tools.base import Memory
from syncd.tools.cells import Unfit
from syncd.tools.users.profile import COMPANION, ProfileFields
from syncd.tools.users.wish import Attendance
from tests.tools.users_rows import ANA, ANA_ON_SITE, Cells, refusal, users, wish

PARIS = ZoneInfo("Europe/Paris")


def courses(cells: Cells, **settings: Any) -> tuple[Attendance, ...]:
    """The courses that a row names."""
    return wish(users(**settings), ANA | dict(cells)).deeds.courses


class TestColumns:
    """What a header may have."""

    def test_every_numbered_column_is_known(self) -> None:
        """Those of the plugin, and those of Moodle's own upload."""
        plugin = ["course1", "group1", "role12", "enrol2", "start1", "end1", "wwwroot1", "type3"]
        moodle = ["cohort1", "cohort2", "sysrole1", "enrolperiod1", "enroltimestart1", "enrolstatus1", "categoryrole1"]
        users().check_header([*ANA, *plugin, *moodle, "category1", "emailstop", "interests", "maildigest"])

    @pytest.mark.parametrize("name", ["my_course_x", "course", "course0", "xcourse1", "course1x", "hidden1"])
    def test_what_only_looks_like_one_is_not(self, name: str) -> None:
        """The whole name must fit."""
        with pytest.raises(FileRefused):
            users().check_header([*ANA, name])

    def test_dates_of_enrolments_are_remarked_on(self) -> None:
        """Core does not tell the dates of those that are there."""
        (remark,) = users().remarks([*ANA, "course1", "enrol1", "start1"], Site())
        assert "start1" in remark


class TestCourses:
    """What a row says of courses."""

    def test_each_number_has_its_own_method(self) -> None:
        """The first one's is not everybody's."""
        row = {"course1": "C1", "enrol1": "manual", "course2": "C2", "enrol2": "", "course10": "C10", "enrol10": "self"}
        assert [(one.number, one.method) for one in courses(row)] == [(1, "manual"), (2, ""), (10, "self")]

    def test_a_number_without_a_course_counts_for_nothing(self) -> None:
        """And those after it still do."""
        row = {"course1": "", "role1": "x", "start1": "someday", "course2": "C2", "role2": "teacher"}
        assert courses(row) == (Attendance(2, "C2", "teacher"),)

    def test_what_moodles_own_upload_says(self) -> None:
        """Its columns make an enrolment by hand, with days for an end."""
        row = {
            "course1": "C1",
            "type1": "2",
            "enroltimestart1": "2026-09-01",
            "enrolperiod1": "30",
            "enrolstatus1": "0",
        }
        begin = datetime(2026, 9, 1)  # noqa: DTZ001  # on the site's clock
        assert courses(row) == (Attendance(1, "C1", "editingteacher", "manual", start=begin, days=30, suspended=False),)

    def test_a_role_alone_has_no_dates(self) -> None:
        """What the plugin passes over is passed over."""
        assert courses({"course1": "C1", "start1": "2026-09-01"}) == (Attendance(1, "C1"),)

    def test_the_default_method_is_for_files_without_the_column(self) -> None:
        """An empty cell still says that there is no enrolment."""
        assert courses({"course1": "C1"}, default_enrol="manual")[0].method == "manual"
        assert courses({"course1": "C1", "enrol1": ""}, default_enrol="manual")[0].method == ""

    @pytest.mark.parametrize(
        ("cells", "column"),
        [
            ({"type1": "4"}, "type1"),
            ({"enrolperiod1": "a month"}, "enrolperiod1"),
            ({"enrolstatus1": "perhaps"}, "enrolstatus1"),
            ({"enrol1": "manual", "end1": "31/02/2026"}, "end1"),
            ({"group1": "x" * 255}, "group1"),
            ({"course1": "x" * 256}, "course1"),
        ],
    )
    def test_a_wrong_cell_refuses_the_row(self, cells: Cells, column: str) -> None:
        """With the column in which it stands."""
        found = refusal(ANA | {"course1": "C1"} | dict(cells))
        assert found.column == column

    def test_another_method_needs_the_companion(self) -> None:
        """Core enrols by hand alone."""
        asking = wish(users(), ANA | {"course1": "C1", "enrol1": "self"})
        plan = users().plan([asking], Memory(lambda _subject: False, site=Site(roles={"student": 5})))
        calls = next(plan)
        with pytest.raises(StopIteration) as end:
            while True:
                calls = plan.send([_answer(call) for call in calls])
        (step,) = end.value.value
        assert step.outcome is Outcome.REJECTED
        assert (step.refusal.code, step.refusal.column) == ("value-wrong", "enrol1")


def _answer(call: Call) -> Any:
    if call.function == "core_course_get_courses_by_field":
        return {"courses": [{"id": 5, "shortname": "C1"}]}
    return [ANA_ON_SITE] if call.function == "core_user_get_users_by_field" else []


class TestProfileFields:
    """What a cell of a profile field becomes."""

    def fields(self, **declared: Any) -> ProfileFields:
        """The fields of a site without the companion."""
        return ProfileFields(Site(zone=PARIS), declared)

    def told(self, **more: Any) -> ProfileFields:
        """One field `x` of a site with the companion."""
        fields = ProfileFields(Site(frozenset({COMPANION}), zone=PARIS), {})
        ((_, take),) = fields.questions()
        take([{"shortname": "x", "datatype": "text", **more}])
        return fields

    @pytest.mark.parametrize(
        ("kind", "cell", "value"),
        [
            ("checkbox", "yes", "1"),
            ("checkbox", "No", "0"),
            ("checkbox", "", ""),
            ("datetime", "01/03/2005", "2005-03-01"),
            ("datetime", "2005-03-01 08:30", "2005-03-01-08-30-00"),
            ("datetime", "1109631600", "2005-03-01"),
            ("datetime", "", ""),
            (("L1", "L2"), "L2", "L2"),
            (("L1", "L2"), "", ""),
            ("text", "x", "x"),
        ],
    )
    def test_a_value_is_written_as_moodle_reads_it(self, kind: Any, cell: str, value: str) -> None:
        """Ticks as numbers, dates in the form that every time zone reads alike."""
        assert self.fields(x=kind).read("profile_field_x", cell) == value

    @pytest.mark.parametrize(
        ("kind", "cell"), [("checkbox", "2"), ("datetime", "someday"), (("L1",), "l1"), ("text", "x" * 2_049)]
    )
    def test_what_moodle_would_make_another_thing_of_is_refused(self, kind: Any, cell: str) -> None:
        """It would not say a word."""
        with pytest.raises(Unfit):
            self.fields(x=kind).read("profile_field_x", cell)

    def test_limits_that_the_companion_tells_hold(self) -> None:
        """Length, years and options are those of the site."""
        for told, cell in (
            ({"maxlength": 3}, "abcd"),
            ({"datatype": "datetime", "yearfrom": 1950, "yearto": 2030}, "1949-12-31"),
            ({"datatype": "menu", "options": ["A"]}, "B"),
        ):
            with pytest.raises(Unfit):
                self.told(**told).read("profile_field_x", cell)
        with pytest.raises(Unfit) as unfit:
            self.told().read("profile_field_y", "1")
        assert unfit.value.refusal.code == "field-missing"
        assert self.told().read("profile_field_y", "") is None

    def test_what_is_the_same_is_not_sent(self) -> None:
        """A moment of that day, an unticked box, a default in the place of nothing."""
        fields = self.fields(born="datetime", vip="checkbox")
        assert fields.same("profile_field_born", "1109631600", "2005-03-01")
        assert not fields.same("profile_field_born", "1109631600", "2005-03-02")
        assert not fields.same("profile_field_born", "2005-03-01", "")
        assert fields.same("profile_field_vip", "", "0")
        menu = self.told(datatype="menu", options=["A", "B"], defaultdata="A")
        assert menu.same("profile_field_x", "A", "")

    def test_a_field_is_known_once_an_account_shows_it(self) -> None:
        """Until then nobody knows whether Moodle keeps a value; of menus, each option by itself."""
        fields = self.fields()
        assert fields.doubtful("profile_field_level", "L1")
        fields.see({"shortname": "level", "type": "menu", "value": "L1"})
        assert not fields.doubtful("profile_field_level", "L1")
        assert fields.doubtful("profile_field_level", "L2")
        assert fields.read("profile_field_level", "L2") == "L2"


def test_signs_of_four_bytes_are_refused_where_the_site_can_not_store_them() -> None:
    """Such a site would refuse the whole batch; a password is not shown."""
    cells = ANA | {"city": "\U0001f393"}
    found = users(emoji=False).check(Row(2, cells, "\U0001f393"))
    assert isinstance(found, Refusal)
    assert (found.code, found.column) == ("value-wrong", "city")
    assert wish(users(), cells).fields["city"] == "\U0001f393"


def test_an_account_of_the_companion_is_made_suspended() -> None:
    """One act is enough."""
    site = Site(frozenset({"local_syncd_create_users"}))
    tool = users(passwords="never", create_passwords=True)
    plan = tool.plan([wish(tool, ANA | {"suspended": "1"})], Memory(lambda _subject: False, site=site))
    calls = next(plan)
    with pytest.raises(StopIteration) as end:
        while True:
            calls = plan.send([[] for _ in calls])
    (step,) = end.value.value
    assert step.acts == (Act("local_syncd_create_users", ANA | {"createpassword": 1, "suspended": 1}),)
