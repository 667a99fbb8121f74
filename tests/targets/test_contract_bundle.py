"""The contract of Moodle's function that carries out many calls in one."""

import json
from typing import Any

import pytest

from syncd.core.bundle import answers, bundle
from syncd.core.functions import SITE_INFO
from syncd.core.model import Call
from syncd.errors import ItemRefused
from tests.targets.conftest import Corner

LOOK_UP, CREATE, UPDATE = "core_user_get_users_by_field", "core_user_create_users", "core_user_update_users"


def sent(corner: Corner, *calls: Call) -> dict[str, Any]:
    """The answer to a bundle."""
    call = bundle(calls)
    answer: dict[str, Any] = corner.target.call(call.function, call.parameters)
    return answer


def creation(*users: dict[str, Any]) -> Call:
    """The call that makes accounts."""
    return Call(CREATE, {"users": list(users)})


def look_up(*usernames: str) -> Call:
    """The call that looks accounts up."""
    return Call(LOOK_UP, {"field": "username", "values": list(usernames)})


def test_each_call_is_answered_as_if_it_were_alone(corner: Corner) -> None:
    """In their order, deeds as well as questions, with what they hold untouched."""
    ana, bea = corner.user("ana", lastname='Zoë & "Ø" \\ / 𝄞'), corner.user("bea")
    first, second, found = answers(sent(corner, creation(ana), creation(bea), look_up(ana["username"])))
    assert [made["username"] for made in first + second] == [ana["username"], bea["username"]]
    assert [user["lastname"] for user in found] == [ana["lastname"]]
    corner.leave_users(*(made["id"] for made in first + second))


def test_it_stops_at_the_first_refused_call(corner: Corner) -> None:
    """What came before is done, the refused one is undone as a whole, and what comes after is never tried."""
    ana, bea, cleo = corner.user("ana"), corner.user("bea"), corner.user("cleo")
    answer = sent(corner, creation(ana), creation(bea, ana), creation(cleo))
    made = answers(answer)
    assert len(made) == 1
    assert [response["error"] for response in answer["responses"]] == [False, True]
    names = [user["username"] for user in (ana, bea, cleo)]
    assert corner.usernames("username", *names) == [ana["username"]]
    corner.leave_users(made[0][0]["id"])


def test_a_refusal_says_what_moodle_says(corner: Corner) -> None:
    """The code as outside of a bundle."""
    answer = sent(corner, creation(corner.user(username="Not Good")))
    assert json.loads(answer["responses"][0]["exception"])["errorcode"] == "invalidparameter"


def test_a_deed_without_an_answer_has_none(corner: Corner) -> None:
    """Moodle answers nothing to a deletion."""
    (made,) = corner.create(corner.user())
    assert answers(sent(corner, Call("core_user_delete_users", {"userids": [made]}))) == [None]


def test_truth_and_numbers_are_taken_as_a_form_sends_them(corner: Corner) -> None:
    """Both become text and truth as the function wants them."""
    (made,) = corner.create(corner.user())
    assert answers(sent(corner, Call(UPDATE, {"users": [{"id": made, "suspended": True, "city": 7}]}))) == [
        {"warnings": []}
    ]
    (user,) = corner.look_up("id", made)
    assert (user["suspended"], user["city"]) == (True, "7")


def test_a_function_outside_of_the_service_is_refused(corner: Corner) -> None:
    """As when it is called by itself; what comes before it is done."""
    answer = sent(corner, Call(SITE_INFO, {}), Call("local_nobody_has_this", {}))
    assert len(answers(answer)) == 1
    assert json.loads(answer["responses"][1]["exception"])["errorcode"] == "accessexception"


def test_text_that_is_no_text_refuses_the_whole_bundle(corner: Corner) -> None:
    """Moodle would take JSON that it can't read for no arguments at all: it must not come so far."""
    try:
        sent(corner, Call(SITE_INFO, {}), look_up("\udce9"))
    except ItemRefused as refused:
        assert refused.code == "invalidparameter"
    else:
        raise AssertionError("the bundle was taken")


def test_an_empty_list_can_be_sent_in_a_bundle_only(corner: Corner) -> None:
    """A form has no field for it: Moodle takes it for a parameter that is missing."""
    assert answers(sent(corner, look_up())) == [[]]
    with pytest.raises(ItemRefused, match="invalidparameter"):
        corner.target.call(LOOK_UP, {"field": "username", "values": []})
