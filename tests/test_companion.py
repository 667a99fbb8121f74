"""The companion plugin: its files, its lists and the handbook say the same, and PHP can read it."""

import re
import shutil
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import pytest

from syncd.core.functions import BUNDLE, FUNCTIONS, SITE_INFO
from syncd.errors import SiteRefused
from syncd.targets.sandbox import Sandbox
from syncd.tools.base import RowTool, kinds

ROOT = Path(__file__).parent.parent
PLUGIN = ROOT / "packaging" / "moodle" / "local_syncd"
PREFIX = "local_syncd_"
FILES = sorted(path.relative_to(PLUGIN) for path in PLUGIN.rglob("*.php"))


@cache
def text(name: str) -> str:
    """A file of the plugin."""
    return (PLUGIN / name).read_text()


def declared() -> set[str]:
    """The functions that Moodle is told of."""
    functions = text("db/services.php").partition("$services")[0]
    return set(re.findall(rf"'({PREFIX}\w+)' => \[", functions))


def served() -> set[str]:
    """What is in the service that the plugin brings."""
    return set(re.findall(r"'(\w+)',", text("db/services.php").partition("'functions' => [")[2]))


@pytest.mark.skipif(not shutil.which("php"), reason="There is no php here: `make setup` installs php-cli where it may.")
@pytest.mark.parametrize("name", FILES, ids=str)
def test_php_can_read_it(name: Path) -> None:
    """Every file is good PHP."""
    checked = subprocess.run(["php", "-l", PLUGIN / name], capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("name", FILES, ids=str)
def test_nothing_is_newer_than_php_7_4(name: Path) -> None:
    """Moodle 4.1 still runs on it: what later PHP brought would break a site."""
    newer = (
        r"\?->|\bmatch\s*\(|\benum\s+\w|\breadonly\b|#\[|: (?:static|mixed|never)\b|\bstr_(?:contains|starts_with)\("
    )
    assert re.findall(newer, text(str(name))) == []


class TestLists:
    """Of functions."""

    def test_each_function_is_a_class(self) -> None:
        """In a file of its own, named as the function is."""
        classes = {path.stem for path in (PLUGIN / "classes" / "external").glob("*.php")}
        assert {PREFIX + name for name in classes} == declared()
        for name in classes:
            assert re.search(rf"^final class {name} extends ", text(f"classes/external/{name}.php"), re.MULTILINE)

    def test_the_handbook_lists_each(self) -> None:
        """With what it does and what it checks, and none besides."""
        page = (ROOT / "docs" / "COMPANION.md").read_text()
        assert set(re.findall(rf"^\| `({PREFIX}\w+)` \|", page, re.MULTILINE)) == declared()

    def test_the_practice_site_has_each(self, tmp_path: Path) -> None:
        """Whatever works on a rehearsal works on a site."""
        site = Sandbox(tmp_path / "sandbox.sqlite")
        listed = {one["name"] for one in site.call(SITE_INFO, {})["functions"]}
        site.close()
        assert {name for name in listed if name.startswith(PREFIX)} == declared()

    def test_a_practice_site_can_be_without(self, tmp_path: Path) -> None:
        """It then has Moodle's own functions alone, and refuses the others as a site without the plugin does."""
        site = Sandbox(tmp_path / "sandbox.sqlite", companion=False)
        listed = {one["name"] for one in site.call(SITE_INFO, {})["functions"]}
        assert not {name for name in listed if name.startswith(PREFIX)}
        assert listed >= {SITE_INFO, BUNDLE, "core_user_create_users"}
        with pytest.raises(SiteRefused):
            site.call(f"{PREFIX}get_roles", {})
        site.close()

    def test_the_service_has_all_that_syncd_calls(self) -> None:
        """Nobody who uses it need tick anything."""
        called = {SITE_INFO, BUNDLE, *FUNCTIONS}
        for kind in kinds().values():
            if issubclass(kind, RowTool):
                called |= {*kind.functions, *kind.companion}
        assert called <= served()
        assert declared() <= served()

    def test_every_function_has_its_own_test(self) -> None:
        """For Moodle's own test suite."""
        tested = {path.name.removesuffix("_test.php") for path in (PLUGIN / "tests" / "external").glob("*_test.php")}
        assert {PREFIX + name for name in tested} == declared()


def test_every_string_is_there_and_used() -> None:
    """A code without its sentence would be answered as [[code]]."""
    there = set(re.findall(r"^\$string\['([^']+)'\]", text("lang/en/local_syncd.php"), re.MULTILINE))
    sources = "".join(text(str(name)) for name in FILES if name.parts[0] not in ("lang", "tests"))
    used = set(re.findall(r"new refusal\(\s*'(\w+)'", sources))
    used |= set(re.findall(r"'(privacy:[\w:]+)'", sources)) | {"pluginname"}
    assert there == used


def test_it_says_which_moodle_it_is_for() -> None:
    """From 4.1, whose version this is, to 5.1."""
    assert "$plugin->requires = 2022112800;" in text("version.php")
    assert "$plugin->supported = [401, 501];" in text("version.php")
    assert re.search(r"\$plugin->version = 20\d{8};", text("version.php"))


def test_the_archive_is_what_moodle_unzips(tmp_path: Path) -> None:
    """One folder, named as Moodle wants it in `local/`; the same sources give the same bytes."""

    def build(name: str) -> Path:
        made = subprocess.run(
            [sys.executable, ROOT / "packaging" / "companion.py", tmp_path / name],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return Path(made.stdout.strip())

    first = build("first")
    assert f"'{first.stem.removeprefix('local_syncd-')}'" in text("version.php")
    with zipfile.ZipFile(first) as archive:
        assert set(archive.namelist()) == {
            f"syncd/{path.relative_to(PLUGIN)}" for path in PLUGIN.rglob("*") if path.is_file()
        }
    assert build("second").read_bytes() == first.read_bytes()
