"""What a row of an enrolments file asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from syncd.tools.base import Wish

Deed = Literal["add", "del", "shift", "enable", "disable"]
GroupDeed = Literal["", "gadd", "gaddcreate", "greplace", "greplacecreate", "gdel"]
Time = Literal["timestart", "timeend"]

DEEDS: Mapping[str, Deed] = {
    "": "add",
    "add": "add",
    "del": "del",
    "delete": "del",
    "shift": "shift",
    "enable": "enable",
    "disable": "disable",
}
GROUP_DEEDS: tuple[GroupDeed, ...] = ("", "gadd", "gaddcreate", "greplace", "greplacecreate", "gdel")

MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class EnrolmentWish(Wish):
    """One person, one course and one role.

    `method` is None where the row is about the role alone. `times` has the moments that the row gives, None for none at
    all; what it does not give is left as it is. `groups` are the filled columns g1 to g9, by their numbers.
    """

    course: str
    user: str
    role: str
    deed: Deed = "add"
    method: str | None = None
    times: Mapping[Time, datetime | None] = field(default_factory=dict)
    group_deed: GroupDeed = ""
    groups: tuple[tuple[int, str], ...] = ()
    notes: tuple[str, ...] = ()
