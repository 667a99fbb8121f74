"""The companion's functions for accounts, as the practice site has them."""

import json
from collections.abc import Iterable, Mapping
from hashlib import md5
from typing import Any

from syncd.core.countries import COUNTRIES
from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters, users
from syncd.targets.sandbox.companion import each
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.site import Visit, compared

_pairs = parameters.list_of(parameters.structure({"type": parameters.text, "value": parameters.text}))
_FLAGS = ("suspended", "createpassword")
_NAMES = ("username", "firstname", "lastname", "email")
# All is text here: a value that is not right refuses its own item, not the call.
CREATE = parameters.structure(
    {
        "users": parameters.list_of(
            parameters.structure(
                dict.fromkeys(_NAMES, parameters.text),
                dict.fromkeys((*users.FIELDS, *_FLAGS), parameters.text)
                | {"customfields": _pairs, "preferences": _pairs},
            )
        )
    }
)
RESTORE = parameters.structure(
    {
        "users": parameters.list_of(
            parameters.structure({"username": parameters.text, "email": parameters.text}, {"idnumber": parameters.text})
        )
    }
)
_words = parameters.list_of(parameters.text)
GET = parameters.structure({"field": parameters.text, "values": _words}, {"fields": _words})

_DEFAULTS = {"auth": "manual", "lang": "en", "timezone": "99", "calendartype": "gregorian"}
_TEXTS = (
    *("username", "idnumber", "email", "firstname", "lastname", "auth", "city", "country", "lang", "timezone"),
    *("description", "institution", "department", "phone1", "phone2", "address", "theme", "calendartype"),
    *("middlename", "alternatename", "firstnamephonetic", "lastnamephonetic", "interests"),
)
_NUMBERS = {"suspended": 0, "deleted": 0, "emailstop": 0, "mailformat": 1, "maildisplay": 2, "picture": 0}
_CUSTOM = "profile_field_"


def _as_sent(value: Any) -> Any:
    return value


_CHECKS: dict[str, parameters.Check] = users.FIELDS | {"username": parameters.username}


def get(visit: Visit, field: str, values: list[str], fields: list[str] | None = None) -> list[dict[str, Any]]:
    """The accounts whose field has one of the values, with the fields that were asked for; who is deleted is absent."""
    wanted = fields or []
    strange = [name for name in wanted if name not in {*_TEXTS, *_NUMBERS, "id", "customfields", "pictureof"}]
    if field not in {"id", "idnumber", "username", "email"} and not field.startswith(_CUSTOM):
        strange.append(field)
    if field.startswith(_CUSTOM) and field.removeprefix(_CUSTOM) not in visit.profile_fields:
        strange.append(field)
    if strange:
        raise ItemRefused("fieldunknown", f"There is no field {', '.join(strange)}.")
    return [_told(visit, *row, wanted) for row in _found(visit, field, values)]


def _found(visit: Visit, field: str, values: Iterable[str]) -> list[tuple[int, str, str]]:
    keys: list[Any]
    match field:
        case "id":
            column, keys = "id", [int(value) for value in values if value.isdecimal()]
        case "username":
            column, keys = "username", [compared(value) for value in values]
        case "idnumber" | "email":
            column, keys = f"{field}_key", [compared(value) for value in values if value]
        case _:
            column, keys = "id", _having(visit, field.removeprefix(_CUSTOM), {compared(value) for value in values})
    return visit.connection.execute(
        f"SELECT id, username, record FROM user WHERE deleted = 0 AND {column} IN (SELECT value FROM json_each(?))"
        " ORDER BY id",
        (json.dumps(keys),),
    ).fetchall()


def _having(visit: Visit, shortname: str, values: Iterable[str]) -> list[int]:
    rows = visit.connection.execute(
        "SELECT id, json_extract(record, ?) AS value FROM user WHERE value IS NOT NULL",
        (f'$.customfields."{shortname}"',),
    )
    return [user for user, value in rows if value and compared(value) in values]


def _told(visit: Visit, user_id: int, username: str, text: str, wanted: Iterable[str]) -> dict[str, Any]:
    record = json.loads(text) | {"username": username}
    told: dict[str, Any] = {"id": user_id}
    for name in wanted:
        if name in _TEXTS:
            told[name] = record.get(name, _DEFAULTS.get(name, ""))
        elif name in _NUMBERS:
            told[name] = int(record.get(name, _NUMBERS[name]))
        elif name == "customfields":
            told[name] = _custom(visit, record.get("customfields", {}))
        elif name == "pictureof":
            told[name] = record.get("preferences", {}).get("local_syncd_picture", "")
    return told


def _custom(visit: Visit, stored: Mapping[str, str]) -> list[dict[str, str]]:
    # A checkbox has a default, and it is told where nobody has ticked it.
    values = {name: "0" for name, field in visit.profile_fields.items() if field.datatype == "checkbox"} | dict(stored)
    return [{"shortname": name, "value": values[name]} for name in visit.profile_fields if name in values]


def create(visit: Visit, users: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Create each account or say why not; what Moodle's own function would mangle is refused."""
    return each(visit, users, lambda item: _create(visit, item))


def _create(visit: Visit, item: Mapping[str, Any]) -> int:
    flags = {name: _flag(item, name) for name in _FLAGS}
    for name in _NAMES:
        if not item[name].strip():
            raise ItemRefused("fieldempty", f"{name} is empty.")
    user = _typed({name: value for name, value in item.items() if name not in _FLAGS})
    _check_password(user, createpassword=flags["createpassword"])
    _check_custom(visit, item.get("customfields", ()))
    _check_taken(visit, item["username"], item["email"])
    if flags["suspended"]:
        user["suspended"] = True
    (made,) = users.create(visit, [user | {"createpassword": flags["createpassword"]}])
    return int(made["id"])


def _flag(item: Mapping[str, Any], name: str) -> bool:
    if (value := item.get(name, "0")) not in {"", "0", "1"}:
        raise _invalid(name)
    return bool(value == "1")


def _typed(item: Mapping[str, Any]) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    wrong = []
    for name, value in item.items():
        try:
            typed[name] = _CHECKS.get(name, _as_sent)(value)
        except ItemRefused:
            wrong.append(name)
    if item.get("country", "") and item["country"] not in COUNTRIES:
        wrong.append("country")
    if wrong or not parameters.is_email(item["email"]):
        raise _invalid(", ".join(wrong) or "email")
    return typed


def _check_password(user: Mapping[str, Any], *, createpassword: bool) -> None:
    if user.get("auth", "manual") not in users.INTERNAL or createpassword:
        return
    if not user.get("password"):
        raise ItemRefused("passwordmissing", "An account of this kind needs a password, or createpassword.")
    if weak := users.weaknesses(user["password"]):
        raise ItemRefused("passwordweak", f"The password is too weak: {' '.join(weak)}")


def _check_custom(visit: Visit, pairs: Iterable[Mapping[str, str]]) -> None:
    for pair in pairs:
        field = visit.profile_fields.get(pair["type"])
        if field is None:
            raise ItemRefused("fieldunknown", f"There is no field {_CUSTOM}{pair['type']}.")
        if field.datatype == "menu" and pair["value"] and pair["value"] not in field.options:
            raise _invalid(f"{_CUSTOM}{pair['type']}")


def _check_taken(visit: Visit, username: str, email: str) -> None:
    if visit.connection.execute("SELECT 1 FROM user WHERE username = ?", (username,)).fetchone():
        raise ItemRefused("usernametaken", f"Another account has the user name {username}.")
    if visit.connection.execute("SELECT 1 FROM user WHERE email_key = ?", (email.lower(),)).fetchone():
        raise ItemRefused("emailtaken", f"Another account has the e-mail address {email}.")


def _invalid(names: str) -> ItemRefused:
    return ItemRefused("fieldinvalid", f"The value of {names} is not one that Moodle takes.")


def restore(visit: Visit, users: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Bring each deleted account back by the user name that it had, or say why not."""
    return each(visit, users, lambda item: _restore(visit, **item))


def _restore(visit: Visit, username: str, email: str, idnumber: str = "") -> int:
    try:
        parameters.username(username or "-\0")
    except ItemRefused as refused:
        raise _invalid("username") from refused
    if not parameters.is_email(email):
        raise _invalid("email")
    _check_taken(visit, username, email)
    found = visit.connection.execute(
        # Moodle names a deleted account after its address: of several, the one that had this address comes first.
        "SELECT id, record FROM user WHERE email_key = ? AND deleted = 1"
        " ORDER BY username GLOB ? || '.*' DESC, timemodified DESC, id DESC",
        (md5(username.encode(), usedforsecurity=False).hexdigest(), users.left_of(email)),
    ).fetchone()
    if found is None:
        raise ItemRefused("usernotdeleted", f"No deleted account had the user name {username}.")
    user_id, record = found[0], json.loads(found[1]) | {"email": email, "idnumber": idnumber}
    visit.connection.execute(
        "UPDATE user SET deleted = 0, username = ?, idnumber_key = ?, email_key = ?, timemodified = ?, record = ?"
        " WHERE id = ?",
        (
            username,
            compared(idnumber),
            email.lower(),
            visit.now,
            json.dumps(record, ensure_ascii=False, separators=(",", ":")),
            user_id,
        ),
    )
    return int(user_id)


FUNCTIONS = {
    "local_syncd_get_users": Answers(GET, get, writes=False),
    "local_syncd_create_users": Answers(CREATE, create, writes=True),
    "local_syncd_restore_users": Answers(RESTORE, restore, writes=True),
}
