"""The drop folder: what is seen there, and what a claim takes, whatever senders do to the names meanwhile."""

import os
import resource
import socket
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from syncd.core.settle import Sighting
from syncd.disk import durable
from syncd.disk.drop import Claimed, Drop, Left, written_to
from syncd.errors import Fault
from tests.disk.folders import Folders
from tests.killing import NOBODY, as_nobody, with_disk

STRANGE = [
    "blocks.csv",
    "clock.zip",
    "alock.txt.csv",
    "archives.csv",
    "two words.csv",
    "quote'\".csv",
    "new\nline.csv",
    "-rf",
    "*.csv",
    "caf\udce9.csv",
    "\U0001f600.csv",
    "n" * 251 + ".csv",
    "\xe9" * 127,
]
"""Names that are as good as any other."""


def drop_of(folder: Path, **settings: bool) -> Drop:
    """A drop folder with the default settings."""
    return Drop(
        folder, recursive=settings.get("recursive", True), hold_file="alock.txt", ignore=("*.filepart", "*.part")
    )


def seen(folder: Path) -> dict[str, str]:
    """What is seen there, by path, with its obstacle."""
    return {one.path: one.obstacle for one in drop_of(folder).look()}


def put(path: Path, content: bytes = b"rows") -> Path:
    """A finished upload."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def claim(folder: Path, *paths: str, before: Callable[[], None] = lambda: None) -> dict[str, str]:
    """Claim what is seen, `before` having happened after the look; what became of each: its obstacle, or `claimed`."""
    drop = drop_of(folder)
    sightings = [one for one in drop.look() if not paths or one.path in paths]
    before()
    with ExitStack() as stack:
        return {
            one.path if isinstance(one, Claimed) else one.sighting.path: "claimed"
            if isinstance(one, Claimed)
            else one.obstacle
            for one in drop.claim(sightings, stack)
        }


def claims(folder: Path) -> dict[str, bytes]:
    """The files that are claimed, by the path that they had."""
    top = folder / ".syncd"
    return {
        str(file.relative_to(top)).partition("/")[2]: file.read_bytes() for file in top.rglob("*") if file.is_file()
    }


# Looking


@pytest.mark.parametrize("name", STRANGE)
def test_a_plain_file_of_any_name_is_seen_and_claimed(tmp_path: Path, name: str) -> None:
    """Its name is kept byte for byte, also where it is no UTF-8 or as long as names can be."""
    put(tmp_path / name, b"its bytes")
    put(tmp_path / "sub" / name, b"its others")
    assert seen(tmp_path) == {name: "", f"sub/{name}": ""}
    assert claim(tmp_path) == {name: "claimed", f"sub/{name}": "claimed"}
    assert claims(tmp_path) == {name: b"its bytes", f"sub/{name}": b"its others"}


@pytest.mark.parametrize(
    "name", [".hidden.csv", "_draft.csv", ".in.users.csv", ".users.csv.a8Fg2k", "users.csv.filepart", "users.csv.part"]
)
def test_unfinished_names_are_passed_over(tmp_path: Path, name: str) -> None:
    """Hidden names, names with an underscore before them, and the patterns of the settings, wherever they are."""
    put(tmp_path / name)
    put(tmp_path / "sub" / name)
    put(tmp_path / "folders" / name / "within.csv")
    assert seen(tmp_path) == {}


def test_the_hold_file_is_no_upload(tmp_path: Path) -> None:
    """It is passed over at the top; elsewhere the name is one like any other."""
    put(tmp_path / "alock.txt")
    put(tmp_path / "erp" / "alock.txt")
    assert seen(tmp_path) == {"erp/alock.txt": ""}


def test_the_hold_file_tells_since_when_it_holds(tmp_path: Path) -> None:
    """By the ctime, which its sender can't set; a link or a folder of the name holds as well."""
    drop = drop_of(tmp_path)
    assert drop.held_since() is None
    hold = put(tmp_path / "alock.txt")
    os.utime(hold, (0, 0))
    assert drop.held_since() == hold.stat().st_ctime
    hold.unlink()
    hold.symlink_to("nowhere")
    assert drop.held_since() == hold.lstat().st_ctime


def test_without_a_hold_file_in_the_settings_nothing_holds(tmp_path: Path) -> None:
    """An empty name is no name: the folder itself must not hold."""
    drop = Drop(tmp_path, recursive=True, hold_file="", ignore=())
    assert drop.held_since() is None


def test_what_is_no_file_has_its_obstacle(tmp_path: Path) -> None:
    """Links, wherever they lead, pipes and sockets are seen for what they are, and stay."""
    put(tmp_path / "real.csv")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.csv").symlink_to("real.csv")
    (tmp_path / "dangling.csv").symlink_to("nowhere")
    (tmp_path / "link-to-folder").symlink_to("folder")
    os.mkfifo(tmp_path / "fifo.csv")
    listening = socket.socket(socket.AF_UNIX)
    with listening:
        listening.bind(str(tmp_path / "s"))
        assert seen(tmp_path) == {
            "real.csv": "",
            "link.csv": "link",
            "dangling.csv": "link",
            "link-to-folder": "link",
            "fifo.csv": "fifo",
            "s": "socket",
        }


@pytest.mark.root
def test_a_device_has_its_obstacle(tmp_path: Path) -> None:
    """A device is never opened."""
    os.mknod(tmp_path / "null.csv", 0o20666, os.makedev(1, 3))
    assert seen(tmp_path) == {"null.csv": "device"}


def test_the_names_of_syncd_are_reserved_at_the_top_alone(tmp_path: Path) -> None:
    """Nothing can be dropped into archives/ or reports/ of the repository, or in their place."""
    put(tmp_path / "archives" / "old.csv")
    put(tmp_path / "reports")
    put(tmp_path / "erp" / "reports" / "users.csv")
    put(tmp_path / "erp" / "archives")
    assert seen(tmp_path) == {
        "archives": "reserved",
        "reports": "reserved",
        "erp/reports/users.csv": "",
        "erp/archives": "",
    }


def test_sub_folders_are_looked_into_unless_that_is_not_wanted(tmp_path: Path) -> None:
    """`folders` tells which ones the last look went into, for the watch."""
    put(tmp_path / "a" / "b" / "c.csv")
    (tmp_path / "empty").mkdir()
    drop = drop_of(tmp_path)
    assert [one.path for one in drop.look()] == ["a/b/c.csv"]
    assert sorted(drop.folders) == ["a", "a/b", "empty"]
    flat = drop_of(tmp_path, recursive=False)
    assert (flat.look(), flat.folders) == ([], [])


def test_folders_without_end_are_no_end_of_looking(tmp_path: Path) -> None:
    """A sender can lay folders into folders for ever: the first that is too deep is an obstacle, the rest is seen."""
    put(tmp_path / "users.csv")
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1_200):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    found = seen(tmp_path)
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # what pytest can't: it goes down step by step
    assert found.pop("users.csv") == ""
    assert list(found.values()) == ["too-deep"]


def test_names_without_end_are_no_end_of_looking(tmp_path: Path) -> None:
    """A path that would not fit into the repository's own is an obstacle before it is taken anywhere."""
    put(tmp_path / ("d" * 250) / ("d" * 250) / ("d" * 250) / "users.csv")
    (tmp_path / ("d" * 250) / ("d" * 250) / ("d" * 250) / ("d" * 250)).mkdir()
    assert sorted(seen(tmp_path).values()) == ["", "too-deep"]


@pytest.mark.root
@pytest.mark.parametrize("mode", [0o700, 0o744, 0o711])
def test_a_closed_folder_is_an_obstacle_and_closes_nothing_else(public: Path, mode: int) -> None:
    """A sub-folder that syncd may not enter, or not read, is told; everything beside it is seen as ever."""
    put(public / "users.csv")
    put(public / "closed" / "deeper" / "hidden.csv")
    (public / "closed").chmod(mode)

    def looking() -> None:
        assert seen(public) == {"users.csv": "", "closed": "closed-folder"}

    as_nobody(looking)


@pytest.mark.root
def test_a_disk_mounted_into_the_drop_folder_is_an_obstacle(public: Path) -> None:
    """Nothing can be claimed from another disk in one step; the others are."""
    put(public / "users.csv")
    (public / "other").mkdir()

    def claiming() -> None:
        put(public / "other" / "far.csv")
        assert claim(public) == {"users.csv": "claimed", "other/far.csv": "other-disk"}
        assert (public / "other" / "far.csv").exists()

    with_disk(public / "other", "1m", claiming)


def test_the_drop_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    """That one is the administrator's."""
    put(tmp_path / "real" / "users.csv")
    (tmp_path / "drop").symlink_to("real")
    assert seen(tmp_path / "drop") == {"users.csv": ""}
    assert claim(tmp_path / "drop") == {"users.csv": "claimed"}


def test_a_drop_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    """Not an empty folder: whoever looks must know."""
    with pytest.raises(FileNotFoundError):
        drop_of(tmp_path / "gone").look()


# Claiming


def test_a_claimed_file_is_the_senders_no_more(tmp_path: Path) -> None:
    """Its name is free for the next upload, its bytes lie where only syncd can go."""
    put(tmp_path / "users.csv", b"one")
    assert claim(tmp_path) == {"users.csv": "claimed"}
    put(tmp_path / "users.csv", b"two")
    assert claims(tmp_path) == {"users.csv": b"one"}
    assert (tmp_path / ".syncd").stat().st_mode & 0o777 == 0o700
    assert claim(tmp_path) == {"users.csv": "claimed"}
    assert sorted(one.path.partition("/")[2] for one in drop_of(tmp_path).look_at_claims()) == ["users.csv"] * 2


def test_nothing_is_left_behind_by_a_claim_of_nothing(tmp_path: Path) -> None:
    """A file that went away since the look is passed over, and no empty folder stays."""
    file = put(tmp_path / "erp" / "users.csv")
    assert claim(tmp_path, before=file.unlink) == {}
    assert list((tmp_path / ".syncd").iterdir()) == []


@pytest.mark.parametrize("mode", ["ab", "wb"])
def test_a_file_that_changed_since_the_look_has_to_settle_again(tmp_path: Path, mode: str) -> None:
    """Grown or begun anew: it is not what has settled."""
    file = put(tmp_path / "users.csv")

    def change() -> None:
        with file.open(mode) as upload:
            upload.write(b"more")

    assert claim(tmp_path, before=change) == {"users.csv": ""}
    assert file.exists()


def test_another_file_of_the_same_size_is_another_file(tmp_path: Path) -> None:
    """A sender that replaces a file by a rename changes nothing but the inode."""
    put(tmp_path / "users.csv", b"one")
    assert claim(tmp_path, before=lambda: os.replace(put(tmp_path / ".new", b"two"), tmp_path / "users.csv")) == {
        "users.csv": ""
    }


def test_a_file_that_is_open_for_writing_is_left(tmp_path: Path) -> None:
    """However long it was quiet: whoever holds it open may go on."""
    file = put(tmp_path / "users.csv")
    with file.open("ab"):
        assert claim(tmp_path) == {"users.csv": ""}
    with file.open("rb"):
        assert claim(tmp_path) == {"users.csv": "claimed"}


@pytest.mark.parametrize("swap", ["link", "dangling link", "fifo", "folder"])
def test_a_name_swapped_after_the_look_is_left_alone(tmp_path: Path, swap: str) -> None:
    """Nothing is followed, nothing waits for a pipe's other end, and what now has the name stays where it is."""
    secret = put(tmp_path / ".secret")
    file = put(tmp_path / "users.csv")

    def swapped() -> None:
        file.unlink()
        match swap:
            case "link":
                file.symlink_to(secret)
            case "dangling link":
                file.symlink_to("nowhere")
            case "fifo":
                os.mkfifo(file)
            case _:
                file.mkdir()

    assert claim(tmp_path, before=swapped) == {"users.csv": ""}
    assert os.path.lexists(file) and claims(tmp_path) == {}


def test_a_folder_swapped_for_a_link_leads_nowhere(tmp_path: Path) -> None:
    """A link in a folder's place is not followed, although it shows the very file that was seen."""
    file = put(tmp_path / "erp" / "users.csv")
    elsewhere = tmp_path / ".elsewhere"

    def swapped() -> None:
        (tmp_path / "erp").rename(elsewhere)
        (tmp_path / "erp").symlink_to(elsewhere)

    assert claim(tmp_path, before=swapped) == {"erp/users.csv": ""}
    assert file.exists() and claims(tmp_path) == {}


@pytest.fixture
def in_the_last_moment(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Lets something happen just before the kernel renames: later than anybody can look."""
    renaming = durable._renameat2

    def happen(deed: Callable[[], object]) -> None:
        deeds = iter([deed])

        def late(*arguments: object) -> object:
            for one in deeds:
                one()
            return renaming(*arguments)

        monkeypatch.setattr(durable, "_renameat2", late)

    return happen


@pytest.mark.parametrize("swap", ["link", "file", "folder"])
def test_a_name_swapped_in_the_last_moment_is_put_back(
    tmp_path: Path, in_the_last_moment: Callable[[Callable[[], object]], None], swap: str
) -> None:
    """It was renamed, and is not what was looked at: its sender has it again as he left it."""
    file = put(tmp_path / "users.csv", b"older")

    def swapped() -> None:
        file.unlink()
        match swap:
            case "link":
                file.symlink_to("nowhere")
            case "file":
                put(file, b"newer")
            case _:
                put(file / "within.csv")

    in_the_last_moment(swapped)
    assert claim(tmp_path) == {"users.csv": ""}
    assert os.path.lexists(file) and claims(tmp_path) == {}


def test_a_file_written_to_in_the_last_moment_settles_where_it_is(
    tmp_path: Path, in_the_last_moment: Callable[[Callable[[], object]], None]
) -> None:
    """The claim itself moves its ctime, so that nothing else would tell."""
    file = put(tmp_path / "users.csv", b"half")

    def written() -> None:
        with file.open("ab") as upload:
            upload.write(b" and half")

    in_the_last_moment(written)
    assert claim(tmp_path) == {"users.csv": ""}
    assert claims(tmp_path) == {"users.csv": b"half and half"}


def test_a_file_that_goes_away_in_the_last_moment_is_passed_over(
    tmp_path: Path, in_the_last_moment: Callable[[Callable[[], object]], None]
) -> None:
    """It is its sender's to delete until it is claimed."""
    in_the_last_moment(put(tmp_path / "users.csv").unlink)
    assert claim(tmp_path) == {}


@pytest.mark.root
def test_a_file_that_may_not_be_read_is_an_obstacle(public: Path) -> None:
    """An upload of mode 0600 stays where it is, and the others are claimed."""
    put(public / "mine.csv").chmod(0o600)
    os.chown(put(public / "ours.csv"), NOBODY, NOBODY)

    def claiming() -> None:
        assert claim(public) == {"mine.csv": "unreadable", "ours.csv": "claimed"}

    as_nobody(claiming)
    assert (public / "mine.csv").exists()


@pytest.mark.root
def test_a_file_in_a_folder_that_may_not_be_written_is_an_obstacle(public: Path) -> None:
    """`sftp put -r` makes its folders 0755: what is in them can be read, and not moved out."""
    file = put(public / "erp" / "users.csv")
    file.chmod(0o644)
    (public / "erp").chmod(0o755)

    def claiming() -> None:
        assert claim(public) == {"erp/users.csv": "unmovable"}
        assert list((public / ".syncd").iterdir()) == []

    as_nobody(claiming)


def test_a_round_of_folders_needs_few_handles(tmp_path: Path) -> None:
    """As many files as a round takes, each in a folder of its own, stay below what a process may have open."""
    for number in range(256):
        put(tmp_path / f"folder{number}" / "sub" / "users.csv")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (400, hard))
    try:
        found = claim(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert set(found.values()) == {"claimed"} and len(found) == 256


# The claims folder


def test_a_claims_folder_that_is_a_link_is_a_fault(tmp_path: Path) -> None:
    """Whoever may write the drop folder must not choose where claimed files go."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".syncd").symlink_to("elsewhere")
    put(tmp_path / "users.csv")
    with pytest.raises(Fault, match=r"\.syncd is not a folder of the user that syncd runs as"):
        claim(tmp_path)
    with pytest.raises(Fault):
        drop_of(tmp_path).look_at_claims()
    assert (tmp_path / "users.csv").exists()


def test_a_claims_folder_that_is_a_file_is_a_fault(tmp_path: Path) -> None:
    """The sentence says which path, and what to do."""
    put(tmp_path / ".syncd")
    with pytest.raises(Fault, match="move it away"):
        drop_of(tmp_path).look_at_claims()


@pytest.mark.root
@pytest.mark.parametrize("mode", [0o777, 0o700])
def test_a_claims_folder_of_somebody_else_is_a_fault(public: Path, mode: int) -> None:
    """Its owner could take claimed files away, or bring others."""
    (public / ".syncd").mkdir()
    (public / ".syncd").chmod(mode)

    def looking() -> None:
        with pytest.raises(Fault):
            drop_of(public).look_at_claims()

    as_nobody(looking)


@pytest.mark.root
def test_a_drop_folder_that_may_not_be_written_is_the_disks_error(public: Path) -> None:
    """Not a claims folder of somebody else: there is none."""
    public.chmod(0o755)
    put(public / "users.csv")

    def claiming() -> None:
        with pytest.raises(PermissionError):
            claim(public)

    as_nobody(claiming)


def test_a_claims_folder_of_ours_is_closed_to_others(tmp_path: Path) -> None:
    """Whatever the umask, or somebody's chmod -R."""
    (tmp_path / ".syncd").mkdir()
    (tmp_path / ".syncd").chmod(0o775)
    drop_of(tmp_path).look_at_claims()
    assert (tmp_path / ".syncd").stat().st_mode & 0o777 == 0o700


def test_without_a_claims_folder_nothing_is_claimed(tmp_path: Path) -> None:
    """Looking makes none."""
    assert drop_of(tmp_path).look_at_claims() == []
    assert not (tmp_path / ".syncd").exists()


# Letting go


def held(drop: Drop, stack: ExitStack) -> Claimed:
    """The one file that is there, claimed."""
    (one,) = drop.claim(drop.look(), stack)
    assert isinstance(one, Claimed)
    return one


def test_a_released_file_is_gone_with_its_folders(folders: Folders) -> None:
    """The claim leaves nothing behind."""
    put(folders.drop / "a" / "b" / "users.csv")
    drop = folders.looking()
    with ExitStack() as stack:
        drop.release([held(drop, stack)])
    assert folders.leftovers() == []


def test_a_file_written_to_after_the_claim_is_not_removed(folders: Folders) -> None:
    """What its sender wrote late is another arrival: it stays, in a claim of its own."""
    file = put(folders.drop / "erp" / "users.csv", b"rows")
    drop = folders.looking()
    with file.open("ab") as late, ExitStack() as stack:
        late.close()
        one = held(drop, stack)
        with open(f"/proc/self/fd/{one.file}", "ab") as late:
            late.write(b", more rows")
        drop.release([one])
        (left,) = drop.look_at_claims()
    assert left.path.partition("/")[0] != one.claim
    assert folders.claimed() == [("erp/users.csv", b"rows, more rows")]
    assert len(folders.leftovers()) == 1


def test_a_file_that_is_open_for_writing_is_not_removed(folders: Folders) -> None:
    """Its sender may have written nothing yet and still go on."""
    put(folders.drop / "users.csv", b"rows")
    drop = folders.looking()
    with ExitStack() as stack:
        one = held(drop, stack)
        with open(f"/proc/self/fd/{one.file}", "ab"):
            assert one.moved()
            drop.release([one])
    assert folders.claimed() == [("users.csv", b"rows")]


def test_a_claimed_file_can_be_given_back(folders: Folders) -> None:
    """Under its own name, and as it is seen there afterwards."""
    put(folders.drop / "erp" / "users.csv", b"rows")
    drop = folders.looking()
    with ExitStack() as stack:
        back = drop.give_back(held(drop, stack))
    assert drop.look() == [back]
    assert folders.leftovers() == []


def test_nothing_is_given_back_over_a_newer_file(folders: Folders) -> None:
    """A name that is taken stays its new owner's, and the older file stays claimed."""
    put(folders.drop / "users.csv", b"older")
    drop = folders.looking()
    with ExitStack() as stack:
        one = held(drop, stack)
        put(folders.drop / "users.csv", b"newer")
        assert drop.give_back(one) is None
    assert folders.dropped() == {"users.csv": b"newer"}
    assert folders.claimed() == [("users.csv", b"older")]


def strayed(folders: Folders, stray: Callable[[Path], None]) -> tuple[Drop, list[Sighting]]:
    """A claim in which something lies that is no file, as a swap in the last moment leaves it."""
    (folders.drop / ".syncd" / "claim" / "erp").mkdir(parents=True)
    (folders.drop / "erp").mkdir()
    stray(folders.drop / ".syncd" / "claim" / "erp" / "users.csv")
    drop = folders.looking()
    return drop, drop.look_at_claims()


@pytest.mark.parametrize(
    ("stray", "obstacle"),
    [
        (lambda path: path.symlink_to("/etc/passwd"), "link"),
        (lambda path: path.symlink_to("/etc"), "link"),
        (os.mkfifo, "fifo"),
    ],
    ids=["link", "link to a folder", "fifo"],
)
def test_what_is_no_file_comes_back_out_of_the_claims(
    folders: Folders, stray: Callable[[Path], None], obstacle: str
) -> None:
    """A link that was claimed by a crash in the last moment is put back where its sender can see it."""
    drop, sightings = strayed(folders, stray)
    with ExitStack() as stack:
        assert drop.reopen(sightings, stack) == []
    assert seen(folders.drop) == {"erp/users.csv": obstacle}
    assert folders.leftovers() == []


def test_a_stray_whose_name_is_taken_stays(folders: Folders) -> None:
    """It is no file and can wait for ever; what now has its name is not touched."""
    drop, sightings = strayed(folders, lambda path: path.symlink_to("/etc/passwd"))
    put(folders.drop / "erp" / "users.csv")
    with ExitStack() as stack:
        assert drop.reopen(sightings, stack) == []
    assert seen(folders.drop) == {"erp/users.csv": ""}
    assert [one.obstacle for one in drop.look_at_claims()] == ["link"]


@pytest.mark.root
def test_a_claimed_file_that_can_no_longer_be_read_is_put_back(public: Path) -> None:
    """A sender who closes its file late, as `put -p` does, has it back where the next look tells what to do."""
    file = put(public / "users.csv")
    file.chmod(0o644)

    def claiming() -> None:
        assert claim(public) == {"users.csv": "claimed"}

    def reopening() -> None:
        drop = drop_of(public)
        with ExitStack() as stack:
            assert drop.reopen(drop.look_at_claims(), stack) == []
        assert claim(public) == {"users.csv": "unreadable"}

    as_nobody(claiming)
    next((public / ".syncd").rglob("users.csv")).chmod(0o600)
    as_nobody(reopening)


def test_empty_claims_are_cleared(folders: Folders) -> None:
    """A crash between two deeds leaves empty folders, and nothing that may be removed besides."""
    (folders.drop / ".syncd" / "one" / "a" / "b").mkdir(parents=True)
    put(folders.drop / ".syncd" / "two" / "c" / "users.csv")
    (folders.drop / ".syncd" / "two" / "d").mkdir()
    folders.looking().clear_claims()
    assert folders.claimed() == [("c/users.csv", b"rows")]
    assert len(list((folders.drop / ".syncd").rglob("*"))) == 3


# The lease


def test_a_writer_is_seen(tmp_path: Path) -> None:
    """While anybody has the file open for writing, and only then."""
    file = put(tmp_path / "users.csv")
    with file.open("rb") as reading:
        assert not written_to(reading.fileno())
        with file.open("r+b"):
            assert written_to(reading.fileno())
        with file.open("rb"):
            assert not written_to(reading.fileno())


@pytest.mark.root
def test_who_may_not_ask_for_a_lease_sees_no_writer(public: Path) -> None:
    """Not the owner, and no CAP_LEASE: then size and ctime alone must tell."""
    file = put(public / "users.csv")
    file.chmod(0o644)

    def asking() -> None:
        with file.open("rb") as reading:
            assert not written_to(reading.fileno())

    with file.open("ab"):
        as_nobody(asking)


def test_left_and_claimed_say_which_file(tmp_path: Path) -> None:
    """Each sighting that is still there has exactly one answer, in order."""
    for name in ("a.csv", "b.csv", "c.csv"):
        put(tmp_path / name)
    drop = drop_of(tmp_path)
    sightings = sorted(drop.look(), key=lambda one: one.path)
    put(tmp_path / "b.csv", b"changed")
    with ExitStack() as stack:
        found = drop.claim(sightings, stack)
    assert [type(one) for one in found] == [Claimed, Left, Claimed]
    assert isinstance(found[1], Left) and found[1].sighting == sightings[1]
