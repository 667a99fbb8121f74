"""The kind `cohorts`: cohorts made, changed, emptied and deleted, and who is in them, row by row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, cast

from syncd.core.model import Refusal, Row
from syncd.errors import FileRefused
from syncd.tools.base import Conversation, Memory, RowTool, Wish
from syncd.tools.cells import Reader, Unfit, number, raw
from syncd.tools.cohorts.plan import ADD, CREATE, DELETE, REMOVE, UPDATE, planned
from syncd.tools.cohorts.wish import SYSTEM_PLACE, CohortWish, Command, Place
from syncd.tools.lookups.cohorts import IDNUMBER_LENGTH, NAME_LENGTH
from syncd.tools.lookups.named_cohorts import CohortIdentity
from syncd.tools.lookups.users import UserIdentity

KEYS: Mapping[CohortIdentity, str] = {"id": "cid", "idnumber": "cidnumber", "name": "cname"}
"""The column that names the cohort, by the identity."""

COMMANDS: Mapping[str, Command] = {"": "add", "add": "add", "del": "del", "delete": "del", "free": "free"}

PROSE = "cdescription"
"""The column whose text may have several lines."""


def command(cell: str) -> str:
    """One of the commands, or nothing: then it is `add`."""
    value = cell.strip().lower()
    if value not in COMMANDS:
        raise Unfit("value-wrong", "the cell holds no command", cure="Write add, del or free, or leave it empty.")
    return value


COLUMNS: dict[str, Reader] = {
    "cmd": command,
    "userid": raw(255),
    "cid": number,
    "cidnumber": raw(IDNUMBER_LENGTH),
    "cname": raw(NAME_LENGTH),
    "cdescription": raw(1_000_000),
    "ccatcontext": number,
    "ccatcontextidnumber": raw(100),
    "component": raw(100),
}


class CohortsTool(RowTool):
    """A file of cohorts and their members, with the columns of the plugin's cohorts file.

    Only columns that the file has are touched, and an empty cell leaves what there is.
    """

    kind = "cohorts"
    rank: ClassVar[int] = 30
    brings: ClassVar[frozenset[str]] = frozenset({"cohort"})
    columns = frozenset(COLUMNS)
    functions = frozenset(
        {
            "core_user_get_users_by_field",
            "core_cohort_get_cohorts",
            "core_cohort_search_cohorts",
            "core_cohort_get_cohort_members",
            "core_course_get_categories",
            CREATE,
            UPDATE,
            DELETE,
            ADD,
            REMOVE,
        }
    )
    companion: ClassVar[frozenset[str]] = frozenset(
        {"local_syncd_get_users", "local_syncd_get_cohorts", "local_syncd_get_cohort_members"}
    )

    user_identity: UserIdentity = "idnumber"
    """What `userid` holds."""
    cohort_identity: CohortIdentity = "idnumber"
    """What a cohort is found by: `idnumber` is the column `cidnumber`, `name` is `cname`, `id` is `cid`."""
    create: bool = True
    """Make cohorts that rows name and the site has not."""
    same_names: bool = False
    """Make a cohort also when another one has its name."""
    allow_delete: bool = False
    """Let `del` delete a whole cohort, in a file that has no column `userid`."""

    @property
    def key(self) -> str:
        """The column that names the cohort."""
        return KEYS[self.cohort_identity]

    def check_header(self, names: Sequence[str], line: int = 1) -> list[str]:
        """Take a header that names the column by which cohorts are found, and return remarks for the report."""
        notes = super().check_header(names, line)
        if self.key not in names:
            raise FileRefused(
                "column-missing",
                f"the header lacks the column {self.key}, by which this tool finds cohorts",
                line=line,
                value=", ".join(name for name in names if name in self.columns),
                cure=f"Add the column {self.key}, or set cohort_identity to what the file has.",
            )
        return [*notes, *self._remarks(names)]

    def _remarks(self, names: Sequence[str]) -> Iterator[str]:
        if "component" in names:
            yield "left out, since Moodle's web services can't set it: component"
        if "cid" in names and self.key != "cid":
            yield f"left out, since cohorts are found by their {self.cohort_identity}: cid"

    def check(self, row: Row) -> CohortWish | Refusal:
        """What a row wishes, or why it is refused whatever the site says."""
        column = ""
        try:
            cells: dict[str, str] = {}
            for column, cell in row.cells.items():
                if (read := COLUMNS.get(column)) is None:
                    continue
                if column != PROSE and set("\r\n") & set(cell):
                    raise _torn()
                cells[column] = read(cell)
            column = "userid"
            if self.user_identity == "id":
                number(cells.get("userid", ""))
        except Unfit as unfit:
            return replace(unfit.refusal, column=column, value=row.cells.get(column, ""))
        if not (key := cells.get(self.key, "")):
            cure = "Fill the cell: it says which cohort the row is about."
            return Refusal("value-missing", "the row names no cohort", self.key, "", cure)
        deed = COMMANDS[cells.get("cmd", "")]
        return self._misfit(deed, cells, row) or self._wish(deed, key, cells, row)

    def _misfit(self, deed: Command, cells: Mapping[str, str], row: Row) -> Refusal | None:
        user = cells.get("userid", "")
        if deed == "free" and user:
            cure = "Empty the cell, or write del to take out this account alone."
            return Refusal("value-wrong", "free takes out all members, and the row names one", "userid", user, cure)
        if deed != "del" or user:
            return None
        if "userid" in cells or row.short:
            # An export that lost its user ids must not delete the cohorts that they were members of.
            cure = "Fill the cell. To delete whole cohorts, send a file without the column userid."
            return Refusal("value-missing", "the row takes out a member, and does not say whom", "userid", "", cure)
        if not self.allow_delete:
            cure = "Name the member in userid; to let files delete whole cohorts, set allow_delete."
            return Refusal("not-allowed", "the row would delete the whole cohort", "cmd", cells.get("cmd", ""), cure)
        return None

    def _wish(self, deed: Command, key: str, cells: Mapping[str, str], row: Row) -> CohortWish | Refusal:
        user = cells.get("userid", "")
        if self.user_identity in {"username", "email"}:
            user = user.lower()
        place = _place(cells)
        if isinstance(place, Refusal):
            return place
        fields = {
            field: cells[column]
            for field, column in (("name", "cname"), ("idnumber", "cidnumber"), ("description", "cdescription"))
            if cells.get(column)
        }
        subject = f"cohort {key}, account {user}" if user else f"cohort {key}"
        return CohortWish(row.line, subject, deed, key, user, fields, place)

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """Ask the site about some rows, in file order, and return one step for each; `check` made the wishes."""
        return planned(self, cast(Sequence[CohortWish], wishes), memory)


def _place(cells: Mapping[str, str]) -> Place | Refusal | None:
    by_id, by_idnumber = cells.get("ccatcontext", ""), cells.get("ccatcontextidnumber", "")
    if by_id not in {"", "0"} and by_idnumber:
        cure = "Fill one of ccatcontext and ccatcontextidnumber."
        reason = "the row names a category by its id and another by its idnumber, or one twice"
        return Refusal("value-wrong", reason, "ccatcontextidnumber", by_idnumber, cure)
    if by_idnumber:
        return Place("idnumber", by_idnumber)
    if by_id.startswith("-"):
        cure = "Write the id of a category, or 0 for the whole site."
        return Refusal("value-wrong", "no category has such an id", "ccatcontext", by_id, cure)
    if by_id:
        return Place("id", by_id) if int(by_id) else SYSTEM_PLACE
    return None


def _torn() -> Unfit:
    return Unfit(
        "value-wrong",
        "the cell goes on over several lines: a quotation mark that was never closed may have swallowed other rows",
        cure="Close the quotation mark, and look at the rows after this one: they are a part of it.",
    )
