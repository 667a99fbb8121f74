"""A site with faults: a real one behind a line that refuses, loses answers or is cut, as a test has it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from syncd.core.functions import BUNDLE, FUNCTIONS
from syncd.errors import AnswerLost, ItemRefused, SiteUnreachable
from syncd.run.patience import only_reads
from syncd.targets.base import Target

Fault = Callable[[str, int], Exception | None]
"""What a call raises: it is told the function, and how many writing calls came before."""


def none(_function: str, _number: int) -> Exception | None:
    """No fault."""
    return None


def nothing(_item: Any) -> bool:
    """Nothing is refused."""
    return False


def once(number: int, error: Exception) -> Fault:
    """The writing call of this number fails, from 0; no other."""
    return lambda _function, found: error if found == number else None


def from_then_on(number: int, error: Exception) -> Fault:
    """The writing call of this number fails, and all that come after it."""
    return lambda _function, found: error if found >= number else None


LOST = AnswerLost("the answer did not come")
AWAY = SiteUnreachable("the site does not answer")


@dataclass(slots=True)
class Faulty:
    """A target that keeps the promises of the one behind it, but for its faults.

    `refuses(item)` refuses the whole call that holds such an item, as Moodle does. `before` fails calls of functions
    that write before anything is done, `after` when all of it was done. While `away` is set, nothing is answered.
    """

    site: Target
    refuses: Callable[[Any], bool] = nothing
    before: Fault = none
    after: Fault = none
    away: Exception | None = None
    calls: list[tuple[str, int]] = field(default_factory=list)
    """The calls of functions that write: each function, and how many items it was sent; a bundle's are its calls."""
    _lock: Lock = field(default_factory=Lock)

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Hand on the call, unless a fault comes between."""
        if self.away:
            raise self.away
        if only_reads(function, parameters):
            return self.site.call(function, parameters)
        items = _items(function, parameters)
        with self._lock:
            number = len(self.calls)
            self.calls.append((function, len(items)))
        if error := self.before(function, number):
            raise error
        answer = self._bundled(parameters) if function == BUNDLE else self._call(function, parameters)
        if error := self.after(function, number):
            raise error
        return answer

    def _call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        if any(map(self.refuses, _items(function, parameters))):
            raise ItemRefused("invalidparameter", "Invalid parameter value detected")
        return self.site.call(function, parameters)

    def _bundled(self, parameters: Mapping[str, Any]) -> Any:
        """As Moodle does: each call by itself, up to the first that is refused."""
        responses: list[dict[str, Any]] = []
        for request in parameters["requests"]:
            try:
                answer = self._call(request["function"], json.loads(request["arguments"]))
            except ItemRefused as refused:
                exception = {"errorcode": refused.code, "message": refused.message}
                responses.append({"error": True, "exception": json.dumps(exception)})
                break
            responses.append({"error": False, "data": None if answer is None else json.dumps(answer)})
        return {"responses": responses}

    def close(self) -> None:
        """Close the site behind it."""
        self.site.close()


def _items(function: str, parameters: Mapping[str, Any]) -> Sequence[Any]:
    if function == BUNDLE:
        return [request["function"] for request in parameters["requests"]]
    items: Sequence[Any] = parameters[FUNCTIONS[function].items] if FUNCTIONS[function].items else [parameters]
    return items
