"""The report of a run, for people, for programs and row by row."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

import syncd.core
from syncd.core.model import Outcome, Refusal, Result, RunState
from syncd.core.report import MOST_DEFERRED, MOST_ROWS, Report, advice, headline, noteworthy
from syncd.core.report_json import json_text
from syncd.core.report_rows import COLUMNS, rows_csv
from syncd.core.report_text import text

SCHEMA = json.loads((Path(syncd.core.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))
PARIS = timezone(timedelta(hours=1), "CET")
STARTED = datetime(2026, 11, 22, 9, 17, 43, tzinfo=PARIS)
REPORT = Report(
    run="20261122-091743-users",
    tool="users",
    kind="users",
    site="campus",
    file="erp/users.csv",
    sha256="0f" * 32,
    size=12345,
    state=RunState.DONE,
    arrived=STARTED - timedelta(minutes=5),
    started=STARTED,
    ended=STARTED + timedelta(seconds=4.25),
    counts={Outcome.CREATED: 1000, Outcome.UPDATED: 3, Outcome.UNCHANGED: 30, Outcome.REJECTED: 1},
    archive="archives/20261122-091743_users.csv",
    tryback="erp/users_tryback_20261122-091743.csv",
    notes=("the column shoe_size is not known to users files and was ignored",),
)
HELD = replace(
    REPORT,
    state=RunState.HELD,
    counts={},
    planned={Outcome.DELETED: 812, Outcome.UNCHANGED: 188},
    breaches=("deletes: 812 of 1,000 rows would delete an account, the limit is 5 % (50 rows)",),
    archive="",
    tryback="",
)
TAKEN = Result(
    12,
    Outcome.REJECTED,
    "jdoe",
    Refusal("email-taken", "another account has this e-mail address", "email", "j@example.org", "Use another address."),
    ("matched by idnumber",),
)

ANYTHING = st.text(st.characters(codec=None), max_size=30)
REFUSALS = st.builds(Refusal, ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING)
RESULTS = st.builds(
    Result,
    st.integers(1, 10**7),
    st.sampled_from(Outcome),
    ANYTHING,
    st.none() | REFUSALS,
    st.lists(ANYTHING, max_size=2).map(tuple),
)
UNDONE = {Outcome.REJECTED, Outcome.UNKNOWN, Outcome.DEFERRED}
COUNTS = st.dictionaries(st.sampled_from(Outcome), st.integers(0, 10**7))
REPORTS = st.builds(
    Report,
    run=st.from_regex(r"[0-9a-z-]{1,30}", fullmatch=True),
    tool=ANYTHING,
    kind=ANYTHING,
    site=ANYTHING,
    file=ANYTHING,
    sha256=st.just("0f" * 32),
    size=st.integers(0, 10**12),
    state=st.sampled_from(RunState),
    started=st.just(STARTED),
    ended=st.just(STARTED),
    arrived=st.none() | st.just(STARTED),
    simulated=st.booleans(),
    approved_by=ANYTHING,
    counts=COUNTS,
    planned=COUNTS,
    breaches=st.lists(ANYTHING, max_size=2).map(tuple),
    notes=st.lists(ANYTHING, max_size=2).map(tuple),
    refusal=st.none() | REFUSALS,
    refusal_line=st.integers(0, 10),
    archive=ANYTHING,
    tryback=ANYTHING,
    output=ANYTHING,
    what_to_do=ANYTHING,
)


def as_text(report: Report, *refused: Result) -> str:
    """The report for people."""
    return "".join(text(report, noteworthy(refused, tells=True)))


def as_json(report: Report, *refused: Result) -> Any:
    """The report for programs, read back."""
    return json.loads("".join(json_text(report, noteworthy(refused, tells=True))))


# For people


def test_the_text_says_what_happened_when_and_from_which_bytes() -> None:
    """A person at three in the morning reads the one sentence first, then the facts, then each row."""
    assert as_text(REPORT, TAKEN) == (
        """\
The users file erp/users.csv was run on campus: 1,003 rows changed it, 30 unchanged, 1 rejected.

Run      20261122-091743-users of the tool users
Arrived  2026-11-22 09:12:43 +01:00 (CET)
Started  2026-11-22 09:17:43 +01:00 (CET)
Ended    2026-11-22 09:17:47 +01:00 (CET), after 4.2 s
File     erp/users.csv, 12,345 bytes
SHA-256  0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
Archive  archives/20261122-091743_users.csv
Tryback  erp/users_tryback_20261122-091743.csv

What it did (rows)
  created     1,000
  updated         3
  suspended       0
  deleted         0
  unchanged      30
  rejected        1
  deferred        0
  skipped         0
  unknown         0
  in all      1,034

What to do
  Correct the refused rows in erp/users_tryback_20261122-091743.csv and upload that file, or correct
  their source.

Notes
  the column shoe_size is not known to users files and was ignored

Rows to look at
  Line 12, column email, rejected: jdoe
    reason  another account has this e-mail address [email-taken]
    found   j@example.org
    to do   Use another address.
    note    matched by idnumber
"""
    )


def test_a_held_run_says_why_and_the_commands_that_decide() -> None:
    """The limits that were passed, what is planned, and two lines to copy."""
    report = as_text(HELD)
    assert report.startswith("The users file erp/users.csv is HELD until a person has looked at it: nothing was sent")
    assert "  deletes: 812 of 1,000 rows would delete an account" in report
    assert "What is planned (rows)\n" in report
    assert "    syncd approve 20261122-091743-users\n    syncd reject 20261122-091743-users\n" in report


def test_a_refused_file_says_where_and_what_its_sender_can_do() -> None:
    """The line, the reason and the cure stand in the report, and no table of rows."""
    refusal = Refusal("column-twice", "the header has a column twice", "", "a;a", "Remove one.")
    report = as_text(replace(REPORT, state=RunState.REFUSED, counts={}, refusal=refusal, refusal_line=3))
    assert "Why (line 3)\n    reason  the header has a column twice [column-twice]\n    found   a;a\n" in report
    assert "What to do\n  The sender: Remove one.\n" in report
    assert "(rows)" not in report


def test_a_simulated_run_says_that_nothing_was_sent() -> None:
    """Nobody can take a rehearsal for a run."""
    report = as_text(replace(REPORT, simulated=True))
    assert "was only simulated: nothing was sent to campus. 1,003 rows would change it" in " ".join(report.split())
    assert "What it would have done (rows)" in report


def test_what_a_program_wrote_is_shown_line_by_line() -> None:
    """The output of a command tool is set apart, and can't steer the terminal."""
    assert "What the program wrote\n  | one\n  | \\x1b[2Jtwo\n" in as_text(replace(REPORT, output="one\n\x1b[2Jtwo\n"))


def test_rows_of_unknown_outcome_come_with_the_way_to_find_out() -> None:
    """A lost answer leaves a doubt, which another run of the same file removes."""
    assert "Upload the file again" in advice(replace(REPORT, counts={Outcome.UNKNOWN: 1}))


def test_long_values_are_clipped() -> None:
    """A cell of a megabyte does not make a report of a megabyte."""
    refusal = Refusal("value-long", "too long", "city", "x" * 1_000_000)
    assert len(as_text(REPORT, replace(TAKEN, refusal=refusal))) < 4000


def test_a_run_with_nothing_to_do_says_nothing_of_it() -> None:
    """There is no empty heading."""
    assert "What to do" not in as_text(replace(REPORT, tryback="", counts={Outcome.UNCHANGED: 3}))


@pytest.mark.parametrize("state", RunState)
def test_every_end_has_its_sentence(state: RunState) -> None:
    """However a run ends, the first line names the file and ends as a sentence."""
    assert headline(replace(REPORT, state=state)).startswith("The users file erp/users.csv ")
    assert headline(replace(REPORT, state=state)).endswith(".")


@given(REPORTS, st.lists(RESULTS, max_size=3))
def test_no_value_breaks_a_line_of_the_text(report: Report, refused: list[Result]) -> None:
    """Law: each piece of the text is one printable line, whatever names and values hold."""
    for line in text(report, noteworthy(refused, tells=True)):
        assert line.endswith("\n")
        assert line[:-1].isprintable()
        assert line.encode()


# For programs


def test_the_schema_is_one() -> None:
    """The published schema is a valid JSON Schema of 2020-12, and everything in it is described."""
    Draft202012Validator.check_schema(SCHEMA)
    for part in (SCHEMA, *SCHEMA["$defs"].values(), SCHEMA["properties"]["file"]):
        for name, value in part["properties"].items():
            assert value.get("description") or name == "file", name


@given(REPORTS, st.lists(RESULTS, max_size=3))
def test_every_report_keeps_to_the_schema(report: Report, refused: list[Result]) -> None:
    """Law: the JSON is valid UTF-8, keeps to the schema, and holds each noteworthy row once, refused ones first."""
    pieces = "".join(json_text(report, noteworthy(refused, tells=True))).encode()
    document = json.loads(pieces)
    Draft202012Validator(SCHEMA, format_checker=FormatChecker()).validate(document)
    listed = {
        "refused": [result for result in refused if result.outcome in {"rejected", "unknown"}]
        + [result for result in refused if result.outcome == "deferred"],
        "told": [result for result in refused if result.outcome not in UNDONE and result.notes],
    }
    for key, results in listed.items():
        assert [row["line"] for row in document[key]] == [result.line for result in results]


def test_the_schema_allows_nothing_else() -> None:
    """The keys of the report are those of the schema, so that a new key can't be forgotten there."""
    assert set(as_json(REPORT)) == set(SCHEMA["properties"]) == set(SCHEMA["required"])


def test_numbers_and_names_can_be_taken_from_the_json() -> None:
    """Counts have every outcome, times their offset, and what is not there is null."""
    document = as_json(HELD, TAKEN)
    assert document["planned"]["deleted"] == 812
    assert document["counts"] is None
    assert document["archive"] is None
    assert document["started"] == "2026-11-22T09:17:43+01:00"
    assert document["refused"][0]["refusal"]["code"] == "email-taken"


def test_a_name_that_is_not_utf_8_can_be_written() -> None:
    """The byte stands as an escape in the text, which every JSON reader takes."""
    assert as_json(replace(REPORT, file="us\udce9rs.csv"))["file"]["name"] == r"us\udce9rs.csv"


def test_a_report_lists_no_more_than_its_limit() -> None:
    """A hundred thousand rows stand in the file beside it: refused ones come first, of deferred ones a few."""
    report = replace(REPORT, rows="reports/users.rows.csv")
    deferred = [replace(TAKEN, line=line, outcome=Outcome.DEFERRED) for line in range(1, 5001)]
    some = as_json(report, *deferred, TAKEN)
    assert [row["line"] for row in some["refused"]] == [TAKEN.line, *range(1, MOST_DEFERRED + 1)]
    assert some["more"] == {"refused": 0, "deferred": 5000 - MOST_DEFERRED, "told": 0}
    said = as_text(report, *deferred, TAKEN)
    assert said.index("Rows to look at") < said.index("Deferred rows (5,000)")
    assert said.endswith("\n  and 4,980 more: see reports/users.rows.csv\n")
    many = as_json(report, *deferred, *[TAKEN] * 5000)
    assert [row["outcome"] for row in many["refused"]] == ["rejected"] * MOST_ROWS
    assert many["rows"] == "reports/users.rows.csv"
    assert "\n  5,000 more: see reports/users.rows.csv\n" in as_text(report, *deferred, *[TAKEN] * 5000)


def test_what_a_row_found_out_is_told_where_its_kind_tells() -> None:
    """A list of courses that exist is what the file was for; of other kinds notes of rows that went well are not."""
    found = Result(2, Outcome.UNCHANGED, "PHY-1", notes=("it exists",))
    assert "What was found\n  Line 2, unchanged: PHY-1\n    note    it exists\n" in as_text(REPORT, found)
    assert not noteworthy([found]).told.all


# Row by row


def test_the_rows_can_be_read_back() -> None:
    """One record for each row, with the columns in a fixed order."""
    header, row = csv.reader(io.StringIO("".join(rows_csv([TAKEN])), newline=""))
    assert tuple(header) == COLUMNS
    assert row[:6] == ["12", "rejected", "jdoe", "email", "email-taken", "j@example.org"]


@given(st.lists(RESULTS, max_size=4))
def test_no_cell_is_a_formula(results: list[Result]) -> None:
    """Law: each result is one record of nine cells, none of which a spreadsheet would carry out."""
    records = list(csv.reader(io.StringIO("".join(rows_csv(results)), newline="")))
    assert [record[0] for record in records[1:]] == [str(result.line) for result in results]
    for record in records:
        assert len(record) == len(COLUMNS)
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in record)
    assert "".join(rows_csv(results)).encode()


def test_a_cell_that_looks_like_a_formula_keeps_its_text() -> None:
    """The apostrophe is put before what was there."""
    result = replace(TAKEN, refusal=Refusal("value-wrong", "no", "city", "=HYPERLINK(1)"))
    assert "'=HYPERLINK(1)" in "".join(rows_csv([result]))


def test_utc_needs_no_second_name() -> None:
    """The zone is always said as an offset, and by its name where it has one."""
    assert "2026-11-22 08:17:43 +00:00 (UTC)" in as_text(replace(REPORT, started=STARTED.astimezone(UTC)))
