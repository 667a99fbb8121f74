"""Files that name courses, to be checked or deleted, on whole sites."""

from typing import Any

from syncd.core.model import RunState
from syncd.tools.base import kinds
from syncd.tools.courses_check import CoursesCheckTool
from syncd.tools.courses_delete import CoursesDeleteTool
from tests.run.workshop import FILE, NO_LIMITS
from tests.tools.on_site import OnSite


def check(**settings: Any) -> CoursesCheckTool:
    """A courses-check tool."""
    return CoursesCheckTool.model_validate({"file": FILE, **settings})


def delete(**settings: Any) -> CoursesDeleteTool:
    """A courses-delete tool."""
    return CoursesDeleteTool.model_validate({"file": FILE, "guard": NO_LIMITS, **settings})


class TestChecking:
    """`courses-check`."""

    def test_what_is_there_and_what_lacks_is_said(self, site: OnSite) -> None:
        """The one that lacks is named, with the value that was sought; nothing is changed."""
        (made,) = site.make_courses("a", idnumber=f"{site.mark}i")
        run = site.run_bytes(check(), f"{site.mark}a;the first\n{site.mark}b;the second\n".encode())
        assert run.outcomes == ["unchanged", "rejected"]
        assert run.codes == ["", "course-missing"]
        assert run.lines[0].notes == (
            f"course {made}, {site.mark}a, idnumber {site.mark}i: {site.mark}a, in Category 1"
        )
        assert run.lines[1].reason == "the site has no course with this shortname"

    def test_a_header_may_name_any_identity(self, site: OnSite) -> None:
        """Where the cell of the identity is empty, another one counts."""
        (made,) = site.make_courses("a", idnumber=f"{site.mark}i")
        rows = [f"{site.mark}a,,,", f",{site.mark}i,,", f",,{made},", ",,,about"]
        run = site.run(check(), "shortname,idnumber,id,description", *rows)
        assert run.codes == ["", "", "", "identity-missing"]

    def test_case_counts(self, site: OnSite) -> None:
        """Moodle finds a short name in any case; a file that writes it otherwise is wrong."""
        site.make_courses("a")
        assert site.run_bytes(check(), f"{site.mark}A\n".encode()).codes == ["course-missing"]


class TestDeleting:
    """`courses-delete`."""

    def test_courses_go_once(self, site: OnSite) -> None:
        """One that is not there is as it should be, and is no error."""
        made = site.make_courses("a", "b", "c")
        run = site.run_bytes(delete(), f"{site.mark}a\n{site.mark}b\n{site.mark}a\n{site.mark}x\n".encode())
        assert run.outcomes == ["deleted", "deleted", "unchanged", "unchanged"]
        assert [one["id"] for one in site.call("core_course_get_courses", options={"ids": made})] == made[2:]
        assert run.notes == ["rows that name no course of the site: 1 of 4"]
        assert site.run_again().outcomes == ["unchanged"] * 4

    def test_ids_may_be_listed(self, site: OnSite) -> None:
        """The plugin lets the identifier be set; the first page of the site is never deleted."""
        (made,) = site.make_courses("a")
        run = site.run_bytes(delete(identity="id"), f"{made}\n1\nx\n".encode())
        assert run.outcomes[0] == "deleted"
        assert run.outcomes[1] in {"rejected", "unchanged"}  # core tells of the first page, the companion does not
        assert run.codes[2] == "value-wrong"

    def test_protected_courses_stay(self, site: OnSite) -> None:
        """Some courses must not go, whatever a file says."""
        site.make_courses("a")
        run = site.run(delete(protected=[f"{site.mark}a"]), "shortname", f"{site.mark}a")
        assert run.codes == ["protected"]

    def test_a_long_list_is_held(self, site: OnSite) -> None:
        """Every row of such a file deletes: more than twenty are looked at by a person first."""
        site.make_courses(*map(str, range(21)))
        rows = "".join(f"{site.mark}{number}\n" for number in range(21))
        tool = CoursesDeleteTool.model_validate({"file": FILE})
        assert site.shop.make(tool, rows.encode(), FILE).state is RunState.HELD


def test_what_is_found_and_cut_off_stands_in_the_report_for_people() -> None:
    """A check whose answer is only in a table beside the report has not been read."""
    assert {name for name, kind in kinds().items() if kind.tells} == {"courses-check", "categories-clean"}
