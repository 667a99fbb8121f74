"""The report of a run for programs: JSON as `report.schema.json` describes it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from syncd.core.model import Outcome, Refusal, Result
from syncd.core.report import Noteworthy, Report, advice, headline

SCHEMA = 1
"""The version of the format; it grows when a reader of the last version would be misled."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def json_text(report: Report, rows: Noteworthy) -> Iterator[str]:
    """The report in pieces, each row that it lists on a line of its own."""
    more = {"refused": rows.refused.more, "deferred": rows.deferred.more, "told": rows.told.more}
    head = json.dumps(_head(report) | {"more": more}, ensure_ascii=False, indent=2)
    yield _sound(head.removesuffix("\n}"))
    yield from _rows("refused", [*rows.refused.rows, *rows.deferred.rows])
    yield from _rows("told", rows.told.rows)
    yield "\n}\n"


def _rows(key: str, rows: Sequence[Result]) -> Iterator[str]:
    yield f',\n  "{key}": ['
    for place, result in enumerate(rows):
        yield _sound(f"{',' if place else ''}\n    {json.dumps(_row(result), ensure_ascii=False)}")
    yield "\n  ]" if rows else "]"


def _head(report: Report) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "run": report.run,
        "tool": report.tool,
        "kind": report.kind,
        "site": report.site,
        "state": report.state,
        "simulated": report.simulated,
        "approved_by": report.approved_by or None,
        "headline": headline(report),
        "what_to_do": advice(report),
        "file": {"name": report.file, "size": report.size, "sha256": report.sha256, "arrived": _time(report.arrived)},
        "started": _time(report.started),
        "ended": _time(report.ended),
        "counts": _counts(report.counts),
        "planned": _counts(report.planned),
        "breaches": list(report.breaches),
        "refusal": _refusal(report.refusal),
        "refusal_line": report.refusal_line or None,
        "notes": list(report.notes),
        "archive": report.archive or None,
        "tryback": report.tryback or None,
        "deferred": report.deferred or None,
        "rows": report.rows or None,
        "output": report.output,
    }


def _row(result: Result) -> dict[str, Any]:
    return {
        "line": result.line,
        "outcome": result.outcome,
        "subject": result.subject,
        "refusal": _refusal(result.refusal),
        "notes": list(result.notes),
    }


def _refusal(refusal: Refusal | None) -> dict[str, Any] | None:
    return asdict(refusal) if refusal else None


def _counts(counts: Mapping[Outcome, int]) -> dict[str, int] | None:
    return {outcome.value: counts.get(outcome, 0) for outcome in Outcome} if counts else None


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _sound(text: str) -> str:
    # A name that is not UTF-8 carries lone surrogates, which many JSON readers refuse: the text \udce9 stands for one.
    return _SURROGATE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text)
