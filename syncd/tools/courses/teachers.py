"""The accounts that rows name as teachers, by whichever of their identities."""

from collections.abc import Iterable, Iterator

from syncd.core.model import Site
from syncd.tools.cells import Unfit
from syncd.tools.lookups.users import User, UserIdentity, Users
from syncd.tools.questions import Question
from syncd.tools.users.columns import USERNAME, email

_IDENTITIES: tuple[UserIdentity, ...] = ("id", "username", "email", "idnumber")
"""In the order in which they count."""


class Accounts:
    """Accounts by id, username, e-mail address or idnumber; one object serves a whole run."""

    def __init__(self) -> None:
        self._by = {identity: Users(identity) for identity in _IDENTITIES}

    def questions(self, site: Site, values: Iterable[str]) -> list[Question]:
        """The calls that look some values up, each as all that it may be."""
        wanted = list(dict.fromkeys(values))
        return [
            question
            for identity, users in self._by.items()
            for question in users.questions(site, (value for value in wanted if _may_be(identity, value)))
        ]

    def one(self, value: str) -> User:
        """The account that a value means; raises `Unfit` (`user-missing`, `ambiguous`)."""
        for user in self._found(value):
            return user
        raise Unfit(
            "user-missing",
            "the site has no account with this username, e-mail address, idnumber or id",
            value=value,
            cure="Correct the cell, or let the account be made first.",
        )

    def _found(self, value: str) -> Iterator[User]:
        for identity, users in self._by.items():
            if _may_be(identity, value) and (user := users.find(value)):
                yield user


def _may_be(identity: UserIdentity, value: str) -> bool:
    # One value that can't be an identity makes Moodle refuse them all.
    match identity:
        case "id":
            return value.isascii() and value.isdecimal() and str(int(value)) == value
        case "username":
            return USERNAME.fullmatch(value.lower()) is not None
        case "email":
            try:
                return "@" in value and bool(email(value))
            except Unfit:
                return False
        case _:
            return True
