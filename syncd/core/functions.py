"""Moodle's web-service functions that change something: their list parameter, batch size and answer."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Function:
    """How a function takes many items at once.

    `items` names its list parameter. `bare` items are plain values instead of objects: the act's item has one value.
    `answer` tells what comes back: a list of objects with an `id`, in the order sent (`ids`), a list of `warnings`
    with the `itemid` of each refused item (`warnings`), warnings that name no item (`vague`), or nothing (`null`).
    """

    name: str
    items: str
    batch: int
    answer: Literal["ids", "warnings", "vague", "null"]
    bare: bool = False


# In the order in which those of one stretch of a file are sent: what frees a name comes before what takes it, and what
# is made before what needs it.
FUNCTIONS = {
    function.name: function
    for function in (
        # Batch sizes as measured: past these, a request only gets longer, and a refused one costs more.
        Function("core_user_delete_users", "userids", 50, "null", bare=True),
        Function("core_user_update_users", "users", 250, "warnings"),
        # Its answer has ids, but of cohorts: no act must take one for the id of the account that its row is about.
        Function("core_cohort_create_cohorts", "cohorts", 50, "null"),
        Function("core_user_create_users", "users", 100, "ids"),
        Function("core_cohort_add_cohort_members", "members", 250, "vague"),
    )
}
