"""Whether syncd gets at folders that were there before it, and what mends it where it does not."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from shlex import quote

from syncd.cli.init.place import Place

SHARED = 0o2070


def cures(place: Place, answers: Mapping[str, str]) -> Iterator[str]:
    """The commands that give syncd, and the senders, the rights that they need."""
    user = place.user("syncd")
    groups = {place.group("syncd"), place.group(answers["group"])}
    for folder in (answers["drop"], answers["repository"]):
        for above in reversed(Path(folder).parents):
            if not _enters(place.inside(str(above)), user, groups):
                yield f"setfacl -m u:syncd:x {quote(str(above))}"
    there = os.stat(place.inside(answers["drop"]))
    if there.st_gid != place.group(answers["group"]):
        yield f"chgrp {quote(answers['group'])} {quote(answers['drop'])}"
    if there.st_mode & SHARED != SHARED:
        yield f"chmod g+rwxs {quote(answers['drop'])}"
    own = os.stat(place.inside(answers["repository"]))
    if own.st_uid != user and not (own.st_gid in groups and own.st_mode & 0o070 == 0o070):
        yield f"chown -R syncd:syncd {quote(answers['repository'])}"


def _enters(folder: Path, user: int | None, groups: set[int | None]) -> bool:
    there = os.stat(folder)
    if there.st_uid == user:
        return bool(there.st_mode & 0o100)
    return bool(there.st_mode & (0o010 if there.st_gid in groups else 0o001)) or _has_acl(folder)


def _has_acl(folder: Path) -> bool:
    # Who has one has thought about it, and syncd doctor tries what it allows.
    with suppress(OSError):  # not every file system knows them
        return "system.posix_acl_access" in os.listxattr(folder)
    return False
