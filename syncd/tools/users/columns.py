"""What each column of a users file may hold, and how its text becomes what Moodle stores."""

import re
from collections.abc import Callable

from syncd.core.countries import COUNTRIES
from syncd.core.model import Refusal

Reader = Callable[[str], str]
"""Takes a cell and returns the value that Moodle is to store; raises `Unfit`."""

PROFILE_FIELD = "profile_field_"
PROFILE_FIELDS = re.compile(PROFILE_FIELD + r"[A-Za-z0-9_]+")
ENROLMENTS = re.compile(r"(?:course|group|role|enrol|start|end|wwwroot|type)[1-9][0-9]*")
NOT_SETTABLE = ("icq", "url", "maildigest", "htmleditor", "autosubscribe", "trackforums", "mnethostid")
"""Columns of the plugin's files that Moodle's web services have no parameter for."""

UNSEEN = frozenset(
    {"middlename", "alternatename", "firstnamephonetic", "lastnamephonetic", "maildisplay", "calendartype"}
)
"""Fields that Moodle stores and its look-up need not tell."""

NEVER_EMPTY = frozenset({"email", "auth", "lang", "timezone", "calendartype", "mailformat", "maildisplay"})
"""Fields that every account has: an empty cell leaves them as they are, where it clears any other."""

NUMBERS = frozenset({"mailformat", "maildisplay"})

COHORT_NAME = 254
COHORT_IDNUMBER = 100

GIVEN = "given"
"""The row has a password."""
UNKNOWN = "unknown"
"""The row asks for a password that nobody knows."""

USERNAME = re.compile(r"[-.@_a-z0-9]+")
EXTENDED_USERNAME = re.compile(r"\S+")

YES_OR_NO = {
    **dict.fromkeys(("1", "yes", "true", "y", "on"), True),
    **dict.fromkeys(("0", "no", "false", "n", "off"), False),
}


class Unfit(Exception):
    """A row can't be carried out; `refusal` says why. What reads a cell leaves the place to its caller."""

    def __init__(self, code: str, reason: str, column: str = "", value: str = "", cure: str = "") -> None:
        self.refusal = Refusal(code, reason, column, value, cure)
        super().__init__(reason)


def raw(longest: int) -> Reader:
    """Any text, of at most so many characters."""

    def read(cell: str) -> str:
        value = cell.strip()
        if len(value) > longest:
            raise _too_long(value, longest)
        return value

    return read


def text(longest: int, *, filled: bool = False) -> Reader:
    """Text without tags, of at most so many characters: Moodle refuses a whole batch for one `<` in it."""

    def read(cell: str) -> str:
        value = cell.strip()
        if len(value) > longest:
            raise _too_long(value, longest)
        if "<" in value:
            raise Unfit("value-wrong", "the cell holds <, and Moodle takes no tags here", cure="Remove the <.")
        if filled and not value:
            raise _empty()
        return value

    return read


_any_username = raw(100)


def old_username(cell: str) -> str:
    """A username as Moodle stores it, in small letters, or nothing."""
    return _any_username(cell).lower()


def username(cell: str) -> str:
    """A username as Moodle stores it, in small letters."""
    if value := _any_username(cell).lower():
        return value
    raise _empty()


def name(longest: int, shape: str, example: str) -> Reader:
    """One of Moodle's own names, of a shape that no other value may have."""
    matches = re.compile(shape).fullmatch
    short = raw(longest)

    def read(cell: str) -> str:
        value = short(cell)
        if value and not matches(value):
            raise Unfit("value-wrong", "the cell holds characters that Moodle takes in no such name", cure=example)
        return value

    return read


def one_of(*values: str) -> Reader:
    """One of a few values, or nothing."""
    allowed = {"", *values}
    expected = " or ".join(values)

    def read(cell: str) -> str:
        value = cell.strip()
        if value not in allowed:
            raise Unfit("value-wrong", f"the cell must hold {expected}", cure=f"Write {expected}, or leave it empty.")
        return value

    return read


def country(cell: str) -> str:
    """A country code; Moodle would quietly store any other value as `0`."""
    value = cell.strip().upper()
    if value and value not in COUNTRIES:
        raise Unfit("value-wrong", "no country has this code", cure="Write the two letters of ISO 3166-1, as in FR.")
    return value


_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"{_WORD}(?:\.{_WORD})*@(?:{_LABEL}\.)+{_LABEL}").fullmatch


def email(cell: str) -> str:
    """An e-mail address: what both Moodle and the world's mail servers take."""
    value = cell.strip()
    if len(value) > 100:
        raise _too_long(value, 100)
    if value and not (_ADDRESS(value) and value.index("@") <= 64):
        raise Unfit("value-wrong", "this is no e-mail address", cure="Write one address, as in ana@example.org.")
    return value


_locale = name(30, r"[a-z]{2,3}(?:_[a-z0-9]+)*", "Write a language's code, as in fr or pt_br.")


def language(cell: str) -> str:
    """A language's code, also when it is written as of old, with the encoding behind it."""
    return _locale(cell.strip().lower().removesuffix("_utf8"))


def yes_or_no(cell: str) -> str:
    """One of `YES_OR_NO`, or nothing."""
    value = cell.strip().lower()
    if value and value not in YES_OR_NO:
        raise Unfit("value-wrong", "the cell says neither yes nor no", cure="Write 1 or 0, or leave it empty.")
    return value


def password(cell: str) -> str:
    """What a password cell asks for, without the password: `GIVEN`, `UNKNOWN` or nothing."""
    if len(cell) > 128:
        raise Unfit("value-long", "Moodle takes passwords of at most 128 characters", cure="Shorten the password.")
    if cell == "*NOPASS*":
        return UNKNOWN
    return GIVEN if cell else ""


def _empty() -> Unfit:
    return Unfit("value-missing", "the cell is empty, and every account has this", cure="Fill the cell.")


def _too_long(value: str, longest: int) -> Unfit:
    return Unfit(
        "value-long", f"the cell has {len(value)} characters, Moodle stores {longest}", cure="Shorten the text."
    )


# Moodle's PARAM_TIMEZONE
_TIMEZONE = r"[+-]?(?:0?[0-9](?:\.[05])?|1[0-3](?:\.0)?|1[0-2]\.5)|99|[a-zA-Z0-9]+(?:/?[a-zA-Z_-])+"

FIELDS: dict[str, Reader] = {
    "username": username,
    "firstname": text(100, filled=True),
    "lastname": text(100, filled=True),
    "email": email,
    "idnumber": raw(255),
    "auth": name(20, r"[a-z][a-z0-9_]*", "Write the name of an authentication method, as in manual."),
    "phone1": text(20),
    "phone2": text(20),
    "address": text(255),
    "city": text(120),
    "country": country,
    "institution": text(255),
    "department": text(255),
    "description": text(1_000_000),
    "lang": language,
    "timezone": name(100, _TIMEZONE, "Write a time zone, as in Europe/Paris, or 99 for the site's own."),
    "calendartype": name(30, r"[a-z][a-z0-9_]*", "Write the name of a calendar, as in gregorian."),
    "theme": name(50, r"[a-z][a-z0-9_]*", "Write the name of a theme, as in boost."),
    "mailformat": one_of("0", "1"),
    "maildisplay": one_of("0", "1", "2"),
    "middlename": text(255),
    "alternatename": text(255),
    "firstnamephonetic": text(255),
    "lastnamephonetic": text(255),
}
"""The columns that are fields of an account in Moodle, by the same names, with the lengths of Moodle's own table."""

DEEDS: dict[str, Reader] = {
    "oldusername": old_username,
    "password": password,
    "suspended": yes_or_no,
    "deleted": yes_or_no,
    "cohort": text(COHORT_NAME),
    "cohortid": raw(COHORT_IDNUMBER),
}
"""The columns that say what to do."""
