"""Runs by Moodle's own upload programs: what they say of each row becomes its result."""

import json
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from syncd.core.model import Outcome, RunState
from syncd.disk.records import RunRecord
from syncd.tools.uploadcourse import UploadCourseTool
from syncd.tools.uploads import UploadTool
from syncd.tools.uploaduser import UploadUserTool
from tests.killing import apart
from tests.run.test_by_program import broken_off
from tests.run.workshop import FILE, NO_LIMITS, Workshop

STAND_IN = Path(__file__).parent / "php_stand_in.py"
HEADER = "username,firstname\n"


def moodle(workshop: Workshop, *, since_5_1: bool = True) -> Path:
    """A folder as that of a Moodle, with its two programs."""
    folder = workshop.folder / "moodle"
    for kind in (UploadUserTool, UploadCourseTool):
        script = folder / ("public" if since_5_1 else "") / kind.script
        script.parent.mkdir(parents=True, exist_ok=True)
        script.touch()
    return folder


def tool(kind: type[UploadTool], workshop: Workshop, manner: str = "", **settings: Any) -> Any:
    """A tool whose PHP is the stand-in."""
    given: dict[str, Any] = {
        "file": FILE,
        "moodle": moodle(workshop),
        "php": [sys.executable, str(STAND_IN)],
        "environment": {"STAND_IN": manner, "PYTHONIOENCODING": "utf-8"},
        "guard": NO_LIMITS,
    }
    return kind.model_validate(given | settings)


def users(workshop: Workshop, manner: str = "", **settings: Any) -> UploadUserTool:
    """A tool for accounts."""
    made: UploadUserTool = tool(UploadUserTool, workshop, manner, **settings)
    return made


def courses(workshop: Workshop, manner: str = "", **settings: Any) -> UploadCourseTool:
    """A tool for courses."""
    made: UploadCourseTool = tool(UploadCourseTool, workshop, manner, **settings)
    return made


def asked(workshop: Workshop, name: str = "asked.json") -> bytes:
    """What the stand-in was asked, or read."""
    (found,) = (workshop.folder / "moodle").rglob(name)
    return found.read_bytes()


def reasons(workshop: Workshop, run: RunRecord) -> dict[str, Any]:
    """The refusals of a report, by the names of their rows."""
    return {row["subject"]: row["refusal"]["reason"] for row in workshop.report(run)["refused"]}


@pytest.mark.parametrize("manner", ["", "fr"])
def test_each_account_has_the_result_that_moodle_tells(workshop: Workshop, manner: str) -> None:
    """In whatever language the site is."""
    names = ["new1", "changed", "same", "gone", "joined", "missing", "bad", "part", "two", "new2"]
    content = HEADER + "".join(f"{name},Ana\n" for name in names)
    run = workshop.make(users(workshop, manner), content.encode())
    assert run.state is RunState.DONE
    assert workshop.outcomes(run) == [
        *("created", "updated", "unchanged", "deleted", "updated", "skipped"),
        *("rejected", "rejected", "rejected", "created"),
    ]
    assert run.counts[Outcome.REJECTED] == 3


@pytest.mark.parametrize("manner", ["", "fr"])
def test_each_course_has_the_result_that_moodle_tells(workshop: Workshop, manner: str) -> None:
    """One that was carried out and complained of is refused in part."""
    names = ["new", "changed", "gone", "same", "bad", "mute", "part"]
    content = "shortname,fullname\n" + "".join(f"{name},A course\n" for name in names)
    run = workshop.make(courses(workshop, manner), content.encode())
    assert workshop.outcomes(run) == ["created", "updated", "deleted", "unchanged", "rejected", "rejected", "rejected"]
    assert reasons(workshop, run)["bad"] == "Moodle says: Could not resolve category by ID"
    assert reasons(workshop, run)["part"] == (
        "a part of the row was carried out, and then: Moodle says: Could not add method cohort"
    )


def test_refused_rows_are_in_a_tryback_that_can_be_dropped_again(workshop: Workshop) -> None:
    """Moodle never sees the column of the reasons: it would refuse the file for it."""
    run = workshop.make(users(workshop), (HEADER + "new,Ana\nbad,Bea\n").encode())
    assert run.counts == {Outcome.CREATED: 1, Outcome.REJECTED: 1}
    (tryback,) = workshop.waiting.values()
    assert tryback.decode() == 'username,firstname,tryback_reason\nbad,Bea,"Moodle says: Invalid username"\n'
    workshop.make(users(workshop), tryback)
    assert asked(workshop, "read.csv").decode() == "username,firstname\nbad,Bea\n"


def test_moodle_gets_utf_8_with_commas_and_whole_records(workshop: Workshop) -> None:
    """However the file is written: for one row that is too long Moodle's reader would refuse the whole file."""
    content = (
        "# an export\r\nUsername;firstname;city\r\nnew1;Zoé;Lyon, 2\r\n;;\r\nnew2;Ana\r\nnew3;B;C;D\r\nnew4;E;F\r\n"
    )
    run = workshop.make(users(workshop), content.encode("windows-1252"))
    assert asked(workshop, "read.csv").decode() == (
        'username,firstname,city\nnew1,Zoé,"Lyon, 2"\nnew2,Ana,\nnew4,E,F\n'
    )
    assert workshop.outcomes(run) == ["created", "created", "rejected", "created"]


def test_a_backslash_that_moodle_would_misread_refuses_its_row(workshop: Workshop) -> None:
    """PHP takes one before a quotation mark for something of its own."""
    run = workshop.make(users(workshop), (HEADER + 'new1,"a,\\"\nnew2,C:\\x\n').encode())
    assert workshop.outcomes(run) == ["rejected", "created"]


def test_what_the_settings_say_is_what_the_program_is_asked(workshop: Workshop) -> None:
    """In its own words."""
    made = users(workshop, mode="update", update="missing", allow_deletes=True, defaults={"auth": "ldap"})
    workshop.make(made, (HEADER + "new,Ana\n").encode())
    options = json.loads(asked(workshop))
    assert (options["uutype"], options["uuupdatetype"], options["uuallowdeletes"]) == ("3", "3", "1")
    assert (options["auth"], options["encoding"], options["delimiter_name"]) == ("ldap", "UTF-8", "comma")
    workshop.make(courses(workshop, category=7, allow_resets=True), b"shortname,fullname\nnew,A\n")


def test_the_program_is_found_where_moodle_had_it_before(workshop: Workshop) -> None:
    """Up to 5.0 it lay at the top."""
    made = users(workshop)
    shutil.rmtree(workshop.folder / "moodle")
    moodle(workshop, since_5_1=False)
    assert workshop.make(made, (HEADER + "new,Ana\n").encode()).state is RunState.DONE


def test_a_folder_without_a_moodle_is_said(workshop: Workshop) -> None:
    """The file waits."""
    made = users(workshop, moodle=workshop.folder)
    run = workshop.make(made, (HEADER + "new,Ana\n").encode())
    assert run.state is RunState.FAILED
    assert "config.php" in run.reason
    assert list(workshop.waiting) == [FILE]


@pytest.mark.parametrize(
    ("manner", "why"),
    [
        ("crash", "exit code 1"),
        ("help", "said nothing of 3 of 3 rows; it says: Invalid mode selected"),
    ],
)
def test_a_program_that_breaks_off_is_held(workshop: Workshop, manner: str, why: str) -> None:
    """Exit code 0 alone means nothing: uploadcourse.php shows its help with it."""
    run = workshop.make(users(workshop, manner), (HEADER + "new1,A\nnew2,B\nnew3,C\n").encode())
    assert run.state is RunState.HELD
    assert why in run.reason
    assert list(workshop.waiting) == [FILE]


def test_a_mass_deletion_is_held_before_it_begins(workshop: Workshop) -> None:
    """The program itself has no limit."""
    content = ("username,deleted\n" + "".join(f"gone{number},1\n" for number in range(40))).encode()
    guard = {"deletes": "5%", "changes": "100%"}
    held = workshop.make(users(workshop, allow_deletes=True, guard=guard), content)
    assert held.state is RunState.HELD
    assert "deletes" in held.reason
    assert not list((workshop.folder / "moodle").rglob("asked.json"))
    assert workshop.approved(users(workshop, allow_deletes=True, guard=guard), held).counts == {Outcome.DELETED: 40}


def test_a_file_that_was_cut_off_is_held(workshop: Workshop) -> None:
    """As for every kind."""
    run = workshop.make(users(workshop), (HEADER + "new,Ana\nnew").encode())
    assert run.state is RunState.HELD
    assert "cut-off" in run.reason


def test_a_simulation_starts_nothing(workshop: Workshop) -> None:
    """It shows what would be run, and which rows would never be sent."""
    run = workshop.make(users(workshop), (HEADER + "new,Ana\nx,y,z\n").encode(), simulated=True)
    assert workshop.outcomes(run) == ["skipped", "rejected"]
    assert "would be run:" in workshop.report(run)["notes"][0]
    assert not list((workshop.folder / "moodle").rglob("asked.json"))


def test_nothing_is_left_of_what_the_program_was_given(workshop: Workshop) -> None:
    """It may hold passwords."""
    workshop.make(users(workshop), (HEADER + "new,Ana\n").encode())
    assert not [path for path in workshop.folder.rglob("upload.csv") if path.is_file()]
    assert not list((workshop.state / "spool").iterdir())


def test_a_program_that_ended_before_its_run_broke_off_is_only_told(workshop: Workshop) -> None:
    """What it wrote is kept: each row has its result, and the program is not run again."""
    content = (HEADER + "new1,A\nbad,B\nsame,C\n").encode()
    made, changed = users(workshop), users(workshop, mode="update")
    broken_off(workshop, made, content)
    for script in (workshop.folder / "moodle").rglob("*.php"):
        script.unlink()
    (run,) = workshop.resume(changed)
    assert run.state is RunState.DONE
    assert workshop.outcomes(run) == ["created", "rejected", "unchanged"]
    assert json.loads(asked(workshop))["uutype"] == "2"
    assert "could not be told before" in workshop.report(run)["notes"][0]
    assert workshop.waiting[workshop.report(run)["tryback"]].startswith(b"username,firstname,tryback_reason\nbad,B,")
    assert not list((workshop.state / "spool").iterdir())


def test_a_program_whose_output_could_not_be_kept_is_held(tmp_path: Path) -> None:
    """It is not broken off for that; the last row of which something is kept may not be all that was said of it."""

    def running() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
        with closing(Workshop(tmp_path)) as workshop:
            run = workshop.make(users(workshop, "flood"), (HEADER + "new1,A\nnew2,B\n").encode())
            assert run.state is RunState.HELD
            assert "not all that the program wrote could be kept: File too large" in run.reason
            assert workshop.outcomes(run) == ["created", "unknown"]
            assert workshop.report(run)["output"].endswith("the very end\n")

    apart(running)


def test_a_large_output_is_understood_whole(workshop: Workshop) -> None:
    """The report shows its beginning and end; the rows' results are all there."""
    content = (HEADER + "".join(f"new{number},Ana\n" for number in range(20_000))).encode()
    run = workshop.make(users(workshop), content)
    assert run.counts == {Outcome.CREATED: 20_000}
    assert len(workshop.report(run)["output"]) < 70_000


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder in which the web server's account may read what its group may."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, group="www-data")
            folder.chmod(0o2755)
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.mark.skipif(not os.environ.get("SYNCD_TEST_MOODLE_ROOT"), reason="SYNCD_TEST_MOODLE_ROOT names no Moodle.")
def test_a_real_moodle_says_it_as_the_stand_in_does(shared: Path) -> None:
    """Its two programs, run as the web server's account where the tests are root's."""
    root = Path(os.environ["SYNCD_TEST_MOODLE_ROOT"])
    php = ["runuser", "-u", "www-data", "--", "php"] if os.geteuid() == 0 else ["php"]
    given = {"file": FILE, "moodle": root, "php": php, "guard": NO_LIMITS, "allow_deletes": True}
    workshop = Workshop(shared / "shop")
    name = f"t{os.getpid()}{shared.name.lower().replace('_', '')}"
    try:
        made = UploadUserTool.model_validate(given | {"defaults": {"city": "Lyon"}})
        address = f"{name}@example.org"
        rows = [f"{name},Ana,Roy,{address},", f",Eva,Roy,e{address},", f"{name},Bea,Roy,{address},"]
        rows += [f"{name},Bea,Roy,{address},1", f"{name}x,Eva,Roy,x{address},1"]
        run = workshop.make(made, "\n".join(["username,firstname,lastname,email,deleted", *rows, ""]).encode())
        outcomes = ["created", "rejected", "updated", "deleted", "rejected"]
        assert workshop.outcomes(run) == outcomes, workshop.report(run)

        made_courses = UploadCourseTool.model_validate(given)
        rows = [f"{name},Course,1,", f"{name}x,Course,999999,", f"{name},Course bis,1,", f"{name},,,1"]
        run = workshop.make(made_courses, "\n".join(["shortname,fullname,category,delete", *rows, ""]).encode())
        assert workshop.outcomes(run) == ["created", "rejected", "updated", "deleted"], workshop.report(run)
    finally:
        workshop.close()
