"""What a row changes of the groups that somebody is in."""

from collections.abc import Iterable

from syncd.core.model import Act, Outcome, Site
from syncd.tools.cells import Unfit, at
from syncd.tools.enrolments import acts
from syncd.tools.enrolments.parts import Change
from syncd.tools.enrolments.settings import EnrolmentSettings
from syncd.tools.enrolments.wish import EnrolmentWish
from syncd.tools.lookups.enrolments import Pair
from syncd.tools.lookups.groups import Group, Groups
from syncd.tools.lookups.members import OURS, Members


class Grouping:
    """The groups that rows put people into, and take them out of."""

    def __init__(self, settings: EnrolmentSettings, site: Site, groups: Groups, members: Members) -> None:
        self._settings = settings
        self._groups = groups
        self._members = members
        self._ours = settings.protect_groups and members.exact and site.has(acts.ADD_OUR_MEMBER)

    def change(self, wish: EnrolmentWish, pair: Pair, change: Change) -> None:
        """Carry out what a row says of groups, for somebody who is enrolled; raises `Unfit` with the column."""
        course, user = pair
        replace = wish.group_deed.startswith("greplace")
        if replace and self._settings.protect_groups and not self._ours:
            reason = "only the companion plugin tells whom syncd put into a group, and protect_groups is set"
            cure = "Install the plugin local_syncd, take protect_groups away, or write gadd."
            raise Unfit("companion-missing", reason, "gcmd", wish.group_deed, cure)
        named = [self._named(wish, course, number, value) for number, value in wish.groups]
        wanted = dict.fromkeys(group for group in named if group)
        here = self._members.of(course, user)
        if wish.group_deed == "gdel":
            self._leave([key for group in wanted if (key := group.key) in here], user, here, change)
            return
        # A new group comes first: other rows rely on it, also when this enrolment is refused.
        making = [self._made(group) for group in wanted if group not in self._groups.of(course)]
        change.acts[:0] = making
        for group in wanted:
            if group.key not in here:
                change.becomes(Outcome.UPDATED, acts.joining(group, user, ours=self._ours))
                here[group.key] = OURS if self._ours else ""
        if replace:
            kept = {group.key for group in wanted}
            self._leave([key for key in here if key not in kept], user, here, change)

    def _named(self, wish: EnrolmentWish, course: int, number: int, value: str) -> Group | None:
        """The group that a cell names; None where there is none, and none is needed."""
        identity = self._settings.group_identity
        if group := at(f"g{number}", lambda: self._groups.find(course, value, identity)):
            return group
        if wish.group_deed == "gdel":
            return None
        if wish.group_deed.endswith("create") and identity != "id":
            return self._new(course, f"g{number}", value)
        return at(f"g{number}", lambda: self._groups.one(course, value, identity))

    def _new(self, course: int, column: str, value: str) -> Group:
        if self._settings.group_identity == "name":
            return Group(0, course, value)
        if self._groups.find(course, value, "name"):
            reason = "the course has no group with this idnumber, and another one that has it for its name"
            cure = "Give that group the idnumber in Moodle, or make the group by a groups file."
            raise Unfit("name-taken", reason, column, value, cure)
        return Group(0, course, value, value)

    def _made(self, group: Group) -> Act:
        self._groups.add(group)
        return group.making()

    def _leave(self, keys: Iterable[str], user: int, here: dict[str, str], change: Change) -> None:
        for key in keys:
            source = here[key]
            if source not in {"", OURS}:
                change.notes.append(f"one group was left alone: {source.removeprefix('enrol_')} put the account there")
            elif self._ours and source != OURS:
                change.notes.append("one group was left alone: somebody put the account there by hand")
            else:
                change.becomes(Outcome.UPDATED, acts.leaving(key, user, ours=self._ours))
                del here[key]
