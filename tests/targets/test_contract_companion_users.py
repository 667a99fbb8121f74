"""What the companion promises about accounts, on every target that has it."""

from typing import Any

import pytest

from syncd.errors import ItemRefused
from tests.targets.companion import Companion, companion_of
from tests.targets.conftest import Corner


@pytest.fixture
def companion(corner: Corner) -> Companion:
    """The companion of each target."""
    return companion_of(corner)


class TestFinding:
    """`local_syncd_get_users`."""

    @pytest.mark.parametrize("field", ["id", "idnumber", "username", "email"])
    def test_only_what_is_asked_for_is_told(self, companion: Companion, field: str) -> None:
        """An account comes with its id and the named fields; who is not there is absent."""
        user = companion.corner.user()
        (made,) = companion.corner.create(user)
        missing = made + 1_000_000 if field == "id" else f"{companion.corner.mark}.nobody"
        found = companion.ask(
            "get_users", field=field, values=[missing, (user | {"id": made})[field]], fields=["username", "suspended"]
        )
        assert found == [{"id": made, "username": user["username"], "suspended": 0}]

    def test_without_fields_ids_are_told(self, companion: Companion) -> None:
        """Whether an account is there costs the least."""
        made = companion.corner.create(companion.corner.user("a"), companion.corner.user("b"))
        assert companion.ask("get_users", field="id", values=made) == [{"id": user} for user in sorted(made)]

    def test_text_is_told_as_stored(self, companion: Companion) -> None:
        """Nothing is escaped, and what nobody filled is empty."""
        (made,) = companion.corner.create(companion.corner.user(lastname="A & B <3"[:5], city="Zürich"))
        assert companion.user(made, "lastname", "city", "country", "description", "auth", "lang") == {
            "id": made,
            "lastname": "A & B",
            "city": "Zürich",
            "country": "",
            "description": "",
            "auth": "manual",
            "lang": "en",
        }

    def test_an_idnumber_is_found_as_the_database_compares(self, companion: Companion) -> None:
        """Case, accents and last blanks make no difference: whoever asks compares exactly."""
        mark = companion.corner.mark
        (made,) = companion.corner.create(companion.corner.user(idnumber=f"{mark}-Éa"))
        for spelling in ("éa", "EA", "ea  "):
            assert companion.ask("get_users", field="idnumber", values=[f"{mark}-{spelling}"]) == [{"id": made}]

    def test_a_malformed_name_is_nobody_s(self, companion: Companion) -> None:
        """One strange value does not spoil the look-up of the others."""
        user = companion.corner.user()
        (made,) = companion.corner.create(user)
        values = ["With Blank", "ünï", user["username"]]
        assert companion.ask("get_users", field="username", values=values) == [{"id": made}]

    def test_an_empty_idnumber_is_nobody_s(self, companion: Companion) -> None:
        """Accounts without an idnumber are not found by none."""
        companion.corner.create(companion.corner.user(idnumber=""))
        assert companion.ask("get_users", field="idnumber", values=[""]) == []

    def test_who_is_deleted_is_absent(self, companion: Companion) -> None:
        """Even by the id, by which Moodle's own function finds the dead."""
        (made,) = companion.corner.create(companion.corner.user())
        companion.corner.target.call("core_user_delete_users", {"userids": [made]})
        assert companion.ask("get_users", field="id", values=[made]) == []

    def test_custom_fields_come_with_what_is_stored_or_the_default(self, companion: Companion) -> None:
        """A checkbox that nobody ticked is 0; a text that nobody filled is left out."""
        fields = [{"type": "level", "value": "L2"}]
        (made,) = companion.corner.create(companion.corner.user(customfields=fields))
        told = companion.user(made, "customfields")["customfields"]
        values = {field["shortname"]: field["value"] for field in told}
        assert (values["level"], values["vip"]) == ("L2", "0")
        assert "student_type" not in values

    def test_accounts_are_found_by_a_custom_field(self, companion: Companion) -> None:
        """Some schools keep the key of their register there."""
        mark = companion.corner.mark
        fields = [{"type": "student_type", "value": mark.upper()}]
        (made,) = companion.corner.create(companion.corner.user(customfields=fields))
        assert companion.ask("get_users", field="profile_field_student_type", values=[mark]) == [{"id": made}]

    def test_interests_are_one_text(self, companion: Companion) -> None:
        """Words between commas, in the order in which they were set."""
        (made,) = companion.corner.create(companion.corner.user(interests="chess, Go"))
        assert companion.user(made, "interests")["interests"] == "chess, Go"

    def test_what_is_remembered_of_a_picture_can_be_set_and_told(self, companion: Companion) -> None:
        """It is a preference that only who may update accounts can set."""
        (made,) = companion.corner.create(companion.corner.user())
        assert companion.user(made, "pictureof", "picture") == {"id": made, "pictureof": "", "picture": 0}
        preference = {"type": "local_syncd_picture", "value": "5e1f:7"}
        companion.corner.update({"id": made, "preferences": [preference]})
        assert companion.user(made, "pictureof")["pictureof"] == "5e1f:7"

    @pytest.mark.parametrize("wrong", [{"field": "shoesize"}, {"fields": ["password"]}, {"field": "profile_field_nix"}])
    def test_an_unknown_field_refuses_the_call(self, companion: Companion, wrong: dict[str, Any]) -> None:
        """A misspelt name is not merely empty; no password is told."""
        with pytest.raises(ItemRefused) as refused:
            companion.ask("get_users", **({"field": "id", "values": ["2"], "fields": []} | wrong))
        assert refused.value.code == "fieldunknown"


class TestCreating:
    """`local_syncd_create_users`."""

    def test_each_item_is_made_or_refused_by_itself(self, companion: Companion) -> None:
        """One bad item takes no other down with it."""
        user = companion.corner.user
        answers = companion.create_users(user("a"), user("b", lastname=" "), user("c"))
        assert [code for _, code in answers] == ["", "fieldempty", ""]
        names = {companion.user(made, "username")["username"] for made, code in answers if not code}
        assert names == {f"{companion.corner.mark}.a", f"{companion.corner.mark}.c"}

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"username": "With.Capitals"}, "fieldinvalid"),
            ({"username": "with blank"}, "fieldinvalid"),
            ({"username": ""}, "fieldempty"),
            ({"firstname": "Ana <b>"}, "fieldinvalid"),
            ({"firstname": ""}, "fieldempty"),
            ({"email": "nobody"}, "fieldinvalid"),
            ({"email": ""}, "fieldempty"),
            ({"auth": "telepathy"}, "fieldinvalid"),
            ({"auth": ""}, "fieldinvalid"),
            ({"country": "ZZ"}, "fieldinvalid"),
            ({"country": "de"}, "fieldinvalid"),
            ({"suspended": "maybe"}, "fieldinvalid"),
            ({"password": None}, "passwordmissing"),
            ({"password": None, "auth": "nologin"}, "passwordmissing"),
            ({"password": "rehearse"}, "passwordweak"),
            ({"customfields": [{"type": "nix", "value": "x"}]}, "fieldunknown"),
            ({"customfields": [{"type": "level", "value": "L9"}]}, "fieldinvalid"),
            ({"lastname": "x" * 101}, "dmlwriteexception"),
        ],
        ids=repr,
    )
    def test_what_can_t_be_right_is_refused_with_its_reason(
        self, companion: Companion, wrong: dict[str, Any], code: str
    ) -> None:
        """Also what Moodle's own function would mangle without a word."""
        good, bad = companion.corner.user("good"), companion.corner.user("bad", **wrong)
        answers = companion.create_users(bad, good)
        assert [found for _, found in answers] == [code, ""]
        assert answers[0][0] == 0

    @pytest.mark.parametrize(("field", "code"), [("username", "usernametaken"), ("email", "emailtaken")])
    def test_names_and_addresses_are_unique(self, companion: Companion, field: str, code: str) -> None:
        """Whether an account of the site has them or one of the same batch."""
        user = companion.corner.user
        companion.corner.create(user("there"))
        first = user("first")
        second = user("second", **{field: first[field]})
        third = user("third", **{field: user("there")[field]})
        assert [found for _, found in companion.create_users(first, second, third)] == ["", code, code]

    def test_addresses_are_the_same_in_any_case(self, companion: Companion) -> None:
        """As Moodle's own function sees it."""
        first = companion.corner.user("first")
        second = companion.corner.user("second", email=first["email"].upper())
        assert [code for _, code in companion.create_users(first, second)] == ["", "emailtaken"]

    def test_the_name_of_a_refused_item_is_free(self, companion: Companion) -> None:
        """Only what was made takes a name."""
        user = companion.corner.user
        answers = companion.create_users(user("same", country="ZZ"), user("same"))
        assert [code for _, code in answers] == ["fieldinvalid", ""]

    def test_every_field_is_stored(self, companion: Companion) -> None:
        """Text as sent, and the account can be suspended from the first."""
        fields = {
            "lastname": "O'Brien & Söhne 🎓",
            "city": "Zürich",
            "country": "CH",
            "department": "Law",
            "institution": "ETH",
            "phone1": "1",
            "address": "Rämistr. 1",
            "description": "<b>bold</b>",
            "middlename": "M",
            "lang": "en",
            "timezone": "Europe/Zurich",
            "auth": "ldap",
            "mailformat": 0,
            "maildisplay": 1,
        }
        ((made, code),) = companion.create_users(
            companion.corner.user(**fields, suspended=1, interests="chess", password=None)
        )
        assert not code
        told = companion.user(made, *fields, "suspended", "interests")
        assert told == {"id": made, "suspended": 1, "interests": "chess"} | fields

    def test_custom_fields_are_stored(self, companion: Companion) -> None:
        """By their shortnames, as with Moodle's own function."""
        fields = [{"type": "level", "value": "L3"}, {"type": "student_type", "value": "é"}]
        ((made, _),) = companion.create_users(companion.corner.user(customfields=fields))
        told = {field["shortname"]: field["value"] for field in companion.user(made, "customfields")["customfields"]}
        assert (told["level"], told["student_type"]) == ("L3", "é")

    def test_moodle_can_make_the_password(self, companion: Companion) -> None:
        """With `createpassword`, an account of Moodle's own needs none in the call."""
        ((made, code),) = companion.create_users(companion.corner.user(password=None, createpassword=1))
        assert (code, companion.user(made, "auth")["auth"]) == ("", "manual")

    def test_idnumbers_are_not_unique(self, companion: Companion) -> None:
        """As with Moodle's own function."""
        shared = f"{companion.corner.mark}-shared"
        answers = companion.create_users(
            companion.corner.user("a", idnumber=shared), companion.corner.user("b", idnumber=shared)
        )
        assert [code for _, code in answers] == ["", ""]


class TestRestoring:
    """`local_syncd_restore_users`."""

    def test_a_deleted_account_comes_back_under_its_id(self, companion: Companion) -> None:
        """It is found by the user name that it had, and gets its names again."""
        user = companion.corner.user()
        (made,) = companion.corner.create(user)
        companion.corner.target.call("core_user_delete_users", {"userids": [made]})
        names = {key: user[key] for key in ("username", "email", "idnumber")}
        assert companion.do("restore_users", "users", names) == [(made, "")]
        assert companion.user(made, "username", "email", "idnumber", "lastname") == {
            "id": made,
            "lastname": user["lastname"],
            **names,
        }

    def test_of_several_the_one_with_the_address_comes_back(self, companion: Companion) -> None:
        """A name may have been given again after a deletion, and again been deleted."""
        mark = companion.corner.mark
        made = []
        for number in (1, 2):
            made += companion.corner.create(companion.corner.user(email=f"{mark}.{number}@example.org"))
            companion.corner.target.call("core_user_delete_users", {"userids": made[-1:]})
        restored = {"username": f"{mark}.ana", "email": f"{mark}.1@example.org"}
        assert companion.do("restore_users", "users", restored) == [(made[0], "")]

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"username": "{mark}.nobody"}, "usernotdeleted"),
            ({"username": "{mark}.there", "email": "{mark}.x@example.org"}, "usernametaken"),
            ({"email": "{mark}.There@example.org"}, "emailtaken"),
            ({"username": "Not A Name"}, "fieldinvalid"),
            ({"username": ""}, "fieldinvalid"),
            ({"email": "nobody"}, "fieldinvalid"),
        ],
        ids=repr,
    )
    def test_what_can_t_be_restored_says_why(self, companion: Companion, changes: dict[str, str], code: str) -> None:
        """An account that is there keeps its name and its address."""
        corner = companion.corner
        gone, _ = corner.create(corner.user("gone"), corner.user("there"))
        corner.target.call("core_user_delete_users", {"userids": [gone]})
        names = {"username": f"{corner.mark}.gone", "email": f"{corner.mark}.gone@example.org"} | changes
        named = {key: value.format(mark=corner.mark) for key, value in names.items()}
        assert companion.do("restore_users", "users", named) == [(0, code)]
        assert companion.ask("get_users", field="id", values=[gone]) == []


def test_every_profile_field_is_described(corner: Corner) -> None:
    """`local_syncd_get_profile_fields` tells kinds and choices."""
    told = {field["shortname"]: field for field in companion_of(corner).ask("get_profile_fields")}
    assert (told["level"]["datatype"], told["level"]["options"]) == ("menu", ["L1", "L2", "L3"])
    assert (told["student_type"]["datatype"], told["student_type"]["maxlength"]) == ("text", 2048)
    assert (told["vip"]["datatype"], told["vip"]["defaultdata"]) == ("checkbox", "0")
    assert told["unique_code"]["forceunique"] is True
