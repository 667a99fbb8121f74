"""Examining a site: whether syncd may do there what the configured tools need."""

import statistics
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from syncd.core.bundle import answers, bundle, refusal_code
from syncd.core.capabilities import needed
from syncd.core.findings import Finding, Topic
from syncd.core.functions import BUNDLE, SITE_INFO
from syncd.core.probes import EXACT, PROBES, Probe
from syncd.errors import ItemRefused, SiteRefused, SiteUnreachable, SyncdError, TooMuch
from syncd.targets.base import Target
from syncd.tools.base import RowTool, Tool

SLOW = 1.0
"""Seconds for an answer that holds next to nothing: something is wrong with such a site."""

COMPANION = "local_syncd_"
"""How the companion plugin's functions begin."""

OLDEST = 2022112800
"""Moodle 4.1."""

VARIABLES = (4_500, 2_000, 900)
"""How many variables a request is tried with: what syncd sends at most, and what smaller limits of PHP let through."""


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found; `error` is why no more could be."""

    findings: tuple[Finding, ...]
    error: SyncdError | None = None

    @property
    def missing(self) -> tuple[Finding, ...]:
        """What a tool can't do without."""
        return tuple(finding for finding in self.findings if finding.state == "missing")


def examine(target: Target, tools: Mapping[str, Tool], clock: Callable[[], float] = time.monotonic) -> Findings:
    """Find out what a site lacks. Nothing is changed there."""
    found: list[Finding] = []
    try:
        for finding in _examined(target, tools, clock):
            found.append(finding)
    except SyncdError as error:
        away = isinstance(error, SiteUnreachable)
        found.append(Finding("site" if away else "token", "answer", "unreachable" if away else "missing", str(error)))
        return Findings(tuple(found), error)
    return Findings(tuple(found))


def _examined(target: Target, tools: Mapping[str, Tool], clock: Callable[[], float]) -> Iterator[Finding]:
    began = clock()
    try:
        told = target.call(SITE_INFO, {})
    except ItemRefused as refused:
        raise SiteRefused(f"the site does not say who syncd is there: {refused}") from refused
    took = [clock() - began]
    functions = {str(function["name"]): str(function.get("version", "")) for function in told["functions"]}
    yield from _site(told)
    yield from _token(told, functions)
    for _ in range(2):
        began = clock()
        target.call(SITE_INFO, {})
        took.append(clock() - began)
    yield _speed(statistics.median(took))
    yield from _size(target, functions)
    yield from _companion(functions)
    row_tools = {name: tool for name, tool in tools.items() if isinstance(tool, RowTool)}
    yield from _functions(row_tools, functions)
    yield from _capabilities(target, row_tools, functions, bool(told.get("userissiteadmin")))


def _site(told: Mapping[str, Any]) -> Iterator[Finding]:
    release, version = str(told.get("release", "")), float(told.get("version") or 0)
    name = f"{told.get('sitename', '')} ({told.get('siteurl', '')})"
    yield Finding("site", name, "ok", "web services and REST are on")
    if version < OLDEST:
        yield Finding("site", f"Moodle {release}", "warning", "syncd is made for Moodle 4.1 and later")
    else:
        yield Finding("site", f"Moodle {release}", "ok")


def _token(told: Mapping[str, Any], functions: Mapping[str, str]) -> Iterator[Finding]:
    who = f"{told.get('username', '')} (id {told.get('userid', '')}), {len(functions)} functions"
    if told.get("userissiteadmin"):
        yield Finding("token", who, "warning", "a site administrator may do anything: give syncd a user of its own")
    else:
        yield Finding("token", who, "ok")


def _companion(functions: Mapping[str, str]) -> Iterator[Finding]:
    if version := max((functions[name] for name in functions if name.startswith(COMPANION)), default=""):
        yield Finding("site", f"local_syncd {version}", "ok", "the companion plugin is there")
    else:
        yield Finding(
            "site", "local_syncd", "optional", "the token's service has none of the companion plugin's functions"
        )


def _speed(seconds: float) -> Finding:
    took = f"{seconds * 1000:.0f} ms"
    if seconds > SLOW:
        return Finding("server", "time of an answer", "warning", f"{took}: runs will be slow")
    return Finding("server", "time of an answer", "ok", took)


def _size(target: Target, functions: Mapping[str, str]) -> Iterator[Finding]:
    """How many variables PHP takes; a request that it cuts off is refused, and changes nothing."""
    look_up = "core_user_get_users_by_field"
    if look_up not in functions:
        return
    for most in VARIABLES:
        try:
            target.call(look_up, {"field": "id", "values": [0] * (most - 5)})
        except TooMuch:
            continue
        if most == VARIABLES[0]:
            yield Finding("server", "variables in a request", "ok", f"{most:,} and more")
        else:
            why = f"between {most:,} and {VARIABLES[VARIABLES.index(most) - 1]:,}: raise max_input_vars of PHP to 5000"
            yield Finding("server", "variables in a request", "warning", f"{why}, or set max_variables to less")
        return
    yield Finding("server", "variables in a request", "missing", "raise max_input_vars of PHP to 5000")


def _functions(tools: Mapping[str, RowTool], functions: Mapping[str, str]) -> Iterator[Finding]:
    for function, users in _by_function(_needed(tools, functions)).items():
        topic: Topic = "companion" if function.startswith(COMPANION) else "function"
        if function in functions:
            yield Finding(topic, function, "ok")
        else:
            yield Finding(topic, function, "missing", f"{_them(users)} can't do without it")
    if BUNDLE in functions:
        yield Finding("function", BUNDLE, "ok")
    else:
        yield Finding("function", BUNDLE, "optional", "bad rows are found and courses looked up faster with it")
    needed_by_some = frozenset[str]().union(*(taken for _, taken in _needed(tools, functions)))
    would_use = ((name, tool.companion - needed_by_some) for name, tool in tools.items())
    for function, users in _by_function(would_use).items():
        if function in functions:
            yield Finding("companion", function, "ok")
        else:
            yield Finding("companion", function, "optional", f"{_them(users)} would use it")


def _needed(tools: Mapping[str, RowTool], functions: Collection[str]) -> list[tuple[str, frozenset[str]]]:
    return [(name, tool.needed(offered=functions)) for name, tool in tools.items()]


def _by_function(wanted: Iterable[tuple[str, Iterable[str]]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tool, functions in wanted:
        for function in functions:
            found.setdefault(function, []).append(tool)
    return dict(sorted(found.items()))


def _them(tools: list[str]) -> str:
    return f"the tool{'s' if tools[1:] else ''} {', '.join(tools)}"


def _capabilities(
    target: Target, tools: Mapping[str, RowTool], functions: Mapping[str, str], admin: bool
) -> Iterator[Finding]:
    used = {name for tool in tools.values() for name in _used(tool, functions)}
    capabilities = needed(used)
    if admin:
        yield from (Finding("capability", name, "ok") for name in capabilities)
        return
    allowed = _told(target, capabilities) if EXACT in functions else dict(_probed(target, capabilities, functions))
    for name in capabilities:
        match allowed.get(name):
            case True:
                yield Finding("capability", name, "ok")
            case False:
                yield Finding("capability", name, "missing", "allow it in the role of the token's user")
            case None:
                yield Finding("capability", name, "unseen", "nobody can tell from here: look at the role")


def _used(tool: RowTool, functions: Mapping[str, str]) -> frozenset[str]:
    return tool.needed(offered=functions) | (tool.companion & functions.keys())


def _told(target: Target, capabilities: list[str]) -> dict[str, bool]:
    """As the companion plugin tells; a capability that this Moodle has not is needed by nothing there."""
    answer = target.call(EXACT, {"capabilities": capabilities})
    return {str(one["capability"]): bool(one["allowed"]) or not one["exists"] for one in answer}


def _probed(target: Target, capabilities: list[str], functions: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """As harmless calls show, for those of which any call shows it."""
    yield from ((name, True) for name in capabilities if name.startswith("webservice/"))  # it was used to come here
    for probe in PROBES:
        callable_now = probe.call.function in functions and (not probe.bare or BUNDLE in functions)
        if probe.capability in capabilities and callable_now:
            shown = _shown(target, probe)
            if shown is not None:
                yield probe.capability, shown


def _shown(target: Target, probe: Probe) -> bool | None:
    call = bundle([probe.call]) if probe.bare else probe.call
    try:
        answer = target.call(call.function, call.parameters)
        if not probe.bare:
            return probe.shows(answer)
        if code := refusal_code(answer):
            return False if code in {"nopermissions", "nopermission"} else None
        return probe.shows(answers(answer)[0])
    except SiteRefused:
        return False
    except (ItemRefused, ValueError, LookupError):
        return None
