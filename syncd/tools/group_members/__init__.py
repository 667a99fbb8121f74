"""The kind `group-members`: people put into groups of courses and taken out, row by row."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Literal, cast

from syncd.core.model import Refusal, Row
from syncd.tools.base import Afterwards, Conversation, Memory, RowTool, Wish
from syncd.tools.cells import Unfit, empty, raw, torn
from syncd.tools.group_members.plan import COMPANION, CORE, Deed, Identities, MemberWish, planned, plans_of
from syncd.tools.group_members.purge import Purge, purged, taken
from syncd.tools.lookups.courses import CourseIdentity
from syncd.tools.lookups.groups import GroupIdentity
from syncd.tools.lookups.users import UserIdentity, folded
from syncd.tools.naming import account, course

DEEDS: Mapping[str, Deed] = {"": "add", "add": "add", "shift": "shift", "del": "del", "delete": "del"}


class GroupMembersTool(RowTool):
    """A file of the members of groups, with the columns of the plugin's group members file."""

    kind = "group-members"
    rank: ClassVar[int] = 55
    columns = frozenset({"groupid", "userid", "courseid", "cmd"})
    required: ClassVar[frozenset[str]] = frozenset({"groupid", "userid", "courseid"})
    functions = CORE
    companion: ClassVar[frozenset[str]] = COMPANION

    course_identity: CourseIdentity = "shortname"
    """What `courseid` holds."""
    user_identity: UserIdentity = "idnumber"
    """What `userid` holds."""
    group_identity: GroupIdentity = "idnumber"
    """What `groupid` holds."""
    extended_usernames: bool = False
    """Take any character but blanks in usernames, as a site with Moodle's setting of that name does."""
    purge_empty: Literal["none", "groups", "groups-and-groupings"] = "none"
    """What is deleted at the end in the courses that the file names: empty groups, and groupings without a group."""

    def needed(self, names: Sequence[str] | None = None, offered: Collection[str] = ()) -> frozenset[str]:
        """What every file of members takes, and what clears groups away; without that, a run leaves them alone."""
        if names is not None or self.purge_empty == "none":
            return self.functions
        return self.functions | taken(groupings=self.purge_empty == "groups-and-groupings")

    def check(self, row: Row) -> MemberWish | Refusal:
        """What a row wishes, or why it is refused whatever the site says."""
        cells = row.cells
        column = "courseid"
        try:
            about = course(self.course_identity)(cells.get(column, ""))
            column = "userid"
            user = account(self.user_identity, extended_usernames=self.extended_usernames)(cells.get(column, ""))
            column = "groupid"
            group = _group(cells.get(column, ""))
            column = "cmd"
            deed = _deed(cells.get(column, ""))
        except Unfit as unfit:
            return replace(unfit.refusal, column=column, value=cells.get(column, ""))
        person = f"{folded(self.user_identity, user)} in {about}"
        # Rows about other groups of the same person need not wait for one another; a shift is about all of them.
        subject = person if deed == "shift" else f"{person}, {group}"
        return MemberWish(row.line, subject, about, user, group, deed, may_shift="cmd" in cells)

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Ask the site about some rows, in file order, and return one step for each; `check` made the wishes."""
        identities = Identities(self.course_identity, self.user_identity, self.group_identity)
        return planned(identities, cast(Sequence[MemberWish], wishes), memory)

    def afterwards(self, memory: Memory, *, whole: bool) -> Afterwards:
        """Delete what is empty in the courses of the file, where that is set."""
        if self.purge_empty == "none":
            return ()
        plans = plans_of(memory)
        purge = Purge(
            groupings=self.purge_empty == "groups-and-groupings", spared=plans.named if plans else frozenset()
        )
        return (yield from purged(purge, sorted(plans.courses) if plans else (), memory.site, whole=whole))


def _group(cell: str) -> str:
    value = raw(255)(cell)
    if not value:
        raise empty()
    if "\n" in value or "\r" in value:
        raise torn()
    return value


def _deed(cell: str) -> Deed:
    deed = DEEDS.get(cell.strip().lower())
    if deed is None:
        cure = "Write add, shift or del, or leave it empty: then it is add."
        raise Unfit("value-wrong", "the cell holds no command", cure=cure)
    return deed
