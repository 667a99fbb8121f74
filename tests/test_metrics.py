"""What syncd counts, and what reads it: alert rules, dashboard, handbook."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from syncd.core.model import Outcome, RunState
from syncd.core.snapshot import Snapshot, ToolSnapshot
from syncd.metrics import Metrics

ROOT = Path(__file__).parent.parent
RULES = ROOT / "packaging/prometheus/syncd.rules.yml"
DASHBOARD = ROOT / "packaging/grafana/syncd.json"
HANDBOOK = ROOT / "docs/METRICS.md"
OF_HISTOGRAMS = ("_bucket", "_sum", "_count")


LATE = {("file.late", "users"): 1}


@pytest.fixture
def metrics() -> Metrics:
    """The numbers of a syncd with one tool."""
    metrics = Metrics("campus", "1.2.3", 1000.0)
    metrics.stands(
        Snapshot(
            2000.0, {"users": ToolSnapshot(waiting=2, oldest=60.0, last_success=1500.0)}, alarms=LATE, watch_delay=0.004
        )
    )
    metrics.called("core_user_create_users", 0.2, answered=True)
    return metrics


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """One number."""
    return metrics.registry.get_sample_value(f"syncd_{name}", {"site": "campus", **labels})


def names(metrics: Metrics) -> set[str]:
    """Every number that there is, by its name."""
    return {sample.name for family in parsed(metrics.text().decode()) for sample in family.samples}


def used(text: str) -> set[str]:
    """The numbers that a text is about."""
    return set(re.findall(r"\bsyncd_[a-z_]+", text))


def test_arrivals_are_counted_with_their_bytes(metrics: Metrics) -> None:
    """Two files, two sizes."""
    metrics.arrived([10, 32])
    assert value(metrics, "arrivals_total") == 2
    assert value(metrics, "arrived_bytes_total") == 42


def test_a_paused_and_a_frozen_tool_are_told_apart(metrics: Metrics) -> None:
    """An alert that misses runs is silent in a freeze, and not in a pause that somebody forgot."""
    tools = {"one": ToolSnapshot(paused=True), "other": ToolSnapshot(frozen=True)}
    metrics.stands(Snapshot(3000.0, tools))
    told = {tool: [value(metrics, f"tool_{how}", tool=tool) for how in ("paused", "frozen")] for tool in tools}
    assert told == {"one": [1, 0], "other": [0, 1]}


def test_a_run_counts_by_its_result_and_its_rows_by_outcome(metrics: Metrics) -> None:
    """What a run did is in four numbers."""
    metrics.ended("users", RunState.DONE, {Outcome.CREATED: 3, Outcome.REJECTED: 1}, 4.0)
    assert value(metrics, "runs_total", tool="users", result="done") == 1
    assert value(metrics, "rows_total", tool="users", outcome="created") == 3
    assert value(metrics, "rows_total", tool="users", outcome="rejected") == 1
    assert value(metrics, "run_duration_seconds_bucket", tool="users", le="5.0") == 1
    assert value(metrics, "run_duration_seconds_bucket", tool="users", le="1.0") == 0


@pytest.mark.parametrize("result", [RunState.HELD, RunState.REJECTED, RunState.INTERRUPTED])
def test_rows_that_were_only_planned_do_not_count(metrics: Metrics, result: RunState) -> None:
    """They would count twice once they are carried out."""
    metrics.ended("users", result, {Outcome.DELETED: 300}, 1.0)
    assert value(metrics, "runs_total", tool="users", result=str(result)) == 1
    assert value(metrics, "rows_total", tool="users", outcome="deleted") == 0


def test_a_call_counts_by_its_function(metrics: Metrics) -> None:
    """How long it took, and whether the site answered."""
    metrics.called("core_user_create_users", 3.0, answered=True)
    metrics.called("core_user_get_users_by_field", 60.0, answered=False)
    creating = {"function": "core_user_create_users"}
    assert value(metrics, "call_duration_seconds_bucket", le="0.25", **creating) == 1
    assert value(metrics, "call_duration_seconds_count", **creating) == 2
    assert value(metrics, "calls_unanswered_total") == 1


def test_what_was_never_counted_is_nought(metrics: Metrics) -> None:
    """Prometheus sees no increase in a number that was not there before."""
    assert value(metrics, "runs_total", tool="users", result="failed") == 0
    assert value(metrics, "runs_broken_off_total", tool="users") == 0
    assert value(metrics, "arrivals_total") == 0


def test_an_alarm_that_is_over_counts_nought(metrics: Metrics) -> None:
    """So that Prometheus sees its end; the watch's delay stays what it was when it was last tried."""
    assert value(metrics, "alarm", alarm="file.late", tool="users") == 1
    metrics.stands(Snapshot(2060.0, {}))
    assert value(metrics, "alarm", alarm="file.late", tool="users") == 0
    assert value(metrics, "watch_delay_seconds") == 0.004


def test_a_tool_that_is_gone_is_shown_no_longer(metrics: Metrics) -> None:
    """Nobody is called for what no longer is; what it did stays counted."""
    metrics.stands(Snapshot(3000.0, {"courses": ToolSnapshot()}))
    assert value(metrics, "last_success_timestamp_seconds", tool="users") is None
    assert value(metrics, "waiting_files", tool="users") is None
    assert value(metrics, "waiting_files", tool="courses") == 0
    assert value(metrics, "runs_total", tool="users", result="done") == 0
    assert value(metrics, "told_timestamp_seconds") == 3000.0


def test_no_two_syncds_share_numbers() -> None:
    """There is no registry of the whole process."""
    one, other = Metrics("campus", "1", 0.0), Metrics("campus", "1", 0.0)
    one.arrived([1])
    assert value(other, "arrivals_total") == 0


def test_no_number_says_when_it_was_made(metrics: Metrics) -> None:
    """The library would add one to each counter."""
    assert not [name for name in names(metrics) if name.endswith("_created")]


def test_the_handbook_explains_every_number(metrics: Metrics) -> None:
    """And no other."""
    explained = set(re.findall(r"^\| `(syncd_[a-z_]+)` \|", HANDBOOK.read_text(), re.MULTILINE))
    histograms = {"syncd_run_duration_seconds", "syncd_call_duration_seconds"}
    parts = {f"{name}{suffix}" for name in histograms for suffix in OF_HISTOGRAMS}
    assert explained == names(metrics) - parts | histograms


@pytest.mark.parametrize("file", [RULES, DASHBOARD], ids=["rules", "dashboard"])
def test_alerts_and_dashboard_ask_for_numbers_that_there_are(metrics: Metrics, file: Path) -> None:
    """A slip in a name would be an alert that never comes."""
    assert used(file.read_text()) - names(metrics) == set()


def test_alerts_ask_for_results_and_outcomes_that_there_are() -> None:
    """A word that no label has is never found."""
    words = {str(one) for one in [*RunState, *Outcome]}
    asked = re.findall(r'(?:result|outcome)=~?"([a-z|]+)"', RULES.read_text())
    assert asked
    assert {word for one in asked for word in one.split("|")} <= words


def test_panels_of_the_dashboard_lie_side_by_side() -> None:
    """Each has an id and a place of its own, in 24 columns."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len({panel["id"] for panel in panels}) == len(places) == len(panels)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


@pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool (Debian: prometheus)")
class TestPromtool:
    """What Prometheus itself says."""

    def test_it_takes_the_rules(self) -> None:
        """Every expression can be read."""
        check = subprocess.run(["promtool", "check", "rules", str(RULES)], capture_output=True, text=True, check=False)
        assert check.returncode == 0, check.stdout + check.stderr

    def test_it_has_nothing_to_say_of_the_numbers(self, metrics: Metrics) -> None:
        """Names, units and help are as Prometheus's own conventions have them."""
        check = subprocess.run(["promtool", "check", "metrics"], input=metrics.text(), capture_output=True, check=False)
        assert check.returncode == 0, check.stdout + check.stderr
