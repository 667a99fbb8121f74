"""What an enrolments file may hold, row by row, before the site is asked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from syncd.core.codes import CODES
from syncd.core.model import Refusal, Row
from syncd.errors import FileRefused
from syncd.tools.base import kinds
from syncd.tools.enrolments import EnrolmentsTool
from syncd.tools.enrolments.wish import EnrolmentWish

GOOD = {"rolename": "student", "cid": "C1", "uid": "E1"}


def enrolments(**settings: Any) -> EnrolmentsTool:
    """A tool with the defaults of its kind, but for some settings."""
    return EnrolmentsTool.model_validate({"file": "enrols.csv", **settings})


def wish(tool: EnrolmentsTool | None = None, **cells: str) -> EnrolmentWish:
    """What a row that is in order wishes."""
    checked = (tool or enrolments()).check(Row(2, GOOD | cells, ""))
    assert isinstance(checked, EnrolmentWish), checked
    return checked


def refusal(cells: Mapping[str, str], tool: EnrolmentsTool | None = None, *, short: bool = False) -> tuple[str, str]:
    """Why a row is refused before anything is asked, and in which column."""
    checked = (tool or enrolments()).check(Row(2, GOOD | dict(cells), "", short))
    assert isinstance(checked, Refusal), checked
    assert checked.code in CODES
    return checked.code, checked.column


def test_the_kind_is_found_under_its_name() -> None:
    """The package's list of kinds has `enrolments`."""
    assert kinds()["enrolments"] is EnrolmentsTool


def test_a_header_of_the_plugins_columns_is_taken() -> None:
    """Also the column that its help names and its code refuses."""
    names = ["cmd", "rolename", "cid", "uid", "enrol", "starttime", "endtime", "gcmd", *(f"g{n}" for n in range(1, 10))]
    assert enrolments().check_header(names) == []
    (note,) = enrolments().check_header([*names, "hidden"])
    assert "hidden" in note


@pytest.mark.parametrize("column", ["rolename", "cid", "uid"])
def test_a_header_without_what_every_row_needs_is_refused(column: str) -> None:
    """Role, course and person."""
    with pytest.raises(FileRefused):
        enrolments().check_header([name for name in GOOD if name != column])


def test_what_a_missing_column_means_is_said() -> None:
    """Without a method nobody is enrolled; without a command groups are left alone."""
    (bare,) = enrolments().check_header(list(GOOD))
    assert "nobody is enrolled" in bare
    (groups,) = enrolments().check_header([*GOOD, "enrol", "g1"])
    assert "gcmd" in groups


def test_a_method_is_none_manual_or_its_name() -> None:
    """By an absent column, an empty cell, or a filled one."""
    assert wish().method is None
    assert wish(enrol="").method == "manual"
    assert wish(enrol=" Self ").method == "self"
    assert refusal({"enrol": "self enrolment"}) == ("value-wrong", "enrol")


def test_a_row_that_ends_early_is_not_taken_for_one_without_a_method() -> None:
    """A cell that is not there is no absent column."""
    assert refusal({}, short=True) == ("value-missing", "enrol")


@pytest.mark.parametrize(
    ("cell", "deed"),
    [("", "add"), ("add", "add"), ("del", "del"), ("Delete", "del"), ("SHIFT", "shift"), ("enable", "enable")],
)
def test_an_empty_command_adds(cell: str, deed: str) -> None:
    """As no command column does; capitals make no difference."""
    assert wish(cmd=cell).deed == deed
    assert wish().deed == "add"


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("cmd", "banish", "value-wrong"),
        ("cid", " ", "value-missing"),
        ("uid", "", "value-missing"),
        ("rolename", "", "value-missing"),
        ("uid", "a\nb", "value-wrong"),
        ("starttime", "tomorrow", "value-wrong"),
        ("endtime", "31.12.2026", "value-wrong"),
        ("gcmd", "gnew", "value-wrong"),
        ("g3", "x" * 255, "value-long"),
        ("g9", "a <b>", "value-wrong"),
    ],
)
def test_a_refusal_names_its_column(column: str, cell: str, code: str) -> None:
    """And its kind of fault."""
    assert refusal({column: cell}) == (code, column)


def test_a_role_is_needed_where_one_is_given_or_taken() -> None:
    """An empty cell never stands for all roles."""
    assert wish(cmd="del", enrol="manual", rolename="").role == ""
    assert refusal({"cmd": "del", "rolename": ""}) == ("value-missing", "rolename")
    assert refusal({"cmd": "shift", "enrol": "", "rolename": ""}) == ("value-missing", "rolename")


@pytest.mark.parametrize("deed", ["enable", "disable"])
def test_an_enrolment_is_opened_and_suspended_without_a_role(deed: str) -> None:
    """With the column enrol or without it: it is about enrolments, and no role is given or taken."""
    assert wish(cmd=deed, enrol="manual", rolename="").role == ""
    assert wish(cmd=deed, rolename="").role == ""


def test_only_dates_that_are_given_count() -> None:
    """An empty cell is silent; 0 says that there is none."""
    assert wish(enrol="", starttime="", endtime=" ").times == {}
    found = wish(enrol="", starttime="2026-09-01 08:00:00", endtime="0").times
    assert found == {"timestart": datetime(2026, 9, 1, 8), "timeend": None}  # noqa: DTZ001  # on the site's clock


def test_what_has_no_effect_is_said() -> None:
    """Dates of a role alone, and groups without a command."""
    assert "dates" in wish(starttime="2026-09-01").notes[0]
    assert "gcmd" in wish(enrol="", g1="A").notes[0]


def test_a_person_in_a_course_is_one_subject() -> None:
    """However the row writes what is the same for Moodle."""
    tool = enrolments(user_identity="username")
    assert wish(tool, uid="ANA ").subject == wish(tool, uid="ana").subject
    assert wish(tool, uid="ana", cid="C2").subject != wish(tool, uid="ana").subject


@pytest.mark.parametrize(
    ("identity", "cell"), [("id", "E1"), ("username", "ana roy"), ("email", "ana"), ("id", "1" * 19)]
)
def test_what_would_spoil_a_question_is_refused(identity: str, cell: str) -> None:
    """Moodle refuses a whole look-up for one such value."""
    assert refusal({"uid": cell}, enrolments(user_identity=identity)) == ("value-wrong", "uid")
