"""A command file as rows: the CSV files that most kinds read, and what other kinds of file must offer to be read so."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from syncd.core.dialect import Dialect
from syncd.core.lines import LineNumbers
from syncd.core.model import Refusal, Row
from syncd.core.rows import rows
from syncd.core.tryback import tryback


class Table(Protocol):
    """What must be known of a file to read its rows, more than once if need be, in flat memory."""

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns."""
        ...

    @property
    def header_line(self) -> int:
        """The line on which the header stands; 0: the file has none."""
        ...

    @property
    def cut_off_possible(self) -> bool:
        """Whether the file ends in a way that a file which was cut off might end too."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks on the whole file, for the report; some are known when its rows have been read."""
        ...

    def rows(self, file: BinaryIO) -> Iterator[tuple[Row, Refusal | None]]:
        """Every row, in file order from the beginning of the file; beside it, what is wrong with it."""
        ...

    def tryback(self, file: BinaryIO, refused: Iterable[tuple[Row, str]]) -> Iterator[bytes]:
        """A file of the refused rows, each given with the reason, that can be corrected and dropped again."""
        ...


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A file of rows and cells in text."""

    dialect: Dialect
    comments: LineNumbers = field(default_factory=LineNumbers, compare=False)
    """The lines passed over, in the last reading, that may have been meant as rows."""

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns, known ones in small letters."""
        return self.dialect.header

    @property
    def header_line(self) -> int:
        """The line on which the header stands; 0: the file has none."""
        return self.dialect.header_line

    @property
    def cut_off_possible(self) -> bool:
        """Whether no line end follows the last row."""
        return self.dialect.cut_off_possible

    @property
    def notes(self) -> tuple[str, ...]:
        """Which lines were passed over that may have been meant as rows: nobody else would ever tell."""
        if not self.comments.count:
            return ()
        passed = "1 line was" if self.comments.count == 1 else f"{self.comments.count:,} lines were"
        return (f"{passed} passed over as comments: {self.comments}; quote a first cell that begins with ( [ - or /",)

    def rows(self, file: BinaryIO) -> Iterator[tuple[Row, Refusal | None]]:
        """As `core.rows.rows` promises."""
        file.seek(0)
        self.comments.clear()
        return rows(file, self.dialect, self.comments)

    def tryback(self, file: BinaryIO, refused: Iterable[tuple[Row, str]]) -> Iterator[bytes]:
        """As `core.tryback.tryback` promises."""
        return tryback(self.dialect.header_raw, ((row.raw, reason) for row, reason in refused), self.dialect)
