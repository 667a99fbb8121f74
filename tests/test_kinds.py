"""Each kind has a page that says what whoever writes its files must know, with an example that works."""

import re
from io import BytesIO
from pathlib import Path

import pytest

from syncd.run.reading import read
from syncd.tools.base import RowTool, kinds

PAGES = Path(__file__).parent.parent / "docs" / "kinds"
KINDS = {name: kind for name, kind in kinds().items() if issubclass(kind, RowTool)}


def page(kind: str) -> str:
    """The page of a kind."""
    return (PAGES / f"{kind}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_is_named(kind: str) -> None:
    """Whoever writes an export needs the names, and nothing else tells them."""
    assert KINDS[kind].columns - set(re.findall(r"`([\w-]+)`", page(kind))) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_every_function_is_named(kind: str) -> None:
    """Whoever sets up the token's service needs to know which it must hold."""
    assert {name for name in KINDS[kind].functions | KINDS[kind].companion if f"`{name}`" not in page(kind)} == set()


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.table is RowTool.table])
def test_the_examples_are_files_that_syncd_takes(kind: str) -> None:
    """What is shown is copied: each row of each example is understood."""
    examples = re.findall(r"^```csv\n(.*?)^```", page(kind), re.MULTILINE | re.DOTALL)
    assert examples
    for example in examples:
        tool = KINDS[kind].model_validate({"file": "x.csv"})
        reading = read(BytesIO(example.encode()), tool, "auto", "auto", lambda _rows: None)
        assert reading.rows
        assert not reading.rejected


BRINGS = {
    "users": {"user", "cohort"},
    "users-restore": {"user"},
    "courses": {"course", "category"},
    "cohorts": {"cohort"},
    "groups": {"group"},
    "uploaduser": {"user"},
    "uploadcourse": {"course"},
}
"""What rows of other kinds may wait for, by the kind that makes it."""


@pytest.mark.parametrize("kind", [name for name in BRINGS if name in kinds()])
def test_what_a_kind_makes_is_waited_for(kind: str) -> None:
    """Rows that name it are deferred, not refused, while such a file waits; and it has its turn before them."""
    assert kinds()[kind].brings >= BRINGS[kind]


def test_makes_come_before_uses() -> None:
    """Whatever stands first in the settings."""
    order = [
        "courses",
        "users",
        "cohorts",
        "groups",
        "enrolments",
        "group-members",  # of people who are enrolled
        "metas",
        "pictures",
        "courses-delete",
    ]
    known = [kind for kind in order if kind in KINDS]
    assert sorted(known, key=lambda kind: KINDS[kind].rank) == known
