"""What a row of a users file asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from syncd.tools.base import Wish


@dataclass(frozen=True, slots=True)
class Attendance:
    """A course that a row brings its account into: what its columns of one number hold.

    Without a `method` the account gets the role alone. `days` is how long an enrolment lasts, 0 where the file tells
    its end, or nothing. `suspended` is None when the row is silent about it.
    """

    number: int
    course: str
    role: str = ""
    method: str = ""
    group: str = ""
    start: datetime | None = None
    end: datetime | None = None
    days: int = 0
    suspended: bool | None = None


@dataclass(frozen=True, slots=True)
class Deeds:
    """What a row asks for besides the fields of its account.

    `password` is never the password: it says that the row has one (`GIVEN`, or `ONCE` if it serves once), asks for one
    that nobody knows (`UNKNOWN`), or neither (""). `suspended` is None when the row is silent about it. `cohorts` are
    names with idnumbers, one of both perhaps empty.
    """

    id: str = ""
    oldusername: str = ""
    password: str = ""
    suspended: bool | None = None
    deleted: bool = False
    cohorts: tuple[tuple[str, str], ...] = ()
    courses: tuple[Attendance, ...] = ()


NO_DEEDS = Deeds()


@dataclass(frozen=True, slots=True)
class UserWish(Wish):
    """What a row of a users file asks for; `fields` holds what its account is to have, by column.

    `custom` are its custom profile fields, by column, as they are written: what they may hold, the site tells.
    """

    fields: Mapping[str, str]
    deeds: Deeds = NO_DEEDS
    notes: tuple[str, ...] = ()
    custom: Mapping[str, str] = field(default_factory=dict)

    @property
    def username(self) -> str:
        """The name to log in with."""
        return self.fields["username"]
