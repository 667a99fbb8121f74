"""Which account a row is about."""

import pytest

from syncd.core.model import Act, Outcome
from syncd.tools.base import Memory
from tests.tools.users_rows import ANA, ANA_ON_SITE, BEN, BEN_ON_SITE, DELETE, UPDATE, refused, step, steps

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


# Rows about one account


def test_a_row_meets_its_account_as_earlier_rows_will_have_left_it() -> None:
    """A repeated row changes nothing, and a changed one sends the difference, by the id that the first row gets."""
    created, same, moved, back = steps([ANA, ANA, ANA | {"city": "Lyon"}, ANA | {"city": ""}])
    assert [created.outcome, same.outcome] == [Outcome.CREATED, Outcome.UNCHANGED]
    assert moved.acts == (Act(UPDATE, {"city": "Lyon"}, takes={"id": ""}),)
    assert back.acts == (Act(UPDATE, {"city": ""}, takes={"id": ""}),)
    assert {created.subject, moved.subject, back.subject} == {"idnumber:E1"}


def test_what_a_file_makes_is_remembered_from_part_to_part() -> None:
    """A subject that comes again far below is planned against what its first row makes."""
    memory = Memory(lambda subject: True)
    steps([ANA], memory=memory)
    (later,) = steps([ANA | {"suspended": "1"}], memory=memory)
    assert (later.outcome, later.acts) == (Outcome.SUSPENDED, (Act(UPDATE, {"suspended": 1}, takes={"id": ""}),))


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
    assert gone.acts == (Act(DELETE, {}, takes={"userid": ""}),)


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
