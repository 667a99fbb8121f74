"""What each column of a users file may hold, and how its text becomes what Moodle stores."""

import re

from syncd.core.countries import COUNTRIES
from syncd.tools.cells import Reader, Unfit, empty, name, number, one_of, raw, text, too_long, yes_or_no
from syncd.tools.lookups import cohorts

PROFILE_FIELD = "profile_field_"
PROFILE_FIELDS = re.compile(PROFILE_FIELD + r"[A-Za-z0-9_]+")
NOT_SETTABLE = (
    "icq",
    "url",
    "maildigest",
    "htmleditor",
    "autosubscribe",
    "trackforums",
    "mnethostid",
    "emailstop",
    "descriptionformat",
)
"""Columns of the plugin's files that Moodle's web services have no parameter for."""

UNSEEN = frozenset(
    {"middlename", "alternatename", "firstnamephonetic", "lastnamephonetic", "maildisplay", "calendartype"}
)
"""Fields that Moodle stores and core's look-up does not tell."""

PHONES = frozenset({"phone1", "phone2"})
"""Fields that core's look-up tells to administrators, and to others only where the site shows that field to them."""

SHY = PHONES | {"description"}
"""Fields that core's look-up tells to administrators, and not to everybody else. Descriptions it tells to others
account by account, also empty ones."""

NEVER_EMPTY = frozenset({"email", "auth", "lang", "timezone", "calendartype", "mailformat", "maildisplay", "interests"})
"""Fields that every account has: an empty cell leaves them as they are, where it clears any other."""

NUMBERS = frozenset({"mailformat", "maildisplay"})

NO_MAIL = frozenset({"NOMAIL", "NO MAIL"})
"""What the plugin's files hold in the place of an e-mail address that somebody has not."""

GIVEN = "given"
"""The row has a password."""
ONCE = "once"
"""The row has a password that serves once: the word that Moodle's own upload has for it."""
UNKNOWN = "unknown"
"""The row asks for a password that nobody knows."""

USERNAME = re.compile(r"[-.@_a-z0-9]+")
EXTENDED_USERNAME = re.compile(r"\S+")

_any_username = raw(100)
_any_text = text(10_000)


def old_username(cell: str) -> str:
    """A username as Moodle stores it, in small letters, or nothing."""
    return _any_username(cell).lower()


def username(cell: str) -> str:
    """A username as Moodle stores it, in small letters."""
    if value := _any_username(cell).lower():
        return value
    raise empty()


def misnamed(username: str, *, extended: bool) -> Unfit | None:
    """Why this can't be a username, if it can't; `extended`: the site takes any character but blanks in one."""
    if not username or (EXTENDED_USERNAME if extended else USERNAME).fullmatch(username):
        return None
    cure = "Use a to z, 0 to 9 and - . @ _ only, or set extended_usernames if the site has that setting."
    return Unfit("value-wrong", "a username can't hold these characters", cure=cure)


def country(cell: str) -> str:
    """A country code; Moodle would quietly store any other value as `0`."""
    value = cell.strip().upper()
    if value and value not in COUNTRIES:
        raise Unfit("value-wrong", "no country has this code", cure="Write the two letters of ISO 3166-1, as in FR.")
    return value


def account_id(cell: str) -> str:
    """Moodle's own number of an account, or nothing."""
    value = number(cell)
    if value.startswith("-"):
        raise Unfit("value-wrong", "no account has such a number", cure="Write Moodle's number of the account.")
    return "" if value == "0" else value


_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"{_WORD}(?:\.{_WORD})*@(?:{_LABEL}\.)+{_LABEL}").fullmatch


def email(cell: str) -> str:
    """An e-mail address: what both Moodle and the world's mail servers take."""
    value = cell.strip()
    if len(value) > 100:
        raise too_long(value, 100)
    if value and not (_ADDRESS(value) and value.index("@") <= 64):
        raise Unfit("value-wrong", "this is no e-mail address", cure="Write one address, as in ana@example.org.")
    return value


def email_if_any(cell: str) -> str:
    """An e-mail address, or nothing, also where the cell holds the plugin's word for that."""
    return "" if cell.strip().upper() in NO_MAIL else email(cell)


_locale = name(30, r"[a-z]{2,3}(?:_[a-z0-9]+)*", "Write a language's code, as in fr or pt_br.")


def language(cell: str) -> str:
    """A language's code, also when it is written as of old, with the encoding behind it."""
    return _locale(cell.strip().lower().removesuffix("_utf8"))


def password(cell: str) -> str:
    """What a password cell asks for, without the password: `GIVEN`, `UNKNOWN` or nothing."""
    if len(cell) > 128:
        raise Unfit("value-long", "Moodle takes passwords of at most 128 characters", cure="Shorten the password.")
    if cell == "*NOPASS*":
        return UNKNOWN
    if cell == "changeme":
        return ONCE
    return GIVEN if cell else ""


def interests(cell: str) -> str:
    """Words between commas, each once in whatever case, as Moodle tells them."""
    kept: dict[str, str] = {}
    for word in filter(None, map(str.strip, _any_text(cell).split(","))):
        kept[word.lower()] = word
    return ", ".join(kept.values())


# Moodle's PARAM_TIMEZONE
_TIMEZONE = r"[+-]?(?:0?[0-9](?:\.[05])?|1[0-3](?:\.0)?|1[0-2]\.5)|99|[a-zA-Z0-9]+(?:/?[a-zA-Z_-])+"

FIELDS: dict[str, Reader] = {
    "username": username,
    "firstname": text(100, filled=True),
    "lastname": text(100, filled=True),
    "email": email_if_any,
    "idnumber": raw(255),
    "auth": name(20, r"[a-z][a-z0-9_]*", "Write the name of an authentication method, as in manual."),
    "phone1": text(20),
    "phone2": text(20),
    "address": text(255),
    "city": text(120),
    "country": country,
    "institution": text(255),
    "department": text(255),
    "description": raw(1_000_000),  # HTML
    "lang": language,
    "timezone": name(100, _TIMEZONE, "Write a time zone, as in Europe/Paris, or 99 for the site's own."),
    "calendartype": name(30, r"[a-z][a-z0-9_]*", "Write the name of a calendar, as in gregorian."),
    "theme": name(50, r"[a-z][a-z0-9_]*", "Write the name of a theme, as in boost."),
    "interests": interests,
    "mailformat": one_of("0", "1"),
    "maildisplay": one_of("0", "1", "2"),
    "middlename": text(255),
    "alternatename": text(255),
    "firstnamephonetic": text(255),
    "lastnamephonetic": text(255),
}
"""The columns that are fields of an account in Moodle, by the same names, with the lengths of Moodle's own table."""

DEEDS: dict[str, Reader] = {
    "id": account_id,
    "oldusername": old_username,
    "password": password,
    "suspended": yes_or_no,
    "deleted": yes_or_no,
    "cohort": text(cohorts.NAME_LENGTH),
    "cohortid": raw(cohorts.IDNUMBER_LENGTH),
}
"""The columns that say what to do."""
