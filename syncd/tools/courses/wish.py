"""What a row of a courses file asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from syncd.tools.base import Wish
from syncd.tools.lookups.courses import CourseIdentity


@dataclass(frozen=True, slots=True)
class Place:
    """A category as a row names it: by its id or idnumber, or by a path of names from the top."""

    kind: Literal["id", "idnumber", "path"]
    value: tuple[str, ...]
    column: str
    cell: str


@dataclass(frozen=True, slots=True)
class Teacher:
    """Somebody who is to be enrolled with a role; `number` is that of the columns."""

    number: int
    account: str
    role: str


@dataclass(frozen=True, slots=True)
class Section:
    """What a section is to be called, and what is to stand in it; None: left as it is."""

    name: str | None
    summary: str | None


@dataclass(frozen=True, slots=True)
class CourseWish(Wish):
    """A course as a row wishes it: only what its file has columns for.

    `completing`: an earlier run carried out a part of the row.

    `column` and `value` tell which course is meant. Moments without a zone are on the site's clock; None is no end.
    """

    column: CourseIdentity
    value: str
    fields: Mapping[str, str]
    dates: Mapping[str, datetime | None]
    place: Place | None = None
    template: str = ""
    sections: Mapping[int, Section] = field(default_factory=dict)
    teachers: tuple[Teacher, ...] = ()
    methods: Mapping[str, bool] = field(default_factory=dict)
    custom: Mapping[str, str] = field(default_factory=dict)
    rename: str = ""
    delete: bool = False
    notes: tuple[str, ...] = ()
    completing: bool = False
