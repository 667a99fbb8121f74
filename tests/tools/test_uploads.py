"""What Moodle's upload programs are asked, and how what they write is understood."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from syncd.core.model import Outcome, Row
from syncd.core.settings import Written
from syncd.tools.uploadcourse import UploadCourseTool
from syncd.tools.uploads import Said, UploadTool, as_record
from syncd.tools.uploaduser import UploadUserTool


def made(kind: type[UploadTool], **keys: Any) -> Any:
    """A tool as a settings file would make it."""
    table = {"file": "erp/x.csv", "moodle": "moodle"} | keys
    return kind.model_validate(table, context=Written(Path("/srv")))


def said(kind: type[UploadTool], *lines: str) -> list[Said]:
    """What lines in English come to."""
    tool: UploadTool = made(kind)
    return list(tool.said(lines, {word: known.english for word, known in kind.words.items()}))


def test_a_row_that_looks_like_anothers_result_shifts_nothing() -> None:
    """A cohort's name may hold a line break; only the line of the next record counts."""
    found = said(
        UploadUserTool,
        *("Line 2", "  User up-to-date", '  Error: Enrolments: Unknown course named "x', "Line 9", '  User deleted"'),
        *("Line 3", "  New user", "-" * 79, "Line 4", "  User deleted"),
    )
    assert [one.record for one in found] == [1, 2]
    assert found[1].outcome is Outcome.CREATED


def test_what_comes_before_the_first_row_is_no_result() -> None:
    """PHP may have something to say."""
    found = said(
        UploadCourseTool, "PHP Warning:  x", "  y", "line\tresult", "1\tOK\t4\tC1\tCourse\t", "  Course created"
    )
    assert found == [Said(1, Outcome.CREATED)]


def test_both_lines_of_a_course_count() -> None:
    """It was made, and an enrolment method was not."""
    lines = ("1\tOK\t4\tC1\tA\t", "  Course created", "1\tNOK\t4\tC1\tA\t", "  No such role", "2\tOK\t5\tC2\tB\t")
    first, second = said(UploadCourseTool, *lines)
    assert (first.outcome, first.errors) == (Outcome.CREATED, ("No such role",))
    assert (second.outcome, second.errors) == (Outcome.UNCHANGED, ())


@given(st.lists(st.text(max_size=20) | st.sampled_from(["Line 2", "Line 3", "  New user", "1\tOK\t\t", "2\tNOK\t"])))
def test_any_output_is_understood_somehow(lines: list[str]) -> None:
    """Records come in order, each once, whatever a program writes."""
    for kind in (UploadUserTool, UploadCourseTool):
        records = [one.record for one in said(kind, *lines)]
        assert records == list(range(1, len(records) + 1))


def test_only_what_is_set_is_asked_of_uploadcourse() -> None:
    """An option that an older Moodle has not would stop it."""
    options = made(UploadCourseTool, allow_deletes=True, backup="t.mbz").options("/x/upload.csv")
    assert options == [
        *("--file=/x/upload.csv", "--delimiter=comma", "--encoding=UTF-8", "--mode=createorupdate"),
        *("--updatemode=dataonly", "--restorefile=/srv/t.mbz", "--allowdeletes"),
    ]


def test_a_deletion_that_is_not_allowed_is_none() -> None:
    """Moodle leaves such rows alone, and so the guard does."""
    row = Row(2, {"deleted": "1"}, "1")
    assert made(UploadUserTool, allow_deletes=True).deletes(row)
    assert not made(UploadUserTool).deletes(row)


def test_a_short_row_is_filled_up() -> None:
    """And the column of a tryback's reasons is left out."""
    assert as_record(Row(2, {"username": "ana"}, "ana"), ("username", "city", "tryback_reason")) == ["ana", ""]


@pytest.mark.parametrize(
    ("kind", "keys", "where"),
    [
        (UploadUserTool, {"php": []}, "php"),
        (UploadUserTool, {"php": ["./php"]}, "php"),
        (UploadUserTool, {"mode": "everything"}, "mode"),
        (UploadUserTool, {"defaults": {"uutype": "1"}}, "defaults.uutype.[key]"),
        (UploadUserTool, {"defaults": {"file": "/etc/passwd"}}, "defaults.file.[key]"),
        (UploadUserTool, {"defaults": {"a=b": "1"}}, "defaults.a=b.[key]"),
        (UploadCourseTool, {"category": 0}, "category"),
        (UploadCourseTool, {"template": "nul\0"}, "template"),
        (UploadCourseTool, {"argv": ["php"]}, "argv"),
    ],
    ids=repr,
)
def test_what_can_t_work_is_a_problem_at_load(kind: type[UploadTool], keys: dict[str, Any], where: str) -> None:
    """Nothing that could not be run waits for its first run to be found."""
    with pytest.raises(ValidationError) as refused:
        made(kind, **keys)
    (error,) = refused.value.errors()
    assert ".".join(map(str, error["loc"])) == where
