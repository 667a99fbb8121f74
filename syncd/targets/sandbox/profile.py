"""A custom profile field of the practice site, with what Moodle's own kinds of field make of a value."""

import re
from calendar import timegm
from dataclasses import dataclass
from typing import Any

_KINDS = frozenset({"text", "menu", "checkbox", "datetime"})
_YEARS = (1900, 2100)


@dataclass(frozen=True, slots=True)
class ProfileField:
    """A field by its shortname; `options` are those of a menu, `unique` says that no two accounts should share."""

    shortname: str
    datatype: str = "text"
    options: tuple[str, ...] = ()
    unique: bool = False

    @classmethod
    def written(cls, text: str) -> "ProfileField":
        """The field that a setting describes: `badge`, `badge:unique`, `vip:checkbox`, `level:menu:L1/L2`.

        Raises `ValueError`.
        """
        shortname, *more = text.split(":", 2)
        kind, options = (*more, "", "")[:2]
        if not re.fullmatch(r"\w+", shortname, re.ASCII):
            raise ValueError(f"{shortname!r} is no shortname: letters, digits and _")
        if kind == "unique":
            return cls(shortname, unique=True)
        if kind and kind not in _KINDS:
            raise ValueError(f"{kind} is no kind of profile field: one of {', '.join(sorted(_KINDS))}, or unique")
        return cls(shortname, kind or "text", tuple(options.split("/")) if options else ())

    def stored(self, value: str) -> str:
        """What Moodle stores of a value: it never refuses one."""
        match self.datatype:
            case "menu":
                return value if value in self.options else ""
            case "datetime":
                return str(_moment(value))
            case _:
                return value[:2048]

    def told(self, value: str | None) -> dict[str, Any] | None:
        """What a look-up tells of an account's value; None when it leaves the field out.

        A checkbox has its default, 0, where nobody has ticked it; a date of no moment is not shown.
        """
        if self.datatype == "checkbox":
            value = "0" if value is None else value
            return self._told(value, "Yes" if value not in {"", "0"} else "No")
        if not value or (self.datatype == "datetime" and value == "0"):
            return None
        return self._told(value, value)

    def _told(self, value: str, display: str) -> dict[str, Any]:
        name = self.shortname
        return {"type": self.datatype, "name": name, "shortname": name, "value": value, "displayvalue": display}


def _moment(value: str) -> int:
    if not value or value == "0":
        return 0
    if re.fullmatch(r"-?\d+", value):
        return int(value) // 86_400 * 86_400
    # As PHP reads numbers: what is missing or no number is 0, and month 0 is the last December.
    parts = [int(found[0]) if (found := re.match(r"\d+", part)) else 0 for part in value.split("-")]
    year, month, day = [*parts, 0, 0][:3]
    year = min(max(year, _YEARS[0]), _YEARS[1])
    first = timegm((year - (month < 1), month or 12, 1, 0, 0, 0))
    return first + (day - 1) * 86_400
