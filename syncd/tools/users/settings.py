"""The keys of a `[tools.NAME]` of kind users."""

from typing import Literal

from pydantic import Field, field_validator

from syncd.tools.base import RowTool
from syncd.tools.cells import Unfit
from syncd.tools.users.columns import FIELDS, PROFILE_FIELDS

_NOT_BY_DEFAULT = frozenset({"username", "firstname", "lastname", "email", "idnumber"})


class UserSettings(RowTool):
    """How a users file is understood, and what it may do."""

    identity: Literal["idnumber", "username", "email"] = "idnumber"
    """The column by which an account is found; a row where it is empty is found by its username."""
    passwords: Literal["create", "always", "never"] = "create"
    """When the file's passwords are used: for new accounts, for new and existing ones, or not at all."""
    create_passwords: bool = False
    """Let Moodle make and mail a password for each new account that the file gives none. When off, such an account
    gets a random password that nobody knows: its owner uses "Forgotten password?"."""
    force_password_change: bool = False
    """Ask for a new password at the first log-in with one from the file."""
    protect_emails: bool = True
    """Leave the e-mail address of existing accounts alone."""
    allow_rename: bool = False
    """Let a row whose `oldusername` holds an account's present username give it the new one."""
    extended_usernames: bool = False
    """Take any character but blanks in usernames, as a site with Moodle's setting of that name does."""
    create_cohorts: bool = True
    """Make cohorts that the file names and the site has not."""
    defaults: dict[str, str] = Field(default_factory=dict)
    """What new accounts get where the file is silent, as in `{ auth = "ldap", country = "FR" }`."""
    protected: tuple[str, ...] = ("admin", "guest")
    """Usernames of accounts that no row touches."""

    @field_validator("defaults")
    @classmethod
    def _settable(cls, defaults: dict[str, str]) -> dict[str, str]:
        return {name: _default(name, value) for name, value in defaults.items()}

    @field_validator("protected")
    @classmethod
    def _as_stored(cls, usernames: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(username.strip().lower() for username in usernames)


def _default(name: str, value: str) -> str:
    if PROFILE_FIELDS.fullmatch(name):
        return value.strip()
    if name in _NOT_BY_DEFAULT or name not in FIELDS:
        allowed = ", ".join(sorted(FIELDS.keys() - _NOT_BY_DEFAULT))
        raise ValueError(f"{name} can't have a default; these can: {allowed}, and profile fields")
    try:
        return FIELDS[name](value)
    except Unfit as unfit:
        raise ValueError(f"{name}: {unfit}") from unfit
