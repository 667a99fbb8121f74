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


@pytest.mark.parametrize("code", CURES)
def test_some_codes_are_for_moodles_administrator(code: str) -> None:
    """No correction of the row would mend them."""
    assert refusal(code, "no").cure == CURES[code]
