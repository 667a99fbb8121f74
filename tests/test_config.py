"""`syncd.toml`: read once, wholly checked, frozen."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import tomli

from syncd.config import Config, load, machine_zone
from syncd.config.keys import ROWS, Key, describe_keys
from syncd.core.agenda import Every, OnArrival
from syncd.core.guard import Count
from syncd.errors import Problem, SettingsError
from syncd.tools.base import RowTool
from syncd.tools.users import UsersTool

PROJECT = Path(__file__).parent.parent
SHIPPED = PROJECT / "syncd.toml"
DOCUMENTED = PROJECT / "docs" / "SETTINGS.md"
KINDS = DOCUMENTED.parent / "kinds"

FOLDERS = """
[drop]
folder = "drop"
[repository]
folder = "repository"
[state]
folder = "state"
"""


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    """Where the settings of a test are written."""
    return tmp_path / "syncd.toml"


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every account can use, unlike pytest's."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def loaded(toml: Path, text: str, environment: Mapping[str, str] | None = None) -> Config:
    """The settings that a text means."""
    toml.write_text(text, encoding="utf-8")
    return load(toml, environment or {})


def refused(toml: Path, text: str) -> list[Problem]:
    """What is wrong in a text, besides the folders that every text needs."""
    with pytest.raises(SettingsError) as refusal:
        loaded(toml, text + FOLDERS)
    assert refusal.value.exit_code == 2
    return list(refusal.value.problems)


def only(toml: Path, text: str) -> Problem:
    """The one thing that is wrong in a text."""
    (problem,) = refused(toml, text)
    return problem


class TestReading:
    """What a good file becomes."""

    def test_three_folders_are_enough(self, toml: Path) -> None:
        """Everything else has a default, and the target is the practice site."""
        config = loaded(toml, FOLDERS)
        assert config.drop.settle == 2.0
        assert config.repository.keep_archives == 365 * 86_400
        assert config.target.kind == "sandbox"
        assert dict(config.tools) == {}

    def test_relative_paths_are_relative_to_the_file(self, toml: Path) -> None:
        """It does not matter where syncd was started."""
        assert loaded(toml, FOLDERS).drop.folder == toml.parent / "drop"

    def test_an_absolute_path_stays(self, toml: Path, tmp_path: Path) -> None:
        """A folder elsewhere is meant as it is written."""
        elsewhere = tmp_path / "elsewhere"
        assert loaded(toml, FOLDERS.replace('"drop"', f'"{elsewhere}"')).drop.folder == elsewhere

    def test_tools_keep_the_order_of_the_file(self, toml: Path) -> None:
        """Users come before enrolments because the file says so."""
        names = ["zebra", "users", "ant"]
        text = "".join(f'[tools.{name}]\nkind = "users"\nfile = "{name}.csv"\n' for name in names)
        assert list(loaded(toml, text + FOLDERS).tools) == names

    def test_a_tools_name_is_its_kind(self, toml: Path) -> None:
        """`[tools.users]` needs no kind, another name does."""
        assert loaded(toml, '[tools.users]\nfile = "users.csv"' + FOLDERS).tools["users"].kind == "users"

    def test_durations_timers_and_limits_are_read(self, toml: Path) -> None:
        """What is written as text comes as what it means."""
        text = '[tools.users]\nfile = "u.csv"\ntimer = ["on arrival", "every 15m"]\nguard = { deletes = 3 }'
        tool = loaded(toml, text + FOLDERS).tools["users"]
        assert isinstance(tool, RowTool)
        assert tool.timer == (OnArrival(), Every(900.0))
        assert tool.guard.deletes == Count(3)

    def test_systemds_state_folder_is_the_default(self, toml: Path, tmp_path: Path) -> None:
        """A unit with StateDirectory= needs no folder in the settings, and a folder there goes first."""
        without = FOLDERS.replace('[state]\nfolder = "state"\n', "")
        environment = {"STATE_DIRECTORY": f"{tmp_path}/ours:{tmp_path}/other"}
        assert loaded(toml, without, environment).state.folder == tmp_path / "ours"
        assert loaded(toml, FOLDERS, environment).state.folder == tmp_path / "state"

    def test_the_zone_is_the_machines_unless_named(self, toml: Path) -> None:
        """`TZ` moves a machine; the settings move the site."""
        environment = {"TZ": ":Asia/Kolkata"}
        assert loaded(toml, FOLDERS, environment).site.timezone == ZoneInfo("Asia/Kolkata")
        named = '[site]\ntimezone = "Europe/Paris"' + FOLDERS
        assert loaded(toml, named, environment).site.timezone == ZoneInfo("Europe/Paris")

    def test_a_rule_is_no_zone(self) -> None:
        """`TZ` may hold a rule instead of a name; then the machine's own zone counts, as if it were not set."""
        assert machine_zone({"TZ": "CET-1CEST"}) == machine_zone({})

    def test_the_same_file_gives_equal_settings(self, toml: Path) -> None:
        """A reload can tell whether anything changed."""
        text = '[tools.users]\nfile = "users.csv"' + FOLDERS
        assert loaded(toml, text) == loaded(toml, text)
        assert loaded(toml, text) != loaded(toml, text.replace("users.csv", "u.csv"))

    def test_the_settings_are_frozen(self, toml: Path) -> None:
        """Nothing changes the settings but reading the file again."""
        config = loaded(toml, FOLDERS)
        with pytest.raises(AttributeError):
            config.source = toml  # type: ignore[misc]  # that it can't is the point
        with pytest.raises(ValueError, match="frozen"):
            config.drop.settle = 3.0  # type: ignore[misc]  # that it can't is the point
        with pytest.raises(TypeError):
            config.tools["users"] = None  # type: ignore[index]  # that it can't is the point


class TestProblems:
    """What is said of a bad file."""

    def test_everything_is_said_at_once_in_the_order_of_the_file(self, toml: Path) -> None:
        """One look at the problems is enough to mend them all."""
        text = """
            sit = 3
            [csv]
            separator = "tabs"
            [tools.users]
            file = "archives/users.csv"
            timer = "61 * * * *"
            guard = { delets = 3, errors = "500%" }
            [tools.user]
            file = "x"
            [site]
            timezone = "Europe/Pari"
        """
        assert [problem.where for problem in refused(toml, text)] == [
            "sit",
            "csv.separator",
            "tools.users.file",
            "tools.users.timer",
            "tools.users.guard.delets",
            "tools.users.guard.errors",
            "tools.user.kind",
            "site.timezone",
        ]

    @pytest.mark.parametrize(
        ("text", "where", "hint"),
        [
            ("[cvs]", "cvs", "csv"),
            ('[csv]\nseparater = ","', "csv.separater", "separator"),
            ('[csv]\nencoding = "utf8"', "csv.encoding", "utf-8"),
            ('[site]\ntimezone = "europe/pariss"', "site.timezone", "Europe/Paris"),
            ('[tools.user]\nfile = "u.csv"', "tools.user.kind", "users"),
            ('[target]\nkind = "sandbx"', "target.kind", "sandbox"),
            ('[tools.users]\nfile = "u.csv"\nguard = { error = 3 }', "tools.users.guard.error", "errors"),
        ],
    )
    def test_a_wrong_name_gets_the_nearest_right_one(self, toml: Path, text: str, where: str, hint: str) -> None:
        """A slip of the pen is mended by reading the hint."""
        problem = only(toml, text)
        assert problem.where == where
        assert f"Did you mean {hint}?" in str(problem)

    def test_a_key_of_another_kind_says_so(self, toml: Path) -> None:
        """Whoever forgot the kind is told which one the key belongs to."""
        assert only(toml, '[tools.users]\nfile = "u.csv"\nargv = ["true"]').hint == 'It is a key of kind = "command".'

    def test_a_missing_key_says_what_it_is_for(self, toml: Path) -> None:
        """Nobody has to look up what syncd wants."""
        with pytest.raises(SettingsError) as refusal:
            loaded(toml, "")
        assert [problem.where for problem in refusal.value.problems] == [
            "drop.folder",
            "repository.folder",
            "state.folder",
        ]
        assert "$STATE_DIRECTORY" in str(refusal.value.problems[2])

    @pytest.mark.parametrize("table", ["site", "target", "csv", "tools", "tools.users"])
    def test_what_is_no_table_is_said(self, toml: Path, table: str) -> None:
        """A value in the place of a table is a problem like any other."""
        assert only(toml, f"{table} = 3").where == table
        assert only(toml, f"{table} = 3").what == "must be a table"

    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ("[drop]\nsettle = 3", "with a unit"),
            ('[drop]\nsettle = "soon"', "is not a duration"),
            ('[drop]\npoll_every = "0s"', "at least 1s"),
            ('[drop]\nrecursive = "perhaps"', "true or false"),
            ('[drop]\nhold_file = "a/b"', 'without "/"'),
            ('[drop]\nignore = ["../*.part"]', "pattern for a file name"),
            ('[drop]\nignore = "*.part"', "must be a list"),
            ('[repository]\nkeep_archives = "0d"', "at least 1d"),
            ('[repository]\nkeep_reports = "500000d"', "a century"),
        ],
    )
    def test_values_that_can_not_be_are_refused(self, toml: Path, text: str, what: str) -> None:
        """A value is checked when the file is read, not when it is first needed."""
        table = text.partition("\n")[0]
        rest = FOLDERS.replace(table, text)
        with pytest.raises(SettingsError, match=re.escape(what)):
            loaded(toml, rest)

    @pytest.mark.parametrize("name", ["Users", "-users", "us ers", "users.csv", "ü"])
    def test_a_tools_name_is_plain(self, toml: Path, name: str) -> None:
        """A tool's name can be typed, logged and used in a file name."""
        problem = only(toml, f'[tools."{name}"]\nkind = "users"\nfile = "u.csv"')
        assert "is not a name for a tool" in problem.what

    def test_what_may_be_a_secret_is_never_shown(self, toml: Path) -> None:
        """A problem can be mailed to anybody."""
        text = """
            [target]
            token = "hunter2"
            pasword = "hunter2"
            connections = "https://me:hunter2@moodle.example"
            [tools.users]
            file = "u.csv"
            defaults = { password = "hunter2" }
            [tools.command]
            file = "c.csv"
            argv = "run --password=hunter2"
            environment = { DB_PASSWORD = ["hunter2"] }
        """
        problems = refused(toml, text)
        assert len(problems) >= 5
        assert "hunter2" not in "\n".join(map(str, problems))

    def test_toml_errors_name_the_line(self, toml: Path) -> None:
        """Whoever mistyped finds the place."""
        with pytest.raises(SettingsError, match="line 2, column 5: is not TOML: invalid value"):
            loaded(toml, "a = 1\nb = = 2\n")

    def test_a_file_that_is_not_utf_8_is_said(self, toml: Path) -> None:
        """A file written in an old encoding is refused, not misread."""
        toml.write_bytes(b'[site]\nname = "Universit\xe9"\n')
        with pytest.raises(SettingsError, match="line 2: is not UTF-8"):
            load(toml, {})

    def test_a_file_that_is_not_there_is_said(self, toml: Path) -> None:
        """A missing file is no traceback."""
        with pytest.raises(SettingsError, match="can't be read: No such file"):
            load(toml, {})


class TestFiles:
    """Which files tools may name."""

    @pytest.mark.parametrize(
        "file",
        ["/etc/passwd", "../u.csv", "erp/../u.csv", "erp//u.csv", "./u.csv", ".u.csv", "erp/.x/u.csv", "erp/"],
    )
    def test_a_file_lies_plainly_in_the_repository(self, toml: Path, file: str) -> None:
        """No tool's file leads out of the repository or into what is hidden."""
        assert only(toml, f'[tools.users]\nfile = "{file}"').where == "tools.users.file"

    @pytest.mark.parametrize("file", ["archives/u.csv", "reports/*.csv", "archives"])
    def test_archives_and_reports_are_no_input(self, toml: Path, file: str) -> None:
        """What syncd wrote is never run by itself."""
        assert "belong to syncd" in only(toml, f'[tools.users]\nfile = "{file}"').what

    @pytest.mark.parametrize(
        ("one", "other"), [("u.csv", "u.csv"), ("erp/*.csv", "erp/u.csv"), ("erp/u.csv", "erp/?.csv"), ("*", "*")]
    )
    def test_no_two_tools_share_a_file(self, toml: Path, one: str, other: str) -> None:
        """Nobody could tell which of the two would run."""
        text = f'[tools.users]\nfile = "{one}"\n[tools.more]\nkind = "users"\nfile = "{other}"'
        problem = only(toml, text)
        assert (problem.where, problem.what) == ("tools.more.file", "is also the file of tools.users")

    def test_a_pattern_does_not_reach_into_sub_folders(self, toml: Path) -> None:
        """`*.csv` and `erp/u.csv` never mean the same file."""
        text = '[tools.users]\nfile = "*.csv"\n[tools.more]\nkind = "users"\nfile = "erp/u.csv"'
        assert len(loaded(toml, text + FOLDERS).tools) == 2
        assert only(toml, '[tools.users]\nfile = "**/u.csv"').where == "tools.users.file"


class TestFolders:
    """What the folders must be."""

    @pytest.mark.parametrize(
        ("drop", "repository", "state", "where"),
        [
            ("a", "a", "s", "repository.folder"),
            ("a", "a/b", "s", "repository.folder"),
            ("a/b", "a", "s", "drop.folder"),
            ("a", "b", "b/s", "state.folder"),
            ("a", "b/../a/c", "s", "repository.folder"),
            ("a", "link/c", "s", "repository.folder"),
        ],
    )
    def test_none_lies_inside_another(self, toml: Path, drop: str, repository: str, state: str, where: str) -> None:
        """Whatever links lead there, syncd never takes in its own files."""
        (toml.parent / "a").mkdir()
        (toml.parent / "link").symlink_to("a")
        text = f'drop.folder = "{drop}"\nrepository.folder = "{repository}"\nstate.folder = "{state}"'
        with pytest.raises(SettingsError) as refusal:
            loaded(toml, text)
        assert [problem.where for problem in refusal.value.problems] == [where]

    @pytest.mark.parametrize("folder", ["drop", "repository", "state"])
    def test_the_file_of_numbers_lies_in_none_of_them(self, toml: Path, folder: str) -> None:
        """It would be taken for a command file, or for syncd's own."""
        assert only(toml, f'[metrics]\nfile = "{folder}/syncd.prom"').where == "metrics.file"

    def test_the_file_of_numbers_is_one_that_is_read(self, toml: Path) -> None:
        """node_exporter passes over files of other names without a word."""
        assert "node_exporter" in only(toml, '[metrics]\nfile = "syncd.txt"').what

    def test_siblings_with_one_beginning_are_apart(self, toml: Path) -> None:
        """`sync` and `sync2` are two folders."""
        loaded(toml, 'drop.folder = "sync"\nrepository.folder = "sync2"\nstate.folder = "sync3"')

    def test_a_missing_folder_is_fine_where_it_can_be_made(self, toml: Path) -> None:
        """`serve` makes the folders; checking makes none."""
        config = loaded(toml, FOLDERS.replace('"drop"', '"not/there/yet"'))
        assert not config.drop.folder.exists()

    @pytest.mark.parametrize("folder", ["file", "file/below", "dangling"])
    def test_what_is_no_folder_is_said(self, toml: Path, folder: str) -> None:
        """A file, or a link to nowhere, in the place of a folder is found before anything starts."""
        (toml.parent / "file").touch()
        (toml.parent / "dangling").symlink_to("nowhere")
        with pytest.raises(SettingsError, match=r"drop\.folder: needs a folder"):
            loaded(toml, FOLDERS.replace('"drop"', f'"{folder}"'))

    @pytest.mark.parametrize("table", ["drop", "repository", "state"])
    @pytest.mark.parametrize("folder", ["closed", "closed/below"])
    def test_a_folder_that_can_not_be_written_is_said(self, public: Path, table: str, folder: str) -> None:
        """The missing right is found before the first upload is, and who only looks does not need it."""
        toml = public / "syncd.toml"
        (public / "closed").mkdir(mode=0o555)
        toml.write_text(FOLDERS.replace(f'"{table}"', f'"{folder}"'), encoding="utf-8")
        with ordinary_account():
            with pytest.raises(SettingsError) as refusal:
                load(toml, {})
            load(toml, {}, writable=False)
        (problem,) = refusal.value.problems
        assert (problem.where, problem.what) == (f"{table}.folder", "can't be written")
        assert str(public / "closed") in problem.hint

    @pytest.mark.parametrize("folder", ["", ".", "\\u0000"])
    def test_a_path_that_is_none_is_refused(self, toml: Path, folder: str) -> None:
        """Neither an empty path nor an impossible one gets as far as the disk."""
        with pytest.raises(SettingsError, match=r"drop\.folder: must be a path"):
            loaded(toml, FOLDERS.replace('"drop"', f'"{folder}"'))


class TestDocumentation:
    """What is written about the settings is whole and true."""

    def test_every_key_has_a_meaning(self) -> None:
        """A field without a docstring is a key that nobody can look up."""
        assert [key.place for key in describe_keys() if not key.meaning] == []

    def test_the_shipped_settings_load(self) -> None:
        """`syncd serve` works with the file as it is."""
        assert list(load(SHIPPED, {}).tools) == ["users", "courses", "enrolments"]

    def test_the_shipped_settings_show_every_key(self) -> None:
        """Every key stands there, set or commented out."""
        tables = tomli.loads(uncommented(SHIPPED.read_text(encoding="utf-8")))
        assert [f"{key.place} {key.kind}" for key in describe_keys() if not shown(tables, key)] == []

    def test_what_is_commented_out_is_the_default(self, toml: Path) -> None:
        """Taking away a # changes nothing, so that whoever does it starts from what there was."""
        text = SHIPPED.read_text(encoding="utf-8")
        before, after = loaded(toml, text), loaded(toml, uncommented(text))
        for part in ("drop", "repository", "state", "target", "alarms", "csv"):
            assert getattr(after, part) == getattr(before, part)
        same: dict[str, object] = {
            "separator": after.csv.separator,
            "encoding": after.csv.encoding,
            "order": UsersTool.rank,
        }
        same |= {"expected": after.tools["users"].expected, "smaller_than": before.tools["users"].remarkably_small}
        assert after.tools["users"] == before.tools["users"].model_copy(update=same)

    @pytest.mark.parametrize("key", describe_keys(), ids=lambda key: f"{key.place} {key.kind}")
    def test_the_document_explains_every_key(self, key: Key) -> None:
        """Every key has a row in the section of its table and kind, with the default that is true."""
        name = key.place.removeprefix("tools.NAME.").removeprefix("target.") if key.place.count(".") > 1 else key.name
        default = documented()[(key.place.partition(".")[0], key.kind)][name]
        if default.startswith("`"):
            assert default.strip("`") in _example(key)

    def test_the_document_explains_nothing_else(self) -> None:
        """A key that is gone is gone from the document too."""
        explained = sum(len(rows) for rows in documented().values())
        assert explained == len({(key.place, key.kind) for key in describe_keys()})


def uncommented(text: str) -> str:
    """A settings file with every key and table that is commented out put in."""
    return re.sub(r"^# (?=\[|[a-z_]+ = )", "", text, flags=re.MULTILINE)


def shown(tables: Mapping[str, Any], key: Key) -> bool:
    """Whether a key stands in a file."""
    table, *path = key.place.split(".")
    if key.kind == "rest":  # the shipped file has the sandbox; a site's keys stand in its example
        return re.search(rf"^#   {path[0]} = ", SHIPPED.read_text(encoding="utf-8"), re.MULTILINE) is not None
    if isinstance(tables.get(table), list):
        return path[0] in tables[table][0]
    if table != "tools":
        return path[0] in tables[table]
    if key.kind:
        tables = tomli.loads(uncommented(_example(key)))
    return any(
        _leads(tool, path[1:]) for name, tool in tables["tools"].items() if _has_key(tool.get("kind", name), key)
    )


def _has_key(kind: str, key: Key) -> bool:
    return key.kind in {"", kind} or (key.kind == ROWS and kind == "users")


def _example(key: Key) -> str:
    """The settings that show a key: a kind's own stand on its page, all others in the shipped file."""
    page = KINDS / f"{key.kind}.md"
    if not page.exists():
        return SHIPPED.read_text(encoding="utf-8")
    (example,) = re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return str(example)


def _leads(table: Any, path: list[str]) -> bool:
    return not path or (path[0] in table and _leads(table[path[0]], path[1:]))


def documented() -> dict[tuple[str, str], dict[str, str]]:
    """The keys of the document with their defaults, by table and kind."""
    sections: dict[tuple[str, str], dict[str, str]] = {}
    pages = [DOCUMENTED, *sorted(KINDS.glob("*.md"))]
    for line in (line for page in pages for line in page.read_text(encoding="utf-8").splitlines()):
        if heading := re.match(r"## `\[+([a-z]+)[^\]]*\]+`(?: of kinds?(?: that read)? `([a-z-]+)`)?", line):
            rows = sections.setdefault((heading[1], heading[2] or ""), {})
        elif row := re.match(r"\| `([a-z_.]+)` \| (.+?) \| .+ \|$", line):
            rows[row[1]] = row[2]
    return sections


@contextmanager
def ordinary_account() -> Iterator[None]:
    """Do something as an account that may not write everywhere, even in a test run by root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)
