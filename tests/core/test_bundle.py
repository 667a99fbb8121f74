"""Many calls in one request."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.bundle import SPREAD, answers, bundle, bundles
from syncd.core.functions import BUNDLE, BUNDLED
from syncd.core.model import Call

COURSES, USERS = "core_course_get_courses_by_field", "core_user_get_users_by_field"


def test_a_bundle_carries_its_calls_as_json() -> None:
    """Truth goes as 1 or 0, as a form would send it: Moodle's checks of texts refuse JSON's own."""
    call = bundle([Call("f", {"users": [{"name": "Zoë", "on": True}]}), Call("g", {})])
    assert call.function == BUNDLE
    first, second = call.parameters["requests"]
    assert first == {"function": "f", "arguments": '{"users": [{"name": "Zoë", "on": 1}]}', "settingraw": 1}
    assert second["arguments"] == "{}"


def test_an_answer_reaches_as_far_as_the_first_refused_call() -> None:
    """Its place is how many answers there are."""
    good, bad = {"error": False, "data": '[{"id": 7}]'}, {"error": True, "exception": "{}"}
    assert answers({"responses": [good, good]}) == [[{"id": 7}], [{"id": 7}]]
    assert answers({"responses": [good, bad]}) == [[{"id": 7}]]
    assert answers({"responses": []}) == []


@pytest.mark.parametrize("answer", [None, [], {}, {"responses": [{}]}, {"responses": [{"error": False, "data": "x"}]}])
def test_what_is_no_answer_to_a_bundle_is_said_to_be_none(answer: object) -> None:
    """Whatever shape it has."""
    with pytest.raises(ValueError):
        answers(answer)


@given(st.lists(st.sampled_from([COURSES, USERS, "core_group_get_course_groups"]), max_size=300))
def test_only_calls_that_take_one_value_are_bundled_each_once(functions: list[str]) -> None:
    """Each bundle is of one function, of at least two calls and not too many; a few go side by side instead."""
    calls = [Call(function, {}) for function in functions]
    found = bundles(calls)
    places = [place for together in found for place in together]
    assert len(places) == len(set(places))
    for together in found:
        (function,) = {functions[place] for place in together}
        assert 2 <= len(together) <= BUNDLED[function]
    alone = [function for place, function in enumerate(functions) if place not in places and function in BUNDLED]
    for function in set(alone):
        assert alone.count(function) == 1 or alone.count(function) == functions.count(function) <= SPREAD


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers() | st.text()))
def test_arguments_come_back_as_they_went(parameters: dict[str, object]) -> None:
    """Whatever they hold."""
    (request,) = bundle([Call("f", parameters)]).parameters["requests"]
    assert json.loads(request["arguments"]) == parameters
