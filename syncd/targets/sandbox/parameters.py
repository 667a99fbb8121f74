"""Moodle's parameter types: what a value must look like before a web-service function sees it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from syncd.errors import ItemRefused

Check = Callable[[Any], Any]
"""Takes a value as sent and returns it as Moodle understands it; raises `ItemRefused` (`invalidparameter`)."""

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_TAG = re.compile(r"<(?!\s)")
_BOOLEANS = {"": False, "0": False, "1": True}


def as_sent(value: Any) -> Any:
    """What is left of nested values in a form: an empty list or object has no field, so nobody hears of it."""
    match value:
        case Mapping():
            return {key: as_sent(inner) for key, inner in value.items() if inner not in ([], (), {})}
        case list() | tuple():
            return [as_sent(inner) for inner in value if inner not in ([], (), {})]
        case _:
            return value


def invalid_parameter() -> ItemRefused:
    """What Moodle says of whatever it does not like; in production it gives neither the reason nor the item."""
    return ItemRefused("invalidparameter", "Invalid parameter value detected")


def text(value: Any) -> str:
    """Any text without a NUL (PARAM_RAW). Numbers and truth values become the text that REST would send."""
    if isinstance(value, (bool, int)):
        return str(int(value))
    if not isinstance(value, str) or "\0" in value or not _is_unicode(value):
        raise invalid_parameter()
    return value


def text_without_tags(value: Any) -> str:
    """Text without anything that PHP takes for a tag (PARAM_NOTAGS, PARAM_TEXT); blanks are kept as sent."""
    plain = text(value)
    if _TAG.search(plain):
        raise invalid_parameter()
    return plain


def text_trimmed(value: Any) -> str:
    """Text without blanks at its ends (PARAM_RAW_TRIMMED)."""
    plain = text(value)
    if plain != plain.strip(" \t\n\r\v"):
        raise invalid_parameter()
    return plain


_LANGUAGES = re.compile(
    r"<span(\s+lang=\"[a-zA-Z0-9_-]+\"|\s+class=\"multilang\"){2}\s*>|</span>|<lang lang=\"[a-zA-Z0-9_-]+\"\s*>|</lang>"
)


def text_in_languages(value: Any) -> str:
    """Text without tags but those that tell languages apart (PARAM_TEXT); `<` before a blank is no tag."""
    plain = text(value)
    if re.search(r"<(?!\s)", _LANGUAGES.sub("", plain)):
        raise invalid_parameter()
    return plain


def integer(value: Any) -> int:
    """A whole number in its shortest spelling (PARAM_INT): `7` and `"7"`, but neither `"07"` nor `""`."""
    digits = text(value)
    if not _INTEGER.fullmatch(digits):
        raise invalid_parameter()
    return int(digits)


def boolean(value: Any) -> bool:
    """`0`, `1` or nothing (PARAM_BOOL): a word such as `yes` is refused."""
    truth = _BOOLEANS.get(text(value))
    if truth is None:
        raise invalid_parameter()
    return truth


def matching(pattern: str) -> Check:
    """Text that is empty or matches `pattern` as a whole."""
    matches = re.compile(pattern).fullmatch

    def check(value: Any) -> str:
        plain = text(value)
        if plain and not matches(plain):
            raise invalid_parameter()
        return plain

    return check


def one_of(*names: str) -> Check:
    """One of a closed list of names."""
    allowed = frozenset(names)

    def check(value: Any) -> str:
        plain = text(value)
        if plain not in allowed:
            raise invalid_parameter()
        return plain

    return check


def list_of(item: Check) -> Check:
    """A list (`external_multiple_structure`)."""

    def check(value: Any) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise invalid_parameter()
        return [item(element) for element in value]

    return check


def filled_list_of(item: Check) -> Check:
    """A list that a call needs: REST can't send an empty one."""
    check = list_of(item)

    def filled(value: Any) -> list[Any]:
        items: list[Any] = check(value)
        if not items:
            raise invalid_parameter()
        return items

    return filled


def structure(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object that has every `required` key, perhaps `optional` ones, and no other (`external_single_structure`)."""
    checks = {**required, **(optional or {})}

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping) or not required.keys() <= value.keys() <= checks.keys():
            raise invalid_parameter()
        return {key: checks[key](field) for key, field in value.items()}

    return check


def _is_unicode(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_email(value: str) -> bool:
    """Whether Moodle takes a value for an e-mail address."""
    return _EMAIL.fullmatch(value) is not None


username: Check = matching(r"[-.@_a-z0-9]+")
# As PHP's FILTER_VALIDATE_EMAIL in all but quoted and literal forms, which no directory issues.
_ATOM = r"[a-zA-Z0-9_!#$%&'*+/=?^`{|}~-]+"
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_EMAIL = re.compile(rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}")
letters: Check = matching(r"[a-zA-Z]+")
shortname: Check = matching(r"[a-zA-Z0-9_-]+")
timezone: Check = matching(r"[+-]?(0?[0-9](\.[05])?|1[0-3](\.0)?|1[0-2]\.5)|99|[a-zA-Z0-9]+(/?[a-zA-Z_-])+")
language: Check = matching(r"[a-z]{2,3}(_[a-z0-9]+)*")
