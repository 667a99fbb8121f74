"""What syncd finds out of a site before anything is run there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from syncd.core.functions import BUNDLE, SITE_INFO
from syncd.core.probes import EXACT, PROBES
from syncd.errors import ItemRefused, SiteRefused, SiteUnreachable, TooMuch
from syncd.run.examining import Findings, examine
from syncd.targets.sandbox import SandboxSettings
from syncd.tools.base import Tool
from syncd.tools.cohort_courses import CohortCoursesTool
from syncd.tools.courses import CoursesTool
from syncd.tools.group_members import GroupMembersTool
from syncd.tools.metas import MetasTool
from tests.run.workshop import program, users

CAPABILITIES = {"moodle/user:create", "moodle/user:viewalldetails", "moodle/user:viewhiddendetails"}


class Lacking:
    """A site that lacks some things which the practice site has."""

    def __init__(self, folder: Path, *lacks: str, told: Mapping[str, Any] | None = None, most: int = 10_000) -> None:
        self.site = SandboxSettings().open(folder)
        self.lacks = set(lacks)
        self.told = {"userissiteadmin": False} | dict(told or {})
        self.most = most
        self.refusals: dict[str, Exception] = {}
        self.answers: dict[str, Any] = {}
        self.now = 0.0

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Answer, unless something else was said to happen."""
        self.now += 0.1
        if error := self.refusals.get(function):
            raise error
        if len(parameters.get("values", ())) > self.most:
            raise TooMuch("too many variables")
        if function in self.answers:
            return self.answers[function]
        answer = self.site.call(function, parameters)
        if function == SITE_INFO:
            answer["functions"] = [one for one in answer["functions"] if one["name"] not in self.lacks]
            answer |= self.told
        return answer

    def close(self) -> None:
        """Close the practice site."""
        self.site.close()


def found(site: Lacking, tools: Mapping[str, Tool] | None = None) -> Findings:
    """What is found for a users tool."""
    try:
        return examine(site, tools or {"users": users()}, lambda: site.now)
    finally:
        site.close()


def states(findings: Findings) -> dict[str, str]:
    """The state of everything, by its name."""
    return {one.name: one.state for one in findings.findings}


def whys(findings: Findings) -> dict[str, str]:
    """What is said of everything."""
    return {one.name: one.why for one in findings.findings}


def test_a_site_that_has_all_is_found_well(tmp_path: Path) -> None:
    """The practice site has."""
    findings = found(Lacking(tmp_path))
    assert findings.error is None
    assert findings.missing == ()
    assert {one.state for one in findings.findings if one.topic != "companion"} == {"ok"}
    assert whys(findings)["time of an answer"] == "100 ms"
    assert states(findings).keys() >= CAPABILITIES


def test_nothing_is_changed(tmp_path: Path) -> None:
    """Not one account is made, changed or deleted."""
    found(Lacking(tmp_path, EXACT))
    site = SandboxSettings().open(tmp_path)
    assert len(site.call("core_user_get_users", {"criteria": [{"key": "email", "value": "%"}]})["users"]) == 2
    site.close()


def test_a_function_that_a_tool_needs_is_missing_and_the_tool_named(tmp_path: Path) -> None:
    """One that it would only use is optional; a tool that runs a program needs none."""
    tools = {"accounts": users(), "cli": program("true")}
    findings = found(Lacking(tmp_path, "core_user_delete_users", BUNDLE, "local_syncd_get_users"), tools)
    assert [one.name for one in findings.missing] == ["core_user_delete_users"]
    assert whys(findings)["core_user_delete_users"] == "the tool accounts can't do without it"
    assert states(findings)[BUNDLE] == states(findings)["local_syncd_get_users"] == "optional"


def test_a_function_that_one_tool_needs_and_another_would_use_is_found_once(tmp_path: Path) -> None:
    """As missing: it is no help to be told besides that something would be faster with it."""
    rooms = CohortCoursesTool.model_validate({"file": "erp/rooms.csv"})
    links = MetasTool.model_validate({"file": "erp/metas.csv"})
    findings = found(Lacking(tmp_path, "local_syncd_get_enrol_methods"), {"links": links, "rooms": rooms}).findings
    assert [one.state for one in findings if one.name == "local_syncd_get_enrol_methods"] == ["missing"]
    names = [one.name for one in findings if one.topic in {"function", "companion"}]
    assert len(names) == len(set(names))


def test_what_the_settings_switch_on_is_needed(tmp_path: Path) -> None:
    """A tool that is to delete courses, copy templates or clear away groups can't do so without their functions."""
    about = {"file": "erp/courses.csv"}
    lacking = {"core_course_delete_courses", "core_course_import_course", "core_group_delete_groups"}
    silent = {"a": CoursesTool.model_validate(about), "b": GroupMembersTool.model_validate(about)}
    assert found(Lacking(tmp_path, *lacking), silent).missing == ()
    outspoken = {
        "a": CoursesTool.model_validate(about | {"allow_delete": True, "template_mode": "add"}),
        "b": GroupMembersTool.model_validate(about | {"purge_empty": "groups"}),
    }
    findings = found(Lacking(tmp_path, *lacking), outspoken)
    assert {one.name for one in findings.missing} == lacking


def test_a_capability_that_the_companion_denies_is_missing(tmp_path: Path) -> None:
    """It tells exactly; one that this Moodle has not is not asked for."""
    site = Lacking(tmp_path)
    site.answers[EXACT] = [
        {"capability": "moodle/user:create", "exists": True, "allowed": False},
        {"capability": "moodle/user:delete", "exists": False, "allowed": False},
    ]
    findings = states(found(site))
    assert (findings["moodle/user:create"], findings["moodle/user:delete"]) == ("missing", "ok")
    assert findings["moodle/user:update"] == "unseen"


def test_without_the_companion_harmless_calls_show_some_capabilities(tmp_path: Path) -> None:
    """And of the others it is said that nobody can see them."""
    findings = states(found(Lacking(tmp_path, EXACT)))
    assert findings["moodle/user:create"] == findings["moodle/user:viewalldetails"] == "ok"
    assert findings["moodle/user:viewhiddendetails"] == "unseen"
    without_bundles = states(found(Lacking(tmp_path, EXACT, BUNDLE)))
    assert without_bundles["moodle/user:create"] == "unseen"
    assert without_bundles["moodle/user:viewalldetails"] == "ok"


@pytest.mark.parametrize(("code", "state"), [("nopermissions", "missing"), ("", "ok"), ("dmlreadexception", "unseen")])
def test_what_a_harmless_call_is_answered_shows_the_capability(tmp_path: Path, code: str, state: str) -> None:
    """Refused for want of it, it is missing; refused for something else, nothing is known."""
    site = Lacking(tmp_path, EXACT)
    refused = {"error": True, "exception": f'{{"errorcode": "{code}"}}'}
    site.answers[BUNDLE] = {"responses": [refused if code else {"error": False, "data": "[]"}]}
    assert states(found(site))["moodle/user:create"] == state


@pytest.mark.parametrize(
    ("error", "state"), [(SiteRefused("no"), "missing"), (ItemRefused("dmlreadexception", "no"), "unseen")]
)
def test_a_look_up_that_is_refused_shows_it_too(tmp_path: Path, error: Exception, state: str) -> None:
    """The same of calls that are made by themselves."""
    site = Lacking(tmp_path, EXACT)
    look_up = next(probe.call.function for probe in PROBES if probe.capability == "moodle/user:viewdetails")
    site.refusals[look_up] = error
    site.lacks.add(look_up)  # so that it is not what the size of requests is tried with
    findings = examine(site, {"users": users()})
    assert "moodle/user:viewdetails" in states(findings)
    site.lacks.clear()


def test_an_answer_that_hides_things_shows_it(tmp_path: Path) -> None:
    """Who may not see an account's details gets an answer without them."""
    site = Lacking(tmp_path, EXACT)
    site.answers["core_user_get_users_by_field"] = [{"id": 1, "fullname": "Guest"}]
    findings = states(found(site))
    assert (findings["moodle/user:viewdetails"], findings["moodle/user:viewalldetails"]) == ("ok", "missing")


def test_an_administrators_token_is_too_much(tmp_path: Path) -> None:
    """It may do anything, which is said as a warning."""
    findings = found(Lacking(tmp_path, EXACT, told={"userissiteadmin": True}))
    assert {one.state for one in findings.findings if one.topic == "capability"} == {"ok"}
    assert [one.state for one in findings.findings if one.topic == "token"] == ["warning"]


@pytest.mark.parametrize(("most", "state"), [(10_000, "ok"), (2_500, "warning"), (995, "warning"), (100, "missing")])
def test_how_much_a_request_may_hold_is_tried(tmp_path: Path, most: int, state: str) -> None:
    """By look-ups that find nobody; where PHP takes too little it is said what to set."""
    assert states(found(Lacking(tmp_path, most=most)))["variables in a request"] == state


def test_an_old_moodle_is_warned_of(tmp_path: Path) -> None:
    """It may work, and nobody has tried."""
    findings = states(found(Lacking(tmp_path, told={"version": "2020061500.00", "release": "3.9"})))
    assert findings["Moodle 3.9"] == "warning"


@pytest.mark.parametrize(
    ("error", "topic", "state", "code"),
    [(SiteUnreachable("away"), "site", "unreachable", 6), (SiteRefused("bad token"), "token", "missing", 1)],
)
def test_a_site_that_does_not_serve_is_the_only_finding(
    tmp_path: Path, error: Exception, topic: str, state: str, code: int
) -> None:
    """Nothing else can be found out."""
    site = Lacking(tmp_path)
    site.refusals[SITE_INFO] = error
    findings = found(site)
    assert [(one.topic, one.state, one.why) for one in findings.findings] == [(topic, state, str(error))]
    assert findings.error and findings.error.exit_code == code
