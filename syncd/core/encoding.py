"""In which encoding the bytes of a command file are text."""

import codecs
import re
from collections.abc import Iterator
from io import IncrementalNewlineDecoder
from typing import BinaryIO, Literal

from syncd.core.lines import line_ends
from syncd.errors import FileRefused

Encoding = Literal["auto", "utf-8", "iso-8859-1", "windows-1252", "utf-16"]
"""How a file is written; `auto` finds out."""

_PIECE = 1 << 20
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_MISFIT = re.compile("[\ud800-\udfff]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f\ud800-\udfff]")
_NOT_IN_WINDOWS_1252 = re.compile("[\udc81\udc8d\udc8f\udc90\udc9d]")


class Survey:
    """One pass over a file that hands out its text, and knows its encoding when the last byte has been seen.

    A byte that does not fit comes as a lone surrogate, so that `reread` can turn text handed out earlier into what it
    is in the encoding found in the end.
    """

    def __init__(self, file: BinaryIO, chosen: Encoding) -> None:
        self._file = file
        self._chosen = chosen
        self._opening = file.read(_PIECE)
        self.bom = next((mark for mark in _MARKS if self._opening.startswith(mark)), b"")
        self._codec = _MARKS[self.bom] if self.bom else _unmarked(chosen, self._opening)
        self._line_ends = 0
        self._misfit_line = 0
        self._beyond_ascii = False
        self._beyond_windows_1252 = False
        self._severed = False
        self.ends_in_line_end = True
        if self.bom and chosen != "auto" and not self._codec.startswith(chosen):
            raise FileRefused(
                "encoding",
                f"the file begins with the byte order mark of {self._codec}, but its encoding is set to {chosen}",
                line=1,
                cure=f"Save the file as {chosen}, or correct the setting.",
            )

    def text(self) -> Iterator[str]:
        """The whole text, in pieces that never part a CR from its LF; raises `FileRefused` where it has NUL bytes."""
        wide = self._codec.startswith("utf-16")
        decoder = codecs.getincrementaldecoder(self._codec)("surrogatepass" if wide else "surrogateescape")
        whole_ends = IncrementalNewlineDecoder(None, translate=False)
        piece = self._opening[len(self.bom) :]
        while piece:
            yield self._noted(whole_ends.decode(decoder.decode(piece)))
            piece = self._file.read(_PIECE)
        tail, _ = decoder.getstate()
        self._severed = bool(tail) and not self._misfit_line
        rest = "" if wide else tail.decode("ascii", "surrogateescape")
        yield self._noted(whole_ends.decode(rest, final=True))

    def verdict(self) -> str:
        """The Python codec that reads the whole file, once `text` is used up; raises `FileRefused` if none does."""
        if not self._misfit_line and not self._severed:
            return self._codec
        if self._chosen == "auto" and not self.bom and not self._beyond_ascii:
            return "iso-8859-1" if self._beyond_windows_1252 else "windows-1252"
        if self._severed:
            raise FileRefused(
                "cut-off",
                f"the file ends in the middle of a {self._codec} character",
                line=self._line_ends + 1,
                cure="Upload the file again, whole.",
            )
        raise FileRefused(
            "encoding",
            f"line {self._misfit_line} holds a byte that is not {self._codec}, as the file is otherwise",
            line=self._misfit_line,
            cure="Save the whole file in one encoding, best in UTF-8.",
        )

    def reread(self, text: str) -> str:
        """Text handed out by `text`, as the encoding of the verdict has it."""
        codec = self.verdict()
        return text if codec == self._codec else text.encode(self._codec, "surrogateescape").decode(codec)

    def _noted(self, text: str) -> str:
        if (nul := text.find("\0")) >= 0:
            raise FileRefused(
                "not-text",
                "the file holds NUL bytes, which no CSV file has",
                line=self._line_ends + line_ends(text[:nul]) + 1,
                cure="Save it as CSV (not as a spreadsheet or a ZIP); UTF-16 needs a byte order mark or the setting.",
            )
        if not text.isascii():
            if not self._misfit_line and (misfit := _MISFIT.search(text)):
                self._misfit_line = self._line_ends + line_ends(text[: misfit.start()]) + 1
            self._beyond_ascii = self._beyond_ascii or bool(_BEYOND_ASCII.search(text))
            if self._misfit_line and not self._beyond_ascii and _NOT_IN_WINDOWS_1252.search(text):
                self._beyond_windows_1252 = True
        if text:
            self._line_ends += line_ends(text)
            self.ends_in_line_end = text[-1] in "\r\n"
        return text


def decoded(file: BinaryIO, codec: str, bom: bytes) -> Iterator[str]:
    """The text of a file whose encoding is known, in pieces that never part a CR from its LF.

    Raises `FileRefused` when the bytes are no longer those that were surveyed.
    """
    decoder = IncrementalNewlineDecoder(codecs.getincrementaldecoder(codec)(), translate=False)
    if file.read(len(bom)) != bom:
        raise _replaced()
    try:
        while piece := file.read(_PIECE):
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _replaced() from error


def _unmarked(chosen: Encoding, opening: bytes) -> str:
    match chosen:
        case "auto":
            return "utf-8"
        case "utf-16":
            # A header begins with an ASCII character: its zero byte tells which half comes first.
            return "utf-16-be" if opening.startswith(b"\0") else "utf-16-le"
        case _:
            return chosen


def _replaced() -> FileRefused:
    return FileRefused("replaced", "the file was changed while it was being read", cure="Upload the file again.")
