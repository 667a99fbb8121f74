"""What is still to be told lies on the disk."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.core.notices import Gathered, Happening, Wishes, gather
from syncd.notices.outbox import GATHERED, MOST, Outbox
from syncd.notices.ways import Message

NOON = datetime(2026, 11, 25, 11, 0, tzinfo=UTC)
BOTH = ("mail", "services")


def message(number: int = 1) -> Message:
    """A message."""
    return Message(f"id{number}", f"subject {number}", f"text {number}\n", "warning")


def held(times: int = 1) -> Gathered:
    """So many held runs, gathered."""
    return gather(Gathered(), [Happening("run.held", "warning", NOON, {"file": "é.csv"})] * times, Wishes())


def test_messages_and_what_is_gathered_survive_a_restart(tmp_path: Path) -> None:
    """Whole, in their order."""
    outbox = Outbox(tmp_path / "notices")
    outbox.gather(held(3))
    outbox.add(message(1), BOTH, NOON, held(2))
    outbox.add(message(2), ("mail",), NOON, held(2))
    again = Outbox(tmp_path / "notices")
    assert again.gathered == held(2)
    assert [one.message for one in again.waiting("mail")] == [message(1), message(2)]
    assert [one.message for one in again.waiting("services")] == [message(1)]


def test_what_was_sent_is_gone_and_what_was_sent_in_part_is_not(tmp_path: Path) -> None:
    """Each way for itself."""
    outbox = Outbox(tmp_path)
    outbox.add(message(), BOTH, NOON, Gathered())
    outbox.sent(outbox.waiting("mail")[0])
    outbox.partly(outbox.waiting("services")[0], frozenset({"one"}))
    again = Outbox(tmp_path)
    assert again.waiting("mail") == []
    assert [one.done for one in again.waiting("services")] == [frozenset({"one"})]


def test_a_number_is_never_given_twice(tmp_path: Path) -> None:
    """Though all that had one were sent."""
    outbox = Outbox(tmp_path)
    outbox.add(message(1), ("mail",), NOON, Gathered())
    outbox.sent(outbox.waiting("mail")[0])
    again = Outbox(tmp_path)
    again.add(message(2), ("mail",), NOON, Gathered())
    assert [one.number for one in again.waiting("mail")] == [2]


def test_a_message_that_was_cut_off_while_it_was_made_is_made_again(tmp_path: Path) -> None:
    """Killed between its file and what is gathered: what it tells is told once."""
    outbox = Outbox(tmp_path)
    outbox.gather(held())
    before = (tmp_path / GATHERED).read_bytes()
    outbox.add(message(), ("mail",), NOON, Gathered())
    (tmp_path / GATHERED).write_bytes(before)
    again = Outbox(tmp_path)
    assert (again.gathered, again.waiting("mail")) == (held(), [])


def test_a_file_that_cannot_be_read_stops_nothing(tmp_path: Path) -> None:
    """Whatever a disk made of it."""
    outbox = Outbox(tmp_path)
    outbox.add(message(), ("mail",), NOON, held())
    (tmp_path / "00000000.mail.json").write_text("{")
    (tmp_path / "00000000.x.json").write_text("[]")
    assert [one.message for one in Outbox(tmp_path).waiting("mail")] == [message()]
    (tmp_path / GATHERED).write_text("no JSON")
    again = Outbox(tmp_path)
    assert again.gathered == Gathered()


def test_a_disk_that_cannot_be_written_to_keeps_nobody_silent(tmp_path: Path) -> None:
    """What can't be kept is sent: a full disk is what people must hear of."""
    (tmp_path / "notices").write_text("in the way")
    outbox = Outbox(tmp_path / "notices")
    outbox.add(message(), ("mail",), NOON, Gathered())
    assert [one.message for one in outbox.waiting("mail")] == [message()]


def test_too_many_are_summed_up(tmp_path: Path) -> None:
    """The oldest become one that names them; none is lost without a word, and there is never one more than allowed."""
    outbox = Outbox(tmp_path)
    for number in range(1, 3 * MOST):
        outbox.add(message(number), ("mail",), NOON, Gathered())
        assert len(outbox.waiting("mail")) <= MOST
    first, *others = Outbox(tmp_path).waiting("mail")
    assert first.sums + len(others) == 3 * MOST - 1
    assert first.message.subject == f"{first.sums} notices that could not be sent in time"
    assert "2026-11-25 11:00 subject 250\n" in first.message.text
    assert len(list(tmp_path.glob("0*.json"))) == len(others) + 1


@given(steps=st.lists(st.sampled_from(["happens", "made", "sent", "restart"]), max_size=30))
@settings(max_examples=40, deadline=None)
def test_a_restart_loses_nothing_and_tells_nothing_twice(
    steps: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What happened is gathered, waits, or was sent: once, whenever the process began anew."""
    folder = tmp_path_factory.mktemp("outbox")
    outbox, happened, sent = Outbox(folder), 0, 0
    for step in [*steps, "restart"]:
        match step:
            case "happens":
                one = Happening("run.held", "warning", NOON, {})
                outbox.gather(gather(outbox.gathered, [one], Wishes()))
                happened += 1
            case "made" if outbox.gathered.groups:
                (group,) = outbox.gathered.groups
                outbox.add(message(group.count), ("mail",), NOON, Gathered())
            case "sent" if waiting := outbox.waiting("mail"):
                sent += int(waiting[0].message.id.removeprefix("id"))
                outbox.sent(waiting[0])
            case "restart":
                outbox = Outbox(folder)
        waits = sum(int(one.message.id.removeprefix("id")) for one in outbox.waiting("mail"))
        assert sent + waits + sum(group.count for group in outbox.gathered.groups) == happened
