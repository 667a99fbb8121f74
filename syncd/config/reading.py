"""Reading the tables one by one, so that every problem is found at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from re import ASCII, compile
from typing import Any, TypeVar

from pydantic import ValidationError

from syncd.config.problems import dotted, nearest, no_hint, problems, shown
from syncd.config.tables import TABLES
from syncd.core.settings import Settings, Written
from syncd.errors import Problem
from syncd.targets.base import TargetSettings
from syncd.tools.base import Tool
from syncd.tools.base import kinds as tool_kinds

Table = TypeVar("Table", bound=Settings)

_TOOL_NAME = compile(r"[a-z0-9][a-z0-9_-]*", ASCII)


@dataclass(frozen=True, slots=True)
class Reading:
    """The tables of a file as they are read, and the problems found so far."""

    tables: Mapping[str, Any]
    written: Written
    found: list[Problem] = field(default_factory=list)

    def check_names(self) -> None:
        """Find the tables that the settings have not."""
        for name in self.tables.keys() - TABLES:
            self.found.append(Problem(dotted(name), "is not a table of the settings", hint=nearest(name, TABLES)))

    def table(self, model: type[Table], name: str) -> Table | None:
        """A table with its keys, or None when there was a problem."""
        return self._validated(model, self.tables.get(name, {}), name)

    def each(self, model: type[Table], name: str) -> dict[int, Table]:
        """The tables of a list, `[[name]]`, in which there was no problem, by their place in the list."""
        tables = self.tables.get(name, [])
        if not isinstance(tables, list):
            self.found.append(Problem(dotted(name), f"must be written [[{name}]]: there may be several"))
            return {}
        read = {number: self._validated(model, values, name, number) for number, values in enumerate(tables)}
        return {number: table for number, table in read.items() if table}

    def target(self) -> TargetSettings | None:
        """The target that its key `kind` tells."""
        return self._of_kind(target_kinds(), "sandbox", self.tables.get("target", {}), "target")

    def tools(self) -> dict[str, Tool]:
        """The tools in which there was no problem, in the order of the file."""
        tables = self.tables.get("tools", {})
        if not isinstance(tables, dict):
            self.found.append(_no_table(tables, "tools"))
            return {}
        kinds = tool_kinds()
        read = {name: self._tool(kinds, values, name) for name, values in tables.items()}
        return {name: tool for name, tool in read.items() if tool}

    def _tool(self, kinds: Mapping[str, type[Tool]], values: object, name: str) -> Tool | None:
        if not _TOOL_NAME.fullmatch(name):
            sentence = "is not a name for a tool: small letters, digits, - and _, beginning with a letter or digit"
            self.found.append(Problem(dotted("tools", name), sentence))
        return self._of_kind(kinds, name, values, "tools", name)

    def _of_kind(self, kinds: Mapping[str, type[Table]], default: str, values: object, *where: str) -> Table | None:
        if not isinstance(values, dict):
            self.found.append(_no_table(values, *where))
            return None
        kind = values.get("kind", default)
        if not isinstance(kind, str) or kind not in kinds:
            hint = nearest(str(kind), kinds) or f"There are: {', '.join(sorted(kinds))}."
            place = dotted(*where, "kind")
            self.found.append(Problem(place, "is not a kind that syncd has", shown(kind, place), hint))
            return None
        keys = {key: value for key, value in values.items() if key != "kind"}
        return self._validated(kinds[kind], keys, *where, hint=lambda key: _owner(key, kinds))

    def _validated(
        self, model: type[Table], values: object, *where: str | int, hint: Callable[[str], str] = no_hint
    ) -> Table | None:
        try:
            return model.model_validate(values, context=self.written)
        except ValidationError as error:
            self.found.extend(problems(error, model, *where, hint=hint))
            return None

    @property
    def folders(self) -> dict[str, Path]:
        """The folders by the place of their key, also from tables in which something else is wrong."""
        named = {name: self._text(name, "folder") for name in ("drop", "repository", "state")}
        return {dotted(name, "folder"): self.written.folder / folder for name, folder in named.items() if folder}

    @property
    def tool_names(self) -> list[str]:
        """The names of all tools, also of those in which something is wrong."""
        tools = self.tables.get("tools", {})
        return list(tools) if isinstance(tools, dict) else []

    @property
    def files(self) -> dict[str, str]:
        """The tools' files by the place of their key, also of tools in which something else is wrong."""
        tools = self.tables.get("tools", {})
        named = {name: self._text("tools", name, "file") for name in (tools if isinstance(tools, dict) else ())}
        return {dotted("tools", name, "file"): file for name, file in named.items() if file}

    def _text(self, *place: str) -> str:
        """The text that stands at a place, or "" if there is none, or one that no path can be."""
        found: object = self.tables
        for name in place:
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, str) and "\0" not in found else ""


def state_directory(environment: Mapping[str, str]) -> str:
    """The state folder that systemd gives a service, or ""."""
    # systemd lists several folders when the unit names several; the first is ours.
    return environment.get("STATE_DIRECTORY", "").split(":")[0]


def target_kinds() -> dict[str, type[TargetSettings]]:
    """Every kind of target that syncd has, by its name."""
    from syncd import targets

    for module in iter_modules(targets.__path__):
        import_module(f"{targets.__name__}.{module.name}")
    kinds = (kind for kind in TargetSettings.__subclasses__() if kind.__module__.startswith(targets.__name__))
    return {kind.kind: kind for kind in kinds}


def _no_table(values: object, *where: str) -> Problem:
    return Problem(dotted(*where), "must be a table", shown(values, dotted(*where)))


def _owner(key: str, kinds: Mapping[str, type[Settings]]) -> str:
    """A hint at the kind that has a key: `url` without `kind = "rest"` is easily written."""
    owner = next((name for name, kind in kinds.items() if key in kind.model_fields), "")
    return owner and f'It is a key of kind = "{owner}".'
