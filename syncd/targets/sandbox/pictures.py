"""The practice site's user pictures: uploads to the draft area, and what becomes of a picture that Moodle can't read.

No picture is kept, only its digest: those who rehearse use real files.
"""

import binascii
import hashlib
import json
from base64 import b64decode
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from PIL import Image

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.parameters import invalid_parameter
from syncd.targets.sandbox.site import ADMIN_ID, Visit

TABLES = """
CREATE TABLE IF NOT EXISTS draft (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    filename TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    readable INTEGER NOT NULL              -- whether Moodle can make a picture of it
);
CREATE TABLE IF NOT EXISTS icon (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- the revision of a picture, never given twice
    userid INTEGER NOT NULL,
    sha256 TEXT NOT NULL
);
"""
READABLE = ("JPEG", "PNG", "GIF")
"""The formats that Moodle takes for pictures of users; WEBP is none of them."""

UPLOAD = parameters.structure(
    {
        "component": parameters.matching(r"[a-z][a-z0-9_]*"),
        "filearea": parameters.matching(r"[a-z][a-z_]*"),
        "itemid": parameters.integer,
        "filepath": parameters.matching(r"/|(?:/[^/<>:|]+)+/"),
        "filename": parameters.matching(r"[^/\\<>:|*?]+"),
        "filecontent": parameters.text_without_tags,
    },
    {"contextid": parameters.integer, "contextlevel": parameters.letters, "instanceid": parameters.integer},
)
SET = parameters.structure(
    {
        "pictures": parameters.list_of(
            parameters.structure(
                {
                    "userid": parameters.integer,
                    "draftitemid": parameters.integer,
                    "of": parameters.matching("[0-9a-f]+"),
                }
            )
        )
    }
)


def upload(visit: Visit, component: str, filearea: str, itemid: int, **file: Any) -> dict[str, Any]:
    """Put a file into the draft area of the token's user, and return the item that it is in."""
    if (component, filearea) != ("user", "draft"):
        raise ItemRefused("codingerror", "Coding error detected, it must be fixed by a programmer: draft area only")
    if (file.get("contextlevel"), file.get("instanceid")) != ("user", ADMIN_ID) or itemid > 0:
        raise invalid_parameter()
    try:
        content = b64decode(file["filecontent"])
    except binascii.Error as error:
        raise invalid_parameter() from error
    stored = (file["filename"], hashlib.sha256(content).hexdigest(), len(content), _is_readable(content))
    made = visit.connection.execute("INSERT INTO draft (filename, sha256, size, readable) VALUES (?, ?, ?, ?)", stored)
    return {
        "contextid": 5,
        "component": component,
        "filearea": filearea,
        "itemid": made.lastrowid,
        "filepath": file["filepath"],
        "filename": file["filename"],
        "url": f"https://sandbox.invalid/draftfile.php/5/user/draft/{made.lastrowid}/{file['filename']}",
    }


def _is_readable(content: bytes) -> bool:
    try:
        with Image.open(BytesIO(content), formats=READABLE) as picture:
            picture.load()
    except Exception:  # a decoder may raise anything when it meets bytes that are no picture
        return False
    return True


def revision(visit: Visit, userid: int, itemid: int, present: int) -> int:
    """The revision of an account's picture after it was to become a draft's; 0 is none.

    What can't be read takes the present picture away, without a word; an item without a file changes nothing.
    """
    if itemid == 0:
        return 0
    found = visit.connection.execute("SELECT sha256, readable FROM draft WHERE id = ?", (itemid,)).fetchone()
    if found is None:
        return present
    sha256, readable = found
    if not readable:
        return 0
    made = visit.connection.execute("INSERT INTO icon (userid, sha256) VALUES (?, ?)", (userid, sha256))
    return int(made.lastrowid or 0)


def urls(userid: int, record: Mapping[str, Any]) -> dict[str, str]:
    """Where an account's picture is shown: Moodle's own drawing, if it has none."""
    if picture := record.get("picture"):
        base = f"https://sandbox.invalid/pluginfile.php/{userid + 1_000}/user/icon/boost/"
        return {"profileimageurl": f"{base}f1?rev={picture}", "profileimageurlsmall": f"{base}f2?rev={picture}"}
    base = "https://sandbox.invalid/theme/image.php/boost/core/1/u/"
    return {"profileimageurl": base + "f1", "profileimageurlsmall": base + "f2"}


def set_pictures(visit: Visit, pictures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give accounts their pictures, and note of which file each is. What can't be read leaves everything as it was."""
    return [_set(visit, index, **picture) for index, picture in enumerate(pictures)]


def _set(visit: Visit, index: int, userid: int, draftitemid: int, of: str) -> dict[str, Any]:
    answer = {"index": index, "id": 0, "code": "", "message": ""}
    found = visit.connection.execute("SELECT record FROM user WHERE id = ? AND deleted = 0", (userid,)).fetchone()
    if found is None:
        return answer | {"code": "invaliduserid", "message": "Invalid user ID"}
    record = json.loads(found[0])
    present = record.get("picture", 0)
    made = revision(visit, userid, draftitemid, present)
    if made in {0, present}:
        return answer | {"code": "picturenotread", "message": "The file is no picture that Moodle can read."}
    preferences = record.get("preferences", {}) | {"local_syncd_picture": f"{of}:{made}"}
    record |= {"picture": made, "preferences": preferences}
    visit.connection.execute("UPDATE user SET record = ? WHERE id = ?", (json.dumps(record), userid))
    return answer | {"id": made}


FUNCTIONS = {
    "local_syncd_set_pictures": Answers(SET, set_pictures, writes=True),
    "core_files_upload": Answers(UPLOAD, upload, writes=True),
}
