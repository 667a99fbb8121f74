"""What becomes of each picture: sent, or left alone because the user has it already."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from syncd.core.model import Act, Outcome, Refusal, Site, Step, Work
from syncd.tools.base import Conversation, Memory, Wish
from syncd.tools.cells import Unfit
from syncd.tools.lookups.users import COMPANION, User, UserIdentity, Users
from syncd.tools.pictures.archive import Entry, digest
from syncd.tools.questions import ask

UPLOAD = "core_files_upload"
UPDATE = "core_user_update_users"
SET = "local_syncd_set_pictures"

AT_ONCE = 64
"""Pictures that are looked at between two rounds: those that were made are in memory until then."""

UNTOLD = "the site does not tell of which file the user's present picture is, so it was replaced"
HAS_ONE = "the user has a picture, which is left alone"

# As Moodle shows whose picture it keeps: others have a drawing of the theme's, or one from Gravatar.
_KEPT_BY_MOODLE = re.compile(r"/pluginfile\.php/\d+/user/icon/")


@dataclass(frozen=True, slots=True)
class PictureWish(Wish):
    """A picture and the value that names its user, which is the subject too."""

    path: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say."""

    identity: UserIdentity
    overwrite: bool
    hash_field: str


@dataclass(frozen=True, slots=True)
class Present:
    """The picture that a user has: whether there is one, and the digest of the file that it was made of, if known."""

    there: bool
    digest: str = ""


def planned(rules: Rules, wishes: Sequence[PictureWish], memory: Memory) -> Conversation:
    """The steps of some pictures. Each that may have to be sent is unpacked, and made small if it must."""
    site = memory.site
    users: Users = memory.known.setdefault("users", Users(rules.identity, _told(site)))
    yield from ask(users.questions(site, (wish.subject for wish in wishes)))
    steps: dict[int, Step] = {}
    looked: list[tuple[PictureWish, User, Present]] = []
    for wish in wishes:
        try:
            user = _user(wish, users, memory)
        except Unfit as unfit:
            steps[wish.line] = _refused(wish, _named(rules, unfit.refusal))
            continue
        present = _present(rules, site, user.told)
        if present.there and not rules.overwrite:
            steps[wish.line] = Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=(HAS_ONE,))
        else:
            looked.append((wish, user, present))

    for start in range(0, len(looked), AT_ONCE):
        part = looked[start : start + AT_ONCE]
        found = yield [Work(do=partial(_look, wish.entry, present)) for wish, _, present in part]
        for (wish, user, present), looks in zip(part, found, strict=True):
            steps[wish.line] = _step(rules, site, wish, user, present, looks)
    return [steps[wish.line] for wish in wishes]


def _remembers(site: Site) -> bool:
    """Whether the site's companion knows which picture a user has, and whether it is there still."""
    return site.has(COMPANION) and site.has(SET)


def _told(site: Site) -> tuple[str, ...]:
    if _remembers(site):
        return ("picture", "pictureof")
    return ("picture", "customfields") if site.has(COMPANION) else ("profileimageurl", "customfields")


def _present(rules: Rules, site: Site, told: Mapping[str, Any]) -> Present:
    if site.has(COMPANION):
        revision = int(told.get("picture") or 0)
        if _remembers(site):
            of, _, then = str(told.get("pictureof") or "").partition(":")
            return Present(revision > 0, of if then == str(revision) else "")
        there = revision > 0
    else:
        there = bool(_KEPT_BY_MOODLE.search(str(told.get("profileimageurl") or "")))
    fields = {str(one["shortname"]): str(one["value"]) for one in told.get("customfields") or ()}
    return Present(there, fields.get(rules.hash_field, "") if there else "")


def _user(wish: PictureWish, users: Users, memory: Memory) -> User:
    if memory.again(wish.subject):
        reason = f"the archive holds several pictures of the user {wish.subject}"
        raise Unfit("picture-twice", reason, cure="Leave one of them in the archive, whatever its folder.")
    return users.one(wish.subject)


def _named(rules: Rules, refusal: Refusal) -> Refusal:
    if refusal.code != "user-missing":
        return refusal
    cure = f"Call the file by the user's {rules.identity}, or let the account be made first."
    return replace(refusal, cure=cure)


def _refused(wish: PictureWish, refusal: Refusal) -> Step:
    lacks = "user" if refusal.code == "user-missing" else ""
    placed = replace(refusal, column="path", value=wish.path)
    return Step(wish.line, Outcome.REJECTED, wish.subject, refusal=placed, lacks=lacks)


def _look(entry: Entry, present: Present) -> tuple[str, bytes] | Refusal:
    """The digest of a picture, and, if it is another than the user's, what Moodle is to get; or why neither."""
    try:
        content = entry.read()
        if (found := digest(content)) == present.digest:
            return found, b""
        return found, entry.made_of(content)
    except Unfit as unfit:
        return unfit.refusal


def _step(
    rules: Rules, site: Site, wish: PictureWish, user: User, present: Present, looks: tuple[str, bytes] | Refusal
) -> Step:
    if isinstance(looks, Refusal):
        return _refused(wish, looks)
    found, portrait = looks
    if not portrait:
        return Step(wish.line, Outcome.UNCHANGED, wish.subject)
    wish.entry.keep(portrait)
    upload = {
        "component": "user",
        "filearea": "draft",
        "itemid": 0,
        "filepath": "/",
        # Unlike any other: Moodle writes uploads of one name into one file, and one of two that come at the same
        # moment would get the other's picture.
        "filename": f"{user.id}-{found[:16]}.jpg",
        "contextlevel": "user",
        "instanceid": site.user,
    }
    acts = (Act(UPLOAD, upload, secrets={"filecontent": "content"}), _setting(rules, site, user, found))
    notes = (UNTOLD,) if present.there and not present.digest else ()
    outcome = Outcome.UPDATED if present.there else Outcome.CREATED
    return Step(wish.line, outcome, wish.subject, acts, notes=notes)


def _setting(rules: Rules, site: Site, user: User, found: str) -> Act:
    if _remembers(site):
        return Act(SET, {"userid": user.id, "of": found}, takes={"draftitemid": ""})
    item: dict[str, Any] = {"id": user.id}
    if rules.hash_field:
        item["customfields"] = [{"type": rules.hash_field, "value": found}]
    return Act(UPDATE, item, takes={"userpicture": ""})
