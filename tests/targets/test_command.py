"""Running programs, tried with real ones."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from syncd.errors import Fault
from syncd.targets.command import Finished, run_command
from tests.waiting import wait_for

IGNORES_SIGTERM = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


def run(
    *argv: str,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 60.0,
    stop: Callable[[], bool] = lambda: False,
    output_limit: int = 65_536,
    grace: float = 10.0,
) -> Finished:
    """Run a program with settings that let it be."""
    return run_command(
        argv,
        folder=folder,
        environment=environment or {},
        timeout=timeout,
        stop=stop,
        output_limit=output_limit,
        grace=grace,
    )


def python(program: str, *arguments: str, **how: object) -> Finished:
    """Run a Python program."""
    return run(sys.executable, "-c", program, *arguments, **how)  # type: ignore[arg-type]  # handed on as they are


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_program_runs_to_its_end() -> None:
    """Its exit code and what it wrote come back."""
    finished = python("print('three users created'); raise SystemExit(3)")
    assert (finished.exit_code, finished.output) == (3, "three users created\n")
    assert not (finished.timed_out or finished.stopped or finished.truncated)
    assert 0 < finished.seconds < 60


def test_both_streams_come_in_the_order_written() -> None:
    """A message stands beside the output that it is about."""
    finished = run("sh", "-c", "echo one; echo two >&2; echo three")
    assert finished.output == "one\ntwo\nthree\n"


def test_no_shell_is_between() -> None:
    """An argument arrives as it was given, whatever it holds."""
    argument = "$(id); `id` * 'a\" \n é"
    assert python("import sys; print(ascii(sys.argv[1]))", argument).output == ascii(argument) + "\n"


def test_a_program_that_a_signal_ended_says_so() -> None:
    """The exit code is minus the signal's number."""
    assert python("import os; os.kill(os.getpid(), 9)").exit_code == -9


def test_it_works_in_its_folder(tmp_path: Path) -> None:
    """Relative names in the program mean what the administrator set."""
    assert python("import os; print(os.getcwd())", folder=tmp_path).output == f"{tmp_path}\n"


def test_it_sees_little_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what was set for it, and PATH, LANG, HOME and TZ: no token in a variable gets through."""
    monkeypatch.setenv("SYNCD_TOKEN", "secret")
    monkeypatch.setenv("TZ", "Europe/Paris")
    finished = run("env", environment={"MOODLE": "/srv/moodle", "LANG": "C.UTF-8"})
    variables = dict(line.split("=", 1) for line in finished.output.splitlines())
    assert variables.keys() <= {"PATH", "LANG", "HOME", "TZ", "MOODLE"}
    assert (variables["TZ"], variables["LANG"], variables["MOODLE"]) == ("Europe/Paris", "C.UTF-8", "/srv/moodle")


def test_it_gets_no_input_and_none_of_our_files(tmp_path: Path) -> None:
    """A program that asks a question gets an end of file, and it holds nothing open that is ours."""
    with (tmp_path / "ours").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        finished = python(
            "import os, sys; print(repr(sys.stdin.read())); print([os.readlink(f'/proc/self/fd/{fd}')"
            " for fd in os.listdir('/proc/self/fd') if int(fd) > 2 and os.path.exists(f'/proc/self/fd/{fd}')])"
        )
    assert finished.output == "''\n[]\n"


def test_memory_stays_flat_whatever_it_writes() -> None:
    """The beginning and the end are kept; how much is left out is said between them."""
    finished = python("print('begin'); print('x' * 50_000_000); print('end')", output_limit=1_024)
    assert finished.truncated
    assert finished.output.startswith("begin\nxxx")
    assert finished.output.endswith("xxx\nend\n")
    assert f"… {50_000_000 + 6 + 5 - 1_024} bytes left out …" in finished.output
    assert len(finished.output) < 1_200


def test_output_up_to_the_limit_is_whole() -> None:
    """Nothing is left out, and no mark is put in, when all of it may be kept."""
    finished = python("print('x' * 1_023)", output_limit=1_024)
    assert not finished.truncated
    assert finished.output == "x" * 1_023 + "\n"


def test_what_is_not_text_is_shown_as_such() -> None:
    """Bytes that are not UTF-8 do not spoil the report."""
    assert python("import sys; sys.stdout.buffer.write(b'caf\\xe9 ok')").output == "caf\ufffd ok"


def test_a_program_that_takes_too_long_is_asked_to_end() -> None:
    """It gets SIGTERM, may tidy up, and what it still writes is kept."""
    tidy = (
        "import signal, sys, time; signal.signal(15, lambda *_: sys.exit('tidied up'));"
        "print('working', flush=True); time.sleep(600)"
    )
    # Long enough to start Python, however busy the machine is.
    finished = python(tidy, timeout=5.0)
    assert finished.timed_out
    assert (finished.exit_code, finished.output) == (1, "working\ntidied up\n")
    assert 5 <= finished.seconds < 15


def test_a_program_that_does_not_listen_is_killed() -> None:
    """After the grace comes SIGKILL, which nothing ignores."""
    finished = python(IGNORES_SIGTERM, timeout=2.0, grace=0.3)
    assert finished.timed_out
    assert finished.exit_code == -9
    assert finished.output == "deaf\n"


def test_a_program_ends_when_syncd_must_stop(tmp_path: Path) -> None:
    """It is ended as soon as `stop` turns true, and that is not its own failure."""
    ready = tmp_path / "ready"
    program = f"import pathlib, time; pathlib.Path({str(ready)!r}).touch(); time.sleep(600)"
    finished = python(program, stop=ready.exists)
    assert finished.stopped
    assert not finished.timed_out
    assert finished.exit_code == -15


def test_its_children_end_with_it(tmp_path: Path) -> None:
    """A time-out reaches everything that the program started, also what does not listen."""
    pid = tmp_path / "pid"
    program = (
        "import pathlib, subprocess, sys, time;"
        f"child = subprocess.Popen([sys.executable, '-c', {IGNORES_SIGTERM!r}], stdout=subprocess.PIPE);"
        f"child.stdout.readline(); pathlib.Path({str(pid)!r}).write_text(str(child.pid)); time.sleep(600)"
    )
    finished = python(program, stop=lambda: pid.exists() and bool(pid.read_text()))
    assert finished.exit_code == -15
    child = int(pid.read_text())
    wait_for(lambda: not is_alive(child), what="the end of the child")


def test_a_child_that_keeps_the_output_open_does_not_hold_us_up() -> None:
    """The run ends with the program, and what it left running ends with it."""
    finished = run("sh", "-c", "sleep 600 & echo $!")
    assert finished.exit_code == 0
    assert finished.seconds < 30
    child = int(finished.output)
    wait_for(lambda: not is_alive(child), what="the end of the child")


def test_a_child_that_left_the_session_does_not_hold_us_up(tmp_path: Path) -> None:
    """Even one that we can't end, and that goes on writing, can't keep the run open."""
    program = (
        "import os, sys, time\n"
        "ready, go = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    os.setsid(); os.write(go, b'x')\n"
        "    while True: print('still here', flush=True)\n"  # ends by itself when nobody reads
        "os.read(ready, 1); print('done', flush=True)\n"
    )
    finished = python(program)
    assert finished.exit_code == 0
    assert finished.seconds < 30


def test_closing_its_output_is_not_the_end() -> None:
    """A program without output is waited for like any other."""
    assert run("sh", "-c", "exec >&- 2>&-; sleep 0.3; exit 7").exit_code == 7


def test_nothing_is_left_behind_when_asking_fails(tmp_path: Path) -> None:
    """When `stop` raises, the program is ended before the error goes on."""
    pid = tmp_path / "pid"
    program = f"import os, pathlib, time; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(600)"

    def stop() -> bool:
        if pid.exists() and pid.read_text():
            raise LookupError
        return False

    with pytest.raises(LookupError):
        python(program, stop=stop)
    assert not is_alive(int(pid.read_text()))


def test_no_handle_is_left_open() -> None:
    """A daemon can run programs for years."""
    python("")
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        python("print(1)")
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_a_program_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """The text names the program and the reason."""
    with pytest.raises(Fault, match=r"no-such-program can't be started: No such file"):
        run("no-such-program")
    with pytest.raises(Fault, match=r"folder .*/gone for the program env can't be used"):
        run("env", folder=tmp_path / "gone")


@pytest.mark.parametrize(("mode", "reason"), [(0o600, "Permission denied"), (0o700, "Exec format error")])
def test_a_file_that_is_no_program_is_a_fault(tmp_path: Path, mode: int, reason: str) -> None:
    """One that may not be run, or that the kernel does not understand, is said to be so."""
    program = tmp_path / "program"
    program.write_text("echo no first line that names an interpreter\n")
    program.chmod(mode)
    with pytest.raises(Fault, match=f"{program} can't be started: {reason}"):
        run(str(program))
