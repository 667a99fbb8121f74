"""The errors of syncd, named by who has to act.

::

    SyncdError
    ├── SettingsError      the administrator: the settings file is wrong          exit 2
    ├── UsageError         whoever typed the command                              exit 2
    ├── Fault              the administrator: the machine, a disk, a second syncd exit 1
    │   └── LedgerFault    the ledger can't be read or written
    │       └── NewerLedger   it was written by a newer syncd                     exit 2
    ├── FileRefused        the sender: a whole file can't be understood           exit 5
    ├── Frozen             nobody: wait until a freeze is over                    exit 7
    ├── SiteUnreachable    nobody: wait and try again                             exit 6
    │   └── AnswerLost     as above, but the request was sent: its effect is unknown
    ├── SiteRefused        Moodle's administrator: token, service, capability     exit 1
    └── ItemRefused        the sender: Moodle refuses what a call holds
        └── TooMuch        nobody: the call is larger than one request may be, and was not sent
"""

from collections.abc import Sequence
from dataclasses import dataclass


class SyncdError(Exception):
    """What syncd says when it can't go on; the text is a sentence for whoever must act."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in the settings: where, what, and what would be right."""

    where: str
    what: str
    value: str = ""
    hint: str = ""

    def __str__(self) -> str:
        found = f" (found: {self.value})" if self.value else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.where}: {self.what}{found}.{hint}"


class SettingsError(SyncdError):
    """The settings can't be used; `problems` holds every reason, not just the first."""

    exit_code = 2

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__(f"{source}: " + "; ".join(str(problem) for problem in self.problems))


class UsageError(SyncdError):
    """What was asked for makes no sense here."""

    exit_code = 2


class Fault(SyncdError):
    """The machine does not do what syncd needs of it; `folder` is where, if it is in a folder."""

    def __init__(self, text: str = "", *, folder: str = "") -> None:
        self.folder = folder
        super().__init__(text)


class LedgerFault(Fault):
    """The ledger can't be read or written."""


class NewerLedger(LedgerFault):
    """The ledger was written by a newer syncd: to try again is of no use, so it ends as wrong settings do."""

    exit_code = 2


class FileRefused(SyncdError):
    """A command file can't be understood; nothing of it was sent.

    `line` counts from 1 (0: no one line), `code` is one of `core.codes`, and `cure` tells the sender what to do.
    """

    exit_code = 5

    def __init__(self, code: str, reason: str, *, line: int = 0, value: str = "", cure: str = "") -> None:
        self.code = code
        self.reason = reason
        self.line = line
        self.value = value
        self.cure = cure
        super().__init__(f"line {line}: {reason}" if line else reason)


class Frozen(SyncdError):
    """The settings let no run start now; nothing was sent."""

    exit_code = 7


class SiteUnreachable(SyncdError):
    """The site did not answer, or is in maintenance; what was asked did not happen."""

    exit_code = 6


class AnswerLost(SiteUnreachable):
    """A request was sent and its answer never came: it may have been carried out."""


class SiteRefused(SyncdError):
    """The site answers, and won't serve syncd: a token, a service or a capability is missing."""


class ItemRefused(SyncdError):
    """The site refuses what a call holds; `code` is Moodle's errorcode, the text Moodle's message.

    Nothing of the call was carried out, or (an update) carrying it out again does no harm.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{message} ({code})" if code else message)


class TooMuch(ItemRefused):
    """A call is larger than one request may be; nothing of it was carried out, and halves of it may do."""

    def __init__(self, message: str) -> None:
        super().__init__("toomuch", message)
