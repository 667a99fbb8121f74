"""Zips of pictures, and what a tool makes of them."""

import struct
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from syncd.core.codes import CODES
from syncd.core.model import Refusal, Row
from syncd.run.reading import Reading, check, read
from syncd.tools.pictures import PicturesTool
from tests.run.workshop import NO_LIMITS
from tests.targets.pictures import picture

Names = dict[str, bytes]


def pictures(**settings: Any) -> PicturesTool:
    """A pictures tool without limits on changes, and with the defaults of its kind but for some settings."""
    return PicturesTool.model_validate({"file": "userpictures_*.zip", "guard": NO_LIMITS, **settings})


def zipped(files: Names, compression: int = ZIP_DEFLATED) -> bytes:
    """A zip of some files, by their names."""
    content = BytesIO()
    with ZipFile(content, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(ZipInfo(name) if name.endswith("/") else name, data)
    return content.getvalue()


def portraits(*names: str, **made: Any) -> bytes:
    """A zip of pictures of these names, each of a colour of its own."""
    return zipped({name: picture(colour=(number, 99, 9), **made) for number, name in enumerate(names)})


def encrypted(archive: bytes) -> bytes:
    """The same zip, whose only file says that it is encrypted."""
    (directory,) = struct.unpack("<L", archive[-6:-2])
    changed = bytearray(archive)
    changed[6] |= 1
    changed[directory + 8] |= 1
    return bytes(changed)


def reading(archive: bytes, **settings: Any) -> Reading:
    """What the whole archive comes to."""
    return read(BytesIO(archive), pictures(**settings), "auto", "auto", lambda _rows: None)


def rows(archive: bytes, **settings: Any) -> list[Row]:
    """Its rows."""
    return [row for row, _ in reading(archive, **settings).table.rows(BytesIO(archive))]


def refusals(archive: bytes, **settings: Any) -> list[Refusal]:
    """Why rows are refused before anything is asked."""
    tool = pictures(**settings)
    table = reading(archive, **settings).table
    found = [wish for _, wish in check(BytesIO(archive), tool, table) if isinstance(wish, Refusal)]
    assert {refusal.code for refusal in found} <= CODES.keys()
    return found
