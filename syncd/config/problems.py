"""What is wrong in a settings file, in words for the administrator."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from syncd.core.settings import Settings
from syncd.errors import Problem

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_SECRET = re.compile(r"(password|passwd|secret|token)(\Z|[\"' ]*[=:])", re.IGNORECASE)
_LOGIN = re.compile(r"(?<=//)[^/@\s]*@")
_MOST_SHOWN = 80

_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is not a key of this table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dict_type": "must be a table",
    "string_type": "must be a text",
    "string_too_short": "must not be empty",
    "path_type": "must be a path",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "too_short": "must have at least {min_length}",
    "greater_than_equal": "must be {ge} or more",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be {le} or less",
    "less_than": "must be less than {lt}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
}
"""Pydantic's errors, by its names for them."""


def no_hint(_key: str) -> str:
    """Nothing is known of a key."""
    return ""


def problems(
    error: ValidationError, table: type[Settings], *where: str | int, hint: Callable[[str], str] = no_hint
) -> list[Problem]:
    """Everything that pydantic found wrong in the table that stands at `where`.

    `hint(key)` tells what is known of a key that the table has not; otherwise the nearest right name is the hint.
    """
    return [
        _problem(details, table, dotted(*where, *details["loc"]), hint) for details in error.errors(include_url=False)
    ]


def dotted(*parts: str | int) -> str:
    """A place in a settings file as TOML writes it: `tools.users.timer[1]`."""
    return "".join(map(_joint, parts)).removeprefix(".")


def shown(value: object, where: str) -> str:
    """A value for the administrator, shortened; "" in place of a table, and of what may be a password or a token."""
    if isinstance(value, Mapping):
        return ""
    text = _LOGIN.sub("…@", json.dumps(value, ensure_ascii=False, default=str))
    if _SECRET.search(where) or _SECRET.search(text):
        return ""
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def nearest(name: str, right: Iterable[str]) -> str:
    """A hint at the right name that is nearest to a wrong one, or ""."""
    names = {candidate.lower(): candidate for candidate in sorted(right)}
    near = get_close_matches(name.lower(), names, n=1)
    return f"Did you mean {names[near[0]]}?" if near else ""


def in_order(found: Iterable[Problem], tables: Mapping[str, Any]) -> list[Problem]:
    """Problems in the order of the file; what is missing stands at the head of its table, a missing table last."""
    ranks = {place: rank for rank, place in enumerate(_places(tables))}

    def rank(problem: Problem) -> int:
        above = [place for place in ranks if problem.where.startswith(place)]
        return ranks[max(above, key=len)] if above else len(ranks)

    return sorted(found, key=rank)


def _problem(details: ErrorDetails, table: type[Settings], place: str, known: Callable[[str], str]) -> Problem:
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    if kind == "value_error":
        return Problem(place, str(context["error"]), shown(value, place))
    sentence = _SENTENCES.get(kind)
    what = sentence.format(**context) if sentence else _lowered(details["msg"])
    match kind:
        case "missing":
            return Problem(place, what, hint=_meaning(table, details["loc"]))
        case "extra_forbidden":
            # Its value is not shown: under a wrong name, nobody can tell whether it is a secret.
            *path, key = details["loc"]
            hint = "" if path else known(str(key))
            return Problem(place, what, hint=hint or nearest(str(key), _keys(table, path)))
        case "literal_error":
            return Problem(place, what, shown(value, place), nearest(str(value), _quoted(context["expected"])))
    return Problem(place, what, shown(value, place))


def _keys(table: type[Settings], path: Sequence[str | int]) -> Mapping[str, FieldInfo]:
    """The keys of the table to which a path leads from another."""
    for name in path:
        field = table.model_fields.get(str(name))
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if _is_table(kind)] if field else []
        if not inner:
            return {}
        table = inner[0]
    return {field.alias or name: field for name, field in table.model_fields.items()}


def _meaning(table: type[Settings], path: Sequence[str | int]) -> str:
    field = _keys(table, path[:-1]).get(str(path[-1]))
    return " ".join((field.description or "").split()) if field else ""


def _is_table(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Settings)


def _quoted(expected: str) -> list[str]:
    return re.findall(r"'([^']*)'", expected)


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:].removesuffix(".")


def _joint(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part if _BARE.fullmatch(part) else json.dumps(part, ensure_ascii=False)}"


def _places(tables: Mapping[str, Any], *above: str | int) -> Iterable[str]:
    for name, value in tables.items():
        yield dotted(*above, name)
        if isinstance(value, Mapping):
            yield from _places(value, *above, name)
        for number, one in enumerate(value if isinstance(value, list) else ()):
            yield dotted(*above, name, number)
            if isinstance(one, Mapping):
                yield from _places(one, *above, name, number)
