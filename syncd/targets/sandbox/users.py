"""The practice site's accounts: Moodle's user functions with their checks and their surprises."""

import json
import re
from collections.abc import Iterator, Mapping
from hashlib import md5
from sqlite3 import IntegrityError
from typing import Any

from syncd.core.countries import COUNTRIES
from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters, pictures
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.parameters import Check, invalid_parameter
from syncd.targets.sandbox.site import ADMIN_ID, GUEST_ID, Visit, compared

INTERNAL = frozenset({"manual", "email", "nologin", "none"})
"""Ways to log in for which Moodle itself keeps the password."""
_EXTERNAL = frozenset({"cas", "db", "ldap", "lti", "oauth2", "shibboleth"})

_auth = parameters.one_of(*INTERNAL, *_EXTERNAL)
_pairs = parameters.list_of(parameters.structure({"type": parameters.shortname, "value": parameters.text}))
_NAMES: dict[str, Check] = {"firstname": parameters.text_without_tags, "lastname": parameters.text_without_tags}
_OPTIONAL: dict[str, Check] = {
    "auth": _auth,
    "password": parameters.text,
    "idnumber": parameters.text,
    "city": parameters.text_without_tags,
    "country": parameters.letters,
    "timezone": parameters.timezone,
    "description": parameters.text,
    "firstnamephonetic": parameters.text_without_tags,
    "lastnamephonetic": parameters.text_without_tags,
    "middlename": parameters.text_without_tags,
    "alternatename": parameters.text_without_tags,
    "institution": parameters.text_without_tags,
    "department": parameters.text_without_tags,
    "phone1": parameters.text_without_tags,
    "phone2": parameters.text_without_tags,
    "address": parameters.text_without_tags,
    "lang": parameters.language,  # a practice site has every language pack
    "calendartype": parameters.one_of("gregorian", ""),
    "theme": parameters.one_of("boost", "classic", ""),
    "mailformat": parameters.integer,
    "maildisplay": parameters.integer,
    "interests": parameters.text_without_tags,
    "customfields": _pairs,
    "preferences": _pairs,
}
FIELDS = {name: check for name, check in (_NAMES | _OPTIONAL).items() if check is not _pairs}
"""What each single field of an account must look like, but its name and address."""
CREATE = parameters.structure(
    {
        "users": parameters.list_of(
            parameters.structure(
                {"username": parameters.username, "email": parameters.text_trimmed} | _NAMES,
                _OPTIONAL | {"createpassword": parameters.boolean},
            )
        )
    }
)
UPDATE = parameters.structure(
    {
        "users": parameters.list_of(
            parameters.structure(
                {"id": parameters.integer},
                {"username": parameters.username, "email": parameters.text_trimmed}
                | _NAMES
                | _OPTIONAL
                | {"suspended": parameters.boolean, "userpicture": parameters.integer},
            )
        )
    }
)
DELETE = parameters.structure({"userids": parameters.list_of(parameters.integer)})
_LENGTHS = {"username": 100, "firstname": 100, "lastname": 100, "email": 100, "phone1": 20, "phone2": 20, "city": 120}
_LENGTHS |= dict.fromkeys(("idnumber", "institution", "department", "address"), 255)
_LENGTHS |= dict.fromkeys(("firstnamephonetic", "lastnamephonetic", "middlename", "alternatename"), 255)
DEFAULTS = {"auth": "manual", "lang": "en", "theme": "", "timezone": "99", "mailformat": 1, "description": ""}
_PASSWORD_POLICY = (
    (re.compile(r".{8}", re.DOTALL), "Passwords must be at least 8 characters long."),
    (re.compile(r"[0-9]"), "Passwords must have at least 1 digit(s)."),
    (re.compile(r"[a-z]"), "Passwords must have at least 1 lower case letter(s)."),
    (re.compile(r"[A-Z]"), "Passwords must have at least 1 upper case letter(s)."),
    (re.compile(r"[^a-zA-Z0-9]"), "The password must have at least 1 special character(s) such as *, -, or #."),
)


def create(visit: Visit, users: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Create all the accounts or none, and return their ids in the order sent.

    Names and e-mail addresses may not be taken, idnumbers may; unknown custom fields are dropped without a word.
    """
    return [{"id": _create(visit, user), "username": user["username"]} for user in users]


def _create(visit: Visit, user: dict[str, Any]) -> int:
    if not all(user[name].strip() for name in ("username", "firstname", "lastname")):
        raise invalid_parameter()
    if not parameters.is_email(user["email"]):
        raise invalid_parameter()
    _check_first_password(user)
    record = DEFAULTS | _stored(visit, user)
    _check_lengths(user)
    try:
        created = visit.connection.execute(
            "INSERT INTO user (username, idnumber_key, email_key, timemodified, record) VALUES (?, ?, ?, ?, ?)",
            (user["username"], compared(user.get("idnumber", "")), user["email"].lower(), visit.now, _json(record)),
        )
    except IntegrityError as taken:
        raise invalid_parameter() from taken
    return int(created.lastrowid or 0)


def _check_first_password(user: Mapping[str, Any]) -> None:
    if user.get("createpassword"):
        return
    if user.get("password"):
        _check_password(user["password"])
    elif user.get("auth", "manual") in INTERNAL:
        raise invalid_parameter()


def _check_password(password: str) -> None:
    if found := "".join(f"<div>{demand}</div>" for demand in weaknesses(password)):
        # Moodle takes the text for a code, and finds no message of that name.
        raise ItemRefused(found, f"error/{found}")


def weaknesses(password: str) -> list[str]:
    """What the site's policy demands of a password in vain."""
    return [demand for pattern, demand in _PASSWORD_POLICY if not pattern.search(password)]


def _check_lengths(user: Mapping[str, Any]) -> None:
    if any(len(user[field]) > longest for field, longest in _LENGTHS.items() if field in user):
        raise ItemRefused("dmlwriteexception", "Error writing to database")


def _stored(visit: Visit, user: Mapping[str, Any]) -> dict[str, Any]:
    # No password is stored, not even hashed: nobody logs in to a practice site, and those who rehearse use real files.
    record = {field: value for field, value in user.items() if field not in ("id", "username", "userpicture")}
    if record.pop("password", ""):
        record["haspassword"] = True
    if record.pop("createpassword", False):
        record["preferences"] = [*record.get("preferences", ()), {"type": "create_password", "value": "1"}]
    if "country" in record and record["country"] not in COUNTRIES:
        record["country"] = "0"
    for pairs in ("customfields", "preferences"):
        if pairs in record:
            record[pairs] = {pair["type"]: pair["value"] for pair in record[pairs]}
    if interests := _interests(record.pop("interests", "")):
        record["interests"] = interests
    if "customfields" in record:
        known = record["customfields"].keys() & visit.profile_fields.keys()
        record["customfields"] = {
            name: visit.profile_fields[name].stored(record["customfields"][name]) for name in known
        }
    return record


def _interests(words: str) -> str:
    """What is kept of a list of interests: each once, as it was last written; none at all change nothing."""
    kept: dict[str, str] = {}
    for word in filter(None, map(str.strip, words.split(","))):
        kept[word.lower()] = word
    return ", ".join(kept.values())


def update(visit: Visit, users: list[dict[str, Any]]) -> dict[str, Any]:
    """Update each account by itself; the answer's `warnings` name those that were left as they were, and why."""
    return {"warnings": [warning for user in users for warning in _update(visit, user)]}


def _update(visit: Visit, user: dict[str, Any]) -> Iterator[dict[str, Any]]:
    try:
        record = _updatable(visit, user["id"])
        if "email" in user and user["email"] != record["email"] and not parameters.is_email(user["email"]):
            raise ItemRefused("useremailinvalid", "error/useremailinvalid")
        if "password" in user:
            _check_password(user["password"])
        _check_lengths(user)
        _write(visit, user, record)
    except ItemRefused as refused:
        yield {"item": "user", "itemid": user["id"], "warningcode": refused.code, "message": refused.message}


def _updatable(visit: Visit, user_id: int) -> dict[str, Any]:
    found = visit.connection.execute("SELECT deleted, record FROM user WHERE id = ?", (user_id,)).fetchone()
    if found is None:
        raise ItemRefused("invaliduserid", "Invalid user ID")
    deleted, record = found
    if deleted:
        raise ItemRefused("usernotupdateddeleted", "error/usernotupdateddeleted")
    if user_id == GUEST_ID:
        raise ItemRefused("usernotupdatedguest", "error/usernotupdatedguest")
    return dict(json.loads(record))


def _write(visit: Visit, user: Mapping[str, Any], record: dict[str, Any]) -> None:
    changes = _stored(visit, user)
    for pairs in ("customfields", "preferences"):
        changes[pairs] = record.get(pairs, {}) | changes.get(pairs, {})
    record |= changes
    if "userpicture" in user:
        record["picture"] = pictures.revision(visit, user["id"], user["userpicture"], record.get("picture", 0))
    try:
        visit.connection.execute(
            "UPDATE user SET username = coalesce(?, username), idnumber_key = ?, email_key = ?, timemodified = ?,"
            " record = ? WHERE id = ?",
            (
                user.get("username"),
                compared(record.get("idnumber", "")),
                record["email"].lower(),
                visit.now,
                _json(record),
                user["id"],
            ),
        )
    except IntegrityError as taken:
        if "email" in str(taken):
            raise ItemRefused("useremailduplicate", "Duplicate address") from taken
        raise ItemRefused("dmlwriteexception", "Error writing to database") from taken


def delete(visit: Visit, userids: list[int]) -> None:
    """Delete all the accounts or none: their names are freed, their ids are not; nothing brings them back."""
    for user_id in userids:
        _delete(visit, user_id)


def _delete(visit: Visit, user_id: int) -> None:
    found = visit.connection.execute(
        "SELECT username, record FROM user WHERE id = ? AND deleted = 0", (user_id,)
    ).fetchone()
    if found is None:
        raise ItemRefused("invalidrecordunknown", "Can't find data record in database.")
    if user_id == ADMIN_ID:
        raise ItemRefused("useradminodelete", "Admin accounts can not be deleted")
    if user_id == GUEST_ID:
        return  # Moodle keeps its guest and says nothing
    username, record = found[0], json.loads(found[1])
    left = left_of(record["email"])
    moment = visit.now
    while _is_taken(visit, f"{left}.{moment}"):
        moment += 1
    record |= {"email": md5(username.encode(), usedforsecurity=False).hexdigest(), "idnumber": ""}
    visit.connection.execute(
        "UPDATE user SET deleted = 1, username = ?, idnumber_key = '', email_key = ?, timemodified = ?, record = ?"
        " WHERE id = ?",
        (f"{left}.{moment}", record["email"], visit.now, _json(record), user_id),
    )
    visit.connection.execute("DELETE FROM cohort_member WHERE userid = ?", (user_id,))


def left_of(email: str) -> str:
    """What an address leaves of itself in the name of a deleted account."""
    return re.sub(r"[^-.@_a-z0-9]", "", email.lower())


def _is_taken(visit: Visit, username: str) -> bool:
    return visit.connection.execute("SELECT 1 FROM user WHERE username = ?", (username,)).fetchone() is not None


def _json(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


FUNCTIONS = {
    "core_user_create_users": Answers(CREATE, create, writes=True),
    "core_user_update_users": Answers(UPDATE, update, writes=True),
    "core_user_delete_users": Answers(DELETE, delete, writes=True),
}
