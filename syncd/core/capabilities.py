"""What the user of the token must be allowed to, function by function."""

from collections.abc import Iterable

REST = "webservice/rest:use"
"""The capability without which no function can be called."""

_SEE_USERS = (
    "moodle/user:viewdetails",
    "moodle/user:viewhiddendetails",
    "moodle/user:viewalldetails",
    "moodle/site:viewuseridentity",
    "moodle/course:useremail",
)
_SEE_COURSES = ("moodle/course:view", "moodle/course:viewhiddencourses", "moodle/course:update")
_COHORTS = ("moodle/cohort:view", "moodle/cohort:manage")
_MEMBERS = ("moodle/cohort:view", "moodle/cohort:assign")
_CATEGORIES = ("moodle/category:manage", "moodle/category:viewhiddencategories", "moodle/category:viewcourselist")
_GROUPS = ("moodle/course:managegroups", "moodle/course:view", "moodle/site:accessallgroups")
_META = ("moodle/course:enrolconfig", "enrol/meta:config", "enrol/meta:selectaslinked")

CAPABILITIES: dict[str, tuple[str, ...]] = {
    "core_user_get_users_by_field": _SEE_USERS,
    "core_user_get_users": _SEE_USERS,
    "core_user_get_course_user_profiles": (
        "moodle/course:viewparticipants",
        "moodle/site:accessallgroups",
        *_SEE_USERS,
    ),
    "core_user_create_users": ("moodle/user:create",),
    "core_user_update_users": ("moodle/user:update",),
    "core_user_delete_users": ("moodle/user:delete",),
    "core_user_update_picture": ("moodle/user:editprofile",),
    "core_course_get_categories": ("moodle/category:viewhiddencategories", "moodle/category:viewcourselist"),
    "core_course_create_categories": _CATEGORIES,
    "core_course_update_categories": _CATEGORIES,
    "core_course_delete_categories": _CATEGORIES,
    "core_course_get_courses": _SEE_COURSES,
    "core_course_get_courses_by_field": _SEE_COURSES,
    "core_course_get_contents": _SEE_COURSES,
    "core_course_create_courses": (
        "moodle/course:create",
        "moodle/course:visibility",
        "moodle/course:setforcedlanguage",
    ),
    "core_course_update_courses": (
        "moodle/course:update",
        "moodle/course:changecategory",
        "moodle/course:changefullname",
        "moodle/course:changeshortname",
        "moodle/course:changeidnumber",
        "moodle/course:changesummary",
        "moodle/course:visibility",
        "moodle/course:setforcedlanguage",
    ),
    "core_course_delete_courses": ("moodle/course:delete", "moodle/course:view"),
    "core_course_duplicate_course": (
        "moodle/backup:backupcourse",
        "moodle/restore:restorecourse",
        "moodle/course:create",
    ),
    "core_course_import_course": ("moodle/backup:backuptargetimport", "moodle/restore:restoretargetimport"),
    "core_enrol_get_enrolled_users": (
        "moodle/course:viewparticipants",
        "moodle/course:enrolreview",
        "moodle/site:accessallgroups",
        *_SEE_USERS,
    ),
    "core_enrol_get_users_courses": ("moodle/course:viewparticipants", *_SEE_USERS),
    "enrol_manual_enrol_users": ("enrol/manual:enrol", "moodle/role:assign"),
    "enrol_manual_unenrol_users": ("enrol/manual:unenrol",),
    "core_role_assign_roles": ("moodle/role:assign",),
    "core_role_unassign_roles": ("moodle/role:assign",),
    "enrol_meta_add_instances": _META,
    "enrol_meta_delete_instances": (*_META, "enrol/meta:unenrol"),
    "core_cohort_get_cohorts": ("moodle/cohort:view",),
    "core_cohort_search_cohorts": ("moodle/cohort:view",),
    "core_cohort_get_cohort_members": ("moodle/cohort:view",),
    "core_cohort_create_cohorts": _COHORTS,
    "core_cohort_update_cohorts": _COHORTS,
    "core_cohort_delete_cohorts": _COHORTS,
    "core_cohort_add_cohort_members": _MEMBERS,
    "core_cohort_delete_cohort_members": _MEMBERS,
    "core_group_get_course_groups": _GROUPS,
    "core_group_get_course_groupings": _GROUPS,
    "core_group_get_group_members": _GROUPS,
    "core_group_get_groupings": _GROUPS,
    "core_group_create_groups": _GROUPS,
    "core_group_update_groups": _GROUPS,
    "core_group_delete_groups": _GROUPS,
    "core_group_create_groupings": _GROUPS,
    "core_group_update_groupings": _GROUPS,
    "core_group_delete_groupings": _GROUPS,
    "core_group_assign_grouping": _GROUPS,
    "core_group_add_group_members": _GROUPS,
    "core_group_delete_group_members": _GROUPS,
    # The companion plugin's functions check what their siblings in core check.
    "local_syncd_get_users": _SEE_USERS,
    "local_syncd_get_profile_fields": ("moodle/user:viewalldetails",),
    "local_syncd_get_roles": ("moodle/role:assign",),
    "local_syncd_create_users": ("moodle/user:create",),
    "local_syncd_restore_users": ("moodle/user:create", "moodle/user:update"),
    "local_syncd_set_pictures": ("moodle/user:editprofile",),
    "local_syncd_get_courses": _SEE_COURSES,
    "local_syncd_get_sections": _SEE_COURSES,
    "local_syncd_set_sections": ("moodle/course:update",),
    "local_syncd_set_categories": ("moodle/category:manage",),
    "local_syncd_get_enrol_methods": ("moodle/course:enrolreview", "moodle/course:view"),
    "local_syncd_set_enrol_methods": (
        "moodle/course:enrolconfig",
        "enrol/manual:config",
        "enrol/self:config",
        "enrol/guest:config",
    ),
    "local_syncd_get_enrolments": ("moodle/course:viewparticipants", "moodle/course:enrolreview", "moodle/course:view"),
    "local_syncd_enrol_users": ("enrol/manual:enrol", "enrol/self:manage", "moodle/role:assign"),
    "local_syncd_unenrol_users": ("enrol/manual:unenrol", "enrol/self:unenrol"),
    "local_syncd_get_role_assignments": ("moodle/course:viewparticipants", "moodle/course:view"),
    "local_syncd_get_group_members": _GROUPS,
    "local_syncd_add_group_members": _GROUPS,
    "local_syncd_delete_group_members": _GROUPS,
    "local_syncd_get_cohorts": ("moodle/cohort:view",),
    "local_syncd_get_cohort_members": ("moodle/cohort:view",),
    "local_syncd_set_cohort_enrolments": (
        "moodle/course:enrolconfig",
        "enrol/cohort:config",
        "enrol/cohort:unenrol",
        "moodle/role:assign",
        "moodle/course:managegroups",
    ),
    "local_syncd_reset_courses": ("moodle/course:reset", "moodle/role:assign"),
}
"""Read from Moodle's source and seen with a role that has these alone. Functions that are not here need none."""


def needed(functions: Iterable[str]) -> list[str]:
    """The capabilities that some functions need, each once, in the order of their names."""
    return sorted({REST, *(capability for function in functions for capability in CAPABILITIES.get(function, ()))})
