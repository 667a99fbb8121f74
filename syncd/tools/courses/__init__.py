"""The kind `courses`: courses made and changed, row by row."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, TypeVar, cast

from syncd.core.model import Refusal, Row
from syncd.core.tryback import PARTLY, TRYBACK_COLUMN
from syncd.tools.base import Conversation, Memory, Wish
from syncd.tools.cells import YES_OR_NO, Unfit, moment, raw, text, yes_or_no
from syncd.tools.course_list import READERS
from syncd.tools.courses.asking import DELETE, FOR_COPIES
from syncd.tools.courses.columns import (
    CUSTOM_FIELD,
    CUSTOM_FIELDS,
    DATES,
    FIELDS,
    LEFT_OUT,
    TEACHER,
    TOPIC,
    UPLOADCOURSE,
)
from syncd.tools.courses.plan import COMPANION, FUNCTIONS, planned
from syncd.tools.courses.settings import CourseSettings
from syncd.tools.courses.wish import CourseWish, Place, Section, Teacher
from syncd.tools.lookups.categories import path_of
from syncd.tools.lookups.courses import CourseIdentity, folded

_METHODS = ("guest", "self")
_TEMPLATES = ("template", "templatecourse")
_PLACES = ("category", "category_idnumber", "category_path")
_PATH_OF_MOODLE = " / "
"""What stands between the names of a path in Moodle's own upload."""

Value = TypeVar("Value")

_text = raw(1_000_000)
_section_name = text(255)


class CoursesTool(CourseSettings):
    """A file of courses, with the columns of the plugin's courses file and of Moodle's own upload.

    Only columns that the file has are touched, and only what differs is sent. An empty cell clears an idnumber or a
    summary, and leaves any other field as it is.
    """

    kind = "courses"
    rank: ClassVar[int] = 10
    brings: ClassVar[frozenset[str]] = frozenset({"course", "category"})
    columns = frozenset(
        {"id", "rename", "delete", "backupfile", *FIELDS, *DATES, *_PLACES, *_TEMPLATES, *_METHODS, *LEFT_OUT}
    )
    column_patterns = (TOPIC, TEACHER, CUSTOM_FIELDS, UPLOADCOURSE)
    required: ClassVar[frozenset[str]] = frozenset({"shortname"})
    functions = FUNCTIONS
    companion: ClassVar[frozenset[str]] = COMPANION

    def needed(self, names: Sequence[str] | None = None, offered: Collection[str] = ()) -> frozenset[str]:
        """What every courses file takes, and what the settings switch on; of a file, single rows are refused."""
        if names is not None:
            return self.functions
        copying = FOR_COPIES if self.template_mode != "nothing" else ()
        return self.functions.union((DELETE,) if self.allow_delete else (), copying)

    def check_header(self, names: Sequence[str], line: int = 1) -> list[str]:
        """Take a header, and return remarks for the report, also on columns that do less than they seem to."""
        return [*super().check_header(names, line), *self._remarks(names)]

    def _remarks(self, names: Sequence[str]) -> Iterator[str]:
        if self.identity not in names:
            yield f"the file has no column {self.identity}: courses are found by their short name"
        if lost := [name for name in names if name in LEFT_OUT or UPLOADCOURSE.fullmatch(name)]:
            yield f"left out, since Moodle's web services can't set it: {', '.join(lost)}"
        if "theme" in names:
            yield "theme is sent only with a creation or another change: a site may drop it without a word"
        if "numsections" in names:
            yield "numsections counts only for new courses"
        if self.template_mode == "nothing" and set(_TEMPLATES) & set(names):
            yield "template counts only for new courses, since template_mode is nothing"

    def check(self, row: Row) -> CourseWish | Refusal:
        """What a row wishes, or why it is refused whatever the site says."""
        column = place = ""
        try:
            for column, cell in row.cells.items():
                self._check_cell(column, cell)
            column = self.identity
            return self._wish(row, *self._identity(row.cells))
        except Unfit as unfit:
            place = unfit.refusal.column or column
            return replace(unfit.refusal, column=place, value=unfit.refusal.value or row.cells.get(place, ""))

    def _check_cell(self, column: str, cell: str) -> None:
        if column == "backupfile" and cell.strip():
            raise _backup("a backup file")
        if column in _TEMPLATES and cell.strip().lower().endswith(".mbz"):
            raise _backup("the path of a backup file")

    def _identity(self, cells: Mapping[str, str]) -> tuple[CourseIdentity, str]:
        by_shortname: CourseIdentity = "shortname"
        for column in (self.identity, by_shortname):
            if value := READERS[column](cells.get(column, "")):
                return column, value
        raise Unfit(
            "identity-missing", "nothing in the row says which course it is about", self.identity, cure="Fill the cell."
        )

    def _wish(self, row: Row, column: CourseIdentity, value: str) -> CourseWish:
        cells = row.cells
        fields, dates = self._fields(cells), self._dates(cells)
        return CourseWish(
            row.line,
            f"{column}:{folded(column, value)}",
            column,
            value,
            fields,
            dates,
            self._place(cells),
            next((cells[name].strip() for name in _TEMPLATES if cells.get(name, "").strip()), ""),
            dict(_sections(cells)),
            tuple(self._teachers(cells)),
            dict(_flags(cells, _METHODS)),
            {name.removeprefix(CUSTOM_FIELD): cells[name].strip() for name in cells if CUSTOM_FIELDS.fullmatch(name)},
            _read("rename", cells, FIELDS["shortname"]) if cells.get("rename", "").strip() else "",
            dict(_flags(cells, ("delete",))).get("delete", False),
            completing=PARTLY in cells.get(TRYBACK_COLUMN, ""),
        )

    def _fields(self, cells: Mapping[str, str]) -> dict[str, str]:
        fields: dict[str, str] = {}
        for name, read in FIELDS.items():
            # A row that is found by another column, or that only deletes, may leave the names alone.
            if name in cells and (cells[name].strip() or name not in {"fullname", "shortname"}):
                fields[name] = _read(name, cells, read)
        if (format_ := fields.get("format")) and format_ not in self.known_formats:
            known = ", ".join(sorted(self.known_formats))
            reason = f"the site is not known to have this course format; it has {known}"
            raise Unfit("value-wrong", reason, "format", format_, "Correct the cell, or add the format to `formats`.")
        return fields

    def _dates(self, cells: Mapping[str, str]) -> dict[str, datetime | None]:
        dates: dict[str, datetime | None] = {}
        for name in DATES:
            cell = cells.get(name, "").strip()
            if when := _read(name, cells, moment) if cell else None:
                dates[name] = when
            elif cell and name == "enddate":
                dates[name] = None  # 0: the course has no end
        return dates

    def _place(self, cells: Mapping[str, str]) -> Place | None:
        for column in _PLACES:
            if cell := cells.get(column, "").strip():
                return self.place(column, cell)
        return None

    def place(self, column: str, cell: str) -> Place:
        """The category that a cell names; raises `Unfit`."""
        if column == "category_idnumber" or (column == "category" and self.category_identity == "idnumber"):
            return Place("idnumber", (cell,), column, cell)
        if column == "category" and cell.isdecimal():
            return Place("id", (cell,), column, cell)
        if column == "category" and cell.startswith("-") and cell[1:].strip().isdecimal():
            cure = "Write a category's number or path, or leave the cell empty."
            raise Unfit("value-wrong", "no category has such a number", column, cell, cure)
        separator = self.category_separator if column == "category" else _PATH_OF_MOODLE
        try:
            return Place("path", path_of(cell, separator), column, cell)
        except Unfit as unfit:
            raise _placed(unfit, column, cell) from unfit

    def _teachers(self, cells: Mapping[str, str]) -> Iterator[Teacher]:
        for column in cells:
            if (found := TEACHER.fullmatch(column)) and found[2] == "account" and (account := cells[column].strip()):
                role = cells.get(f"teacher{found[1]}_role", "").strip() or self.teacher_role
                yield Teacher(int(found[1]), account, role)

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Ask the site about some rows, in file order, and return one step for each; `check` made the wishes."""
        return planned(self, self.place, cast(Sequence[CourseWish], wishes), memory)


def _read(column: str, cells: Mapping[str, str], read: Callable[[str], Value]) -> Value:
    try:
        return read(cells[column])
    except Unfit as unfit:
        raise _placed(unfit, column, cells[column]) from unfit


def _flags(cells: Mapping[str, str], columns: Sequence[str]) -> Iterator[tuple[str, bool]]:
    for column in columns:
        if column in cells and (word := _read(column, cells, yes_or_no)):
            yield column, YES_OR_NO[word]


def _sections(cells: Mapping[str, str]) -> Iterator[tuple[int, Section]]:
    for column, cell in cells.items():
        if (found := TOPIC.fullmatch(column)) and cell.strip():
            name, bar, summary = cell.partition("|")
            try:
                title = _section_name(name) or None
            except Unfit as unfit:
                raise _placed(unfit, column, cell) from unfit
            yield int(found[1]), Section(title, _text(summary) if bar else None)


def _placed(unfit: Unfit, column: str, cell: str) -> Unfit:
    refusal = unfit.refusal
    return Unfit(refusal.code, refusal.reason, column, cell, refusal.cure)


def _backup(what: str) -> Unfit:
    return Unfit(
        "value-wrong",
        f"the cell names {what}, and nothing on the server is opened for a file",
        cure="Restore the backup as a course of the site, once, and write that course's short name into `template`.",
    )
