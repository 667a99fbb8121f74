"""The roles that rows name."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from syncd.core.model import Call, Site
from syncd.tools.cells import Unfit
from syncd.tools.questions import Question

RoleIdentity = Literal["shortname", "id"]

COMPANION = "local_syncd_get_roles"


class Roles:
    """The site's roles by their shortnames; one object serves a whole run.

    Moodle has no web service that lists them. Where the companion plugin is missing they are those of the settings; and
    since the settings may be those of another site, what the site shows of a role in passing (`seen`) counts more.
    A shortname that no role has to the letter is that of the one role where it differs in capitals only.
    """

    def __init__(self, site: Site, identity: RoleIdentity = "shortname") -> None:
        self.identity = identity
        self._told = site.has(COMPANION)
        self._asked = False
        self._ids: dict[str, int] = {} if self._told else dict(site.roles)

    def questions(self) -> list[Question]:
        """What must be asked before roles can be found, once in a run."""
        if self._asked or not self._told:
            return []
        self._asked = True
        return [(Call(COMPANION, {}), self.seen)]

    def seen(self, roles: Iterable[Mapping[str, Any]]) -> None:
        """Take in what the site tells of some roles, on whatever occasion: their id (or `roleid`) and shortname."""
        for role in roles:
            shortname, number = str(role["shortname"]), int(role["id"] if "id" in role else role["roleid"])
            if self._ids.get(shortname) != number:
                self._ids = {name: other for name, other in self._ids.items() if other != number} | {shortname: number}

    def one(self, value: str) -> int:
        """The id of the role that has this value; raises `Unfit` (`role-missing`) when there is none."""
        value = value.strip()
        if self.identity == "shortname":
            found = self._ids.get(value) or self._but_for_capitals(value)
        else:
            found = next((number for number in self._ids.values() if str(number) == value), None)
        if found:
            return found
        if self._told:
            reason, cure = f"the site has no role with this {self.identity}", "Correct the cell."
        else:
            reason = "the settings tell no such role"
            cure = "Correct the cell, or add the role and its id to [target] roles."
        raise Unfit("role-missing", reason, value=value, cure=cure)

    def _but_for_capitals(self, value: str) -> int | None:
        found = [number for name, number in self._ids.items() if name.lower() == value.lower()]
        return found[0] if len(found) == 1 else None

    def shortname(self, role: int) -> str:
        """How people call a role."""
        return next((name for name, number in self._ids.items() if number == role), f"role {role}")
