"""The kind `enrolments`: people enrolled in courses, with their roles, dates and groups, row by row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, cast

from syncd.core.model import Refusal, Row
from syncd.tools.base import Conversation, Memory, Wish
from syncd.tools.cells import Unfit, empty, moment, raw, text
from syncd.tools.enrolments import acts
from syncd.tools.enrolments.plan import planned
from syncd.tools.enrolments.settings import EnrolmentSettings
from syncd.tools.enrolments.wish import DEEDS, GROUP_DEEDS, MANUAL, Deed, EnrolmentWish, GroupDeed, Time
from syncd.tools.lookups import groups
from syncd.tools.lookups.users import folded
from syncd.tools.naming import account, course

GROUPS = tuple(f"g{number}" for number in range(1, 10))
TIMES: Mapping[str, Time] = {"starttime": "timestart", "endtime": "timeend"}


class EnrolmentsTool(EnrolmentSettings):
    """A file of enrolments, with the columns of the plugin's enrolments file.

    Only what a row gives is compared and sent: dates that it does not name stay as they are.
    """

    kind = "enrolments"
    rank: ClassVar[int] = 50
    brings: ClassVar[frozenset[str]] = frozenset({"group"})
    columns = frozenset({"rolename", "cid", "uid", "cmd", "enrol", "hidden", "gcmd", *TIMES, *GROUPS})
    required: ClassVar[frozenset[str]] = frozenset({"rolename", "cid", "uid"})
    functions = acts.CORE
    companion: ClassVar[frozenset[str]] = acts.COMPANION

    def check_header(self, names: Sequence[str], line: int = 1) -> list[str]:
        """Take a header, and return remarks for the report, also on columns that do less than they seem to."""
        return [*super().check_header(names, line), *self._remarks(names)]

    def _remarks(self, names: Sequence[str]) -> Iterator[str]:
        if "hidden" in names:
            yield "left out, since Moodle has no hidden role assignments any more: hidden"
        if "enrol" not in names:
            yield "the file has no column enrol: roles are given and taken, and nobody is enrolled"
        if "gcmd" not in names and set(names) & set(GROUPS):
            yield "the file has no column gcmd, which says what to do with groups: g1 to g9 were left out"

    def check(self, row: Row) -> EnrolmentWish | Refusal:
        """What a row wishes, or why it is refused whatever the site says."""
        column = ""
        try:
            cells = row.cells
            column = "uid"
            user = account(self.user_identity, extended_usernames=self.extended_usernames)(cells.get(column, ""))
            column = "cid"
            about = course(self.course_identity)(cells.get(column, ""))
            column = "cmd"
            deed = _deed(cells.get(column, ""))
            column = "enrol"
            method = _method(cells[column]) if column in cells else None
            column = "rolename"
            role = raw(100)(cells.get(column, ""))
            if not role and (deed in {"add", "shift"} or (deed == "del" and method is None)):
                # Never is "no role" taken for "all roles".
                raise empty()
            times: dict[Time, datetime | None] = {}
            for column, time in TIMES.items():
                if cell := cells.get(column, "").strip():
                    times[time] = moment(cell)
            column = "gcmd"
            group_deed = _group_deed(cells.get(column, ""))
            named: list[tuple[int, str]] = []
            for number, column in enumerate(GROUPS, start=1):
                if value := text(groups.NAME_LENGTH)(cells.get(column, "")):
                    named.append((number, value))
        except Unfit as unfit:
            return replace(unfit.refusal, column=column, value=row.cells.get(column, ""))
        if row.short and method is None:
            reason = "the row ends early: nobody can tell whether it is about an enrolment, or about a role alone"
            return Refusal("value-missing", reason, "enrol", "", "Write all cells of the row, the empty ones too.")
        subject = f"{folded(self.user_identity, user)} in {about}"
        wish = EnrolmentWish(row.line, subject, about, user, role, deed, method, times, group_deed, tuple(named))
        return replace(wish, notes=tuple(_remarks(wish)))

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Ask the site about some rows, in file order, and return one step for each; `check` made the wishes."""
        return planned(self, cast(Sequence[EnrolmentWish], wishes), memory)


def _deed(cell: str) -> Deed:
    deed = DEEDS.get(cell.strip().lower())
    if deed is None:
        cure = "Write add, del, shift, enable or disable, or leave it empty: then it is add."
        raise Unfit("value-wrong", "the cell holds no command", cure=cure)
    return deed


def _group_deed(cell: str) -> GroupDeed:
    value = cell.strip().lower()
    found = next((deed for deed in GROUP_DEEDS if deed == value), None)
    if found is None:
        cure = f"Write {', '.join(GROUP_DEEDS[1:-1])} or {GROUP_DEEDS[-1]}, or leave it empty."
        raise Unfit("value-wrong", "the cell holds no command for groups", cure=cure)
    return found


def _method(cell: str) -> str:
    value = cell.strip().lower()
    if value and not (value.isascii() and value.isalnum() and value[0].isalpha()):
        cure = "Write a method as Moodle calls it, as in manual or self, or leave the cell empty: then it is manual."
        raise Unfit("value-wrong", "no enrolment method has such a name", cure=cure)
    return value or MANUAL


def _remarks(wish: EnrolmentWish) -> Iterator[str]:
    if wish.times and (wish.method is None or wish.deed == "del"):
        yield "the dates were left out: the row enrols nobody"
    if wish.groups and not wish.group_deed:
        yield "the groups were left out: the row has no gcmd"
