"""What every target promises of accounts besides their creation: what becomes of values, and what is told of them."""

from hashlib import md5
from typing import Any

import pytest

from syncd.errors import ItemRefused
from tests.targets.conftest import Corner


def told(corner: Corner, account: int, shortname: str) -> str | None:
    """What a look-up tells of a custom profile field; None when it leaves the field out."""
    (found,) = corner.look_up("id", account)
    return {field["shortname"]: field["value"] for field in found.get("customfields", ())}.get(shortname)


def custom(**fields: str) -> list[dict[str, str]]:
    """Custom profile fields as an item has them."""
    return [{"type": shortname, "value": value} for shortname, value in fields.items()]


class TestText:
    """What becomes of text."""

    @pytest.mark.parametrize("field", ["city", "address", "institution", "department", "phone1"])
    def test_only_what_looks_like_a_tag_is_refused(self, corner: Corner, field: str) -> None:
        """A `<` before a blank is a sign like any other; before anything else it begins a tag."""
        (made,) = corner.create(corner.user(**{field: "a < b"}))
        assert corner.look_up("id", made)[0][field] == "a < b"
        for tag in ("a <b", "a <b>b</b>"):
            with pytest.raises(ItemRefused):
                corner.create(corner.user("other", **{field: tag}))

    def test_a_description_may_hold_html(self, corner: Corner) -> None:
        """It is stored as sent, and told so."""
        html = "<p>Hi <b>x</b> &amp; y</p>"
        (made,) = corner.create(corner.user(description=html))
        assert corner.look_up("id", made)[0]["description"] == html

    def test_interests_are_kept_once_each(self, corner: Corner) -> None:
        """Blanks go, the same word in another case is one interest, and none at all changes nothing."""
        (made,) = corner.create(corner.user(interests="Chess, go ,CHESS"))
        assert corner.look_up("id", made)[0]["interests"] == "CHESS, go"
        corner.update({"id": made, "interests": ""})
        assert corner.look_up("id", made)[0]["interests"] == "CHESS, go"
        corner.update({"id": made, "interests": "go"})
        assert corner.look_up("id", made)[0]["interests"] == "go"

    def test_signs_beyond_the_first_plane_find_one_another(self, corner: Corner) -> None:
        """The collation takes all emoji for the same sign: only what is the same to the letter counts."""
        corner.create(corner.user(idnumber=f"{corner.mark}\U0001f393"))
        (found,) = corner.look_up("idnumber", f"{corner.mark}\U0001f389")
        assert found["idnumber"] == f"{corner.mark}\U0001f393"


class TestProfileFields:
    """Custom profile fields, of a site that has the practice site's."""

    @pytest.mark.parametrize(
        ("shortname", "value", "kept"),
        [
            ("student_type", "day", "day"),
            ("student_type", "", None),
            ("level", "L2", "L2"),
            ("level", "L9", None),
            ("level", "l2", None),
            ("vip", "1", "1"),
            ("vip", "0", "0"),
            ("vip", "yes", "yes"),
            ("born", "2005-03-01", "1109635200"),
            ("born", "1109635200", "1109635200"),
            ("born", "2005-03-01-10-11-12", "1109635200"),
            ("born", "01/02/2006", "-2211753600"),
            ("born", "1850-01-01", "-2208988800"),
            ("born", "", None),
        ],
    )
    def test_a_value_is_kept_or_made_another_without_a_word(
        self, corner: Corner, shortname: str, value: str, kept: str | None
    ) -> None:
        """An option that a menu has not is lost, and what is no date becomes some date."""
        (made,) = corner.create(corner.user(customfields=custom(**{shortname: value})))
        assert told(corner, made, shortname) == kept

    def test_a_checkbox_is_told_of_everybody(self, corner: Corner) -> None:
        """Who was never given a value has the field's default."""
        (made,) = corner.create(corner.user())
        assert told(corner, made, "vip") == "0"

    def test_unique_fields_are_not_kept_unique(self, corner: Corner) -> None:
        """Only Moodle's own form looks whether another account has the value."""
        first, second = corner.create(
            *(corner.user(name, customfields=custom(unique_code=corner.mark)) for name in ("one", "two"))
        )
        assert told(corner, first, "unique_code") == told(corner, second, "unique_code") == corner.mark


class TestWarnings:
    """What an update says of an account that it leaves as it is."""

    @pytest.mark.parametrize(
        ("wrong", "code", "message"),
        [
            ({"email": ""}, "useremailinvalid", "error/useremailinvalid"),
            ({"email": "nobody"}, "useremailinvalid", "error/useremailinvalid"),
            ({"lastname": "x" * 101}, "dmlwriteexception", "Error writing to database"),
        ],
    )
    def test_a_value_that_can_t_be_stored(self, corner: Corner, wrong: dict[str, str], code: str, message: str) -> None:
        """Each reason has its code."""
        (made,) = corner.create(corner.user())
        (warning,) = corner.update({"id": made, **wrong})
        assert (warning["itemid"], warning["warningcode"], warning["message"]) == (made, code, message)

    def test_an_address_that_is_taken(self, corner: Corner) -> None:
        """The message is a text of the site's own language."""
        taken = corner.user("taken")
        made, _ = corner.create(corner.user(), taken)
        (warning,) = corner.update({"id": made, "email": taken["email"].upper()})
        assert (warning["warningcode"], warning["message"]) == ("useremailduplicate", "Duplicate address")

    def test_an_address_with_blanks_refuses_the_batch(self, corner: Corner) -> None:
        """The form is checked before any account is looked at."""
        (made,) = corner.create(corner.user())
        with pytest.raises(ItemRefused, match="invalidparameter"):
            corner.update({"id": made, "email": f" {corner.mark}.new@example.org"})

    def test_the_guest_can_t_be_changed(self, corner: Corner) -> None:
        """Nor is the call refused for it."""
        (warning,) = corner.update({"id": 1, "city": "Lyon"})
        assert warning["warningcode"] == "usernotupdatedguest"

    def test_a_change_of_password_can_be_asked_for(self, corner: Corner) -> None:
        """The preference is taken, at a creation and at an update."""
        force = [{"type": "auth_forcepasswordchange", "value": "1"}]
        (made,) = corner.create(corner.user(preferences=force))
        assert corner.update({"id": made, "preferences": force}) == []


class TestDeletedAccounts:
    """What is left of an account that was deleted."""

    def test_it_is_found_by_what_its_username_was(self, corner: Corner) -> None:
        """In the place of its address stands the MD5 of its username, and so it is still found."""
        user = corner.user()
        (made,) = corner.create(user)
        corner.target.call("core_user_delete_users", {"userids": [made]})
        (found,) = corner.look_up("email", md5(user["username"].encode(), usedforsecurity=False).hexdigest())
        assert found["id"] == made
        assert found["username"].startswith(user["email"])

    def test_an_address_that_is_none_finds_nobody(self, corner: Corner) -> None:
        """A look-up by e-mail takes any text without blanks at its ends."""
        assert corner.look_up("email", "nobody") == []
        parameters: dict[str, Any] = {"field": "email", "values": [" nobody"]}
        with pytest.raises(ItemRefused, match="invalidparameter"):
            corner.target.call("core_user_get_users_by_field", parameters)
