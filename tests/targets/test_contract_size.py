"""Requests that are larger than PHP takes, on a real Moodle."""

import os
from pathlib import Path

import pytest

from syncd.errors import TooMuch
from syncd.targets.rest import RestSettings

pytestmark = pytest.mark.skipif(
    not (os.environ.get("SYNCD_TEST_MOODLE_URL") and os.environ.get("SYNCD_TEST_MOODLE_TOKEN")),
    reason="SYNCD_TEST_MOODLE_URL and SYNCD_TEST_MOODLE_TOKEN name no Moodle site.",
)


def test_a_request_over_max_input_vars_is_noticed_and_changes_nothing(tmp_path: Path) -> None:
    """PHP drops the end without a word, the token with it; the target keeps to less from then on."""
    settings = {"url": os.environ["SYNCD_TEST_MOODLE_URL"], "token_variable": "SYNCD_TEST_MOODLE_TOKEN"}
    target = RestSettings.model_validate({**settings, "max_variables": 20_000}).open(tmp_path)
    look_up = "core_user_get_users_by_field"
    with pytest.raises(TooMuch, match="max_input_vars"):
        target.call(look_up, {"field": "id", "values": [*[0] * 12_000, 2]})
    with pytest.raises(TooMuch, match="may have"):
        target.call(look_up, {"field": "id", "values": [*[0] * 7_000, 2]})
    (admin,) = target.call(look_up, {"field": "id", "values": [*[0] * 4_000, 2]})
    assert admin["id"] == 2
    target.close()
