"""The password of a new account."""

from typing import Any

from syncd.core.model import NO_PASSWORD, NO_PASSWORD_NOTE
from syncd.tools.users.columns import GIVEN, ONCE, UNKNOWN
from syncd.tools.users.settings import UserSettings
from syncd.tools.users.wish import UserWish

IN_MOODLE = frozenset({"manual", "email", "nologin", "none"})
"""Authentication methods whose accounts Moodle makes with a password only."""


def first_password(
    settings: UserSettings, wish: UserWish, item: dict[str, Any]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The secrets of a new account, and remarks; what the item must say about passwords is added to it."""
    if wish.deeds.password in {GIVEN, ONCE} and settings.passwords != "never":
        if settings.force_password_change or wish.deeds.password == ONCE:
            item |= forced()
        return {"password": "password"}, ()
    if item.get("auth", "manual") not in IN_MOODLE:
        return {}, ()
    if wish.deeds.password == UNKNOWN:
        return {"password": NO_PASSWORD}, ()
    if settings.create_passwords:
        item["createpassword"] = 1
        return {}, ()
    return {"password": NO_PASSWORD}, (NO_PASSWORD_NOTE,)


def forced() -> dict[str, Any]:
    """What makes Moodle ask for a new password at the next log-in."""
    return {"preferences": [{"type": "auth_forcepasswordchange", "value": "1"}]}
