"""The course categories that rows name, as the rows so far will have left them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from syncd.core.model import Act, Call
from syncd.tools.cells import Unfit, empty, too_long
from syncd.tools.questions import Question

LOOK_UP = "core_course_get_categories"
CREATE = "core_course_create_categories"
HIDE = "local_syncd_set_categories"
"""Core has no function that hides a category."""

CategoryIdentity = Literal["idname", "idnumber"]
"""What the cells of a column `category` hold: an id or else a path, or an idnumber."""

SHOWN = " / "
"""Between the names of a path, for people."""
NAME = 255
ASIDE = "aside"
"""What an act gives whose answer has an id that nobody takes: without a name, it would be taken for the row's own."""


@dataclass(slots=True, eq=False)
class Category:
    """A course category; `id` is 0 while it is only to be made. `courses` are those that lie in it, not below it."""

    id: int
    name: str
    idnumber: str = ""
    above: "Category | None" = field(default=None, repr=False)
    courses: int = 0
    below: list["Category"] = field(default_factory=list, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names from the top to this one."""
        return (*(self.above.names if self.above else ()), self.name) if self.name or self.above else ()

    @property
    def path(self) -> str:
        """Where it lies, for people."""
        return SHOWN.join(self.names)

    @property
    def handle(self) -> str:
        """The name by which acts give and take the id of one that is only to be made."""
        return "category " + "\n".join(self.names)

    def all_below(self) -> Iterator["Category"]:
        """Whatever lies below it, what is deeper first."""
        for category in self.below:
            yield from category.all_below()
            yield category


class Categories:
    """The site's categories, asked for once in a run: there are few, and Moodle finds none by its path."""

    def __init__(self) -> None:
        self.top = Category(0, "")
        """What is above them all; it is no category itself."""
        self._asked = False
        self._by_id: dict[int, Category] = {}
        self._by_idnumber: dict[str, Category] = {}

    def questions(self) -> list[Question]:
        """What must be asked before categories can be found."""
        if self._asked:
            return []
        self._asked = True
        return [(Call(LOOK_UP, {"criteria": [], "addsubcategories": 1}), self._take)]

    def _take(self, answer: Iterable[Mapping[str, Any]]) -> None:
        parents: dict[int, int] = {}
        for told in answer:
            category = Category(
                int(told["id"]),
                str(told["name"]),
                str(told.get("idnumber") or ""),
                courses=int(told.get("coursecount") or 0),
            )
            self._by_id[category.id] = category
            parents[category.id] = int(told["parent"])
            if category.idnumber:
                self._by_idnumber.setdefault(category.idnumber, category)
        for number, parent in sorted(parents.items()):
            # One whose parent the token may not see hangs on the top.
            self._hang(self._by_id[number], self._by_id.get(parent, self.top))

    def _hang(self, category: Category, above: Category) -> None:
        category.above = above
        above.below.append(category)

    def first(self) -> Category:
        """The category with the lowest id; raises `Unfit` where there is none."""
        if not self._by_id:
            raise Unfit("category-missing", "the site shows no course category", cure="Make one in Moodle.")
        return self._by_id[min(self._by_id)]

    def by_id(self, value: str) -> Category:
        """The category of this id; raises `Unfit` (`category-missing`) when there is none."""
        if category := self._by_id.get(int(value)):
            return category
        raise _missing("id", value)

    def by_idnumber(self, value: str) -> Category:
        """The category of this idnumber; raises `Unfit` (`category-missing`) when there is none."""
        if category := self._by_idnumber.get(value):
            return category
        raise _missing("idnumber", value)

    def known(self, number: int) -> Category | None:
        """The category of an id, if there is one."""
        return self._by_id.get(number)

    def walk(self, names: Sequence[str]) -> tuple[Category, tuple[str, ...]]:
        """As far as a path leads on the site, and the names that lack.

        Raises `Unfit` (`ambiguous`) where two categories in one place have the same name.
        """
        here = self.top
        for place, name in enumerate(names):
            found = [category for category in here.below if category.name == name]
            if len(found) > 1:
                raise Unfit(
                    "ambiguous",
                    f"there are {len(found)} categories of the name {name} in {here.path or 'the top'}",
                    value=SHOWN.join(names),
                    cure="Name the category by its id, or rename one of them in Moodle.",
                )
            if not found:
                return here, tuple(names[place:])
            here = found[0]
        return here, ()

    def by_path(self, names: Sequence[str]) -> Category:
        """The category at the end of a path; raises `Unfit` (`category-missing`, `ambiguous`)."""
        category, lacking = self.walk(names)
        if lacking:
            raise _missing("path", SHOWN.join(names))
        return category

    def make(self, names: Sequence[str], *, visible: bool = True) -> tuple[Category, tuple[Act, ...]]:
        """The category at the end of a path, with the acts that make those that lack, level by level.

        From here on they count as made, for all rows. One that is not to be visible is hidden by the companion.
        """
        here, lacking = self.walk(names)
        acts: list[Act] = []
        for name in lacking:
            category = Category(0, name)
            above = here
            self._hang(category, above)
            if above.id or above is self.top:
                acts.append(Act(CREATE, {"name": name, "parent": above.id}, gives=category.handle))
            else:
                acts.append(Act(CREATE, {"name": name}, gives=category.handle, takes={"parent": above.handle}))
            if not visible:
                acts.append(Act(HIDE, {"visible": 0}, gives=ASIDE, takes={"id": category.handle}))
            here = category
        return here, tuple(acts)

    def remove(self, category: Category) -> None:
        """A category will be gone: what lies in it goes one up."""
        above = category.above or self.top
        above.below.remove(category)
        for child in category.below:
            self._hang(child, above)
        above.courses += category.courses
        self._by_id.pop(category.id, None)
        if self._by_idnumber.get(category.idnumber) is category:
            del self._by_idnumber[category.idnumber]


def path_of(cell: str, separator: str) -> tuple[str, ...]:
    """The names of a path, from the top; blanks around them and separators at the ends don't count.

    Raises `Unfit` for a name that no category can have, and for a path without any.
    """
    # Padded, so that a separator with blanks around it is found at the ends too.
    names = tuple(name for part in f" {cell} ".split(separator) if (name := part.strip()))
    if not names:
        raise empty()
    for name in names:
        if len(name) > NAME:
            raise too_long(name, NAME)
        if "<" in name:
            raise Unfit("value-wrong", "the path holds <, and Moodle takes no tags here", cure="Remove the <.")
    return names


def _missing(what: str, value: str) -> Unfit:
    return Unfit(
        "category-missing",
        f"the site has no course category with this {what}",
        value=value,
        cure="Correct the cell, or make the category in Moodle.",
    )
