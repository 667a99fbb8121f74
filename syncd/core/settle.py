"""Which dropped files are finished."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

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


class Said(StrEnum):
    """What the server that receives an upload says of it, which looks can't see."""

    NOTHING = "nothing"
    OPEN = "open"
    """Its sender has it open for writing."""
    BROKEN = "broken"
    """Its connection broke off, or the disk took no more of it, and nobody has brought it to its end since."""
    WHOLE = "whole"
    """Its sender closed it, with as many bytes as it has."""
    UNREAD = "unread"
    """The server's log has yet to be read."""


KEPT = frozenset({Said.OPEN, Said.BROKEN, Said.UNREAD})
"""What keeps an upload from being taken, however quiet it is."""

STUCK = {
    Said.NOTHING: ("it changes again and again, or somebody keeps it open", "Ask the sender."),
    Said.WHOLE: ("it is whole, and somebody keeps it open", "Look who does (lsof)."),
    Said.OPEN: (
        "sshd says that its upload is still going on",
        "Ask the sender, and look who has it open (lsof). If nobody uploads it any more: put a copy in its place.",
    ),
    Said.BROKEN: (
        "its connection broke off, or its disk was full",
        "Have it resumed and closed, or uploaded again. If it is whole all the same: put a copy in its place.",
    ),
    Said.UNREAD: ("the journal has not been read yet", "Look whether the journal's disk answers."),
}
"""Why an upload does not come to its end, and what to do."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A name in the drop folder over time: its last sighting, since when it is unchanged, since when it is there."""

    sighting: Sighting
    since: float
    first: float
    said: Said = Said.NOTHING


def observed(before: Mapping[str, Upload], seen: Iterable[Sighting], now: float) -> dict[str, Upload]:
    """What is known of the drop folder after a look at it; what went away is forgotten. `now` is in seconds."""
    return {sighting.path: _observe(before.get(sighting.path), sighting, now) for sighting in seen}


def moved_to(upload: Upload, sighting: Sighting) -> Upload | None:
    """The upload once syncd itself has moved its file, which its ctime tells; `None` where it is another file now."""
    old = upload.sighting
    same = (old.device, old.inode, old.size, old.modified) == (
        sighting.device,
        sighting.inode,
        sighting.size,
        sighting.modified,
    )
    return replace(upload, sighting=sighting) if same else None


def _observe(before: Upload | None, sighting: Sighting, now: float) -> Upload:
    if before is None:
        return Upload(sighting, now, now)
    if before.sighting.same(sighting):
        return before
    first = before.first if before.sighting.inode == sighting.inode else now
    return Upload(sighting, now, first)


def judged(uploads: Mapping[str, Upload], say: Callable[[Sighting], Said]) -> dict[str, Upload]:
    """The uploads with what `say` knows of each."""
    return {path: _judge(upload, say(upload.sighting)) for path, upload in uploads.items()}


def _judge(upload: Upload, said: Said) -> Upload:
    return upload if upload.said is said else replace(upload, said=said)


def settled(uploads: Iterable[Upload], now: float, quiet: float) -> list[Sighting]:
    """The plain files that have not changed for `quiet` seconds, or are whole, longest waiting first."""
    ripe = [upload for upload in uploads if (moment := _ripe_at(upload, quiet)) is not None and now >= moment]
    return [upload.sighting for upload in sorted(ripe, key=lambda upload: upload.sighting.changed)]


def next_settled(uploads: Iterable[Upload], quiet: float) -> float | None:
    """When the next upload will have settled if nothing happens to it; `None` when none will."""
    moments = (_ripe_at(upload, quiet) for upload in uploads)
    return min((moment for moment in moments if moment is not None), default=None)


def _ripe_at(upload: Upload, quiet: float) -> float | None:
    if upload.sighting.obstacle or upload.said in KEPT:
        return None
    return upload.since if upload.said is Said.WHOLE else upload.since + quiet


def stuck(uploads: Iterable[Upload], now: float, patience: float) -> list[Upload]:
    """The uploads that have been under way for longer than `patience` seconds."""
    return [upload for upload in uploads if not upload.sighting.obstacle and now - upload.first >= patience]
