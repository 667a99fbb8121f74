"""The page that sets a Moodle up, and the role preset beside it, hold what the source needs."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from syncd.core.capabilities import CAPABILITIES, needed
from syncd.core.functions import FUNCTIONS
from syncd.core.probes import PROBES
from syncd.tools.base import RowTool, kinds

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "MOODLE.md").read_text(encoding="utf-8")
PRESET = ElementTree.parse(ROOT / "packaging" / "moodle" / "syncd-role.xml").getroot()
NEEDED = needed(CAPABILITIES)

FREE = frozenset({"core_files_upload"})
"""Functions that need no capability but what every account has, or what comes with others."""


def test_the_preset_allows_what_is_needed_and_no_more() -> None:
    """A role made by it is enough for everything, and for nothing else."""
    allowed = [one.text for one in PRESET.findall("permissions/allow")]
    assert allowed == NEEDED


def test_the_preset_lets_the_usual_roles_be_given() -> None:
    """In courses: nobody gets the role of the whole site by it."""
    assert [one.text for one in PRESET.findall("contextlevels/level")] == ["10"]
    assert {one.text for one in PRESET.findall("allowassign/shortname")} >= {"student", "teacher", "editingteacher"}


@pytest.mark.parametrize("capability", NEEDED)
def test_the_page_names_every_capability(capability: str) -> None:
    """Who makes the role by hand finds what it is for."""
    assert f"`{capability}`" in PAGE


def test_the_page_names_no_other_capability() -> None:
    """A right that is not needed is not asked for."""
    assert set(re.findall(r"`((?:moodle|enrol|webservice)/\w+:\w+)`", PAGE)) == set(NEEDED)


def test_every_function_that_a_kind_calls_has_its_capabilities() -> None:
    """So that `syncd doctor` can name them."""
    called = {
        function
        for kind in kinds().values()
        if issubclass(kind, RowTool)
        for function in kind.functions | kind.companion
    }
    assert (called | FUNCTIONS.keys()) - CAPABILITIES.keys() - FREE == set()


def test_what_is_probed_is_needed_by_something() -> None:
    """A probe for a capability that nothing needs would be a call for nothing."""
    assert {probe.capability for probe in PROBES} <= set(NEEDED)


@pytest.mark.parametrize(
    "kind", [kind for kind in kinds().values() if issubclass(kind, RowTool)], ids=lambda one: one.kind
)
def test_the_page_has_every_kind(kind: type[RowTool]) -> None:
    """With what it needs."""
    assert f"`{kind.kind}`" in PAGE
