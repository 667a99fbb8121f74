"""The repository: what waits, what takes whose place, what runs hold, and what they leave."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from syncd.disk.repository import InRun, Repository, Waiting
from syncd.errors import Fault, UsageError
from tests.killing import as_nobody, killed, with_disk

STAMP = "20261122-120000"
RUN = "20261122-120000-users"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty one."""
    repository = Repository(tmp_path / "repository")
    repository.make()
    return repository


def put(repository: Repository, path: str, content: bytes = b"rows", modified: int = 0) -> Path:
    """A file that a person, or any program, put there."""
    file = repository.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    if modified:
        os.utime(file, ns=(modified, modified))
    return file


def stage(repository: Repository, path: str, content: bytes, claim: str = "claim", modified: int = 1) -> None:
    """A copy that lies ready to be placed."""
    handle = os.memfd_create("source")
    try:
        os.write(handle, content)
        os.lseek(handle, 0, os.SEEK_SET)
        repository.staging.stage(claim, path, handle, len(content), modified)
    finally:
        os.close(handle)


def place(repository: Repository, path: str, content: bytes, *, queue: bool = False) -> str:
    """A dropped file as it gets its name."""
    stage(repository, path, content)
    older = repository.place("claim", path, queue=queue, stamp=STAMP)
    repository.sync_placed([path])
    repository.staging.clear("claim")
    return older


def begun(repository: Repository, path: str, *, copy: bool = False, run: str = RUN) -> InRun:
    """A file that was handed to a run."""
    file = repository.begin(run, path, copy=copy)
    assert file
    return file


def files(repository: Repository, folder: str = "") -> dict[str, bytes]:
    """Every file below a folder, the hidden ones too."""
    top = repository.folder / folder
    return {str(file.relative_to(top)): file.read_bytes() for file in top.rglob("*") if file.is_file()}


# What waits


def test_files_put_by_anybody_wait(repository: Repository) -> None:
    """Oldest first, by name where that is the same; folders, links, hidden files and trybacks don't."""
    put(repository, "b.csv", modified=20)
    put(repository, "erp/a.csv", modified=10)
    put(repository, "a.csv", modified=20)
    put(repository, ".hidden.csv")
    put(repository, ".incoming/claim/x.csv")
    put(repository, "archives/20261121-000000_users.csv")
    put(repository, "reports/20261121-000000_report_users.csv.txt")
    put(repository, "erp/users_tryback_20261121-000000.csv")
    (repository.folder / "link.csv").symlink_to("b.csv")
    os.mkfifo(repository.folder / "fifo.csv")
    assert [(file.path, file.modified) for file in repository.waiting()] == [
        ("erp/a.csv", 10),
        ("a.csv", 20),
        ("b.csv", 20),
    ]


def test_only_the_top_has_reserved_names(repository: Repository) -> None:
    """A folder of the administrators may be called archives."""
    put(repository, "erp/archives/users.csv")
    put(repository, "erp/reports")
    assert [file.path for file in repository.waiting()] == ["erp/archives/users.csv", "erp/reports"]


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("erp/users.csv", ["erp/users.csv"]),
        ("erp/*.csv", ["erp/more.csv", "erp/users.csv"]),
        ("*/users.csv", ["erp/users.csv"]),
        ("*.csv", []),
        ("erp", []),
        ("nothing/at/all.csv", []),
        ("erp/users.csv/below.csv", []),
    ],
)
def test_a_tools_file_is_a_path_or_a_pattern(repository: Repository, pattern: str, meant: list[str]) -> None:
    """A folder is no file, and a star stays within its folder."""
    put(repository, "erp/users.csv", modified=20)
    put(repository, "erp/more.csv", modified=10)
    assert [file.path for file in repository.waiting(pattern)] == meant


def test_a_tryback_that_is_named_outright_waits(repository: Repository) -> None:
    """No pattern ever picks one up; whoever writes its very name means it."""
    name = "users_tryback_20261121-000000.csv"
    put(repository, name)
    assert repository.waiting("*.csv") == []
    assert [file.path for file in repository.waiting(name)] == [name]


@pytest.mark.parametrize("pattern", ["", "far/*.csv", "far/users.csv"])
def test_what_lies_behind_a_link_does_not_wait(repository: Repository, tmp_path: Path, pattern: str) -> None:
    """It could not be moved to a run in one step, nor be known to stay."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "users.csv").write_bytes(b"rows")
    (repository.folder / "far").symlink_to(tmp_path / "elsewhere")
    assert repository.waiting(pattern) == []


@pytest.mark.root
@pytest.mark.parametrize("pattern", ["", "far/*.csv", "far/users.csv"])
def test_what_lies_on_another_disk_does_not_wait(repository: Repository, pattern: str) -> None:
    """A disk mounted into the repository is none of its folders."""
    (repository.folder / "far").mkdir()

    def looking() -> None:
        put(repository, "far/users.csv")
        assert repository.waiting(pattern) == []
        assert not repository.can_take("far/users.csv")

    with_disk(repository.folder / "far", "1m", looking)


@pytest.mark.root
def test_a_private_folder_stops_nothing_else(public: Path) -> None:
    """What may not be looked into holds no file that waits; the others do."""
    repository = Repository(public / "repository")
    repository.make()
    put(repository, "users.csv")
    put(repository, "private/users.csv")
    (repository.folder / "private").chmod(0o700)

    def looking() -> None:
        assert [file.path for file in repository.waiting()] == ["users.csv"]
        assert repository.waiting("private/users.csv") == []

    as_nobody(looking)


@pytest.mark.parametrize("name", ["../outside.csv", "a/../../b", ".hidden", "erp/.hidden/x", ".running/run"])
def test_a_name_stays_inside(repository: Repository, name: str) -> None:
    """Nobody reaches out of the repository, or what is hidden in it."""
    with pytest.raises(UsageError, match="is not a name within the repository"):
        repository.inside(name, writable=False)


@pytest.mark.parametrize("name", ["archives", "reports/x.txt", "", "/archives/x", "./reports"])
def test_what_is_syncds_can_be_read_and_not_written(repository: Repository, name: str) -> None:
    """Only retention removes from it."""
    assert repository.inside(name, writable=False).is_relative_to(repository.folder)
    with pytest.raises(UsageError, match="can't be changed"):
        repository.inside(name, writable=True)


def test_a_link_does_not_lead_outside(repository: Repository, tmp_path: Path) -> None:
    """The name is inside, the file would not be."""
    (repository.folder / "far").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="leads out of the repository through a link"):
        repository.inside("far/users.csv", writable=True)
    assert repository.inside("erp//./users.csv", writable=True) == repository.folder / "erp" / "users.csv"


# Taking in


def test_a_staged_file_is_seen_by_nobody(repository: Repository) -> None:
    """It has its bytes, its time and its name, and does not wait."""
    stage(repository, "erp/users.csv", b"rows", modified=1_700_000_000_123_456_789)
    assert repository.waiting() == []
    assert repository.staging.staged() == [("claim", "erp/users.csv")]
    repository.staging.sync("claim", ["erp/users.csv"])
    staged = repository.folder / ".incoming" / "claim" / "erp" / "users.csv"
    assert (staged.read_bytes(), staged.stat().st_mtime_ns) == (b"rows", 1_700_000_000_123_456_789)
    repository.staging.unstage("claim", "erp/users.csv")
    repository.staging.unstage("claim", "erp/users.csv")
    repository.staging.clear("claim")
    assert os.listdir(repository.folder / ".incoming") == []


def test_a_file_is_placed_under_its_name(repository: Repository) -> None:
    """In the folder that it had, which is made."""
    assert place(repository, "erp/2026/users.csv", b"rows") == ""
    assert files(repository) == {"erp/2026/users.csv": b"rows"}


def test_a_newer_file_takes_the_place_of_the_older(repository: Repository) -> None:
    """The older is kept, also when others were superseded in the same second."""
    for content in (b"one", b"two", b"three"):
        older = place(repository, "erp/users.csv", content)
    assert older == "archives/superseded/20261122-120000_users-2.csv"
    assert files(repository) == {
        "erp/users.csv": b"three",
        "archives/superseded/20261122-120000_users.csv": b"one",
        "archives/superseded/20261122-120000_users-2.csv": b"two",
    }


@pytest.mark.parametrize("name", ["n" * 251 + ".csv", "\u4e2d" * 83 + ".csv", "caf\udce9\n" + "x" * 240])
def test_the_longest_name_can_be_superseded(repository: Repository, name: str) -> None:
    """The name in the archives is squeezed, and still another one."""
    older = [place(repository, name, content) for content in (b"one", b"two", b"three")]
    assert len(set(older)) == 3
    assert sorted(files(repository).values()) == [b"one", b"three", b"two"]
    assert (repository.folder / name).read_bytes() == b"three"


def test_a_link_that_has_the_name_is_superseded_and_not_followed(repository: Repository, tmp_path: Path) -> None:
    """The file that it leads to is not touched."""
    (tmp_path / "precious").write_bytes(b"precious")
    (repository.folder / "users.csv").symlink_to(tmp_path / "precious")
    assert place(repository, "users.csv", b"rows") == "archives/superseded/20261122-120000_users.csv"
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (repository.folder / "users.csv").is_symlink()


@pytest.mark.parametrize(
    ("there", "path"),
    [
        (lambda top: (top / "erp").mkdir(), "erp"),
        (lambda top: (top / "erp").touch(), "erp/users.csv"),
        (lambda top: (top / "erp").symlink_to("archives"), "erp/users.csv"),
        (lambda top: os.mkfifo(top / "erp"), "erp/2026/users.csv"),
        (lambda top: (top / "erp").symlink_to("nowhere"), "erp/users.csv"),
    ],
    ids=["a folder of its name", "a file for its folder", "a link for its folder", "a fifo", "a dangling link"],
)
def test_a_name_that_is_something_else_can_not_be_taken(
    repository: Repository, there: Callable[[Path], None], path: str
) -> None:
    """And a file that was staged before it was something else is refused into the archives, not lost."""
    stage(repository, path, b"rows")
    there(repository.folder)
    assert not repository.can_take(path)
    name = "erp" if path == "erp" else "users.csv"
    placed = repository.place("claim", path, queue=False, stamp=STAMP)
    assert placed.startswith("archives/refused/20261122-120000_") and placed.endswith(name)
    assert (repository.folder / placed).read_bytes() == b"rows"


def test_a_file_or_nothing_can_be_replaced(repository: Repository) -> None:
    """Also in folders that are yet to be made."""
    put(repository, "erp/users.csv")
    assert repository.can_take("erp/users.csv")
    assert repository.can_take("erp/2026/11/users.csv")


# Queues


def test_files_queue_in_the_order_in_which_they_came(repository: Repository) -> None:
    """The first waits under the name, the others behind it, whatever their clocks say."""
    told = []
    for number, content in enumerate((b"one", b"two", b"three")):
        stage(repository, "deltas.csv", content, modified=100 - number)
        told.append(repository.place("claim", "deltas.csv", queue=True, stamp=STAMP))
    assert told == ["", "queued", "queued"]
    assert repository.queued("deltas.csv") == [Waiting("deltas.csv", 3, 99), Waiting("deltas.csv", 5, 98)]
    run = []
    for _ in range(3):
        run.append((repository.folder / "deltas.csv").read_bytes())
        (repository.folder / "deltas.csv").unlink()
        repository.advance()
    assert run == [b"one", b"two", b"three"]
    assert os.listdir(repository.folder / ".queue") == []


def test_a_queue_waits_while_its_first_is_being_run(repository: Repository) -> None:
    """Nobody overtakes a file that may have to be given back."""
    for content in (b"one", b"two"):
        place(repository, "deltas.csv", content, queue=True)
    begun(repository, "deltas.csv")
    assert repository.advance() == []
    assert place(repository, "deltas.csv", b"three", queue=True) == "queued"
    repository.archive(repository.running()[0], "archives/done.csv")
    assert repository.advance() == ["deltas.csv"]
    assert (repository.folder / "deltas.csv").read_bytes() == b"two"
    assert repository.advance() == []


def test_a_file_given_back_goes_before_its_queue(repository: Repository) -> None:
    """A newer one that took its place meanwhile waits behind it, and before those that were queued."""
    place(repository, "deltas.csv", b"one", queue=True)
    file = begun(repository, "deltas.csv")
    place(repository, "deltas.csv", b"two", queue=True)
    place(repository, "deltas.csv", b"three", queue=True)
    assert repository.give_back(file, queue=True, stamp=STAMP) == ""
    assert (repository.folder / "deltas.csv").read_bytes() == b"one"
    queued = [file.read_bytes() for file in sorted((repository.folder / ".queue" / "deltas.csv").iterdir())]
    assert queued == [b"two", b"three"]


def test_a_queue_and_one_of_a_path_below_it_do_not_meet(repository: Repository) -> None:
    """A folder in the place of a queued file's name is refused; and a foreign name in a queue is no file of it."""
    place(repository, "a", b"one", queue=True)
    place(repository, "a", b"two", queue=True)
    (repository.folder / "a").unlink()
    assert not repository.can_take("a/b.csv")
    put(repository, ".queue/a/b.csv/000000000000000001")
    put(repository, ".queue/a/foreign")
    assert len(repository.queued("a")) == 1
    assert repository.advance() == ["a"]


@pytest.mark.parametrize("taken", ["folder", "file in its folder's place"])
def test_a_queue_whose_name_is_something_else_stands_still(repository: Repository, taken: str) -> None:
    """Others go on; it goes on too once the name is free."""
    for content in (b"one", b"two"):
        place(repository, "erp/deltas.csv", content, queue=True)
        place(repository, "other.csv", content, queue=True)
    (repository.folder / "erp" / "deltas.csv").unlink()
    (repository.folder / "other.csv").unlink()
    if taken == "folder":
        (repository.folder / "erp" / "deltas.csv").mkdir()
    else:
        (repository.folder / "erp").rmdir()
        (repository.folder / "erp").touch()
    assert repository.advance() == ["other.csv"]
    if taken == "folder":
        (repository.folder / "erp" / "deltas.csv").rmdir()
    else:
        (repository.folder / "erp").unlink()
    assert repository.advance() == ["erp/deltas.csv"]


# Running


def test_a_run_has_the_file_itself(repository: Repository) -> None:
    """It waits no more, whoever may look, and is found again after a crash."""
    put(repository, "erp/users.csv", b"rows")
    file = begun(repository, "erp/users.csv")
    assert repository.waiting() == []
    assert repository.running() == [file]
    assert file.moved and file.file.read_bytes() == b"rows"


def test_a_run_on_a_copy_leaves_the_file(repository: Repository) -> None:
    """It reads its own bytes, whatever happens to the file."""
    source = put(repository, "erp/users.csv", b"rows")
    file = begun(repository, "erp/users.csv", copy=True)
    source.write_bytes(b"other rows")
    assert not file.moved and file.file.read_bytes() == b"rows"
    assert repository.running() == [file]
    assert [waiting.path for waiting in repository.waiting()] == ["erp/users.csv"]


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("there", ["nothing", "folder", "link", "fifo"])
def test_a_file_that_is_gone_or_none_is_not_handed_out(repository: Repository, there: str, copy: bool) -> None:
    """And the run leaves nothing behind."""
    place_of = repository.folder / "users.csv"
    match there:
        case "folder":
            place_of.mkdir()
        case "link":
            place_of.symlink_to(put(repository, "other.csv"))
        case "fifo":
            os.mkfifo(place_of)
    assert repository.begin(RUN, "users.csv", copy=copy) is None
    assert os.listdir(repository.folder / ".running") == []


@pytest.mark.root
def test_a_copy_that_a_full_disk_breaks_off_leaves_nothing(repository: Repository) -> None:
    """What is left of it would fill the disk a little more at each try."""

    def work() -> None:
        repository.make()
        put(repository, "users.csv", b"x" * 200_000)
        with pytest.raises(OSError, match="No space left"):
            repository.begin(RUN, "users.csv", copy=True)
        assert [name for _, _, names in os.walk(repository.folder / ".running") for name in names] == []

    with_disk(repository.folder, "300k", work)


def test_a_copy_is_whole_or_not_there(repository: Repository) -> None:
    """After a kill at any deed, a copy that can be found is one that can be run."""
    put(repository, "users.csv", b"rows" * 1000)

    def beginning() -> None:
        begun(repository, "users.csv", copy=True)

    step = 0
    while killed(beginning, step, after=True):
        for file in repository.running():
            assert file.file.read_bytes() == b"rows" * 1000
            repository.forget(file.run)
        repository.tidy()
        assert os.listdir(repository.folder / ".running") == []
        step += 1
    assert step > 5


def test_a_file_that_was_run_is_archived(repository: Repository) -> None:
    """And the run is forgotten."""
    put(repository, "users.csv", b"rows")
    repository.archive(begun(repository, "users.csv"), "archives/20261122-120000_users.csv")
    assert files(repository) == {"archives/20261122-120000_users.csv": b"rows"}
    assert os.listdir(repository.folder / ".running") == []


def test_an_archive_replaces_no_other(repository: Repository) -> None:
    """The run keeps its file until it has a name that is free."""
    put(repository, "users.csv", b"newer")
    put(repository, "archives/taken.csv", b"older")
    file = begun(repository, "users.csv")
    with pytest.raises(FileExistsError):
        repository.archive(file, "archives/taken.csv")
    assert file.file.read_bytes() == b"newer"
    assert (repository.folder / "archives" / "taken.csv").read_bytes() == b"older"


def test_a_file_that_is_given_back_waits_again(repository: Repository) -> None:
    """As if it had never run; of a copy nothing stays."""
    put(repository, "erp/users.csv", b"rows")
    repository.give_back(begun(repository, "erp/users.csv", copy=True), queue=False, stamp=STAMP)
    file = begun(repository, "erp/users.csv")
    (repository.folder / "erp").rmdir()
    assert repository.give_back(file, queue=False, stamp=STAMP) == ""
    assert files(repository) == {"erp/users.csv": b"rows"}
    assert os.listdir(repository.folder / ".running") == []


def test_a_file_given_back_over_a_newer_one_is_superseded(repository: Repository) -> None:
    """The newer is what its sender wants to be run."""
    put(repository, "users.csv", b"older")
    file = begun(repository, "users.csv")
    put(repository, "users.csv", b"newer")
    assert repository.give_back(file, queue=False, stamp=STAMP) == "archives/superseded/20261122-120000_users.csv"
    assert files(repository) == {
        "users.csv": b"newer",
        "archives/superseded/20261122-120000_users.csv": b"older",
    }


@pytest.mark.parametrize("queue", [True, False])
@pytest.mark.parametrize("taken", ["a folder of its name", "a file for its folder"])
def test_a_file_whose_name_is_something_else_is_not_lost(repository: Repository, taken: str, queue: bool) -> None:
    """It goes to the archives, and the folder that a person made stays as it is."""
    put(repository, "erp/users.csv", b"rows")
    file = begun(repository, "erp/users.csv")
    if taken == "a folder of its name":
        put(repository, "erp/users.csv/theirs.csv", b"theirs")
    else:
        (repository.folder / "erp").rmdir()
        put(repository, "erp", b"theirs")
    placed = repository.give_back(file, queue=queue, stamp=STAMP)
    assert (repository.folder / placed).read_bytes() == b"rows"
    assert b"theirs" in files(repository).values() and len(files(repository)) == 2


def test_a_file_that_waits_can_be_refused(repository: Repository) -> None:
    """It is put aside; one that is gone is nobody's."""
    put(repository, "erp/users.csv", b"rows")
    assert repository.refuse("erp/users.csv", STAMP) == "archives/refused/20261122-120000_users.csv"
    assert repository.refuse("erp/users.csv", STAMP) == ""


# What runs leave


def test_names_that_are_free_together_share_a_number(repository: Repository) -> None:
    """One that is taken, by whatever it may be, takes the number from all of them."""
    names = ("reports/r.txt", "archives/a.csv")
    assert repository.free(names) == 1
    put(repository, "archives/a.csv")
    (repository.folder / "reports" / "r-2.txt").symlink_to("nowhere")
    assert repository.free(names) == 3


def test_a_report_is_written_whole_and_over_nothing(repository: Repository) -> None:
    """In a folder that may be gone by now, as that of a tryback can be."""
    repository.write("erp/users_tryback_20261122-120000.csv", [b"header\n", b"row\n"])
    with pytest.raises(FileExistsError):
        repository.write("erp/users_tryback_20261122-120000.csv", [b"other"])
    assert files(repository) == {"erp/users_tryback_20261122-120000.csv": b"header\nrow\n"}


def test_retention_sees_the_files_of_its_folders_alone(repository: Repository) -> None:
    """With their age; a link is not followed, and none of them is a folder."""
    put(repository, "users.csv")
    put(repository, "archives/refused/a.csv", modified=5_000_000_000)
    (repository.folder / "archives" / "link.csv").symlink_to("nowhere")
    assert repository.leftovers("archives") == [("archives/refused/a.csv", 5.0)]
    assert repository.leftovers("reports") == []


@pytest.mark.parametrize(
    "path", ["users.csv", "erp/archives/x.csv", "archives/../users.csv", "/archives", "reports/../../x", ".queue/a/1"]
)
def test_retention_deletes_nothing_else(repository: Repository, path: str) -> None:
    """Not by any way of writing its name."""
    put(repository, "users.csv")
    with pytest.raises(Fault, match="retention does not touch it"):
        repository.prune([path])
    assert (repository.folder / "users.csv").exists()


def test_retention_counts_what_it_deleted(repository: Repository) -> None:
    """A file that a person was faster to delete is no error."""
    put(repository, "archives/a.csv")
    put(repository, "reports/b.txt")
    assert repository.prune(["archives/a.csv", "reports/b.txt", "reports/gone.txt"]) == 2
    assert files(repository) == {}


# Tidying


def test_what_a_crash_leaves_is_tidied(repository: Repository) -> None:
    """Drafts of dead processes and empty folders go; what somebody waits for, or is writing, stays."""
    put(repository, "users.csv")
    file = begun(repository, "users.csv")
    stage(repository, "staged.csv", b"rows")
    (repository.folder / ".running" / "dead" / "moved" / "erp").mkdir(parents=True)
    put(repository, ".running/dead/copy/.tmpdraft")
    (repository.folder / ".incoming" / "dead" / "erp").mkdir(parents=True)
    dead, alive = (put(repository, f".incoming/.{process}-0.draft") for process in (2**22 + 1, os.getpid()))
    repository.tidy()
    assert repository.running() == [file]
    assert repository.staging.staged() == [("claim", "staged.csv")]
    assert sorted(os.listdir(repository.folder / ".running")) == [RUN]
    assert not dead.exists() and alive.exists()
    assert not (repository.folder / ".incoming" / "dead").exists()


@pytest.mark.root
def test_a_repository_on_two_disks_is_a_fault(repository: Repository) -> None:
    """Files are moved to the archives in one step; the sentence says which folder, and what to do."""

    def tidying() -> None:
        repository.make()
        with pytest.raises(Fault, match="archives lies on another disk"):
            repository.tidy()

    repository.tidy()
    with_disk(repository.folder / "archives", "1m", tidying)
