"""Many calls in one request, by Moodle's own function for that."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from syncd.core.functions import BUNDLE, BUNDLED
from syncd.core.model import Call

SPREAD = 4
"""Over how many requests the calls are spread before any is a large one: as many as there are connections, normally."""


def bundle(calls: Sequence[Call]) -> Call:
    """The call that carries out others, one after the other, each by itself; it stops at the first that is refused."""
    return Call(BUNDLE, {"requests": [_request(call) for call in calls]})


def answers(answer: Any) -> list[Any]:
    """The answers of a bundle's calls, in their order, up to the first that was refused.

    That one is the culprit; those after it were not carried out. Raises `ValueError` for what is no bundle's answer.
    """
    try:
        responses = answer["responses"]
        # A deed without an answer has null here, and not its text.
        return [response["data"] and json.loads(response["data"]) for response in _good(responses)]
    except (KeyError, TypeError) as error:
        raise ValueError("not the answer to a bundle") from error


def refusal_code(answer: Any) -> str:
    """Moodle's code for why the last call of a bundle was refused; "" when none was."""
    last = answer["responses"][-1]
    return str(json.loads(last["exception"]).get("errorcode", "")) if last["error"] else ""


def _request(call: Call) -> dict[str, Any]:
    # Text that no UTF-8 can hold stays as it is, so that Moodle refuses the request: JSON that it can't read it would
    # take for no arguments at all.
    arguments = json.dumps(_plain(call.parameters), ensure_ascii=False)
    return {"function": call.function, "arguments": arguments, "settingraw": 1}


def _good(responses: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for response in responses:
        if response["error"]:
            return
        yield response


def bundles(calls: Sequence[Call]) -> list[list[int]]:
    """Which calls, by their places, go into one request together; those that go alone are not named.

    Calls of a function that takes one value are bundled, as many as `BUNDLED` says, and fewer where that would leave
    connections idle.
    """
    places: dict[str, list[int]] = {}
    for place, call in enumerate(calls):
        if call.function in BUNDLED:
            places.setdefault(call.function, []).append(place)
    return [part for function, together in places.items() for part in _parts(together, BUNDLED[function])]


def _parts(places: list[int], most: int) -> Iterator[list[int]]:
    size = min(most, -(-len(places) // SPREAD))
    return (places[start : start + size] for start in range(0, len(places), size) if min(size, len(places) - start) > 1)


def _plain(value: Any) -> Any:
    """A value as a form would send it: Moodle's checks of texts and numbers don't take JSON's true and false."""
    match value:
        case Mapping():
            return {key: _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case bool():
            return int(value)
        case _:
            return value
