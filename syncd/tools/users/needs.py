"""The web-service functions that the columns of a users file take."""

from collections.abc import Collection, Iterator, Sequence

from syncd.tools.lookups import courses, enrolments, groups, members, memberships
from syncd.tools.lookups.cohorts import ADD, CREATE, LOOK_UP, SEARCH
from syncd.tools.users.attendances import UPLOADUSER, numbered
from syncd.tools.users.attending import ASSIGN, COMPANION_ENROL, ENROL, JOIN
from syncd.tools.users.settings import UserSettings


def taken_by_columns(settings: UserSettings, names: Sequence[str], offered: Collection[str]) -> Iterator[str]:
    """The functions that columns take, where those of the companion plugin that the site offers do not serve."""
    parts: dict[str, set[int]] = {}
    for name in names:
        if part := numbered(name):
            parts.setdefault(part[0], set()).add(part[1])
    if "cohort" in parts or not {"cohort", "cohortid"}.isdisjoint(names):
        yield from (LOOK_UP, SEARCH, ADD)
        if memberships.COMPANION not in offered:
            yield memberships.CORE
        if settings.create_cohorts:
            yield CREATE
    if places := parts.get("course", set()):
        enrolling = places if settings.default_enrol else places & _enrolling(parts)
        yield from _of_courses(bool(enrolling), enrolling != places, offered)
        if places & parts.get("group", set()):
            yield from (groups.GROUPS, JOIN)
            if members.COMPANION not in offered:
                yield members.CORE
            if settings.create_groups:
                yield groups.CREATE


def _enrolling(parts: dict[str, set[int]]) -> set[int]:
    """The numbers of courses whose columns may ask for an enrolment, and not for a role alone."""
    return set[int]().union(*(parts.get(name, ()) for name in ("enrol", *UPLOADUSER)))


def _of_courses(enrolling: bool, bare: bool, offered: Collection[str]) -> Iterator[str]:
    exact = {enrolments.ENROLMENTS, enrolments.ASSIGNMENTS} <= set(offered)
    if courses.COMPANION not in offered:
        yield courses.CORE
    if not exact:
        yield enrolments.CORE
        if bare:
            yield enrolments.PROFILES
    if enrolling and not (exact and COMPANION_ENROL in offered):
        yield ENROL
    yield ASSIGN
