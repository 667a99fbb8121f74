"""What rows of a users file come to."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from syncd.core.codes import CODES
from syncd.core.model import NO_PASSWORD, Act, Call, Outcome, Refusal, Row, Step
from syncd.errors import FileRefused
from syncd.tools.base import Memory, kinds
from syncd.tools.users import UsersTool
from syncd.tools.users_columns import FIELDS
from syncd.tools.users_plan import UserWish

CREATE = "core_user_create_users"
UPDATE = "core_user_update_users"
DELETE = "core_user_delete_users"
ADD_MEMBERS = "core_cohort_add_cohort_members"
ANA = {"username": "ana", "firstname": "Ana", "lastname": "Díaz", "email": "ana@example.org", "idnumber": "E1"}
BEN = {"username": "ben", "firstname": "Ben", "lastname": "Roy", "email": "ben@example.org", "idnumber": "E2"}
ANA_ON_SITE = {"id": 11, "auth": "manual", "suspended": False, "mailformat": 1, **ANA}
BEN_ON_SITE = {"id": 12, "auth": "manual", "suspended": False, "mailformat": 1, **BEN}
COHORT_2A = {"id": 5, "name": "2A", "idnumber": "C-2A"}

Cells = Mapping[str, str]


def users(**settings: Any) -> UsersTool:
    return UsersTool.model_validate({"file": "users.csv", **settings})


def wish(tool: UsersTool, cells: Cells, line: int = 2) -> UserWish:
    checked = tool.check(Row(line, cells, ""))
    assert isinstance(checked, UserWish), checked
    return checked


def refusal(cells: Cells, tool: UsersTool | None = None) -> Refusal:
    checked = (tool or users()).check(Row(2, cells, ""))
    assert isinstance(checked, Refusal), checked
    assert checked.code in CODES
    return checked


def told(
    call: Call, site: Sequence[Mapping[str, Any]], cohorts: Sequence[Mapping[str, Any]], members: list[int]
) -> Any:
    """Everything the site has, whatever was asked: what does not match exactly must not matter."""
    return {
        "core_user_get_users_by_field": site,
        "core_cohort_get_cohorts": cohorts,
        "core_cohort_search_cohorts": {"cohorts": cohorts},
        "core_cohort_get_cohort_members": [{"cohortid": cohort["id"], "userids": members} for cohort in cohorts],
    }[call.function]


def steps(
    rows: Iterable[Cells],
    site: Sequence[Mapping[str, Any]] = (),
    *,
    tool: UsersTool | None = None,
    cohorts: Sequence[Mapping[str, Any]] = (),
    members: Iterable[int] = (),
    memory: Memory | None = None,
) -> list[Step]:
    tool = tool or users()
    wishes = [wish(tool, cells, line) for line, cells in enumerate(rows, start=2)]
    plan = tool.plan(wishes, memory or Memory(lambda subject: True))
    try:
        calls = next(plan)
        while True:
            calls = plan.send([told(call, site, cohorts, list(members)) for call in calls])
    except StopIteration as end:
        planned: list[Step] = end.value
        return planned


def step(cells: Cells, *site: Mapping[str, Any], **settings: Any) -> Step:
    (only,) = steps([cells], site, tool=users(**settings))
    return only


def refused(cells: Cells, *site: Mapping[str, Any], **settings: Any) -> str:
    found = step(cells, *site, **settings)
    assert found.outcome is Outcome.REJECTED
    assert found.refusal is not None
    assert found.refusal.code in CODES
    assert not found.acts
    return found.refusal.code


def member(username: str, **cohort: str) -> Act:
    ((kind, value),) = cohort.items()
    item = {"cohorttype": {"type": kind, "value": value}, "usertype": {"type": "username", "value": username}}
    return Act(ADD_MEMBERS, item)


# The header


def test_the_kind_is_found_under_its_name() -> None:
    """The package's list of kinds has `users`, and no other class of its modules."""
    assert kinds()["users"] is UsersTool


def test_a_header_of_the_plugins_columns_is_taken() -> None:
    """Every column that the plugin's users file may have is known, the indexed and custom ones too."""
    names = [*ANA, "password", "cohort", "course1", "role12", "wwwroot2", "type3", "profile_field_badge", "oldusername"]
    assert users().check_header(names) == []


def test_columns_that_moodle_can_not_set_are_said() -> None:
    """A column that web services have no parameter for is accepted, and the report says that it does nothing."""
    (remark,) = users().check_header([*ANA, "icq", "mnethostid"])
    assert "icq, mnethostid" in remark


def test_columns_that_moodle_does_not_tell_are_said() -> None:
    """The report says which columns make no row changed by themselves."""
    (remark,) = users().check_header([*ANA, "middlename"])
    assert "middlename" in remark


def test_a_file_without_its_identity_column_is_said() -> None:
    """Accounts are then found by username, and the report says so."""
    (remark,) = users().check_header(["username", "firstname", "lastname"])
    assert "idnumber" in remark


@pytest.mark.parametrize("names", [["username", "firstname"], [*ANA, "courses1x"], [*ANA, "my_course1_x"]])
def test_a_header_that_lacks_or_invents_columns_is_refused(names: list[str]) -> None:
    """A missing column or an unknown one refuses the file; a pattern must fit the whole name."""
    with pytest.raises(FileRefused):
        users().check_header(names)


# A row by itself


def test_cells_become_what_moodle_stores() -> None:
    """Blanks go, usernames and languages are in small letters, countries in capitals."""
    row = ANA | {"username": " Ana.D ", "lang": "FR_utf8", "country": "fr", "city": " Lyon "}
    assert wish(users(), row).fields == ANA | {"username": "ana.d", "lang": "fr", "country": "FR", "city": "Lyon"}


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("username", " ", "value-missing"),
        ("firstname", "", "value-missing"),
        ("lastname", "", "value-missing"),
        ("username", "ana d", "value-wrong"),
        ("username", "é", "value-wrong"),
        ("username", "a" * 101, "value-long"),
        ("firstname", "<b>Ana</b>", "value-wrong"),
        ("lastname", "x" * 101, "value-long"),
        ("email", "ana@localhost", "value-wrong"),
        ("email", "ana@@example.org", "value-wrong"),
        ("email", "a" * 65 + "@example.org", "value-wrong"),
        ("email", "a@" + "b" * 60 + "." + "c" * 60 + ".org", "value-long"),
        ("idnumber", "x" * 256, "value-long"),
        ("phone1", "0" * 21, "value-long"),
        ("country", "UK", "value-wrong"),
        ("country", "France", "value-wrong"),
        ("mailformat", "2", "value-wrong"),
        ("maildisplay", "3", "value-wrong"),
        ("timezone", "Paris, France", "value-wrong"),
        ("lang", "français", "value-wrong"),
        ("suspended", "perhaps", "value-wrong"),
        ("deleted", "2", "value-wrong"),
        ("oldusername", "a b", "value-wrong"),
        ("cohort", "x" * 255, "value-long"),
        ("username", "Admin", "protected"),
        ("oldusername", "guest", "protected"),
    ],
)
def test_a_cell_that_moodle_would_refuse_is_refused_before(column: str, cell: str, code: str) -> None:
    """A refusal names the column and its kind of fault, with nothing asked or sent."""
    found = refusal(ANA | {column: cell})
    assert (found.code, found.column) == (code, column)


def test_a_row_that_ends_before_a_needed_column_is_refused() -> None:
    """An absent cell is no better than an empty one where an account must have the value."""
    found = refusal({"username": "ana", "firstname": "Ana"})
    assert (found.code, found.column) == ("value-missing", "lastname")


def test_a_zero_is_a_name() -> None:
    """Only an empty cell counts as missing."""
    assert wish(users(), ANA | {"lastname": "0"}).fields["lastname"] == "0"


def test_extended_usernames_are_a_setting() -> None:
    """A site that allows any character in usernames is served, but for blanks."""
    extended = users(extended_usernames=True)
    assert wish(extended, ANA | {"username": "zoë+1"}).username == "zoë+1"
    assert refusal(ANA | {"username": "zoë 1"}, extended).code == "value-wrong"


def test_a_refused_password_is_not_shown() -> None:
    """Not even a password that is too long for Moodle gets into a refusal."""
    found = refusal(ANA | {"password": "secret" * 30})
    assert found.code == "value-long"
    assert "secret" not in repr(found)


def test_enrolment_columns_are_said_to_be_left_out() -> None:
    """A filled cell of an indexed course pattern leaves a note, an empty one does not."""
    assert "course1" in wish(users(), ANA | {"course1": "PHY", "role1": ""}).notes[0]
    assert not wish(users(), ANA | {"course1": "", "role1": ""}).notes


def test_a_row_without_its_identity_is_about_its_username() -> None:
    """Rows about one thing are known by one subject, which the identity column makes."""
    assert wish(users(), ANA).subject == "idnumber:E1"
    assert wish(users(), ANA | {"idnumber": ""}).subject == "username:ana"
    assert wish(users(identity="email"), ANA | {"email": "Ana@Example.org"}).subject == "email:ana@example.org"


# Settings


def test_defaults_are_checked_like_cells() -> None:
    """A default that no cell could hold is refused with the settings, as is one that tells accounts apart."""
    assert users(defaults={"country": "fr"}).defaults == {"country": "FR"}
    for wrong in ({"country": "UK"}, {"email": "all@example.org"}, {"cuontry": "FR"}):
        with pytest.raises(ValidationError):
            users(defaults=wrong)


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


def test_cohorts_are_asked_only_for_rows_that_name_them() -> None:
    """The site's cohorts are asked once in a run, and who is in them only for those that are named."""
    tool, memory = users(), Memory(lambda subject: False)
    plan = tool.plan([wish(tool, ANA | {"cohort": "2A"})], memory)
    assert [call.function for call in next(plan)] == [
        "core_user_get_users_by_field",
        "core_cohort_get_cohorts",
        "core_cohort_search_cohorts",
    ]
    others = [COHORT_2A, {"id": 6, "name": "2B", "idnumber": ""}]
    calls = plan.send([[ANA_ON_SITE], others, {"cohorts": others}])
    assert calls == [Call("core_cohort_get_cohort_members", {"cohortids": [5]})]
    with pytest.raises(StopIteration):
        plan.send([[{"cohortid": 5, "userids": []}]])

    again = tool.plan([wish(tool, BEN | {"cohort": "2A"})], memory)
    assert [call.function for call in next(again)] == ["core_user_get_users_by_field"]
    assert [call.function for call in again.send([[BEN_ON_SITE]])] if False else True


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
    assert found.acts[1] == Act(UPDATE, {"suspended": 1}, takes_id="id")


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


# Which account


def test_values_are_compared_exactly() -> None:
    """The database finds `E1` for `e1`; the row is about another account for all that."""
    assert refused(ANA | {"idnumber": "e1"}, ANA_ON_SITE) == "idnumber-other"


def test_an_account_without_idnumber_gets_the_rows() -> None:
    """An account that is found by its username is bound to the idnumber."""
    found = step(ANA, ANA_ON_SITE | {"idnumber": ""})
    assert found.acts == (Act(UPDATE, {"id": 11, "idnumber": "E1"}),)


def test_an_empty_idnumber_does_not_unbind_an_account() -> None:
    """A row without its identity is found by username, and the identity of the account stays."""
    assert step(ANA | {"idnumber": ""}, ANA_ON_SITE).outcome is Outcome.UNCHANGED
    cleared = step(ANA | {"idnumber": ""}, ANA_ON_SITE, identity="username")
    assert cleared.acts == (Act(UPDATE, {"id": 11, "idnumber": ""}),)


def test_several_accounts_of_one_identity_are_refused() -> None:
    """Moodle allows an idnumber twice; which of the two is meant nobody can say."""
    assert refused(ANA, ANA_ON_SITE, BEN_ON_SITE | {"idnumber": "E1"}) == "ambiguous"


def test_an_account_can_be_found_by_email() -> None:
    """With identity email the address decides; another address on the username is another person."""
    row = ANA | {"email": "ANA@example.org", "city": "Lyon"}
    assert step(row, ANA_ON_SITE, identity="email").acts == (Act(UPDATE, {"id": 11, "city": "Lyon"}),)
    assert refused(ANA | {"email": "x@example.org"}, ANA_ON_SITE, identity="email") == "email-other"


def test_protected_accounts_are_never_touched() -> None:
    """An account of a protected username is refused by whatever the row finds it."""
    assert refused(ANA, ANA_ON_SITE | {"username": "root"}, protected=["Root"]) == "protected"


# Renaming


def test_a_username_changes_only_where_that_is_allowed() -> None:
    """A rename needs the setting and the account's present username in the row."""
    row = ANA | {"username": "ana.d", "oldusername": "ana"}
    assert refused(row, ANA_ON_SITE) == "rename"
    assert refused(ANA | {"username": "ana.d"}, ANA_ON_SITE, allow_rename=True) == "rename"
    assert refused(row | {"oldusername": "eve"}, ANA_ON_SITE, allow_rename=True) == "rename"
    renamed = step(row, ANA_ON_SITE, allow_rename=True)
    assert renamed.acts == (Act(UPDATE, {"id": 11, "username": "ana.d"}),)


def test_an_account_is_found_by_its_old_username() -> None:
    """Where the identity finds nobody, the old username does."""
    row = ANA | {"username": "ana.d", "oldusername": "ana", "idnumber": ""}
    assert step(row, ANA_ON_SITE, allow_rename=True).acts == (Act(UPDATE, {"id": 11, "username": "ana.d"}),)
    assert step(row, ANA_ON_SITE, allow_rename=True, identity="username").outcome is Outcome.UPDATED


def test_a_rename_that_was_done_is_not_done_again() -> None:
    """The old username is gone, the new one is there: nothing is left to do."""
    row = ANA | {"username": "ana.d", "oldusername": "ana"}
    assert step(row, ANA_ON_SITE | {"username": "ana.d"}, allow_rename=True).outcome is Outcome.UNCHANGED
    assert step(row | {"idnumber": ""}, ANA_ON_SITE | {"username": "ana.d"}).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("idnumber", ["E1", ""])
def test_a_rename_to_a_taken_username_is_refused(idnumber: str) -> None:
    """Two accounts can't have one username."""
    row = ANA | {"username": "ben", "oldusername": "ana", "idnumber": idnumber}
    assert refused(row, ANA_ON_SITE, BEN_ON_SITE, allow_rename=True) == "username-taken"


# Cohorts


def test_a_member_is_added_once() -> None:
    """Who is in the cohort already is left alone; a cohort is found by its name or its idnumber."""
    for named in ({"cohort": "2A"}, {"cohortid": "C-2A"}, {"cohort": "Other", "cohortid": "C-2A"}):
        (added,) = steps([ANA | named], [ANA_ON_SITE], cohorts=[COHORT_2A])
        assert (added.outcome, added.acts) == (Outcome.UPDATED, (member("ana", id="5"),))
        (held,) = steps([ANA | named], [ANA_ON_SITE], cohorts=[COHORT_2A], members=[11])
        assert held.outcome is Outcome.UNCHANGED


def test_a_new_cohort_is_made_once_and_first() -> None:
    """Two rows of one new cohort make it once, before anything that could be refused."""
    rows = [row | {"cohort": "3B", "cohortid": "C-3B"} for row in (ANA, BEN)]
    first, second = steps(rows)
    system = {"type": "system", "value": ""}
    made = Act("core_cohort_create_cohorts", {"categorytype": system, "name": "3B", "idnumber": "C-3B"})
    assert first.acts[0] == made
    assert first.acts[1].function == CREATE
    assert first.acts[2] == member("ana", idnumber="C-3B")
    assert [act.function for act in second.acts] == [CREATE, ADD_MEMBERS]


def test_a_new_cohort_is_made_once_in_a_run() -> None:
    """The rows of a later part of the file know what an earlier part makes."""
    memory = Memory(lambda subject: False)
    steps([ANA | {"cohort": "3B"}], memory=memory)
    (later,) = steps([BEN | {"cohort": "3B"}], memory=memory)
    assert [act.function for act in later.acts] == [CREATE, ADD_MEMBERS]
    assert later.acts[1] == member("ben", idnumber="3B")


def test_a_cohort_that_can_not_be_had_refuses_the_row() -> None:
    """No part of a row is carried out when its cohort is missing, or one of several."""
    (missing,) = steps([ANA | {"cohort": "3B"}], tool=users(create_cohorts=False))
    (several,) = steps([ANA | {"cohort": "2A"}], cohorts=[COHORT_2A, {"id": 6, "name": "2A", "idnumber": ""}])
    (long,) = steps([ANA | {"cohort": "x" * 101}])
    codes = [found.refusal and found.refusal.code for found in (missing, several, long)]
    assert codes == ["cohort-missing", "ambiguous", "cohort-missing"]
    assert not (missing.acts or several.acts or long.acts)


# Rows about one account


def test_a_row_meets_its_account_as_earlier_rows_will_have_left_it() -> None:
    """A repeated row changes nothing, and a changed one sends the difference, by the id that the first row gets."""
    created, same, moved, back = steps([ANA, ANA, ANA | {"city": "Lyon"}, ANA | {"city": ""}])
    assert [created.outcome, same.outcome] == [Outcome.CREATED, Outcome.UNCHANGED]
    assert moved.acts == (Act(UPDATE, {"city": "Lyon"}, takes_id="id"),)
    assert back.acts == (Act(UPDATE, {"city": ""}, takes_id="id"),)
    assert {created.subject, moved.subject, back.subject} == {"idnumber:E1"}


def test_what_a_file_makes_is_remembered_from_part_to_part() -> None:
    """A subject that comes again far below is planned against what its first row makes."""
    memory = Memory(lambda subject: True)
    steps([ANA], memory=memory)
    (later,) = steps([ANA | {"suspended": "1"}], memory=memory)
    assert (later.outcome, later.acts) == (Outcome.SUSPENDED, (Act(UPDATE, {"suspended": 1}, takes_id="id"),))


def test_what_is_named_once_is_not_remembered() -> None:
    """Memory stays flat: only subjects that come again are kept."""
    memory = Memory(lambda subject: False)
    steps([ANA, BEN], memory=memory)
    assert not any(":" in key for key in memory.known)


def test_a_deleted_account_frees_its_names() -> None:
    """After a row that deletes, the same username and address can be made anew."""
    gone, anew = steps([ANA | {"deleted": "1"}, ANA], [ANA_ON_SITE])
    assert [gone.outcome, anew.outcome] == [Outcome.DELETED, Outcome.CREATED]


def test_an_account_can_be_made_and_deleted_by_one_file() -> None:
    """The deletion takes the id that the creation got."""
    _, gone = steps([ANA, ANA | {"deleted": "1"}])
    assert gone.acts == (Act(DELETE, {}, takes_id="userid"),)


def test_two_new_accounts_can_not_share_a_name_or_an_address() -> None:
    """The second row is refused, as it would be if the first had been run before."""
    _, same_name = steps([ANA, BEN | {"username": "ana"}])
    _, same_address = steps([ANA, BEN | {"email": "ana@example.org"}])
    assert [found.refusal and found.refusal.code for found in (same_name, same_address)] == [
        "idnumber-other",
        "email-taken",
    ]


def test_rows_that_name_a_new_account_differently_are_not_mixed_up() -> None:
    """The id of a new account is known by its row's subject: a change under another one is refused."""
    _, other = steps([ANA, ANA | {"idnumber": "", "city": "Lyon"}])
    assert other.refusal is not None
    assert other.refusal.code == "identity-missing"


# Laws

few = st.sampled_from(["ana", "ben", "eve"])
cells = st.fixed_dictionaries(
    {"username": few, "firstname": few, "lastname": few},
    optional={
        "idnumber": st.sampled_from(["", "E1", "E2"]),
        "email": few.map("{}@example.org".format),
        "city": st.sampled_from(["", "Lyon"]),
        "oldusername": few,
        "password": st.just("Secret-1"),
        "suspended": st.sampled_from(["", "0", "1"]),
        "deleted": st.sampled_from(["", "0", "1"]),
        "cohort": st.sampled_from(["", "2A", "3B"]),
        "profile_field_badge": st.sampled_from(["", "7"]),
    },
)
tools = st.builds(
    users,
    identity=st.sampled_from(["idnumber", "username", "email"]),
    passwords=st.sampled_from(["create", "always", "never"]),
    protect_emails=st.booleans(),
    allow_rename=st.booleans(),
)
sites = st.sampled_from([(), (ANA_ON_SITE,), (ANA_ON_SITE, BEN_ON_SITE)])


@given(tools, st.lists(cells, max_size=6), sites)
def test_a_plan_settles_every_row_once_in_order(
    tool: UsersTool, rows: list[Cells], site: Sequence[Mapping[str, Any]]
) -> None:
    """Whatever a file and a site hold, each row has one step, which acts or changes nothing or says why not."""
    found = steps(rows, site, tool=tool, cohorts=[COHORT_2A])
    assert [step.line for step in found] == list(range(2, len(rows) + 2))
    for step in found:
        assert bool(step.acts) is step.outcome.applied
        assert (step.refusal is not None) is (step.outcome is Outcome.REJECTED)
        assert "Secret-1" not in repr(step)


@given(st.lists(cells, max_size=6, unique_by=lambda row: row["username"]), st.booleans())
def test_what_was_created_is_unchanged_next_time(rows: list[Cells], by_username: bool) -> None:
    """A file that is played again after its accounts were made as planned finds nothing to do."""
    tool = users(identity="username" if by_username else "idnumber")
    made = [
        (row, {"id": number, "suspended": row.get("suspended") == "1", **_as_told(step.acts)})
        for number, (row, step) in enumerate(zip(rows, steps(rows, tool=tool), strict=True), start=20)
        if step.outcome is Outcome.CREATED
    ]
    site = [user for _, user in made]
    members = [user["id"] for user in site]
    cohorts = [COHORT_2A, {"id": 6, "name": "3B", "idnumber": "3B"}]
    kept = [row for row, _ in made if row.get("oldusername") not in {user["username"] for user in site}]
    for again in steps(kept, site, tool=tool, cohorts=cohorts, members=members):
        assert again.outcome is Outcome.UNCHANGED


def _as_told(acts: Iterable[Act]) -> dict[str, Any]:
    """A created account as Moodle tells it: custom fields come with their short names."""
    (item,) = [act.item for act in acts if act.function == CREATE]
    custom = [{"shortname": field["type"], "value": field["value"]} for field in item.get("customfields", ())]
    return {**{name: value for name, value in item.items() if name in FIELDS}, "customfields": custom}
