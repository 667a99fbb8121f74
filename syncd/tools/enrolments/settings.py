"""The keys of a `[tools.NAME]` of kind enrolments."""

from typing import Literal

from syncd.tools.base import RowTool
from syncd.tools.lookups.courses import CourseIdentity
from syncd.tools.lookups.groups import GroupIdentity
from syncd.tools.lookups.users import UserIdentity


class EnrolmentSettings(RowTool):
    """How an enrolments file is understood, and what it may do."""

    course_identity: CourseIdentity = "shortname"
    """What `cid` holds."""
    user_identity: UserIdentity = "idnumber"
    """What `uid` holds."""
    group_identity: GroupIdentity = "name"
    """What `g1` to `g9` hold."""
    extended_usernames: bool = False
    """Take any character but blanks in usernames, as a site with Moodle's setting of that name does."""
    fallback: Literal["refuse", "role"] = "refuse"
    """What becomes of a row whose method the course has not: it is refused, or only its role is given."""
    use_disabled_methods: bool = False
    """Enrol also by methods that are closed in the course. Needs the companion plugin."""
    reactivate: bool = True
    """Let `add` and `shift` open a suspended enrolment again, where the companion plugin tells that it is suspended."""
    protect_groups: bool = False
    """Let `greplace` take people only out of groups that syncd put them into. Needs the companion plugin."""
