"""What a row of a cohorts file asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from syncd.tools.base import Wish

Command = Literal["add", "del", "free"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cohort is to be: a category by its id or idnumber, or (`system`) the whole site."""

    by: Literal["system", "id", "idnumber"]
    value: str


SYSTEM_PLACE = Place("system", "")


@dataclass(frozen=True, slots=True)
class CohortWish(Wish):
    """What a row asks for: `key` names the cohort, and `user` one account, or none.

    `fields` holds what the cohort is to have: its `name`, `idnumber` and `description`, each where the row says so.
    """

    command: Command
    key: str
    user: str
    fields: Mapping[str, str]
    place: Place | None
