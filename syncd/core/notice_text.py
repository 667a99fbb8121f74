"""What a notice says: a subject that tells the most, and a text with what happened and what to do."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from textwrap import fill, indent

from syncd.core.notices import EXAMPLES, LEVELS, NAMES, Group

WIDTH = 76
LONGEST_SUBJECT = 120

HEADLINES = {
    "run.held": "{file} held: {reason}",
    "run.ended": "{file} {state}: {reason}",
    "run.failed": "a run of {tool} met a defect",
    "rows.refused": "{rejected} rows of {file} refused",
    "file.late": "{reason}",
    "file.small": "{reason}",
    "run.slow": "{reason}",
    "run.waiting": "{reason}",
    "disk.filling": "{reason}",
    "disk.full": "{reason}",
    "disk.mended": "over: {was}",
    "file.refused": "{file} can't be taken in: {reason}",
    "upload.stuck": "the upload of {file} does not come to its end",
}
"""How one event is told in a subject; others by what the catalog says of them."""

MANY = {
    "run.held": "{count} runs held",
    "run.ended": "{count} runs did not end well",
    "rows.refused": "rows of {count} files refused",
    "file.refused": "{count} files can't be taken in",
    "upload.stuck": "{count} uploads do not come to their end",
}
"""How several are; others with how often they were."""

NOT_FOR_PEOPLE = frozenset({"sha256", "bytes", "report", "took", "obstacle", "looks_every", "tries_every"})

OVER = "It began, and was over before this was sent"
"""What stands over that; there is nothing to be done about it."""

DECISIONS = frozenset({"run.held", "run.waiting"})
"""What waits for a person's word comes before what is only as grave."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an event means in a few words, and what to do about it, paragraph by paragraph."""

    subject: str
    paragraphs: tuple[str, ...] = ()


Explain = Callable[[str], Explanation]


@dataclass(frozen=True, slots=True)
class Letter:
    """A subject without line breaks, and a text."""

    subject: str
    text: str


def notice(groups: Sequence[Group], explain: Explain, *, site: str, zone: tzinfo, ending: str) -> Letter:
    """What people are told of these groups, the gravest first; `ending` says who writes."""
    gravest = sorted(
        groups, key=lambda group: (bool(group.overs), -LEVELS.get(group.level, 0), group.event not in DECISIONS)
    )
    parts = [_part(group, explain, zone) for group in gravest if not group.overs]
    if over := [line for group in gravest if group.overs for line in _over(group, explain, zone)]:
        parts.append("\n".join([OVER, "=" * len(OVER), *over]))
    return Letter(_subject(gravest, explain, site), "\n\n\n".join([*parts, f"-- \n{ending}\n"]))


def _subject(groups: Sequence[Group], explain: Explain, site: str) -> str:
    headline, others = headlined(groups[0], explain), len(groups) - 1
    more = f" (and {others} other {'notice' if others == 1 else 'notices'})" if others else ""
    return f"[{site}] {shortened(headline, LONGEST_SUBJECT - len(more))}{more}"


def headlined(group: Group, explain: Explain) -> str:
    """A group in a line."""
    fields, explanation = group.examples[0] if group.examples else {}, explain(group.event)
    if len(group.overs) == 1:
        return f"over: {_one(HEADLINES.get(group.event, ''), explanation, fields)}"
    if group.overs:
        return f"over: {explanation.subject} ({group.count // 2:,} times)"
    if group.count == 1 and "alarm" in fields:
        return f"over: {_named(explain(fields['alarm']).subject, fields)}"
    if group.count == 1:
        return _one(HEADLINES.get(group.event, ""), explanation, fields)
    if group.event in MANY:
        return MANY[group.event].format(count=f"{group.count:,}")
    return f"{explanation.subject} ({group.count:,} times)"


def _one(headline: str, explanation: Explanation, fields: Mapping[str, str]) -> str:
    # A limit's reason begins with its key, which means nothing in a subject.
    told = {**fields, "reason": re.sub(r"^[a-z_-]+: ", "", fields.get("reason", ""))}
    try:
        return headline.format_map(told).removesuffix(": ") or _named(explanation.subject, fields)
    except KeyError:  # an entry without a field that others have
        return _named(explanation.subject, fields)


def _named(subject: str, fields: Mapping[str, str]) -> str:
    name = next((fields[field] for field in NAMES if field in fields), "")
    return f"{subject}: {name}" if name else subject


def shortened(text: str, longest: int) -> str:
    """A text that is no longer than this; where it was cut, it says so."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _part(group: Group, explain: Explain, zone: tzinfo) -> str:
    title, explanation = fill(_capital(headlined(group, explain)), WIDTH), explain(group.event)
    return "\n\n".join(
        [
            f"{title}\n{'=' * max(map(len, title.splitlines()))}\n{_when(group, zone)}",
            *(_fields(example) for example in group.examples[:EXAMPLES] if example),
            *_rest(group),
            *_advice(explanation, group),
            f"More:\n    {_command(group)}",
        ]
    )


def _over(group: Group, explain: Explain, zone: tzinfo) -> Iterator[str]:
    """What began and ended before it could be told: a line for each."""
    for fields, moment in list(zip(group.examples, group.overs, strict=True))[:EXAMPLES]:
        what = _capital(_one(HEADLINES.get(group.event, ""), explain(group.event), fields))
        line = f"{what} – and was over at {_clock(moment, zone)}"
        yield fill(line, WIDTH, subsequent_indent="    ", break_long_words=False)
    if (rest := group.count // 2 - EXAMPLES) > 0:
        yield f"    … and {rest:,} more."


def _capital(text: str) -> str:
    return text if "." in text.partition(" ")[0] else text[:1].upper() + text[1:]  # a file's name stays as it is


def _when(group: Group, zone: tzinfo) -> str:
    first, last = (_clock(moment, zone) for moment in (group.first, group.last))
    if group.count == 1:
        return first
    return f"{group.count:,} times, {f'from {first} to {last}' if first != last else f'at {first}'}"


def _clock(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%d %B %Y, %H:%M}".removeprefix("0")


def _fields(fields: Mapping[str, str]) -> str:
    lines = (f"{name.replace('_', ' ')}: {value}" for name, value in fields.items() if name not in NOT_FOR_PEOPLE)
    wide = (fill(line, WIDTH, subsequent_indent="    ", break_long_words=False) for line in lines)
    return indent("\n".join(wide), "    ")


def _rest(group: Group) -> Iterator[str]:
    if (rest := group.count - len(group.examples[:EXAMPLES])) > 0:
        yield f"    … and {rest:,} more."


def _advice(explanation: Explanation, group: Group) -> Iterator[str]:
    """What the catalog says; a field stands there as `@SYNCD_RUN@`."""
    fields = (
        {f"@SYNCD_{name.upper()}@": value for name, value in group.examples[0].items()}
        if group.count == len(group.examples) == 1
        else {}
    )
    for paragraph in explanation.paragraphs:
        text = re.sub("@SYNCD_([A-Z_]+)@", lambda field: fields.get(field[0], field[1]), paragraph)
        yield text if text.startswith(" ") else fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _command(group: Group) -> str:
    if group.count == len(group.examples) == 1 and (run := group.examples[0].get("run")):
        return f"journalctl -t syncd -x SYNCD_RUN={run}"
    since = int(group.first.timestamp())
    return f"journalctl -t syncd -x SYNCD_EVENT={group.event} --since=@{since}"
