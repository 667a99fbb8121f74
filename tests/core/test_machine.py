"""What is judged of the machine, by what was seen of it."""

from dataclasses import replace
from typing import Any

import pytest

from syncd.core.findings import Finding
from syncd.core.machine import (
    Account,
    Clock,
    Contents,
    Exchange,
    FileSystem,
    Folder,
    Inotify,
    Login,
    Secret,
    Trial,
    Unit,
)
from syncd.core.machine.folders import judge_drop, judge_exchange, judge_no_sender, judge_repository, judge_state
from syncd.core.machine.logins import judge_login
from syncd.core.machine.system import (
    closed_by,
    judge_account,
    judge_clock,
    judge_inotify,
    judge_lease,
    judge_settings,
    judge_token_file,
    judge_unit,
)

SYNCD = Account(997, 997, frozenset({997, 900}), "syncd", "the user of syncd.service")
DISK = FileSystem("ext4", "/", 65024, 10**11, 10**6, network=False)
GOOD = Folder("/srv/drop", True, 1001, "erp", 900, "sftp", 0o2770, False, False, DISK, Trial())
EMPTY = Contents()
SERVICE = Unit("syncd.service", True, True, False, "syncd", True, (), (), True)


def drop(folder: Folder, contents: Contents = EMPTY, *, watch: str = "auto", unit: str = "") -> list[Finding]:
    """What is found of a drop folder."""
    return list(judge_drop(folder, contents, SYNCD, watch, 30.0, unit))


def bad(findings: list[Finding]) -> dict[str, str]:
    """The state of all that is not well, by name."""
    return {one.name: one.state for one in findings if one.state != "ok"}


def cure(findings: list[Finding], name: str) -> str:
    """What is to be typed for one."""
    return next(one.cure for one in findings if one.name == name and one.state != "ok")


def on(kind: str) -> Folder:
    """The good folder on another file system."""
    network = kind.startswith(("nfs", "cifs"))
    return replace(GOOD, system=replace(DISK, kind=kind, network=network))


def test_a_folder_as_the_handbook_makes_it_lacks_nothing() -> None:
    """No finding wants anything, so none has a cure."""
    found = drop(GOOD)
    assert not bad(found)
    assert not any(one.cure for one in found)


def test_each_finding_that_is_missing_has_a_cure() -> None:
    """Whatever is wrong, there is something to type."""
    trouble = replace(
        GOOD,
        mode=0o1755,
        default_acl=False,
        strangers=True,
        system=replace(DISK, kind="nfs4", network=True, free_bytes=5, free_inodes=5),
        trial=Trial(refused={"write": "Permission denied"}, skew=90.0),
    )
    found = drop(trouble, Contents(2, ("in", "out"), ("a.csv",), "it is a link"), watch="inotify")
    found += judge_repository(trouble, SYNCD, GOOD, "")
    found += judge_state(trouble, SYNCD, "")
    assert len([one for one in found if one.state == "missing"]) >= 12
    assert [one for one in found if one.state == "missing" and not one.cure] == []


class TestTheDropFolder:
    """Its rights, and what lies in it."""

    def test_one_that_is_not_there_is_to_be_made(self) -> None:
        """With the bits that let both sides work."""
        assert "install -d -o root -g sftp -m 2770 /srv/drop" in cure(drop(replace(GOOD, there=False)), "/srv/drop")

    def test_who_is_not_in_its_group_is_brought_into_it(self) -> None:
        """And the service hears of it, which a running process does not by itself."""
        folder = replace(GOOD, trial=Trial(refused={"look": "Permission denied"}), group=901, group_name="erps")
        said = cure(drop(folder, unit="syncd.service"), "/srv/drop")
        assert said == "usermod -aG erps syncd && systemctl restart syncd.service"

    def test_a_group_that_may_not_write_is_given_the_right(self) -> None:
        """The account is in the group already."""
        folder = replace(GOOD, mode=0o2750, trial=Trial(refused={"write": "Permission denied"}))
        assert cure(drop(folder), "/srv/drop") == "chmod g+rwxs /srv/drop"

    def test_a_folder_of_a_private_group_gets_one_that_both_share(self) -> None:
        """Nobody is brought into the group of root, or of the sender alone."""
        folder = replace(GOOD, group=0, group_name="root", trial=Trial(refused={"write": "Permission denied"}))
        assert cure(drop(folder), "/srv/drop").startswith("groupadd -f sftp && usermod -aG sftp syncd")

    def test_a_closed_folder_on_the_way_is_named(self) -> None:
        """Rights on the folder itself are of no use then."""
        found = drop(replace(GOOD, there=False, trial=Trial(closed_above="/srv/closed")))
        assert cure(found, "/srv/drop") == "setfacl -m u:syncd:x /srv/closed"

    def test_what_nobody_could_try_is_not_said_to_be_refused(self) -> None:
        """An administrator without root learns that, and nothing wrong."""
        for folder in (replace(GOOD, trial=Trial(tried=False)), replace(GOOD, there=False, trial=Trial(tried=False))):
            found = drop(folder, Contents(tried=False)) + list(judge_repository(folder, SYNCD, GOOD, ""))
            assert set(bad(found).values()) == {"unseen"}
        assert bad(list(judge_account(SYNCD, None, tried=False))) == {"rights": "unseen"}

    def test_the_sticky_bit_keeps_files_of_others(self) -> None:
        """It lets only owners rename, as in /tmp."""
        assert cure(drop(replace(GOOD, mode=0o3770)), "sticky bit") == "chmod -t /srv/drop"
        assert not bad(drop(replace(GOOD, mode=0o3770, owner=SYNCD.uid)))

    def test_without_the_setgid_bit_files_belong_to_the_senders_group(self) -> None:
        """A default ACL does instead."""
        assert cure(drop(replace(GOOD, mode=0o770)), "setgid bit") == "chmod g+s /srv/drop"
        assert not bad(drop(replace(GOOD, mode=0o770, default_acl=True)))

    def test_what_lies_there_closed_is_counted_and_the_first_are_named(self) -> None:
        """Of a thousand nobody reads the names."""
        found = drop(GOOD, Contents(9, ("a", "b", "c", "d", "e"), ("users.csv",)))
        assert bad(found) == {"5 closed folders": "missing", "1 closed file": "missing"}
        assert "a, b, c and 2 more" in next(one.why for one in found if one.name == "5 closed folders")

    def test_a_claims_folder_of_somebody_else_is_moved_away(self) -> None:
        """By hand, after a look: nobody knows what it is."""
        assert "mv /srv/drop/.syncd" in cure(drop(GOOD, Contents(claims="it is no folder")), "/srv/drop/.syncd")

    def test_a_disk_that_does_not_answer_is_said(self) -> None:
        """A dead NFS server lets every call hang."""
        (said,) = [one for one in drop(replace(GOOD, trial=Trial(answered=False))) if one.name == "/srv/drop"]
        assert "did not answer" in said.why

    def test_paths_are_quoted_as_a_shell_needs_them(self) -> None:
        """What is shown is copied."""
        folder = replace(GOOD, path="/srv/the drop; rm -rf /", mode=0o770)
        assert cure(drop(folder), "setgid bit") == "chmod g+s '/srv/the drop; rm -rf /'"


class TestFileSystems:
    """Where the folders lie."""

    def test_on_a_network_syncd_looks_by_itself_and_says_so(self) -> None:
        """Nothing is broken; uploads are only noticed later."""
        (said,) = [one for one in drop(on("nfs4")) if one.name == "file system"]
        assert (said.state, "looks every 30 s by itself" in said.why) == ("warning", True)

    def test_to_rely_on_the_kernel_there_is_wrong(self) -> None:
        """It would hear nothing of what other machines write."""
        assert bad(drop(on("cifs"), watch="inotify")) == {"file system": "missing"}

    def test_who_asked_for_looking_is_left_alone(self) -> None:
        """That is right everywhere."""
        assert not bad(drop(on("nfs4"), watch="poll"))

    def test_the_ledger_needs_a_local_disk(self) -> None:
        """SQLite's WAL shares memory between processes."""
        assert bad(list(judge_state(on("nfs4"), SYNCD, ""))) == {"file system": "missing"}
        assert bad(list(judge_repository(on("nfs4"), SYNCD, GOOD, ""))) == {"file system": "warning"}

    @pytest.mark.parametrize(("free", "state"), [(10**12, None), (10**8 * 5, "warning"), (10**7, "missing")])
    def test_little_room_is_said_before_there_is_none(self, free: int, state: str | None) -> None:
        """In bytes."""
        assert bad(drop(replace(GOOD, system=replace(DISK, free_bytes=free)))).get("free space") == state

    @pytest.mark.parametrize(("free", "state"), [(None, None), (10**6, None), (5_000, "warning"), (10, "missing")])
    def test_few_names_are_said_as_well(self, free: int | None, state: str | None) -> None:
        """A disk with room on which no file can be made is full all the same."""
        assert bad(drop(replace(GOOD, system=replace(DISK, free_inodes=free)))).get("free inodes") == state

    @pytest.mark.parametrize(("skew", "words"), [(90.0, "1 min 30 s ahead of"), (-3600.0, "1 h behind")])
    def test_a_server_with_another_clock_is_said(self, skew: float, words: str) -> None:
        """Times of files are then not ours."""
        (said,) = [one for one in drop(replace(GOOD, trial=Trial(skew=skew))) if one.name == "its clock"]
        assert words in said.why

    def test_folders_that_are_not_there_yet_are_made_by_syncd(self) -> None:
        """Repository and state folder; where it may."""
        absent = replace(GOOD, there=False)
        assert not bad(list(judge_repository(absent, SYNCD, GOOD, "")))
        refused = replace(absent, trial=Trial(refused={"write": "Permission denied"}))
        assert cure(list(judge_state(refused, SYNCD, "")), "/srv/drop").startswith("install -d -o syncd")

    def test_people_s_data_are_not_for_everybody(self) -> None:
        """Command files may hold passwords."""
        open_ = replace(GOOD, strangers=True)
        assert cure(list(judge_repository(open_, SYNCD, GOOD, "")), "open to everybody") == "chmod o-rwx /srv/drop"


class TestSenders:
    """Those who drop."""

    def test_both_sides_are_named_by_what_they_can_not(self) -> None:
        """The sender's rights, or syncd's on what the sender made."""
        gave = list(judge_exchange(Exchange("erp", {"write": "Permission denied"}, {}), GOOD, SYNCD, ""))
        took = list(judge_exchange(Exchange("erp", {}, {"read": "Permission denied"}), GOOD, SYNCD, ""))
        assert "erp can't make a file in it: Permission denied" in gave[0].why
        assert "syncd can't read what was dropped: Permission denied" in took[0].why
        assert not bad(list(judge_exchange(Exchange("erp", {}, {}), GOOD, SYNCD, "")))
        assert bad(list(judge_exchange(None, GOOD, SYNCD, ""))) == {"senders": "unseen"}

    def test_a_folder_of_syncd_alone_has_no_senders(self) -> None:
        """As of an installation to try things out."""
        assert judge_no_sender(replace(GOOD, mode=0o700), SYNCD).state == "warning"
        assert judge_no_sender(replace(GOOD, mode=0o1777), SYNCD).state == "ok"


class TestLogins:
    """What sshd holds a sender to."""

    GOOD = Login("erp", True, "/srv/sftp/erp", "", True, 0o007, True, True, False)
    JOURNAL = 101
    READER = replace(SYNCD, groups=SYNCD.groups | {JOURNAL})

    def judged(self, account: Account = READER, *, wanted: str = "auto", **other: object) -> list[Finding]:
        """What is found of a good log-in that is otherwise in some ways."""
        login = replace(self.GOOD, **other)  # type: ignore[arg-type]  # each test names fields that there are
        return list(judge_login(login, account, journal_group=self.JOURNAL, wanted=wanted))

    def test_one_as_the_handbook_makes_it_lacks_nothing(self) -> None:
        """Nor is anything to be typed."""
        assert not any(one.cure for one in self.judged())

    @pytest.mark.parametrize(
        ("other", "name", "state", "words"),
        [
            ({"sftp_only": False}, "erp: sshd", "warning", "a shell"),
            ({"cage": ""}, "erp: cage", "warning", "the whole machine"),
            ({"flaw": "/srv"}, "erp: cage", "missing", "chown root: /srv && chmod go-w /srv"),
            ({"shows_drop": False}, "erp: cage", "missing", "does not show it the drop folder"),
            ({"tunnels": True}, "erp: tunnels", "warning", "DisableForwarding yes"),
            ({"umask": None}, "erp: umask", "warning", "-u 0007"),
            ({"umask": 0o027}, "erp: umask", "warning", "-u 0007"),
            ({"tells": False}, "erp: sshd's word", "optional", "-l INFO"),
            ({"socket": False}, "erp: sshd's word", "optional", "/srv/sftp/erp/dev/log is no socket"),
            ({"account": SYNCD}, "erp: sshd's word", "optional", "usermod -aG systemd-journal syncd"),
        ],
    )
    def test_each_thing_that_it_lacks_is_said_alone(
        self, other: dict[str, Any], name: str, state: str, words: str
    ) -> None:
        """With what mends it."""
        found = [one for one in self.judged(**other) if one.state != "ok"]
        assert [(one.name, one.state) for one in found] == [(name, state)]
        assert words in f"{found[0].why} {found[0].cure}"

    def test_who_does_not_want_sshds_word_hears_nothing_of_it(self) -> None:
        """By the setting."""
        assert self.judged(tells=False, socket=False, wanted="off") == self.judged(wanted="off")

    def test_who_relies_on_it_lacks_what_keeps_it_away(self) -> None:
        """By the setting, too."""
        assert bad(self.judged(tells=False, wanted="on")) == {"erp: sshd's word": "missing"}


class TestSecrets:
    """The settings and the token."""

    def test_settings_that_anybody_writes_run_programs_for_anybody(self) -> None:
        """A command tool's argv stands there."""
        good = Secret("/etc/syncd/syncd.toml", 0, 0, 0o644, readable=True)
        assert not bad(list(judge_settings(good, SYNCD)))
        assert cure(list(judge_settings(replace(good, mode=0o666), SYNCD)), good.path) == f"chmod o-w {good.path}"
        assert bad(list(judge_settings(replace(good, mode=0o664, group=900), SYNCD))) == {good.path: "warning"}
        assert "can't read it" in next(judge_settings(replace(good, readable=False), SYNCD)).why

    def test_a_token_is_closed_and_syncd_can_read_it(self) -> None:
        """One that was open is no secret any more."""
        good = Secret("/etc/syncd/token", 0, 997, 0o640, readable=True)
        assert not bad(list(judge_token_file(good, SYNCD)))
        assert "make a new token" in cure(list(judge_token_file(replace(good, mode=0o644), SYNCD)), good.path)
        assert "chgrp 997" in cure(list(judge_token_file(replace(good, readable=False), SYNCD)), good.path)


class TestKernel:
    """Its limits."""

    @pytest.mark.parametrize(("folders", "state"), [(10, None), (5_000, "warning"), (9_000, "missing")])
    def test_watches_are_held_against_the_folders(self, folders: int, state: str | None) -> None:
        """Each sub-folder takes one."""
        found = list(judge_inotify(Inotify(8_192, 128), GOOD, folders, wanted=True))
        assert bad(found).get("inotify") == state

    @pytest.mark.parametrize(
        ("reason", "setting"),
        [("Too many open files", "max_user_instances"), ("No space left on device", "max_user_watches")],
    )
    def test_what_the_kernel_refuses_names_the_limit(self, reason: str, setting: str) -> None:
        """Its two errors mean two limits."""
        folder = replace(GOOD, trial=Trial(inotify=reason))
        assert f"fs.inotify.{setting} = " in cure(list(judge_inotify(Inotify(1, 1), folder, 1, wanted=True)), "inotify")

    def test_a_closed_folder_is_no_matter_of_limits(self) -> None:
        """Who may not read it gets no watch either, and needs rights, not more watches."""
        refused = Trial(refused={"look": "Permission denied"}, inotify="Permission denied")
        assert not bad(list(judge_inotify(Inotify(8_192, 128), replace(GOOD, trial=refused), 1, wanted=True)))

    def test_who_only_looks_needs_no_watch(self) -> None:
        """On a network file system."""
        assert not list(judge_inotify(Inotify(1, 1), GOOD, 10, wanted=False))

    def test_a_file_system_without_leases_is_worth_knowing(self) -> None:
        """syncd goes by quiet alone then."""
        assert bad(list(judge_lease(replace(GOOD, trial=Trial(lease=False))))) == {"lease": "optional"}


class TestClock:
    """What timers go by."""

    def test_a_clock_that_nothing_keeps_right_is_said(self) -> None:
        """And one of which the kernel says nothing."""
        assert bad(list(judge_clock(Clock(False, "Europe/Paris"), "Europe/Paris"))) == {"synchronised": "warning"}
        assert bad(list(judge_clock(Clock(None, "Europe/Paris"), "Europe/Paris"))) == {"synchronised": "unseen"}
        assert not bad(list(judge_clock(Clock(True, "UTC"), "Europe/Paris")))

    def test_utc_is_rarely_what_people_live_by(self) -> None:
        """It is what a machine has that nobody told otherwise."""
        assert bad(list(judge_clock(Clock(True, "Etc/UTC"), "Etc/UTC"))) == {"zone": "warning"}


class TestService:
    """What systemd has."""

    def test_a_good_one_lacks_nothing(self) -> None:
        """It runs, and comes again."""
        assert not bad(list(judge_unit(SERVICE, GOOD)))
        assert not bad(list(judge_account(SYNCD, SERVICE)))

    def test_what_is_wrong_with_it_has_a_command(self) -> None:
        """Each alone."""
        broken = replace(
            SERVICE, active=False, enabled=False, stale=True, closed=("/srv/drop", "/home/erp"), journal_kept=False
        )
        found = list(judge_unit(broken, replace(GOOD, system=replace(DISK, mounted_at="/srv"))))
        assert all(one.cure for one in found)
        assert bad(found).keys() == {"syncd.service", "sandbox", "at boot", "mounts", "journal"}
        assert "ReadWritePaths=/srv/drop\\nProtectHome=tmpfs\\nBindPaths=/home/erp\\n" in cure(found, "sandbox")

    def test_a_mount_that_is_named_is_waited_for(self) -> None:
        """RequiresMountsFor= the folder covers the mount above it, and the other way round."""
        folder = replace(GOOD, system=replace(DISK, mounted_at="/srv"))
        assert not bad(list(judge_unit(replace(SERVICE, mounts=("/srv/drop",)), folder)))

    def test_a_user_that_is_not_there_is_said(self) -> None:
        """The unit would not start."""
        assert bad(list(judge_account(SYNCD, replace(SERVICE, user_known=False)))) == {"syncd": "missing"}

    def test_root_is_worth_a_word(self) -> None:
        """It works, and is more than it needs."""
        root = Account(0, 0, frozenset({0}), "root")
        assert bad(list(judge_account(root, None))) == {"root (uid 0)": "warning"}

    def test_a_sandbox_closes_what_no_line_opens(self) -> None:
        """By whole names: /srv/drop is not within /srv/dr."""
        folders = ["/srv/drop", "/srv/syncd/repository", "/var/lib/syncd", "/home/erp/drop"]
        writes = ["/srv/dr", "/srv/syncd", "/var/lib/syncd"]
        assert closed_by(writes, folders, strict=True, home=True) == ("/srv/drop", "/home/erp/drop")
        assert closed_by(writes, folders, strict=False, home=True) == ("/home/erp/drop",)
        assert closed_by(writes, folders, strict=False, home=False) == ()
