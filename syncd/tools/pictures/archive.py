"""A zip of pictures as a table: each picture is a row, named by its file, and read only when it is needed."""

import csv
import hashlib
import struct
import unicodedata
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import PurePosixPath
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from syncd.core.model import Refusal, Row
from syncd.errors import FileRefused
from syncd.tools.cells import Unfit

REASONS = "tryback_reasons.csv"
"""The file of a tryback that says why each of its pictures was refused; dropped again, it is passed over."""

KEPT = 32 << 20
"""Bytes of pictures made for the plan that are kept until they are sent; what is over is made once more."""

ENTRY = 160
"""Bytes that a picture may have, on average, in an archive's directory: that is read into memory whole."""

_CLUTTER = frozenset({"thumbs.db", "desktop.ini", REASONS})
_ARCHIVES = frozenset({".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz"})
_ENCRYPTED = 0x1
_NAMED_IN_UTF8 = 0x800
_WRONG_ZIP = (BadZipFile, NotImplementedError, ValueError, EOFError, OverflowError, IndexError, struct.error)
_AGAIN = "Upload the whole archive again."
_WRONG_DATA = (BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OverflowError, struct.error)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an archive may unpack to: pictures in all, bytes of one and of all."""

    pictures: int
    bytes_of_one: int
    bytes_of_all: int


class Entry(Mapping[str, str]):
    """A picture of the archive: the cells of its row, `user` and `path`, and `content`, which is read when asked for.

    `content` is the picture as Moodle is to get it, in base64. It is no cell that anybody meets who looks through the
    row: a picture is large, and is neither spooled nor shown.
    """

    def __init__(self, archive: "PictureArchive", number: int, path: str, read: Callable[[], bytes]) -> None:
        self._cells = {"user": _base(path), "path": path}
        self._archive = archive
        self._number = number
        self.read = read
        """The bytes as they are in the archive; raises `Unfit`."""

    def made_of(self, content: bytes) -> bytes:
        """The picture that Moodle is to get; raises `Unfit` where the bytes are none."""
        return self._archive.portrait(content)

    def keep(self, portrait: bytes) -> None:
        """Have a picture that was made still there when it is sent, as long as there is room."""
        self._archive.keep(self._number, portrait)

    def __getitem__(self, column: str) -> str:
        if column == "content":
            portrait = self._archive.kept(self._number) or self.made_of(self.read())
            return b64encode(portrait).decode("ascii")
        return self._cells[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)


def digest(content: bytes) -> str:
    """What stands for a picture on the site: it is the same as long as the file is, whoever makes it smaller.

    Not the digest of what is sent: that changes with each release of the library that makes it.
    """
    return hashlib.sha256(content).hexdigest()


@dataclass(slots=True)
class PictureArchive:
    """A zip whose files are pictures; `portrait` makes of each what Moodle is to get."""

    limits: Limits
    portrait: Callable[[bytes], bytes]
    notes: tuple[str, ...] = ()
    _kept: dict[int, bytes] = field(default_factory=dict)
    _room: int = KEPT

    @property
    def header(self) -> tuple[str, ...]:
        """The columns that each row has."""
        return ("user", "path")

    @property
    def header_line(self) -> int:
        """None: an archive has no header."""
        return 0

    @property
    def cut_off_possible(self) -> bool:
        """Never: a zip ends with its directory, and is refused without it."""
        return False

    def rows(self, file: BinaryIO) -> Iterator[tuple[Row, Refusal | None]]:
        """A row for each picture, in the order of the archive; `line` counts them."""
        archive = _archive(file)
        for number, info in enumerate(_pictures(archive), start=1):
            path = _path(info)
            entry = Entry(self, number, path, lambda info=info: _content(archive, info, self.limits))  # type: ignore[misc]
            yield Row(number, entry, path), _unreadable(info, path, self.limits)

    def tryback(self, file: BinaryIO, refused: Iterable[tuple[Row, str]]) -> Iterator[bytes]:
        """A zip of the refused pictures as they were, in their folders, with a list of the reasons.

        What could not be read (encrypted, or far too large) is only in the list.
        """
        written = _Written()
        reasons = StringIO()
        lines = csv.writer(reasons, lineterminator="\n")
        lines.writerow(("path", "tryback_reason"))
        with ZipFile(written, "w", ZIP_STORED) as archive:  # type: ignore[call-overload]
            for row, reason in refused:
                lines.writerow((row.cells["path"], reason))
                try:
                    content = row.cells.read() if isinstance(row.cells, Entry) else b""
                except Unfit:
                    continue
                path = row.cells["path"]
                if path in archive.NameToInfo:  # a folder more keeps both apart, and their names
                    path = f"{row.line}/{path}"
                archive.writestr(ZipInfo(path), content)
                yield written.taken()
            archive.writestr(ZipInfo(REASONS), "\ufeff" + reasons.getvalue())
        yield written.taken()

    def keep(self, number: int, portrait: bytes) -> None:
        """Keep a picture that was made, if there is room; for one thread."""
        if len(portrait) <= self._room:
            self._room -= len(portrait)
            self._kept[number] = portrait

    def kept(self, number: int) -> bytes | None:
        """A picture that was kept, once; for any thread."""
        return self._kept.pop(number, None)


def opened(file: BinaryIO, limits: Limits, portrait: Callable[[bytes], bytes]) -> PictureArchive:
    """An archive that can be read; raises `FileRefused` (`zip-broken`, `zip-large`) for another."""
    _check_directory(file, limits.pictures)
    archive = _archive(file)
    pictures = list(_pictures(archive))
    if len(pictures) > limits.pictures:
        raise _too_large(f"the archive holds {len(pictures)} pictures, which is more than {limits.pictures}")
    unpacked = sum(info.file_size for info in pictures)
    if unpacked > limits.bytes_of_all:
        raise _too_large(f"the archive unpacks to {unpacked} bytes, which is more than {limits.bytes_of_all}")
    return PictureArchive(limits, portrait, tuple(_passed_over(archive)))


def _check_directory(file: BinaryIO, pictures: int) -> None:
    """Look at how large the directory says that it is, before it is read."""
    whole = file.seek(0, 2)
    tail = min(whole, 22 + 65_535)
    file.seek(-tail, 2)
    before, found, end = file.read(tail).rpartition(b"PK\x05\x06")
    if not found or len(end) < 18:
        raise _broken()
    size = int.from_bytes(end[8:12], "little")
    if size == 0xFFFFFFFF:  # zip64: it stands in a record of its own, to which the 20 bytes before lead
        file.seek(min(whole, int.from_bytes(before[-12:-4], "little")))
        size = int.from_bytes(file.read(56)[40:48], "little")
    file.seek(0)
    if size > (pictures + 1_000) * ENTRY:
        raise _too_large("the archive holds far more files than one run can take")


def _archive(file: BinaryIO) -> ZipFile:
    try:
        return ZipFile(file)
    except _WRONG_ZIP as error:
        raise _broken() from error


def _broken() -> FileRefused:
    return FileRefused("zip-broken", "this is no zip archive, or its upload was cut off", cure=_AGAIN)


def _too_large(reason: str) -> FileRefused:
    cure = "Split the archive, or let the administrator raise the tool's limits."
    return FileRefused("zip-large", reason, cure=cure)


def _pictures(archive: ZipFile) -> Iterator[ZipInfo]:
    return (info for info in archive.infolist() if not _why_not(info))


def _why_not(info: ZipInfo) -> str:
    """What an entry is that is no picture, and that nobody meant to be one; "": it is meant to be one."""
    path = PurePosixPath(_path(info))
    if info.filename.endswith("/"):
        return "folder"
    if not path.name or path.name.startswith(".") or path.name.lower() in _CLUTTER or "__MACOSX" in path.parts[:-1]:
        return "hidden"
    return "archive" if path.suffix.lower() in _ARCHIVES else ""


def _passed_over(archive: ZipFile) -> Iterator[str]:
    for why, says in (
        ("hidden", "hidden files and what file managers leave behind"),
        ("archive", "archives within the archive"),
    ):
        paths = [path for info in archive.infolist() if _why_not(info) == why and (path := _path(info)) != REASONS]
        if paths:
            yield f"passed over: {says} ({len(paths)}, the first is {paths[0]})"


def _path(info: ZipInfo) -> str:
    """An entry's name as people know it, and as one that leads nowhere but into the archive."""
    name = info.filename
    if not info.flag_bits & _NAMED_IN_UTF8:
        with suppress(UnicodeError):  # macOS writes UTF-8 and does not say so
            name = name.encode("cp437").decode("utf-8")
    parts = [part for part in name.replace("\\", "/").split("/") if part not in {"", ".", ".."}]
    return unicodedata.normalize("NFC", "/".join(parts))


def _base(path: str) -> str:
    return PurePosixPath(path).stem.strip()


def _unreadable(info: ZipInfo, path: str, limits: Limits) -> Refusal | None:
    try:
        _check(info, limits)
    except Unfit as unfit:
        refusal = unfit.refusal
        return Refusal(refusal.code, refusal.reason, "path", path, refusal.cure)
    return None


def _check(info: ZipInfo, limits: Limits) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise Unfit("picture-packed", "the file is encrypted", cure="Make the archive without a password.")
    if info.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        reason = "the file is packed in a way that syncd does not read"
        raise Unfit("picture-packed", reason, cure="Make the archive with the usual compression (deflate).")
    if info.file_size > limits.bytes_of_one:
        raise Unfit(
            "picture-large",
            f"the file has {info.file_size} bytes, which is more than {limits.bytes_of_one}",
            cure="Make the picture smaller, or let the administrator raise most_bytes.",
        )


def _content(archive: ZipFile, info: ZipInfo, limits: Limits) -> bytes:
    """The bytes of an entry, never more than it may have, whatever it says of itself."""
    _check(info, limits)
    if info.header_offset < 0:
        raise _damaged()
    try:
        with archive.open(info) as file:
            content = file.read(limits.bytes_of_one + 1)
            whole = len(content) == info.file_size
    except _WRONG_DATA as error:
        raise _damaged() from error
    if not whole:
        raise _damaged()
    return content


def _damaged() -> Unfit:
    return Unfit("picture-broken", "the file is damaged within the archive", cure="Make the archive again.")


class _Written:
    """What a zip writes, taken away piece by piece. It can't tell where it is, so nothing goes back in it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        """Take the next bytes."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
