"""What a row asks of the site, and what it changes there."""

from typing import Any

import pytest

from syncd.core.functions import SITE_INFO
from syncd.core.model import NO_PASSWORD, Act, Call, Outcome, Step
from syncd.tools.base import Memory
from tests.tools.users_rows import (
    ANA,
    ANA_ON_SITE,
    BEN,
    BEN_ON_SITE,
    CREATE,
    DELETE,
    UPDATE,
    refused,
    step,
    told,
    users,
    wish,
)

# What is asked


def test_only_what_the_first_answers_leave_open_is_asked_next() -> None:
    """Found accounts cost one look-up; only a row without one asks for its username and e-mail address."""
    tool = users()
    plan = tool.plan([wish(tool, ANA), wish(tool, BEN, 3)], Memory(lambda subject: False))
    assert next(plan) == [Call("core_user_get_users_by_field", {"field": "idnumber", "values": ["E1", "E2"]})]
    assert plan.send([[ANA_ON_SITE]]) == [
        Call("core_user_get_users_by_field", {"field": "username", "values": ["ben"]}),
        Call("core_user_get_users_by_field", {"field": "email", "values": ["ben@example.org"]}),
    ]
    with pytest.raises(StopIteration) as end:
        plan.send([[], []])
    assert [step.outcome for step in end.value.value] == [Outcome.UNCHANGED, Outcome.CREATED]


def test_a_look_up_asks_for_at_most_500_values() -> None:
    """Long lists are cut into calls that are asked at once, each value in one of them."""
    tool = users()
    wishes = [wish(tool, ANA | {"idnumber": f"E{n}"}, n) for n in range(2, 1203)]
    calls = next(tool.plan(wishes, Memory(lambda subject: False)))
    assert [len(call.parameters["values"]) for call in calls] == [500, 500, 201]


# Creating


def test_an_unknown_account_is_created() -> None:
    """What the row fills is sent, and what it leaves empty is not."""
    found = step(ANA | {"city": "", "mailformat": "0", "profile_field_badge": "7"}, passwords="never")
    (act,) = found.acts
    assert (found.outcome, act.function) == (Outcome.CREATED, CREATE)
    assert act.item == ANA | {"mailformat": 0, "customfields": [{"type": "badge", "value": "7"}]}


def test_defaults_are_for_new_accounts_where_the_file_is_silent() -> None:
    """An existing account never gets a default, and a filled cell is stronger than one."""
    defaults = {"country": "FR", "city": "Lyon"}
    (act,) = step(ANA | {"city": "Metz", "country": ""}, defaults=defaults).acts
    assert (act.item["country"], act.item["city"]) == ("FR", "Metz")
    assert step(ANA, ANA_ON_SITE, defaults=defaults).outcome is Outcome.UNCHANGED


def test_a_new_account_needs_an_email_address() -> None:
    """Moodle makes none without, so the row is refused before."""
    assert refused(ANA | {"email": ""}) == "value-missing"


def test_a_new_account_can_be_suspended() -> None:
    """Moodle can't create a suspended account: a second act suspends it, by the id that the first one got."""
    found = step(ANA | {"suspended": "yes"})
    assert found.outcome is Outcome.CREATED
    assert [act.function for act in found.acts] == [CREATE, UPDATE]
    assert found.acts[1] == Act(UPDATE, {"suspended": 1}, takes={"id": ""})


# Passwords


def test_a_password_stays_in_the_file() -> None:
    """A plan names the column of a password and never holds its value."""
    found = step(ANA | {"password": "Secret-1"})
    assert found.acts[0].secrets == {"password": "password"}
    assert "Secret-1" not in repr(found)
    assert not found.notes


def test_a_new_account_without_password_gets_one_that_nobody_knows() -> None:
    """Moodle demands a password of its own accounts; the report says that nobody has it, unless the file asked so."""
    silent, asked = step(ANA), step(ANA | {"password": "*NOPASS*"})
    assert silent.acts[0].secrets == asked.acts[0].secrets == {"password": NO_PASSWORD}
    assert silent.notes
    assert not asked.notes


def test_moodle_can_make_and_mail_the_password() -> None:
    """With create_passwords, an account without one is created so that Moodle mails one."""
    (act,) = step(ANA | {"password": ""}, create_passwords=True).acts
    assert act.item["createpassword"] == 1
    assert not act.secrets


def test_an_account_of_another_directory_gets_no_password() -> None:
    """Moodle keeps none for ldap and its like."""
    (act,) = step(ANA | {"auth": "ldap"}, create_passwords=True).acts
    assert "createpassword" not in act.item
    assert not act.secrets


def test_a_new_password_can_be_asked_for_at_the_first_log_in() -> None:
    """With force_password_change, a password from the file serves once."""
    (act,) = step(ANA | {"password": "Secret-1"}, force_password_change=True).acts
    assert act.item["preferences"] == [{"type": "auth_forcepasswordchange", "value": "1"}]


@pytest.mark.parametrize(
    ("passwords", "cell", "outcome"),
    [
        ("create", "Secret-1", Outcome.UNCHANGED),
        ("never", "Secret-1", Outcome.UNCHANGED),
        ("always", "", Outcome.UNCHANGED),
        ("always", "*NOPASS*", Outcome.UNCHANGED),
        ("always", "Secret-1", Outcome.UPDATED),
    ],
)
def test_an_existing_password_changes_only_when_always_asked(passwords: str, cell: str, outcome: Outcome) -> None:
    """No setting and no empty cell touches the password of an existing account, but `always` with a password."""
    found = step(ANA | {"password": cell}, ANA_ON_SITE, passwords=passwords)
    assert found.outcome is outcome
    if found.acts:
        assert found.acts == (Act(UPDATE, {"id": 11}, {"password": "password"}),)


# Updating


def test_only_what_differs_is_sent() -> None:
    """Fields that hold already stay out of the update."""
    found = step(ANA | {"city": "Lyon", "department": "Maths"}, ANA_ON_SITE | {"city": "Lyon"})
    assert found.outcome is Outcome.UPDATED
    assert found.acts == (Act(UPDATE, {"id": 11, "department": "Maths"}),)


def test_columns_that_the_file_lacks_are_not_touched() -> None:
    """An account keeps what the file says nothing about."""
    assert step(ANA, ANA_ON_SITE | {"city": "Lyon", "country": "FR", "lang": "fr"}).outcome is Outcome.UNCHANGED


def test_an_empty_cell_clears_its_field() -> None:
    """What the ERP empties is emptied, custom fields too."""
    fields = [{"type": "text", "name": "Badge", "shortname": "badge", "value": "7"}]
    found = step(ANA | {"city": "", "profile_field_badge": ""}, ANA_ON_SITE | {"city": "Lyon", "customfields": fields})
    assert found.acts == (Act(UPDATE, {"id": 11, "city": "", "customfields": [{"type": "badge", "value": ""}]}),)


@pytest.mark.parametrize("column", ["email", "auth", "lang", "timezone", "mailformat", "maildisplay"])
def test_an_empty_cell_leaves_what_every_account_has(column: str) -> None:
    """There is no account without a language or a time zone: an empty cell is silence there."""
    site = ANA_ON_SITE | {"lang": "fr", "timezone": "99"}
    assert step(ANA | {column: ""}, site, protect_emails=False).outcome is Outcome.UNCHANGED


def test_what_moodle_does_not_tell_goes_with_other_changes_only() -> None:
    """A middle name can't be compared: it is sent whenever something else is, and by itself changes nothing."""
    row = ANA | {"middlename": "Lou"}
    assert step(row, ANA_ON_SITE).outcome is Outcome.UNCHANGED
    assert step(row, ANA_ON_SITE | {"firstname": "Anna"}).acts[0].item == {
        "id": 11,
        "firstname": "Ana",
        "middlename": "Lou",
    }


def test_suspending_and_its_end_are_told_apart() -> None:
    """Only an account that is turned off counts as suspended, so that limits see it."""
    suspended = ANA_ON_SITE | {"suspended": True}
    off = step(ANA | {"suspended": "1", "city": "Lyon"}, ANA_ON_SITE)
    assert off.outcome is Outcome.SUSPENDED
    assert off.acts == (Act(UPDATE, {"id": 11, "city": "Lyon", "suspended": 1}),)
    on = step(ANA | {"suspended": "no"}, suspended)
    assert (on.outcome, on.acts) == (Outcome.UPDATED, (Act(UPDATE, {"id": 11, "suspended": 0}),))
    assert step(ANA | {"suspended": ""}, suspended).outcome is Outcome.UNCHANGED
    assert step(ANA | {"suspended": "true"}, suspended).outcome is Outcome.UNCHANGED


def test_emails_of_existing_accounts_are_protected() -> None:
    """The address stays, and the report says so; without protection it changes."""
    row = ANA | {"email": "new@example.org"}
    kept = step(row, ANA_ON_SITE)
    assert (kept.outcome, len(kept.notes)) == (Outcome.UNCHANGED, 1)
    changed = step(row, ANA_ON_SITE, protect_emails=False)
    assert changed.acts == (Act(UPDATE, {"id": 11, "email": "new@example.org"}),)


def test_an_email_of_another_account_is_refused() -> None:
    """Neither a new nor a changed address may be another account's, in any case; one's own is no collision."""
    taken = {"email": "BEN@example.org"}
    assert refused(ANA | taken, BEN_ON_SITE) == "email-taken"
    assert refused(ANA | taken, ANA_ON_SITE, BEN_ON_SITE, protect_emails=False) == "email-taken"
    own = step(ANA | {"email": "Ana@example.org"}, ANA_ON_SITE, protect_emails=False)
    assert own.acts == (Act(UPDATE, {"id": 11, "email": "Ana@example.org"}),)


# Deleting


@pytest.mark.parametrize("yes", ["1", "yes", "TRUE", "y", "on"])
def test_a_true_deletes(yes: str) -> None:
    """An account is deleted by a plain yes, and nothing else of the row is sent."""
    found = step(ANA | {"deleted": yes, "city": "Lyon"}, ANA_ON_SITE)
    assert (found.outcome, found.acts) == (Outcome.DELETED, (Act(DELETE, {"userid": 11}),))


@pytest.mark.parametrize("no", ["0", "no", "False", "n", "off", ""])
def test_the_deleted_column_alone_deletes_nothing(no: str) -> None:
    """A no, or an empty cell, leaves the account alone."""
    assert step(ANA | {"deleted": no}, ANA_ON_SITE).outcome is Outcome.UNCHANGED


def test_deleting_what_is_not_there_changes_nothing() -> None:
    """A deletion that is played again holds already."""
    assert step(ANA | {"deleted": "1"}).outcome is Outcome.UNCHANGED


# Where the token is no administrator's: Moodle tells phone numbers and descriptions under conditions of their own


def as_no_administrator(cells: dict[str, str], *site: dict[str, Any]) -> Step:
    """What becomes of one row, by a token that is no administrator's."""
    tool = users()
    plan = tool.plan([wish(tool, cells)], Memory(lambda subject: False))
    try:
        calls = next(plan)
        while True:
            calls = plan.send(
                [
                    {"userissiteadmin": False} if call.function == SITE_INFO else told(call, site, (), [])
                    for call in calls
                ]
            )
    except StopIteration as end:
        (only,) = end.value
        assert isinstance(only, Step)
        return only


def test_a_description_that_is_told_says_nothing_of_phones() -> None:
    """Moodle tells the description of an account, and its phone number not: nobody knows whether that differs."""
    row = ANA | {"phone1": "01", "phone2": "02", "description": "<p>Hi</p>"}
    told_description = ANA_ON_SITE | {"description": "<p>Hi</p>"}
    assert as_no_administrator(row, told_description).outcome is Outcome.UNCHANGED
    changed = as_no_administrator(row, told_description | {"description": ""})
    assert changed.acts == (Act(UPDATE, {"id": 11, "description": "<p>Hi</p>", "phone1": "01", "phone2": "02"}),)


def test_one_phone_that_is_told_says_nothing_of_the_other() -> None:
    """A site names each phone field that it tells, in its setting `showuseridentity`."""
    row = ANA | {"phone1": "01", "phone2": "02"}
    assert as_no_administrator(row, ANA_ON_SITE | {"phone1": "01"}).outcome is Outcome.UNCHANGED


def test_a_phone_that_is_told_of_one_account_is_told_of_all() -> None:
    """An account of which none is told has none, then."""
    row = ANA | {"phone1": "01"}
    other = BEN_ON_SITE | {"phone1": "02"}
    assert as_no_administrator(row, ANA_ON_SITE, other).acts == (Act(UPDATE, {"id": 11, "phone1": "01"}),)


def test_a_description_that_is_told_of_one_account_is_not_told_of_all() -> None:
    """A site with `profilesforenrolledusersonly` tells those of people with a role."""
    row = ANA | {"description": "Hi"}
    other = BEN_ON_SITE | {"description": "", "phone1": "02"}
    assert as_no_administrator(row, ANA_ON_SITE, other).outcome is Outcome.UNCHANGED
