"""What a notice says."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from syncd.core.notice_text import LONGEST_SUBJECT, Explanation, Letter, notice
from syncd.core.notices import Gathered, Happening, Wishes, gather

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 11, 5, 11, 0, tzinfo=UTC)
REASON = "deletes: 320 of 3,000 rows would delete or suspend something, the limit is 5% (150)"
HELD = {"run": "20261105-120000-users", "tool": "users", "file": "erp/users.csv", "sha256": "ab" * 32, "reason": REASON}


def explain(event: str) -> Explanation:
    """What a catalog might say."""
    return Explanation(f"What {event} means", ("It is so.", "    syncd approve @SYNCD_RUN@", "Look at the report."))


def told(*events: tuple[str, dict[str, str]], level: str = "warning") -> Letter:
    """The notice of these."""
    happenings = [
        Happening(event, level, NOON + timedelta(minutes=n), fields) for n, (event, fields) in enumerate(events)
    ]
    groups = gather(Gathered(), happenings, Wishes()).groups
    return notice(groups, explain, site="campus", zone=PARIS, ending="syncd on moodle1")


def test_a_held_run_is_told_in_its_subject() -> None:
    """Which file, and why, without the name of the limit's key."""
    assert told(("run.held", HELD)).subject == (
        "[campus] erp/users.csv held: 320 of 3,000 rows would delete or suspend something, the limit is 5% (150)"
    )


def test_the_text_says_what_happened_when_and_what_to_do() -> None:
    """Its fields in words, the catalog's advice with the run's name in it, and where to read more."""
    text = told(("run.held", HELD)).text
    assert "5 November 2026, 12:00" in text
    assert "    file: erp/users.csv" in text
    assert "    syncd approve 20261105-120000-users" in text
    assert "journalctl -t syncd -x SYNCD_RUN=20261105-120000-users" in text
    assert text.endswith("-- \nsyncd on moodle1\n")
    assert "abab" not in text  # a hash tells people nothing


def test_many_are_counted() -> None:
    """One subject, all of them; the first few are shown, the others are counted."""
    letter = told(*(("file.refused", {"file": f"{n}.csv", "reason": "a link"}) for n in range(23)))
    assert letter.subject == "[campus] 23 files can't be taken in"
    assert "23 times, from 5 November 2026, 12:00 to 5 November 2026, 12:22" in letter.text
    assert "… and 18 more." in letter.text
    assert f"SYNCD_EVENT=file.refused --since=@{int(NOON.timestamp())}" in letter.text


def test_an_event_that_nobody_wrote_a_headline_for_is_told_by_the_catalog() -> None:
    """A new event needs nothing here."""
    assert told(("moon.risen", {"folder": "/srv"})).subject == "[campus] What moon.risen means: /srv"
    assert told(("moon.risen", {}), ("moon.risen", {})).subject == "[campus] What moon.risen means (2 times)"


def test_the_gravest_comes_first() -> None:
    """A held run is less than a full disk."""
    happenings = [Happening("run.held", "warning", NOON, HELD), Happening("disk.full", "error", NOON, {})]
    groups = gather(Gathered(), happenings, Wishes()).groups
    letter = notice(groups, explain, site="campus", zone=PARIS, ending="")
    assert letter.subject == "[campus] What disk.full means (and 1 other notice)"
    assert letter.text.index("What disk.full means") < letter.text.index("erp/users.csv held")


LATE = {"tool": "courses", "file": "courses.csv", "reason": "courses.csv was expected by 02:00, and has not come"}


def over_night(*others: Happening) -> Letter:
    """The notice of a file that was late and came, and of others."""
    came = {"alarm": "file.late", "tool": "courses", "file": "courses.csv"}
    happenings = [
        Happening("file.late", "warning", NOON, LATE),
        *others,
        Happening("alarm.over", "info", NOON + timedelta(minutes=7), came, "file.late"),
    ]
    groups = gather(Gathered(), happenings, Wishes()).groups
    return notice(groups, explain, site="campus", zone=PARIS, ending="syncd on moodle1")


def test_what_was_over_in_quiet_hours_is_a_line() -> None:
    """The subject is of what stands; nobody is told what to do about what needs nothing."""
    letter = over_night(Happening("run.held", "warning", NOON, HELD))
    assert letter.subject.startswith("[campus] erp/users.csv held: ")
    assert letter.subject.endswith("(and 1 other notice)")
    assert "and has not come – and was over at 5 November 2026, 12:07" in " ".join(letter.text.split())
    assert letter.text.count("courses.csv") == 1
    assert "What file.late means" not in letter.text


def test_where_all_is_over_the_subject_says_so() -> None:
    """Nobody need get up."""
    assert over_night().subject == "[campus] over: courses.csv was expected by 02:00, and has not come"


@pytest.mark.parametrize("fields", [{}, {"file": "x" * 500, "reason": "y" * 500}])
def test_a_subject_is_a_short_line(fields: dict[str, str]) -> None:
    """Whatever an event's fields hold, or lack."""
    subject = told(("run.held", fields)).subject
    assert len(subject) <= LONGEST_SUBJECT + len("[campus] ")
    assert "\n" not in subject


def headlines() -> Sequence[str]:
    """Every event with a headline of its own."""
    from syncd.core.notice_text import HEADLINES, MANY

    return [*HEADLINES, *MANY]


@pytest.mark.parametrize("event", headlines())
def test_headlines_are_of_events_that_there_are(event: str) -> None:
    """One of a former event would stay for ever."""
    from syncd.events import EVENTS

    assert event in EVENTS
