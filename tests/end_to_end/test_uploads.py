"""What real sftp uploads become, whole, broken off, slow, or named as nobody would."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.daemon import Syncd
from tests.end_to_end.sftp import Client, Sender, put
from tests.waiting import wait_for

pytestmark = pytest.mark.sshd

SETTLE = 0.5
HEADER = "username,firstname,lastname,email,idnumber,description,city\n"
SLOW = 200
"""Kilobytes per second of a slow client: one piece of 32 KiB about every sixth of a second."""


def stays(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Fail unless a condition holds all the time, for so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert condition(), what
        time.sleep(0.02)


def written(path: Path, content: bytes) -> Path:
    """A file of the sender."""
    path.write_bytes(content)
    return path


def users_file(rows: int) -> bytes:
    """A users file whose pieces, of any number of KiB, end in the middle of a row."""
    padding = "#" * (511 - len(HEADER)) + "\n"
    lines = [HEADER, padding]
    for n in range(rows):
        head = f"user{n},Ana,Example{n},user{n}@example.org,E{n},"
        lines.append(f"{head}{'x' * (1024 - len(head) - len(',Lyon') - 1)},Lyon\n")
    return "".join(lines).encode()


def bytes_in(file: Path) -> int:
    """How much of a file has been uploaded."""
    return file.stat().st_size if file.exists() else 0


def half_way(sender: Sender, local: Path, remote: str) -> Client:
    """A slow client that has uploaded a part of a file, and not all of it."""
    client = sender.begins(put(local, remote), kilobytes_per_second=SLOW)
    wait_for(lambda: bytes_in(sender.folder / remote) >= 64 * 1024, what="a part of the file")
    return client


def test_an_uploaded_file_is_taken_as_it_is(syncd: Syncd, sender: Sender, local: Path) -> None:
    """A put file leaves the drop folder and waits in the repository with the bytes that were sent."""
    content = os.urandom(300_000)
    sender.puts(written(local / "any.bin", content), "any.bin")
    syncd.hears("file.arrived", file="any.bin", bytes=len(content))
    assert syncd.waiting() == {"any.bin": content}
    wait_for(lambda: not (syncd.drop / "any.bin").exists(), what="the drop folder without it")


@pytest.mark.parametrize("rename", ["rename", "rename -l"], ids=["posix-rename", "hardlink"])
def test_a_file_renamed_into_place_is_taken_under_its_last_name(
    syncd: Syncd, sender: Sender, local: Path, rename: str
) -> None:
    """A file written as .part and renamed is taken once, by its new name, however the server renames."""
    file = written(local / "new.csv", b"whole\n")
    sender.does(put(file, "new.csv.part"), f"{rename} new.csv.part new.csv")
    syncd.hears("file.arrived")
    assert syncd.waiting() == {"new.csv": b"whole\n"}
    assert [one["file"] for one in syncd.events("file.arrived")] == ["new.csv"]
    wait_for(lambda: not list(syncd.drop.glob("new*")), what="the drop folder without it")


def test_a_newer_upload_takes_the_place_of_a_waiting_file(syncd: Syncd, sender: Sender, local: Path) -> None:
    """The newer bytes wait under the name; the older ones lie in archives/superseded, never deleted."""
    sender.puts(written(local / "1", b"older\n"), "notes.csv")
    syncd.hears("file.arrived", file="notes.csv")
    sender.puts(written(local / "2", b"newer\n"), "notes.csv")
    newer = syncd.hears("file.arrived", file="notes.csv", times=2)
    assert syncd.waiting() == {"notes.csv": b"newer\n"}
    assert (syncd.repository / newer["older"]).read_bytes() == b"older\n"
    assert Path(newer["older"]).parent == Path("archives/superseded")


def test_an_upload_resumed_within_settle_is_one_whole_file(
    patient_syncd: Syncd, patient_sender: Sender, local: Path
) -> None:
    """A client killed half-way that resumes its upload in time leaves one arrival, with every byte."""
    file = written(local / "big.bin", os.urandom(1_000_000))
    half_way(patient_sender, file, "big.bin").kill()
    assert 0 < bytes_in(patient_syncd.drop / "big.bin") < 1_000_000
    patient_sender.does(f"reput {file} big.bin")
    patient_syncd.hears("file.arrived")
    assert patient_syncd.waiting() == {"big.bin": file.read_bytes()}
    assert len(patient_syncd.events("file.arrived")) == 1


def test_a_cut_off_users_file_is_held_and_nothing_is_sent(syncd: Syncd, sender: Sender, local: Path) -> None:
    """A client that is killed and never comes back leaves a file that waits for a person; the site is untouched."""
    file = written(local / "users.csv", users_file(1_000))
    sender.does("mkdir erp")
    half_way(sender, file, "erp/users.csv").kill()
    held = syncd.hears("run.held", file="erp/users.csv")
    assert held["bytes"] < file.stat().st_size
    assert "cut-off" in held["reason"]
    assert syncd.report(held)["state"] == "held"
    assert list(syncd.waiting()) == ["erp/users.csv"]
    (waiting,) = syncd.status()["waiting"]
    assert waiting["why"].startswith("held: cut-off")
    assert not syncd.site().call("core_user_get_users_by_field", {"field": "username", "values": ["user0", "user1"]})


def test_a_folder_keeps_its_sub_folders(syncd: Syncd, sender: Sender, local: Path) -> None:
    """An uploaded tree waits in the repository as the same tree."""
    tree = {"top.csv": b"a\n", "one/inner.csv": b"b\n", "one/two/three/deep.csv": b"c\n"}
    for path, content in tree.items():
        (local / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        written(local / "tree" / path, content)
    sender.does(f"put -r {local / 'tree'} tree")
    syncd.hears("file.arrived", times=3)
    assert syncd.waiting() == {f"tree/{path}": content for path, content in tree.items()}


def test_an_empty_file_is_refused_with_a_report(syncd: Syncd, sender: Sender, local: Path) -> None:
    """A file of zero bytes is taken and put aside by its tool, which says why."""
    sender.does("mkdir erp", put(written(local / "empty", b""), "erp/users.csv"))
    ended = syncd.hears("run.ended", file="erp/users.csv", state="refused")
    report = syncd.report(ended)
    assert report["refusal"]["code"] == "empty"
    assert (syncd.repository / report["archive"]).read_bytes() == b""
    assert "REFUSED" in syncd.report_text(ended)
    assert syncd.waiting() == {}


def test_a_slow_upload_is_waited_for(syncd: Syncd, sender: Sender, local: Path) -> None:
    """A client that writes for several times as long as settle has its file taken once, whole."""
    file = written(local / "slow.bin", os.urandom(500_000))
    client = half_way(sender, file, "slow.bin")
    client.end()
    syncd.hears("file.arrived")
    assert syncd.waiting() == {"slow.bin": file.read_bytes()}
    assert len(syncd.events("file.arrived")) == 1


def test_a_file_that_its_sender_has_open_is_waited_for(syncd: Syncd, sender: Sender, local: Path) -> None:
    """A frozen client keeps its file open: it is not taken, however long nothing happens, until it is whole."""
    file = written(local / "frozen.bin", os.urandom(300_000))
    client = half_way(sender, file, "frozen.bin")
    client.freeze()
    stays(lambda: not syncd.events("file.arrived"), 5 * SETTLE, "a file was taken that is open for writing")
    client.thaw()
    client.end()
    syncd.hears("file.arrived", bytes=300_000)
    assert syncd.waiting() == {"frozen.bin": file.read_bytes()}


def test_names_are_kept_byte_for_byte(syncd: Syncd, sender: Sender, local: Path) -> None:
    """Names with blanks, quotes, any script, bytes that are not UTF-8 and line ends arrive as they are."""
    script = "Zoë_名簿.csv".encode()
    names = [b" lead and trail ", b'it\'s "quoted".csv', script, b"caf\xe9.csv", b"two\nlines.csv", b"a\\b"]
    odd = os.fsencode(local / "odd")
    os.mkdir(odd)
    for name in names:
        Path(os.fsdecode(os.path.join(odd, name))).write_bytes(name)
    sender.does(f"put -r {local / 'odd'} odd")
    syncd.hears("file.arrived", times=len(names))
    there = os.fsencode(syncd.repository / "odd")
    assert sorted(os.listdir(there)) == sorted(names)
    assert all(Path(os.fsdecode(os.path.join(there, name))).read_bytes() == name for name in names)
    assert syncd.events("file.arrived", file="odd/caf\\xe9.csv")


def test_only_names_that_mean_unfinished_are_ignored(syncd: Syncd, sender: Sender, local: Path) -> None:
    """Hidden, underscored and .part names stay where they are; any other name, such as blocks.csv, is taken."""
    file = written(local / "file", b"a\n")
    ignored = [".hidden.csv", "_draft.csv", "users.csv.part", "users.csv.filepart", "users.tmp"]
    sender.does(*(put(file, name) for name in [*ignored, "blocks.csv"]))
    syncd.hears("file.arrived", file="blocks.csv")  # the last to be sent: by now the others would have been taken
    assert syncd.waiting() == {"blocks.csv": b"a\n"}
    assert all((syncd.drop / name).exists() for name in ignored)
    assert all(not syncd.why_dropped(name) for name in ignored)


def test_the_hold_file_holds_everything_until_it_goes(syncd: Syncd, sender: Sender, local: Path) -> None:
    """While alock.txt is there nothing is taken, and the status says so; when it goes, all is taken."""
    file = written(local / "file", b"a\n")
    sender.does(put(file, "alock.txt"), put(file, "one.csv"))
    syncd.hears("drop.held")
    wait_for(lambda: "hold file" in syncd.why_dropped("one.csv"), what="the reason in the status")
    stays((syncd.drop / "one.csv").exists, 3 * SETTLE, "a file was taken in spite of the hold file")
    sender.does(put(file, "two.csv"), "rm alock.txt")
    syncd.hears("file.arrived", times=2)
    assert syncd.waiting() == {"one.csv": b"a\n", "two.csv": b"a\n"}


@pytest.mark.parametrize("reserved", ["archives", "reports"])
def test_reserved_names_are_refused_from_outside(syncd: Syncd, sender: Sender, local: Path, reserved: str) -> None:
    """What is dropped below archives or reports stays there, and log and status say why."""
    sender.does(f"mkdir {reserved}", put(written(local / "evil", b"evil\n"), f"{reserved}/evil.csv"))
    refused = syncd.hears("file.refused", file=reserved)
    assert "belong to syncd" in refused["reason"]
    assert refused["cure"]
    assert syncd.why_dropped(reserved) == refused["reason"]
    sender.puts(written(local / "good", b"good\n"), "good.csv")
    syncd.hears("file.arrived", file="good.csv")
    assert (syncd.drop / reserved / "evil.csv").read_bytes() == b"evil\n"
    assert not list(syncd.repository.rglob("*evil*"))


def test_a_link_is_left_alone(syncd: Syncd, sender: Sender, local: Path) -> None:
    """A dropped link is neither followed nor moved, and log and status say why."""
    secret = written(local / "secret", b"secret\n")
    sender.does(f"symlink {secret} users.csv")
    refused = syncd.hears("file.refused", file="users.csv", obstacle="link")
    assert syncd.why_dropped("users.csv") == refused["reason"]
    sender.puts(written(local / "good", b"good\n"), "good.csv")
    syncd.hears("file.arrived", file="good.csv")
    assert syncd.waiting() == {"good.csv": b"good\n"}
    assert (syncd.drop / "users.csv").readlink() == secret
