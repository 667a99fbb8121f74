"""How fast enrolments are run on a real Moodle, beside bare batched calls of the same function in the same run."""

import argparse
from collections.abc import Sequence

from benchmarks._moodle import ALL_WELL, Bench, Moodle, Ran, batches, bench, in_turn, line, rates, table_head
from benchmarks.moodle_users import accounts
from syncd.core.functions import FUNCTIONS
from syncd.tools.enrolments import EnrolmentsTool
from syncd.tools.enrolments.acts import ENROL

COURSES = 10
STUDENT = 5
PLUGIN = 5 * 246 / 640
"""What is wanted: five times the plugin's 246 rows a second for a file that changes nothing, which it had on a machine
where bare calls that send all again had 640."""
ENROLMENTS = EnrolmentsTool.model_validate({"file": "bench/enrols.csv", **ALL_WELL})
ENROLLED = (ENROL, "local_syncd_enrol_users")

Place = tuple[int, str]
"""A course, or an account: its id, and what a row names it by."""


def main() -> None:
    """Make courses and accounts, enrol some of these, and take all away again."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000)
    arguments.add_argument("--repeats", type=int, default=3)
    chosen = arguments.parse_args()
    with bench() as found:
        if not found:
            return
        with_people = Measures(*found, chosen.repeats)
        try:
            with_people.settle(chosen.rows // COURSES)
            table_head()
            with_people.enrolling()
            with_people.same()
        finally:
            with_people.clean_up()


class Measures:
    """The measures, in courses of their own."""

    def __init__(self, moodle: Moodle, place: Bench, repeats: int) -> None:
        self._moodle, self._place, self._repeats = moodle, place, repeats
        self._companion = frozenset(name for name in moodle.functions if name.startswith("local_syncd_"))
        self._people: list[Place] = []
        self._courses: list[Place] = []

    def settle(self, people: int) -> None:
        """Accounts, and courses for each measure."""
        rows = accounts(self._moodle.mark, people, "ldap")
        create = "local_syncd_create_users" if self._companion else "core_user_create_users"
        size = FUNCTIONS[create].batch
        _, answers = self._moodle.bare([(create, {"users": batch}) for batch in batches(rows, size)])
        made = [one["id"] for answer in answers for one in answer]
        self._people = [(one, row["idnumber"]) for one, row in zip(made, rows, strict=True)]

    def enrolling(self) -> None:
        """Each account in each of some courses."""
        spans: list[float] = []

        def syncd() -> float:
            ran = self._run(self._new_courses())
            spans.append(ran.span(*ENROLLED))
            return ran.seconds

        size = COURSES * len(self._people)
        alone, whole = in_turn(self._repeats, lambda: self._bare(self._new_courses()), syncd)
        line("enrol, the calls", rates(size, spans), rates(size, alone), 0.9)
        line("enrol, the whole run", rates(size, whole), rates(size, alone))

    def same(self) -> None:
        """A file in which nothing is new, beside sending it all again as the plugin does."""
        courses = self._new_courses()
        self._run(courses)
        size = COURSES * len(self._people)
        ways = [lambda: self._bare(courses), lambda: self._run(courses).seconds]
        if self._companion:
            ways.append(lambda: self._run(courses, companion=True).seconds)
        again, core, *companion = in_turn(self._repeats, *ways)
        line(f"{size:,} unchanged, core, to sending them again", rates(size, core), rates(size, again), PLUGIN)
        for seconds in companion:
            line(f"{size:,} unchanged, companion, to the same", rates(size, seconds), rates(size, again), PLUGIN)

    def _bare(self, courses: Sequence[Place]) -> float:
        items = [
            {"roleid": STUDENT, "userid": user, "courseid": course} for course, _ in courses for user, _ in self._people
        ]
        return self._moodle.bare([(ENROL, {"enrolments": one}) for one in batches(items, FUNCTIONS[ENROL].batch)])[0]

    def clean_up(self) -> None:
        """Delete all that was made."""
        delete = "core_course_delete_courses"
        courses = [course for course, _ in self._courses]
        self._moodle.bare([(delete, {"courseids": batch}) for batch in batches(courses, FUNCTIONS[delete].batch)], 1)
        delete = "core_user_delete_users"
        people = [user for user, _ in self._people]
        self._moodle.bare([(delete, {"userids": batch}) for batch in batches(people, FUNCTIONS[delete].batch)])

    def _new_courses(self) -> Sequence[Place]:
        names = [f"{self._moodle.mark}-{len(self._courses) + number}" for number in range(COURSES)]
        category = self._moodle.ask("core_course_get_categories", {})[0]["id"]
        items = [{"fullname": name, "shortname": name, "categoryid": category} for name in names]
        made = self._moodle.ask("core_course_create_courses", {"courses": items})
        courses = [(one["id"], name) for one, name in zip(made, names, strict=True)]
        self._courses += courses
        return courses

    def _run(self, courses: Sequence[Place], *, companion: bool = False) -> Ran:
        rows = [f"add,student,{course},{person},manual" for _, course in courses for _, person in self._people]
        content = "\n".join(["cmd,rolename,cid,uid,enrol", *rows, ""]).encode()
        return self._place.run(ENROLMENTS, content, without=frozenset() if companion else self._companion)


if __name__ == "__main__":
    main()
