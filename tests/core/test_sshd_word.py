"""What sshd's log lets us know of uploads: lines and sightings in, words out."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.core.settle import KEPT, Said, Sighting
from syncd.core.sftp_log import Line
from syncd.core.sshd_word import SECOND
from syncd.core.sshd_words import KEPT_IN_MIND, REMEMBERED, Words
from tests.core.sftp_world import PLACE, File, World

Deed = Callable[[World], None]

who = st.sampled_from(["anne", "ben", "cleo"])
names = st.sampled_from(["a.csv", "b.csv", "sub/a.csv"])
deeds: st.SearchStrategy[Deed] = st.one_of(
    st.builds(lambda w, n, f: lambda world: world.opens(w, n, fresh=f), who, names, st.booleans()),
    st.builds(lambda w: lambda world: world.writes(w), who),
    st.builds(lambda w: lambda world: world.closes(w), who),
    st.builds(lambda w: lambda world: world.breaks_off(w), who),
    st.builds(lambda w: lambda world: world.is_killed(w), who),
    st.builds(lambda w, n: lambda world: world.fails_to_open(w, n), who, names),
    st.builds(lambda w: lambda world: world.asks(w), who),
    st.builds(lambda w, o, n, f: lambda world: world.renames(w, o, n, over=f), who, names, names, st.booleans()),
    st.builds(lambda n: lambda world: world.is_backed_up(n), names),
    st.builds(lambda n: lambda world: world.goes(n), names),
    st.just(lambda world: world.look()),
)


def told(deeds: list[Deed]) -> Iterator[tuple[File, Said]]:
    """Each file after each deed, and what is said of it."""
    world = World()
    for deed in deeds:
        world.wait(10)
        deed(world)
        for name, said in world.look().items():
            yield world.files[name], said


@settings(max_examples=400, deadline=None)
@given(st.lists(deeds, max_size=25))
def test_what_is_said_is_true(deeds: list[Deed]) -> None:
    """Law: what is whole was uploaded anew, and closed well, by whoever changed it last, alone."""
    for file, said in told(deeds):
        if said is Said.WHOLE:
            assert file.last.ended == "well" and file.last.fresh
            assert file.size == file.last.written
            assert not file.mixed


@settings(max_examples=400, deadline=None)
@given(st.lists(deeds, max_size=25))
def test_what_is_open_or_broken_is_kept(deeds: list[Deed]) -> None:
    """Law: nothing is taken that somebody still has open, or whose last change, made alone, was broken off."""
    for file, said in told(deeds):
        goes_on = any(handle.plain and not handle.ended for handle in file.handles)
        if goes_on or (file.last.plain and file.last.ended == "broken" and not file.mixed):
            assert said in KEPT


@pytest.fixture
def world() -> World:
    """A drop folder, and senders."""
    return World()


def test_an_upload_that_broke_off_is_broken_until_it_is_resumed_and_closed(world: World) -> None:
    """While it is resumed it is open; then looks decide, as bytes alone don't tell how long it should be."""
    world.opens("anne", "users.csv", fresh=True)
    world.writes("anne")
    assert world.look() == {"users.csv": Said.OPEN}
    world.breaks_off("anne")
    assert world.look() == {"users.csv": Said.BROKEN}
    world.wait(3600)
    world.opens("anne", "users.csv", fresh=False)
    assert world.look() == {"users.csv": Said.OPEN}
    world.wait(1)
    world.writes("anne")
    world.closes("anne")
    assert world.look() == {"users.csv": Said.NOTHING}


def test_an_upload_that_breaks_off_twice_before_a_byte_came_is_still_broken(world: World) -> None:
    """Each try to resume it begins and ends with nothing written."""
    world.opens("anne", "users.csv", fresh=True)
    world.writes("anne")
    for _ in range(8):
        world.breaks_off("anne")
        world.wait(600)
        assert world.look() == {"users.csv": Said.BROKEN}
        world.opens("anne", "users.csv", fresh=False)
        world.wait(60)


def test_a_broken_upload_under_another_name_is_broken(world: World) -> None:
    """Whoever renames half a file does not make it whole."""
    world.opens("anne", "users.csv.part", fresh=True)
    world.writes("anne")
    world.breaks_off("anne")
    world.wait(60)
    world.renames("anne", "users.csv.part", "users.csv", over=True)
    assert world.look() == {"users.csv": Said.BROKEN}


def test_a_whole_upload_under_another_name_is_whole(world: World) -> None:
    """The usual way: uploaded as .part, and renamed, with and without an older one there."""
    for over in (False, True):
        world.opens("anne", "users.csv.part", fresh=True)
        world.writes("anne")
        world.closes("anne")
        world.wait(60)
        world.renames("anne", "users.csv.part", "users.csv", over=over)
        assert world.look() == {"users.csv": Said.WHOLE}


def test_a_rename_that_fails_makes_nothing_whole(world: World) -> None:
    """The broken file keeps the name, and its mark."""
    world.opens("anne", "users.csv", fresh=True)
    world.writes("anne")
    world.breaks_off("anne")
    world.wait(60)
    world.opens("anne", "users.csv.part", fresh=True)
    world.writes("anne")
    world.closes("anne")
    world.renames("anne", "users.csv.part", "users.csv", over=False)
    assert world.look()["users.csv"] is Said.BROKEN


def test_a_folder_that_is_renamed_takes_its_files_words_along(world: World) -> None:
    """A sender may upload a folder under another name, and then rename it."""
    world.opens("anne", "tmp/a.csv", fresh=True)
    world.writes("anne")
    world.breaks_off("anne")
    world.files["erp/a.csv"] = world.files.pop("tmp/a.csv")
    world.logs("anne", 'posix-rename old "/sync/tmp" new "/sync/erp"')
    assert world.look() == {"erp/a.csv": Said.BROKEN}


def test_a_disk_that_was_full_breaks_an_upload_off_although_it_is_closed(world: World) -> None:
    """Clients close what they could not write; sshd says so before. The path is cut off after 100 bytes."""
    name = "x" * 150
    world.opens("anne", name, fresh=True)
    world.writes("anne")
    world.logs("anne", f'error: process_write: write "/sync/{name[:94]}": No space left on device')
    world.closes("anne")
    assert world.look() == {name: Said.BROKEN}


def test_a_killed_sshd_leaves_its_upload_open(world: World) -> None:
    """Nobody logs its end. Another process of its number, or another boot, shows that it broke off."""
    world.opens("anne", "users.csv", fresh=True)
    world.writes("anne")
    session = world.sessions["anne"]
    world.is_killed("anne")
    world.wait(3600)
    assert world.look() == {"users.csv": Said.OPEN}
    world.words.hear(Line(session, 7, world.now, "session opened for local user ben from [192.0.2.2]"))
    assert world.look() == {"users.csv": Said.BROKEN}


def test_a_reboot_breaks_off_what_was_open(world: World) -> None:
    """The machine went down in the middle of it."""
    world.opens("anne", "users.csv", fresh=True)
    world.writes("anne")
    world.wait(60)
    world.words.rebooted("other", world.now)
    assert world.look() == {"users.csv": Said.BROKEN}
    world.words.rebooted("other", world.now)


def test_a_connection_that_hangs_keeps_what_is_uploaded_anew_until_sshd_ends_it(world: World) -> None:
    """It might write on, into the new bytes. If it did not, its end says nothing of the new upload."""
    world.opens("anne", "users.csv", fresh=True)
    world.writes("anne")
    world.wait(60)
    world.opens("ben", "users.csv", fresh=True)
    world.writes("ben")
    world.closes("ben")
    assert world.look() == {"users.csv": Said.OPEN}
    world.wait(3600)
    world.breaks_off("anne")
    assert world.look() == {"users.csv": Said.NOTHING}


@pytest.mark.parametrize("breaks", [True, False])
def test_two_sessions_in_one_file_keep_it_until_both_have_closed_it(world: World, breaks: bool) -> None:
    """Its bytes are of both: nobody can call it whole. Who writes last, and breaks off, leaves it broken."""
    world.opens("anne", "users.csv", fresh=True)
    world.writes("anne")
    world.wait(60)
    world.opens("ben", "users.csv", fresh=True)
    world.writes("ben")
    world.closes("ben")
    assert world.look() == {"users.csv": Said.OPEN}
    world.wait(60)
    world.writes("anne")
    assert world.look() == {"users.csv": Said.OPEN}
    world.wait(60)
    if breaks:
        world.breaks_off("anne")
    else:
        world.closes("anne")
    assert world.look() == {"users.csv": Said.BROKEN if breaks else Said.NOTHING}
    world.wait(60)
    world.opens("cleo", "users.csv", fresh=True)
    world.writes("cleo")
    world.closes("cleo")
    assert world.look() == {"users.csv": Said.WHOLE}


@pytest.mark.parametrize("first", ["anne", "ben"])
def test_a_break_soon_after_anothers_close_is_known_by_the_size(world: World, first: str) -> None:
    """Within seconds times can't tell who wrote last; what is of the wrong size is not what was closed."""
    world.opens("anne", "users.csv", fresh=True)
    world.writes("anne")
    world.wait(60)
    world.opens("ben", "users.csv", fresh=True)
    world.writes("ben")
    world.wait(1)
    world.writes("anne")
    (world.breaks_off if first == "anne" else world.closes)(first)
    (world.closes if first == "anne" else world.breaks_off)({"anne": "ben", "ben": "anne"}[first])
    assert world.look() == {"users.csv": Said.BROKEN}


def test_an_open_that_is_refused_after_anothers_keeps_nothing(world: World) -> None:
    """The refusal comes when somebody else has opened the file already."""
    world.logs("anne", 'open "/sync/users.csv" flags WRITE,CREATE,TRUNCATE mode 0644')
    world.opens("ben", "users.csv", fresh=True)
    world.writes("ben")
    world.logs("anne", "sent status Permission denied")
    assert world.look() == {"users.csv": Said.OPEN}
    world.closes("ben")
    assert world.look() == {"users.csv": Said.NOTHING}


def test_more_sessions_than_are_remembered_closed_don_t_hide_one_that_is_open(world: World) -> None:
    """Somebody tries again and again, behind a connection that hangs."""
    world.opens("anne", "users.csv", fresh=True)
    for number in range(20):
        world.wait(10)
        world.opens(f"ben {number}", "users.csv", fresh=number % 2 == 0)
        world.writes(f"ben {number}")
        world.breaks_off(f"ben {number}")
    assert world.look() == {"users.csv": Said.OPEN}


def test_a_session_that_is_gone_has_broken_off(world: World) -> None:
    """Its sshd was killed; who uploads anew after that waits for nobody."""
    world.opens("anne", "users.csv", fresh=True)
    world.writes("anne")
    (session,) = world.words.sessions()
    world.is_killed("anne")
    world.wait(60)
    world.words.gone(session, world.now)
    assert world.look() == {"users.csv": Said.BROKEN}
    assert not world.words.sessions()
    world.wait(60)
    world.opens("ben", "users.csv", fresh=True)
    world.writes("ben")
    world.closes("ben")
    assert world.look() == {"users.csv": Said.WHOLE}


def by_link(world: World, text: str) -> None:
    """A line of a session that reaches the drop folder by a link."""
    world.logs("anne", text.replace("users.csv", "/sync/.lnk/users.csv"))


@pytest.mark.parametrize("looked", [True, False])
def test_an_upload_through_a_link_is_kept_and_never_called_whole(world: World, looked: bool) -> None:
    """Its path has another end than the file's: the name, the time and the size tell."""
    by_link(world, 'open "users.csv" flags WRITE,CREATE,TRUNCATE mode 0644')
    world.files["users.csv"] = File(1, 300, world.now, world.now)
    if looked:
        assert world.look() == {"users.csv": Said.OPEN}
    world.wait(60)
    by_link(world, 'forced close "users.csv" bytes read 0 written 300')
    assert world.look() == {"users.csv": Said.BROKEN}
    world.files["users.csv"].inode = 2
    assert world.look() == {"users.csv": Said.NOTHING}
    world.files["users.csv"].inode = 1
    world.wait(60)
    by_link(world, 'open "users.csv" flags WRITE,CREATE,TRUNCATE mode 0644')
    world.files["users.csv"].changed = world.files["users.csv"].modified = world.now
    assert world.look() == {"users.csv": Said.OPEN}
    by_link(world, 'close "users.csv" bytes read 0 written 300')
    assert world.look() == {"users.csv": Said.NOTHING}


def test_a_link_into_a_file_that_another_session_has_closed_keeps_it(world: World) -> None:
    """It may be the same file: looks decide."""
    by_link(world, 'open "users.csv" flags WRITE,CREATE,TRUNCATE mode 0644')
    world.files["users.csv"] = File(1, 300, world.now, world.now)
    assert world.look() == {"users.csv": Said.OPEN}
    world.opens("ben", "users.csv", fresh=True)
    world.writes("ben")
    world.closes("ben")
    assert world.look() == {"users.csv": Said.NOTHING}


def test_a_file_of_the_same_name_elsewhere_keeps_none_whose_own_upload_is_known(world: World) -> None:
    """Several senders have a users.csv each. One that was seen to be another file keeps none either."""
    world.opens("anne", "sub/users.csv", fresh=True)
    world.files["old/users.csv"] = File(98, 100, world.now - 60 * SECOND, 0)
    world.look()
    world.opens("ben", "users.csv", fresh=True)
    world.writes("ben")
    world.closes("ben")
    world.files["other/users.csv"] = File(99, 100, world.now, world.now)
    said = {"sub/users.csv": Said.OPEN, "users.csv": Said.WHOLE}
    assert world.look() == {**said, "old/users.csv": Said.NOTHING, "other/users.csv": Said.NOTHING}


def test_a_file_that_is_looked_at_first_takes_nobodys_word_along(world: World) -> None:
    """A local file has the name of one whose upload has just begun."""
    world.files["local/users.csv"] = File(99, 300, world.now, world.now)
    world.opens("anne", "sub/users.csv", fresh=True)
    world.look()
    assert world.look() == {"local/users.csv": Said.NOTHING, "sub/users.csv": Said.OPEN}


def test_lost_lines_make_what_is_open_doubtful(world: World) -> None:
    """The journal swallows lines of who logs too much (journald.conf(5)): a close may be among them."""
    world.opens("anne", "users.csv", fresh=True)
    world.writes("anne")
    world.opens("ben", "broken.csv", fresh=True)
    world.writes("ben")
    world.breaks_off("ben")
    world.words.missed()
    assert world.look() == {"users.csv": Said.NOTHING, "broken.csv": Said.BROKEN}
    world.closes("anne")
    assert world.look()["users.csv"] is Said.WHOLE


def test_a_person_who_touches_a_broken_file_answers_for_it(world: World) -> None:
    """Another time of modification, which nobody but sshd's client set, or another file of the name."""
    world.opens("anne", "users.csv", fresh=True)
    world.writes("anne")
    world.breaks_off("anne")
    world.look()
    world.wait(60)
    world.is_backed_up("users.csv")
    assert world.look() == {"users.csv": Said.BROKEN}
    world.logs("anne", 'set "/sync/users.csv" modtime 20261125-10:00:00')
    world.files["users.csv"].modified = 5
    assert world.look() == {"users.csv": Said.BROKEN}
    world.files["users.csv"].modified = world.now
    assert world.look() == {"users.csv": Said.NOTHING}


@pytest.mark.parametrize("breaks", [True, False])
def test_another_file_of_the_name_is_another_file(world: World, breaks: bool) -> None:
    """Put there by somebody else while the upload was open, or after it broke off."""
    world.opens("anne", "users.csv", fresh=True)
    world.writes("anne")
    world.look()
    if breaks:
        world.breaks_off("anne")
    world.wait(60)
    world.files["users.csv"].inode = 99
    world.is_backed_up("users.csv")
    assert world.look() == {"users.csv": Said.NOTHING}


def test_an_account_that_is_told_otherwise_of_takes_nobodys_file(world: World) -> None:
    """Chroots look alike from inside: where two accounts' words go against each other, looks decide."""
    world.opens("anne", "users.csv", fresh=True)
    world.writes("anne")
    world.logs("eve", 'open "/sync/users.csv" flags WRITE,CREATE,TRUNCATE mode 0644', user=8)
    world.logs("eve", 'close "/sync/users.csv" bytes read 0 written 100', user=8)
    assert world.look() == {"users.csv": Said.NOTHING}
    world.closes("anne")
    assert world.look() == {"users.csv": Said.WHOLE}


@pytest.mark.parametrize(
    ("told", "folder"),
    [("/sync/a.csv", "sync"), ("sync/a.csv", "sync"), ("a.csv", ""), ("/srv/sftp/erp/sync/a.csv", "srv/sftp/erp/sync")],
)
def test_paths_are_told_from_any_root(told: str, folder: str) -> None:
    """From the chroot, from the machine's root, or from the folder where the sender begins."""
    words = Words()
    words.hear(Line("b:1", 7, SECOND, f'open "{told}" flags WRITE,CREATE,TRUNCATE mode 0644'))
    words.hear(Line("b:1", 7, SECOND, f'close "{told}" bytes read 0 written 5'))
    seen = Sighting("a.csv", 1, 1, 5, SECOND, SECOND)
    assert words.judge([PLACE], seen) is Said.WHOLE
    assert words.judge([PLACE], replace(seen, path="b.csv")) is Said.NOTHING
    assert words.judge([("srv", "other")], seen) is (Said.NOTHING if folder else Said.WHOLE)


def test_the_longest_path_that_fits_is_meant() -> None:
    """What lies at the sender's root is another file than what lies deeper."""
    words = Words()
    words.hear(Line("b:1", 7, SECOND, 'open "/a.csv" flags WRITE,CREATE mode 0644'))
    words.hear(Line("b:1", 7, SECOND, 'open "/sync/a.csv" flags WRITE,CREATE,TRUNCATE mode 0644'))
    words.hear(Line("b:1", 7, 2 * SECOND, 'close "/sync/a.csv" bytes read 0 written 5'))
    assert words.judge([PLACE], Sighting("a.csv", 1, 1, 5, SECOND, SECOND)) is Said.WHOLE


def test_reading_a_file_says_nothing_of_it(world: World) -> None:
    """A sender may fetch what is still uploaded by another process."""
    world.opens("anne", "users.csv", fresh=True)
    world.writes("anne")
    world.logs("anne", 'open "/sync/users.csv" flags READ mode 0666')
    world.logs("anne", 'close "/sync/users.csv" bytes read 100 written 0')
    assert world.look() == {"users.csv": Said.OPEN}


def test_an_open_that_failed_keeps_nothing(world: World) -> None:
    """Nor does it make what is broken whole."""
    world.opens("anne", "broken.csv", fresh=True)
    world.writes("anne")
    world.breaks_off("anne")
    world.wait(60)
    world.fails_to_open("ben", "broken.csv")
    assert world.look() == {"broken.csv": Said.BROKEN}
    world.files["local.csv"] = replace(world.files["broken.csv"])
    world.fails_to_open("ben", "local.csv")
    assert world.look()["local.csv"] is Said.NOTHING
    world.breaks_off("ben")
    assert world.look() == {"broken.csv": Said.BROKEN, "local.csv": Said.NOTHING}


def test_a_close_without_an_open_counts_if_it_was_forced() -> None:
    """The log begins in the middle of an upload."""
    words = Words()
    words.hear(Line("b:1", 7, SECOND, 'forced close "/sync/a.csv" bytes read 0 written 5'))
    words.hear(Line("b:1", 7, SECOND, 'close "/sync/b.csv" bytes read 0 written 5'))
    seen = Sighting("a.csv", 1, 1, 5, SECOND, SECOND)
    assert words.judge([PLACE], seen) is Said.BROKEN
    assert words.judge([PLACE], replace(seen, path="b.csv")) is Said.NOTHING


def test_what_is_of_no_use_is_forgotten(world: World) -> None:
    """Whole uploads soon, broken ones after a month without a sight of them, and nobody fills the memory."""
    world.opens("anne", "whole.csv", fresh=True)
    world.closes("anne")
    world.opens("anne", "broken.csv", fresh=True)
    world.writes("anne")
    world.breaks_off("anne")
    world.look()
    assert len(world.words.told) == 2
    world.goes("whole.csv")
    world.look()
    world.now += REMEMBERED + SECOND
    world.logs("ben", "sent status Failure")
    world.look()
    assert [key[1][-1] for key in world.words.told] == ["broken.csv"]
    world.words.most = 5
    for number in range(9):
        world.wait(1)
        world.logs("ben", f'open "/sync/{number}" flags WRITE,CREATE,TRUNCATE mode 0644')
        world.logs("ben", f'close "/sync/{number}" bytes read 0 written 9')
    world.look()
    assert [key[1][-1] for key in world.words.told] == ["broken.csv", "5", "6", "7", "8"]
    world.now += KEPT_IN_MIND + SECOND
    world.logs("ben", "sent status Failure")
    assert world.look() == {"broken.csv": Said.BROKEN}
    world.goes("broken.csv")
    world.look()
    world.words.forget()
    assert not world.words.told
