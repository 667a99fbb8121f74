"""A whole set, courses, accounts, cohorts and enrolments, dropped together in the wrong order, is applied in one go."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.served import Served

COURSES = b"""shortname,fullname,category,teacher1_account,teacher1_role
ALG,Algebra,Science/Mathematics,ben,editingteacher
"""
USERS = b"""username,firstname,lastname,email,idnumber,course1,enrol1
ana,Ana,Lopez,ana@example.org,E1,,
ben,Ben,Roy,ben@example.org,E2,,
cem,Cem,Roy,cem@example.org,E3,ALG,manual
"""
COHORTS = b"""cmd,cidnumber,cname,userid
add,year-1,Year 1,E1
"""
ENROLMENTS = b"""cmd,rolename,cid,uid,enrol,gcmd,g1
add,student,ALG,E1,manual,gaddcreate,Group A
add,student,ALG,E9,manual,,
"""

TOOLS = """
[tools.enrolments]
file = "enrols.csv"
timer = "on arrival"
guard = { errors = 5 }
[tools.cohorts]
file = "cohorts.csv"
timer = "on arrival"
[tools.users]
file = "users.csv"
timer = "on arrival"
[tools.courses]
file = "courses.csv"
timer = "on arrival"
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A daemon that is not started yet."""
    served = Served(tmp_path)
    yield served
    served.kill()


def reports(served: Served) -> dict[str, list[dict[str, int]]]:
    """The counts of all runs, by tool, without those that are none, in the order of the runs."""
    found: dict[str, list[dict[str, int]]] = {}
    for file in sorted((served.repository / "reports").glob("*.json"), key=lambda file: file.stat().st_mtime_ns):
        report = json.loads(file.read_bytes())
        counts = {outcome: number for outcome, number in report["counts"].items() if number}
        found.setdefault(report["tool"], []).append(counts)
    return found


def test_a_set_in_the_wrong_order_is_applied_in_one_go(served: Served) -> None:
    """What a row names is made before it is needed; a teacher whose account comes later is waited for."""
    served.settings(TOOLS, lambda text: text.replace('"100ms"', '"500ms"'))
    served.start()
    for name, content in (("enrols", ENROLMENTS), ("cohorts", COHORTS), ("users", USERS), ("courses", COURSES)):
        served.drops(content, f"{name}.csv")
    served.ended(tool="enrolments")
    runs = [(str(event["tool"]), event["file"]) for event in served.events("run.started")]
    assert [tool for tool, _ in runs] == ["courses", "users", "courses", "cohorts", "enrolments"]
    told = reports(served)
    assert told["courses"] == [{"deferred": 1}, {"updated": 1}]
    assert (told["users"], told["cohorts"]) == ([{"created": 3}], [{"created": 1}])
    assert told["enrolments"] == [{"created": 1, "rejected": 1}]
    assert [path.name for path in served.repository.glob("*.csv")] == [
        next(served.repository.glob("enrols_tryback_*")).name
    ]
    site = served.site()
    try:
        (course,) = site.call("core_course_get_courses_by_field", {"field": "shortname", "value": "ALG"})["courses"]
        people = site.call("core_enrol_get_enrolled_users", {"courseid": course["id"]})
        assert {person["username"] for person in people} == {"ana", "ben", "cem"}
        (group,) = site.call("core_group_get_course_groups", {"courseid": course["id"]})
        assert group["name"] == "Group A"
    finally:
        site.close()
