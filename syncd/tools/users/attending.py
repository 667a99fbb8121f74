"""How the account of a row comes into courses: enrolments, roles and groups."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncd.core.model import Act, Site
from syncd.tools.base import Memory
from syncd.tools.cells import Unfit, unix
from syncd.tools.lookups.courses import Course, Courses
from syncd.tools.lookups.enrolments import BY_HAND, Conversation, Enrolment, Enrolments, Part
from syncd.tools.lookups.groups import Group, Groups
from syncd.tools.lookups.members import Members
from syncd.tools.lookups.roles import Roles
from syncd.tools.questions import Question, ask
from syncd.tools.users.accounts import Account
from syncd.tools.users.attendances import MANUAL, placed
from syncd.tools.users.settings import UserSettings
from syncd.tools.users.wish import Attendance, UserWish

ENROL = "enrol_manual_enrol_users"
COMPANION_ENROL = "local_syncd_enrol_users"
ASSIGN = "core_role_assign_roles"
JOIN = "core_group_add_group_members"

DAY = 86_400

# Not a subject: those have a colon.
_KNOWN = "attending"


@dataclass(frozen=True, slots=True)
class Place:
    """A course that a row names, with the role in it, and the part that the account has there so far."""

    attendance: Attendance
    course: Course
    role: int
    part: Part


@dataclass(slots=True)
class Deal:
    """What brings an account into its courses: acts that others rely on, its own, remarks, and what can't be had."""

    making: list[Act] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unfit: list[Unfit] = field(default_factory=list)


class Attending:
    """The courses of a run's rows; one object serves a whole run."""

    def __init__(self, settings: UserSettings, site: Site) -> None:
        self._settings = settings
        self._site = site
        self._courses = Courses(settings.course_identity)
        self._roles = Roles(site)
        self._enrolments = Enrolments(site, self._roles)
        self._groups = Groups()
        self._members = Members(site, self._groups)
        self._companion = self._enrolments.exact and site.has(COMPANION_ENROL)

    @classmethod
    def of(cls, settings: UserSettings, memory: Memory) -> "Attending":
        """The one of this run."""
        known: Attending = memory.known.setdefault(_KNOWN, cls(settings, memory.site))
        return known

    def questions(self, wishes: Iterable[UserWish]) -> list[Question]:
        """What must be asked before courses can be found; nothing unless rows name some."""
        named = [attendance.course for wish in wishes for attendance in wish.deeds.courses]
        return [*self._courses.questions(self._site, named), *self._roles.questions()] if named else []

    def learn(self, found: Sequence[tuple[Account, Sequence[Attendance]]]) -> Conversation:
        """Ask what part some accounts of the site have in the courses that their rows name."""
        self._enrolments.begin()
        self._members.begin()
        pairs = [
            (course.id, account.id, attendance)
            for account, attendances in found
            for attendance in attendances
            if (course := self._course_or_none(attendance))
        ]
        if not pairs:
            return
        bare = {(course, user) for course, user, one in pairs if not one.method}
        yield from self._enrolments.learn(((course, user) for course, user, _ in pairs), roles_alone=bare)
        grouped = [(course, user) for course, user, one in pairs if one.group]
        yield from ask(self._groups.questions(course for course, _ in grouped))
        yield from self._members.learn(grouped)

    def learn_groups(self, wishes: Iterable[UserWish]) -> list[Question]:
        """What must be asked before the groups of courses are known, also for accounts that are only to be made."""
        named = (one for wish in wishes for one in wish.deeds.courses if one.group)
        return self._groups.questions(course.id for one in named if (course := self._course_or_none(one)))

    def _course_or_none(self, attendance: Attendance) -> Course | None:
        try:
            return self._courses.find(attendance.course)
        except Unfit:
            return None

    def places(self, account: Account, attendances: Iterable[Attendance]) -> tuple[list[Place], list[Unfit]]:
        """The courses and roles that a row names, and why others can't be had."""
        places: list[Place] = []
        unfit: list[Unfit] = []
        for attendance in attendances:
            try:
                places.append(self._place(account, attendance))
            except Unfit as one:
                unfit.append(one)
        return places, unfit

    def _place(self, account: Account | None, attendance: Attendance) -> Place:
        number = attendance.number
        with placed(f"course{number}", attendance.course):
            course = self._courses.one(attendance.course)
        role = attendance.role or self._settings.default_role
        with placed(f"role{number}", role):
            part = self._part(account, course)
            place = Place(attendance, course, self._roles.one(role), part)
        with placed(f"group{number}", attendance.group):
            there = self._groups.find(course.id, attendance.group, "name")
            if attendance.group and not there and not self._settings.create_groups:
                self._groups.one(course.id, attendance.group, "name")
        method = attendance.method
        if method not in {"", MANUAL} and not self._companion and part.by(method) is None:
            reason = "without the companion plugin, nobody can be enrolled by this method"
            cure = "Write manual, or let the plugin local_syncd be installed in Moodle."
            raise Unfit("value-wrong", reason, f"enrol{number}", method, cure)
        return place

    def _part(self, account: Account | None, course: Course) -> Part:
        if account is None:
            return Part()
        if account.id:
            return self._enrolments.part(course.id, account.id)
        return account.parts.setdefault(course.id, Part())

    def deal(self, account: Account, places: Iterable[Place], *, again: bool) -> Deal:
        """What brings an account into some courses; the rows after this one find it there.

        `again` tells that more rows of the file are about this account.
        """
        deal = Deal()
        for place in places:
            self._enrol(account, place, deal)
            if place.attendance.group:
                self._group(account, place, deal)
            if again and account.id:
                self._enrolments.keep(place.course.id, account.id)
                self._members.keep(place.course.id, account.id)
        return deal

    def _enrol(self, account: Account, place: Place, deal: Deal) -> None:
        part, attendance = self._part(account, place.course), place.attendance
        if attendance.method:
            there = part.by(attendance.method)
            if there is None:
                deal.acts.append(self._enrolment(account, place))
                part.methods[attendance.method] = Enrolment(bool(attendance.suspended), *self._times(attendance, None))
                part.roles.setdefault(place.role, {BY_HAND})
                return
            if self._companion and (changes := self._changes(attendance, there)):
                deal.acts.append(self._companion_act(account, place, changes))
        if place.role not in part.roles:
            item = {"roleid": place.role, "contextlevel": "course", "instanceid": place.course.id}
            deal.acts.append(_about(account, ASSIGN, item))
            part.roles[place.role] = {BY_HAND}

    def _times(self, attendance: Attendance, there: Enrolment | None) -> tuple[int, int]:
        """When an enrolment is to begin and to end; what the row is silent about stays, or begins now."""
        start = unix(attendance.start, self._site.zone) or (there.start if there and there.start else self._site.now)
        if attendance.days:
            return start, start + attendance.days * DAY
        return start, unix(attendance.end, self._site.zone) or (there.end if there and there.end else 0)

    def _enrolment(self, account: Account, place: Place) -> Act:
        start, end = self._times(place.attendance, None)
        suspended = int(place.attendance.suspended or False)
        if self._companion:
            times = {"roleid": place.role, "timestart": start, "timeend": end, "status": suspended}
            return self._companion_act(account, place, times)
        item = {"roleid": place.role, "courseid": place.course.id, "timestart": start, "timeend": end}
        return _about(account, ENROL, item | {"suspend": suspended})

    def _companion_act(self, account: Account, place: Place, values: Mapping[str, Any]) -> Act:
        item = {"courseid": place.course.id, "enrol": place.attendance.method, **values}
        # It answers with the id of the enrolment, which must not be taken for the account's.
        return _about(account, COMPANION_ENROL, item, gives="enrolment")

    def _changes(self, attendance: Attendance, there: Enrolment) -> dict[str, int]:
        start, end = self._times(attendance, there)
        changes: dict[str, int] = {}
        if attendance.start and there.start != start:
            changes["timestart"] = there.start = start
        if (attendance.end or attendance.days) and there.end != end:
            changes["timeend"] = there.end = end
        if attendance.suspended is not None and there.suspended is not attendance.suspended:
            there.suspended = attendance.suspended
            changes["status"] = int(attendance.suspended)
        return changes

    def _group(self, account: Account, place: Place, deal: Deal) -> None:
        name, course = place.attendance.group, place.course
        if not self._part(account, course).enrolled:
            deal.notes.append(f"not in the group {name} of {course.shortname}: only who is enrolled can be in one")
            return
        with placed(f"group{place.attendance.number}", name):
            group = self._groups.find(course.id, name, "name")
        if group is None:
            group = Group(0, course.id, name)
            self._groups.add(group)
            deal.making.append(group.making())
        groups = self._members.of(course.id, account.id) if account.id else None
        if group.key in (account.groups if groups is None else groups):
            return
        if groups is None:
            account.groups.add(group.key)
        else:
            groups[group.key] = BY_HAND
        takes = {} if group.id else {"groupid": group.key}
        deal.acts.append(_about(account, JOIN, {"groupid": group.id} if group.id else {}, takes=takes))


def _about(
    account: Account, function: str, item: Mapping[str, Any], gives: str = "", takes: Mapping[str, str] | None = None
) -> Act:
    """An act upon an account, by its id or by the one that it will get."""
    if account.id:
        return Act(function, {**item, "userid": account.id}, gives=gives, takes=takes or {})
    return Act(function, item, gives=gives, takes={**(takes or {}), "userid": ""})
