"""How text falls into lines, and which of them are passed over as blank or comment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import StringIO

from syncd.errors import FileRefused

RECORD_LENGTH = 4 << 20
"""Characters that one record may have: what is longer is no row of a table, and would not fit in flat memory."""

COMMENT_MARKS = "([-#/"

DOUBTFUL_MARKS = ("(", "[", "-", "/")
"""Comment marks with which a row might begin too, whose first cell would have to be quoted."""

TOLD = 10
"""Lines that are told by their numbers; of more, how many."""


@dataclass(slots=True)
class LineNumbers:
    """Lines of a file that a remark is about, in flat memory: how many, and the numbers of the first ones."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def note(self, line: int) -> None:
        """One more line."""
        self.count += 1
        if len(self.first) < TOLD:
            self.first.append(line)

    def clear(self) -> None:
        """Forget them all."""
        self.count = 0
        self.first.clear()

    def __str__(self) -> str:
        more = f" and {self.count - len(self.first):,} more" if self.count > len(self.first) else ""
        return f"{'line' if self.count == 1 else 'lines'} {', '.join(map(str, self.first))}{more}"


def lines(pieces: Iterable[str]) -> Iterator[str]:
    """The physical lines of a text, each with its end: LF, CR or CRLF, and nothing else, ends a line.

    No piece may part a CR from its LF. Raises `FileRefused` at a line longer than `RECORD_LENGTH`.
    """
    carried, ended = "", 0
    for piece in pieces:
        text = carried + piece
        end = max(text.rfind("\n"), text.rfind("\r")) + 1
        # str.splitlines would also split at form feeds and U+2028, which are data here.
        yield from StringIO(text[:end], newline="")
        carried = text[end:]
        ended += line_ends(piece)
        if len(carried) > RECORD_LENGTH:
            raise _overlong(ended + 1)
    if carried:
        yield carried


def line_ends(text: str) -> int:
    """How many line ends a text has."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def passed_over(line: str, blanks: str = " \t") -> bool:
    """Whether a line, where a record could begin, is blank or a comment; leading `blanks` make no difference."""
    start = line.lstrip(blanks)[:1]
    return not start or start in "\r\n" or start in COMMENT_MARKS


def _overlong(line: int) -> FileRefused:
    return FileRefused(
        "not-text",
        f"line {line} is longer than {RECORD_LENGTH:,} characters",
        line=line,
        cure="Make sure that the file is a CSV file and that each row ends with a line end.",
    )
