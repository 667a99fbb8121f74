"""Which dropped files are finished."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

OBSTACLES = {
    "link": ("it is a link, and links are never followed", "Have the file itself uploaded, and remove the link."),
    "fifo": ("it is a pipe, not a file", "Remove it."),
    "socket": ("it is a socket, not a file", "Remove it."),
    "device": ("it is a device, not a file", "Remove it."),
    "reserved": (
        "archives and reports belong to syncd, nothing is taken in under these names",
        "Have it uploaded under another name, or rename it.",
    ),
    "unreadable": (
        "syncd may not read it",
        "Give syncd's group the right to read it (chmod g+r), and set the upload account's umask to 0007.",
    ),
    "unmovable": (
        "syncd may not move it out of its folder",
        "Give syncd's group the right to write the folder (chmod g+rwx), as its sub-folders are made by the sender.",
    ),
    "closed-folder": (
        "syncd may not look into this folder",
        "Give syncd's group the right to enter and write it (chmod g+rwx).",
    ),
    "too-deep": (
        "its folders lie too deep in one another, or their names are too long",
        "Have it uploaded into a folder further up.",
    ),
    "other-disk": (
        "its folder is another disk, mounted into the drop folder",
        "Have it uploaded to the drop folder's own disk, or let that folder have a syncd of its own.",
    ),
    "name-taken": (
        "the repository has something else there: a folder of this name, or none but a file, link or mounted disk "
        "where its folder would be",
        "Rename that in the repository, or have the file uploaded under another name.",
    ),
    "unstorable": (
        "the repository's disk refuses this file: its name, or its size",
        "Have it uploaded under a plainer name, or smaller.",
    ),
}
"""Why something in the drop folder can't be taken, whatever happens: the reason, and what to do."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look saw of one name in the drop folder.

    `path` is relative to the folder, byte for byte (surrogateescape); `changed` and `modified` are ctime and mtime in
    nanoseconds. `obstacle` is one of `OBSTACLES`, or "" for a plain file.
    """

    path: str
    device: int
    inode: int
    size: int
    changed: int
    modified: int
    obstacle: str = ""

    def same(self, other: "Sighting") -> bool:
        """Whether nothing happened to the file between two looks. mtime has no say: clients set it."""
        return (self.inode, self.size, self.changed, self.device) == (
            other.inode,
            other.size,
            other.changed,
            other.device,
        )


@dataclass(frozen=True, slots=True)
class Upload:
    """A name in the drop folder over time: its last sighting, since when it is unchanged, since when it is there."""

    sighting: Sighting
    since: float
    first: float


def observed(before: Mapping[str, Upload], seen: Iterable[Sighting], now: float) -> dict[str, Upload]:
    """What is known of the drop folder after a look at it; what went away is forgotten. `now` is in seconds."""
    return {sighting.path: _observe(before.get(sighting.path), sighting, now) for sighting in seen}


def _observe(before: Upload | None, sighting: Sighting, now: float) -> Upload:
    if before is None:
        return Upload(sighting, now, now)
    if before.sighting.same(sighting):
        return before
    first = before.first if before.sighting.inode == sighting.inode else now
    return Upload(sighting, now, first)


def settled(uploads: Iterable[Upload], now: float, quiet: float) -> list[Sighting]:
    """The plain files that have not changed for `quiet` seconds, longest waiting first."""
    ripe = [upload for upload in uploads if not upload.sighting.obstacle and now >= upload.since + quiet]
    return [upload.sighting for upload in sorted(ripe, key=lambda upload: upload.sighting.changed)]


def next_settled(uploads: Iterable[Upload], quiet: float) -> float | None:
    """When the next upload will have settled if nothing happens to it; `None` when none is under way."""
    return min((upload.since + quiet for upload in uploads if not upload.sighting.obstacle), default=None)


def stuck(uploads: Iterable[Upload], now: float, patience: float) -> list[Upload]:
    """The uploads that have been under way for longer than `patience` seconds."""
    return [upload for upload in uploads if not upload.sighting.obstacle and now - upload.first >= patience]
