"""The practice site's twin of the companion's function that tells capabilities: its administrator has all of them."""

from typing import Any

from syncd.core.probes import EXACT
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.site import Visit

_TAKES = parameters.structure({"capabilities": parameters.list_of(parameters.text)})


def get_capabilities(_visit: Visit, capabilities: list[str]) -> list[dict[str, Any]]:
    """Each with whether there is such a one, and whether the caller has it."""
    return [{"capability": name, "exists": _is(name), "allowed": _is(name)} for name in capabilities]


def _is(name: str) -> bool:
    plugin, _, deed = name.partition(":")
    return "/" in plugin and bool(deed)


FUNCTIONS = {EXACT: Answers(_TAKES, get_capabilities, writes=False)}
