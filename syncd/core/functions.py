"""Moodle's web-service functions that change something: their list parameter, batch size and answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Function:
    """How a function takes many items at once.

    `items` names its list parameter; "": the call is one item, whose keys are its parameters. `bare` items are plain
    values instead of objects: the act's item has one value.

    `answer` tells what comes back: objects with the new ids under `id`, in the order sent (`ids`); `warnings`, each
    with the `itemid` of a refused item; warnings that name no item (`vague`); an object for each item that holds its
    place `index`, the `id`, and a `code` and `message` if it was refused (`each`, the companion's way); objects in the
    order sent whose `status` is false where there was nothing to do (`status`); or nothing that need be read (`null`).

    `costly` keys make an item so slow that a call takes only so many of them.

    Batches of a function that is not `parallel` only wait for each other's locks: they are sent one by one.
    """

    name: str
    items: str
    batch: int
    answer: Literal["ids", "warnings", "vague", "each", "status", "null"]
    bare: bool = False
    id: str = "id"
    parallel: bool = True
    costly: Mapping[str, int] = field(default_factory=dict)


# In the order in which those of one stretch of a file are sent: what frees a name comes before what takes it, and what
# is made before what needs it.
FUNCTIONS = {
    function.name: function
    for function in (
        # Batch sizes as measured: past these, a request only gets longer, and a refused one costs more.
        Function("core_user_delete_users", "userids", 50, "null", bare=True),
        Function("core_course_delete_courses", "courseids", 5, "warnings", bare=True),
        Function("core_course_delete_categories", "categories", 20, "null", parallel=False),
        Function("core_cohort_delete_cohorts", "cohortids", 50, "null", bare=True),
        Function("core_group_delete_groups", "groupids", 100, "null", bare=True),
        Function("core_group_delete_groupings", "groupingids", 100, "null", bare=True),
        Function("local_syncd_restore_users", "users", 100, "each"),
        # Moodle draws each picture in three sizes within the call.
        Function("core_user_update_users", "users", 250, "warnings", costly={"userpicture": 20}),
        Function("core_course_create_categories", "categories", 50, "ids", parallel=False),
        Function("local_syncd_set_categories", "categories", 50, "each", parallel=False),
        Function("core_course_update_courses", "courses", 50, "warnings"),
        Function("core_course_create_courses", "courses", 20, "ids", parallel=False),
        Function("core_course_duplicate_course", "", 1, "ids"),
        Function("core_course_import_course", "", 1, "null"),
        Function("local_syncd_set_sections", "sections", 50, "each"),
        Function("local_syncd_set_enrol_methods", "methods", 50, "each"),
        Function("local_syncd_reset_courses", "courses", 5, "each"),
        # One by one: a refused one does not undo those before it, which would then seem to have been there already.
        Function("enrol_meta_delete_instances", "instances", 1, "status", parallel=False),
        Function("enrol_meta_add_instances", "instances", 1, "status", parallel=False),
        # Its answer has ids, but of cohorts: no act must take one for the id of the account that its row is about.
        Function("core_cohort_create_cohorts", "cohorts", 50, "ids"),
        Function("core_cohort_update_cohorts", "cohorts", 50, "null"),
        Function("local_syncd_create_users", "users", 200, "each"),
        Function("core_user_create_users", "users", 100, "ids"),
        Function("core_cohort_delete_cohort_members", "members", 250, "null"),
        Function("core_cohort_add_cohort_members", "members", 250, "vague"),
        Function("local_syncd_set_cohort_enrolments", "instances", 50, "each", parallel=False),
        Function("enrol_manual_unenrol_users", "enrolments", 100, "null"),
        Function("local_syncd_unenrol_users", "enrolments", 100, "each"),
        Function("enrol_manual_enrol_users", "enrolments", 100, "null"),
        Function("local_syncd_enrol_users", "enrolments", 100, "each"),
        Function("core_role_unassign_roles", "unassignments", 100, "null"),
        Function("core_role_assign_roles", "assignments", 100, "null"),
        Function("core_group_create_groups", "groups", 50, "ids"),
        Function("core_group_update_groups", "groups", 50, "null"),
        Function("core_group_create_groupings", "groupings", 50, "ids"),
        Function("core_group_update_groupings", "groupings", 50, "null"),
        Function("core_group_assign_grouping", "assignments", 100, "null"),
        Function("core_group_delete_group_members", "members", 100, "null"),
        Function("core_group_add_group_members", "members", 100, "null"),
        Function("local_syncd_delete_group_members", "members", 100, "each"),
        Function("local_syncd_add_group_members", "members", 100, "each"),
        Function("core_files_upload", "", 1, "ids", id="itemid"),
        Function("local_syncd_set_pictures", "pictures", 20, "each"),
    )
}


def is_piecemeal(functions: Iterable[str]) -> bool:
    """Whether a call of these, several in one bundle, commits part by part: a failure in it undoes only the last."""
    changing = [FUNCTIONS[name] for name in functions if name in FUNCTIONS]
    return len(changing) > 1 or any(function.answer == "each" for function in changing)


SITE_INFO = "core_webservice_get_site_info"
"""What tells who the token belongs to, and which functions it may call."""

BUNDLE = "tool_mobile_call_external_functions"
"""Moodle's own function that carries out many small calls in one request."""

BUNDLED = {
    "core_course_get_courses_by_field": 50,
    "core_group_get_course_groups": 50,
    "core_group_get_course_groupings": 50,
    "core_enrol_get_users_courses": 50,
    "core_course_get_contents": 20,
    # A large course's answer takes half a second.
    "core_enrol_get_enrolled_users": 10,
}
"""Functions that only read and take one value, each with how many calls of it go into one bundle."""
