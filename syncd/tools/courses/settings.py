"""The keys of a `[tools.NAME]` of kind courses."""

from typing import Literal

from pydantic import Field, field_validator

from syncd.tools.base import RowTool
from syncd.tools.cells import Unfit, moment
from syncd.tools.courses.columns import CUSTOM_FIELDS, DATES, FIELDS, FORMATS, NOT_BY_DEFAULT
from syncd.tools.lookups.categories import CategoryIdentity
from syncd.tools.lookups.courses import CourseIdentity


class CourseSettings(RowTool):
    """How a courses file is understood, and what it may do."""

    identity: CourseIdentity = "shortname"
    """The column by which a course is found; a row where it is empty is found by its short name."""
    force_update: bool = False
    """Change courses that exist already. When off, they are left as they are: the file only makes new ones."""
    category_identity: CategoryIdentity = "idname"
    """What the column `category` holds: an id or else a path (`idname`), or an idnumber."""
    category_separator: str = Field(default="/", min_length=1)
    """What stands between the names of a path."""
    new_categories_visible: bool = True
    """Show categories that a path makes. When off they are hidden, which takes the companion plugin."""
    protect_category: bool = False
    """Leave existing courses in the category where they are."""
    template_mode: Literal["nothing", "add", "replace"] = "nothing"
    """What the column `template` does to existing courses: nothing, adds its content, or puts it in the place of
    theirs, which takes all enrolments away."""
    teacher_role: str = "teacher"
    """The role of a teacher whose column `teacherN_role` says nothing."""
    formats: tuple[str, ...] = ()
    """Course formats of the site besides Moodle's own."""
    sections: int = Field(default=4, ge=0, le=52)
    """How many sections a new course has where the file does not say."""
    allow_rename: bool = False
    """Let a row give its course another short name, by the column `rename` or where courses are found otherwise."""
    allow_delete: bool = False
    """Let a row delete its course, by the column `delete`."""
    defaults: dict[str, str] = Field(default_factory=dict)
    """What new courses get where the file is silent, as in `{ category = "12", format = "weeks" }`."""
    protected: tuple[str, ...] = ()
    """Short names of courses that no row changes."""

    @field_validator("defaults")
    @classmethod
    def _settable(cls, defaults: dict[str, str]) -> dict[str, str]:
        return {name: _default(name, value.strip()) for name, value in defaults.items()}

    @property
    def known_formats(self) -> frozenset[str]:
        """The formats that courses of the site may have."""
        return FORMATS | frozenset(self.formats)


def _default(name: str, value: str) -> str:
    if name == "category" or CUSTOM_FIELDS.fullmatch(name):
        return value
    if name not in {*FIELDS, *DATES} - NOT_BY_DEFAULT:
        allowed = ", ".join(sorted({"category", *FIELDS, *DATES} - NOT_BY_DEFAULT))
        raise ValueError(f"{name} can't have a default; these can: {allowed}, and custom fields")
    try:
        if name in DATES:
            moment(value)
            return value
        return FIELDS[name](value)
    except Unfit as unfit:
        raise ValueError(f"{name}: {unfit}") from unfit
