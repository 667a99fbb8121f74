"""A rehearsal tells what would be done, and no secret."""

from syncd.core.deeds import planned
from syncd.core.model import Act, Outcome, Step


def step(*acts: Act) -> Step:
    """A step with these acts."""
    return Step(2, Outcome.UPDATED, "ana", acts)


def test_each_call_is_told_with_what_it_would_send() -> None:
    """In Moodle's own words, which the administrator can look up."""
    acts = Act("core_user_update_users", {"id": 5, "city": "Paris"}), Act("enrol_manual_enrol_users", {"userid": 5})
    assert planned(step(*acts)) == (
        "would call core_user_update_users: id = 5, city = Paris",
        "would call enrol_manual_enrol_users: userid = 5",
    )


def test_no_secret_is_told() -> None:
    """Nor are ids that nobody knows yet."""
    act = Act("core_user_create_users", {"username": "ana"}, {"password": "password"}, takes={"cohortid": "cohort:x"})
    assert planned(step(act)) == (
        "would call core_user_create_users: username = ana, password = (not told), cohortid = (what is made for it)",
    )


def test_much_is_clipped() -> None:
    """A description does not fill the report."""
    (note,) = planned(step(Act("core_user_update_users", {"description": "x" * 1_000, "preferences": [{"a": 1}]})))
    assert len(note) < 320


def test_a_row_that_holds_needs_no_word() -> None:
    """Nothing would be called."""
    assert planned(step()) == ()
