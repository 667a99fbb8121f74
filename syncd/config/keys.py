"""Every key that the settings can have, so that their documentation can be held against them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from syncd.config.reading import target_kinds
from syncd.config.tables import TABLES
from syncd.core.settings import Settings
from syncd.targets.base import TargetSettings
from syncd.tools.base import RowTool, Tool
from syncd.tools.base import kinds as tool_kinds


@dataclass(frozen=True, slots=True)
class Key:
    """A key: its place (`tools.NAME.guard.deletes`), what it means, and the kind of target or tool whose own it is.

    `ROWS` stands for every kind of tool that reads rows.
    """

    place: str
    meaning: str
    kind: str = ""

    @property
    def name(self) -> str:
        """The key alone, as it stands in its table."""
        return self.place.rpartition(".")[2]


ROWS = "rows"


def describe_keys() -> list[Key]:
    """Every key, table by table; the keys of single kinds follow those that all kinds have."""
    tables = [key for name, table in TABLES.items() if table for key in _keys(table, name)]
    targets = _keys_by_kind(TargetSettings, target_kinds(), "target")
    tools = _keys_by_kind(Tool, {ROWS: RowTool, **tool_kinds()}, "tools.NAME")
    return [*tables, *targets, *tools]


def _keys_by_kind(base: type[Settings], kinds: Mapping[str, type[Settings]], place: str) -> Iterator[Key]:
    yield Key(f"{place}.kind", f"One of {', '.join(kind for kind in kinds if kind != ROWS)}.")
    yield from _keys(base, place)
    for kind, table in kinds.items():
        bases: set[type[Settings]] = {base, RowTool} if table is not RowTool and issubclass(table, RowTool) else {base}
        shared = {key.place for one in bases for key in _keys(one, place)}
        yield from (key for key in _keys(table, place, kind) if key.place not in shared)


def _keys(table: type[Settings], place: str, kind: str = "") -> Iterator[Key]:
    for name, field in table.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Settings):
            yield from _keys(inner, f"{place}.{name}", kind)
        else:
            yield Key(f"{place}.{field.alias or name}", " ".join((field.description or "").split()), kind)
