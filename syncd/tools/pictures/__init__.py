"""The kind `pictures`: a zip of users' pictures, each named by its user."""

from collections.abc import Sequence
from functools import partial
from typing import BinaryIO, ClassVar, Literal

from pydantic import Field

from syncd.core.model import Refusal, Row
from syncd.core.rows import Encoding, Separator
from syncd.core.table import Table
from syncd.tools.base import Conversation, Memory, RowTool, Wish
from syncd.tools.cells import Unfit
from syncd.tools.lookups.users import COMPANION, CORE, UserIdentity
from syncd.tools.pictures.archive import Entry, Limits, opened
from syncd.tools.pictures.plan import SET, UPDATE, UPLOAD, PictureWish, Rules, planned
from syncd.tools.pictures.portrait import portrait
from syncd.tools.users.columns import EXTENDED_USERNAME, USERNAME, email


class PicturesTool(RowTool):
    """A zip of pictures: each file's name, up to its last dot, is the value of one field of its user."""

    kind = "pictures"
    rank = 70
    functions = frozenset({CORE, UPLOAD, UPDATE})
    companion = frozenset({COMPANION, SET})
    columns: ClassVar[frozenset[str]] = frozenset({"user", "path"})

    user_identity: Literal["id", "idnumber", "username", "email"] = "idnumber"
    """The field of accounts by which the files are named: `id`, `idnumber`, `username` or `email`."""
    overwrite: bool = True
    """Replace a picture that the user has already. When off, only those who have none get one."""
    hash_field: str = Field(default="userpicturehash", pattern=r"^[A-Za-z0-9_]*$")
    """On a site without the companion plugin, the shortname of the profile field that remembers which picture a user
    has; without such a field, every picture is sent at each run."""
    extended_usernames: bool = False
    """Take any character but blanks in usernames, as a site with Moodle's setting of that name does."""
    most_pictures: int = Field(default=100_000, ge=1)
    """How many pictures an archive may hold."""
    most_bytes: int = Field(default=32 << 20, ge=1)
    """How many bytes one picture may have, unpacked."""
    most_bytes_in_all: int = Field(default=32 << 30, ge=1)
    """How many bytes an archive may unpack to."""
    most_pixels: int = Field(default=25_000_000, ge=1)
    """How many pixels a picture may have. Each takes four bytes of memory while it is read, on each connection."""

    def table(self, file: BinaryIO, encoding: Encoding, separator: Separator) -> Table:
        """The archive as rows; raises `FileRefused` for one that is broken, or unpacks to too much."""
        limits = Limits(self.most_pictures, self.most_bytes, self.most_bytes_in_all)
        return opened(file, limits, partial(portrait, most_pixels=self.most_pixels))

    def check(self, row: Row) -> Wish | Refusal:
        """Whose picture it is, as far as its name tells; the picture itself is looked at when the user is known."""
        assert isinstance(row.cells, Entry)
        user = row.cells["user"]
        try:
            value = self._value(user)
        except Unfit as unfit:
            refusal = unfit.refusal
            return Refusal(refusal.code, refusal.reason, "path", row.cells["path"], refusal.cure)
        return PictureWish(row.line, value, row.cells["path"], row.cells)

    def _value(self, user: str) -> str:
        """A value that an account can have: Moodle refuses a whole question for one that none can."""
        match self.user_identity:
            case "id":
                fits = user.isascii() and user.isdigit() and len(user) <= 18
                user = user.lstrip("0")
            case "username":
                user = user.lower()
                fits = bool((EXTENDED_USERNAME if self.extended_usernames else USERNAME).fullmatch(user))
            case "email":
                user = email(user).lower()
                fits = True
            case _:
                fits = bool(user)
        if not fits or not user:
            raise Unfit(
                "value-wrong",
                f"the file's name is no {self.user_identity}, so nobody can tell whose picture it is",
                cure=f"Call the file by the user's {self.user_identity}, as in {_EXAMPLES[self.user_identity]}.",
            )
        return user

    def plan(self, wishes: Sequence[Wish], memory: Memory) -> Conversation:
        """What becomes of each picture."""
        rules = Rules(self.user_identity, self.overwrite, self.hash_field)
        pictures = [wish for wish in wishes if isinstance(wish, PictureWish)]
        return planned(rules, pictures, memory)


_EXAMPLES: dict[UserIdentity, str] = {
    "id": "4711.jpg",
    "idnumber": "E1002.jpg",
    "username": "ana.diaz.jpg",
    "email": "ana@example.org.jpg",
}
