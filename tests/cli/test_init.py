"""From an installed program to a service: what is asked, what is written, and that nothing is overwritten."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from stat import S_IMODE

import pytest

from syncd import config
from syncd.cli.init.answers import offered
from syncd.cli.init.moodle import found_on, settings_of
from syncd.cli.init.settings_text import settings_text
from syncd.cli.main import carry_out
from syncd.errors import UsageError
from syncd.targets.rest import RestSettings
from tests.cli.place import PATIENCE, PROJECT, Place, Said
from tests.killing import as_nobody

TOKEN = "0123456789abcdef0123456789abcdef"
CONFIG = """\
<?php  // Moodle configuration file
unset($CFG); global $CFG; $CFG = new stdClass();
// $CFG->dataroot = '/old';
/*
$CFG->dataroot = '/older';
*/
$CFG->wwwroot   = 'https://moodle.example.org/';
$CFG->dataroot  = "/var/moodledata";
$CFG->dirroot = __DIR__ . '/public';
require_once(__DIR__ . '/lib/setup.php');
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")


@dataclass(frozen=True, slots=True)
class Machine:
    """The file system of a machine on which nothing is set up."""

    place: Place

    @property
    def root(self) -> Path:
        """Its root."""
        return self.place.folder / "root"

    def init(self, *arguments: str, stdin: str = "") -> Said:
        """Set it up, asking nothing."""
        out, err = StringIO(), StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(sys, "stdin", StringIO(stdin))
            code = carry_out(["init", "--yes", "--root", str(self.root), *arguments])
        assert TOKEN not in out.getvalue() + err.getvalue()
        return Said(code, out.getvalue(), err.getvalue())

    def reads(self, path: str) -> str:
        """The text of one of its files."""
        return (self.root / path.lstrip("/")).read_text()

    def files(self) -> dict[str, bytes]:
        """All its files."""
        found = (path for path in self.root.rglob("*") if path.is_file() and not path.is_symlink())
        return {str(path.relative_to(self.root)): path.read_bytes() for path in found}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine."""
    (tmp_path / "root").mkdir()
    return Machine(Place(tmp_path))


@contextmanager
def at_terminal(folder: Path, *arguments: str) -> Iterator["Terminal"]:
    """`syncd init` at a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "syncd", "init", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "TERM": "xterm", "COLUMNS": "200"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(process, ours)
        finally:
            process.kill()
            os.close(ours)


@dataclass(slots=True)
class Terminal:
    """What stands on a terminal."""

    process: "subprocess.Popen[bytes]"
    handle: int
    said: str = ""
    _read: int = 0

    def answers(self, question: str, answer: str) -> None:
        """Wait for a question, and answer it; an empty answer is the usual one."""
        while question not in self.said[self._read :] or not self.said.rstrip(" ").endswith(":"):
            self.said += os.read(self.handle, 4096).decode()
        self._read = len(self.said)
        os.write(self.handle, f"{answer}\n".encode())

    def ends(self) -> int:
        """Read on to the end; the exit code."""
        with suppress(OSError):  # Linux says EIO when the last one closes its end (pty(7))
            while piece := os.read(self.handle, 4096):
                self.said += piece.decode()
        return self.process.wait(PATIENCE)


@as_root
class TestUnattended:
    """Everything can be said by options."""

    def test_a_machine_is_set_up(self, machine: Machine) -> None:
        """Settings that can be used, the token for root alone, users, folders, the unit, and its drop-in."""
        moodle = machine.root / "var/www/moodle"
        moodle.mkdir(parents=True)
        (moodle / "config.php").write_text(CONFIG)
        (machine.root / "etc").mkdir()
        (machine.root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nerp:x:812:812::/:/usr/sbin/nologin\n")
        options = ["--moodle", "/var/www/moodle", "--sender", "erp", "--zone", "Europe/Paris"]
        said = machine.init(*options, "--token-file", "-", stdin=TOKEN)
        assert said.code == 0, said.err
        there = config.load(machine.root / "etc/syncd/syncd.toml", {}, writable=False)
        assert isinstance(there.target, RestSettings)
        assert (there.target.url, there.target.token_credential) == ("https://moodle.example.org", "token")
        assert str(there.drop.folder) == "/var/moodledata/sync"
        assert list(there.tools) == ["users", "courses", "enrolments"]
        token = machine.root / "etc/credstore/syncd.token"
        assert (token.read_text().strip(), S_IMODE(token.stat().st_mode), token.stat().st_uid) == (TOKEN, 0o600, 0)
        drop = (machine.root / "var/moodledata/sync").stat()
        groups = dict(re.findall(r"^(\w+):[^:]*:(\d+):", machine.reads("/etc/group"), re.MULTILINE))
        assert (S_IMODE(drop.st_mode), drop.st_uid, drop.st_gid) == (0o2770, 0, int(groups["sftp"]))
        assert re.search(r"^sftp:[^:]*:[0-9]*:syncd,erp$", machine.reads("/etc/group"), re.MULTILINE)
        assert re.search(r"^ReadWritePaths=/var/moodledata/sync$", _drop_in(machine), re.MULTILINE)
        assert "IPAddressAllow" not in _drop_in(machine)
        assert "ExecStart=/opt/syncd/bin/syncd serve" in machine.reads("/etc/systemd/system/syncd.service")
        assert "systemctl enable --now syncd" in said.out

    def test_a_second_call_changes_nothing(self, machine: Machine) -> None:
        """It may be called again at any time: what is there is kept, whatever it says, and what lacks is made."""
        assert machine.init("--url", "https://moodle.example.org", "--token-file", "-", stdin=TOKEN).code == 0
        (machine.root / "etc/systemd/system/syncd.service").write_text("# mine\n")
        (machine.root / "srv/sftp/erp/sync").chmod(0o2777)
        lost = machine.root / "etc/systemd/system/syncd.service.d/site.conf"
        text = lost.read_text()
        before = machine.files()
        lost.unlink()
        said = machine.init()
        assert said.code == 0, said.err
        assert machine.files() == before
        assert lost.read_text() == text
        assert "kept  /etc/systemd/system/syncd.service, which is other" in said.out
        assert S_IMODE((machine.root / "srv/sftp/erp/sync").stat().st_mode) == 0o2777

    def test_an_instance_is_set_up_beside(self, machine: Machine) -> None:
        """Each has settings, token, folders and a drop-in of its own; users and units serve all."""
        assert machine.init().code == 0
        said = machine.init("library", "--url", "http://192.0.2.7", "--token-file", "-", stdin=TOKEN)
        assert said.code == 0, said.err
        there = config.load(machine.root / "etc/syncd/library.toml", {}, writable=False)
        folders = [str(each) for each in (there.drop.folder, there.repository.folder, there.state.folder)]
        assert folders == ["/srv/sftp/library/sync", "/srv/syncd/library", "/var/lib/syncd/library"]
        assert there.site.name == "library"
        assert (machine.root / "etc/credstore/syncd.library.token").exists()
        assert "syncd doctor -c library" in said.out
        assert "%i.toml" in machine.reads("/etc/systemd/system/syncd@.service")
        drop_in = machine.reads("/etc/systemd/system/syncd@library.service.d/site.conf")
        assert "ReadWritePaths=/srv/sftp/library/sync\n" in drop_in
        assert drop_in.endswith("IPAddressAllow=\nIPAddressAllow=localhost 192.0.2.7\n")

    def test_what_a_package_brought_is_not_written_again(self, machine: Machine) -> None:
        """Units, users, folders and catalog stay the package's, and are updated by it."""
        for suffix in ("sysusers.d/syncd.conf", "tmpfiles.d/syncd.conf", "systemd/system/syncd.service"):
            there = machine.root / "usr/lib" / suffix
            there.parent.mkdir(parents=True, exist_ok=True)
            source = {"sysusers.d": "syncd.sysusers", "tmpfiles.d": "syncd.tmpfiles"}.get(suffix.split("/")[0])
            there.write_text((PROJECT / "packaging/systemd" / (source or "syncd.service")).read_text())
        assert machine.init().code == 0
        for path in ("sysusers.d/syncd.conf", "tmpfiles.d", "systemd/system/syncd.service"):
            assert not (machine.root / "etc" / path).exists()
        assert (machine.root / "srv/syncd/repository").is_dir()

    def test_a_drop_folder_below_home_is_let_in(self, machine: Machine) -> None:
        """The unit hides homes from the service, but for that folder."""
        assert machine.init("--drop", "/home/erp/sync", "--repository", "/data/syncd").code == 0
        assert "ProtectHome=tmpfs\nBindPaths=/home/erp/sync\n" in _drop_in(machine)
        assert "ReadWritePaths=/home/erp/sync /data/syncd\n" in _drop_in(machine)

    def test_folders_that_syncd_does_not_get_at_are_said(self, machine: Machine) -> None:
        """Folders that were there are left as they are; what gives syncd its right is told."""
        (machine.root / "data/moodle/sync").mkdir(parents=True)
        (machine.root / "data").chmod(0o700)
        said = machine.init("--drop", "/data/moodle/sync")
        assert "setfacl -m u:syncd:x /data " in said.out
        assert "chgrp sftp /data/moodle/sync " in said.out
        assert "chmod g+rwxs /data/moodle/sync " in said.out

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["--zone", "Europe/Pariss"], "Did you mean Europe/Paris?"),
            (["--url", "moodle"], "must be the address of the Moodle site"),
            (["--url", "https://me:secret@moodle.example.org"], "no user name and no password"),
            (["--drop", "sync"], "must be a whole path"),
            (["--drop", "/srv/a b"], "systemd takes others apart"),
            (["--drop", "/tmp/sync"], "must not lie in /tmp"),
            (["--drop", "/srv/syncd/repository/in"], "must not lie inside"),
            (["--kinds", "users,user"], "user is not a kind that can be set up here. Did you mean users?"),
            (["--kinds", "users=archives/u.csv"], "belong to syncd"),
            (["--sender", "nobody-at-all"], "there is no account nobody-at-all"),
            (["--group", "Senders!"], "is not the name of a group"),
            (["--moodle", "/nowhere"], "can't be read"),
            (["--token-file", "-"], "the practice site needs no token"),
            (["--url", "https://moodle.example.org", "--token-file", "/nowhere"], "can't be read as a token"),
            (["../etc"], "a NAME is of letters"),
            (["syncd"], "leave it out"),
            (["-c", "x.toml"], "not -c"),
            (["--here"], "one of them"),
        ],
    )
    def test_wrong_answers_write_nothing(self, machine: Machine, arguments: list[str], says: str) -> None:
        """Each is said in words for who gave it, before anything is done."""
        said = machine.init(*arguments, stdin="not a token")
        assert said.code == 2
        assert says in said.err
        assert "secret" not in said.err
        assert not list(machine.root.iterdir())

    def test_all_wrong_answers_are_said_at_once(self, machine: Machine) -> None:
        """Nobody has to call it as often as there are mistakes."""
        said = machine.init("--zone", "Mars", "--kinds", "nothing")
        assert "--zone: is not a time zone.\n" in said.err
        assert "--kinds: nothing is not a kind" in said.err

    def test_settings_that_are_there_are_not_asked_about(self, machine: Machine) -> None:
        """An option that could only change them is refused."""
        assert machine.init().code == 0
        said = machine.init("--zone", "Europe/Paris")
        assert said.code == 2
        assert "is never overwritten" in said.err

    def test_settings_written_by_hand_are_completed(self, machine: Machine) -> None:
        """Whatever folders they name, and wherever their token is, the rest is made to fit."""
        folders = "".join(f'[{name}]\nfolder = "/data/{name} 5%"\n' for name in ("drop", "repository", "state"))
        token = machine.root / "token"
        token.touch(0o600)
        site = f'[target]\nkind = "rest"\nurl = "https://moodle.example.org"\ntoken_file = "{token}"\n'
        settings = machine.root / "etc/syncd/syncd.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(folders + site)
        said = machine.init()
        assert said.code == 0, said.err
        assert "1. on that machine, once it runs: systemctl enable" in said.out
        assert 'ReadWritePaths="/data/drop 5%%" "/data/repository 5%%"\n' in _drop_in(machine)
        assert (machine.root / "data/drop 5%").is_dir()

    def test_a_dry_run_shows_all_and_does_nothing(self, machine: Machine) -> None:
        """Each file with its text, but for the token."""
        said = machine.init("--dry-run", "--url", "https://moodle.example.org", "--token-file", "-", stdin=TOKEN)
        assert said.code == 0
        assert "would make /etc/credstore/syncd.token (0600)\n    (the token)\n" in said.out
        assert '    url = "https://moodle.example.org"' in said.out
        assert "would run  systemd-sysusers" in said.out
        assert not list(machine.root.iterdir())

    def test_a_file_in_the_way_of_a_folder_is_said(self, machine: Machine) -> None:
        """What can't be made ends it with a sentence; called again, it goes on from there."""
        (machine.root / "srv").write_text("")
        said = machine.init()
        assert said.code == 1
        assert "srv" in said.err
        (machine.root / "srv").unlink()
        assert machine.init().code == 0

    def test_a_strict_umask_locks_nobody_out(self, machine: Machine) -> None:
        """Root's own umask is no reason that syncd, or a sender, can't get at what is theirs."""
        before = os.umask(0o077)
        try:
            assert machine.init().code == 0
        finally:
            os.umask(before)
        closed = [path for path in machine.root.rglob("*") if path.is_dir() and not path.stat().st_mode & 0o005]
        assert {str(path.relative_to(machine.root)) for path in closed} == {
            "etc/credstore",
            "srv/sftp/erp/sync",
            "srv/syncd",
            "srv/syncd/repository",
        }
        assert S_IMODE((machine.root / "etc/syncd/syncd.toml").stat().st_mode) == 0o644


def _drop_in(machine: Machine) -> str:
    return machine.reads("/etc/systemd/system/syncd.service.d/site.conf")


class TestAtTheTerminal:
    """The questions."""

    @as_root
    def test_wrong_answers_are_asked_again(self, machine: Machine) -> None:
        """Each answer is checked at once; the usual one is a press of Return; the token is never shown."""
        moodle = machine.root / "srv/www/config.php"
        moodle.parent.mkdir(parents=True)
        moodle.write_text(CONFIG)
        with at_terminal(machine.root, "--root", str(machine.root)) as terminal:
            terminal.answers("What the site is called", "Lycée Pasteur")
            terminal.answers("time zone", "Europe/Pariss")
            assert "Did you mean Europe/Paris?" not in terminal.said
            terminal.answers("time zone", "Europe/Paris")
            assert "Did you mean Europe/Paris?" in terminal.said
            terminal.answers("its Moodle", "")
            terminal.answers("files are uploaded [/var/moodledata/sync]", "")
            terminal.answers("account that uploads", "erp")
            terminal.answers("account that uploads", "")
            terminal.answers("group of those", "")
            terminal.answers("archives are kept", "/var/moodledata/sync/in")
            terminal.answers("archives are kept", "")
            terminal.answers("address of the Moodle site", "")
            terminal.answers("What the files hold", "cohorts, users=erp/users.csv")
            terminal.answers("token", "no token!")
            terminal.answers("token", TOKEN)
            terminal.answers("Make it?", "")
            assert terminal.ends() == 0, terminal.said
        assert TOKEN not in terminal.said
        assert "/srv/www" in terminal.said
        there = config.load(machine.root / "etc/syncd/syncd.toml", {}, writable=False)
        assert (there.site.name, str(there.site.timezone)) == ("Lycée Pasteur", "Europe/Paris")
        assert [(name, tool.file) for name, tool in there.tools.items()] == [
            ("cohorts", "cohorts.csv"),
            ("users", "erp/users.csv"),
        ]
        assert machine.reads("/etc/credstore/syncd.token").strip() == TOKEN

    def test_a_try_needs_no_root(self, tmp_path: Path) -> None:
        """Settings and folders in the folder where one is; they can be used as they are."""
        with at_terminal(tmp_path, "--here") as terminal:
            for question in ("called", "zone", "uploaded", "kept", "address", "hold", "Make it?"):
                terminal.answers(question, "")
            assert terminal.ends() == 0, terminal.said
        assert "syncd serve" in terminal.said
        there = config.load(tmp_path / "syncd.toml", {})
        assert there.drop.folder.is_dir()

    def test_who_does_not_want_it_has_nothing_of_it(self, tmp_path: Path) -> None:
        """What would be made is shown first."""
        with at_terminal(tmp_path, "--here", "--site", "campus") as terminal:
            for question in ("zone", "uploaded", "kept", "address", "hold"):
                terminal.answers(question, "")
            terminal.answers("Make it?", "n")
            assert terminal.ends() == 1
        assert not list(tmp_path.iterdir())


class TestSettingsText:
    """The documented settings with the site's values."""

    DOCUMENTED = (PROJECT / "syncd.toml").read_text(encoding="utf-8")

    def test_its_comments_stay(self) -> None:
        """All that is documented stands in the settings that are written."""
        text = settings_text(self.DOCUMENTED, {"site": {"name": 'a "b" \\ c'}}, [("users", "u.csv")])
        lost = set(re.findall(r"^# .*", self.DOCUMENTED, re.MULTILINE)) - set(re.findall(r"^# .*", text, re.MULTILINE))
        assert lost == {'# name = "campus"', "# Every kind has a page with its own keys, docs/kinds/."}
        assert 'name = "a \\"b\\" \\\\ c"' in text

    @pytest.mark.parametrize("kind", offered())
    def test_every_kind_that_is_offered_can_be_set_up(self, tmp_path: Path, kind: str) -> None:
        """It is the first tool, or another one."""
        folders = {name: {"folder": f"/srv/{name}"} for name in ("drop", "repository", "state")}
        for tools in ([(kind, "a.csv"), ("groups", "b.csv")], [("groups", "b.csv"), (kind, "a.csv")]):
            text = settings_text(self.DOCUMENTED, folders, list(dict(tools).items()))
            read = config.read(text.encode(), tmp_path / "syncd.toml", {}, writable=False)
            assert read.tools[kind].kind == kind


class TestMoodle:
    """What config.php says."""

    def test_it_is_read_as_text(self, tmp_path: Path) -> None:
        """Comments are passed over, and both kinds of quotes are known."""
        (tmp_path / "config.php").write_text(CONFIG)
        expected = {"wwwroot": "https://moodle.example.org", "dataroot": "/var/moodledata"}
        assert settings_of(tmp_path) == settings_of(tmp_path / "config.php") == expected

    @pytest.mark.parametrize("value", ["getenv('DATA')", '"$base/data"', "'/a' . '/b'", "'relative'"])
    def test_what_only_php_can_tell_is_not_guessed(self, tmp_path: Path, value: str) -> None:
        """A value that is computed is said to be none."""
        (tmp_path / "config.php").write_text(f"<?php\n$CFG->dataroot = {value};\n")
        with pytest.raises(UsageError, match="in plain text"):
            settings_of(tmp_path)

    def test_the_usual_places_are_looked_at(self, tmp_path: Path) -> None:
        """A Moodle of Debian's web servers is found; other programs' config.php is none."""
        for name in ("other", "moodle"):
            (tmp_path / "var/www" / name).mkdir(parents=True)
            (tmp_path / "var/www" / name / "config.php").write_text("<?php\n")
        assert found_on(tmp_path) == ""
        (tmp_path / "var/www/moodle/config.php").write_text(CONFIG)
        assert found_on(tmp_path) == "/var/www/moodle"


@as_root
def test_who_is_not_root_is_told_before_anything_is_done() -> None:
    """With what to do instead."""

    def sets_up() -> None:
        said = StringIO()
        with redirect_stderr(said):
            assert carry_out(["init", "--yes"]) == 2
        assert "set up by root" in said.getvalue()
        assert "syncd init --here" in said.getvalue()

    as_nobody(sets_up)
