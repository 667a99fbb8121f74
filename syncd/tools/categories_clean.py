"""The kind `categories-clean`: empty branches of the tree of course categories are cut off."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO, ClassVar, cast

from pydantic import Field

from syncd.core.guard import Count, Guard, Limit, Share
from syncd.core.model import Act, Outcome, Refusal, Row, Step
from syncd.core.rows import Encoding, Separator, recognise
from syncd.core.table import CsvTable, Table
from syncd.tools.base import Conversation, Memory, RowTool, Wish
from syncd.tools.cells import Unfit
from syncd.tools.lookups.categories import LOOK_UP, Categories, Category, CategoryIdentity, path_of
from syncd.tools.questions import ask

DELETE = "core_course_delete_categories"
TOP = "0"
"""What a row writes that means the whole tree."""


class CleanGuard(Guard):
    """The limits of a file whose every row deletes."""

    deletes: Limit = Count(20)
    changes: Limit = Share(Fraction(100))


@dataclass(frozen=True, slots=True)
class CleanWish(Wish):
    """The category below which a row cleans, as it names it."""

    category: str


class CategoriesCleanTool(RowTool):
    """A file of categories; below each, what holds no course is deleted. The category itself stays.

    Nothing but empty categories can go: what comes into one before it is deleted moves one up.
    """

    kind = "categories-clean"
    rank: ClassVar[int] = 97
    tells: ClassVar[bool] = True
    columns: ClassVar[frozenset[str]] = frozenset({"category", "description"})
    required: ClassVar[frozenset[str]] = frozenset({"category"})
    functions: ClassVar[frozenset[str]] = frozenset({LOOK_UP, DELETE})
    guard: CleanGuard = CleanGuard()
    category_identity: CategoryIdentity = "idname"
    """What the rows hold: an id or else a path (`idname`), or an idnumber."""
    category_separator: str = Field(default="/", min_length=1)
    """What stands between the names of a path."""
    ignore_empty_subcategories: bool = True
    """A category that holds nothing but empty ones is empty. When off, only one that holds nothing at all is."""
    most: int = Field(default=20, ge=1)
    """How many categories one row may delete; one that would delete more is refused."""
    keep: tuple[str, ...] = ()
    """Idnumbers of categories that stay, even empty."""

    def table(self, file: BinaryIO, encoding: Encoding, separator: Separator) -> Table:
        """How a file becomes rows: one without a header lists categories, each perhaps with a description."""
        return CsvTable(recognise(file, encoding, separator, self.columns, ("category", "description")))

    def check(self, row: Row) -> Wish | Refusal:
        """Below which category a row cleans."""
        cell = row.cells.get("category", "")
        try:
            if self.category_identity == "idname" and not cell.isdecimal():
                path_of(cell, self.category_separator)
        except Unfit as unfit:
            refusal = unfit.refusal
            return Refusal(refusal.code, refusal.reason, "category", cell, refusal.cure)
        if not cell:
            return Refusal("value-missing", "the cell is empty, and must be filled", "category", cure="Fill the cell.")
        return CleanWish(row.line, f"category:{cell}", cell)

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Ask for the whole tree, once, and cut what is empty off it, row by row."""
        categories: Categories = memory.known.setdefault("categories", Categories())
        yield from ask(categories.questions())
        return [self._step(wish, categories) for wish in cast(Sequence[CleanWish], wishes)]

    def _step(self, wish: CleanWish, categories: Categories) -> Step:
        try:
            empty = self._empty(self._named(wish.category, categories), categories)
            if len(empty) > self.most:
                raise Unfit(
                    "too-many",
                    f"{len(empty)} categories below this one are empty, and a row may delete {self.most}",
                    "category",
                    wish.category,
                    "Name a category further down, or raise `most`.",
                )
        except Unfit as unfit:
            refusal = unfit.refusal
            refused = Refusal(refusal.code, refusal.reason, "category", wish.category, refusal.cure)
            return Step(wish.line, Outcome.REJECTED, wish.subject, refusal=refused)
        if not empty:
            return Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=("no category below this one is empty",))
        notes = tuple(f"the category {one.id}: {one.path}" for one in empty)
        # Each is told, too, where things go that came into it meanwhile; nothing can go to the top.
        heir = next((one for one in categories.top.below if one not in empty), None)
        acts = tuple(Act(DELETE, _item(category, heir)) for category in empty)
        for category in empty:
            categories.remove(category)
        return Step(wish.line, Outcome.DELETED, wish.subject, acts, notes=notes)

    def _named(self, cell: str, categories: Categories) -> Category:
        if cell == TOP:
            return categories.top
        if self.category_identity == "idnumber":
            return categories.by_idnumber(cell)
        return (
            categories.by_id(cell) if cell.isdecimal() else categories.by_path(path_of(cell, self.category_separator))
        )

    def _empty(self, start: Category, categories: Categories) -> list[Category]:
        """The empty categories below one, what is deeper first. The last category of a site is never empty."""
        empty: list[Category] = []
        for category in start.all_below():
            full = category.courses or category.idnumber in self.keep
            children = category.below if self.ignore_empty_subcategories else ()
            if not full and all(child in empty for child in children) and (children or not category.below):
                empty.append(category)
        if len(categories.top.below) == sum(one in empty for one in categories.top.below):
            empty = [one for one in empty if one is not categories.first() and not _is_above(one, categories.first())]
        return empty


def _is_above(category: Category, other: Category) -> bool:
    return other.above is not None and (other.above is category or _is_above(category, other.above))


def _item(category: Category, heir: Category | None) -> dict[str, Any]:
    item: dict[str, Any] = {"id": category.id}
    if heir and category.above is not None and not category.above.id:
        item["newparent"] = heir.id
    return item
