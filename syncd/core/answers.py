"""What a site's answer says of each item that was sent."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.core.functions import Function
from syncd.core.model import Refusal

ALREADY_MEMBER = "3"
"""The warning code by which core_cohort_add_cohort_members says that there was nothing to do."""

CURE = "Correct the row."

SILENCE = (
    "Look for a name, idnumber or address that is taken, or a language, theme or authentication method that the site "
    "has not, and correct the row."
)
"""What to do where Moodle gives no reason."""

_NOTHING_SAID = frozenset({"", "Invalid parameter value detected"})
"""Moodle's words for a value that it does not take, of whatever field, where its debugging is off."""

CURES = {
    "wsusercannotassign": "Let Moodle's administrator allow syncd's role to assign this role (docs/MOODLE.md).",
    "wsnoinstance": "Let Moodle's administrator add manual enrolment to the course, or open it there.",
    "wscannotenrol": "Let Moodle's administrator open manual enrolment in the course.",
    "usernotupdatedadmin": "Change this account in Moodle itself: it is an administrator's.",
    "useradminodelete": "Delete this account in Moodle itself, if it must go: it is an administrator's.",
    "dmlwriteexception": "Look for a value that is too long, or taken; if there is none, send the row again.",
    "toomuch": "Shorten the row: one request can't hold it.",
    "fieldempty": "Fill the cell.",
    "fieldinvalid": "Write a value that the site takes; if the file has no such column, correct the tool's defaults.",
    "fieldunknown": "Correct the column's name, or make the field in Moodle.",
    "usernametaken": "Write another username, or look whose account has this one: it may be of another idnumber.",
    "emailtaken": "Write another address, or correct the account that has this one.",
    "passwordweak": "Write a password that meets the site's password policy.",
    "passwordmissing": "Write a password, or set create_passwords for the tool.",
}
"""What to do about some of Moodle's codes; about the others, `CURE` or `SILENCE`."""

_INSTALLED = "Write one that the site has, or have it installed there: the site has no {} of this name."

_CURES_BY_COLUMN = {
    "lang": _INSTALLED.format("language pack"),
    "theme": _INSTALLED.format("theme"),
    "auth": _INSTALLED.format("authentication method"),
    "calendartype": _INSTALLED.format("calendar"),
}

_NAMED = {
    "fieldempty": re.compile(r"(\w+) is empty"),
    "fieldinvalid": re.compile(r"The value of (\w+(?:, \w+)*) is not"),
    "fieldunknown": re.compile(r"There is no field (\w+)"),
}
"""How the companion plugin, which speaks English alone, names the fields that it refuses."""

_COLUMNS = {
    "usernametaken": "username",
    "emailtaken": "email",
    "passwordweak": "password",
    "passwordmissing": "password",
}

_CODE = re.compile(r"\[(\w+)\]$")
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Done:
    """An act that was carried out; `id` is what the site calls the new thing, where there is one.

    `idle`: the site found that there was nothing to do.
    """

    id: int | None = None
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """An act that was sent, and nobody knows whether it was carried out."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """An act that was never sent."""


Fate = Done | Refusal | Lost | Unsent


def fates(function: Function, items: Sequence[Any], answer: Any) -> list[Done | Refusal] | None:
    """What became of each item, in the order sent.

    None where something was refused and the answer does not tell which of several it was: items that are sent again
    alone will show it. Raises `ValueError` when the answer makes no sense.
    """
    match function.answer:
        case "ids" | "each":
            answers = answer if function.items else [answer]
            if not _complete(answers, len(items), function):
                raise ValueError(f"{function.name} was sent {len(items)} items and did not answer for each")
            return [_fate(one, function.id) for one in answers]
        case "warnings":
            warned = {int(one["itemid"]): one for one in _warnings(answer)}
            named = [int(item if function.bare else item["id"]) for item in items]
            return [_warning(warned[item]) if item in warned else Done() for item in named]
        case "vague":
            telling = [one for one in _warnings(answer) if str(one["warningcode"]) != ALREADY_MEMBER]
            if not telling:
                return [Done()] * len(items)
            return [_warning(telling[0])] if len(items) == 1 else None
        case "status":
            if not isinstance(answer, list) or len(answer) != len(items):
                raise ValueError(f"{function.name} was sent {len(items)} items and did not answer for each")
            return [Done(idle=not one["status"]) for one in answer]
        case "null":
            return [Done()] * len(items)


def refusal(code: str, message: str) -> Refusal:
    """What Moodle refuses, in words for the sender; `code` is its errorcode."""
    # Moodle sends HTML, sometimes even for a code; and `error/CODE` where it has no words for what is wrong.
    words = " ".join(_TAG.sub(" ", message.removeprefix("error/")).split())
    said = f"Moodle says: {words}" if words else "Moodle does not say why"
    column = _column(code, words)
    cure = _CURES_BY_COLUMN.get(column, "") if code == "fieldinvalid" else ""
    return Refusal(
        "site-refused",
        f"{said} [{code}]" if code.isalnum() and code != words else said,
        column,
        cure=cure or CURES.get(code, SILENCE if words in {*_NOTHING_SAID, code} else CURE),
    )


def _column(code: str, words: str) -> str:
    named = _NAMED[code].match(words) if code in _NAMED else None
    return named[1] if named else _COLUMNS.get(code, "")


def errorcode(fate: Fate) -> str:
    """Moodle's errorcode in a refusal that `refusal` worded; "" for any other fate."""
    found = _CODE.search(fate.reason) if isinstance(fate, Refusal) else None
    return found[1] if found else ""


def _complete(answers: object, items: int, function: Function) -> bool:
    return (
        isinstance(answers, list)
        and len(answers) == items
        and all(isinstance(one, Mapping) and (function.id in one or function.answer == "each") for one in answers)
    )


def _fate(answer: Mapping[str, Any], key: str) -> Done | Refusal:
    if code := answer.get("code"):
        return refusal(str(code), str(answer.get("message", "")))
    made = answer.get(key)
    return Done(int(made) if made is not None else None)


def _warnings(answer: Any) -> list[dict[str, Any]]:
    return list((answer or {}).get("warnings", []))


def _warning(warning: dict[str, Any]) -> Refusal:
    return refusal(str(warning["warningcode"]), str(warning["message"]))
