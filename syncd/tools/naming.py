"""How cells name accounts and courses: nothing passes for which Moodle would refuse a whole question."""

from syncd.tools.cells import Reader, Unfit, empty, raw, torn
from syncd.tools.lookups.courses import CourseIdentity
from syncd.tools.lookups.users import UserIdentity
from syncd.tools.users.columns import email, misnamed


def account(identity: UserIdentity, *, extended_usernames: bool = False) -> Reader:
    """What reads a cell that names an account, which it must."""

    def username(cell: str) -> str:
        value = cell.strip().lower()
        if unfit := misnamed(value, extended=extended_usernames):
            raise unfit
        return value

    readers: dict[UserIdentity, Reader] = {"id": _id, "idnumber": raw(255), "username": username, "email": email}
    return _filled(readers[identity])


def course(identity: CourseIdentity) -> Reader:
    """What reads a cell that names a course, which it must."""
    readers: dict[CourseIdentity, Reader] = {"id": _id, "shortname": raw(255), "idnumber": raw(100)}
    return _filled(readers[identity])


def _id(cell: str) -> str:
    value = cell.strip()
    if value and not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise Unfit("value-wrong", "the cell holds no id", cure="Write the number that Moodle gave it.")
    return value.lstrip("0") or value[:1]


def _filled(read: Reader) -> Reader:
    def filled(cell: str) -> str:
        value = read(cell)
        if not value or "\n" in value or "\r" in value:
            raise empty() if not value else torn()
        return value

    return filled
