"""The kind `uploadcourse`: a file of courses for Moodle's own `uploadcourse.php`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from syncd.core.model import Outcome
from syncd.core.settings import Located
from syncd.tools.program import text
from syncd.tools.uploads import Said, UploadTool, Word, plain

TOOL = "tool_uploadcourse"

MODES = {
    "create": "createnew",
    "create-numbered": "createall",
    "create-or-update": "createorupdate",
    "update": "update",
}
UPDATES = {"nothing": "nothing", "file": "dataonly", "file-and-defaults": "dataordefaults", "missing": "missingonly"}

_MADE = {"deleted": Outcome.DELETED, "created": Outcome.CREATED, "updated": Outcome.UPDATED}

_RECORD = re.compile(r"(\d+)\t(OK|NOK)\t.*").fullmatch


class UploadCourseTool(UploadTool):
    """`[tools.NAME] kind = "uploadcourse"`: courses by Moodle's own program, for hosts without web services."""

    kind: ClassVar[str] = "uploadcourse"
    rank: ClassVar[int] = 10
    brings: ClassVar[frozenset[str]] = frozenset({"course"})
    script = "admin/tool/uploadcourse/cli/uploadcourse.php"
    columns = frozenset(
        {"shortname", "fullname", "idnumber", "category", "category_idnumber", "category_path", "visible", "summary"}
        | {
            "startdate",
            "enddate",
            "format",
            "delete",
            "rename",
            "reset",
            "backupfile",
            "templatecourse",
            "lang",
            "theme",
        }
    )
    delete_column = "delete"
    name_column = "shortname"
    words: ClassVar[Mapping[str, Word]] = {
        "created": Word("coursecreated", TOOL, "Course created"),
        "updated": Word("courseupdated", TOOL, "Course updated"),
        "deleted": Word("coursedeleted", TOOL, "Course deleted"),
    }

    mode: Literal["create", "create-numbered", "create-or-update", "update"] = "create-or-update"
    """What rows may do: make courses; make them even if a number must be appended to a shortname that is taken; make
    and change them; change them."""
    update: Literal["nothing", "file", "file-and-defaults", "missing"] = "file"
    """How existing courses are changed: not at all, by the file, by the file and Moodle's defaults, or only where they
    lack something."""
    category: Annotated[int, Field(ge=1)] | None = None
    """The id of the category for courses whose row names none. Default: the site's first."""
    template: Annotated[str, AfterValidator(text)] = ""
    """The shortname of a course whose content each course gets; the column `templatecourse` of a row counts more."""
    backup: Located | None = None
    """A backup file whose content each course gets."""
    shortname_template: Annotated[str, AfterValidator(text)] = ""
    """How shortnames are made that the file lacks: Moodle's `%f` is the full name, `%i` the idnumber."""
    reset: bool = False
    """Reset each course of the file."""
    allow_renames: bool = False
    """Carry out the column `rename`."""
    allow_resets: bool = False
    """Carry out the column `reset`."""

    def options(self, file: str) -> list[str]:
        """The options of uploadcourse.php."""
        named = {
            "file": file,
            "delimiter": "comma",
            "encoding": "UTF-8",
            "mode": MODES[self.mode],
            "updatemode": UPDATES[self.update],
            "category": self.category,
            "templatecourse": self.template,
            "restorefile": self.backup,
            "shortnametemplate": self.shortname_template,
        }
        allowed = {
            "reset": self.reset,
            "allowdeletes": self.allow_deletes,
            "allowrenames": self.allow_renames,
            "allowresets": self.allow_resets,
        }
        return [f"--{name}={value}" for name, value in named.items() if value] + [
            f"--{name}" for name, value in allowed.items() if value
        ]

    def said(self, lines: Iterable[str], words: Mapping[str, str]) -> Iterator[Said]:
        """Each record has a line of cells with its number, from 1, and what became of it below, indented.

        One that was carried out and complained of has two such lines, OK and NOK.
        """
        record, good, told, errors = 0, True, list[str](), list[str]()
        for line in lines:
            found = _RECORD(line)
            # What a row holds may look like the line of another record, but not like that of the next one.
            if found and int(found[1]) == record + 1:
                if record:
                    yield _said(record, told, errors, words)
                record, told, errors = record + 1, [], []
            if found and int(found[1]) == record:
                good = found[2] == "OK"
                if not good:
                    errors.append("")
            elif line.startswith("  "):
                (told if good else errors).append(plain(line))
        if record:
            yield _said(record, told, errors, words)


def _said(record: int, told: list[str], errors: list[str], words: Mapping[str, str]) -> Said:
    outcome = next((made for word, made in _MADE.items() if words[word] in told), Outcome.UPDATED)
    reasons = tuple(filter(None, errors)) or ("the row was not carried out",) * bool(errors)
    notes = tuple(line for line in told if line not in {words[word] for word in _MADE})
    return Said(record, outcome if told else Outcome.UNCHANGED, reasons, notes)
