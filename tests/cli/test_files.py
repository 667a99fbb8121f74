"""Organising the repository: nothing is overwritten, nothing that a run needs is taken away."""

from pathlib import Path

import pytest

from syncd.disk.repository import Repository
from tests.cli.place import Place, users


def local(place: Place, name: str, text: str) -> str:
    """A file outside the repository."""
    path = place.folder / name
    path.write_text(text)
    return str(path)


def waiting(place: Place) -> dict[str, str]:
    """What waits in the repository."""
    return {file["file"]: file["why"] for file in place.tells("status")["waiting"]}


@pytest.mark.parametrize("destination", ["erp/", "erp/users.csv"])
def test_a_file_is_put_into_a_folder_or_under_a_name(either: Place, destination: str) -> None:
    """A destination that ends with a slash is a folder, any other is the name."""
    said = either.says("files", "put", local(either, "users.csv", users(2)), destination)
    assert said.code == 0, said.err
    assert "for the tool users" in said.out
    assert list(waiting(either)) == ["erp/users.csv"]
    assert either.says("run", "users").code == 0


def test_several_files_are_put_into_a_folder(place: Place) -> None:
    """With several files the destination is a folder, which is made."""
    files = [local(place, name, "x") for name in ("a.csv", "b.csv")]
    assert place.says("files", "put", *files, "new/folder").code == 0
    assert set(waiting(place)) == {"new/folder/a.csv", "new/folder/b.csv"}


def test_the_older_of_a_name_is_superseded(either: Place) -> None:
    """A file put onto a waiting one takes its place; the older lies in archives/superseded."""
    for text in ("older", "newer"):
        said = either.says("files", "put", local(either, "users.csv", text), "erp/")
    assert "archives/superseded/" in said.out
    (older,) = (either.repository / "archives" / "superseded").iterdir()
    assert older.read_text() == "older"
    assert (either.erp / "users.csv").read_text() == "newer"


def test_files_of_a_backlog_queue(either: Place) -> None:
    """For a tool that wants every file, a file of a name that waits queues behind it."""
    for text in ("first", "second"):
        said = either.says("files", "put", local(either, "partners1.csv", text), "erp/")
    assert "queue" in said.out
    assert (either.erp / "partners1.csv").read_text() == "first"
    (entry,) = either.tells("files", "ls", "erp")
    assert (entry["tool"], entry["queued"]) == ("partners", 1)


@pytest.mark.parametrize(
    "line",
    [
        ["mkdir", "archives/mine"],
        ["put", "syncd.toml", "reports/"],
        ["put", "syncd.toml", ".hidden"],
        ["put", "syncd.toml", "../outside.csv"],
        ["put", "syncd.toml", "erp/users.csv/below"],
        ["put", "drop", "erp/"],
        ["rm", "archives"],
        ["rm", "nothing"],
        ["rm", "erp"],
        ["rm", "."],
        ["mv", "erp/users.csv", "archives/users.csv"],
        ["mv", "erp/users.csv", "erp/other.csv"],
        ["mv", "erp/users.csv", "nowhere/users.csv"],
        ["get", "erp"],
        ["get", "link"],
        ["ls", "linked"],
        ["get", "linked/passwd"],
        ["get", "erp/users.csv", "syncd.toml"],
    ],
)
def test_what_must_not_be_is_refused(place: Place, line: list[str]) -> None:
    """What is syncd's own, lies outside or would overwrite something is refused with exit code 2; nothing changes."""
    Repository(place.repository).make()
    for name in ("users.csv", "other.csv"):
        (place.erp / name).write_text(name)
    (place.repository / "link").symlink_to("/etc/passwd")
    (place.repository / "linked").symlink_to("/etc")
    before = {path: path.lstat().st_ino for path in place.folder.rglob("*")}
    said = place.says("files", *line)
    assert said.code == 2
    assert said.err.startswith("syncd: ")
    assert {path: path.lstat().st_ino for path in place.folder.rglob("*")} == before


def test_files_are_moved_and_removed(place: Place) -> None:
    """Folders are made with those above them, files and folders are moved and removed."""
    (place.erp / "users.csv").write_text("x")
    assert place.says("files", "mkdir", "attic/2026").code == 0
    assert place.says("files", "mv", "erp/users.csv", "attic/2026/").code == 0
    assert place.says("files", "mv", "attic", "cellar").code == 0
    assert set(waiting(place)) == {"cellar/2026/users.csv"}
    assert place.says("files", "rm", "erp").code == 0
    assert place.says("files", "rm", "cellar").code == 2
    assert place.says("files", "rm", "-r", "cellar").code == 0
    assert waiting(place) == {}


def test_a_held_file_stays(either: Place) -> None:
    """A file that waits for a person's word is neither removed, moved nor superseded; other bytes of its name are."""
    run = either.holds_a_run()
    put = ["put", local(either, "other.csv", users(2)), local(either, "users.csv", users(2)), "erp/"]
    for line in (["rm", "erp/users.csv"], ["rm", "-r", "erp"], ["mv", "erp/users.csv", "x.csv"], put):
        said = either.says("files", *line)
        assert said.code == 2
        assert f"syncd reject {run}" in said.err
    assert (either.erp / "users.csv").read_text() == users(40, deleted=True)
    assert not (either.erp / "other.csv").exists()
    (either.erp / "users.csv").write_text("other bytes")
    assert either.says("files", "put", local(either, "newer.csv", "newer"), "erp/users.csv").code == 0
    assert either.says("files", "rm", "erp/users.csv").code == 0


def test_a_file_is_got(place: Place) -> None:
    """`get` copies byte for byte into this folder, under a name, or to standard output."""
    (place.erp / "users.csv").write_text(users(3))
    assert place.says("files", "get", "erp/users.csv").code == 0
    assert place.says("files", "get", "erp/users.csv", "copy.csv").code == 0
    assert place.says("files", "get", "erp/users.csv", "-").out == users(3)
    assert (place.folder / "users.csv").read_text() == (place.folder / "copy.csv").read_text() == users(3)


def test_archives_and_reports_are_read(place: Place) -> None:
    """What a run leaves is listed and got like every other file."""
    (place.erp / "users.csv").write_text(users(1))
    place.says("run", "users")
    (report,) = [entry for entry in place.tells("files", "ls", "reports") if entry["path"].endswith(".txt")]
    assert place.says("files", "get", report["path"], "-").out == place.says("report").out
    tree = place.says("files", "tree").out
    assert "├── archives/" in tree
    assert Path(report["path"]).name in tree


def test_a_tryback_is_for_no_tool(place: Place) -> None:
    """A tryback lies where its file lay, and no tool takes it until it has another name."""
    (place.erp / "partners1.csv").write_text("username,firstname,lastname,email\nnobody,No,Body,\n")
    assert place.says("run", "partners").code == 3
    (entry,) = place.tells("files", "ls", "erp")
    assert "_tryback_" in entry["path"]
    assert entry["tool"] == ""
