"""Each query of docs/LOG.md, as it is printed there, asked of a real journal about a real day of syncd."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from tests.journald import CATALOG, JOURNAL, privately

pytestmark = pytest.mark.root

ROOT = Path(__file__).parent.parent
DAY = CATALOG + JOURNAL + 'cd "$0" && "$1" -m tests.journalled_day "$2" <"$2/commands.json" >"$2/answers.json"'
EXPLAINED = "Explained"

Ask = Callable[[str, int], str]


def commands() -> dict[str, list[str]]:
    """The shell commands of the handbook's part on the journal, by the heading that they stand under."""
    part = (ROOT / "docs/LOG.md").read_text().partition("\n## In the journal\n")[2].partition("\n## ")[0]
    found = {}
    for section in part.split("\n### ")[1:]:
        heading, _, text = section.partition("\n")
        blocks = [dedent(block).strip() for block in re.findall(r"(?:^    .+\n)+", text, re.MULTILINE)]
        found[heading] = [
            command
            for block in blocks
            for command in ([block] if re.match(r"\w+=", block) else re.split(r"\n(?=\w)", block))
        ]
    return found


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What each command answered, by heading."""
    if not shutil.which("jq"):
        pytest.skip("needs jq")
    folder = tmp_path_factory.mktemp("day")
    # The wheel has it in /opt/syncd/share/syncd/systemd, the source in packaging/systemd.
    asked = {
        heading: [one.replace("/opt/syncd/share/syncd/systemd/", f"{ROOT}/packaging/systemd/") for one in those]
        for heading, those in commands().items()
    }
    asked[EXPLAINED].append("journalctl -q -t syncd -x")
    (folder / "commands.json").write_text(json.dumps([one for those in asked.values() for one in those]))
    privately(DAY, str(ROOT), sys.executable, str(folder), seconds=120)
    answered = iter(json.loads((folder / "answers.json").read_text()))
    found: dict[str, list[str]] = {}
    for heading, those in asked.items():
        for command in those:
            one = next(answered)
            assert (one["status"], one["err"]) == (0, ""), f"{command}\n{one}"
            found.setdefault(heading, []).append(one["out"])
    return found


@pytest.fixture
def events(answers: dict[str, list[str]]) -> Callable[[str, int], list[str]]:
    """Of one answer, by heading and number: the events in the order of their entries, with the file of each if any."""

    def of(heading: str, number: int) -> list[str]:
        return re.findall(r"syncd\[\d+\]: (\S+)", answers[heading][number])

    return of


Events = Callable[[str, int], list[str]]
A_RUN = ["run.started", "rows.refused", "file.archived", "run.ended"]


def test_every_query_finds_something(answers: dict[str, list[str]]) -> None:
    """None of them asks for a field, an event or a state that there is not."""
    silent = [
        commands()[heading][number]
        for heading, those in answers.items()
        if heading != EXPLAINED
        for number, answer in enumerate(those)
        if not answer.strip()
    ]
    assert not silent, "\n".join(silent)


def test_what_is_wrong_is_told_apart_from_what_happened(events: Events) -> None:
    """Warnings are what a person or a sender must look at; a notice adds starts and ends; arrivals are neither."""
    wrong = events("What happened", 0)
    assert sorted(wrong) == ["disk.filling", "file.refused", "rows.refused", "run.ended"]
    assert sorted(events("What happened", 1)) == sorted([*wrong, "daemon.started", "daemon.ready", "daemon.stopped"])


def test_the_alarms(answers: dict[str, list[str]], events: Events) -> None:
    """Each says what was found and what to do."""
    assert events("What happened", 2) == ["disk.filling"]
    assert 'cure="Make room' in answers["What happened"][2]


def test_what_came_today(answers: dict[str, list[str]], events: Events) -> None:
    """One line for each file, a name that is not UTF-8 among them."""
    assert events("What happened", 3) == ["file.arrived"] * 3
    assert r'file="caf\xe9.csv"' in answers["What happened"][3]
    assert sorted(set(events("What happened", 4))) == ["file.arrived", "run.ended"]


def test_what_was_refused_and_why(answers: dict[str, list[str]], events: Events) -> None:
    """A link in the drop folder, a row, and a whole file; each with its reason."""
    refused = answers["What was refused, and why"]
    assert events("What was refused, and why", 0) == ["file.refused", "rows.refused", "run.ended"]
    assert "obstacle=link" in refused[0]
    assert 'codes="value-wrong 1"' in refused[0]
    assert re.search(r"state=refused .*reason=", refused[0])
    assert re.fullmatch(r"\d{8}-\d{6}-users\tvalue-wrong 1\n", refused[1])
    assert events("What was refused, and why", 2) == ["run.ended"]


def test_one_run_from_arrival_to_archive(answers: dict[str, list[str]], events: Events) -> None:
    """The arrival comes first, although it knew nothing of the run; the archive is named."""
    assert events("One run, from arrival to archive", 0) == A_RUN
    assert events("One run, from arrival to archive", 1) == ["file.arrived", *A_RUN]
    assert re.search(r"archive=archives/\d{8}-\d{6}_users\.csv", answers["One run, from arrival to archive"][1])


def test_everything_about_one_file(events: Events) -> None:
    """By name there are both of its contents, by hash only the one."""
    by_name = events("Everything about one file", 0)
    assert (by_name.count("file.arrived"), by_name.count("run.ended")) == (2, 2)
    assert events("Everything about one file", 1) == ["file.arrived", "rows.refused", "file.archived", "run.ended"]


def test_numbers(answers: dict[str, list[str]]) -> None:
    """Seconds can be sorted and bytes be added up."""
    slowest, sums, names = answers["Numbers"]
    seconds = [float(line.split("\t")[0]) for line in slowest.splitlines()]
    assert len(seconds) == 2
    assert seconds == sorted(seconds, reverse=True)
    assert json.loads(sums)["files"] == 3
    assert {"file.arrived", "run.ended", "daemon.ready"} <= set(names.splitlines())


def test_the_journal_explains_each_entry(answers: dict[str, list[str]]) -> None:
    """With the catalog in its place as the handbook says, `-x` says below each entry what it means and what to do."""
    explained = answers[EXPLAINED][-1]
    entries = re.split(r"^(?=\S+ \d+ [\d:]+ )", explained, flags=re.MULTILINE)[1:]
    assert len(entries) > 10
    assert [entry for entry in entries if "░░ Subject: " not in entry] == []
    assert re.search(r'░░ "syncd report \d{8}-\d{6}-users" tells what became of each row', explained)
