"""Calls that change nothing, and whose answers show whether the token's user has a capability.

Moodle has no web service that tells. But some of its functions look at the capability before they look at what they are
sent, which may be nothing at all; and some leave out of their answers what their caller may not see.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from syncd.core.model import Call

EXACT = "local_syncd_get_capabilities"
"""The companion plugin's function that tells all of them."""

GUEST_ID = 1
FRONT_PAGE = 1
"""Moodle's own guest and its front page: every site has them, with these ids."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What shows a capability: it is lacking when the call is refused, or when the answer does not `show` it.

    A `bare` call holds an empty list: it can be sent only within a bundle.
    """

    capability: str
    call: Call
    shows: Callable[[Any], bool] = lambda _answer: True
    bare: bool = False


def _guest(key: str) -> Callable[[Any], bool]:
    return lambda users: any(key in user for user in users)


def _first(inner: str, key: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda answer: any(key in one for one in answer[inner])


_LOOK_UP = Call("core_user_get_users_by_field", {"field": "id", "values": [GUEST_ID]})
_CATEGORIES = Call("core_course_get_categories", {"addsubcategories": 0})
_ENROLLED = Call(
    "core_enrol_get_enrolled_users", {"courseid": FRONT_PAGE, "options": [{"name": "limitnumber", "value": 1}]}
)
_COHORTS = Call("core_cohort_search_cohorts", {"query": "?", "context": {"contextlevel": "system"}, "limitnum": 1})

PROBES = (
    Probe("moodle/user:create", Call("core_user_create_users", {"users": []}), bare=True),
    Probe("moodle/user:update", Call("core_user_update_users", {"users": []}), bare=True),
    Probe("moodle/user:delete", Call("core_user_delete_users", {"userids": []}), bare=True),
    Probe("moodle/user:viewdetails", _LOOK_UP, _guest("id")),
    Probe("moodle/user:viewalldetails", _LOOK_UP, _guest("auth")),
    Probe("moodle/category:manage", _CATEGORIES, lambda categories: all("idnumber" in one for one in categories)),
    Probe(
        "moodle/course:update",
        Call("core_course_get_courses_by_field", {"field": "id", "value": FRONT_PAGE}),
        _first("courses", "idnumber"),
    ),
    # On the front page it is this one that lets anybody see who takes part.
    Probe("moodle/course:enrolreview", _ENROLLED),
    Probe("moodle/course:managegroups", Call("core_group_get_course_groups", {"courseid": FRONT_PAGE})),
    Probe("moodle/cohort:view", _COHORTS),
)
