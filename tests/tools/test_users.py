"""What a users file may hold, and the laws that its plans keep."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from syncd.core.model import Act, Outcome, Site
from syncd.errors import FileRefused
from syncd.tools.base import kinds
from syncd.tools.users import UsersTool
from syncd.tools.users.columns import FIELDS
from tests.tools.users_rows import (
    ANA,
    ANA_ON_SITE,
    BEN_ON_SITE,
    COHORT_2A,
    CREATE,
    Cells,
    refusal,
    steps,
    users,
    wish,
)

# The header


def test_the_kind_is_found_under_its_name() -> None:
    """The package's list of kinds has `users`, and no other class of its modules."""
    assert kinds()["users"] is UsersTool


def test_a_header_of_the_plugins_columns_is_taken() -> None:
    """Every column that the plugin's users file may have is known, the indexed and custom ones too."""
    names = [*ANA, "password", "cohort", "course1", "role12", "wwwroot2", "type3", "profile_field_badge", "oldusername"]
    assert users().check_header(names) == []


def test_a_forgotten_header_tells_no_password() -> None:
    """Where the header should be stands the first row; known names alone are shown of it."""
    with pytest.raises(FileRefused) as refusal:
        users().check_header(["ana", "Sesame1*", "username"], 4)
    assert (refusal.value.code, refusal.value.line, refusal.value.value) == ("column-missing", 4, "username")
    assert "Sesame1" not in repr(vars(refusal.value))


def test_a_header_that_lacks_columns_is_shown_with_the_names_that_are_not_known() -> None:
    """The sentences are plain; of what has more unknown names than known ones nothing is shown, as it may be a row."""
    with pytest.raises(FileRefused) as refusal:
        users().check_header(["email", "city", "idnumber", "username", "vorname"])
    assert refusal.value.value == "email, city, idnumber, username; not known: vorname"
    with pytest.raises(FileRefused) as refusal:
        users().check_header(["idnumber", "email", "city", "vorname", "x" * 41])
    assert refusal.value.value == "idnumber, email, city"
    with pytest.raises(FileRefused, match="lacks the columns firstname, lastname and username") as refusal:
        users().check_header(["email", "Sesame"])
    assert refusal.value.value == "email"
    assert "a header with these columns" in refusal.value.cure
    with pytest.raises(FileRefused) as refusal:
        users().check_header(["username", "firstname"])
    assert refusal.value.value == "username, firstname"
    with pytest.raises(FileRefused, match="the header has a column that no file of kind users has: shoe"):
        users().check_header([*ANA, "shoe"])


def test_columns_that_moodle_can_not_set_are_said() -> None:
    """A column that web services have no parameter for is accepted, and the report says that it does nothing."""
    (remark,) = users().check_header([*ANA, "icq", "mnethostid"])
    assert "icq, mnethostid" in remark


def test_columns_that_moodle_does_not_tell_are_said() -> None:
    """The report says which columns make no row changed by themselves."""
    (remark,) = users().remarks([*ANA, "middlename"], Site())
    assert "middlename" in remark


def test_what_the_companion_tells_needs_no_remark() -> None:
    """Where its functions are, these columns do all that they seem to; a header by itself tells nothing of that."""
    names = [*ANA, "middlename", "phone1", "course1", "start1"]
    assert len(users().remarks(names, Site())) == 3
    assert users().remarks(names, Site(users().companion)) == []
    assert users().check_header(names) == []


@pytest.mark.parametrize("cell", ["NOMAIL", "NO MAIL", " nomail "])
def test_the_plugins_word_for_no_address_counts_as_an_empty_cell(cell: str) -> None:
    """And the row says so; an empty cell needs no remark."""
    found = wish(users(), ANA | {"email": cell})
    assert found.fields["email"] == ""
    assert found.notes == (f"the e-mail cell holds {cell.strip()}: it counts as empty",)
    assert wish(users(), ANA | {"email": ""}).notes == ()


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


def test_what_is_put_right_is_said() -> None:
    """Capitals of usernames and small letters of countries, and nothing that was right."""
    assert wish(users(), ANA | {"username": "Ana", "country": "fr"}).notes == (
        "put right: username is ana, country is FR",
    )
    assert wish(users(), ANA | {"username": " ana ", "country": "FR"}).notes == ()


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


def test_numbered_columns_that_can_not_be_done_are_said() -> None:
    """A filled cell of theirs leaves a note, an empty one does not."""
    assert "wwwroot1, sysrole2" in wish(users(), ANA | {"wwwroot1": "x", "sysrole2": "manager"}).notes[0]
    assert not wish(users(), ANA | {"wwwroot1": "", "sysrole2": ""}).notes


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


def test_profile_fields_of_which_nothing_tells_what_they_hold_are_said() -> None:
    """A new account would lose an unknown field, or a menu's wrong option, without a word."""
    names = [*ANA, "profile_field_level", "profile_field_x"]
    (remark,) = users().remarks(names, Site())
    assert remark.startswith("not checked: profile_field_level, profile_field_x.")
    assert users(profile_fields={"level": ["L1"], "x": "text"}).remarks(names, Site()) == []
    assert users().remarks(names, Site(frozenset({"local_syncd_get_profile_fields"}))) == []
    assert users().remarks([*ANA], Site()) == []
