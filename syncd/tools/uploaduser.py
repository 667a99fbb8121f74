"""The kind `uploaduser`: a file of accounts for Moodle's own `uploaduser.php`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from syncd.core.model import Outcome
from syncd.tools.program import text
from syncd.tools.uploads import Said, UploadTool, Word, pattern, plain

MODES = {"create": 0, "create-numbered": 1, "create-or-update": 2, "update": 3}
UPDATES = {"nothing": 0, "file": 1, "file-and-defaults": 2, "missing": 3}
FORCED = {"none": 0, "weak": 1, "all": 2}

TOOL = "tool_uploaduser"
ENDS = "-" * 79


def _option(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-zA-Z0-9_]*", name) or name.startswith("uu") or name in _OWN:
        raise ValueError("must be one of the program's options for values of accounts, such as city or auth")
    return name


_OWN = frozenset({"file", "help", "delimiter_name", "encoding"})


class UploadUserTool(UploadTool):
    """`[tools.NAME] kind = "uploaduser"`: accounts by Moodle's own program, for hosts without web services."""

    kind: ClassVar[str] = "uploaduser"
    rank: ClassVar[int] = 20
    brings: ClassVar[frozenset[str]] = frozenset({"user"})
    script = "admin/tool/uploaduser/cli/uploaduser.php"
    columns = frozenset(
        {"username", "firstname", "lastname", "email", "password", "auth", "idnumber", "city", "country", "lang"}
        | {"timezone", "deleted", "suspended", "oldusername", "institution", "department"}
        | {"cohort1", "course1", "role1", "group1", "type1"}
    )
    delete_column = "deleted"
    name_column = "username"
    words: ClassVar[Mapping[str, Word]] = {
        "line": Word("linex", TOOL, "Line {$a}"),
        "error": Word("errorprefix", TOOL, "Error:"),
        "warning": Word("warningprefix", TOOL, "Warning:"),
        "created": Word("newuser", "moodle", "New user"),
        "updated": Word("useraccountupdated", TOOL, "User updated"),
        "unchanged": Word("useraccountuptodate", TOOL, "User up-to-date"),
        "deleted": Word("userdeleted", TOOL, "User deleted"),
        "renamed": Word("userrenamed", TOOL, "User renamed"),
    }

    mode: Literal["create", "create-numbered", "create-or-update", "update"] = "create-or-update"
    """What rows may do: make accounts; make them even if a number must be appended to a username that is taken; make
    and change them; change them."""
    update: Literal["nothing", "file", "file-and-defaults", "missing"] = "file"
    """How existing accounts are changed: not at all, by the file, by the file and `defaults`, or only where they lack
    something."""
    new_passwords: Literal["file", "create"] = "create"
    """Where a new account's password comes from: the file must have it, or Moodle makes and mails one."""
    update_passwords: bool = False
    """Use the file's passwords for existing accounts too."""
    force_password_change: Literal["none", "weak", "all"] = "weak"
    """Who must choose a new password at the next log-in: nobody, those with a weak one, all in the file."""
    match_email: bool = False
    """Find accounts by their e-mail address too (Moodle 4.3 and later)."""
    allow_renames: bool = False
    """Carry out rows that rename an account by `oldusername`."""
    allow_suspends: bool = True
    """Carry out the column `suspended`."""
    standard_usernames: bool = True
    """Let Moodle put usernames into small letters and remove what no username may hold."""
    defaults: Mapping[Annotated[str, AfterValidator(_option)], Annotated[str, AfterValidator(text)]] = {}
    """What the program takes for values that the file lacks, by the names of its options, as in `{ auth = "ldap" }`.
    Custom profile fields whose own default is not valid must have one here: `{ profile_field_vip = "0" }`."""

    def options(self, file: str) -> list[str]:
        """The options of uploaduser.php."""
        named = {
            "file": file,
            "delimiter_name": "comma",
            "encoding": "UTF-8",
            "uutype": MODES[self.mode],
            "uuupdatetype": UPDATES[self.update],
            "uupasswordnew": int(self.new_passwords == "create"),
            "uupasswordold": int(self.update_passwords),
            "uuforcepasswordchange": FORCED[self.force_password_change],
            **({"uumatchemail": 1} if self.match_email else {}),
            "uuallowrenames": int(self.allow_renames),
            "uuallowdeletes": int(self.allow_deletes),
            "uuallowsuspends": int(self.allow_suspends),
            "uustandardusernames": int(self.standard_usernames),
            **self.defaults,
        }
        return [f"--{name}={value}" for name, value in named.items()]

    def said(self, lines: Iterable[str], words: Mapping[str, str]) -> Iterator[Said]:
        """Each record has a line with its number, the header's being 1, and what became of it below, indented."""
        begins = pattern(words["line"]).fullmatch
        record = 0
        told: list[str] = []
        for line in lines:
            if line == ENDS:
                break
            # What a row holds may look like the line of another record, but not like that of the next one.
            if (found := begins(line)) and found[1] == str(record + 2):
                if record:
                    yield _said(record, told, words)
                record += 1
                told = []
            elif line.startswith("  "):
                told.append(line[2:])
        if record:
            yield _said(record, told, words)


def _said(record: int, told: list[str], words: Mapping[str, str]) -> Said:
    errors = [plain(line.removeprefix(words["error"])) for line in told if line.startswith(words["error"])]
    warnings = [plain(line.removeprefix(words["warning"])) for line in told if line.startswith(words["warning"])]
    rest = [line for line in told if not line.startswith((words["error"], words["warning"]))]
    return Said(record, _outcome(rest, warnings, words), tuple(errors), tuple(warnings))


def _outcome(told: list[str], warnings: list[str], words: Mapping[str, str]) -> Outcome:
    for word, outcome in (
        ("deleted", Outcome.DELETED),
        ("created", Outcome.CREATED),
        ("updated", Outcome.UPDATED),
        ("renamed", Outcome.UPDATED),
    ):
        if words[word] in told:
            return outcome
    if any(line != words["unchanged"] for line in told):
        return Outcome.UPDATED  # the account was right, but its enrolments or cohorts were not
    return Outcome.SKIPPED if warnings and not told else Outcome.UNCHANGED
