"""What answers say, in words for the sender."""

import pytest

from syncd.core.answers import CURE, CURES, SILENCE, errorcode, refusal


def test_markup_is_taken_out_and_the_code_stands_in_brackets() -> None:
    """Moodle's sentences hold HTML."""
    refused = refusal("invaliduserid", "<div>Invalid user  ID</div>")
    assert refused.reason == "Moodle says: Invalid user ID [invaliduserid]"
    assert errorcode(refused) == "invaliduserid"
    assert refused.cure == CURE


@pytest.mark.parametrize("message", ["", "error/"])
def test_silence_is_said_to_be_silence(message: str) -> None:
    """Nothing is invented; what to look for then is said, and is not where Moodle gave a reason."""
    refused = refusal("invalidparameter", message)
    assert (refused.reason, refused.cure) == ("Moodle does not say why [invalidparameter]", SILENCE)
    assert "taken" not in refusal("invaliduserid", "Invalid user ID").cure


def test_an_invalid_parameter_that_is_not_named_is_as_good_as_silence() -> None:
    """So core refuses a language that the site has not, and a taken username; with debugging on it tells more."""
    refused = refusal("invalidparameter", "Invalid parameter value detected")
    assert (refused.cure, "language" in refused.cure) == (SILENCE, True)
    assert refusal("invalidparameter", "Invalid parameter value detected Username already exists: ana").cure == CURE


@pytest.mark.parametrize("code", CURES)
def test_some_codes_are_for_moodles_administrator(code: str) -> None:
    """No correction of the row would mend them."""
    assert refusal(code, "no").cure == CURES[code]


@pytest.mark.parametrize(
    ("code", "message", "column"),
    [
        ("fieldinvalid", "The value of lang is not one that Moodle takes.", "lang"),
        ("fieldinvalid", "The value of city, phone1 is not one that Moodle takes.", "city, phone1"),
        ("fieldunknown", "There is no field profile_field_x.", "profile_field_x"),
        ("fieldempty", "firstname is empty.", "firstname"),
        ("usernametaken", "Another account has the user name ana.", "username"),
        ("emailtaken", "Another account has the e-mail address a@b.c.", "email"),
        ("passwordweak", "The password is too weak: it is short", "password"),
        ("invaliduserid", "The value of lang is not one that Moodle takes.", ""),
    ],
)
def test_a_field_that_the_companion_names_is_the_column(code: str, message: str, column: str) -> None:
    """The companion says which field it refuses."""
    assert refusal(code, message).column == column


def test_a_language_that_the_site_has_not_is_no_name_that_is_taken() -> None:
    """The cure is about what was refused."""
    assert "language pack" in refusal("fieldinvalid", "The value of lang is not one that Moodle takes.").cure
