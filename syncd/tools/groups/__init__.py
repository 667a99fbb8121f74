"""The kind `groups`: groups and groupings of courses made and changed, row by row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, cast

from syncd.core.model import Refusal, Row
from syncd.tools.base import Conversation, Memory, RowTool, Wish
from syncd.tools.cells import YES_OR_NO, Reader, Unfit, one_of, raw, text, torn, yes_or_no
from syncd.tools.groups.plan import CORE, GroupWish, Identities, Kind, planned
from syncd.tools.lookups import courses
from syncd.tools.lookups.courses import CourseIdentity
from syncd.tools.lookups.groups import IDNUMBER_LENGTH, NAME_LENGTH, GroupIdentity
from syncd.tools.naming import course

PROSE = "description"
"""The column whose text may have several lines."""


def _type(cell: str) -> str:
    return one_of("group", "grouping")(cell.lower())


COLUMNS: Mapping[str, Reader] = {
    "name": text(NAME_LENGTH, filled=True),
    "type": _type,
    "idnumber": raw(IDNUMBER_LENGTH),
    "updateid": raw(255),
    "selfgrouping": yes_or_no,
    "grouping": raw(255),
    "description": raw(1_000_000),
}


class GroupsTool(RowTool):
    """A file of groups and groupings, with the columns of the plugin's groups file.

    Only columns that the file has are touched, and an empty cell leaves what there is.
    """

    kind = "groups"
    rank: ClassVar[int] = 40
    brings: ClassVar[frozenset[str]] = frozenset({"group"})
    columns = frozenset({"courseid", *COLUMNS})
    required: ClassVar[frozenset[str]] = frozenset({"courseid", "name"})
    functions = frozenset({courses.CORE}) | CORE
    companion: ClassVar[frozenset[str]] = frozenset({courses.COMPANION})

    course_identity: CourseIdentity = "shortname"
    """What `courseid` holds."""
    group_identity: GroupIdentity = "idnumber"
    """What `updateid` holds in a row about a group."""
    grouping_identity: GroupIdentity = "idnumber"
    """What `grouping` holds, and `updateid` in a row about a grouping."""

    def check_header(self, names: Sequence[str], line: int = 1) -> list[str]:
        """Take a header, and return remarks for the report."""
        remarks = super().check_header(names, line)
        if "updateid" not in names:
            remarks.append("the file has no column updateid: what is there already is left as it is")
        return remarks

    def check(self, row: Row) -> GroupWish | Refusal:
        """What a row wishes, or why it is refused whatever the site says."""
        column = "courseid"
        try:
            about = course(self.course_identity)(row.cells.get(column, ""))
            cells: dict[str, str] = {"name": ""}
            for column, read in COLUMNS.items():
                cell = row.cells.get(column, "")
                if column != PROSE and set("\r\n") & set(cell):
                    raise torn()
                if column in row.cells or column == "name":
                    cells[column] = read(cell)
        except Unfit as unfit:
            return replace(unfit.refusal, column=column, value=row.cells.get(column, ""))
        kind: Kind = "grouping" if cells.get("type") == "grouping" else "group"
        fields = {key: value for key in ("idnumber", "description") if (value := cells.get(key))}
        update = cells.get("updateid", "")
        named = f"{update} to change" if update else fields.get("idnumber") or cells["name"]
        own = YES_OR_NO.get(cells.get("selfgrouping", ""), False)
        grouping = cells.get("grouping", "")
        wish = GroupWish(
            row.line, f"{kind} {named} of {about}", about, cells["name"], kind, fields, update, own, grouping
        )
        return replace(wish, notes=tuple(_remarks(wish)))

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Ask the site about some rows, in file order, and return one step for each; `check` made the wishes."""
        identities = Identities(self.course_identity, self.group_identity, self.grouping_identity)
        return planned(identities, cast(Sequence[GroupWish], wishes), memory)


def _remarks(wish: GroupWish) -> Iterator[str]:
    if wish.kind == "grouping" and (wish.own_grouping or wish.grouping):
        yield "left out, since groupings are in no grouping: selfgrouping, grouping"
