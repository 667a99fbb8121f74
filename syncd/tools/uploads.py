"""What Moodle's own upload programs have in common: how they are called, and how what they write becomes results."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, BinaryIO, ClassVar

from pydantic import AfterValidator, field_validator

from syncd.core.guard import Guard
from syncd.core.model import Outcome, Refusal, Row
from syncd.core.rows import TRYBACK_COLUMN, Encoding, Separator, recognise
from syncd.core.settings import Located
from syncd.core.table import CsvTable
from syncd.tools.program import ProgramTool, program, text

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Word:
    """A text that the program writes in the site's language: its name in Moodle's language packs, and in English."""

    name: str
    component: str
    english: str


@dataclass(frozen=True, slots=True)
class Said:
    """What the program said of a record, counted from 1: what became of it, its complaints and its remarks."""

    record: int
    outcome: Outcome
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def refusal(self) -> Refusal | None:
        """Why the row is refused, in whole or in part, if it is."""
        if not self.errors:
            return None
        said = f"Moodle says: {'; '.join(self.errors)}"
        reason = f"a part of the row was carried out, and then: {said}" if self.outcome.applied else said
        return Refusal("site-refused", reason, cure="Correct the row.")


class UploadTool(ProgramTool, ABC):
    """A program of Moodle's own that takes a file of rows and says what became of each."""

    script: ClassVar[str]
    """The program, below the folder of Moodle's code."""
    words: ClassVar[Mapping[str, Word]]
    """What of its output must be understood."""
    columns: ClassVar[frozenset[str]]
    """Columns by which the separator is found; Moodle itself judges the names."""
    delete_column: ClassVar[str]
    name_column: ClassVar[str]

    moodle: Located
    """The folder of the site's Moodle, in which its config.php lies."""
    php: tuple[Annotated[str, AfterValidator(text)], ...] = ("php",)
    """The PHP program, an absolute path or a name on the PATH, with what must stand before and behind it:
    `["runuser", "-u", "www-data", "--", "php"]`."""
    separator: Separator | None = None
    """Between the cells: `auto`, `,`, `;`, `tab` or `:`. Default: as in `[csv]`."""
    encoding: Encoding | None = None
    """How the file is written: `auto`, `utf-8`, `iso-8859-1`, `windows-1252`, `utf-16`. Default: as in `[csv]`."""
    allow_deletes: bool = False
    """Carry out rows that delete what they name."""
    guard: Guard = Guard()
    """Over one of these limits the run is held for a person and the program is not started. What rows change is known
    only afterwards: `changes` counts nothing here but rows that delete."""

    @field_validator("php")
    @classmethod
    def _names_one_program(cls, php: tuple[str, ...]) -> tuple[str, ...]:
        program(php)
        return php

    def table(self, file: BinaryIO, encoding: Encoding, separator: Separator) -> CsvTable:
        """The file as rows; raises `FileRefused`."""
        return CsvTable(recognise(file, encoding, separator, self.columns))

    def deletes(self, row: Row) -> bool:
        """Whether a row asks for what it names to be deleted, and may."""
        return self.allow_deletes and row.cells.get(self.delete_column, "") not in {"", "0"}

    @abstractmethod
    def options(self, file: str) -> list[str]:
        """The program's own options for a file in UTF-8, with commas between its cells."""

    @abstractmethod
    def said(self, lines: Iterable[str], words: Mapping[str, str]) -> Iterator[Said]:
        """What lines of output say of records, in ascending order; `words` are the `words` in the site's language."""


def as_record(row: Row, header: tuple[str, ...]) -> list[str] | Refusal:
    """A row as the cells of a record that Moodle's reader takes, all of them; or why it would not.

    Its reader refuses the whole file for one record that is too short or too long.
    """
    cells = [row.cells.get(name, "") for name in header if name != TRYBACK_COLUMN]
    for name, cell in zip(header, cells, strict=False):
        quoted = any(sign in cell for sign in ',"\n\r')
        if quoted and ('\\"' in cell or cell.endswith("\\")):
            reason = "the cell holds a backslash where Moodle's reader takes it for something else"
            return Refusal("value-wrong", reason, name, cell, "Remove the backslash.")
    return cells


def plain(line: str) -> str:
    """What a line of output says, without HTML."""
    return " ".join(_TAG.sub(" ", line).split())


def pattern(word: str) -> re.Pattern[str]:
    """What finds a text of Moodle's whatever it names: the first thing it names is the group."""
    parts = re.split(r"\{\$a(?:->\w+)?\}", word)
    return re.compile("(.*?)".join(re.escape(part) for part in parts))
