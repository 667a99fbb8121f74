"""Empty groups, deleted when every row was carried out."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.core.model import Call, Site
from syncd.tools.base import Afterwards
from syncd.tools.lookups import groups, members
from syncd.tools.questions import ask

DELETE = "core_group_delete_groups"
DELETE_GROUPINGS = "core_group_delete_groupings"

COURSES = 50
"""How many courses are looked at together."""
CALL = 100
"""How many groups are asked about, or deleted, in one call."""
TOLD = 10
"""How many names are told; of more, the number."""


@dataclass(frozen=True, slots=True)
class Purge:
    """What is to go: empty groups but for those `spared`, and groupings without a group where `groupings` says so."""

    groupings: bool
    spared: Collection[int]


def taken(*, groupings: bool) -> frozenset[str]:
    """The functions that clearing away takes, besides those of every file of members."""
    return frozenset({DELETE, DELETE_GROUPINGS, groups.GROUPINGS, groups.BOUND} if groupings else {DELETE})


def purged(purge: Purge, courses: Sequence[int], site: Site, *, whole: bool) -> Afterwards:
    """Delete what is empty in some courses, as the site tells it now.

    A group that a row puts somebody into is spared, whatever became of the row: it may only look empty. So is
    everything where rows are not known (`whole` is not true).
    """
    if lacking := sorted(taken(groupings=purge.groupings) - site.functions):
        return (f"empty groups were left alone: the token's service lacks {', '.join(lacking)}",)
    if not whole:
        return ("empty groups were left alone: some rows could not be read, and may be about them",)
    gone: list[str] = []
    for start in range(0, len(courses), COURSES):
        some = courses[start : start + COURSES]
        names: dict[int, str] = {}
        yield from ask([(Call(groups.GROUPS, {"courseid": course}), _noted(names)) for course in some])
        full: set[int] = set()
        yield from ask([(Call(members.CORE, {"groupids": ids}), _filled(full)) for ids in _calls(names)])
        empty = [group for group in names if group not in full and group not in purge.spared]
        yield from ask([(Call(DELETE, {"groupids": ids}), _ignored) for ids in _calls(empty)])
        gone += [f"group {names[group]}" for group in empty]
        if purge.groupings:
            gone += yield from _purged_groupings(some)
    return (_told(gone),) if gone else ()


def _purged_groupings(courses: Sequence[int]) -> Any:
    names: dict[int, str] = {}
    yield from ask([(Call(groups.GROUPINGS, {"courseid": course}), _noted(names)) for course in courses])
    bound: set[int] = set()

    def take(answer: Iterable[Mapping[str, Any]]) -> None:
        bound.update(int(told["id"]) for told in answer if told.get("groups"))

    yield from ask([(Call(groups.BOUND, {"groupingids": ids, "returngroups": 1}), take) for ids in _calls(names)])
    empty = [grouping for grouping in names if grouping not in bound]
    yield from ask([(Call(DELETE_GROUPINGS, {"groupingids": ids}), _ignored) for ids in _calls(empty)])
    return [f"grouping {names[grouping]}" for grouping in empty]


def _noted(names: dict[int, str]) -> Any:
    def take(answer: Iterable[Mapping[str, Any]]) -> None:
        names.update((int(told["id"]), str(told["name"])) for told in answer)

    return take


def _filled(full: set[int]) -> Any:
    def take(answer: Iterable[Mapping[str, Any]]) -> None:
        full.update(int(told["groupid"]) for told in answer if told["userids"])

    return take


def _ignored(_answer: Any) -> None:
    return None


def _calls(ids: Iterable[int]) -> Iterator[list[int]]:
    every = list(ids)
    return (every[start : start + CALL] for start in range(0, len(every), CALL))


def _told(gone: Sequence[str]) -> str:
    more = f" and {len(gone) - TOLD} more" if len(gone) > TOLD else ""
    return f"deleted, since nobody is in them any more: {', '.join(gone[:TOLD])}{more}"
