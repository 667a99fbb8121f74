"""A cohort as the rows so far will have left it."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from syncd.tools.lookups.memberships import Memberships
from syncd.tools.lookups.named_cohorts import SYSTEM, NamedCohort


@dataclass(slots=True, eq=False)
class State:
    """A cohort; `id` is 0 while it is only to be made, and then `made_as` is the name by which acts know it.

    `category` is None as long as nobody asked where it is. `last` is the subject of the last row that acts on it.
    """

    id: int
    name: str
    idnumber: str
    description: str = ""
    descriptionformat: int = 1
    category: int | None = SYSTEM
    made_as: str = ""
    deleted: bool = False
    last: str = ""
    _emptied: bool = False
    _members: dict[int, bool] = field(default_factory=dict)
    _joined: "array[int]" = field(default_factory=lambda: array("q"))

    @classmethod
    def of(cls, cohort: NamedCohort) -> "State":
        """A cohort as it is on the site."""
        return cls(
            cohort.id, cohort.name, cohort.idnumber, cohort.description, cohort.descriptionformat, cohort.category
        )

    def has(self, user: int, site: Memberships) -> bool:
        """Whether an account is in it, by now."""
        if user in self._members:
            return self._members[user]
        return bool(self.id) and not self._emptied and site.has(self.id, user)

    def join(self, user: int, *, again: bool) -> None:
        """An account will be in it; `again` tells whether a later row may name both."""
        self._joined.append(user)
        if again:
            self._members[user] = True

    def leave(self, user: int, *, again: bool) -> None:
        """An account will be in it no longer."""
        if again:
            self._members[user] = False

    def empty(self, site: Memberships) -> Iterator[int]:
        """Take out everybody, and tell whom; an account that left already may be among them."""
        present = [] if self._emptied or not self.id else site.all(self.id)
        yield from dict.fromkeys(user for some in (present, self._joined) for user in some if self._stays(user))
        self._emptied = True
        self._members.clear()
        del self._joined[:]

    def _stays(self, user: int) -> bool:
        return self._members.get(user, True)
