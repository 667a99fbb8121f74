"""`[[freeze]]`: the periods in which no run starts, as people write them."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated

from pydantic import Field, PlainValidator

from syncd.config.problems import dotted, nearest, shown
from syncd.core.freeze import Freeze
from syncd.core.settings import Settings
from syncd.errors import Problem

_YEARS = range(1970, 9000)
_WRITTEN = 'write a day, such as 2026-12-24, or a time, such as 2026-12-24 18:00 (or "2026-12-24 18:00")'

Moment = date
"""A day, or (a `datetime`, which is a `date` too) a time; one without an offset is meant on the site's clock."""


def _moment(value: object) -> Moment:
    if isinstance(value, str):
        value = _from_text(value.strip())
    if not isinstance(value, date):
        raise ValueError(f"is not a day or a time: {_WRITTEN}")
    if value.year not in _YEARS:
        raise ValueError(f"is out of reach: its year lies between {_YEARS.start} and {_YEARS.stop - 1}")
    return value


def _from_text(text: str) -> Moment | None:
    for kind in (date, datetime):  # a day is a day, not its midnight
        try:
            return kind.fromisoformat(text)
        except ValueError:
            continue
    return None


class FreezeTable(Settings):
    """A period in which no run starts; files are taken in meanwhile, and wait."""

    from_: Annotated[Moment, PlainValidator(_moment)] = Field(alias="from")
    """When it begins: a day (its first moment) or a time, on the site's clock."""
    until: Annotated[Moment, PlainValidator(_moment)]
    """When it ends: a day (to the end of that day) or a time (from which on runs start again), on the site's clock."""
    who: str = Field(min_length=1)
    """Who wants it so: whoever meets it knows whom to ask."""
    why: str = Field(min_length=1)
    """What it is for."""
    tools: tuple[str, ...] = ()
    """The tools that it means. Default: all."""

    def period(self, zone: tzinfo) -> Freeze:
        """The period that is meant on the clock of a zone.

        Of a time that comes twice, a freeze begins with the first and ends with the second.
        """
        until = self.until if isinstance(self.until, datetime) else self.until + timedelta(days=1)
        return Freeze(
            begins=_instants(self.from_, zone)[0],
            ends=_instants(until, zone)[1],
            who=self.who,
            why=self.why,
            tools=self.tools,
        )


def _instants(moment: Moment, zone: tzinfo) -> tuple[datetime, datetime]:
    """The moment twice, where the clock shows it once; a time that is skipped counts on from before the change."""
    there = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
    if there.tzinfo:
        return (there.astimezone(UTC),) * 2
    first, second = (there.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, max(first, second)


def senseless(freezes: Mapping[int, FreezeTable], zone: tzinfo, tools: Collection[str]) -> Iterator[Problem]:
    """What is wrong in freezes, each by its place in the file, that no key can tell by itself."""
    for number, freeze in freezes.items():
        period = freeze.period(zone)
        if period.ends <= period.begins:
            place = dotted("freeze", number, "until")
            yield Problem(place, "must be later than from", shown(str(freeze.until), place))
        for at, tool in enumerate(freeze.tools):
            if tool not in tools:
                place = dotted("freeze", number, "tools", at)
                hint = nearest(tool, tools) or f"There are: {', '.join(tools) or 'none'}."
                yield Problem(place, "is not a tool of these settings", shown(tool, place), hint)
