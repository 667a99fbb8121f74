"""The categories where courses lie, and the making of those that lack."""

from typing import Protocol

from syncd.core.model import Act
from syncd.tools.cells import Unfit
from syncd.tools.courses.asking import Asking
from syncd.tools.courses.picture import Picture
from syncd.tools.courses.settings import CourseSettings
from syncd.tools.courses.wish import CourseWish, Place
from syncd.tools.lookups.categories import HIDE, Category


class Placing(Protocol):
    """The kind's reading of a cell that names a category."""

    def __call__(self, column: str, cell: str) -> Place:
        """The category that a cell names; raises `Unfit`."""
        ...


class Homes:
    """Where new courses lie, and where courses that exist move to."""

    def __init__(self, settings: CourseSettings, place: Placing, asking: Asking) -> None:
        self._settings = settings
        self._place = place
        self._asking = asking

    def of_new(self, wish: CourseWish) -> tuple[Category, tuple[Act, ...], tuple[str, ...]]:
        """The category of a new course, the acts that make what lacks of it, and remarks."""
        place = wish.place
        if place is None and (usual := self._settings.defaults.get("category")):
            place = self._place("category", usual)
        return self._category(place) if place else (self._asking.categories.first(), (), ())

    def moved(self, wish: CourseWish, picture: Picture) -> tuple[Category | None, tuple[Act, ...], tuple[str, ...]]:
        """The category that a course moves to, None for the one where it lies; the acts that make it, and remarks."""
        if wish.place is None or self._settings.protect_category:
            return None, (), ()
        category, making, notes = self._category(wish.place)
        if category is picture.home or (picture.home is None and category.id == picture.category):
            return None, (), ()
        picture.home = category
        return category, making, notes

    def _category(self, place: Place) -> tuple[Category, tuple[Act, ...], tuple[str, ...]]:
        categories = self._asking.categories
        try:
            if place.kind == "id":
                return categories.by_id(place.value[0]), (), ()
            if place.kind == "idnumber":
                return categories.by_idnumber(place.value[0]), (), ()
            hide = not self._settings.new_categories_visible
            can_hide = self._asking.memory.site.has(HIDE)
            category, making = categories.make(place.value, visible=not (hide and can_hide))
        except Unfit as unfit:
            refusal = unfit.refusal
            raise Unfit(refusal.code, refusal.reason, place.column, place.cell, refusal.cure) from unfit
        notes = ("the new category is visible: hiding it takes the companion plugin",)
        return category, making, notes if making and hide and not can_hide else ()
