"""A run of a file that a program takes whole: done, or held for a person whenever nobody can know what was done."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from syncd.core.model import RunState
from syncd.disk.records import RunRecord
from syncd.errors import LedgerFault
from syncd.run import carry_out
from syncd.tools.command import CommandTool
from syncd.tools.program import ProgramTool
from tests.killing import with_disk
from tests.run.workshop import FILE, Workshop, program
from tests.waiting import wait_for

BYTES = b"username\nana\n"


def python(code: str, *arguments: str, **settings: Any) -> CommandTool:
    """A tool whose program is a few lines of Python."""
    return program(sys.executable, "-c", code, *arguments, **settings)


def counting(folder: Path, **settings: Any) -> CommandTool:
    """A tool whose program notes each time that it runs."""
    return python(f"open({str(folder / 'ran')!r}, 'a').write('x')", **settings)


def times(folder: Path) -> int:
    """How often that program ran."""
    return len((folder / "ran").read_text()) if (folder / "ran").exists() else 0


def test_a_program_that_succeeds_ends_the_run(workshop: Workshop) -> None:
    """What it wrote stands in the report, and the file is archived."""
    run = workshop.make(python("import sys; print(open(sys.argv[1]).read())", "{file}"), BYTES)
    assert run.state is RunState.DONE
    assert workshop.report(run)["output"] == "username\nana\n\n"
    assert list(workshop.files("archives").values()) == [BYTES]
    assert not workshop.waiting


def test_other_exit_codes_can_mean_success(workshop: Workshop) -> None:
    """The settings say which."""
    assert workshop.make(python("raise SystemExit(3)", success=[0, 3]), BYTES).state is RunState.DONE


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("print('half'); raise SystemExit(1)", "the program ended with exit code 1, which is not among its signs of"),
        ("import os; os.kill(os.getpid(), 11)", "the program ended with signal 11"),
        ("import time; time.sleep(60)", "the program was ended after 1 s"),
    ],
    ids=["failure", "crash", "timeout"],
)
def test_a_program_that_fails_is_held(workshop: Workshop, code: str, why: str) -> None:
    """Nobody knows what it has done: the file waits for a person, who is told what to look at."""
    run = workshop.make(python(code, timeout=1.0), BYTES)
    assert run.state is RunState.HELD
    assert run.reason.startswith(why[:30])
    assert workshop.waiting == {FILE: BYTES}
    assert workshop.report(run)["breaches"]


def test_a_held_program_runs_again_when_it_is_approved(workshop: Workshop) -> None:
    """That is what a person says yes to."""
    tool = counting(workshop.folder, success=[1])
    held = workshop.make(tool, BYTES)
    assert workshop.approved(tool, held).state is RunState.HELD
    assert times(workshop.folder) == 2


def test_a_program_that_can_not_be_started_fails(workshop: Workshop) -> None:
    """Nothing was done, so the file waits, and is tried again."""
    run = workshop.make(program("/nowhere/program"), BYTES)
    assert run.state is RunState.FAILED
    assert "/nowhere/program" in run.reason
    assert workshop.waiting == {FILE: BYTES}


def ran(workshop: Workshop, **settings: Any) -> tuple[CommandTool, RunRecord]:
    """A program that ran once, and what the second run of the same bytes came to."""
    tool = counting(workshop.folder, **settings)
    assert workshop.make(tool, BYTES).state is RunState.DONE
    return tool, workshop.make(tool, BYTES)


def test_the_same_bytes_again_are_held(workshop: Workshop) -> None:
    """A program is not run twice on one upload unless somebody wants it."""
    _, again = ran(workshop)
    assert again.state is RunState.HELD
    assert again.reason == "the very same bytes were run on 2026-11-22 12:00"
    assert times(workshop.folder) == 1


def test_the_same_bytes_are_run_again_when_a_person_asks(workshop: Workshop) -> None:
    """By approving, or by syncd run."""
    tool, held = ran(workshop)
    assert workshop.approved(tool, held).state is RunState.DONE
    assert workshop.make(tool, BYTES, asked_by="ana").state is RunState.DONE
    assert times(workshop.folder) == 3


def test_the_same_bytes_are_run_again_when_the_settings_ask(workshop: Workshop) -> None:
    """A permanent command file is run at each tick."""
    _, again = ran(workshop, after_run="keep")
    assert again.state is RunState.DONE
    assert times(workshop.folder) == 2
    assert workshop.waiting == {FILE: BYTES}
    assert len(workshop.files("archives")) == 2


def test_bytes_whose_program_failed_are_held_when_they_come_again(workshop: Workshop) -> None:
    """The sender uploads them once more while they are held: still nobody knows what the first run has done."""
    tool = counting(workshop.folder, success=[1])
    held = workshop.make(tool, BYTES)
    assert held.state is RunState.HELD
    workshop.ledger.change_run(held, state=RunState.SUPERSEDED)
    assert workshop.make(tool, BYTES).state is RunState.HELD
    assert times(workshop.folder) == 1


def test_bytes_that_were_only_simulated_are_run(workshop: Workshop) -> None:
    """A simulation shows the command line, and starts nothing."""
    tool = counting(workshop.folder)
    simulated = workshop.make(tool, BYTES, simulated=True)
    assert simulated.state is RunState.DONE
    assert "would be run:" in workshop.report(simulated)["notes"][0]
    assert times(workshop.folder) == 0
    assert workshop.make(tool, BYTES).state is RunState.DONE


def test_a_program_that_was_interrupted_is_held(workshop: Workshop) -> None:
    """An earlier process began it and did not end it: nobody knows how far it came."""
    tool = counting(workshop.folder)
    workshop.put(BYTES)
    workshop.job(tool)
    (run,) = workshop.resume(tool)
    assert run.state is RunState.HELD
    assert times(workshop.folder) == 0
    assert workshop.waiting == {FILE: BYTES}


def broken_off(workshop: Workshop, tool: ProgramTool, content: bytes = BYTES) -> None:
    """A run whose report can't be written, because its folder is none; afterwards it is one again."""
    reports = workshop.repository.folder / "reports"
    reports.rmdir()
    reports.touch()
    with pytest.raises(OSError, match="reports"):
        workshop.make(tool, content)
    reports.unlink()
    reports.mkdir()


def test_a_program_that_ended_before_its_run_broke_off_is_only_told(workshop: Workshop) -> None:
    """How it ended is known: it is neither run again, nor held for a person."""
    tool = python(f"open({str(workshop.folder / 'ran')!r}, 'a').write('x'); print('all \u00e9 done')")
    broken_off(workshop, tool)
    workshop.later(hours=1)
    (run,) = workshop.resume(tool)
    assert (run.state, times(workshop.folder)) == (RunState.DONE, 1)
    report = workshop.report(run)
    assert report["output"] == "all é done\n"
    assert "the program ended on 2026-11-22 12:00, but this could not be told before" in report["notes"][1]
    assert not workshop.waiting
    assert not list((workshop.state / "spool").iterdir())


def test_a_program_that_failed_before_its_run_broke_off_is_held_for_that(workshop: Workshop) -> None:
    """The person who decides reads its exit code and what it wrote."""
    tool = python("print('half'); raise SystemExit(7)")
    broken_off(workshop, tool)
    (run,) = workshop.resume(tool)
    assert run.state is RunState.HELD
    assert "exit code 7" in run.reason
    assert workshop.report(run)["output"] == "half\n"


def test_an_approval_runs_the_program_whatever_was_noted_of_it(workshop: Workshop) -> None:
    """How it ended the first time is no answer to a person who wants it run again."""
    tool = counting(workshop.folder, success=[1])
    broken_off(workshop, tool)
    (held,) = workshop.resume(tool)
    workshop.approved(tool, held)
    assert times(workshop.folder) == 2


@pytest.mark.root
def test_a_disk_that_a_program_fills_leaves_its_end_known(tmp_path: Path) -> None:
    """Neither the ledger nor a report can be written then; once there is room, the run is concluded."""

    def running() -> None:
        workshop = Workshop(tmp_path)
        filler = tmp_path / "filler"
        tool = program("/bin/sh", "-c", 'cat /dev/zero >"$1" 2>/dev/null; echo done', "sh", str(filler))
        with pytest.raises((OSError, LedgerFault)):
            workshop.make(tool, BYTES)
        assert filler.stat().st_size > 100_000
        with pytest.raises((OSError, LedgerFault)):
            workshop.resume(tool)
        filler.unlink()
        (run,) = workshop.resume(python("raise SystemExit('must not be run')"))
        assert run.state is RunState.DONE
        assert workshop.report(run)["output"] == "done\n"
        workshop.close()

    with_disk(tmp_path, "2m", running)


@pytest.mark.root
def test_a_program_is_not_started_where_its_end_could_not_be_noted(tmp_path: Path) -> None:
    """On a disk that is full already; the file waits until there is room."""

    def running() -> None:
        workshop = Workshop(tmp_path)
        tool = counting(tmp_path, output_limit=10_000_000)
        with pytest.raises(OSError, match="No space"):
            workshop.make(tool, BYTES)
        assert times(tmp_path) == 0
        workshop.close()

    with_disk(tmp_path, "2m", running)


def test_hurry_ends_the_program(workshop: Workshop) -> None:
    """The run is interrupted, and held at the next start."""
    started = workshop.folder / "started"
    tool = python(f"import time; open({str(started)!r}, 'w'); time.sleep(600)")
    workshop.put(BYTES)
    job = workshop.job(tool)
    ends: list[RunRecord] = []
    place = replace(workshop.place, ledger=workshop.open_ledger())
    run = Thread(target=lambda: ends.append(carry_out(job, place)))
    run.start()
    wait_for(started.exists)
    workshop.hurried = True
    run.join(20)
    assert [end.state for end in ends] == [RunState.INTERRUPTED]
    workshop.hurried = False
    assert [end.state for end in workshop.resume(tool)] == [RunState.HELD]


@pytest.mark.parametrize(
    "name", ["$(touch pwned).csv", "a b;c.csv", "--help", "-rf *.csv", "'\"`|&.csv", "line\nfeed.csv", "{run}.csv"]
)
def test_no_name_is_a_shells_matter(workshop: Workshop, name: str) -> None:
    """Placeholders stay within their argument, whatever a file is called."""
    tool = python("import json, sys; print(json.dumps(sys.argv[1:]))", "--file={file}", "{name}", "{run}:{site}")
    run = workshop.make(tool, BYTES, path=f"erp/{name}")
    file, path, rest = json.loads(workshop.report(run)["output"])
    assert Path(file.removeprefix("--file=")).name == name
    assert (path, rest) == (f"erp/{name}", f"{run.id}:campus")
    assert not list(workshop.folder.rglob("pwned"))
