"""Which paths a pattern of the settings means."""

from fnmatch import fnmatchcase, translate
from re import Pattern, compile

MAGIC = frozenset("*?[")


def is_pattern(text: str) -> bool:
    """Whether the text is a pattern (`erp/users*.csv`) rather than the path of one file."""
    return not MAGIC.isdisjoint(text)


def matches(pattern: str, path: str) -> bool:
    """Whether a path is meant: part by part as a shell does it, so that `*` never reaches into a sub-folder."""
    wanted, found = pattern.split("/"), path.split("/")
    return len(wanted) == len(found) and all(map(fnmatchcase, found, wanted))


def any_of(patterns: list[str]) -> Pattern[str] | None:
    """One expression that a name matches when it matches any of the patterns; `None` for no pattern at all."""
    return compile("|".join(translate(pattern) for pattern in patterns)) if patterns else None
