"""How the companion's changing functions answer: each item is done or refused by itself."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox.site import Visit

PREFIX = "local_syncd_"
"""What the names of the companion's functions begin with."""


def each(
    visit: Visit, items: Iterable[Mapping[str, Any]], one: Callable[[Mapping[str, Any]], int]
) -> list[dict[str, Any]]:
    """Do every item wholly or not at all; each answer has its place, and the id that `one` returned or the refusal."""
    return [{"index": index} | _attempt(visit, item, one) for index, item in enumerate(items)]


def _attempt(visit: Visit, item: Mapping[str, Any], one: Callable[[Mapping[str, Any]], int]) -> dict[str, Any]:
    visit.connection.execute("SAVEPOINT item")
    try:
        made = one(item)
    except ItemRefused as refused:
        visit.connection.execute("ROLLBACK TO item")
        return {"id": 0, "code": refused.code, "message": refused.message}
    finally:
        visit.connection.execute("RELEASE item")
    return {"id": made, "code": "", "message": ""}
