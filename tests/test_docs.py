"""The handbook and the source say the same, and no link leads nowhere."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest

from syncd.config import load
from syncd.core.codes import CODES
from syncd.core.guard import Guard
from syncd.core.model import Outcome, RunState
from syncd.core.settle import OBSTACLES
from syncd.run.reading import read
from syncd.tools.users import UsersTool

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "syncd"
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]

REFUSALS = {"Refusal", "FileRefused", "Unfit"}
"""What is made with a code for its first argument."""

ENDINGS = {"unreachable", "failed"}
"""Codes of how a run ended, which no sender can mend."""

_MARKDOWN_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@cache
def page(name: str) -> str:
    """The text of a page, by its path from the top."""
    return (ROOT / name).read_text()


def modules() -> set[str]:
    """Every module of the source, as the pages name it: `core/guard.py`."""
    return {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py")}


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call in the source, with the name of what is called."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                    yield name, node


def used_codes() -> Iterator[str]:
    """The codes in the source, each as an expression: `email-other` may stand there as f"{column}-other"."""
    for name, call in calls():
        match call.args:
            case [ast.Constant(value=str(code)), *_] if name in REFUSALS and code:
                yield re.escape(code)
            case [ast.JoinedStr(values=parts), *_] if name in REFUSALS:
                yield "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in parts)


def events() -> Iterator[tuple[str, str]]:
    """The events that the source logs, each with its level."""
    for name, call in calls():
        match call.args:
            case [ast.Constant(value=str(event)), *_]:
                yield name, event


def first_column(text: str) -> dict[str, str]:
    """The second cell by the first one, of every table row whose first cell is one word of code."""
    return dict(re.findall(r"^\| `([^`]+)` \| (.+?) \|", text, re.MULTILINE))


def links() -> Iterator[tuple[Path, str]]:
    """Every relative link of every page."""
    for source in PAGES:
        for target in _MARKDOWN_LINK.findall(source.read_text()):
            if "://" not in target:
                yield source, target


def anchors(path: Path) -> set[str]:
    """The anchors of a page, made from its headings as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class TestCodes:
    """Of refusals."""

    def test_every_code_in_the_source_is_listed(self) -> None:
        """A code that nobody can look up is no code."""
        listed = CODES.keys() | ENDINGS
        unlisted = {code for code in used_codes() if not any(re.fullmatch(code, known) for known in listed)}
        assert not unlisted, f"add to syncd/core/codes.py and docs/CODES.md: {unlisted}"

    def test_every_listed_code_is_used(self) -> None:
        """A code that nothing refuses by would be looked for in vain."""
        used = list(used_codes())
        assert {code for code in CODES if not any(re.fullmatch(one, code) for one in used)} == set()

    def test_the_handbook_explains_every_code(self) -> None:
        """`docs/CODES.md` has a row for each code, with the same meaning, and none besides."""
        explained = first_column(page("docs/CODES.md"))
        assert explained.keys() == CODES.keys() | ENDINGS
        assert {code: explained[code] for code in CODES} == CODES

    def test_every_code_says_what_to_do(self) -> None:
        """A meaning without a cure leaves the sender alone with it."""
        cures = dict(re.findall(r"^\| `([^`]+)` \| .+? \| (.+) \|$", page("docs/CODES.md"), re.MULTILINE))
        assert cures.keys() == CODES.keys() | ENDINGS


class TestTrouble:
    """What the code can complain of, and the page for 3 a.m."""

    @pytest.mark.parametrize("obstacle", OBSTACLES)
    def test_every_obstacle_is_explained(self, obstacle: str) -> None:
        """Whatever stays in the drop folder stands there with what to do."""
        assert obstacle in first_column(page("docs/TROUBLE.md"))

    @pytest.mark.parametrize("limit", Guard.model_fields)
    def test_every_limit_is_explained(self, limit: str) -> None:
        """A held run's reason begins with the limit's name."""
        assert f"| `{limit}:` |" in page("docs/TROUBLE.md")

    def test_every_warning_and_error_is_explained(self) -> None:
        """Who searches the page for an event that wants a person finds it."""
        wanting = {event for level, event in events() if level in {"warning", "error", "exception"}}
        assert {event for event in wanting if f"`{event}`" not in page("docs/TROUBLE.md")} == set()


class TestSenders:
    """The page for those who write the files."""

    def test_the_example_is_a_file_that_syncd_takes(self) -> None:
        """What is shown is copied: each of its rows is understood."""
        section = page("docs/SENDERS.md").partition("## What a users file may look like")[2]
        example = "".join(re.findall(r"^    (.*\n)", section.partition("* **")[0], re.MULTILINE)).encode()
        tool = UsersTool(file="users.csv")
        reading = read(BytesIO(example), tool, "auto", "auto", lambda _rows: None)
        assert (reading.rows, reading.rejected, reading.notes) == (3, 0, ())


class TestWords:
    """The glossary."""

    @pytest.mark.parametrize("state", RunState)
    def test_every_state_of_a_run_is_explained(self, state: RunState) -> None:
        """What `syncd runs` shows can be looked up, with where the file is then."""
        assert re.search(rf"^\| {state} \| .+ \| .+ \|$", page("docs/GLOSSARY.md"), re.MULTILINE)

    @pytest.mark.parametrize("outcome", Outcome)
    def test_every_outcome_of_a_row_is_named(self, outcome: Outcome) -> None:
        """So can what the report counts."""
        row = next(line for line in page("docs/GLOSSARY.md").splitlines() if line.startswith("| outcome |"))
        assert outcome in row


class TestRooms:
    """The map of the source."""

    def test_every_module_is_on_the_map(self) -> None:
        """Who opens a room for the first time finds each module with its sentence."""
        assert modules() - first_column(page("docs/ROOMS.md")).keys() == set()

    def test_the_map_shows_no_module_that_is_gone(self) -> None:
        """Nor is anybody sent to a room that was cleared."""
        named = set(re.findall(r"`((?:\w+/)*\w+\.py)`", page("docs/ROOMS.md")))
        assert named - modules() == {name for name in named if name.startswith("tests/")}


class TestLinks:
    """From page to page."""

    def test_every_link_leads_somewhere(self) -> None:
        """To a file or folder that is there, and to a heading that it has."""
        broken = []
        for source, target in links():
            name, _, anchor = target.partition("#")
            there = (source.parent / name).resolve() if name else source
            if not there.exists() or (anchor and anchor not in anchors(there)):
                broken.append(f"{source.relative_to(ROOT)}: {target}")
        assert not broken, "\n".join(broken)

    def test_every_page_is_linked_from_another(self) -> None:
        """A page that no other names is never read; decisions are reached by their folder."""
        reached = {(source.parent / target.partition("#")[0]).resolve() for source, target in links()}
        lost = [str(one.relative_to(ROOT)) for one in PAGES[1:] if one not in reached and one.parent not in reached]
        assert not lost

    def test_the_readme_names_every_page_of_the_handbook(self) -> None:
        """One click from the front door; decisions by their folder."""
        assert {one.name for one in DOCS.glob("*.md") if f"docs/{one.name}" not in page("README.md")} == set()


class TestDecisions:
    """The records of what was decided."""

    @pytest.mark.parametrize("record", sorted((DOCS / "decisions").glob("*.md")), ids=lambda path: path.stem[:4])
    def test_a_record_has_its_number_and_is_short(self, record: Path) -> None:
        """Its title begins with the number of its name, and it is read in a minute."""
        lines = record.read_text().splitlines()
        assert lines[0].startswith(f"# {int(record.name[:4])}. ")
        assert len(lines) < 45

    def test_numbers_are_given_once(self) -> None:
        """And none is left out."""
        numbers = sorted(int(record.name[:4]) for record in (DOCS / "decisions").glob("*.md"))
        assert numbers == list(range(1, len(numbers) + 1))


class TestComingFromThePlugin:
    """The page for those who change over."""

    def test_its_settings_are_settings(self, tmp_path: Path) -> None:
        """What is shown is copied: every tool is understood."""
        (example,) = re.findall(r"^```toml\n(.*?)^```", page("docs/FROM_TOOL_SYNC.md"), re.MULTILINE | re.DOTALL)
        file = tmp_path / "syncd.toml"
        file.write_text(example.replace('"/', f'"{tmp_path}/'))
        assert {tool.kind for tool in load(file, {}).tools.values()} >= {"users", "courses", "enrolments", "pictures"}
