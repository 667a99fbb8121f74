"""The kind `users`: accounts made, changed, suspended and deleted, row by row."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, cast

from syncd.core.model import Refusal, Row, Site
from syncd.tools.base import Conversation, Memory, Wish
from syncd.tools.cells import YES_OR_NO, Unfit
from syncd.tools.lookups import memberships
from syncd.tools.lookups import users as lookup
from syncd.tools.lookups.courses import COMPANION as COURSES
from syncd.tools.lookups.enrolments import ASSIGNMENTS, ENROLMENTS
from syncd.tools.lookups.members import COMPANION as GROUP_MEMBERS
from syncd.tools.lookups.roles import COMPANION as ROLES
from syncd.tools.users.attendances import NUMBERED, attendances, cohorts, left_out, numbered
from syncd.tools.users.attending import COMPANION_ENROL
from syncd.tools.users.columns import (
    DEEDS,
    FIELDS,
    NOT_SETTABLE,
    PROFILE_FIELDS,
    SHY,
    UNSEEN,
    misnamed,
)
from syncd.tools.users.finding import protected
from syncd.tools.users.needs import taken_by_columns
from syncd.tools.users.plan import COMPANION_CREATE, CREATE, DELETE, UPDATE, planned
from syncd.tools.users.profile import COMPANION as GET_PROFILE_FIELDS
from syncd.tools.users.settings import UserSettings
from syncd.tools.users.wish import NO_DEEDS, Deeds, UserWish

PROSE = frozenset({"description", "address"})
"""Columns whose text may have several lines."""

_FOUR_BYTES = re.compile("[\U00010000-\U0010ffff]")


class UsersTool(UserSettings):
    """A file of accounts, with the columns of the plugin's users file and of Moodle's own upload.

    Only columns that the file has are touched, and only what differs is sent. An empty cell clears its field, except
    the fields that every account has, and the column by which accounts are found: those are left as they are.
    """

    kind = "users"
    columns = frozenset({*FIELDS, *DEEDS, *NOT_SETTABLE})
    column_patterns = (PROFILE_FIELDS, NUMBERED)
    required: ClassVar[frozenset[str]] = frozenset({"username", "firstname", "lastname"})
    secret: ClassVar[frozenset[str]] = frozenset({"password"})
    functions = frozenset({lookup.CORE, CREATE, UPDATE, DELETE})
    companion: ClassVar[frozenset[str]] = frozenset(
        {
            lookup.COMPANION,
            memberships.COMPANION,
            COMPANION_CREATE,
            GET_PROFILE_FIELDS,
            ROLES,
            ENROLMENTS,
            ASSIGNMENTS,
            COMPANION_ENROL,
            GROUP_MEMBERS,
            COURSES,
        }
    )
    rank: ClassVar[int] = 20
    brings: ClassVar[frozenset[str]] = frozenset({"user", "cohort"})

    def needed(self, names: Sequence[str] | None = None, offered: Collection[str] = ()) -> frozenset[str]:
        """What every users file takes, and what cohorts, courses and groups do where the file has them."""
        return self.functions.union(taken_by_columns(self, names or (), offered))

    def check_header(self, names: Sequence[str], line: int = 1) -> list[str]:
        """Take a header, and return remarks for the report, also on columns that do less than they seem to."""
        return [*super().check_header(names, line), *self._remarks(names)]

    def remarks(self, names: Sequence[str], site: Site) -> list[str]:
        """Remarks on columns of which this site tells nothing, for want of the companion plugin."""
        return [*_untold(names, site), *self._unchecked(names, site)]

    def _unchecked(self, names: Sequence[str], site: Site) -> Iterator[str]:
        custom = [name for name in names if PROFILE_FIELDS.fullmatch(name)]
        if custom and not self.profile_fields and not site.has(GET_PROFILE_FIELDS):
            yield (
                f"not checked: {', '.join(custom)}. Moodle drops, without a word, values of a profile field that it "
                "has not and options that a menu has not: set profile_fields, or install the companion plugin"
            )

    def _remarks(self, names: Sequence[str]) -> Iterator[str]:
        if self.identity not in names:
            yield f"the file has no column {self.identity}: accounts are found by their username"
        if "id" in names and self.identity != "id":
            yield f"left out, since accounts are found by their {self.identity}: id"
        if lost := [name for name in names if name in NOT_SETTABLE]:
            yield f"left out, since Moodle's web services can't set it: {', '.join(lost)}"

    def check(self, row: Row) -> UserWish | Refusal:
        """What a row wishes, or why it is refused whatever the site says."""
        if ("\n" in row.raw or "\r" in row.raw) and (torn := _several_lines(row)):
            return _torn(torn)
        if not self.emoji and not row.raw.isascii() and (refusal := self._four_bytes(row)):
            return refusal
        fields: dict[str, str] = {}
        deeds: dict[str, str] = {}
        custom: dict[str, str] = {}
        more = False
        for name, cell in row.cells.items():
            try:
                if read := FIELDS.get(name):
                    fields[name] = read(cell)
                elif read := DEEDS.get(name):
                    deeds[name] = read(cell)
                elif PROFILE_FIELDS.fullmatch(name):
                    custom[name] = cell.strip()
                elif cell and not more:
                    more = numbered(name) is not None
            except Unfit as unfit:
                return replace(unfit.refusal, column=name, value="" if name in self.secret else cell)
        if not self.required <= fields.keys():
            return _too_short(min(self.required - fields.keys()))

        if refusal := self._misnamed("username", fields["username"]):
            return refusal
        if deeds and (refusal := self._misnamed("oldusername", deeds.get("oldusername", ""))):
            return refusal
        try:
            wanted = self._deeds(deeds, row.cells if more else {}, fields) if deeds or more else NO_DEEDS
        except Unfit as unfit:
            return unfit.refusal
        notes = tuple(_notes(row, fields, numbered_too=more))
        return UserWish(row.line, self._subject(fields, wanted), fields, wanted, notes, custom)

    def _deeds(self, deeds: Mapping[str, str], numbered_cells: Mapping[str, str], fields: Mapping[str, str]) -> Deeds:
        oldusername = deeds.get("oldusername", "")
        named = deeds.get("cohort", ""), deeds.get("cohortid", "")
        return Deeds(
            deeds.get("id", "") if self.identity == "id" else "",
            oldusername if oldusername != fields["username"] else "",
            deeds.get("password", ""),
            YES_OR_NO.get(deeds.get("suspended", "")),
            YES_OR_NO.get(deeds.get("deleted", ""), False),
            (*((named,) if any(named) else ()), *cohorts(numbered_cells)),
            tuple(attendances(numbered_cells, self.default_enrol)),
        )

    def _subject(self, fields: Mapping[str, str], deeds: Deeds) -> str:
        if value := deeds.id or fields.get(self.identity):
            # Moodle takes e-mail addresses for the same in any case.
            return f"{self.identity}:{value.lower() if self.identity == 'email' else value}"
        return f"username:{fields['username']}"

    def _misnamed(self, column: str, username: str) -> Refusal | None:
        if unfit := misnamed(username, extended=self.extended_usernames):
            return replace(unfit.refusal, column=column, value=username)
        if username in self.protected:
            return protected(column, username).refusal
        return None

    def _four_bytes(self, row: Row) -> Refusal | None:
        column = next((name for name, cell in row.cells.items() if _FOUR_BYTES.search(cell)), "")
        if not column:
            return None
        reason = "the cell holds an emoji, or another sign that the site's database can't store"
        value = "" if column in self.secret else row.cells[column]
        return Refusal("value-wrong", reason, column, value, "Remove it, or set emoji = true if the site can store it.")

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Ask the site about some rows, in file order, and return one step for each; `check` made the wishes."""
        return planned(self, cast(Sequence[UserWish], wishes), memory)


_PUT_RIGHT = ("username", "country", "lang")
"""Columns that are stored in small letters, or in capitals: Moodle refuses other ones, or loses them without a word."""

_DATES = frozenset({"start", "end", "enroltimestart", "enrolperiod", "enrolstatus"})


def _untold(names: Sequence[str], site: Site) -> Iterator[str]:
    told = site.has(lookup.COMPANION)
    if not told and (unseen := [name for name in names if name in UNSEEN]):
        yield (
            "without the companion plugin, sent only with a creation or another change, since Moodle does not tell "
            f"it: {', '.join(unseen)}"
        )
    if not told and (shy := [name for name in names if name in SHY]):
        yield (
            "without the companion plugin, compared only where Moodle tells it, which it does to administrators, and "
            f"to others in part: {', '.join(shy)}"
        )
    dates = [name for name in names if (part := numbered(name)) and part[0] in _DATES]
    if dates and not all(map(site.has, (ENROLMENTS, ASSIGNMENTS, COMPANION_ENROL))):
        yield (
            "without the companion plugin, used for new enrolments alone, since Moodle tells nothing of those that "
            f"are there: {', '.join(dates)}"
        )


def _notes(row: Row, fields: Mapping[str, str], *, numbered_too: bool) -> Iterator[str]:
    if numbered_too and (left := left_out(row.cells)):
        yield left
    if not fields.get("email", "-") and (cell := row.cells["email"].strip()):
        yield f"the e-mail cell holds {cell}: it counts as empty"
    if right := [name for name in _PUT_RIGHT if name in fields and fields[name] != row.cells[name].strip()]:
        yield f"put right: {', '.join(f'{name} is {fields[name]}' for name in right)}"


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
