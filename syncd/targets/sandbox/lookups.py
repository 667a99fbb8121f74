"""How the practice site finds accounts, and what Moodle tells about one."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters, pictures
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.parameters import Check
from syncd.targets.sandbox.site import Visit, compared
from syncd.targets.sandbox.users import DEFAULTS

BY_FIELD = parameters.structure({"field": parameters.text, "values": parameters.list_of(parameters.text)})
_criterion = parameters.structure({"key": parameters.text, "value": parameters.text})
SEARCH = parameters.structure({"criteria": parameters.list_of(_criterion)})

_ALWAYS_ANSWERED = ("firstname", "lastname", "email", "auth", "lang", "theme", "timezone", "mailformat", "description")
_ANSWERED_IF_FILLED = ("address", "phone1", "phone2", "country", "city", "interests", "idnumber", "institution")

_LOOKUPS: dict[str, tuple[Check, str]] = {
    "id": (lambda value: int(parameters.text(value)), "id"),
    "idnumber": (lambda value: compared(parameters.text(value)), "idnumber_key"),
    "username": (parameters.username, "username"),
    "email": (lambda value: parameters.text_trimmed(value).lower(), "email_key"),
}


def by_field(visit: Visit, field: str, values: list[str]) -> list[dict[str, Any]]:
    """The accounts whose `field` has one of `values`; a value that nobody has is simply absent.

    Deleted accounts are found by id, and by what stands for their address; one malformed value refuses them all.
    """
    if field not in _LOOKUPS:
        raise ItemRefused("codingerror", "Coding error detected, it must be fixed by a programmer: invalid field")
    check, column = _LOOKUPS[field]
    wanted = json.dumps([check(value) for value in values])
    rows = visit.connection.execute(
        f"SELECT id, username, record FROM user WHERE {column} IN (SELECT value FROM json_each(?)) ORDER BY id",
        (wanted,),
    )
    return _answers(visit, rows)


def search(visit: Visit, criteria: list[dict[str, str]]) -> dict[str, Any]:
    """The accounts that fit all `criteria`, each key named once; names and addresses may hold `%`."""
    keys = [criterion["key"] for criterion in criteria]
    if len(keys) > len(set(keys)):
        raise ItemRefused("keyalreadyset", "error/keyalreadyset")
    tests = [_Test(**criterion) for criterion in criteria if criterion["key"] in _SEARCHABLE]
    rows = visit.connection.execute("SELECT id, username, record FROM user WHERE deleted = 0 ORDER BY id")
    return {
        "users": [user for user in _answers(visit, rows) if all(test.holds(user) for test in tests)],
        "warnings": [
            {"item": key, "warningcode": "invalidfieldparameter", "message": f"The search key '{key}' is not supported"}
            for key in keys
            if key not in _SEARCHABLE
        ],
    }


_EXACT = frozenset({"id", "idnumber", "username", "auth"})
_SEARCHABLE = _EXACT | {"firstname", "lastname", "email"}


class _Test:
    """One criterion: the exact value, or SQL's LIKE."""

    def __init__(self, key: str, value: str) -> None:
        self.key = key
        wild = {} if key in _EXACT else {"%": ".*", "_": "."}
        self.pattern = re.compile("".join(wild.get(sign, re.escape(sign)) for sign in compared(value)), re.DOTALL)

    def holds(self, user: Mapping[str, Any]) -> bool:
        return self.pattern.fullmatch(compared(str(user.get(self.key, "")))) is not None


def _answers(visit: Visit, rows: Iterable[tuple[int, str, str]]) -> list[dict[str, Any]]:
    return [_answer(visit, user_id, username, json.loads(record)) for user_id, username, record in rows]


def _answer(visit: Visit, user_id: int, username: str, record: Mapping[str, Any]) -> dict[str, Any]:
    user = {
        "id": user_id,
        "username": username,
        "fullname": f"{record['firstname']} {record['lastname']}",
        "department": record.get("department", ""),
        "descriptionformat": 1,
        "confirmed": True,
        "suspended": record.get("suspended", False),
        "firstaccess": 0,
        "lastaccess": 0,
        **pictures.urls(user_id, record),
    }
    for field in _ALWAYS_ANSWERED:
        user[field] = record.get(field, DEFAULTS.get(field, ""))
    for field in _ANSWERED_IF_FILLED:
        if (value := record.get(field, "")) not in ("", "0"):  # PHP's idea of empty
            user[field] = value
    custom = record.get("customfields", {})
    if told := [one for field in visit.profile_fields.values() if (one := field.told(custom.get(field.shortname)))]:
        user["customfields"] = told
    return user


FUNCTIONS = {
    "core_user_get_users_by_field": Answers(BY_FIELD, by_field, writes=False),
    "core_user_get_users": Answers(SEARCH, search, writes=False),
}
