"""What a tool is: the keys that every `[tools.NAME]` has, and what a kind adds to be run.

A new kind is one new file in this package, holding one class with its `kind`; nothing else is to be told of it.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fractions import Fraction
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, BinaryIO, ClassVar, Literal

from pydantic import Field

from syncd.core.agenda import Timers
from syncd.core.alarms import Share
from syncd.core.expected import Times
from syncd.core.guard import Guard
from syncd.core.model import Call, Outcome, Refusal, Row, Site, Step
from syncd.core.names import enumerated
from syncd.core.rows import TRYBACK_COLUMN, Encoding, Separator, recognise
from syncd.core.settings import Settings
from syncd.core.table import CsvTable, Table
from syncd.errors import FileRefused
from syncd.tools.cells import Unfit

_WORD = re.compile(r"[^\W\d][\w ]{0,39}")

TOLD = 10
"""Unknown columns that are named; of more, the number is told."""

Conversation = Generator[Sequence[Call], Sequence[Any], list[Step]]
"""A plan in the making: yields calls that may be asked at once (among them `Work`, which asks no site), is sent their
answers in order, returns steps."""

Afterwards = Generator[Sequence[Call], Sequence[Any], tuple[str, ...]]
"""What is left when every row was carried out: yields calls, which may change the site, and returns remarks."""


class Tool(Settings):
    """The keys of `[tools.NAME]` that every kind has."""

    kind: ClassVar[str]
    rank: ClassVar[int] = 100
    """Of several tools that are due together, the one of the lowest rank runs first: makes come before uses.

    Courses have 10, users 20, cohorts 30, groups 40, enrolments 50; what takes away comes after what makes.
    """
    brings: ClassVar[frozenset[str]] = frozenset()
    """The kinds of things (`user`, `course`, `category`, `cohort`, `group`) that rows of this kind may make."""
    tells: ClassVar[bool] = False
    """Whether what rows find out, or have done, is wanted by people: the report lists their notes."""

    file: str = Field(min_length=1)
    """The command file: a path in the repository, or a pattern (`erp/users*.csv`): then oldest first."""
    timer: Timers = ()
    """When to run: `every 15m`, a five-field cron expression, `on arrival`, or a list of these. Empty: only by hand."""
    after_run: Literal["archive", "keep"] = "archive"
    """`keep`: a permanent command file, archived as a copy and run again at each tick."""
    backlog: Literal["latest", "every"] = "latest"
    """A file that comes while an older one of its name waits: takes its place, or queues behind it."""
    expected: Times = ()
    """By when a file is expected to have come, or it is an alarm: `06:00 Mon-Fri`, or a list of these."""
    smaller_than: Share | None = None
    """A file that is smaller than this share of what is usual, and than each of the last ones, is an alarm; `0%`:
    never. Default: `50%`; with `backlog = "every"`, as the sizes of such files differ, `0%`."""
    order: int | None = None
    """Of tools that are due together, the one with the lowest number runs first. Default: as the kind has it."""

    @property
    def remarkably_small(self) -> Fraction:
        """The share of what is usual, in per cent, below which a file's size is an alarm; 0: none is."""
        if self.smaller_than is not None:
            return self.smaller_than
        return Fraction(50 if self.backlog == "latest" else 0)

    @property
    def turn(self) -> int:
        """When it is this tool's turn, of several that are due together: lower numbers first."""
        return self.rank if self.order is None else self.order


@dataclass(frozen=True, slots=True)
class Wish:
    """What a row asks for, checked as far as that goes without the site. Kinds add their own fields."""

    line: int
    subject: str


@dataclass(frozen=True, slots=True)
class Memory:
    """What a plan knows of the site, and what it remembers of the subjects that the file names more than once.

    `again(subject)` tells whether a subject is named by several rows; `known[subject]` is the kind's own picture of it
    as the rows so far will have left it. A kind may keep there, too, what it asks the site only once in a run.
    `completing` tells that an earlier run deferred these rows, and may have carried out a part of them.
    """

    again: Callable[[str], bool]
    known: dict[str, Any] = field(default_factory=dict)
    site: Site = field(default_factory=Site)
    completing: bool = False


class RowTool(Tool, ABC):
    """A kind whose file is read row by row and planned against the site."""

    functions: ClassVar[frozenset[str]] = frozenset()
    """The web-service functions that this kind can't do without."""
    companion: ClassVar[frozenset[str]] = frozenset()
    """Functions of the companion plugin that this kind uses where the site has them."""
    columns: ClassVar[frozenset[str]]
    positional: ClassVar[tuple[str, ...]] = ()
    """The columns of a file without a header, where this kind has such files."""
    column_patterns: ClassVar[tuple[re.Pattern[str], ...]] = ()
    required: ClassVar[frozenset[str]] = frozenset()
    secret: ClassVar[frozenset[str]] = frozenset()
    """Columns whose cells are never shown, kept or logged."""
    separator: Separator | None = None
    """Between the cells: `auto`, `,`, `;`, `tab` or `:`. Default: as in `[csv]`."""
    encoding: Encoding | None = None
    """How the file is written: `auto`, `utf-8`, `iso-8859-1`, `windows-1252`, `utf-16`. Default: as in `[csv]`."""
    unknown_columns: Literal["refuse", "ignore"] = "refuse"
    """A column that this kind does not know: the file is refused, or the column is ignored and said in the report."""
    guard: Guard = Guard()
    """Over one of these limits the run is held for a person and nothing is sent."""

    def table(self, file: BinaryIO, encoding: Encoding, separator: Separator) -> Table:
        """How a file of this kind becomes rows; raises `FileRefused` when nobody can tell.

        Reads the file from here to its end, in flat memory.
        """
        return CsvTable(recognise(file, encoding, separator, self.columns, self.positional))

    def check_header(self, names: Sequence[str], line: int = 1) -> list[str]:
        """Take the header that stands on a line, and return remarks for the report.

        Raises `FileRefused` with the nearest right names.
        """
        missing = sorted(self.required - set(names))
        unknown = [name for name in names if not self._knows(name)]
        if missing:
            raise FileRefused(
                "column-missing",
                f"the header lacks the column{'s' if missing[1:] else ''} {enumerated(missing)}",
                line=line,
                value=self._found(names),
                cure=self._missing_cure(missing, [near for name in unknown[:TOLD] if (near := self._nearest(name))]),
            )
        if unknown and self.unknown_columns == "refuse":
            hints = [
                f"{name} (did you mean {near}?)" if (near := self._nearest(name)) else name for name in unknown[:TOLD]
            ]
            more = f" and {len(unknown) - TOLD} more" if len(unknown) > TOLD else ""
            columns = "columns" if unknown[1:] else "a column"
            raise FileRefused(
                "column-unknown",
                f"the header has {columns} that no file of kind {self.kind} has: {', '.join(hints)}{more}",
                line=line,
                cure='Correct the names, or set unknown_columns = "ignore" for this tool.',
            )
        return [f"the column {name} is not known to {self.kind} files and was ignored" for name in unknown]

    def remarks(self, names: Sequence[str], site: Site) -> list[str]:
        """Remarks for the report on columns of the header that do less on this site than they seem to."""
        return []

    def _knows(self, name: str) -> bool:
        return (
            name in self.columns
            or name == TRYBACK_COLUMN
            or any(pattern.fullmatch(name) for pattern in self.column_patterns)
        )

    def _nearest(self, name: str) -> str:
        return next(iter(get_close_matches(name.lower(), sorted(self.columns), n=1)), "")

    def _found(self, names: Sequence[str]) -> str:
        """The names of a header, of which some are unknown; of what may be a row, no cell that is not a known name.

        Where the header was forgotten the first row stands here, a password perhaps: what has several known names,
        more than unknown ones, and nothing else but words is a header.
        """
        known = [name for name in names if self._knows(name)]
        unknown = [name for name in names if not self._knows(name)]
        if not unknown or len(known) < 2 or len(known) <= len(unknown) or not all(map(_WORD.fullmatch, unknown)):
            return ", ".join(known)
        more = f" and {len(unknown) - TOLD} more" if len(unknown) > TOLD else ""
        return f"{', '.join(known)}; not known: {', '.join(unknown[:TOLD])}{more}"

    def _missing_cure(self, missing: Sequence[str], meant: Sequence[str]) -> str:
        misspelt = ""
        if meant:
            misspelt = (
                f"There are names that look like {enumerated(meant)}: correct them. "
                if meant[1:]
                else f"There is a name that looks like {meant[0]}: correct it. "
            )
        these = "these columns" if missing[1:] else "this column"
        return f"{misspelt}Write a header with {these}, or set the separator if it is split in the wrong places."

    def needed(self, names: Sequence[str] | None = None, offered: Collection[str] = ()) -> frozenset[str]:
        """The web-service functions without which a file with these columns can't be carried out.

        None for the columns: what the settings switch on, as far as that can be told before there is a file. `offered`
        are the functions that the token may call: one of the companion plugin may serve for some of core.
        """
        return self.functions

    @abstractmethod
    def check(self, row: Row) -> Wish | Refusal:
        """What a row wishes, or why it is refused whatever the site says."""

    @abstractmethod
    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Ask the site about some rows, in file order, and return one step for each, in the same order."""

    def afterwards(self, memory: Memory, *, whole: bool) -> Afterwards:
        """Do what can only be done when every row was carried out; returns remarks for the report.

        `memory` is that of the plan. `whole` tells that the plan met every row of the file: none was refused before,
        and none is deferred. A simulation does not come here; a run that is made once more does.
        """
        yield from ()
        return ()


def short_of(step: Step, unfit: Sequence[Unfit], lacks: Mapping[str, str]) -> Step:
    """A step, refused when something of its row can't be had; what can be is carried out all the same.

    `lacks` tells by the code of a refusal what another file may bring. Where it may, that is the reason: the row may
    come again.
    """
    if not unfit:
        return step
    refusal = next((one.refusal for one in unfit if one.refusal.code in lacks), unfit[0].refusal)
    return replace(
        step,
        outcome=Outcome.REJECTED,
        refusal=refusal,
        lacks=lacks.get(refusal.code, ""),
        partly=step.outcome if step.acts else None,
    )


class Kinds(Mapping[str, type[Tool]]):
    """Every kind of tool that this package holds, by its name: `users-delete` lies in the module `users_delete`.

    A kind is loaded when it is looked up, all of them when they are listed: whoever uses three kinds does not wait for
    twenty at each command.
    """

    def __init__(self) -> None:
        from syncd import tools

        self._package = tools.__name__
        self._modules = {module.name.replace("_", "-"): module.name for module in iter_modules(tools.__path__)}

    def __getitem__(self, name: str) -> type[Tool]:
        for found in vars(import_module(f"{self._package}.{self._modules[name]}")).values():
            if isinstance(found, type) and issubclass(found, Tool) and vars(found).get("kind") == name:
                return found
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._modules if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def kinds() -> Kinds:
    """Every kind of tool, by its name."""
    return Kinds()
