"""The keys of a `[tools.NAME]` of kind users."""

from typing import Literal

from pydantic import Field, field_validator

from syncd.tools.base import RowTool
from syncd.tools.cells import Unfit
from syncd.tools.lookups.courses import CourseIdentity
from syncd.tools.lookups.users import UserIdentity
from syncd.tools.users.columns import FIELDS, PROFILE_FIELDS

ProfileKind = Literal["text", "checkbox", "datetime"] | tuple[str, ...]
"""What a custom profile field holds; a menu, one of these."""

_NOT_BY_DEFAULT = frozenset({"username", "firstname", "lastname", "email", "idnumber"})


class UserSettings(RowTool):
    """How a users file is understood, and what it may do."""

    identity: UserIdentity = "idnumber"
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
    shared_emails: Literal["refuse", "allow"] = "refuse"
    """An e-mail address that another account has: refuse the row, or allow it where the site does (its setting
    `allowaccountssameemail`)."""
    allow_rename: bool = False
    """Let a row whose `oldusername` holds an account's present username give it the new one."""
    extended_usernames: bool = False
    """Take any character but blanks in usernames, as a site with Moodle's setting of that name does."""
    emoji: bool = True
    """Take emoji and all other signs of four bytes. Off for a site whose database can't store them: such rows are
    refused."""
    profile_fields: dict[str, ProfileKind] = Field(default_factory=dict)
    """All custom profile fields that the file has, by their shortnames, for a site without the companion plugin, as in
    `{ badge = "text", vip = "checkbox", born = "datetime", level = ["L1", "L2"] }`: a list holds a menu's options."""
    course_identity: CourseIdentity = "shortname"
    """What the columns `course1` and so on hold: `shortname`, `idnumber` or `id`."""
    default_enrol: str = Field(default="", pattern=r"^[a-z][a-z0-9_]*$|^$")
    """The enrolment method of a course where the file has no column `enrolN`, as in `manual`. Empty: the account gets
    the role alone."""
    default_role: str = "student"
    """The role in a course where the file has none, by its shortname."""
    create_groups: bool = True
    """Make groups that the file names and the course has not."""
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
