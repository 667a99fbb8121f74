"""What is seen of real folders, by real accounts and real file systems."""

import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.core.machine import Account, Exchange
from syncd.disk.machine.accounts import account_of, done_as, of_process, ourselves
from syncd.disk.machine.folders import contents, exchange, seen, senders
from syncd.disk.machine.kernel import clock, inotify
from syncd.disk.mounts import mount_of

ERP, SYNCD, GROUP = 64_001, 64_002, 64_900
SENDER = Account(ERP, ERP, frozenset({ERP, GROUP}), "erp")
OURS = Account(SYNCD, SYNCD, frozenset({SYNCD, GROUP}), "syncd")
ME = ourselves("")

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def drop() -> Iterator[Path]:
    """A drop folder as the handbook makes it, where every account can walk to; a plain one for who is not root."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        folder = Path(made) / "drop"
        folder.mkdir()
        if os.geteuid() == 0:
            os.chown(folder, ERP, GROUP)
        folder.chmod(0o2770)
        yield folder


def sent(drop: Path, sender: Account = SENDER) -> Exchange:
    """What came of something that a sender made there for syncd."""
    found = exchange(drop, sender, OURS)
    assert found
    return found


def test_a_trial_leaves_nothing_behind(drop: Path) -> None:
    """Whatever was tried there."""
    found = seen(drop, ME, listen=True)
    assert (found.trial.refused, found.trial.inotify, found.trial.answered) == ({}, "", True)
    assert abs(found.trial.skew) < 1
    assert list(drop.iterdir()) == []


def test_a_folder_that_is_not_there_is_judged_by_the_one_above(drop: Path) -> None:
    """There syncd would make it."""
    found = seen(drop / "a" / "b", ME)
    assert (found.there, found.trial.refused) == (False, {})


@pytest.mark.root
@as_root
class TestBothSides:
    """A sender and syncd, each as itself."""

    def test_the_handbooks_folder_lets_both_work(self, drop: Path) -> None:
        """What the one makes, the other takes, out of a folder that it made as well."""
        found = sent(drop)
        assert (found.gave, found.took) == ({}, {})
        assert list(drop.iterdir()) == []

    def test_a_senders_own_group_is_closed_to_syncd(self, drop: Path) -> None:
        """Without the setgid bit, files come in the sender's group."""
        drop.chmod(0o770)
        found = sent(drop)
        assert found.gave == {}
        assert found.took == {"read": "Permission denied", "take": "Permission denied"}
        assert list(drop.iterdir()) == []

    def test_a_sender_without_rights_is_told_from_syncd_without(self, drop: Path) -> None:
        """By what was refused to whom."""
        stranger = Account(64_003, 64_003, frozenset({64_003}), "stranger")
        assert sent(drop, stranger).gave["write"] == "Permission denied"
        assert seen(drop, stranger).trial.refused == {"look": "Permission denied", "write": "Permission denied"}

    def test_in_a_sticky_folder_nothing_can_be_taken(self, drop: Path) -> None:
        """Though it can be read."""
        drop.chmod(0o3770)
        assert sent(drop).took == {"take": "Operation not permitted"}

    def test_a_default_acl_lets_syncd_in_whatever_the_senders_mode(self, drop: Path) -> None:
        """For the account, for one of its groups; limited by the mask."""
        assert not seen(drop, OURS).default_acl
        grant(drop, (0x02, 7, SYNCD), (0x10, 7, 0))
        assert seen(drop, OURS).default_acl
        assert not seen(drop, SENDER).default_acl
        grant(drop, (0x08, 7, GROUP), (0x10, 7, 0))
        assert seen(drop, SENDER).default_acl
        grant(drop, (0x08, 7, GROUP), (0x10, 5, 0))
        assert not seen(drop, OURS).default_acl

    def test_what_put_r_leaves_is_found(self, drop: Path) -> None:
        """Folders of mode 755 and files of mode 600; hidden and ignored names are nobody's business."""
        for name, mode in (("new", 0o755), ("good", 0o2770), (".hidden", 0o700)):
            (drop / name).mkdir()
            (drop / name).chmod(mode)
            os.chown(drop / name, ERP, GROUP)
        for name, mode in (("good/users.csv", 0o600), ("good/fine.csv", 0o640), ("_draft.csv", 0o600)):
            (drop / name).touch()
            (drop / name).chmod(mode)
            os.chown(drop / name, ERP, GROUP)
        (drop / "good" / "link").symlink_to("/etc/shadow")
        found = contents(drop, OURS)
        assert (found.folders, found.closed, found.unreadable) == (2, ("new",), ("good/users.csv",))
        assert found.claims == ""

    def test_a_claims_folder_of_somebody_else_is_seen(self, drop: Path) -> None:
        """A link, or a folder of the sender's."""
        (drop / ".syncd").symlink_to("/tmp")
        assert "no folder" in contents(drop, OURS).claims
        (drop / ".syncd").unlink()
        (drop / ".syncd").mkdir()
        assert "belongs to root" in contents(drop, OURS).claims
        os.chown(drop / ".syncd", SYNCD, SYNCD)
        assert contents(drop, OURS).claims == ""

    def test_the_senders_are_the_owner_and_the_group(self, drop: Path) -> None:
        """But not root, and not syncd itself."""
        assert [one.uid for one in senders(seen(drop, OURS), OURS)] == [ERP]
        os.chown(drop, SYNCD, SYNCD)
        assert senders(seen(drop, OURS), OURS) == []

    def test_a_closed_folder_on_the_way_is_named(self, drop: Path) -> None:
        """The first one, from the root."""
        drop.parent.chmod(0o700)
        assert seen(drop, OURS).trial.closed_above == str(drop.parent)

    def test_strangers_get_in_where_all_folders_above_let_them(self, drop: Path) -> None:
        """A closed folder above keeps them out."""
        assert not seen(drop, OURS).strangers
        drop.chmod(0o2775)
        assert seen(drop, OURS).strangers
        drop.parent.chmod(0o700)
        assert not seen(drop, OURS).strangers

    def test_a_deed_is_done_with_the_accounts_own_rights(self) -> None:
        """And with no group more."""
        told = done_as(OURS, lambda: {"uid": os.getuid(), "gid": os.getgid(), "groups": sorted(os.getgroups())})
        assert told == {"uid": SYNCD, "gid": SYNCD, "groups": sorted({SYNCD, GROUP})}


SQUASHED = """
import sys
from pathlib import Path
from syncd.core.machine import Account
from syncd.disk.machine.folders import contents, exchange, seen
drop, uid, group = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
syncd = Account(uid, uid, frozenset({uid, group}), "syncd")
print(dict(seen(drop, syncd).trial.refused), contents(drop, syncd).whole, exchange(drop, syncd, syncd))
"""


@pytest.mark.root
@as_root
def test_a_root_whom_the_file_server_lets_in_nowhere_still_tries_as_syncd(drop: Path) -> None:
    """As of an NFS export with root_squash; here by the capabilities that it lacks.

    It is a process of its own also because all that is done as syncd must have been imported before: syncd's account
    may not be able to read this Python.
    """
    limited = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", sys.executable, "-c", SQUASHED]
    argv = [*limited, str(drop), str(SYNCD), str(GROUP)]
    done = subprocess.run(argv, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "{} True None\n", done.stderr


def grant(folder: Path, *entries: tuple[int, int, int]) -> None:
    """Give a folder a default ACL with these entries, as (tag, rights, id), besides those that every one has."""
    nobody = 0xFFFFFFFF
    base = [(0x01, 7, nobody), (0x04, 5, nobody), (0x20, 0, nobody)]
    whole = sorted([*base, *((tag, rights, nobody if tag == 0x10 else who) for tag, rights, who in entries)])
    raw = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in whole)
    os.setxattr(folder, "system.posix_acl_default", raw)


def test_a_disk_that_hangs_is_left_after_a_while() -> None:
    """Whoever looks is not caught with it."""
    reading, writing = os.pipe()
    assert done_as(ME, lambda: {"read": len(os.read(reading, 1))}, patience=0.2) is None
    os.close(reading)
    os.close(writing)


def test_a_deed_that_fails_has_no_answer() -> None:
    """As one that never came back."""
    assert done_as(ME, lambda: {"never": os.listdir("/nowhere")}) is None


def test_a_process_tells_as_whom_it_runs() -> None:
    """With the groups that systemd gave it, of which the user database need not know."""
    told = of_process(os.getpid(), "")
    assert told
    assert (told.uid, told.gid, told.groups) == (ME.uid, ME.gid, ME.groups)
    assert of_process(2**30, "") is None


def test_a_user_that_nobody_named_is_a_number() -> None:
    """Containers have such."""
    assert account_of(ERP) == Account(ERP, ERP, frozenset({ERP}), str(ERP))


def test_the_kernels_limits_are_read() -> None:
    """Numbers above nothing."""
    assert inotify().watches > 0
    assert inotify().instances > 0
    assert clock("Europe/Paris").zone == "Europe/Paris"


SMALL = """
import sys, json
from pathlib import Path
from syncd.disk.machine.accounts import ourselves
from syncd.disk.machine.folders import seen
found = seen(Path(sys.argv[1]), ourselves(""))
system = found.system
print(json.dumps([system.kind, system.mounted_at, system.free_bytes, system.free_inodes, dict(found.trial.refused)]))
"""


@pytest.mark.root
@as_root
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("size=64k,nr_inodes=100", '["tmpfs", "{here}", 65536, 99, {{}}]'),
        ("size=64k,nr_inodes=1", '["tmpfs", "{here}", 65536, 0, {{"write": "No space left on device"}}]'),
        ("size=64k,nr_inodes=9,ro", '["tmpfs", "{here}", 65536, 8, {{"write": "Read-only file system"}}]'),
    ],
)
def test_a_small_disk_is_seen_as_it_is(tmp_path: Path, options: str, says: str) -> None:
    """Its kind, its place, the bytes and names that are free, and what it refuses."""
    here = tmp_path / "a disk"
    here.mkdir()
    shell = 'mount -t tmpfs -o "$1" tmpfs "$2" && exec "$3" -c "$4" "$2"'
    argv = ["unshare", "--mount", "sh", "-c", shell, "sh", options, str(here), sys.executable, SMALL]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode and "unshare" in done.stderr:
        pytest.skip(done.stderr)
    assert done.stdout.strip() == says.format(here=here), done.stderr


def test_a_mount_is_found_by_its_number(tmp_path: Path) -> None:
    """The kernel's own, for this folder."""
    found = mount_of(tmp_path)
    assert found.kind
    assert str(tmp_path).startswith(found.place)
