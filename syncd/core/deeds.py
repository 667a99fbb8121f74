"""What a step would do, told to people before it is done."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from syncd.core.model import Act, Step

_LONGEST = 300


def planned(step: Step) -> tuple[str, ...]:
    """A note for each act of a step: the function that would be called, and with what. No secret is told."""
    return tuple(_clipped(f"would call {act.function}: {', '.join(_keys(act))}") for act in step.acts)


def _keys(act: Act) -> Iterator[str]:
    yield from (f"{key} = {_told(value)}" for key, value in act.item.items() if not _replaced(key, act))
    yield from (f"{key} = (not told)" for key in act.secrets)
    yield from (f"{key} = (what is made for it)" for key in act.takes)


def _replaced(key: str, act: Act) -> bool:
    return key in act.secrets or key in act.takes


def _told(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
