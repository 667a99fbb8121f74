"""Pictures to try: small ones of each kind, made as cameras and programs make them."""

from base64 import b64encode
from io import BytesIO
from typing import Any

from PIL import Image

from syncd.core.functions import SITE_INFO
from tests.targets.conftest import Corner


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 40), colour: Any = "red", **saved: Any) -> bytes:
    """A picture of one colour."""
    content = BytesIO()
    Image.new("RGB", size, colour).save(content, kind, **saved)
    return content.getvalue()


def upload(corner: Corner, content: bytes, name: str = "") -> int:
    """Put a file into the draft area, and return the item that it is in."""
    file = {
        "component": "user",
        "filearea": "draft",
        "itemid": 0,
        "filepath": "/",
        "filename": name or f"{corner.mark}.jpg",
        "filecontent": b64encode(content).decode(),
        "contextlevel": "user",
        "instanceid": corner.target.call(SITE_INFO, {})["userid"],
    }
    answer = corner.target.call("core_files_upload", file)
    assert answer["filename"] == file["filename"]
    return int(answer["itemid"])


def picture_url(corner: Corner, user: int) -> str:
    """Where the picture of an account is shown."""
    return str(corner.look_up("id", user)[0]["profileimageurl"])
