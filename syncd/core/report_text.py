"""The report of a run for people: plain text of at most 100 columns, where values allow it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from textwrap import TextWrapper

from syncd.core.instants import elapsed
from syncd.core.model import Outcome, Refusal, RunState
from syncd.core.names import shown
from syncd.core.report import Listed, Noteworthy, Report, advice, headline

_WIDTH = 100
_INDENT = "  "
_LONGEST_VALUE = 300


def text(report: Report, rows: Noteworthy) -> Iterator[str]:
    """The report in lines, each with its line end; `rows` are those that it lists.

    Whatever comes from outside is shown escaped, so that no value can break a line or steer a terminal.
    """
    for line in _lines(report, rows):
        yield line.rstrip() + "\n"


def _lines(report: Report, rows: Noteworthy) -> Iterator[str]:
    yield from _wrapped(headline(report))
    yield ""
    yield from _facts(report)
    yield from _why(report)
    if report.counts:
        yield from _table("What it would have done" if report.simulated else "What it did", report.counts)
    elif report.planned:
        yield from _table("What is planned" if report.state is RunState.HELD else "What was planned", report.planned)
    yield from _what_to_do(report)
    if report.notes:
        yield from _section("Notes", report.notes)
    yield from _listed("Rows to look at", rows.refused, report)
    yield from _listed(f"Deferred rows ({rows.deferred.all:,})", rows.deferred, report)
    yield from _listed("What was found", rows.told, report)
    if report.output:
        yield from _section("What the program wrote")
        yield from (f"{_INDENT}| {shown(line)}" for line in report.output.splitlines())


def _facts(report: Report) -> Iterator[str]:
    seconds = elapsed(report.started, report.ended)
    facts = {
        "Run": f"{report.run} of the tool {shown(report.tool)}" + (" (simulated)" if report.simulated else ""),
        "Approved": f"by {shown(report.approved_by)}" if report.approved_by else "",
        "Arrived": _when(report.arrived) if report.arrived else "",
        "Started": _when(report.started),
        "Ended": f"{_when(report.ended)}, after {seconds:,.1f} s",
        "File": f"{shown(report.file)}, {report.size:,} bytes",
        "SHA-256": report.sha256,
        "Archive": shown(report.archive),
        "Tryback": shown(report.tryback),
        "Deferred": shown(report.deferred),
    }
    yield from (f"{name:9}{value}" for name, value in facts.items() if value)


def _when(moment: datetime) -> str:
    zone = moment.tzname() or ""
    offset = moment.isoformat(timespec="seconds")[19:]
    return f"{moment:%Y-%m-%d %H:%M:%S} {offset}" + (f" ({zone})" if zone.isalpha() else "")


def _why(report: Report) -> Iterator[str]:
    if report.breaches:
        yield from _section(
            "Why it is held" if report.state is RunState.HELD else "Limits that it passes", report.breaches
        )
    if report.refusal:
        where = f" (line {report.refusal_line})" if report.refusal_line else ""
        yield from _section(f"Why{where}")
        yield from _reason(report.refusal)


def _table(title: str, counts: Mapping[Outcome, int]) -> Iterator[str]:
    yield from _section(f"{title} (rows)")
    numbers = {outcome.value: counts.get(outcome, 0) for outcome in Outcome}
    numbers["in all"] = sum(numbers.values())
    width = len(f"{numbers['in all']:,}")
    yield from (f"{_INDENT}{name:12}{number:>{width},}" for name, number in numbers.items())


def _what_to_do(report: Report) -> Iterator[str]:
    if sentence := advice(report):
        yield from _section("What to do", [sentence])
    if report.state is RunState.HELD:
        yield f"{_INDENT * 2}syncd approve {report.run}"
        yield f"{_INDENT * 2}syncd reject {report.run}"


def _listed(title: str, listed: Listed, report: Report) -> Iterator[str]:
    if listed.all:
        yield from _section(title)
    for place, result in enumerate(listed.rows):
        if place:
            yield ""
        column = f", column {shown(result.refusal.column)}" if result.refusal and result.refusal.column else ""
        subject = f": {shown(result.subject)}" if result.subject else ""
        yield f"{_INDENT}Line {result.line}{column}, {result.outcome}{subject}"
        if result.refusal:
            yield from _reason(result.refusal)
        for note in result.notes:
            yield from _entry("note", note)
    if listed.more:
        if listed.rows:
            yield ""
        where = f": see {report.rows}" if report.rows else ""
        yield from _wrapped(f"{'and ' if listed.rows else ''}{listed.more:,} more{where}", _INDENT)


def _reason(refusal: Refusal) -> Iterator[str]:
    yield from _entry("reason", f"{refusal.reason} [{refusal.code}]")
    if refusal.value:
        yield from _entry("found", _clipped(refusal.value))
    if refusal.cure:
        yield from _entry("to do", refusal.cure)


def _entry(name: str, value: str) -> list[str]:
    return _wrapped(value, f"{_INDENT * 2}{name:8}")


def _clipped(value: str) -> str:
    if len(value) <= _LONGEST_VALUE:
        return value
    return f"{value[:_LONGEST_VALUE]} ... ({len(value):,} characters)"


def _section(title: str, sentences: Iterable[str] = ()) -> Iterator[str]:
    yield ""
    yield title
    for sentence in sentences:
        yield from _wrapped(sentence, _INDENT)


def _wrapped(sentence: str, before: str = "") -> list[str]:
    # Names and addresses stay whole, to be copied, even where they pass the width.
    wrapper = TextWrapper(
        _WIDTH,
        initial_indent=before,
        subsequent_indent=" " * len(before),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapper.wrap(shown(sentence))
