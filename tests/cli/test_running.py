"""A run that somebody asks for: its report, and its exit code."""

import json

from tests.cli.place import HEADER, Place, users


def test_a_run_ends_with_its_report(either: Place) -> None:
    """The report is printed, the exit code is 0, and `report` prints the same again."""
    (either.erp / "users.csv").write_text(users(3))
    said = either.says("run", "users")
    assert (said.code, said.err) == (0, "")
    assert "3 rows changed it" in said.out
    assert either.says("report").out == said.out


def test_rejected_rows_are_exit_code_3(either: Place) -> None:
    """A run that refused a row is done, and says so by its exit code."""
    (either.erp / "users.csv").write_text(users(2) + "nobody,No,Body,,0\n")
    said = either.says("run", "users")
    assert said.code == 3
    assert "1 rejected" in said.out


def test_a_held_run_is_exit_code_4(either: Place) -> None:
    """A file that would delete too much is held, and stays held until somebody decides."""
    run = either.holds_a_run()
    assert f"syncd approve {run}" in either.says("report", run).out
    assert (either.erp / "users.csv").exists()


def test_a_refused_file_is_exit_code_5(either: Place) -> None:
    """A file that can't be understood is refused as a whole, with its report."""
    (either.erp / "users.csv").write_text("usrname,firstname\nann,Ann\n")
    said = either.says("run", "users")
    assert said.code == 5
    assert "REFUSED" in said.out


def test_nothing_to_run_is_no_error(either: Place) -> None:
    """Where no file waits, that is said, and the exit code is 0."""
    said = either.says("run", "users")
    assert said.code == 0
    assert "nothing to run" in said.out


def test_a_simulation_changes_nothing(either: Place) -> None:
    """The file of a simulated run still waits afterwards, and the site was sent nothing."""
    (either.erp / "users.csv").write_text(users(3))
    said = either.says("run", "users", "--simulate")
    assert said.code == 0
    assert "only simulated" in said.out
    assert (either.erp / "users.csv").exists()
    assert [run["simulated"] for run in either.tells("runs")] == [True]
    assert "3 rows changed it" in either.says("run", "users").out


def test_a_simulation_alone_is_not_followed_by_the_run_itself(place: Place) -> None:
    """Where no daemon runs, timers rest: a file that would run on arrival waits after its simulation."""
    place.settings.write_text(place.settings.read_text().replace("0 3 * * *", "on arrival"))
    (place.erp / "users.csv").write_text(users(3))
    assert place.says("run", "users", "--simulate").code == 0
    assert (place.erp / "users.csv").exists()
    assert len(place.tells("runs")) == 1


def test_a_file_can_be_named(either: Place) -> None:
    """With `--file` it does not matter what file the settings name, and an archived one can be run again."""
    (either.erp / "by_hand.csv").write_text(users(2))
    assert either.says("run", "users", "--file", "erp/by_hand.csv").code == 0
    (archived,) = [path.name for path in (either.repository / "archives").iterdir() if path.is_file()]
    said = either.says("run", "users", "--file", f"archives/{archived}")
    assert said.code == 0
    assert "0 rows changed it" in said.out


def test_an_approved_run_is_applied(either: Place) -> None:
    """After `approve` the planned rows are carried out, and the report says so."""
    run = either.holds_a_run()
    said = either.says("approve", run)
    assert said.code == 0, said.out
    assert "40 rows changed it" in said.out
    assert not (either.erp / "users.csv").exists()


def test_a_rejected_run_sends_nothing(either: Place) -> None:
    """After `reject` the file lies in archives/refused, and the run can't be decided on again."""
    run = either.holds_a_run()
    said = either.says("reject", run)
    assert said.code == 0, said.out
    assert "rejected by a person" in said.out
    assert len(list((either.repository / "archives" / "refused").iterdir())) == 1
    assert either.says("approve", run).code == 2


def test_reports_are_for_people_and_for_programs(place: Place) -> None:
    """`report` prints text, JSON or the rows, of the run that the beginning of its name means."""
    (place.erp / "users.csv").write_text(users(2) + "nobody,No,Body,,0\n")
    place.says("run", "users")
    (run,) = place.tells("runs")
    beginning = str(run["run"])[:8]
    assert json.loads(place.says("report", beginning, "--json").out)["run"] == run["run"]
    assert place.says("report", "--rows").out.startswith("line,outcome,subject")
    assert run["counts"]["created"] == 2


def test_the_beginning_of_several_runs_is_not_enough(place: Place) -> None:
    """A beginning that two runs have is refused, and both are named."""
    for _ in range(2):
        (place.erp / "users.csv").write_text(users(1))
        place.says("run", "users")
    names = [run["run"] for run in place.tells("runs")]
    said = place.says("report", "2")
    assert said.code == 2
    assert all(name in said.err for name in names)


def test_runs_can_be_counted_and_chosen(place: Place) -> None:
    """`runs` lists the newest first, at most so many, of one tool alone where one is named."""
    assert place.says("runs").out == "No run yet\n"
    (place.erp / "users.csv").write_text(users(1))
    place.says("run", "users")
    (place.erp / "partners1.csv").write_text(HEADER + "p,P,P,p@example.org,0\n")
    place.says("run", "partners")
    assert [run["tool"] for run in place.tells("runs")] == ["partners", "users"]
    assert [run["tool"] for run in place.tells("runs", "--tool", "users")] == ["users"]
    assert len(place.tells("runs", "-n", "1")) == 1
    assert "erp/partners1.csv" in place.says("runs").out
