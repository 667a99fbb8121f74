"""Runs of any kind on a whole site: the practice site always, and a real Moodle where the environment names one.

A test takes the fixture `site` (`tests/tools/conftest.py`) and is run on each site twice: once with core's functions
alone, and once with those of the companion plugin, where the site has any.

    def test_an_account_is_made_once(site: OnSite) -> None:
        tool = UsersTool.model_validate({"file": FILE, "guard": NO_LIMITS})
        row = f"{site.mark}.ana,Ana,Roy,{site.mark}.ana@example.org"
        assert site.run(tool, "username,firstname,lastname,email", row).outcomes == ["created"]
        assert site.run_again().outcomes == ["unchanged"]

Everything that a test names must begin with `site.mark`, usernames and e-mail addresses, shortnames of courses,
idnumbers of cohorts and categories: by that, what runs made is found and taken away afterwards.
"""

import csv
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

from syncd.core.functions import SITE_INFO
from syncd.core.model import RunState
from syncd.disk.records import RunRecord
from syncd.errors import ItemRefused, SiteRefused
from syncd.targets.base import USUAL_ROLES, Target
from syncd.targets.rest import RestSettings
from syncd.tools.base import RowTool
from tests.run.workshop import FILE, PARIS, Workshop

COMPANION = "local_syncd_"


@dataclass(slots=True)
class CoreAlone:
    """A site as it is without the companion plugin."""

    site: Target

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Hand on the call, and hide the companion's functions from who asks what there is."""
        if function.startswith(COMPANION):
            raise SiteRefused(f"this site has no web-service function {function}")
        answer = self.site.call(function, parameters)
        if function == SITE_INFO:
            functions = [one for one in answer["functions"] if not one["name"].startswith(COMPANION)]
            answer = answer | {"functions": functions}
        return answer

    def close(self) -> None:
        """Close the site behind it."""
        self.site.close()


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one row: its outcome, the code and reason of its refusal, and the remarks on it."""

    outcome: str
    code: str = ""
    reason: str = ""
    column: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A run that was made: its record, its rows in file order, and the remarks on the whole file."""

    record: RunRecord
    lines: list[Line]
    notes: list[str]

    @property
    def outcomes(self) -> list[str]:
        """What became of each row."""
        return [line.outcome for line in self.lines]

    @property
    def codes(self) -> list[str]:
        """Why each row was refused; "" for one that was not."""
        return [line.code for line in self.lines]


class OnSite:
    """A corner of a site, and a place to make runs on it."""

    def __init__(self, folder: Path, *, moodle: bool, companion: bool) -> None:
        # A little late, so that what begins now has begun for every site: Moodle rounds its clock to look at dates.
        self.shop = Workshop(folder, clock=datetime.now(PARIS) - timedelta(minutes=10), companion=companion)
        self.moodle = moodle
        whole = _moodle(folder) if moodle else self.shop.site
        self.target: Target = whole if companion else CoreAlone(whole)
        self._whole = whole
        self.mark = f"t{uuid4().hex[:12]}"
        self.shop.place = replace(self.shop.place, target=self.target, roles=USUAL_ROLES)
        self._last: tuple[RowTool, bytes] | None = None

    @property
    def functions(self) -> frozenset[str]:
        """The web-service functions that the site tells of."""
        return frozenset(one["name"] for one in self.call(SITE_INFO)["functions"])

    @property
    def has_companion(self) -> bool:
        """Whether any function of the companion plugin is there."""
        return any(name.startswith(COMPANION) for name in self.functions)

    @property
    def whole(self) -> Target:
        """The site with all its functions, whatever the runs are to make do with."""
        return self._whole

    def call(self, function: str, **parameters: Any) -> Any:
        """Call a web-service function."""
        return self.target.call(function, parameters)

    def run(self, tool: RowTool, header: str, *rows: str, **how: Any) -> Run:
        """Run a file of these lines to its end; one that is held is an error: see `NO_LIMITS`."""
        return self.run_bytes(tool, "\n".join([header, *rows, ""]).encode(), **how)

    def run_bytes(self, tool: RowTool, content: bytes, **how: Any) -> Run:
        """Run a file of these bytes."""
        self._last = tool, content
        record = self.shop.make(tool, content, FILE, **how)
        report = self.shop.report(record)
        assert record.state is RunState.DONE, f"the run ended as {record.state}: {record.reason}; {report}"
        (self.shop.repository.folder / FILE).unlink(missing_ok=True)
        return Run(record, self.shop_lines(record), list(report.get("notes", ())))

    def run_again(self, **how: Any) -> Run:
        """Run the last file once more, by the same tool."""
        assert self._last
        return self.run_bytes(*self._last, **how)

    def shop_lines(self, record: RunRecord) -> list[Line]:
        """What the report of the rows says, row by row."""
        name = record.report.removesuffix(".txt") + ".rows.csv"
        return rows_of((self.shop.repository.folder / "reports" / name).read_bytes().decode())

    # What is on the site

    def users(self, *names: str, field: str = "username") -> list[dict[str, Any]]:
        """The accounts of these names, `mark` put before each, as core tells of them; who is missing is left out."""
        found = self._whole.call(
            "core_user_get_users_by_field", {"field": field, "values": [f"{self.mark}{name}" for name in names]}
        )
        order = {f"{self.mark}{name}": place for place, name in enumerate(names)}
        return sorted(found, key=lambda user: order.get(user[field], 0))

    def user(self, name: str) -> dict[str, Any]:
        """The one account of this name, `mark` put before it."""
        (found,) = self.users(name)
        return found

    def make_users(self, *names: str, **fields: Any) -> list[int]:
        """Make accounts `mark` + name, without a run, and return their ids; the idnumber is the same as the name."""
        items = [
            {
                "username": f"{self.mark}{name}",
                "firstname": "Ana",
                "lastname": name.strip(".") or "x",
                "email": f"{self.mark}{name}@example.org",
                "idnumber": f"{self.mark}{name}",
                "password": "Rehearse-1",
            }
            | fields
            for name in names
        ]
        return [made["id"] for made in self._whole.call("core_user_create_users", {"users": items})]

    def make_courses(self, *names: str, **fields: Any) -> list[int]:
        """Make courses of the shortnames `mark` + name in the first category, and return their ids."""
        items = [
            {"fullname": f"{self.mark}{name}", "shortname": f"{self.mark}{name}", "categoryid": 1} | fields
            for name in names
        ]
        return [made["id"] for made in self._whole.call("core_course_create_courses", {"courses": items})]

    def make_cohorts(self, *names: str) -> list[int]:
        """Make system cohorts of the names and idnumbers `mark` + name, and return their ids."""
        system = {"type": "system", "value": ""}
        items = [
            {"categorytype": system, "name": f"{self.mark}{name}", "idnumber": f"{self.mark}{name}"} for name in names
        ]
        return [made["id"] for made in self._whole.call("core_cohort_create_cohorts", {"cohorts": items})]

    def enrolled(self, courseid: int) -> dict[str, dict[str, Any]]:
        """Who is enrolled in a course, by username without the mark, with their roles and groups."""
        answer = self._whole.call("core_enrol_get_enrolled_users", {"courseid": courseid})
        return {one["username"].removeprefix(self.mark): one for one in answer}

    def leave(self) -> None:
        """Take away what the test made, if others use the site too."""
        if self.moodle:
            for part in (self._users, self._courses, self._cohorts, self._categories):
                with suppress(ItemRefused, SiteRefused):
                    part()
            self._whole.close()
        self.shop.close()

    def _users(self) -> None:
        found = self._whole.call("core_user_get_users", {"criteria": [{"key": "email", "value": f"{self.mark}%"}]})
        self._take_away("core_user_delete_users", "userids", [user["id"] for user in found["users"]])

    def _courses(self) -> None:
        found = self._whole.call("core_course_get_courses", {})
        ids = [course["id"] for course in found if course["shortname"].startswith(self.mark)]
        self._take_away("core_course_delete_courses", "courseids", ids)

    def _cohorts(self) -> None:
        found = self._whole.call("core_cohort_get_cohorts", {})
        ids = [cohort["id"] for cohort in found if self.mark in (cohort["name"] + cohort["idnumber"])]
        self._take_away("core_cohort_delete_cohorts", "cohortids", ids)

    def _categories(self) -> None:
        found = self._whole.call("core_course_get_categories", {})
        mine = [one for one in found if self.mark in (one["name"] + (one["idnumber"] or ""))]
        tops = [one["id"] for one in mine if one["parent"] not in {other["id"] for other in mine}]
        for top in tops:
            with suppress(ItemRefused):
                self._whole.call("core_course_delete_categories", {"categories": [{"id": top, "recursive": 1}]})

    def _take_away(self, function: str, parameter: str, ids: list[int]) -> None:
        if ids:
            self._whole.call(function, {parameter: ids})


def rows_of(report: str) -> list[Line]:
    """The lines of a report of rows."""
    return [
        Line(row["outcome"], row["code"], row["reason"], row["column"], row["notes"])
        for row in csv.DictReader(StringIO(report, newline=""))
    ]


def _moodle(folder: Path) -> Target:
    token_file = folder / "token"
    token_file.touch(mode=0o600)
    token_file.write_text(os.environ["SYNCD_TEST_MOODLE_TOKEN"])
    url = os.environ["SYNCD_TEST_MOODLE_URL"]
    return RestSettings.model_validate({"url": url, "token_file": token_file}).open(folder)
