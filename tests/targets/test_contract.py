"""What every target promises: Moodle's behaviour, one fact in each test."""

from typing import Any

import pytest

from syncd.errors import ItemRefused, SiteRefused
from tests.targets.conftest import Corner

ANSWERED_EMPTY = {"department", "description", "theme"}
"""Fields that Moodle tells even when they are empty."""


def refusal(corner: Corner, function: str, parameters: dict[str, Any]) -> ItemRefused:
    """What the target says of a call that it must refuse."""
    with pytest.raises(ItemRefused) as refused:
        corner.target.call(function, parameters)
    return refused.value


class TestCreatingUsers:
    """`core_user_create_users`."""

    def test_ids_come_back_in_the_order_sent(self, corner: Corner) -> None:
        """A created account can be told from the others of its batch by its place in the answer."""
        first, second = corner.create(corner.user("zoe"), corner.user("abe"))
        assert corner.usernames("id", second) == [f"{corner.mark}.abe"]
        assert corner.usernames("id", first) == [f"{corner.mark}.zoe"]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"username": "WITH.CAPITALS"},
            {"username": "with blank"},
            {"firstname": "Ana <b>"},
            {"firstname": ""},
            {"email": "nobody"},
            {"auth": "telepathy"},
            {"lastname": "nul\0byte"},
            {"lastname": "half a surrogate \ud83d"},
            {"shoesize": "43"},
            {"password": None},
            {"password": None, "auth": "nologin"},
            {"lastname": None},
            {"customfields": [{"shortname": "student_type", "value": "x"}]},
        ],
        ids=repr,
    )
    def test_one_bad_item_refuses_the_batch_and_stores_nothing(self, corner: Corner, wrong: dict[str, Any]) -> None:
        """A creation is one transaction, and the refusal names neither the item nor the reason."""
        users = [corner.user("good"), corner.user("bad", **wrong)]
        assert refusal(corner, "core_user_create_users", {"users": users}).code == "invalidparameter"
        assert corner.usernames("username", f"{corner.mark}.good") == []

    @pytest.mark.parametrize("field", ["username", "email"])
    def test_names_and_addresses_are_unique(self, corner: Corner, field: str) -> None:
        """An account with the name or the e-mail address of another is refused."""
        first = corner.user("first")
        corner.create(first)
        taken = {"users": [corner.user("second", **{field: first[field]})]}
        assert refusal(corner, "core_user_create_users", taken).code == "invalidparameter"

    def test_addresses_are_the_same_in_any_case(self, corner: Corner) -> None:
        """An e-mail address that differs from another's only in case is taken."""
        first = corner.user("first")
        corner.create(first)
        taken = {"users": [corner.user("second", email=first["email"].upper())]}
        assert refusal(corner, "core_user_create_users", taken).code == "invalidparameter"

    def test_a_name_twice_in_one_batch_is_refused(self, corner: Corner) -> None:
        """Uniqueness holds among the items of one call too."""
        users = [corner.user("same"), corner.user("same", email=f"{corner.mark}.other@example.org")]
        assert refusal(corner, "core_user_create_users", {"users": users}).code == "invalidparameter"

    def test_idnumbers_are_not_unique(self, corner: Corner) -> None:
        """Two accounts may have one idnumber, and a look-up finds both."""
        shared = f"{corner.mark}-shared"
        corner.create(corner.user("one", idnumber=shared), corner.user("two", idnumber=shared))
        assert len(corner.look_up("idnumber", shared)) == 2

    def test_a_weak_password_is_answered_with_the_policy(self, corner: Corner) -> None:
        """Both the code and the message hold the password policy, in HTML."""
        refused = refusal(corner, "core_user_create_users", {"users": [corner.user(password="rehearse")]})
        assert "<div>" in refused.code
        assert "<div>" in refused.message

    def test_an_external_account_needs_no_password(self, corner: Corner) -> None:
        """Moodle keeps no password for accounts that log in elsewhere."""
        (made,) = corner.create(corner.user(auth="ldap", password=None))
        assert corner.look_up("id", made)[0]["auth"] == "ldap"

    def test_moodle_can_make_the_password(self, corner: Corner) -> None:
        """With `createpassword`, an account of Moodle's own needs no password in the call."""
        (made,) = corner.create(corner.user(password=None, createpassword=1))
        assert corner.look_up("id", made)[0]["auth"] == "manual"

    @pytest.mark.parametrize("country", ["ZZ", "de"])
    def test_a_wrong_country_is_lost_without_a_word(self, corner: Corner, country: str) -> None:
        """A code that no country has, or in small letters, becomes `0`, which a look-up leaves out."""
        (made,) = corner.create(corner.user(country=country))
        assert "country" not in corner.look_up("id", made)[0]

    def test_an_unknown_custom_field_is_ignored(self, corner: Corner) -> None:
        """A custom profile field that the site has not is dropped without a word."""
        (made,) = corner.create(corner.user(customfields=[{"type": corner.mark, "value": "x"}]))
        told = corner.look_up("id", made)[0].get("customfields", ())
        assert corner.mark not in {field["shortname"] for field in told}

    def test_a_value_that_is_too_long_is_the_database_s_refusal(self, corner: Corner) -> None:
        """Lengths are checked by the database alone."""
        users = [corner.user("good"), corner.user("bad", lastname="x" * 101)]
        assert refusal(corner, "core_user_create_users", {"users": users}).code == "dmlwriteexception"
        assert corner.usernames("username", f"{corner.mark}.good") == []

    @pytest.mark.parametrize("lastname", ["O'Brien & Söhne", "名前 🎓", " leading", "tab\tinside", "a\u00a0b"])
    def test_text_is_stored_as_sent(self, corner: Corner, lastname: str) -> None:
        """Neither blanks nor signs nor letters beyond Latin are touched."""
        (made,) = corner.create(corner.user(lastname=lastname))
        assert corner.look_up("id", made)[0]["lastname"] == lastname


class TestLookingUpUsers:
    """`core_user_get_users_by_field` and `core_user_get_users`."""

    @pytest.mark.parametrize("field", ["id", "idnumber", "username", "email"])
    def test_what_is_missing_is_absent(self, corner: Corner, field: str) -> None:
        """The answer holds who was found; nothing says who was not."""
        user = corner.user()
        (made,) = corner.create(user)
        found = (user | {"id": made})[field]
        missing = made + 1_000_000 if field == "id" else f"{corner.mark}.nobody@example.org"
        assert corner.usernames(field, missing, found) == [user["username"]]

    def test_an_idnumber_is_found_in_any_case_and_without_accents(self, corner: Corner) -> None:
        """The database's collation compares: case, accents and last blanks make no difference."""
        corner.create(corner.user(idnumber=f"{corner.mark}-Éa"))
        for spelling in ("éa", "EA", "ea  "):
            assert corner.usernames("idnumber", f"{corner.mark}-{spelling}") == [f"{corner.mark}.ana"]

    def test_an_address_is_found_in_any_case(self, corner: Corner) -> None:
        """E-mail addresses are compared as the database compares all text."""
        user = corner.user()
        corner.create(user)
        assert corner.usernames("email", user["email"].upper()) == [user["username"]]

    @pytest.mark.parametrize("wrong", ["UPPER", "with blank", "ünï"])
    def test_one_malformed_username_refuses_the_look_up(self, corner: Corner, wrong: str) -> None:
        """A value that no username can have is not merely absent."""
        parameters = {"field": "username", "values": [f"{corner.mark}.ana", wrong]}
        assert refusal(corner, "core_user_get_users_by_field", parameters).code == "invalidparameter"

    def test_empty_fields_are_left_out(self, corner: Corner) -> None:
        """A field that has no value is mostly not there at all."""
        (made,) = corner.create(corner.user(idnumber=""))
        (found,) = corner.look_up("id", made)
        assert {field for field, value in found.items() if value == ""} <= ANSWERED_EMPTY
        assert not {"idnumber", "city", "phone1"} & found.keys()

    def test_some_fields_are_never_told(self, corner: Corner) -> None:
        """Names beyond the two and the e-mail display are stored, but no look-up returns them."""
        (made,) = corner.create(corner.user(middlename="Maria", alternatename="Annie", maildisplay=1))
        assert not {"middlename", "alternatename", "maildisplay", "password"} & corner.look_up("id", made)[0].keys()

    def test_criteria_must_all_hold(self, corner: Corner) -> None:
        """A search joins its criteria by AND, and `%` stands for anything in a name."""
        corner.create(corner.user("one"), corner.user("two"))
        criteria = [{"key": "email", "value": f"{corner.mark}.%"}, {"key": "lastname", "value": "Two"}]
        answer = corner.target.call("core_user_get_users", {"criteria": criteria})
        assert [user["username"] for user in answer["users"]] == [f"{corner.mark}.two"]


class TestUpdatingUsers:
    """`core_user_update_users`."""

    def test_only_what_is_sent_changes(self, corner: Corner) -> None:
        """A field that is not in the item stays as it is."""
        (made,) = corner.create(corner.user(city="Lyon"))
        assert corner.update({"id": made, "department": "Physics"}) == []
        (found,) = corner.look_up("id", made)
        assert (found["city"], found["department"]) == ("Lyon", "Physics")

    def test_an_empty_text_clears_a_field(self, corner: Corner) -> None:
        """Empty is a value like any other, even for a last name."""
        (made,) = corner.create(corner.user(city="Lyon"))
        assert corner.update({"id": made, "city": "", "lastname": ""}) == []
        (found,) = corner.look_up("id", made)
        assert "city" not in found
        assert found["lastname"] == ""

    def test_an_account_can_be_suspended_and_let_in_again(self, corner: Corner) -> None:
        """Suspension is a field of the update, and only of the update."""
        (made,) = corner.create(corner.user())
        for suspended in (True, False):
            corner.update({"id": made, "suspended": int(suspended)})
            assert corner.look_up("id", made)[0]["suspended"] is suspended
        users = [corner.user("other", suspended=1)]
        assert refusal(corner, "core_user_create_users", {"users": users}).code == "invalidparameter"

    def test_a_bad_item_warns_and_the_others_are_stored(self, corner: Corner) -> None:
        """Each account is updated by itself; a warning names the id, a code and a text."""
        taken = corner.user("taken")
        _, other, good = corner.create(taken, corner.user("other"), corner.user("good"))
        (warning,) = corner.update({"id": other, "email": taken["email"]}, {"id": good, "city": "Lyon"})
        assert (warning["item"], warning["itemid"]) == ("user", other)
        assert warning["warningcode"] == "useremailduplicate"
        assert warning["message"]
        assert corner.look_up("id", good)[0]["city"] == "Lyon"

    def test_an_unknown_or_deleted_account_warns(self, corner: Corner) -> None:
        """An update of who is not there is no refusal of the call."""
        (made,) = corner.create(corner.user())
        corner.target.call("core_user_delete_users", {"userids": [made]})
        warnings = corner.update({"id": made, "city": "Lyon"}, {"id": made + 1_000_000, "city": "Lyon"})
        assert [warning["warningcode"] for warning in warnings] == ["usernotupdateddeleted", "invaliduserid"]

    @pytest.mark.parametrize(
        "wrong",
        [{"username": "UPPER"}, {"auth": "telepathy"}, {"shoesize": 43}, {"suspended": "maybe"}, {"city": "nul\0byte"}],
        ids=repr,
    )
    def test_a_malformed_item_refuses_the_batch(self, corner: Corner, wrong: dict[str, Any]) -> None:
        """Every item's form is checked before the first is stored."""
        good, bad = corner.create(corner.user("good"), corner.user("bad"))
        users = [{"id": good, "city": "Lyon"}, {"id": bad, **wrong}]
        assert refusal(corner, "core_user_update_users", {"users": users}).code == "invalidparameter"
        assert "city" not in corner.look_up("id", good)[0]

    def test_a_weak_password_spoils_the_answer_and_the_others_are_stored(self, corner: Corner) -> None:
        """The call looks refused as a whole, though all but one account were updated."""
        bad, good = corner.create(corner.user("bad"), corner.user("good"))
        users = [{"id": bad, "password": "weak", "city": "Lyon"}, {"id": good, "city": "Lyon"}]
        assert refusal(corner, "core_user_update_users", {"users": users}).code == "invalidresponse"
        assert "city" not in corner.look_up("id", bad)[0]
        assert corner.look_up("id", good)[0]["city"] == "Lyon"

    def test_an_account_can_be_renamed_to_a_free_name_only(self, corner: Corner) -> None:
        """A taken name is the database's refusal, as a warning."""
        one, two = corner.create(corner.user("one"), corner.user("two"))
        assert corner.update({"id": one, "username": f"{corner.mark}.uno"}) == []
        (warning,) = corner.update({"id": two, "username": f"{corner.mark}.uno"})
        assert warning["itemid"] == two
        assert corner.usernames("id", one, two) == [f"{corner.mark}.uno", f"{corner.mark}.two"]


class TestDeletingUsers:
    """`core_user_delete_users`."""

    def test_a_deleted_account_is_found_by_id_alone(self, corner: Corner) -> None:
        """Its name becomes the address with the time, its idnumber is emptied, and its id stays."""
        user = corner.user()
        (made,) = corner.create(user)
        assert corner.target.call("core_user_delete_users", {"userids": [made]}) is None
        for field in ("username", "idnumber", "email"):
            assert corner.look_up(field, user[field]) == []
        (found,) = corner.look_up("id", made)
        name, _, moment = found["username"].rpartition(".")
        assert name == user["email"]
        assert moment.isdecimal()
        assert "idnumber" not in found

    def test_the_same_account_again_gets_a_new_id(self, corner: Corner) -> None:
        """Deletion frees the name and the address, twice over if need be; nothing brings an account back."""
        ids = []
        for _ in range(3):
            ids += corner.create(corner.user())
            corner.target.call("core_user_delete_users", {"userids": ids[-1:]})
        assert len(set(ids)) == 3

    @pytest.mark.parametrize("gone", ["unknown", "deleted"])
    def test_one_unknown_id_keeps_them_all(self, corner: Corner, gone: str) -> None:
        """Deletion is one transaction."""
        good, bad = corner.create(corner.user("good"), corner.user("bad"))
        corner.target.call("core_user_delete_users", {"userids": [bad]})
        wrong = bad if gone == "deleted" else bad + 1_000_000
        assert refusal(corner, "core_user_delete_users", {"userids": [good, wrong]}).code == "invalidrecordunknown"
        assert corner.usernames("id", good) == [f"{corner.mark}.good"]

    def test_an_administrator_can_t_be_deleted(self, corner: Corner) -> None:
        """The site's first administrator has the id 2, and stays."""
        assert refusal(corner, "core_user_delete_users", {"userids": [2]}).code == "useradminodelete"


def test_the_site_lists_its_functions(corner: Corner) -> None:
    """What syncd needs can be checked before the first run."""
    answer = corner.target.call("core_webservice_get_site_info", {})
    assert "core_user_create_users" in {function["name"] for function in answer["functions"]}


def test_an_unknown_function_is_the_site_s_refusal(corner: Corner) -> None:
    """A function that the site does not serve is for its administrator, and named."""
    with pytest.raises(SiteRefused, match="core_user_levitate_users"):
        corner.target.call("core_user_levitate_users", {})


def test_missing_and_unknown_parameters_are_refused(corner: Corner) -> None:
    """A call is checked as strictly as its items."""
    assert refusal(corner, "core_user_create_users", {}).code == "invalidparameter"
    wrong = {"field": "username", "values": [corner.mark], "colour": "red"}
    assert refusal(corner, "core_user_get_users_by_field", wrong).code == "invalidparameter"
