"""The kind `users`: accounts made, changed, suspended and deleted, row by row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, cast

from syncd.core.model import Refusal, Row
from syncd.tools.base import Conversation, Memory, Wish
from syncd.tools.cells import YES_OR_NO, Unfit
from syncd.tools.users.columns import (
    DEEDS,
    ENROLMENTS,
    EXTENDED_USERNAME,
    FIELDS,
    NOT_SETTABLE,
    PROFILE_FIELDS,
    UNSEEN,
    USERNAME,
)
from syncd.tools.users.plan import CREATE, DELETE, NO_DEEDS, UPDATE, Deeds, UserWish, planned, protected
from syncd.tools.users.settings import UserSettings

PROSE = frozenset({"description", "address"})
"""Columns whose text may have several lines."""


class UsersTool(UserSettings):
    """A file of accounts, with the columns of the plugin's users file.

    Only columns that the file has are touched, and only what differs is sent. An empty cell clears its field, except
    the fields that every account has, and the column by which accounts are found: those are left as they are.
    """

    kind = "users"
    columns = frozenset({*FIELDS, *DEEDS, *NOT_SETTABLE})
    column_patterns = (PROFILE_FIELDS, ENROLMENTS)
    required: ClassVar[frozenset[str]] = frozenset({"username", "firstname", "lastname"})
    secret: ClassVar[frozenset[str]] = frozenset({"password"})
    functions = frozenset({"core_user_get_users_by_field", CREATE, UPDATE, DELETE})
    rank: ClassVar[int] = 20
    brings: ClassVar[frozenset[str]] = frozenset({"user", "cohort"})

    def check_header(self, names: Sequence[str], line: int = 1) -> list[str]:
        """Take a header, and return remarks for the report, also on columns that do less than they seem to."""
        return [*super().check_header(names, line), *self._remarks(names)]

    def _remarks(self, names: Sequence[str]) -> Iterator[str]:
        if self.identity not in names:
            yield f"the file has no column {self.identity}: accounts are found by their username"
        if lost := [name for name in names if name in NOT_SETTABLE]:
            yield f"left out, since Moodle's web services can't set it: {', '.join(lost)}"
        if unseen := [name for name in names if name in UNSEEN]:
            yield f"sent only with a creation or another change, since Moodle does not tell it: {', '.join(unseen)}"

    def check(self, row: Row) -> UserWish | Refusal:
        """What a row wishes, or why it is refused whatever the site says."""
        if ("\n" in row.raw or "\r" in row.raw) and (torn := _several_lines(row)):
            return _torn(torn)
        fields: dict[str, str] = {}
        deeds: dict[str, str] = {}
        notes: tuple[str, ...] = ()
        for name, cell in row.cells.items():
            try:
                if read := FIELDS.get(name):
                    fields[name] = read(cell)
                elif read := DEEDS.get(name):
                    deeds[name] = read(cell)
                elif PROFILE_FIELDS.fullmatch(name):
                    fields[name] = cell.strip()
                elif cell and not notes and ENROLMENTS.fullmatch(name):
                    notes = (_left_out(row.cells),)
            except Unfit as unfit:
                return replace(unfit.refusal, column=name, value="" if name in self.secret else cell)
        if not self.required <= fields.keys():
            return _too_short(min(self.required - fields.keys()))

        if refusal := self._misnamed("username", fields["username"]):
            return refusal
        if deeds and (refusal := self._misnamed("oldusername", deeds.get("oldusername", ""))):
            return refusal
        return UserWish(row.line, self._subject(fields), fields, _deeds(deeds, fields) if deeds else NO_DEEDS, notes)

    def _subject(self, fields: Mapping[str, str]) -> str:
        if value := fields.get(self.identity):
            # Moodle takes e-mail addresses for the same in any case.
            return f"{self.identity}:{value.lower() if self.identity == 'email' else value}"
        return f"username:{fields['username']}"

    def _misnamed(self, column: str, username: str) -> Refusal | None:
        shape = EXTENDED_USERNAME if self.extended_usernames else USERNAME
        if username and not shape.fullmatch(username):
            cure = "Use a to z, 0 to 9 and - . @ _ only, or set extended_usernames if the site has that setting."
            return Refusal("value-wrong", "a username can't hold these characters", column, username, cure)
        if username in self.protected:
            return protected(column, username).refusal
        return None

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Ask the site about some rows, in file order, and return one step for each; `check` made the wishes."""
        return planned(self, cast(Sequence[UserWish], wishes), memory)


def _deeds(deeds: Mapping[str, str], fields: Mapping[str, str]) -> Deeds:
    oldusername = deeds.get("oldusername", "")
    return Deeds(
        oldusername if oldusername != fields["username"] else "",
        deeds.get("password", ""),
        YES_OR_NO.get(deeds.get("suspended", "")),
        YES_OR_NO.get(deeds.get("deleted", ""), False),
        deeds.get("cohort", ""),
        deeds.get("cohortid", ""),
    )


def _left_out(cells: Mapping[str, str]) -> str:
    filled = ", ".join(name for name, cell in cells.items() if cell and ENROLMENTS.fullmatch(name))
    return f"left out, since users files don't enrol yet: {filled}"


def _several_lines(row: Row) -> str:
    """The column, other than prose, whose cell has several lines; "" for none."""
    return next((name for name, cell in row.cells.items() if name not in PROSE and set("\r\n") & set(cell)), "")


def _torn(column: str) -> Refusal:
    return Refusal(
        "value-wrong",
        "the cell goes on over several lines: a quotation mark that was never closed may have swallowed other rows",
        column,
        cure="Close the quotation mark, and look at the rows after this one: they are a part of it.",
    )


def _too_short(column: str) -> Refusal:
    cure = "Write the row with as many cells as the header has columns."
    return Refusal("value-missing", "the row ends before this column, which must be filled", column, "", cure)
